"""What came of planned touches, counted by the hour from the history that the database keeps.

An hour is counted once, a while after it is over, and stored; what was not counted yet is counted
when asked. So a question about a week costs what the last hour holds, not what the week does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from nurture.models import Engine

HOUR = timedelta(hours=1)
SETTLES = timedelta(minutes=15)
"""So long after its end an hour is counted: what began in it has committed by then."""
WEEK = timedelta(days=7)
TALLIES_KEPT = timedelta(days=35)
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
"""The hour that stands for all those folded together."""


class Outcome(TextChoices):
    """What may come of a planned touch, and of a mail after it was sent."""

    SUBMITTED = "submitted", _("Handed over")
    SENT = "sent", _("Made")
    PUT_OFF = "put_off", _("Put off")
    SKIPPED = "skipped", _("Skipped")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Uncertain")
    BOUNCED = "bounced", _("Bounced")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    COMPLAINED = "complained", _("Complained")


@dataclass(frozen=True)
class Count:
    """How often in an hour. `reason` in words, without personal data; empty where a person gave one."""

    hour: datetime
    channel: str
    outcome: str
    reason: str
    count: int


# Reasons are words of ours, but for two: what a person said is theirs, and of what a server said
# only its code is kept, as servers repeat the address.
_COUNTED = """
    SELECT date_trunc('hour', event.at, 'UTC') AS hour, planned.channel,
           CASE event.to_state WHEN 'submitting' THEN 'submitted' WHEN 'pending' THEN 'put_off'
                               ELSE event.to_state END AS outcome,
           CASE WHEN event.by_id IS NOT NULL OR event.to_state IN ('submitting', 'sent') THEN ''
                WHEN event.reason ~ '^[245][0-9][0-9]\\M'
                THEN substring(event.reason FROM '^[245][0-9][0-9](?:[ -][245]\\.[0-9]+\\.[0-9]+)?')
                ELSE regexp_replace(event.reason, '\\S+@\\S+', '…', 'g') END AS reason,
           count(*) AS count
      FROM nurture_stateevent AS event
      JOIN nurture_plannedtouch AS planned ON planned.id = event.planned_id
     WHERE event.at >= %(since)s AND event.at < %(until)s
       AND (event.to_state IN ('submitting', 'sent', 'failed', 'skipped', 'cancelled', 'uncertain')
            OR (event.to_state = 'pending' AND event.from_state IN ('claimed', 'submitting')))
     GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT date_trunc('hour', occurred_at, 'UTC'), channel, outcome, '', count(*)
      FROM nurture_touch
     WHERE occurred_at >= %(since)s AND occurred_at < %(until)s AND channel = 'email'
       AND outcome IN ('bounced', 'unsubscribed')
       AND superseded_at IS NULL AND external_id IS NULL
     GROUP BY 1, 2, 3
    UNION ALL
    SELECT date_trunc('hour', at, 'UTC'), channel, 'complained', '', count(*)
      FROM prospects_suppression
     WHERE why = 'complaint' AND source NOT IN ('list', 'import', 'merge')
       AND at >= %(since)s AND at < %(until)s
     GROUP BY 1, 2
"""

_COUNTS = f"""
    SELECT hour, channel, outcome, reason, count FROM nurture_tally
     WHERE hour >= %(first)s AND hour < %(since)s
    UNION ALL {_COUNTED} ORDER BY 1
"""  # noqa: S608 - texts of ours alone
_STORE = f"""
    INSERT INTO nurture_tally (hour, channel, outcome, reason, count)
    SELECT hour, channel, outcome, reason, count FROM ({_COUNTED}) AS counted
"""  # noqa: S608


def counts(since: datetime, now: datetime) -> list[Count]:
    """What came of the hours from the one in which `since` lies: two queries.

    The order is that of the hours; an hour that is not over is counted as far as it went.
    """
    counted_to = _tallied_until() or _hour_of(now - WEEK)
    first = _hour_of(since)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS, {"first": first, "since": max(counted_to, first), "until": now + HOUR}
        )
        return [Count(*row) for row in cursor.fetchall()]


def tally_hours(now: datetime) -> int:
    """Count the hours that are over and settled, and fold the old ones together; returns how many.

    Who comes while another counts does nothing.
    """
    until = _hour_of(now - SETTLES)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('nurture.engine.counting'))")
        if not cursor.fetchone()[0]:
            return 0
        since = _tallied_until() or _hour_of(now - WEEK)
        if since >= until:
            return 0
        cursor.execute(_STORE, {"since": since, "until": until})
        _fold(cursor, now)
        Engine.objects.get_or_create(pk=1)
        Engine.objects.filter(pk=1).update(tallied_until=until)
    return (until - since) // HOUR


def totals(now: datetime) -> dict[tuple[str, str, str], int]:
    """Ever since counting began, by channel, outcome and reason; it only grows: two queries."""
    return summed(counts(OLDEST, now))


def summed(counted: Iterable[Count]) -> dict[tuple[str, str, str], int]:
    """Counts of several hours together, by channel, outcome and reason."""
    result: dict[tuple[str, str, str], int] = {}
    for each in counted:
        key = (each.channel, each.outcome, each.reason)
        result[key] = result.get(key, 0) + each.count
    return result


def _fold(cursor: CursorWrapper, now: datetime) -> None:
    """One row instead of a row an hour for what is older than anybody asks by the hour."""
    cursor.execute(
        """
        WITH old AS (
            DELETE FROM nurture_tally WHERE hour > %(oldest)s AND hour < %(kept)s
            RETURNING channel, outcome, reason, count)
        INSERT INTO nurture_tally (hour, channel, outcome, reason, count)
        SELECT %(oldest)s, channel, outcome, reason, sum(count) FROM old GROUP BY 2, 3, 4
        ON CONFLICT (hour, channel, outcome, reason)
        DO UPDATE SET count = nurture_tally.count + EXCLUDED.count
        """,
        {"oldest": OLDEST, "kept": now - TALLIES_KEPT},
    )


def _tallied_until() -> datetime | None:
    return Engine.objects.filter(pk=1).values_list("tallied_until", flat=True).first()


def _hour_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
