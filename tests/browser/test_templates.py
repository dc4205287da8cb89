"""The editor of templates and the trace in a real browser: the preview follows while one types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, ViewportSize, expect

from nurture.cadences.enrolments import enrol
from nurture.models import Cadence, PlannedTouch
from prospects.models import Lead
from team.models import Organisation, User
from tests.browser.looking import PHONE, fits, serious
from tests.fixtures import NOW


@pytest.fixture(autouse=True)
def at_now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def planned(
    make_cadence: Callable[..., Cadence],
    raw_lead: Lead,
    dana: User,
    posting_address: Organisation,
) -> PlannedTouch:
    enrolment = enrol(lead=raw_lead, cadence=make_cadence(("email", 1)), by=dana, now=NOW)
    return enrolment.planned.get()


@pytest.fixture
def manager(page: Page, client: Client, live_server: Any, jennifer: User) -> Page:
    client.force_login(jennifer)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
    )
    return page


def test_the_preview_follows_while_one_types(manager: Page, planned: PlannedTouch) -> None:
    manager.goto(f"/templates/{planned.step.template_id}/edit/")
    preview = manager.locator("#preview")
    manager.fill("[name=body]", "Hello {{ nobody }}")
    expect(preview).to_contain_text("It can be sent to nobody as it is.")
    manager.fill("[name=body]", "Hello ")
    manager.get_by_role("button", name="City of the company").click()
    expect(preview).to_contain_text("Hello Boston")
    manager.fill("[name=lead_words]", "halden")
    manager.get_by_role("option").first.wait_for()
    manager.keyboard.press("Enter")
    expect(preview).to_contain_text("For Halden Paper")
    expect(manager.locator("[name=body]")).to_have_value("Hello {{ city }}")
    manager.keyboard.press("Control+Enter")
    expect(manager.get_by_text("Saved as version 2.")).to_be_visible()


@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
def test_the_pages_can_be_used_by_everybody(
    manager: Page, planned: PlannedTouch, viewport: ViewportSize | None
) -> None:
    if viewport is not None:
        manager.set_viewport_size(viewport)
    words = planned.step.template
    assert words is not None
    for address in (
        "/templates/",
        f"/templates/{words.pk}/",
        f"/templates/{words.pk}/edit/",
        f"/planned/{planned.pk}/",
        f"/leads/{planned.lead_id}/planned/",
        f"/leads/{planned.lead_id}/not-now/",
    ):
        manager.goto(address)
        assert serious(manager) == [], address
        assert fits(manager), address
