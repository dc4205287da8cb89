"""The manager's month in a real browser: read it, open a number, go from month to month by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, ViewportSize, expect

from handoff.actions import accept, hand_off
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

SERIOUS = ("serious", "critical")
PHONE = ViewportSize(width=390, height=844)
ADDRESSES = ["/reports/", "/reports/all/", "/reports/2026-06/touches/"]


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def manager(
    page: Page,
    client: Client,
    live_server: Any,
    jennifer: User,
    carol: User,
    dana: User,
    qualified_lead: Lead,
    make_lead: Callable[..., Lead],
) -> Page:
    """Jennifer's browser; Halden Paper was handed to Carol this morning, who accepted."""
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW - timedelta(hours=4))
    accept(handoff=handoff, by=carol, now=NOW - timedelta(hours=1))
    make_lead("Corva Foods", now=NOW - timedelta(days=2))
    client.force_login(jennifer)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    return page


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


def test_reads_the_month_and_opens_a_number(manager: Page) -> None:
    manager.goto("/")
    manager.wait_for_url("**/reports/")
    expect(manager.get_by_role("heading", level=1)).to_have_text("June 2026")
    expect(manager.locator(".say")).to_contain_text(
        "Sales received 1 fully nurtured opportunity with $420,000 in potential revenue."
    )
    expect(manager.get_by_role("cell", name="accepted in 3 h")).to_be_visible()
    manager.locator(".say").get_by_role("link", name="1", exact=True).last.click()
    expect(manager.get_by_role("heading", level=1)).to_contain_text("Handed to sales")
    expect(manager.get_by_text("1 entry")).to_be_visible()
    manager.wait_for_load_state()  # the keys are there
    manager.keyboard.press("j")
    expect(manager.get_by_role("link", name="Halden Paper")).to_be_focused()
    manager.keyboard.press("b")
    manager.wait_for_url("**/reports/2026-06/")


def test_goes_from_month_to_month_by_keyboard(manager: Page) -> None:
    manager.goto("/reports/")
    manager.keyboard.press("[")
    expect(manager.get_by_role("heading", level=1)).to_have_text("May 2026")
    manager.wait_for_load_state()
    manager.keyboard.press("]")
    expect(manager.get_by_role("heading", level=1)).to_have_text("June 2026")
    manager.wait_for_load_state()
    manager.keyboard.press("a")
    expect(manager.get_by_role("heading", level=1)).to_have_text("All months")
    manager.wait_for_load_state()
    manager.keyboard.press("m")
    expect(manager.get_by_role("heading", level=1)).to_have_text("June 2026")


def test_the_program_goes_on_by_itself_until_it_is_counted(
    manager: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REPORT_SHARE", 0.000001)
    monkeypatch.setattr("reports.reads.program_report.__kwdefaults__", {"patience": timedelta(0)})
    manager.goto("/reports/all/")
    expect(manager.get_by_text("are still being counted")).to_be_hidden(timeout=15_000)
    expect(manager.get_by_role("row", name="April 2026")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(manager: Page, scheme: Any) -> None:
    manager.emulate_media(color_scheme=scheme)
    for address in ADDRESSES:
        manager.goto(address)
        assert serious(manager) == [], address


def test_fits_a_phone(manager: Page) -> None:
    manager.set_viewport_size(PHONE)
    for address in ADDRESSES:
        manager.goto(address)
        assert fits(manager), address
        assert serious(manager) == [], address
