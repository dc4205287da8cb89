"""The whole story in a browser, by three people: from a raw list to the sentences of the month."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from handoff.models import Handoff
from prospects.models import Import, IndustryCode, Lead, Standard
from prospects.stages import Stage
from team.models import Organisation, User
from tests.fixtures import PASSWORD

COLUMNS = (
    "external_id", "first_name", "last_name", "title", "email", "phone", "company", "country",
    "naics", "revenue", "employees", "locations",
)  # fmt: skip
ROWS = (
    ("1", "Maria", "Lindqvist", "Plant Director", "maria@halden.example", "+1 617 555 0142",
     "Halden Paper", "US", "322120", "84000000", "310", "2"),
    ("2", "Tom", "Young", "Student", "tom@college.edu", "", "", "US", "", "", "", ""),
    ("3", "No", "Body", "Buyer", "not an address", "12", "Nowhere Ltd", "US", "", "", "", ""),
)  # fmt: skip
ANSWERS = {
    "environment": {"words": "ABB drives, SAP PM, 14 people in maintenance"},
    "pain": {"words": "Line 3 stops twice a week; each stop costs $18,000"},
    "process": {"words": "Maria proposes, the board signs", "on": "2099-09-15"},
    "budget": {"words": "Capex, set in September", "amount": "420000"},
    "competition": {"words": "Voith"},
    "urgency": {"words": "The October shutdown", "on": "2099-10-01"},
}


def log_in(page: Page, person: User) -> None:
    page.context.clear_cookies()
    page.goto("/login/")
    page.fill("[name=username]", person.email or "")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def press_outcome(page: Page, key: str, told: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(told).first).to_be_visible()


@pytest.mark.django_db(transaction=True)
def test_from_a_raw_list_to_the_month(  # noqa: PLR0915 - a story has many steps
    page: Page,
    tmp_path: Path,
    dana: User,
    carol: User,
    jennifer: User,
    paper_mills: IndustryCode,
    standard: Standard,
    organisation: Organisation,
) -> None:
    # The specialist brings a list in; the student and the unreachable are screened out.
    file = tmp_path / "fair.csv"
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows((COLUMNS, *ROWS))
    log_in(page, dana)
    page.goto("/imports/")
    page.set_input_files("[name=file]", file)
    page.fill("[name=source]", "Trade fair")
    page.get_by_role("button", name="Look into it").click()
    page.get_by_role("button", name="See what it would do").click()
    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.get_by_role("heading", name="fair.csv")).to_be_visible()
    brought = Import.objects.get()
    assert (brought.read, brought.created, brought.screened_out) == (3, 1, 2)

    # She works the good one: six mails, then Maria, who decides, picks up and tells.
    lead = Lead.objects.get(external_id="1")
    here = f"/leads/{lead.pk}/"
    page.goto(f"{here}contacts/{lead.contact_id}/")
    page.select_option("[name=buying_role]", "decision_maker")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**{here}")
    for count in range(1, 7):
        press_outcome(page, "7", "Maria Lindqvist: email sent.")
        assert lead.touches.count() == count
        page.goto(here)
    page.get_by_label("Note").fill("We lose two shifts a week to one drive.")
    page.keyboard.press("Escape")
    press_outcome(page, "1", "Maria Lindqvist: conversation.")
    page.goto(f"{here}contacts/new/")
    for name, value in {"first_name": "Ylva", "last_name": "Holm", "title": "Finance"}.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=buying_role]", "influencer")
    page.check("[name=told_us]")
    page.get_by_role("button", name="Add the person").click()
    page.wait_for_url(f"**{here}")
    for attribute, answer in ANSWERS.items():
        page.goto(f"{here}answers/{attribute}/")
        form = page.locator("form:has([name=rests_on])")
        for name, value in answer.items():
            form.locator(f"[name={name}]").fill(value)
        form.locator("[data-submit-key]").click()
        page.wait_for_url(f"**{here}**")
    page.goto(f"{here}edit/")
    page.select_option("[name=horizon]", "near_term")
    page.fill("[name=potential_revenue]", "420000")
    page.fill("[name=expected_close_on]", "2099-09-15")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**{here}")

    # All of it holds: the gate has opened by itself, and Carol gets it.
    expect(page.get_by_role("heading", name="10 of 10")).to_be_visible()
    lead.refresh_from_db()
    assert lead.stage == Stage.QUALIFIED
    page.keyboard.press("h")
    page.wait_for_url(f"**{here}handoff/")
    page.locator("form [data-submit-key]").last.click()
    page.wait_for_url("**/handoffs/**")

    # The rep reads the dossier, accepts, and wins.
    log_in(page, carol)
    handoff = Handoff.objects.get()
    page.goto(f"/handoffs/{handoff.pk}/")
    expect(page.get_by_text("Line 3 stops twice a week").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Won")).to_be_visible()
    page.get_by_role("radio", name="Won").check()
    page.fill("[name=revenue]", "395000")
    page.locator("#result button").click()
    expect(page.get_by_text("Won").first).to_be_visible()
    handoff.refresh_from_db()
    assert handoff.result == "won"

    # And the month says so to the manager.
    log_in(page, jennifer)
    page.wait_for_url("**/reports/**")
    said = page.locator(".say").inner_text()
    assert "marketing has added 1 new prospect" in said or "marketing added 1 new prospect" in said
    assert "$420,000" in said
    assert "$395,000" in said
