"""What became overdue while something was paused goes out as slowly as it would have, not in a burst."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from nurture.models import Cadence

LONGEST = timedelta(hours=4)

_SPREAD = """
    WITH overdue AS MATERIALIZED (
        SELECT planned.id FROM nurture_plannedtouch AS planned
         WHERE planned.state = 'pending' AND planned.performer = 'machine'
           AND planned.channel = 'email' AND planned.due_at <= %(now)s
           AND (%(cadence)s::bigint IS NULL OR EXISTS (
                SELECT FROM nurture_enrolment AS enrolment
                  JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
                 WHERE enrolment.id = planned.enrolment_id AND version.cadence_id = %(cadence)s))
           FOR NO KEY UPDATE OF planned SKIP LOCKED
    )
    UPDATE nurture_plannedtouch AS planned
       SET due_at = %(now)s + random() * %(span)s * interval '1 second', reason = %(why)s
      FROM overdue WHERE planned.id = overdue.id
"""


def spread_overdue(*, paused_at: datetime, now: datetime, cadence: Cadence | None = None) -> int:
    """Give what is overdue a moment each in the time to come; returns how many.

    Over as long a time as the pause took, four hours at most: the mail server, and whoever answers,
    see the rate that was planned. What is past its `not_after` by then goes on to its next allowed
    window, as after any outage. In the caller's transaction.
    """
    span = min(max(now - paused_at, timedelta()), LONGEST)
    with connection.cursor() as cursor:
        cursor.execute(
            _SPREAD,
            {
                "now": now,
                "span": span.total_seconds(),
                "cadence": cadence.pk if cadence else None,
                "why": _("spread out after a pause"),
            },
        )
        return int(cursor.rowcount)
