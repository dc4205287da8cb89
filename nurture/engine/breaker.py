"""The circuit breaker of automatic mail: asked before each claim, it stops what harms our name.

`tripping` has the rule; here the counts are read, at most every JUDGED_EVERY whatever asks, and the
verdict is kept in the engine's row.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.engine import counting, running
from nurture.engine.counting import Count, Outcome
from nurture.engine.tripping import (
    LAST_FOR_BOUNCES,
    LAST_FOR_COMPLAINTS,
    Hold,
    Limits,
    Record,
    Trip,
    judge,
)
from nurture.models import Engine, SwitchEvent
from nurture.touching import Channel
from prospects.actions import NotAllowed
from team.models import Organisation, User

JUDGED_EVERY = timedelta(seconds=10)
DAY = timedelta(days=1)
EVENTS_READ = 2000
"""Of the history, back from its end: some five hundred mails."""

logger = structlog.get_logger(__name__)

# A minute of grace: the clock of an event is read a moment after that of what caused it.
_LATEST = """
    WITH events AS MATERIALIZED (
        SELECT id, planned_id, from_state, to_state, at, reason FROM nurture_stateevent
         ORDER BY id DESC LIMIT %(events)s
    ), mails AS MATERIALIZED (
        SELECT events.*, planned.lead_id, planned.contact_id,
               events.reason ~ '^(4[0-9][0-9]\\M|\\[Errno|unreachable)' AS is_for_now
          FROM events JOIN nurture_plannedtouch AS planned ON planned.id = planned_id
         WHERE channel = 'email' AND from_state IN ('claimed', 'submitting') AND at >= %(since)s
    ), tried AS MATERIALIZED (
        SELECT * FROM mails
         WHERE to_state = 'submitting'
            OR (from_state = 'claimed' AND to_state = 'skipped' AND reason ~ '^5[0-9][0-9]\\M')
         ORDER BY id DESC LIMIT %(last)s
    ), judged AS (
        SELECT row_number() OVER (ORDER BY tried.id DESC) AS back,
               EXISTS (SELECT FROM nurture_touch AS touch
                        WHERE touch.lead_id = tried.lead_id
                          AND touch.contact_id = tried.contact_id
                          AND touch.occurred_at >= tried.at - interval '1 minute'
                          AND touch.channel = 'email'
                          AND touch.outcome = 'bounced' AND touch.superseded_at IS NULL
               ) AS has_bounced,
               EXISTS (SELECT FROM nurture_submission AS submission
                         JOIN prospects_suppression AS suppression
                           ON suppression.channel = 'email'
                          AND suppression.address_hash = submission.address_hash
                        WHERE submission.planned_id = tried.planned_id
                          AND suppression.why = 'complaint'
                          AND suppression.at >= submission.opened_at - interval '1 minute'
               ) AS was_complained_about
          FROM tried
    ), refused AS (
        SELECT count(*) AS times, max(at) AS last_at FROM mails
         WHERE is_for_now AND to_state = 'pending'
           AND id > COALESCE((SELECT max(id) FROM mails WHERE to_state = 'sent'), 0)
    )
    SELECT count(*) FILTER (WHERE was_complained_about AND back <= %(for_complaints)s),
           count(*) FILTER (WHERE has_bounced),
           (SELECT times FROM refused), (SELECT last_at FROM refused)
      FROM judged
"""


def mail_may_go(now: datetime) -> bool:
    """Whether mail may be claimed now: one row, and every ten seconds a judgement for everybody."""
    engine = Engine.objects.filter(pk=1).first()
    if engine is None:
        engine = Engine.objects.get_or_create(pk=1)[0]
    if _is_due(engine, now) and _take_turn(now):
        engine = watch(now)
    return (
        engine.paused_at is None
        and engine.mail_paused_at is None
        and (engine.mail_holds_until is None or engine.mail_holds_until <= now)
    )


@transaction.atomic
def watch(now: datetime) -> Engine:
    """Judge what came of our mail and act on it; returns the engine as it stands then."""
    engine = Engine.objects.select_for_update().get(pk=1)
    if engine.mail_paused_at is not None:
        return engine
    verdict = judge(read_record(engine, now), limits())
    match verdict:
        case Trip(cause, why):
            running.turn_off(
                SwitchEvent.What.MAIL, cause=SwitchEvent.Cause(cause), by=None, why=why, now=now
            )
        case Hold(until, why) if until > now:
            if engine.mail_holds_until != until:
                logger.warning("mail_held", until=until.isoformat(), why=why)
            Engine.objects.filter(pk=1).update(mail_holds_until=until)
        case _ if engine.mail_holds_until is not None:
            Engine.objects.filter(pk=1).update(mail_holds_until=None)
    engine.refresh_from_db()
    return engine


def limits() -> Limits:
    """As the organization set them."""
    organisation = Organisation.current()
    return Limits(
        complaint_percent=organisation.complaint_percent,
        complaints_of_hundred=organisation.complaints_of_hundred,
        bounce_percent=organisation.bounce_percent,
        refusals_in_a_row=organisation.refusals_in_a_row,
    )


@transaction.atomic
def set_limits(*, limits: Limits, by: User) -> None:
    """From which on the breaker trips, from its next judgement. Refuses (NotAllowed) who manages nothing."""
    if not by.manages:
        raise NotAllowed(_("Only managers and administrators may change the limits."))
    Organisation.objects.get_or_create(pk=1)
    Organisation.objects.filter(pk=1).update(**asdict(limits))


def read_record(engine: Engine, now: datetime) -> Record:
    """What came of our mail since a person last let it go on: three queries.

    The shares of a day and of a week begin with the first full hour after that.
    """
    since = engine.mail_judged_from or counting.OLDEST
    week = [
        each
        for each in counting.counts(now - counting.WEEK, now)
        if each.channel == Channel.EMAIL and each.hour >= since
    ]
    day = [each for each in week if each.hour >= now - DAY]
    with connection.cursor() as cursor:
        cursor.execute(
            _LATEST,
            {
                "events": EVENTS_READ,
                "since": since,
                "last": LAST_FOR_BOUNCES,
                "for_complaints": LAST_FOR_COMPLAINTS,
            },
        )
        complaints, bounces, refused, refused_at = cursor.fetchone()
    return Record(
        sent_in_week=_tried(week),
        complaints_in_week=_sum(week, Outcome.COMPLAINED),
        complaints_of_hundred=complaints,
        sent_in_day=_tried(day),
        bounces_in_day=_sum(day, Outcome.BOUNCED),
        bounces_of_last=bounces,
        refused_in_a_row=refused,
        refused_at=refused_at,
    )


def _sum(counted: list[Count], outcome: Outcome) -> int:
    return sum(each.count for each in counted if each.outcome == outcome)


def _tried(counted: list[Count]) -> int:
    """Mails handed over, and those that the server would not take for their address."""
    at_the_door = sum(
        each.count
        for each in counted
        if each.outcome == Outcome.SKIPPED and each.reason.startswith("5")
    )
    return _sum(counted, Outcome.SUBMITTED) + at_the_door


def _is_due(engine: Engine, now: datetime) -> bool:
    at = engine.mail_judged_at
    # One that lies ahead means that the clock went back.
    return at is None or not timedelta() <= now - at < JUDGED_EVERY


def _take_turn(now: datetime) -> bool:
    """Of all that see that it is due, one judges."""
    lately = Q(mail_judged_at__gt=now - JUDGED_EVERY, mail_judged_at__lte=now)
    turn = Engine.objects.filter(Q(mail_judged_at__isnull=True) | ~lately, pk=1)
    return turn.update(mail_judged_at=now) == 1
