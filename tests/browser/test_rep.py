"""The rep's day in a real browser: read the dossier, accept by keyboard, report the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from handoff.actions import accept, hand_off
from handoff.models import Handoff
from nurture.actions import Promised, log_touch
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

SERIOUS = ("serious", "critical")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def handoff(qualified_lead: Lead, carol: User, dana: User) -> Handoff:
    log_touch(
        lead=qualified_lead,
        channel="phone",
        outcome="conversation",
        note="Answer times in writing. Not the price.",
        by=dana,
        now=NOW - timedelta(hours=20),
        promised=Promised(due_at=NOW + timedelta(hours=22), words="Carol calls"),
    )
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW - timedelta(hours=1))
    log_touch(lead=qualified_lead, channel="email", outcome="replied", by=dana, now=NOW)
    return handoff


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_accepts_and_reports_by_keyboard(
    page_of: Callable[[User], Page], handoff: Handoff, carol: User
) -> None:
    page = page_of(carol)
    page.goto("/handoffs/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/handoffs/{handoff.pk}/")  # loaded, its keys too
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Halden Paper: Line 3 stops twice a week"
    )
    expect(page.get_by_text("Accept or return by tomorrow, 10:00 a.m.").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("Accepted. The first call is yours.")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="How did it go?")).to_be_in_viewport()
    page.keyboard.press("1")
    revenue = page.get_by_label("Revenue")
    expect(revenue).to_be_visible()
    expect(page.get_by_label("Why was it lost?")).to_be_hidden()
    revenue.fill("395000")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Won on Jun 17, 2026").first).to_be_visible()
    handoff.refresh_from_db()
    assert (handoff.result, handoff.revenue) == ("won", Decimal(395000))


def test_returns_by_keyboard(
    page_of: Callable[[User], Page], handoff: Handoff, carol: User
) -> None:
    page = page_of(carol)
    page.goto(f"/handoffs/{handoff.pk}/")
    page.keyboard.press("r")
    expect(page.get_by_label("Industry")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Returned. It is back with Dana Whitfield.")).to_be_visible()
    handoff.refresh_from_db()
    assert handoff.wrong_attributes == ["industry"]


def test_a_refused_form_keeps_what_was_typed(
    page_of: Callable[[User], Page], handoff: Handoff, carol: User
) -> None:
    accept(handoff=handoff, by=carol, now=NOW)
    page = page_of(carol)
    page.goto(f"/handoffs/{handoff.pk}/")
    page.get_by_role("radio", name="Lost").check()
    page.locator("#result button").click()
    expect(page.get_by_label("Why was it lost?")).to_be_visible()
    expect(page.get_by_text("Lost: say why, in a few words.").first).to_be_visible()
    assert serious(page) == []


def test_hands_over_by_keyboard(
    page_of: Callable[[User], Page], qualified_lead: Lead, carol: User, dana: User
) -> None:
    page = page_of(dana)
    page.goto(f"/leads/{qualified_lead.pk}/handoff/")
    page.get_by_label("What would you tell them first?").fill("She answers before eight.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Handed to Carol Barrett").first).to_be_visible()
    expect(page.get_by_text("She answers before eight.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    page_of: Callable[[User], Page], handoff: Handoff, carol: User, dana: User, scheme: Any
) -> None:
    page = page_of(carol)
    page.emulate_media(color_scheme=scheme)
    accepted = False
    for address in ("/handoffs/", f"/handoffs/{handoff.pk}/", f"/handoffs/{handoff.pk}/"):
        for size in ({"width": 1440, "height": 900}, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(address)
            assert serious(page) == []
            assert fits(page)
        if address != "/handoffs/" and not accepted:
            accepted = bool(accept(handoff=handoff, by=carol, now=NOW))


def test_nothing_stands_in_the_specialists_way(
    page_of: Callable[[User], Page], qualified_lead: Lead, carol: User, dana: User
) -> None:
    page = page_of(dana)
    for size in ({"width": 1440, "height": 900}, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(f"/leads/{qualified_lead.pk}/handoff/")
        assert serious(page) == []
        assert fits(page)


def test_paper_shows_the_dossier_and_no_buttons(
    page_of: Callable[[User], Page], handoff: Handoff, carol: User
) -> None:
    page = page_of(carol)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})  # A4 within its margins
    page.goto(f"/handoffs/{handoff.pk}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("The whole history")).to_be_visible()
    expect(page.get_by_text("Handed over by Dana Whitfield").last).to_be_visible()
    for gone in ("nav", ".side", "button", ".decide", "#return", ".notices"):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    assert page.get_by_text("Changed since").is_hidden()
    assert fits(page)
