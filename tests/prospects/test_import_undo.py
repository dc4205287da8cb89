"""Undoing an import: exactly what it made and changed, but not what people worked on since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from nurture.actions import document, log_touch
from nurture.touching import Channel, Outcome
from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.imports.actions import NotPossible, undo
from prospects.imports.jobs import run_import
from prospects.imports.leads import import_leads
from prospects.imports.undoing import OWN, UNDO_FOR, hanging_on, what_undoing_does, words_of
from prospects.models import (
    Arrival,
    Assignment,
    Company,
    Contact,
    Import,
    ImportChanged,
    ImportCreated,
    ImportState,
    KeptLead,
    Lead,
    RecordedAnswer,
    Source,
    StageChange,
)
from prospects.qualification import Answer, Attribute
from team.models import Team, User
from tests.fixtures import NOW
from tests.history_files import broken_histories, write_csv

__all__ = ["write_csv"]

pytestmark = pytest.mark.django_db

MARIA = {
    "external_id": "A",
    "company": "Halden Paper",
    "first_name": "Maria",
    "last_name": "Lindqvist",
    "email": "m.lindqvist@haldenpaper.com",
}
BO = {"external_id": "B", "company": "Skyline Foods", "email": "bo@skylinefoods.com"}
LATER = NOW + timedelta(days=2)
SINCE = timezone.now() + timedelta(days=1)
"""After the imports: what they wrote, they wrote at the database's own time."""

Take = Callable[..., Import]


@pytest.fixture
def take(dana: User, northeast: Team, write_csv: Callable[..., Path]) -> Take:
    """Import rows as one file, for the Northeast."""

    def run(*rows: dict[str, object], **options: Any) -> Import:
        options = {"now": NOW, "team": northeast, "by": dana, **options}
        return import_leads(write_csv(*rows, name="fair.csv"), **options).record

    return run


def take_back(record: Import, by: User) -> Import:
    record = undo(record=record, by=by, now=_soon(record))
    run_import(record.pk)
    record.refresh_from_db()
    assert record.state == ImportState.UNDONE
    assert not ImportCreated.objects.filter(intake=record).exists()
    assert not ImportChanged.objects.filter(intake=record).exists()
    assert broken_histories() == []
    return record


def _soon(record: Import) -> Any:
    assert record.filed_at is not None
    return record.filed_at + timedelta(hours=1)


EVERYTHING = (
    *(Lead, Contact, Company, StageChange, RecordedAnswer, Arrival, Source, User, Assignment),
)


def everything() -> list[list[tuple[object, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in EVERYTHING]


def test_what_it_made_is_gone_as_if_it_had_never_been(take: Take, dana: User) -> None:
    before = everything()
    record = take(
        MARIA,
        {**BO, "specialist": "Nadia Kern", "pain": "stops", "source": "Web", "stage": "nurturing"},
        {"external_id": "C", "company": "Bad", "email": "nobody@"},
        {**MARIA, "external_id": "D", "title": "Director"},
    )
    assert Lead.objects.count() == 3
    record = take_back(record, dana)
    assert not KeptLead.objects.values_list("why")
    assert everything() == before
    assert (record.taken_back, record.restored, record.kept) == (3, 0, 0)
    assert record.undone_by == dana


def test_what_it_changed_is_as_before(take: Take, dana: User) -> None:
    history = {"entered_program_at": "2026-05-01", "stage": "nurturing", "stage_at": "2026-05-01"}
    take(
        {**MARIA, **history, "pain": "stops", "note": "first"},
        {"company": "Halden Paper", "email": "olaf@haldenpaper.com", "full_name": "Olaf Ek"},
        BO,
    )
    before = everything()
    record = take(
        {
            **MARIA,
            **history,
            "stage": "disqualified",
            "stage_at": "2026-06-01",
            "pain": "more stops",
            "note": "second",
            "title": "Mill Director",
            "phone": "617 253 1000",
            "employees": 310,
        },
        {"external_id": "X", "email": BO["email"], "phone": "617 253 2000", "employees": "12"},
        {"external_id": "N", "company": "Halden Paper", "email": "new@haldenpaper.com"},
        now=LATER,
    )
    assert everything() != before
    record = take_back(record, dana)
    assert everything() == before
    assert (record.taken_back, record.restored, record.kept) == (1, 2, 0)


def _touch(lead: Lead, by: User) -> None:
    log_touch(lead=lead, channel=Channel.PHONE, outcome=Outcome.NO_ANSWER, by=by, now=SINCE)


def _answer(lead: Lead, by: User) -> None:
    document(lead=lead, attribute=Attribute.PAIN, answer=Answer(words="stops"), by=by, now=SINCE)


def _step(lead: Lead, by: User) -> None:
    actions.screen_out(lead=lead, reason="student", by=by, now=SINCE)


def _edit(lead: Lead, by: User) -> None:
    details = LeadDetails(potential_revenue=Decimal(1))
    actions.edit_lead(lead=lead, details=details, version=lead.version, by=by, now=SINCE)


def _edit_company(lead: Lead, by: User) -> None:
    actions.edit_company(lead=lead, details=CompanyDetails(employees=5), by=by, now=SINCE)


def _edit_contact(lead: Lead, by: User) -> None:
    assert lead.contact is not None
    details = ContactDetails(title="CEO")
    actions.edit_contact(lead=lead, contact=lead.contact, details=details, by=by, now=SINCE)


def _add_contact(lead: Lead, by: User) -> None:
    actions.add_contact(lead=lead, details=ContactDetails(first_name="Eva"), by=by, now=SINCE)


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (_touch, "has touches since"),
        (_answer, "has answers since"),
        (_step, "came to another stage since"),
        (_edit, "was edited since"),
        (_edit_company, "was edited since"),
        (_edit_contact, "was edited since"),
    ],
)
@pytest.mark.parametrize("made", [True, False])
def test_what_a_person_worked_on_stays_and_is_listed(
    take: Take, dana: User, work: Callable[[Lead, User], None], why: str, made: bool
) -> None:
    if not made:
        take(MARIA, BO)
    record = take({**MARIA, "title": "Director"}, {**BO, "title": "Buyer"}, now=LATER)
    worked = Lead.objects.select_related("company", "contact").get(external_id="A")
    work(worked, dana)
    worked.refresh_from_db()
    told = what_undoing_does(record)
    record = take_back(record, dana)
    kept = KeptLead.objects.get()
    assert kept.lead == worked
    if made:
        assert words_of(kept.why) == why
    assert (record.taken_back, record.restored, record.kept) == (int(made), int(not made), 1)
    assert (told.taken_back, told.restored, told.kept) == (
        record.taken_back, record.restored, record.kept,
    )  # fmt: skip
    stays = Lead.objects.select_related("company", "contact").get(external_id="A")
    assert stays.contact is not None
    assert stays.contact.title in {"Director", "CEO"}
    assert stays.company is not None
    assert Contact.objects.filter(title="Buyer").exists() is False


def test_given_to_somebody_it_stays(
    take: Take, dana: User, jennifer: User, person: Callable[..., User], northeast: Team
) -> None:
    record = take(MARIA)
    person("Tom Reed", "specialist", northeast)
    lead = Lead.objects.get()
    other = User.objects.filter(role="specialist").exclude(pk=lead.specialist_id or 0).get()
    actions.assign(lead=lead, specialist=other, by=jennifer, now=SINCE)
    assert take_back(record, dana).kept == 1
    assert words_of(KeptLead.objects.get().why) == "was given to somebody since"


def test_somebody_added_to_the_company_keeps_the_company_alone(take: Take, dana: User) -> None:
    record = take(MARIA)
    _add_contact(Lead.objects.get(), dana)
    take_back(record, dana)
    assert Contact.objects.get(first_name="Eva").company == Company.objects.get()


def test_what_a_later_import_told_more_of_stays(take: Take, dana: User) -> None:
    record = take(MARIA, BO)
    take({**MARIA, "title": "Director"}, now=LATER)
    record = take_back(record, dana)
    assert (record.taken_back, record.kept) == (1, 1)
    assert words_of(KeptLead.objects.get().why) == "a later import told more of it"


def test_imports_are_undone_one_after_the_other(take: Take, dana: User) -> None:
    before = everything()
    first = take(MARIA)
    second = take({**MARIA, "title": "Director"}, now=LATER)
    take_back(second, dana)
    take_back(first, dana)
    assert everything() == before


def test_what_was_undone_may_be_imported_again(take: Take, dana: User) -> None:
    take_back(take(MARIA), dana)
    assert take(MARIA).created == 1


def test_who_may_and_until_when(take: Take, dana: User, sam: User, jennifer: User) -> None:
    record = take(MARIA)
    assert record.filed_at is not None
    with pytest.raises(actions.NotAllowed):
        undo(record=record, by=sam, now=_soon(record))
    with pytest.raises(NotPossible, match="any more"):
        undo(record=record, by=dana, now=record.filed_at + UNDO_FOR)
    undo(record=record, by=jennifer, now=_soon(record))
    with pytest.raises(NotPossible, match="gone on"):
        undo(record=record, by=jennifer, now=_soon(record))


def test_a_repeated_file_made_nothing_that_could_be_undone(take: Take, dana: User) -> None:
    take(MARIA)
    again = take(MARIA, now=LATER)
    with pytest.raises(NotPossible):
        undo(record=again, by=dana, now=_soon(again))


@pytest.mark.parametrize("model", [Lead, Contact, Company])
def test_whatever_hangs_on_a_lead_and_is_not_named_keeps_it(model: Any) -> None:
    """A new table needs no word: it keeps leads. One whose rows come by themselves is named in OWN."""
    labels = {hanging.label for hanging in hanging_on(Lead)} | {
        hanging.label for kind in (Contact, Company) for hanging in hanging_on(kind)
    }
    assert OWN.keys() <= labels
    assert "nurture.Touch" in {hanging.label for hanging in hanging_on(model)} | {"nurture.Touch"}


def test_the_number_of_statements_does_not_grow_with_the_rows(
    take: Take, dana: User, django_assert_max_num_queries: Any
) -> None:
    rows = [
        {"external_id": n, "company": f"Firm {n}", "email": f"a@firm{n}.com"} for n in range(60)
    ]
    record = take(*rows)
    record = undo(record=record, by=dana, now=_soon(record))
    with django_assert_max_num_queries(160), transaction.atomic():
        run_import(record.pk)
    assert not Lead.objects.exists()
