"""The calendar months that figures are of. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

EVERYTHING = "all"


@dataclass(frozen=True)
class Period:
    """Whole calendar months where the organisation is: `[first_on, until_on)`, `[start, end)`."""

    key: str
    first_on: date
    until_on: date
    zone: ZoneInfo

    @classmethod
    def month(cls, day: date, zone: ZoneInfo) -> Period:
        """The calendar month of a day."""
        first = day.replace(day=1)
        return cls(f"{first:%Y-%m}", first, _months_after(first, 1), zone)

    @classmethod
    def month_at(cls, instant: datetime, zone: ZoneInfo) -> Period:
        return cls.month(instant.astimezone(zone).date(), zone)

    @classmethod
    def parse(cls, key: str, zone: ZoneInfo) -> Period:
        """The month of a key like 2026-06; ValueError for anything else."""
        found = re.fullmatch(r"([1-9]\d{3})-(\d\d)", key, re.ASCII)
        if not found:
            message = f"{key} is no month; expected one like 2026-06."
            raise ValueError(message)
        return cls.month(date(int(found[1]), int(found[2]), 1), zone)

    @property
    def start(self) -> datetime:
        return self._midnight(self.first_on)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return self._midnight(self.until_on)

    def _midnight(self, day: date) -> datetime:
        """The first instant of a day, in UTC: where the clocks change, midnight is no clear time."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    @property
    def previous(self) -> Period:
        return Period.month(_months_after(self.first_on, -1), self.zone)

    @property
    def next(self) -> Period:
        return Period.month(self.until_on, self.zone)

    @property
    def is_everything(self) -> bool:
        return self.key == EVERYTHING

    @property
    def year_to_end(self) -> Period:
        """The twelve months that end with this month; everything stays everything."""
        if self.is_everything:
            return self
        return Period(self.key, _months_after(self.until_on, -12), self.until_on, self.zone)

    @property
    def months(self) -> list[Period]:
        """Month by month, oldest first."""
        found = [Period.month(self.first_on, self.zone)]
        while found[-1].until_on < self.until_on:
            found.append(found[-1].next)
        return found

    def months_before_end(self, count: int) -> datetime:
        """The instant so many months before the end."""
        return self._midnight(_months_after(self.until_on, -count))

    def runs_at(self, now: datetime) -> bool:
        """Not over yet: its figures are those so far."""
        return now < self.end

    @property
    def name(self) -> str:
        """ "June 2026"."""
        return _("the whole program") if self.is_everything else date_format(self.first_on, "F Y")

    @property
    def short_name(self) -> str:
        """ "June": for sentences about a month that the page names in full."""
        return date_format(self.first_on, "F")

    @property
    def abbreviation(self) -> str:
        """ "Jun"."""
        return date_format(self.first_on, "M")


def _months_after(day: date, count: int) -> date:
    """The first of the month so many months after that of `day`."""
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)
