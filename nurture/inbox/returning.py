"""The day on which somebody says, in an automatic reply, that they are back. Pure.

Names of months and days come from Unicode's tables (babel). Read are the languages below, dates with a
month's name, ISO dates, and dates in figures; what is absurd (past, or more than half a year ahead) is
not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from babel import Locale

from prospects.keys import folded

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "pl")
MOST_AHEAD = timedelta(days=183)
MOST_CHARACTERS = 4_000
BEFORE, AFTER = 60, 40
"""How far from a date the words that say what it means may stand, in characters."""

BACK = re.compile(
    r"\b(back|return\w*|again|resume|zuruck\w*|wieder|retour|reprise|reprendr\w*|nouveau|"
    r"a partir du|partir de|regres\w*|vuelv\w*|vuelta|reincorpor\w*|rientr\w*|torn\w*|di nuovo|"
    r"terug|weer|retorn\w*|volto|voltarei|tillbaka|tilbage|tilbake|wracam|powrot\w*)\b"
)
UNTIL = re.compile(
    r"\b(until|till|til|through|thru|to|ends?|bis|einschliesslich|inklusive|jusqu\w*|au|inclus|"
    r"hasta|al|inclusive|fino|compreso|tot|ate|till och med|do)\b"
)
NEXT = re.compile(
    r"\b(?:until|till|back|return\w*|on|next|bis|am|jusqu a|le|hasta el|el|fino a|tot|op)\s+"
    r"(?:(?:next|am|on|kommenden|nachsten|au|el|proximo|prochain)\s+){0,2}(\w+)"
)
CLAUSE = re.compile(r"[.!?;]\s+(?=\D)|\n\n")
TOMORROW = frozenset({"tomorrow", "morgen", "demain", "manana", "domani", "amanha", "imorgon"})
_SIGNS = str.maketrans("’'–—\u2011\xa0", "  --- ")


@dataclass(frozen=True)
class Named:
    """A day that a text names, and where."""

    day: date
    start: int
    end: int


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, int], frozenset[str], dict[str, int]]:
    """Months by name, those that are English, and days of the week (Monday is 0), all folded."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    english: set[str] = set()
    for language in LANGUAGES:
        locale = Locale(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    key = folded(name).strip(".")
                    if len(key) > 2 and not key.isdigit():
                        months.setdefault(key, number)
                        if language == "en":
                            english.add(key)
            for number, name in locale.days[context]["wide"].items():
                weekdays.setdefault(folded(name).split("-")[0], number)
    months["sept"] = 9
    return months, frozenset(english | {"sept"}), weekdays


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    months, english, _weekdays = _names()
    year = r"(?:[,.]?\s{1,2}(?:de\s|del\s)?(\d{4}))?\b"

    def either(names: frozenset[str]) -> str:
        return "|".join(sorted(map(re.escape, names), key=len, reverse=True))

    any_month = either(frozenset(months))
    return (
        re.compile(
            rf"(?<![\d.])(\d{{1,2}})(?:st|nd|rd|th|er|e|o|a|\.)?\s{{0,2}}(?:of\s|de\s|d\s|di\s)?"
            rf"({any_month})\b\.?{year}"
        ),
        re.compile(rf"\b({either(english)})\.?\s{{1,2}}(\d{{1,2}})(?:st|nd|rd|th)?(?!\d){year}"),
    )


ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}|\d{2}))?(?![\d.])")
SLASHED = re.compile(r"(?<![\d/])(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")


def return_date(text: str, *, received_on: date, month_first: bool) -> date | None:
    """The day they are back; None where the text names none that can be believed.

    `received_on`: on their calendar. `month_first`: what 07/06 means where both are possible. A day
    “until” which they are away is the day before.
    """
    plain = folded(text[:MOST_CHARACTERS].translate(_SIGNS))
    named = list(_named(plain, received_on, month_first=month_first))
    backs, lasts = [], []
    for one in named:
        before = CLAUSE.split(plain[max(0, one.start - BEFORE) : one.start])[-1]
        after = CLAUSE.split(plain[one.end : one.end + AFTER])[0]
        if BACK.search(before) or (BACK.search(after) and not UNTIL.search(before)):
            backs.append(one.day)
        elif UNTIL.search(before) or _ends_range(one, named, plain):
            lasts.append(one.day + timedelta(days=1))
    if not named and (day := _next_weekday(plain, received_on)):
        backs.append(day)
    for days in (backs, lasts):
        believed = [day for day in days if received_on < day <= received_on + MOST_AHEAD]
        if believed:
            return max(believed)
    return None


def _ends_range(one: Named, named: list[Named], plain: str) -> bool:
    """Whether it is the second of two days with little but a dash between them."""
    return any(
        0 < one.start - other.end <= 6 and "-" in plain[other.end : one.start] for other in named
    )


def _next_weekday(plain: str, received_on: date) -> date | None:
    """“I am back on Monday”: the next one."""
    _months, _english, weekdays = _names()
    for match in NEXT.finditer(plain):
        word = match.group(1)
        if word in TOMORROW:
            return received_on + timedelta(days=1)
        if word in weekdays:
            ahead = (weekdays[word] - received_on.weekday()) % 7
            return received_on + timedelta(days=ahead or 7)
    return None


def _named(plain: str, received_on: date, *, month_first: bool) -> Iterator[Named]:
    """Every day that the text names, in no order."""
    months, _english, _weekdays = _names()
    day_month, month_day = _patterns()
    for match in day_month.finditer(plain):
        day, name, year = match.groups()
        yield from _at(match, year, months[name], day, received_on)
    for match in month_day.finditer(plain):
        name, day, year = match.groups()
        yield from _at(match, year, months[name], day, received_on)
    for match in ISO.finditer(plain):
        year, month, day = match.groups()
        yield from _at(match, year, month, day, received_on)
    for match in DOTTED.finditer(plain):
        day, month, year = match.groups()
        yield from _at(match, year, month, day, received_on)
    for match in SLASHED.finditer(plain):
        first, _sign, second, year = match.groups()
        month, day = (first, second) if month_first else (second, first)
        if int(month) > 12:
            month, day = day, month
        yield from _at(match, year, month, day, received_on)


def _at(
    match: re.Match[str], year: str | None, month: int | str, day: str, received_on: date
) -> Iterator[Named]:
    """The day, if there is such a day; without its year the next one from a month ago on."""
    try:
        if year is None:
            on = date(received_on.year, int(month), int(day))
            if on < received_on - timedelta(days=31):
                on = date(received_on.year + 1, int(month), int(day))
        else:
            on = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return
    yield Named(on, match.start(), match.end())
