"""What a file says that people do not want is obeyed, and nothing in a file weakens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from prospects.consents.actions import suppress_address
from prospects.consents.hashing import hash_of
from prospects.imports.intake import ImportResult
from prospects.imports.lead_rows import is_refusal
from prospects.imports.leads import import_leads
from prospects.imports.undoing import undo_rows
from prospects.models import Lead, Suppression
from prospects.reading.mapping import LEADS, propose
from prospects.reading.tables import open_table
from team.models import Organisation, Team
from tests.fixtures import NOW
from tests.history_files import write_csv
from tests.shared import SHARED, needs_shared_data

__all__ = ["write_csv"]

pytestmark = pytest.mark.django_db

ROW = {"company": "Halden Paper", "email": "m@halden.example", "phone": "+1 617 555 1001"}


@pytest.fixture
def take(
    organisation: Organisation, northeast: Team, write_csv: Callable[..., Path]
) -> Callable[..., ImportResult]:
    def run(*rows: dict[str, Any], **options: Any) -> ImportResult:
        return import_leads(write_csv(*rows), team=northeast, now=NOW, **options)

    return run


def suppressed() -> set[tuple[str, str]]:
    return set(Suppression.objects.values_list("channel", "why"))


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("HasOptedOutOfEmail", {("email", "unsubscribed")}),
        ("Email Opt Out", {("email", "unsubscribed")}),
        ("Unsubscribed from all email", {("email", "unsubscribed")}),
        ("Opted out of email: Marketing Information", {("email", "unsubscribed")}),
        ("DoNotCall", {("phone", "do_not_call")}),
        ("Do Not Call", {("phone", "do_not_call")}),
        ("no_contact", {("email", "asked"), ("phone", "asked")}),
    ],
)
def test_columns_of_refusals_are_known_and_obeyed(
    take: Callable[..., ImportResult], heading: str, kinds: set[tuple[str, str]]
) -> None:
    result = take({**ROW, heading: "true"})
    assert result.counts.created == 1
    assert suppressed() == kinds
    assert result.record.opted_out == 1
    assert heading not in result.columns.ignored


@pytest.mark.parametrize(
    ("cell", "refuses"),
    [
        ("1", True),
        ("true", True),
        ("Ja", True),
        ("x", True),
        ("2024-03-01", True),
        ("nie wieder", True),
        ("true\nfalse", True),
        ("false\ntrue", True),
        ("0", False),
        ("0.0", False),
        ("FALSE", False),
        ("nein", False),
        ("Opted in", False),
        ("  ", False),
    ],
)
def test_what_is_not_plainly_no_is_a_refusal(cell: str, refuses: bool) -> None:
    assert is_refusal(cell) is refuses


def test_two_columns_are_both_heeded(take: Callable[..., ImportResult]) -> None:
    take({**ROW, "HasOptedOutOfEmail": "0", "Unsubscribed": "1"})
    assert suppressed() == {("email", "unsubscribed")}


def test_a_dry_run_counts_and_writes_nothing(take: Callable[..., ImportResult]) -> None:
    result = take({**ROW, "Do Not Call": "1"}, dry_run=True)
    assert result.record.opted_out == 1
    assert not Suppression.objects.exists()


def test_a_file_never_takes_a_suppression_back(take: Callable[..., ImportResult]) -> None:
    suppress_address(
        kind="email",
        address=ROW["email"],
        why=Suppression.Why.COMPLAINT,
        source=Suppression.Source.PERSON,
        now=NOW,
    )
    take({**ROW, "Email Opt Out": "0"})
    take({**ROW, "Email Opt Out": "1"})
    assert suppressed() == {("email", "complaint")}, "nor is the first word overwritten"


def test_the_address_that_we_have_of_them_is_meant_too(take: Callable[..., ImportResult]) -> None:
    take({**ROW, "external_id": "A-1"})
    take({"external_id": "A-1", "company": "Halden Paper", "Email Opt Out": "1"})
    assert Suppression.objects.get().address_hash == hash_of("email", "m@halden.example")


def test_rows_without_refusals_suppress_nobody(take: Callable[..., ImportResult]) -> None:
    rows = [
        {**ROW, "email": f"{n}@halden.example", "phone": "", "No email": n % 3 == 0}
        for n in range(30)
    ]
    assert take(*rows).record.opted_out == 10
    assert Suppression.objects.count() == 10


def test_undoing_keeps_what_they_do_not_want(take: Callable[..., ImportResult]) -> None:
    record = take({**ROW, "Do Not Call": "yes"}).record
    undo_rows(record, now=NOW)
    assert not Lead.objects.exists()
    assert suppressed() == {("phone", "do_not_call")}


def test_their_next_touch_is_chosen_anew(
    take: Callable[..., ImportResult], make_lead: Callable[..., Lead]
) -> None:
    lead = make_lead()
    assert lead.contact is not None
    assert lead.next_touch_channel == "phone"
    take({**ROW, "phone": lead.contact.phone, "email": lead.contact.email, "dnc": "1"})
    lead.refresh_from_db()
    assert lead.next_touch_at is None, "planned again within a minute"


def test_who_sends_meanwhile_waits(take: Callable[..., ImportResult]) -> None:
    take({**ROW, "dnc": "1"})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
        )
        assert cursor.fetchone()[0] >= 1


@needs_shared_data
def test_a_salesforce_export_has_its_columns_known() -> None:
    table = open_table(SHARED / "crm-exports/salesforce-org-export/Contact.csv")
    found = propose(table.headers, LEADS)
    assert found["HasOptedOutOfEmail"] == "no_email"
    if "DoNotCall" in table.headers:
        assert found["DoNotCall"] == "no_calls"
