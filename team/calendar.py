"""Working days and working hours. Pure: plain values in and out, no database, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

SATURDAY = 5
SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def _holidays(country: str) -> holidays.HolidayBase:
    """The public holidays of a country, filled in year by year as asked; none where it is unknown."""
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return holidays.HolidayBase()


@dataclass(frozen=True)
class Calendar:
    """The working days of one place: Monday to Friday without its public holidays."""

    zone: ZoneInfo
    country: str = ""

    def holiday_on(self, day: date) -> str | None:
        """The name of the public holiday on that day, or None."""
        return _holidays(self.country).get(day) if self.country else None

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < SATURDAY and self.holiday_on(day) is None

    def working_day_on_or_after(self, day: date) -> date:
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The count-th working day after `day` (day itself does not count); count is not negative."""
        for _ in range(count):
            day = self.working_day_on_or_after(day + timedelta(days=1))
        return day

    def end_of_window(self, start: datetime, working_days: int) -> datetime:
        """The first instant after the given number of working days that follow the day of `start`."""
        last = self.add_working_days(start.astimezone(self.zone).date(), working_days)
        return datetime.combine(last + timedelta(days=1), time(), self.zone)

    def add_working_hours(self, start: datetime, hours: int) -> datetime:
        """`hours` of the clock, counted on working days only: 24 is the same time next working day.

        See docs/decisions/0010-working-hours.md for why a working hour is one of 24 a day.
        """
        local = start.astimezone(self.zone)
        day = self.working_day_on_or_after(local.date())
        if day != local.date():
            local = datetime.combine(day, time(), self.zone)
        whole_days, rest = divmod(hours, 24)
        end = datetime.combine(
            self.add_working_days(day, whole_days), local.time(), self.zone
        ) + timedelta(hours=rest)
        if end.date() != day and not self.is_working_day(end.date()):
            end = datetime.combine(self.working_day_on_or_after(end.date()), end.time(), self.zone)
        return end


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
