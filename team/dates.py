"""Days and times of day in words.

Django writes one in some twenty microseconds, and a page has dozens, mostly the same few: they are
remembered, by language.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache

from django.utils.formats import date_format, time_format
from django.utils.translation import get_language


def written(value: date, form: str = "M j") -> str:
    """A day by Django's date format, an instant's in the zone it is given in: “Jun 9”."""
    on = value.date() if isinstance(value, datetime) else value
    return _day(on, form, get_language())


def clock(local: datetime, form: str = "g:i a") -> str:
    """The time of day of an instant in the zone it is given in: “3:05 p.m.”; `P`: “noon”, “3 p.m.”."""
    return _clock(local.time().replace(second=0, microsecond=0), form, get_language())


@lru_cache(maxsize=4096)
def _day(value: date, form: str, language: str | None) -> str:
    return date_format(value, form)


@lru_cache(maxsize=4096)
def _clock(value: time, form: str, language: str | None) -> str:
    return time_format(value, form)
