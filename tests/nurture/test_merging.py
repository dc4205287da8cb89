"""Two leads become one, with all that hangs on them; and two again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import InternalError, connection, transaction
from django.db.models import Q

from handoff.models import Handoff
from nurture.actions import Promised, disqualify, document, log_touch, promise, suppress
from nurture.contactability import never_contactable
from nurture.duplicates.merging import merge_companies, merge_contacts, merge_leads, undo_merge
from nurture.models import Touch
from nurture.reach import reachability
from nurture.touching import Channel, Outcome
from prospects import actions
from prospects.actions import LeadDetails, NotAllowed, edit_lead
from prospects.consents.actions import record_consent, withdraw_consent
from prospects.consents.hashing import address_hash
from prospects.duplicates.merge_actions import (
    CannotUndo,
    MergedMeanwhile,
    Wishes,
    forget_journals,
    references_to,
    tell_apart,
    where_it_went,
)
from prospects.imports.verdicts import rejudge
from prospects.models import (
    Arrival,
    Assignment,
    Company,
    Consent,
    Contact,
    DuplicatePair,
    Lead,
    Merge,
    MergeChange,
    RecordedAnswer,
    Source,
    StageChange,
    Suppression,
)
from prospects.qualification import Answer, Attribute
from prospects.stages import Disqualification, Stage
from reports.counting import count_month
from reports.periods import Period
from team.models import User
from tests.fixtures import NOW

DAY = timedelta(days=1)


@pytest.fixture
def twin(make_lead: Callable[..., Lead], almost_ready: Lead, dana: User) -> Lead:
    """The same need written down twice: earlier received, in the program, with a talk and answers."""
    lead = make_lead(
        "Halden Paper Mills Inc.", now=NOW - 90 * DAY, note="met at the fair", horizon="long_term"
    )
    Lead.objects.filter(pk=lead.pk).update(
        source=Source.objects.create(name="Referral"), external_id="crm-77"
    )
    talk = log_touch(
        lead=lead,
        channel=Channel.PHONE,
        outcome=Outcome.CONVERSATION,
        by=dana,
        now=NOW - 80 * DAY,
    )
    document(
        lead=lead,
        attribute=Attribute.URGENCY,
        answer=Answer(words="The line stops in August", on=NOW.date() + 40 * DAY),
        by=dana,
        now=NOW - 79 * DAY,
        touch=talk,
    )
    document(
        lead=lead,
        attribute=Attribute.PAIN,
        answer=Answer(words="old pain"),
        by=dana,
        now=NOW - 79 * DAY,
    )
    promise(lead=lead, promised=Promised(NOW + 9 * DAY), by=dana, now=NOW - 3 * DAY)
    lead.refresh_from_db()
    rejudge([lead.pk], now=NOW)
    lead.refresh_from_db()
    return lead


KEPT_TABLES = (Lead, Contact, Company)


def everything() -> dict[str, Any]:
    """Every row that refers to leads, contacts or companies, as the database has it."""
    models = {model for kind in KEPT_TABLES for model, _name, _column in references_to(kind)}
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in sorted(models | set(KEPT_TABLES), key=lambda model: model._meta.label):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} AS t")  # noqa: S608
            rows = [json.loads(row) for (row,) in cursor.fetchall()]
            if model._meta.model_name in ("attempt", "namekey", "duplicatepair"):
                # Written anew under other ids.
                found[model._meta.label] = sorted(
                    json.dumps({k: v for k, v in row.items() if k != "id"}, sort_keys=True)
                    for row in rows
                )
                continue
            for row in rows:
                row.pop("version", None)
            found[model._meta.label] = {row["id"]: row for row in rows}
    return found


def told(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs, a line each."""
    found = []
    for table, rows in before.items():
        if isinstance(rows, list):
            found += [f"{table}: {row}" for row in rows if row not in after[table]]
            found += [f"{table} new: {row}" for row in after[table] if row not in rows]
            continue
        found += [f"{table} {pk} is new" for pk in after[table].keys() - rows.keys()]
        for pk, row in rows.items():
            now = after[table].get(pk, {})
            found += [
                f"{table} {pk} {name}: {value!r} became {now.get(name)!r}"
                for name, value in row.items()
                if now.get(name) != value
            ]
    return found


def merged(first: Lead, second: Lead, by: User, **wishes: Any) -> tuple[Lead, Merge]:
    return merge_leads(first=first, second=second, wishes=Wishes(**wishes), by=by, now=NOW)


def test_nothing_is_lost(almost_ready: Lead, twin: Lead, dana: User) -> None:
    touches = set(Touch.objects.values_list("pk", flat=True))
    answers = set(RecordedAnswer.objects.values_list("pk", flat=True))
    steps = set(StageChange.objects.values_list("pk", flat=True))
    kept, merge = merged(almost_ready, twin, dana)
    assert set(kept.touches.values_list("pk", flat=True)) == touches
    assert set(kept.answers.values_list("pk", flat=True)) == answers
    assert set(kept.stage_changes.values_list("pk", flat=True)) >= steps
    assert kept.promises.get().due_at == NOW + 9 * DAY
    assert not Lead.objects.filter(pk=twin.pk).exists()
    assert where_it_went(Lead, twin.pk) == kept.pk
    assert where_it_went(Contact, twin.contact_id or 0) == kept.contact_id
    assert where_it_went(Company, twin.company_id or 0) == kept.company_id
    assert kept.note.splitlines() == ["met at the fair"]
    assert str(merge) == "Halden Paper Mills Inc. 2 into Halden Paper"


def test_the_first_arrival_counts_and_the_other_is_kept(
    almost_ready: Lead, twin: Lead, dana: User, fair: Source
) -> None:
    kept, _merge = merged(almost_ready, twin, dana)
    assert kept.pk == almost_ready.pk
    assert kept.received_at == NOW - 90 * DAY
    assert kept.source.name == "Referral"
    assert kept.external_id == "crm-77", "an import finds it by the id of either"
    arrival = Arrival.objects.get(lead=kept)
    assert (arrival.source, arrival.received_at) == (fair, almost_ready.received_at)
    assert "halden2.example" in arrival.differs
    assert "+1 617 555 1002" in arrival.differs


def test_answers_confirmed_before_assumed_and_the_gate_opens(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    kept, _merge = merged(almost_ready, twin, dana)
    standing = {a.attribute: a.words for a in kept.answers.filter(superseded_at__isnull=True)}
    assert standing[Attribute.PAIN] == "Line 3 stops twice a week; each stop costs $18,000"
    assert standing[Attribute.URGENCY] == "The line stops in August"
    assert kept.stage == Stage.QUALIFIED, "the tenth answer came with the other lead"
    assert kept.outbound_touches == 9
    assert kept.attempts.count() == kept.attempts.order_by("-number").first().number  # type: ignore[union-attr]


def test_a_person_chooses_otherwise(almost_ready: Lead, twin: Lead, dana: User) -> None:
    second, called = False, str(twin.company)
    kept, _merge = merged(
        almost_ready,
        twin,
        dana,
        company={"name": second, "domain": second},
        contact={"email": second, "phone": True},
        lead={"answer_pain": second, "source": True},
    )
    assert kept.company is not None
    assert kept.contact is not None
    assert kept.company.name == called
    assert kept.company.domain == "halden2.example"
    assert kept.contact.email_key == "m.lindqvist2@halden2.example"
    assert kept.contact.phone_key == "+16175551001"
    assert kept.answers.get(attribute="pain", superseded_at=None).words == "old pain"
    assert kept.source.name == "Trade fair"


def test_people_and_companies_may_stay_apart(almost_ready: Lead, twin: Lead, dana: User) -> None:
    kept, _merge = merged(almost_ready, twin, dana, same_person=False)
    people = set(Contact.objects.filter(company=kept.company).values_list("pk", flat=True))
    assert {almost_ready.contact_id, twin.contact_id} <= people
    assert kept.contact_id == almost_ready.contact_id


def test_undone_exactly(almost_ready: Lead, twin: Lead, dana: User) -> None:
    before = everything()
    kept, merge = merged(almost_ready, twin, dana)
    assert everything() != before
    undo_merge(merge=merge, by=dana, now=NOW + DAY)
    assert not told(before, everything())
    assert where_it_went(Lead, twin.pk) is None
    merge.refresh_from_db()
    assert (merge.undone_at, merge.undone_by) == (NOW + DAY, dana)
    assert not merge.changes.exists()
    again, _merge = merged(kept, twin, dana)
    assert again.stage == Stage.QUALIFIED


def test_undone_exactly_whoever_comes_first(twin: Lead, almost_ready: Lead, dana: User) -> None:
    before = everything()
    kept, merge = merged(twin, almost_ready, dana)
    assert kept.pk == twin.pk, "of two in the same stage the first"
    undo_merge(merge=merge, by=dana, now=NOW + DAY)
    assert not told(before, everything())


def test_what_was_logged_since_stays_and_is_counted_where_it_is(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    Lead.objects.filter(pk=almost_ready.pk).update(horizon="unknown")
    twin.refresh_from_db()
    kept, merge = merged(almost_ready, twin, dana, lead={"horizon": True})
    assert kept.stage == Stage.NURTURING
    log_touch(
        lead=kept,
        channel=Channel.EMAIL,
        outcome=Outcome.SENT,
        by=dana,
        now=NOW + timedelta(hours=1),
    )
    undone = undo_merge(merge=merge, by=dana, now=NOW + DAY)
    assert undone.went_on
    kept.refresh_from_db()
    assert kept.touches.count() == almost_ready.outbound_touches + 1 == kept.outbound_touches
    assert Lead.objects.get(pk=twin.pk).outbound_touches == 1


def test_what_was_worked_on_since_stands_in_the_way(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    kept, merge = merged(almost_ready, twin, dana)
    kept.refresh_from_db()
    edit_lead(
        lead=kept,
        details=LeadDetails(note="said otherwise"),
        version=kept.version,
        by=dana,
        now=NOW + DAY,
    )
    actions.disqualify(lead=kept, reason="no_need", by=dana, now=NOW + DAY)
    with pytest.raises(CannotUndo) as refusal:
        undo_merge(merge=merge, by=dana, now=NOW + 2 * DAY)
    assert "lead: note was changed" in refusal.value.reasons
    assert "the lead went to another stage" in refusal.value.reasons
    assert not Lead.objects.filter(pk=twin.pk).exists()


def test_a_later_merge_is_undone_first(
    almost_ready: Lead, twin: Lead, make_lead: Callable[..., Lead], dana: User
) -> None:
    kept, earlier = merged(almost_ready, twin, dana)
    kept, later = merged(kept, make_lead("Halden Paper Mills"), dana)
    assert where_it_went(Lead, twin.pk) == kept.pk
    with pytest.raises(CannotUndo):
        undo_merge(merge=earlier, by=dana, now=NOW)
    undo_merge(merge=later, by=dana, now=NOW)
    undo_merge(merge=earlier, by=dana, now=NOW)
    assert Lead.objects.filter(pk=twin.pk).exists()


def test_thirty_days_then_it_is_forgotten(almost_ready: Lead, twin: Lead, dana: User) -> None:
    _kept, merge = merged(almost_ready, twin, dana)
    assert forget_journals(now=NOW + 30 * DAY) == 0
    assert merge.changes.exists()
    with pytest.raises(NotAllowed):
        undo_merge(merge=merge, by=dana, now=NOW + 31 * DAY)
    assert forget_journals(now=NOW + 31 * DAY) == 1
    assert not MergeChange.objects.exists()
    assert where_it_went(Lead, twin.pk), "its address leads on for ever"


def test_the_strictest_word_counts(
    almost_ready: Lead, twin: Lead, dana: User, settings: Any
) -> None:
    assert twin.contact is not None
    suppress(contact=twin.contact, channel=Channel.EMAIL, now=NOW - DAY)
    log_touch(
        lead=almost_ready, channel=Channel.PHONE, outcome=Outcome.WRONG_NUMBER, by=dana, now=NOW
    )
    kept, merge = merged(almost_ready, twin, dana, contact={"email": True})
    assert kept.contact is not None
    assert kept.contact.email_key == "m.lindqvist1@halden1.example"
    hashed = address_hash(settings.SUPPRESSION_KEY, Channel.EMAIL, kept.contact.email_key)
    assert Suppression.objects.filter(channel=Channel.EMAIL, address_hash=hashed).exists()
    assert kept.contact.phone_key == "+16175551002", "the number that is not dead"
    undo_merge(merge=merge, by=dana, now=NOW)
    assert Suppression.objects.count() == 2, "nothing weakens it, not even undoing"


def test_who_asked_us_to_stop_is_left_alone(almost_ready: Lead, twin: Lead, dana: User) -> None:
    disqualify(lead=twin, reason=Disqualification.ASKED_TO_STOP, by=dana, now=NOW - DAY)
    kept, _merge = merged(almost_ready, twin, dana)
    assert kept.pk == twin.pk
    assert kept.stage == Stage.DISQUALIFIED
    assert kept.next_touch_at is None


def handed(lead: Lead, rep: User, by: User) -> Handoff:
    lead.refresh_from_db()
    if lead.stage == Stage.NURTURING:
        actions.change_stage(lead=lead, to_stage=Stage.QUALIFIED, now=NOW, by=by)
    actions.change_stage(lead=lead, to_stage=Stage.HANDED_OFF, now=NOW, by=by, rep=rep)
    return Handoff.objects.create(lead=lead, rep=rep, by=by, handed_off_at=NOW)


def test_a_handoff_goes_along(almost_ready: Lead, twin: Lead, dana: User, carol: User) -> None:
    handoff = handed(twin, carol, dana)
    before = everything()
    kept, merge = merged(almost_ready, twin, dana)
    assert kept.pk == twin.pk
    assert (kept.stage, kept.rep) == (Stage.HANDED_OFF, carol)
    handoff.refresh_from_db()
    assert handoff.lead == kept
    undo_merge(merge=merge, by=dana, now=NOW)
    assert not told(before, everything())


def test_two_live_handoffs_are_refused_in_words(
    almost_ready: Lead, twin: Lead, dana: User, carol: User, luis: User
) -> None:
    handed(almost_ready, carol, dana)
    handed(twin, luis, dana)
    before = everything()
    with pytest.raises(NotAllowed, match="Reps hold both"):
        merged(almost_ready, twin, dana)
    assert not told(before, everything())


def test_reps_do_not_merge(almost_ready: Lead, twin: Lead, carol: User) -> None:
    with pytest.raises(NotAllowed):
        merged(almost_ready, twin, carol)


def test_what_is_gone_cannot_be_merged_again(almost_ready: Lead, twin: Lead, dana: User) -> None:
    merged(almost_ready, twin, dana)
    with pytest.raises(MergedMeanwhile):
        merged(almost_ready, twin, dana)


def test_a_touch_of_the_one_that_went_away_is_logged_on_the_one_that_stayed(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    kept, _merge = merged(almost_ready, twin, dana)
    touch = log_touch(
        lead=twin, channel=Channel.EMAIL, outcome=Outcome.SENT, by=dana, now=NOW + DAY
    )
    assert touch.lead_id == kept.pk


@pytest.mark.parametrize(
    "rows", [Touch, RecordedAnswer, StageChange, Assignment], ids=lambda model: model.__name__
)
def test_only_a_merge_moves_what_stands(
    rows: Any, almost_ready: Lead, twin: Lead, dana: User
) -> None:
    with pytest.raises(InternalError), transaction.atomic():
        rows.objects.filter(lead=twin).update(lead=almost_ready)
    merged(almost_ready, twin, dana)
    with pytest.raises(InternalError), transaction.atomic():
        rows.objects.filter(lead=almost_ready).update(lead=almost_ready.pk + 1)


# People and companies alone


def test_two_companies_become_one_and_two_again(almost_ready: Lead, twin: Lead, dana: User) -> None:
    before = everything()
    assert almost_ready.company is not None
    assert twin.company is not None
    merge = merge_companies(
        first=twin.company, second=almost_ready.company, picks={}, by=dana, now=NOW
    )
    twin.refresh_from_db()
    almost_ready.refresh_from_db()
    assert twin.company_id == almost_ready.company_id
    assert "halden paper" in twin.search_text
    assert Company.objects.get().employees == 310
    undo_merge(merge=merge, by=dana, now=NOW)
    assert not told(before, everything())


def test_two_people_become_one_and_two_again(almost_ready: Lead, twin: Lead, dana: User) -> None:
    before = everything()
    assert almost_ready.contact is not None
    assert twin.contact is not None
    merge = merge_contacts(
        first=twin.contact, second=almost_ready.contact, picks={}, by=dana, now=NOW
    )
    twin.refresh_from_db()
    almost_ready.refresh_from_db()
    assert twin.contact_id == almost_ready.contact_id
    assert Touch.objects.filter(contact=twin.contact_id).count() == Touch.objects.count()
    undo_merge(merge=merge, by=dana, now=NOW)
    assert not told(before, everything())


def test_what_was_told_apart_stays_apart_from_the_one_that_is_kept(
    almost_ready: Lead, twin: Lead, make_lead: Callable[..., Lead], dana: User
) -> None:
    third = make_lead("Halden Papers")
    pair = DuplicatePair.objects.filter(
        Q(first_company=twin.company) & Q(second_company=third.company)
    ).first() or DuplicatePair.objects.create(
        first_company=twin.company,
        second_company=third.company,
        reasons=["words"],
        found_at=NOW,
    )
    tell_apart(pair=pair, by=dana, now=NOW)
    kept, _merge = merged(almost_ready, twin, dana)
    told = DuplicatePair.objects.get(first_company=kept.company, second_company=third.company)
    assert told.different_by == dana


# Figures (docs/decisions/0028)


def figures(key: str) -> dict[str, Any]:
    zone = ZoneInfo("America/New_York")
    counted = count_month(Period.parse(key, zone), [])
    return {name: value for tree in counted.values() for name, value in tree.items()}


def test_a_merged_lead_is_counted_once_from_where_it_first_was(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    march, april = figures("2026-03"), figures("2026-04")
    assert (march["under_development"], april["under_development"]) == (1, 2)
    assert (march["new_prospects"], april["new_prospects"]) == (1, 1)
    merged(almost_ready, twin, dana)
    march, april = figures("2026-03"), figures("2026-04")
    assert (march["under_development"], april["under_development"]) == (1, 1)
    assert (march["new_prospects"], april.get("new_prospects", 0)) == (1, 0)
    [received] = march["received"].values()
    assert received["leads"] == 1
    assert "received" not in april


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_merges_and_a_touch_at_once_take_turns(
    almost_ready: Lead, twin: Lead, dana: User
) -> None:
    """One merge wins, the other is told so; the touch is on the lead that is left."""
    ready = threading.Barrier(3)
    told: list[str] = []

    def run(act: Callable[[], Any]) -> None:
        ready.wait()
        try:
            act()
            told.append("done")
        except MergedMeanwhile:
            told.append("meanwhile")
        finally:
            connection.close()

    acts: list[Callable[[], Any]] = [
        lambda: merged(almost_ready, twin, dana),
        lambda: merged(twin, almost_ready, dana),
        lambda: log_touch(lead=twin, channel=Channel.EMAIL, outcome=Outcome.SENT, by=dana, now=NOW),
    ]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(told) == ["done", "done", "meanwhile"]
    kept = Lead.objects.get()
    assert kept.touches.count() == Touch.objects.count() == 10
    assert kept.outbound_touches == 10


def test_a_withdrawal_is_carried_to_the_address_that_is_kept(
    make_lead: Callable[..., Lead], dana: User
) -> None:
    kept, twin = make_lead(), make_lead()
    given, taken_back = (
        record_consent(
            contact=lead.contact,  # type: ignore[arg-type]
            channel="email",
            basis="consent",
            source="paper",
            words="card of the fair",
            given_at=NOW - 2 * DAY,
            by=dana,
            now=NOW - DAY,
        )
        for lead in (kept, twin)
    )
    withdraw_consent(consent=taken_back, why="by phone", by=dana, now=NOW)
    merged, _merge = merge_leads(first=kept, second=twin, wishes=Wishes(), by=dana, now=NOW)
    assert merged.contact is not None
    reach = reachability(merged.contact, merged.company, "email")
    assert len(reach.grounds) == 2
    verdict = never_contactable(reach, NOW)
    assert verdict is not None
    assert verdict.why == "took their consent back"
    assert Consent.objects.filter(contact=merged.contact).count() == 3, "nothing is lost"
    given.refresh_from_db()
    assert given.withdrawn_at is None
