"""Leads in doubt by keyboard in a real browser, and what a pasted list would change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.models import Lead, Source
from prospects.stages import Stage
from team.models import User
from tests.browser.looking import DESK, PHONE, fits, serious
from tests.fixtures import NOW

pytestmark = pytest.mark.usefixtures("at_now")
PageOf = Callable[[User], Page]


@pytest.fixture
def in_doubt(dana: User, fair: Source) -> list[Lead]:
    assert dana.team is not None
    return [
        actions.create_lead(
            source=fair,
            company=CompanyDetails(name=name, domain=f"{name.lower()}.example"),
            contact=ContactDetails(
                last_name="Lind", title="Sales Consultant", email=f"a@{name.lower()}.example"
            ),
            details=LeadDetails(note="Asked for a brochure at the fair."),
            team=dana.team,
            by=dana,
            now=NOW - timedelta(minutes=minutes),
        )
        for minutes, name in enumerate(("Alder", "Birch", "Cedar"), start=1)
    ]


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=2).first).to_contain_text(name)


def test_one_after_the_other_by_keyboard(page_of: PageOf, in_doubt: list[Lead], dana: User) -> None:
    alder, birch, _cedar = in_doubt
    page = page_of(dana)
    page.goto("/screening/")
    heading(page, "Alder")
    page.keyboard.press("n")
    page.keyboard.type("a clerk of theirs")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.get_by_text("Alder passed.")).to_be_visible()
    heading(page, "Birch")
    page.keyboard.press("3")
    expect(page.get_by_text("Birch is screened out: Consultant.")).to_be_visible()
    heading(page, "Cedar")
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back: Birch waits for a look again.")).to_be_visible()
    heading(page, "Birch")
    page.wait_for_load_state()
    page.keyboard.press("s")
    heading(page, "Cedar")
    page.keyboard.press("p")
    expect(page.get_by_text("That was the last one")).to_be_visible()
    said = alder.overrulings.get()
    assert said.why == "a clerk of theirs"
    birch.refresh_from_db()
    assert birch.is_doubtful


def test_what_a_pasted_list_would_change(
    page_of: PageOf, in_doubt: list[Lead], jennifer: User
) -> None:
    page = page_of(jennifer)
    page.goto("/settings/lists/competitor/")
    page.get_by_label("Add companies").fill("alder.example\ngmail.com")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Line 2, “gmail.com”: gives an address to anybody")).to_be_visible()
    page.get_by_label("Leave these lines out").check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("3 leads were looked at; 1 would change.")).to_be_visible()
    assert not serious(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 was changed.")).to_be_visible()
    assert Lead.objects.get(stage=Stage.SCREENED_OUT) == in_doubt[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "address",
    [
        "/screening/",
        "/screening/out/",
        "/settings/",
        "/settings/market/",
        "/settings/organization/",
        "/settings/screening/",
        "/settings/lists/consultant/",
    ],
)
def test_readable_and_wide_enough(
    page_of: PageOf, in_doubt: list[Lead], ada: User, address: str, scheme: str
) -> None:
    actions.screen_out(lead=in_doubt[0], reason="student", by=ada, now=NOW)
    page = page_of(ada)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(address)
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        assert not serious(page)
        assert fits(page)
