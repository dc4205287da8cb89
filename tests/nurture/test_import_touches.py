"""import_touches: what happened to leads that are known, brought along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nurture.imports import import_touches
from nurture.models import Attempt, Touch
from prospects.imports.intake import Counts, ImportResult
from prospects.imports.leads import import_leads
from prospects.models import Contact, Lead, RefusedRow, Suppression
from prospects.qualification import Attribute
from team.models import Organisation, Team, User
from tests.fixtures import NOW
from tests.history_files import write_csv

__all__ = ["write_csv"]

pytestmark = pytest.mark.django_db
WriteCsv = Callable[..., Path]
Take = Callable[..., ImportResult]

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture
def lead(organisation: Organisation, northeast: Team, write_csv: WriteCsv) -> Lead:
    import_leads(
        write_csv(
            {
                "external_id": "L1",
                "received_at": MONDAY - timedelta(days=9),
                "entered_program_at": MONDAY - timedelta(days=8),
                "company": "Halden Paper",
                "first_name": "Maria",
                "last_name": "Lindqvist",
                "title": "Plant Director",
                "buying_role": "decision_maker",
                "email": "m.lindqvist@haldenpaper.com",
            }
        ),
        team=northeast,
        now=NOW,
    )
    return Lead.objects.get()


@pytest.fixture
def take(lead: Lead, northeast: Team, write_csv: WriteCsv) -> Take:
    def run(*rows: dict[str, object], **options: object) -> ImportResult:
        result = import_touches(write_csv(*rows), team=northeast, now=NOW, **options)  # type: ignore[arg-type]
        c = result.counts
        assert c.read == c.created + c.duplicates + c.refused
        return result

    return run


def call(number: int, days: int, **more: object) -> dict[str, object]:
    return {
        "external_id": f"T{number}",
        "lead": "L1",
        "channel": "phone",
        "outcome": "no_answer",
        "occurred_at": MONDAY + timedelta(days=days),
        **more,
    }


def test_touches_make_attempts_and_the_lead_s_columns(take: Take, lead: Lead) -> None:
    result = take(
        call(1, 0),
        call(2, 0, channel="Voicemail", outcome="left voicemail"),
        call(3, 1, channel="e-mail", outcome="sent"),
        call(4, 7),
        call(5, 7, channel="letter", outcome="posted"),
        call(6, 8, outcome="conversation", minutes="12.5", cost="3", note="wants a quote"),
    )
    assert result.counts == Counts(read=6, created=6)
    attempts = Attempt.objects.order_by("number")
    assert [(a.number, a.completed_at is not None) for a in attempts] == [(1, True), (2, True)]
    lead.refresh_from_db()
    assert (lead.outbound_touches, lead.complete_attempts) == (6, 2)
    assert lead.conversation_at == MONDAY + timedelta(days=8)
    assert lead.activity_at == MONDAY + timedelta(days=8)
    talk = Touch.objects.get(external_id="T6")
    assert (talk.minutes, talk.cost, talk.note) == (Decimal("12.50"), Decimal(3), "wants a quote")
    assert talk.contact == lead.contact


def test_a_conversation_with_a_decision_maker_is_documented(take: Take, lead: Lead) -> None:
    assert Attribute.ENGAGED in lead.open_attributes
    take(call(1, 0, outcome="conversation", occurred_at=NOW - timedelta(days=3)))
    lead.refresh_from_db()
    assert Attribute.ENGAGED not in lead.open_attributes
    assert lead.documented == 1


def test_a_reply_is_inbound_unless_said_else(take: Take) -> None:
    take(call(1, 0, channel="email", outcome="replied"), call(2, 1, direction="Outbound"))
    assert list(Touch.objects.order_by("external_id").values_list("direction", flat=True)) == [
        "in",
        "out",
    ]


def test_who_made_it_is_found_by_address_or_name_or_made(take: Take, dana: User) -> None:
    take(
        call(1, 0, by="DANA@northwind.example"),
        call(2, 1, by="dana whitfield"),
        call(3, 2, by="Nadia Kern"),
        call(4, 3, by="nadia kern"),
    )
    assert Touch.objects.filter(by=dana).count() == 2
    nadia = User.objects.get(name="Nadia Kern")
    assert Touch.objects.filter(by=nadia).count() == 2
    assert not nadia.has_usable_password()


def test_whom_it_was_with(take: Take, lead: Lead) -> None:
    ylva = Contact.objects.create(company=lead.company, email="Y@h.com", email_key="y@h.com")
    take(call(1, 0, contact_email="y@H.com"), call(2, 1, contact_email="else@h.com"), call(3, 2))
    found = dict(Touch.objects.values_list("external_id", "contact"))
    assert found == {"T1": ylva.pk, "T2": None, "T3": lead.contact_id}


def test_importing_twice_changes_nothing(take: Take, lead: Lead) -> None:
    rows = [call(1, 0), call(2, 7), call(2, 7)]
    assert take(*rows).counts == Counts(read=3, created=2, duplicates=1)
    lead.refresh_from_db()
    before = [list(model.objects.order_by("pk").values_list()) for model in (Touch, Attempt, Lead)]
    assert take(*rows).counts == Counts(read=3, duplicates=3)
    assert [
        list(model.objects.order_by("pk").values_list()) for model in (Touch, Attempt, Lead)
    ] == before


def test_more_touches_join_those_before(take: Take, lead: Lead) -> None:
    take(call(1, 0))
    take(
        call(3, 1, channel="email", outcome="sent"), call(2, 1, channel="voicemail", outcome="left")
    )
    assert Attempt.objects.get().completed_at == MONDAY + timedelta(days=1)


def test_a_dry_run_changes_nothing(take: Take) -> None:
    assert take(call(1, 0), dry_run=True).counts == Counts(read=1, created=1)
    assert not Touch.objects.exists()


def test_the_id_of_a_merged_row_finds_the_lead(
    take: Take, lead: Lead, northeast: Team, write_csv: WriteCsv
) -> None:
    import_leads(
        write_csv({"external_id": "L2", "email": "m.lindqvist@haldenpaper.com"}),
        team=northeast,
        now=NOW,
    )
    take(call(1, 0, lead="L2"))
    assert Touch.objects.get().lead == lead


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"lead": "nowhere"}, "no lead is known by the id “nowhere”"),
        ({"channel": "pigeon"}, "“pigeon” is none of: phone"),
        ({"outcome": "posted"}, "“posted” is none of: conversation"),
        ({"occurred_at": "yesterday"}, "“yesterday” is no date"),
        ({"occurred_at": ""}, "no occurred_at"),
        ({"minutes": "long"}, "“long” is not a number"),
    ],
)
def test_a_row_is_refused_with_the_reason(take: Take, cells: dict[str, str], why: str) -> None:
    result = take(call(1, 0, **cells), call(2, 1))
    assert result.counts == Counts(read=2, created=1, refused=1)
    row = RefusedRow.objects.get()
    assert row.line == 2
    assert why in row.reasons[0]
    assert ["external_id", "T1"] in row.cells


def test_a_touch_is_never_changed(take: Take) -> None:
    take(call(1, 0))
    assert take(call(1, 0, outcome="busy")).counts == Counts(read=1, refused=1)
    assert Touch.objects.get().outcome == "no_answer"


def test_who_unsubscribed_in_a_file_is_left_alone(take: Take) -> None:
    row = {"external_id": "T77", "lead": "L1", "channel": "email", "outcome": "unsubscribed"}
    for _again in range(2):
        result = take({**row, "occurred_at": MONDAY})
        assert result.record.opted_out == 1
        assert Suppression.objects.get().source == Suppression.Source.IMPORT
