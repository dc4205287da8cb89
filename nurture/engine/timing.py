"""When a planned touch is due. Pure: intent is wall-clock time in a zone, the instant is derived.

A time that a day does not have (clocks go forward) becomes the first instant after the gap; a time
that it has twice (clocks go back) means the first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nurture.contactability import WORKDAY, Hours, opening_in
from team.calendar import Calendar, instant_of

LATEST = timedelta(days=1)
"""Past this after its due time a touch is not sent late in a burst, but planned anew."""


@dataclass(frozen=True)
class Intent:
    """What was meant: a day and a time on the clock of a place."""

    day: date
    at: time
    zone: ZoneInfo

    @property
    def instant(self) -> datetime:
        """The instant in UTC that this means."""
        return instant_of(self.day, self.at, self.zone)


def intent_after(done_on: date, working_days: int, at: time, calendar: Calendar) -> Intent:
    """So many working days after a day, by the calendar of the prospect's place.

    With none it is that day itself, or the next working day if it is none.
    """
    day = (
        calendar.add_working_days(done_on, working_days)
        if working_days
        else calendar.working_day_on_or_after(done_on)
    )
    return Intent(day, at, calendar.zone)


def next_window(now: datetime, key: str, calendar: Calendar, hours: Hours = WORKDAY) -> Intent:
    """Where a touch that missed its time goes: the next allowed hours, each at a moment of its own.

    `key` (the touch's id) spreads what an outage held up over the hours that are left of the day,
    the same whenever it is asked. `hours`: those of its situation (gates.Situation.reach.limits).
    """
    opens = opening_in(hours, now, calendar) or now
    local = opens.astimezone(calendar.zone)
    begins, ends = local.replace(tzinfo=None), datetime.combine(local.date(), hours.closes)
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32
    at = begins + (ends - begins) * share
    return Intent(local.date(), at.time().replace(microsecond=0), calendar.zone)
