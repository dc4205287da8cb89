"""What the engine's page shows: how much is due, how late, what hangs, what was refused and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet

from nurture.engine.settling import Fate
from nurture.engine.states import HELD, PlannedState
from nurture.models import Engine, PlannedTouch, Submission
from team.models import User

LATELY = timedelta(hours=24)
MOST_UNCERTAIN = 50
MOST_REASONS = 12


@dataclass(frozen=True)
class Uncertain:
    """A message of which only the receiver knows whether it arrived."""

    pk: int
    lead_pk: int
    lead: str
    to: str
    subject: str
    submitted_at: datetime
    reply: str


@dataclass(frozen=True)
class Refusal:
    """Why touches were not made within the last day, and how many."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True)
class EnginePage:
    paused_at: datetime | None
    paused_by: str
    why: str
    due: int
    oldest_due: timedelta | None
    waiting_for_people: int
    in_flight: int
    sent_lately: int
    submitted_lately: int
    uncertain: tuple[Uncertain, ...]
    refusals: tuple[Refusal, ...]
    fates: tuple[tuple[str, str], ...]


def engine_page(user: User, now: datetime) -> EnginePage:
    """How the engine fares with the touches that the reader may see: six queries."""
    seen = PlannedTouch.objects.visible_to(user)
    engine = Engine.objects.select_related("paused_by").filter(pk=1).first() or Engine(pk=1)
    due = seen.filter(
        state=PlannedState.PENDING,
        due_at__lte=now,
        enrolment__paused_at__isnull=True,
        enrolment__version__cadence__paused_at__isnull=True,
    ).aggregate(count=Count("pk"), oldest=Min("due_at"))
    open_now = dict(
        seen.filter(state__in=[*HELD, PlannedState.AWAITING_HUMAN])
        .values_list("state")
        .annotate(Count("pk"))
    )
    ended = seen.filter(ended_at__gt=now - LATELY)
    by_end = list(ended.values_list("state", "reason").annotate(Count("pk")).order_by("-pk__count"))
    refusals = [
        Refusal(str(PlannedState(state).label), reason, count)
        for state, reason, count in by_end
        if state != PlannedState.SENT
    ]
    submitted = Submission.objects.filter(planned__in=seen, opened_at__gt=now - LATELY).count()
    return EnginePage(
        paused_at=engine.paused_at,
        paused_by=str(engine.paused_by or ""),
        why=engine.why,
        due=due["count"],
        oldest_due=now - due["oldest"] if due["oldest"] else None,
        waiting_for_people=open_now.get(PlannedState.AWAITING_HUMAN, 0),
        in_flight=sum(open_now.get(state, 0) for state in HELD),
        sent_lately=sum(count for state, _why, count in by_end if state == PlannedState.SENT),
        submitted_lately=submitted,
        uncertain=tuple(_uncertain(seen)),
        refusals=tuple(refusals[:MOST_REASONS]),
        fates=tuple((str(value), str(label)) for value, label in Fate.choices),
    )


def _uncertain(seen: QuerySet[PlannedTouch]) -> list[Uncertain]:
    latest = (
        Submission.objects.filter(
            planned__in=seen,
            planned__state=PlannedState.UNCERTAIN,
            result=Submission.Result.UNKNOWN,
        )
        .select_related("planned__lead__company", "planned__lead__contact", "planned__contact")
        .order_by("planned", "-number")
        .distinct("planned")
    )
    return [
        Uncertain(
            pk=submission.planned_id,
            lead_pk=submission.planned.lead_id,
            lead=str(submission.planned.lead),
            to=str(submission.planned.contact),
            subject=submission.subject,
            submitted_at=submission.opened_at,
            reply=submission.reply,
        )
        for submission in latest[:MOST_UNCERTAIN]
    ]
