"""When a planned touch is due. Pure: intent is wall-clock time in a zone, the instant is derived.

A time that a day does not have (clocks go forward) becomes the first instant after the gap; a time
that it has twice (clocks go back) means the first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nurture.contactability import CLOSES, OPENS
from team.calendar import Calendar

LATEST = timedelta(days=1)
"""Past this after its due time a touch is not sent late in a burst, but planned anew."""
SECOND = timedelta(seconds=1)


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


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which the clocks of a zone show that time on that day."""
    wall = datetime.combine(day, at, zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # In a gap the two readings of the wall time lie on either side of the jump.
    after, before = instant, wall.replace(fold=1).astimezone(UTC)
    offset_before = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


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


def next_window(now: datetime, key: str, calendar: Calendar) -> Intent:
    """Where a touch that missed its time goes: the next allowed hours, each at a moment of its own.

    `key` (the touch's id) spreads what an outage held up over the hours that are left of the day,
    the same whenever it is asked.
    """
    local = now.astimezone(calendar.zone)
    day = local.date()
    if local.time() >= CLOSES:
        day += timedelta(days=1)
    day = calendar.working_day_on_or_after(day)
    opens = datetime.combine(day, OPENS)
    if day == local.date():
        opens = max(opens, local.replace(tzinfo=None))
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32
    at = opens + (datetime.combine(day, CLOSES) - opens) * share
    return Intent(day, at.time().replace(microsecond=0), calendar.zone)
