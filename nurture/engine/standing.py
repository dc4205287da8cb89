"""How the engine stands at this moment, over the whole organization: for its page, the API and /metrics.

Figures only, about nobody. The number of queries is fixed, and none reads what is past.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from nurture.engine.states import PlannedState
from nurture.models import Engine, Enrolment
from nurture.models.cadences import BATCH_CHANNELS

_DUE = """
    SELECT performer, channel, count(*), min(due_at) FROM nurture_plannedtouch AS planned
     WHERE state = 'pending' AND due_at <= %(now)s
       AND NOT EXISTS (
           SELECT FROM nurture_enrolment AS enrolment
            WHERE enrolment.id = planned.enrolment_id AND enrolment.ended_at IS NULL
              AND (enrolment.paused_at IS NOT NULL OR enrolment.version_id = ANY(%(paused)s)))
     GROUP BY 1, 2 ORDER BY 1, 2
"""
_PAUSED_VERSIONS = """
    SELECT COALESCE(array_agg(version.id), '{}') FROM nurture_cadenceversion AS version
      JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
     WHERE cadence.paused_at IS NOT NULL
"""
_OPEN = """
    SELECT planned.state, planned.channel, count(*), min(event.at),
           count(*) FILTER (WHERE planned.lease_until < %(now)s)
      FROM nurture_plannedtouch AS planned
      LEFT JOIN LATERAL (SELECT at FROM nurture_stateevent
                          WHERE planned_id = planned.id ORDER BY number DESC LIMIT 1
      ) AS event ON true
     WHERE planned.state IN ('claimed', 'submitting') GROUP BY 1, 2
    UNION ALL
    SELECT state, channel, count(*), min(due_at), 0 FROM nurture_plannedtouch
     WHERE state = 'awaiting_human' GROUP BY 1, 2
    UNION ALL
    SELECT 'uncertain', 'email', count(*), NULL, 0 FROM nurture_plannedtouch
     WHERE state = 'uncertain'
"""


@dataclass(frozen=True)
class Due:
    """What is past its time, and not paused. Who does it: machine or person."""

    performer: str
    channel: str
    count: int
    oldest: datetime


@dataclass(frozen=True)
class Held:
    """What dispatchers work on in a state. `oldest`: since when it is in it."""

    state: str
    count: int
    oldest: datetime | None
    past_lease: int


@dataclass(frozen=True)
class Standing:
    now: datetime
    engine: Engine
    due: tuple[Due, ...]
    held: tuple[Held, ...]
    in_print: int
    """Letters that lie in a batch and are not posted yet."""
    with_people: int
    uncertain: int
    paused_enrolments: int

    @property
    def due_count(self) -> int:
        return sum(each.count for each in self.due)

    @property
    def oldest_due(self) -> timedelta | None:
        """How long the oldest of what is due has waited."""
        return max((self.now - each.oldest for each in self.due), default=None)

    @property
    def in_flight(self) -> int:
        return sum(each.count for each in self.held)

    @property
    def holds_mail(self) -> bool:
        """The breaker waits for a mail server that refuses."""
        until = self.engine.mail_holds_until
        return until is not None and until > self.now


def standing(now: datetime) -> Standing:
    """Five queries."""
    engine = (
        Engine.objects.select_related("paused_by", "mail_paused_by").filter(pk=1).first()
    ) or Engine(pk=1)
    with connection.cursor() as cursor:
        cursor.execute(_PAUSED_VERSIONS)
        (paused,) = cursor.fetchone()
        cursor.execute(_DUE, {"now": now, "paused": paused})
        due = tuple(Due(*row) for row in cursor.fetchall())
        cursor.execute(_OPEN, {"now": now})
        rows = cursor.fetchall()
    held: dict[str, Held] = {}
    in_print = with_people = uncertain = 0
    for state, channel, count, oldest, past_lease in rows:
        if state == PlannedState.UNCERTAIN:
            uncertain = count
        elif state == PlannedState.AWAITING_HUMAN:
            with_people += count
        elif channel in BATCH_CHANNELS:
            in_print += count
        else:
            held[state] = Held(state, count, oldest, past_lease)
    return Standing(
        now=now,
        engine=engine,
        due=due,
        held=tuple(held.values()),
        in_print=in_print,
        with_people=with_people,
        uncertain=uncertain,
        paused_enrolments=Enrolment.objects.active().filter(paused_at__isnull=False).count(),
    )
