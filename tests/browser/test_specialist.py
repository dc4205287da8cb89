"""The specialist's day in a real browser: one lead after the other by keyboard, the gate opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from nurture.actions import Promised, log_touch, promise
from nurture.models import Promise, Touch
from prospects.models import Lead
from prospects.stages import Stage
from team.models import User
from tests.browser.looking import DESK, PHONE, fits, serious
from tests.fixtures import NOW

pytestmark = pytest.mark.usefixtures("at_now")
PageOf = Callable[[User], Page]


@pytest.fixture
def two_due(make_lead: Callable[..., Lead], dana: User) -> tuple[Lead, Lead]:
    """Halden is due before Birch; nobody answered at either."""
    leads = make_lead("Halden Paper"), make_lead("Birch Mills")
    for days, lead in zip((30, 20), leads, strict=True):
        log_touch(
            lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW - timedelta(days=days)
        )
    return leads


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_no_answer_by_keyboard_and_on_to_the_next(
    page_of: PageOf, two_due: tuple[Lead, Lead], dana: User
) -> None:
    first, second = two_due
    page = page_of(dana)
    page.goto("/today/")
    page.keyboard.press("f")
    page.wait_for_url(f"**/leads/{first.pk}/?from=today")
    heading(page, "Maria Lindqvist1")
    expect(page.get_by_text("1 of 2", exact=True)).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    heading(page, "Maria Lindqvist2")
    assert page.url.endswith(f"/leads/{second.pk}/?from=today")
    expect(page).to_have_title("Maria Lindqvist2 · LeadFlow")
    expect(page.get_by_text("2 of 2", exact=True)).to_be_visible()
    expect(page.get_by_text("Maria Lindqvist1: no answer.")).to_be_visible()
    assert first.touches.filter(outcome="no_answer").count() == 2
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back: Call: No answer.")).to_be_visible()
    heading(page, "Maria Lindqvist1")
    assert first.touches.standing().count() == 1


def test_skipping_and_the_end_of_the_queue(
    page_of: PageOf, two_due: tuple[Lead, Lead], dana: User
) -> None:
    page = page_of(dana)
    page.goto("/today/")
    page.keyboard.press("1")
    page.wait_for_url(f"**/leads/{two_due[0].pk}/?from=today")  # loaded, its keys too
    heading(page, "Maria Lindqvist1")
    page.keyboard.press("s")
    heading(page, "Maria Lindqvist2")
    page.keyboard.press("s")
    page.wait_for_url("**/today/")
    expect(page.get_by_text("Skipped today")).to_have_count(2)


def test_a_note_a_call_back_and_a_promise_in_their_time(
    page_of: PageOf, two_due: tuple[Lead, Lead], dana: User
) -> None:
    first, _second = two_due
    page = page_of(dana)
    page.goto(f"/leads/{first.pk}/")
    expect(page.get_by_label("When, their time")).to_be_hidden()
    page.keyboard.press("n")
    page.keyboard.type("Busy until Tuesday, 2 o'clock")
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    expect(page.get_by_label("When, their time")).to_be_focused()
    page.get_by_label("When, their time").fill("2026-06-23T14:00")
    page.get_by_label("What was promised").fill("the summer figures")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Maria Lindqvist1: call back.")).to_be_visible()
    expect(page.get_by_text("Busy until Tuesday, 2 o'clock")).to_be_visible()
    touch = Touch.objects.latest("pk")
    assert (touch.outcome, touch.note) == ("callback_requested", "Busy until Tuesday, 2 o'clock")
    assert Promise.objects.get().words == "the summer figures"


def test_a_double_click_logs_once(page_of: PageOf, two_due: tuple[Lead, Lead], dana: User) -> None:
    first, _second = two_due
    page = page_of(dana)
    page.goto(f"/leads/{first.pk}/")
    page.keyboard.press("2")
    page.locator("#touch [data-submit-key]").dblclick()
    expect(page.get_by_text("Maria Lindqvist1: no answer.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert first.touches.count() == 2


def test_a_form_that_comes_back_keeps_what_was_typed(
    page_of: PageOf, two_due: tuple[Lead, Lead], dana: User
) -> None:
    first, _second = two_due
    page = page_of(dana)
    page.goto(f"/leads/{first.pk}/?from=today")
    page.get_by_label("Note").fill("She asked for figures")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Say what happened: one of the outcomes.").first).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("She asked for figures")
    expect(page.locator("#touch [role=alert]")).to_be_focused()
    assert serious(page) == []
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    heading(page, "Maria Lindqvist2")
    assert Touch.objects.latest("pk").note == "She asked for figures"


def test_the_tenth_answer_opens_the_gate(page_of: PageOf, almost_ready: Lead, dana: User) -> None:
    page = page_of(dana)
    page.goto(f"/leads/{almost_ready.pk}/")
    expect(page.get_by_role("heading", name="9 of 10")).to_be_visible()
    page.get_by_label("Note").fill("typed while they talk")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    event = page.get_by_label("The compelling event")
    expect(event).to_be_focused()
    event.fill("The October shutdown")
    page.get_by_label("Its date").fill("2026-10-01")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="10 of 10")).to_be_visible()
    expect(page.get_by_role("link", name="Hand to a rep").first).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("typed while they talk")
    expect(page.locator("#fact-urgency a")).to_be_focused()
    almost_ready.refresh_from_db()
    assert almost_ready.stage == Stage.QUALIFIED
    page.keyboard.press("h")
    page.wait_for_url(f"**/leads/{almost_ready.pk}/handoff/")


def test_a_form_opened_in_place_can_be_closed(
    page_of: PageOf, almost_ready: Lead, dana: User
) -> None:
    page = page_of(dana)
    page.goto(f"/leads/{almost_ready.pk}/")
    page.keyboard.press("c")
    form = page.locator("#in-competition form").first
    expect(form.get_by_label("Who else they look at")).to_have_value(
        "Voith, asked for a service contract"
    )
    assert serious(page) == []
    page.locator("#in-competition").get_by_role("link", name="Cancel").click()
    expect(form).to_have_count(0)
    assert page.url.endswith(f"/leads/{almost_ready.pk}/")


def test_disqualifying_in_place_serves_the_next(
    page_of: PageOf, two_due: tuple[Lead, Lead], dana: User
) -> None:
    first, _second = two_due
    page = page_of(dana)
    page.goto(f"/leads/{first.pk}/?from=today")
    page.get_by_role("link", name="Disqualify").click()
    page.get_by_role("button", name="Disqualify").click()
    expect(page.locator("#slot [role=alert]")).to_be_focused()
    page.get_by_role("radio", name="No fit").check()
    page.get_by_role("button", name="Disqualify").click()
    heading(page, "Maria Lindqvist2")
    expect(page.get_by_text("Disqualified: no fit.")).to_be_visible()
    expect(page.locator("#slot form")).to_have_count(0)
    page.get_by_role("link", name="Promise a touch").click()
    page.locator("#slot").get_by_role("link", name="Cancel").click()
    expect(page.locator("#slot form")).to_have_count(0)


def test_the_story_turns_in_place(page_of: PageOf, almost_ready: Lead, dana: User) -> None:
    page = page_of(dana)
    page.goto(f"/leads/{almost_ready.pk}/")
    page.get_by_label("Note").fill("not lost")
    page.get_by_role("link", name="Conversations").click()
    expect(page.locator("#story .entry")).to_have_count(1)
    expect(page.get_by_label("Note")).to_have_value("not lost")
    page.get_by_role("link", name="Facts").click()
    expect(page.get_by_text("Documented: Business pain")).to_be_visible()


@pytest.fixture
def busy(two_due: tuple[Lead, Lead], make_lead: Callable[..., Lead], dana: User, ada: User) -> None:
    """Something of everything that Today shows."""
    make_lead("Waiting", by=ada, now=NOW - timedelta(minutes=20))
    later = make_lead("Later")
    promise(lead=later, promised=Promised(NOW + timedelta(days=1), words="call"), by=dana, now=NOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    page_of: PageOf, busy: None, qualified_lead: Lead, dana: User, scheme: Any
) -> None:
    page = page_of(dana)
    page.emulate_media(color_scheme=scheme)
    lead = f"/leads/{qualified_lead.pk}/"
    for address in ("/today/", lead, f"{lead}?from=today", f"{lead}answers/budget/"):
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            page.goto(address)
            assert serious(page) == [], address
            assert fits(page), address


def test_without_script_everything_works(
    new_context: Callable[..., Any], client: Any, live_server: Any, almost_ready: Lead, dana: User
) -> None:
    client.force_login(dana)
    context = new_context(java_script_enabled=False)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(f"/leads/{almost_ready.pk}/")
    page.get_by_role("radio", name="No answer").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Maria Lindqvist1: no answer.")).to_be_visible()
    page.locator("#fact-urgency a").click()
    page.get_by_label("The compelling event").fill("The October shutdown")
    page.get_by_label("Its date").fill("2026-10-01")
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_role("heading", name="10 of 10")).to_be_visible()
