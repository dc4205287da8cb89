"""What becomes of a batch that was claimed: the gates for each, and what does not go written in sets.

Only what goes is carried on one by one (nurture.engine.submitting), where everything is asked again.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from nurture.actions import plan_all
from nurture.cadences.enrolling import advance_all, due
from nurture.engine import gates
from nurture.engine.clock import Now, engine_now
from nurture.engine.messages import Written
from nurture.engine.situations import AT_HAND, SHARED, Case, read_cases
from nurture.engine.states import HELD, PlannedState
from nurture.engine.timing import Intent, next_window
from nurture.models import Enrolment, PlannedTouch
from prospects.reads import calendar_there
from team.models import Organisation


@dataclass(frozen=True)
class Claim:
    """A planned touch that is ours until its lease ends."""

    pk: int
    lease: uuid.UUID


@dataclass(frozen=True)
class Going:
    """A claimed touch that may be made, as far as was known when its batch was read."""

    claim: Claim
    planned: PlannedTouch
    written: Written
    organisation: Organisation


@dataclass(frozen=True)
class Anew:
    """Its time had passed: planned again into the next allowed hours."""

    intent: Intent
    why: str


Verdict = gates.Later | gates.Skip | gates.Cancel | Anew
"""What becomes of a touch that does not go."""


def decide_batch(claims: Sequence[Claim]) -> tuple[list[Going], Counter[str]]:
    """Ask the gates about each claimed touch; what does not go is moved on.

    Returns what goes, and how many of the others came to which state; what is ours no more is left
    out. The number of queries does not depend on how many they are. Where somebody holds the lead at
    this moment, it comes after the others, alone: who waits for a lock holds none.
    """
    decided = _decide(claims, wait=False)
    for claim in claims:
        if claim not in decided:
            decided |= _decide([claim], wait=True)
    going = [outcome for outcome in decided.values() if isinstance(outcome, Going)]
    return going, Counter(state for state in decided.values() if isinstance(state, str))


@transaction.atomic
def _decide(claims: Iterable[Claim], *, wait: bool) -> dict[Claim, Going | str]:
    """Of those that are ours and, unless we `wait`, free: what goes, or the state that it came to.

    One transaction, with the leads locked: what is decided is so when it is written down. Nothing but
    the database is asked meanwhile.
    """
    planned_touches = _locked(claims, wait=wait)
    if not planned_touches:
        return {}
    organisation = Organisation.current()
    now = engine_now()
    decided: dict[Claim, Going | str] = {}
    verdicts: list[tuple[PlannedTouch, Verdict]] = []
    for case in read_cases(planned_touches, organisation=organisation, now=now):
        planned = case.planned
        verdict = verdict_on(case, now)
        if verdict is not None:
            verdicts.append((planned, verdict))
        elif case.written is not None:
            claim = _claim_on(planned)
            decided[claim] = Going(claim, planned, case.written, organisation)
    return decided | _write(verdicts, now)


def verdict_on(case: Case, now: datetime) -> Verdict | None:
    """Why a touch does not go now, and what becomes of it; None where it goes."""
    planned = case.planned
    if now > planned.not_after:
        hours = case.situation.reach.limits.hours
        intent = next_window(now, str(planned.pk), case.calendar, hours)
        return Anew(intent, _("its time had passed: planned anew"))
    decision = case.decide(now)
    return None if isinstance(decision, gates.Go) else decision


def move_on(verdicts: Mapping[Claim, Verdict]) -> Counter[str]:
    """Do what was decided with touches of ours, and plan what follows, in sets.

    Waits for nobody but where it is one. Returns how many came to which state; what is ours no more
    is left out.
    """
    states = _move(verdicts, wait=False)
    for claim in verdicts.keys() - states.keys():
        states |= _move({claim: verdicts[claim]}, wait=True)
    return Counter(states.values())


@transaction.atomic
def _move(verdicts: Mapping[Claim, Verdict], *, wait: bool) -> dict[Claim, str]:
    locked = _locked(verdicts, wait=wait)
    return _write([(planned, verdicts[_claim_on(planned)]) for planned in locked], engine_now())


def _write(verdicts: Sequence[tuple[PlannedTouch, Verdict]], now: datetime) -> dict[Claim, str]:
    """Write down what becomes of touches that are locked, with what follows; the state of each."""
    if not verdicts:
        return {}
    states: dict[Claim, str] = {}
    open_now: dict[int, PlannedTouch] = {}
    skipped, cancelled = [], []
    for planned, verdict in verdicts:
        claim = _claim_on(planned)
        match verdict:
            case gates.Later(at, why):
                planned.state, planned.reason, planned.due_at = PlannedState.PENDING, why, at
                open_now[planned.lead_id] = planned
            case Anew(intent, why):
                planned.state, planned.reason = PlannedState.PENDING, why
                for column, value in due(intent).items():
                    setattr(planned, column, value)
                open_now[planned.lead_id] = planned
            case gates.Skip(why):
                planned.state, planned.reason = PlannedState.SKIPPED, why
                planned.ended_at = now
                skipped.append(planned)
            case gates.Cancel(why):
                planned.state, planned.reason = PlannedState.CANCELLED, why
                planned.ended_at = now
                cancelled.append(planned.enrolment_id)
        states[claim] = str(planned.state)
    _store([planned for planned, _verdict in verdicts])
    if cancelled:
        Enrolment.objects.active().filter(pk__in=cancelled).update(
            ended_at=now, end=Enrolment.End.LEFT_PROGRAM
        )
    if skipped:
        ours = Organisation.current().calendar
        following = advance_all(
            [
                (planned, calendar_there(planned.contact, planned.lead.company, ours))
                for planned in skipped
            ],
            now=now,
        )
        open_now |= {planned.lead_id: planned for planned in following}
    plan_all([planned.lead for planned, _verdict in verdicts], now=now, planned=open_now)
    return states


def _claim_on(planned: PlannedTouch) -> Claim:
    assert planned.lease is not None  # the database holds it for what is claimed
    return Claim(planned.pk, planned.lease)


def _locked(claims: Iterable[Claim], *, wait: bool) -> list[PlannedTouch]:
    """Those that are still ours, locked until the transaction ends, with what their cases rest on.

    The lead before its enrolment before its planned touch: everybody locks them in this order.
    """
    leases = {claim.pk: claim.lease for claim in claims}
    planned_touches = [
        planned
        for planned in PlannedTouch.objects.select_related(*AT_HAND)
        .select_for_update(of=("lead", "enrolment", "self"), skip_locked=not wait, no_key=True)
        .filter(pk__in=leases, state__in=HELD, lease_until__gt=Now())
        .order_by("lead")
        if planned.lease == leases[planned.pk]
    ]
    for planned in planned_touches:
        if planned.lead.contact_id == planned.contact_id:
            planned.lead.contact = planned.contact
    prefetch_related_objects(planned_touches, *SHARED, *SHOWN)
    return planned_touches


SHOWN = ("lead__contact", "enrolment__version__cadence")
"""What the plan of a lead says and rests on: at hand already, or shared by many."""


def _store(planned_touches: list[PlannedTouch]) -> None:
    """Write them in one statement; nobody holds a lease on them any more."""
    rows = [
        (
            planned.pk,
            str(planned.state),
            str(planned.reason)[:250],
            planned.due_on,
            planned.due_time,
            planned.zone,
            planned.due_at,
            planned.not_after,
            planned.ended_at,
        )
        for planned in planned_touches
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [list(column) for column in zip(*rows, strict=True)])


_STORE = """
    UPDATE nurture_plannedtouch AS planned
       SET state = moved.state, reason = moved.reason, moved_by_id = NULL,
           lease = NULL, lease_until = NULL, due_on = moved.due_on, due_time = moved.due_time,
           zone = moved.zone, due_at = moved.due_at, not_after = moved.not_after,
           ended_at = moved.ended_at
      FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::date[], %s::time[], %s::text[],
                  %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
           AS moved (id, state, reason, due_on, due_time, zone, due_at, not_after, ended_at)
     WHERE planned.id = moved.id
"""
