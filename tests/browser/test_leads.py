"""The leads in a real browser: found, walked and opened by keyboard; written down; edited at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from prospects import actions
from prospects.actions import LeadDetails
from prospects.industries import load_industry_codes
from prospects.models import Lead, Standard
from team.models import Team, User
from tests.fixtures import NOW

SERIOUS = ("serious", "critical")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def three(make_lead: Callable[..., Lead]) -> list[Lead]:
    """Halden Paper, Kessel Foods and Fjord Mills, the last the newest."""
    return [
        make_lead(name, now=NOW.replace(hour=9 + number))
        for number, name in enumerate(("Halden Paper", "Kessel Foods", "Fjord Mills"))
    ]


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


def test_searches_walks_and_opens_by_keyboard(
    page_of: Callable[[User], Page], three: list[Lead], dana: User
) -> None:
    page = page_of(dana)
    page.goto("/leads/")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_label("Search leads")).to_be_focused()
    page.keyboard.type("halden paper")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page).to_have_url("/leads/?q=halden+paper")
    expect(page.get_by_label("Search leads")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("e")
    expect(page.locator("[data-row]")).to_have_count(0)  # no word begins with it
    expect(page.get_by_text("No lead is like that")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page).to_have_url("/leads/")
    page.wait_for_load_state()  # the keys are there from then on
    expect(page.locator("[data-row]")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Kessel Foods")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/leads/{three[1].pk}/")
    page.go_back()
    expect(page.locator("[data-row]")).to_have_count(3)


def test_filters_change_the_list_alone_and_the_address(
    page_of: Callable[[User], Page], three: list[Lead], dana: User
) -> None:
    actions.enter_program(lead=three[0], by=dana, now=NOW)
    page = page_of(dana)
    page.goto("/leads/")
    page.evaluate("window.stays = true")
    page.get_by_role("link", name="Nurturing").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page).to_have_url("/leads/?stage=nurturing")
    menu = page.get_by_label("Specialist")
    menu.focus()
    menu.select_option("Nobody’s")
    expect(page.locator("[data-row]")).to_have_count(0)
    expect(page).to_have_url("/leads/?stage=nurturing&specialist=nobody")
    expect(page.get_by_label("Specialist")).to_be_focused()
    page.get_by_role("link", name="Mine", exact=True).click()
    expect(page).to_have_url("/leads/?stage=nurturing&specialist=mine")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_label("Search leads").fill("fjord")
    expect(page).to_have_url("/leads/?q=fjord&stage=nurturing&specialist=mine")
    expect(page.get_by_text("No lead is like that")).to_be_visible()
    assert page.evaluate("window.stays")


def test_a_row_opens_wherever_it_is_pressed(
    page_of: Callable[[User], Page], three: list[Lead], dana: User
) -> None:
    page = page_of(dana)
    page.goto("/leads/")
    page.get_by_role("cell", name="Trade fair").first.click(force=True)
    expect(page).to_have_url(f"/leads/{three[2].pk}/")


def test_works_without_script(
    browser: Any, live_server: Any, client: Client, three: list[Lead], dana: User
) -> None:
    client.force_login(dana)
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto("/leads/")
    page.get_by_label("Search leads").fill("kessel")
    page.get_by_label("Source").select_option("Trade fair")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("[data-row]")).to_have_count(1)
    load_industry_codes()
    page.goto(f"/leads/{three[1].pk}/company/")
    page.get_by_label("Industry optional").fill("paper mills")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Industries found").select_option("322120 Paper Mills (NAICS 2022)")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    three[1].refresh_from_db()
    assert three[1].company is not None
    assert three[1].company.naics_id == "naics-322120"
    context.close()


def test_writes_a_lead_down_by_keyboard(
    page_of: Callable[[User], Page], three: list[Lead], dana: User
) -> None:
    load_industry_codes()
    page = page_of(dana)
    page.goto("/leads/")
    page.keyboard.press("n")
    page.get_by_role("textbox", name="Company").fill("Juniper Packaging")
    industry = page.get_by_role("combobox", name="Industry")
    industry.press_sequentially("paperboard box")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(industry).to_have_attribute("aria-expanded", "true")
    assert serious(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = page.locator("[role=option][aria-selected=true]").get_attribute("data-words")
    page.keyboard.press("Enter")
    expect(industry).to_have_value(chosen or "")
    expect(page.get_by_role("option").first).to_be_hidden()
    industry.press("Control+a")
    industry.press_sequentially("paper")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option").first).to_be_hidden()
    expect(industry).to_be_focused()
    industry.fill("322212")
    page.get_by_role("textbox", name="Email").fill("M.Lindqvist1@halden1.example")
    page.get_by_role("combobox", name="Source").select_option("Trade fair")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Is it one of these?")).to_be_visible()
    expect(page.get_by_role("link", name="Halden Paper")).to_be_visible()
    assert serious(page) == []
    page.get_by_label("It is another lead").check()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Juniper Packaging is written down.")).to_be_visible()
    company = Lead.objects.latest("pk").company
    assert company is not None
    assert company.naics_id == "naics-322212"


def test_two_browsers_on_one_lead(
    page_of: Callable[[User], Page], raw_lead: Lead, dana: User, jennifer: User
) -> None:
    page = page_of(dana)
    page.goto(f"/leads/{raw_lead.pk}/edit/")
    page.get_by_label("Note").fill("She budgets in September.")
    actions.edit_lead(
        lead=raw_lead, details=LeadDetails(note="Call Jonas."), version=1, by=jennifer, now=NOW
    )
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Saved meanwhile: Call Jonas.").first).to_be_visible()
    expect(page.get_by_label("Note")).to_have_value("She budgets in September.")
    assert serious(page) == []
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    raw_lead.refresh_from_db()
    assert raw_lead.note == "She budgets in September."


def test_marketing_and_sales_sign(
    page_of: Callable[[User], Page], jennifer: User, victor: User
) -> None:
    page = page_of(jennifer)
    page.goto("/settings/standard/")
    page.keyboard.press("n")
    page.get_by_label("Budget: for how many days?").fill("60")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("60 days")).to_be_visible()
    page.get_by_role("button", name="Sign for Marketing").click()
    expect(page.get_by_text("It counts once the other side has signed it too.")).to_be_visible()
    page = page_of(victor)
    page.goto("/settings/standard/")
    page.get_by_role("button", name="Sign for Sales").click()
    expect(page.get_by_text("Signed by both sides: version 1 is in force.")).to_be_visible()
    assert Standard.objects.in_force() is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(
    page_of: Callable[[User], Page],
    three: list[Lead],
    jennifer: User,
    standard: Standard,
    scheme: Any,
) -> None:
    actions.draft_standard(by=jennifer, now=NOW)
    page = page_of(jennifer)
    page.emulate_media(color_scheme=scheme)
    lead = three[0]
    for address in (
        "/leads/",
        "/leads/?q=nothing+like+it",
        "/leads/new/",
        f"/leads/{lead.pk}/edit/",
        f"/leads/{lead.pk}/company/",
        f"/leads/{lead.pk}/contacts/{lead.contact_id}/",
        f"/leads/{lead.pk}/assign/",
        f"/leads/{lead.pk}/screen-out/",
        "/settings/standard/",
        "/settings/standard/2/",
    ):
        for size in (DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(address)
            assert serious(page) == [], address
            assert fits(page), address


def test_an_empty_program_says_what_to_do_first(
    page_of: Callable[[User], Page], dana: User, northeast: Team
) -> None:
    page = page_of(dana)
    page.goto("/leads/")
    page.get_by_role("link", name="Write one down").click()
    expect(page).to_have_url("/leads/new/")
    page.go_back()
    expect(page.locator(".empty").get_by_role("link", name="Import a list")).to_be_visible()
    assert serious(page) == []
