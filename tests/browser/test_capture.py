"""A web form in a real browser, without script and in a frame; and Today, which hears of it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from nurture.capture.inquiries import receive_inquiry
from prospects.models import Asked, Fate, Inquiry, Lead, Source, WebForm
from team.models import Team, User
from tests.browser.looking import DESK, PHONE, fits, serious
from tests.fixtures import NOW

pytestmark = pytest.mark.usefixtures("at_now")
PageOf = Callable[[User], Page]
SAID = {"name": "Ingrid Berg", "company": "Berg Mills", "email": "ingrid@berg-mills.com"}


@pytest.fixture
def web_form(fair: Source, northeast: Team) -> WebForm:
    return WebForm.objects.create(
        source=fair,
        team=northeast,
        name="Contact",
        heading="Talk to an engineer",
        intro="We answer within the hour, Monday to Friday.",
        asks=Asked.values,
        requires=["name", "email"],
        consent_words="You may write to me about drives.",
        created_at=NOW,
    )


@pytest.fixture
def other_site() -> Iterator[Any]:
    """A page of somebody else's, on an origin of its own; its body is set by the test."""

    class Handler(http.server.BaseHTTPRequestHandler):
        body = ""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html><title>Site</title>{Handler.body}".encode())

        def log_message(self, *_args: Any) -> None:
            """Nobody reads it."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.origin = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield Handler
    server.shutdown()


def fill_in(page: Any) -> None:
    page.get_by_label("Name", exact=True).fill("Ingrid Berg")
    page.get_by_label("Email", exact=True).fill("ingrid@berg-mills.com")
    page.get_by_label("Message").fill("Line 3 stops twice a week.")


def test_a_form_works_without_script(
    new_context: Callable[..., BrowserContext], live_server: Any, web_form: WebForm, dana: User
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"/f/{web_form.token}/")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("This field is required.")
    fill_in(page)
    page.wait_for_timeout(3100)  # nobody types faster
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert Inquiry.objects.get().fate == Fate.NEW
    assert Lead.objects.get().note == "Line 3 stops twice a week."


def test_a_form_in_a_frame_of_a_named_site(
    new_context: Callable[..., BrowserContext],
    live_server: Any,
    web_form: WebForm,
    dana: User,
    other_site: Any,
) -> None:
    WebForm.objects.update(sites=[other_site.origin], thanks_url=f"{other_site.origin}/thanks")
    other_site.body = f'<iframe src="{live_server.url}/f/{web_form.token}/?embed=1" width=600 height=900></iframe>'
    page = new_context().new_page()
    page.goto(other_site.origin)
    frame = page.frame_locator("iframe")
    fill_in(frame)
    page.wait_for_timeout(3100)
    frame.get_by_role("button", name="Send").click()
    page.wait_for_url(f"{other_site.origin}/thanks")  # the whole window, not the frame
    inquiry = Inquiry.objects.get()
    assert (inquiry.fate, inquiry.page) == (Fate.NEW, f"{other_site.origin}/")


def test_a_form_in_plain_html_of_a_named_site(
    new_context: Callable[..., BrowserContext],
    live_server: Any,
    web_form: WebForm,
    jennifer: User,
    page_of: PageOf,
    dana: User,
    other_site: Any,
) -> None:
    WebForm.objects.update(sites=[other_site.origin])
    ours = page_of(jennifer)
    ours.goto(f"/settings/forms/{web_form.pk}/")
    other_site.body = ours.get_by_label("As plain HTML").input_value()
    page = new_context().new_page()
    page.goto(other_site.origin)
    page.get_by_label("Name").fill("Ingrid Berg")
    page.get_by_label("Email").fill("ingrid@berg-mills.com")
    page.get_by_label("You may write to me about drives.").check()
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    inquiry = Inquiry.objects.get()
    assert (inquiry.fate, inquiry.consent, inquiry.consent_version) == (Fate.NEW, True, 1)


def test_today_hears_of_an_inquiry_by_itself(
    page_of: PageOf, web_form: WebForm, raw_lead: Lead, dana: User
) -> None:
    page = page_of(dana)
    page.goto("/today/")
    receive_inquiry(form=web_form, said=SAID, way=Inquiry.Way.PAGE, now=timezone.now())
    said = page.locator("#fresh-words")
    expect(said).to_contain_text("Ingrid Berg, Berg Mills: asked just now", timeout=25_000)
    expect(page.locator(".queue li").first).to_contain_text("Asked just now")
    assert page.locator(".queue li").count() == 2
    assert not serious(page)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_can_be_read_by_everybody(
    page_of: PageOf, web_form: WebForm, jennifer: User, dana: User, size: Any, scheme: Any
) -> None:
    receive_inquiry(form=web_form, said=SAID, way=Inquiry.Way.PAGE, now=NOW - timedelta(minutes=4))
    page = page_of(jennifer)
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    for address in (
        f"/f/{web_form.token}/",
        f"/f/{web_form.token}/thanks/",
        "/settings/sources/",
        "/settings/sources/costs/",
        "/settings/forms/new/",
        f"/settings/forms/{web_form.pk}/",
        "/inquiries/",
        f"/leads/{Lead.objects.get().pk}/inquiries/",
    ):
        page.goto(address)
        assert fits(page), address
        assert not serious(page), address
