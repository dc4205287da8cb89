"""Dates as people and programs write them; which order of day, month and year a column has.

Pure. What may be two dates is never guessed: `readings` says both.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

ORDERS = ("dmy", "mdy", "ymd")
"""Day first, month first, year first."""

NUMERIC = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})(?:(?:[T,]|\s)\s*(\S.*))?")
NAMED_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4}|\d\d)(?:[\s,T]+(\S.*))?",
    re.IGNORECASE,
)
NAMED_MONTH_FIRST = re.compile(
    r"([a-z]{3,9})\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4})(?:[\s,T]+(\S.*))?",
    re.IGNORECASE,
)
WEEKDAY = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+", re.IGNORECASE
)
CLOCK = re.compile(
    r"(\d{1,2})(?:[:.](\d\d)(?:[:.](\d\d)(\.\d+)?)?)?\s*([ap])\.?m\.?(.*)", re.IGNORECASE
)
SERIAL = re.compile(r"(\d{5})(?:[.,](\d+))?")
EPOCH = re.compile(r"\d{10}|\d{13}")
COMPACT = re.compile(r"(?:19|20)\d{6}")

MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}

FIRST_SERIAL = date(1899, 12, 30)
"""Day 0 of a spreadsheet's serial numbers (from March 1900 on)."""
CENTURY_BEGINS = 69
"""Two digits of a year: 69 to 99 are of the 20th century, as POSIX has it."""


class NoDate(ValueError):
    """The words are no date that is known."""


class Ambiguous(NoDate):
    """The words may be two dates."""


def readings(words: str) -> dict[str, date]:
    """What a date in three numbers may mean: each order in which it is a date, with that date.

    Empty for words that mean the same in any order, and for those that are no such date.
    """
    match = NUMERIC.fullmatch(words.strip())
    if not match:
        return {}
    first, _sign, second, third, _clock = match.groups()
    if len(first) > 2 or len(third) == 3:
        return {}
    a, b, c = int(first), int(second), int(third)
    candidates = {"dmy": (_year(third), b, a), "mdy": (_year(third), a, b)}
    if len(third) <= 2:
        candidates["ymd"] = (_year(first), b, c)
    return {order: found for order, parts in candidates.items() if (found := _date(*parts))}


def parse(words: str, order: str = "") -> datetime:
    """An instant, with a zone if the words have one; a date alone begins its day.

    `order` (of ORDERS) says what a date in three numbers means, where that is a date at all.
    Raises NoDate, and Ambiguous where it may be two dates and no order is given.
    """
    words = words.strip()
    if words[4:5] == "-" and words[:4].isdecimal():
        return _iso(words)
    if found := readings(words):
        if order not in found and len(set(found.values())) > 1:
            raise Ambiguous(words)
        on = found.get(order) or next(iter(found.values()))
        match = NUMERIC.fullmatch(words)
        return _at(on, match[5] if match else None)
    return _written_out(WEEKDAY.sub("", words, count=1)) or _counted(words) or _iso(words)


@lru_cache(maxsize=65536)
def plain(words: str, order: str) -> str:
    """A date in three numbers as ISO 8601 writes it; anything else as it is."""
    if not readings(words):
        return words
    try:
        return parse(words, order).isoformat(sep=" ")
    except NoDate:
        return words


def _iso(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words.replace(" +", "+").replace(" UTC", "+00:00"))
    except ValueError as error:
        match = NUMERIC.fullmatch(words)
        on = match and len(match[1]) == 4 and _date(int(match[1]), int(match[3]), int(match[4]))
        if not (match and on):
            raise NoDate(words) from error
        return _at(on, match[5])


def _written_out(words: str) -> datetime | None:
    if match := NAMED_DAY_FIRST.fullmatch(words):
        day, month, year, clock = match.groups()
    elif match := NAMED_MONTH_FIRST.fullmatch(words):
        month, day, year, clock = match.groups()
    else:
        return None
    on = _date(_year(year), MONTHS.get(month.lower(), 0), int(day))
    return _at(on, clock) if on else None


def _counted(words: str) -> datetime | None:
    """Days as spreadsheets count them, seconds or milliseconds as computers do, 20260630."""
    if match := SERIAL.fullmatch(words):
        since = timedelta(days=float(f"{match[1]}.{match[2] or 0}"))
        exact = datetime.combine(FIRST_SERIAL, time()) + since
        return (exact + timedelta(milliseconds=500)).replace(microsecond=0)
    if EPOCH.fullmatch(words):
        return datetime.fromtimestamp(int(words[:10]), UTC)
    if COMPACT.fullmatch(words):
        on = _date(int(words[:4]), int(words[4:6]), int(words[6:]))
        return _at(on, None) if on else None
    return None


def _at(on: date, clock: str | None) -> datetime:
    if not clock:
        return datetime.combine(on, time())
    words = clock.strip()
    if match := CLOCK.fullmatch(words):
        hour, minute, second, fraction, half, zone = match.groups()
        if not 1 <= int(hour) <= 12:
            raise NoDate(clock)
        hours = int(hour) % 12 + (12 if half.lower() == "p" else 0)
        words = f"{hours:02}:{minute or '00'}:{second or '00'}{fraction or ''}{zone.strip()}"
    elif re.match(r"\d:", words):
        words = f"0{words}"
    return _iso(
        f"{on.isoformat()}T{words}".replace(" ", "") if "UTC" not in words else f"{on} {words}"
    )


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (1900 if year >= CENTURY_BEGINS else 2000)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
