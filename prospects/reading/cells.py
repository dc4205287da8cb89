"""Reads what people write in cells: dates, amounts, counts, choices. Never guesses, always says why.

Pure. Everything is refused with a BadCell whose words a person can act on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from prospects.reading import dates

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)
LARGEST_COUNT = 2_147_483_647
LONGEST_TEXT = 100_000


class BadCell(Exception):
    """A cell that cannot be taken as what its column is, in words."""


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text(cell: str, longest: int = LONGEST_TEXT) -> str:
    """The cell without surrounding space and control characters."""
    clean = cell.strip()
    if not clean.isprintable():
        clean = CONTROL.sub("", clean).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(clean) > longest:
        raise BadCell(_("longer than %s characters") % longest)
    return clean


def line(cell: str, longest: int) -> str:
    """Text on one line: line ends and runs of space become one space."""
    clean = cell.strip()
    if len(clean) <= longest and clean.isprintable() and "  " not in clean:
        return clean
    clean = text(clean)
    if "\n" in clean or "\t" in clean or "  " in clean:
        clean = " ".join(clean.split())
    if len(clean) > longest:
        raise BadCell(_("longer than %s characters") % longest)
    return clean


def listed(cell: str) -> list[str]:
    """The values of a cell that holds several: as JSON, as Google writes them, addresses in a row."""
    if cell.startswith("["):
        try:
            entries = json.loads(cell)
        except (ValueError, RecursionError):
            return [cell]
        values = [entry.get("value", "") if isinstance(entry, dict) else entry for entry in entries]
        return [str(value).strip() for value in values if str(value).strip()] or [""]
    if " ::: " in cell:
        return [part for value in cell.split(" ::: ") if (part := value.strip())] or [""]
    if cell.count("@") > 1 and "<" not in cell and '"' not in cell:
        return [part for part in re.split(r"[;,\s]+", cell) if part]
    return [cell]


# Dates and instants


@lru_cache(maxsize=65536)
def instant(cell: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC: with its own zone or in the organisation's; a date alone begins its day."""
    found = _parsed(cell)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    _check_likely(found.date(), cell)
    return found.astimezone(UTC)


@lru_cache(maxsize=65536)
def day(cell: str) -> date:
    """A date; of an instant, the day it is written as."""
    return _check_likely(_parsed(cell).date(), cell)


def _check_likely(found: date, cell: str) -> date:
    if not EARLIEST <= found < LATEST:
        raise BadCell(_("“%s” is no likely date") % cell)
    return found


def _parsed(cell: str) -> datetime:
    try:
        return dates.parse(cell)
    except dates.Ambiguous:
        words = _("“%(cell)s” may be %(dates)s: write it as 2026-06-30")
        meant = _(" or ").join(f"{on:%B %-d, %Y}" for on in dict.fromkeys(_meant(cell)))
        raise BadCell(words % {"cell": cell, "dates": meant}) from None
    except (dates.NoDate, OverflowError):
        raise BadCell(_("“%s” is no date such as 2026-06-30 or 2026-06-30 14:05") % cell) from None


def _meant(cell: str) -> list[date]:
    return list(dates.readings(cell).values())


# Numbers

NOISE = re.compile(r"^\s*[A-Z]{3}(?=[\s\d])|\s*[A-Z]{3}\s*$|[\s\u00a0\u202f'’]|[$€£¥₹]")
ENGLISH = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
CONTINENTAL = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+|-?\d{1,3}(?:\.\d{3}){2,}|-?\d+,\d{1,2}")
UNCLEAR = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
WITH_COMMA = re.compile(r"-?\d+(?:\.\d{3})*,\d+|-?\d{1,3}(?:\.\d{3}){2,}")
WITH_POINT = re.compile(r"-?\d{1,3}(?:,\d{3})+\.\d+|-?\d{1,3}(?:,\d{3}){2,}|-?\d+\.\d+")


def decimal_sign(cell: str) -> str:
    """The decimal sign that a number shows: a point, a comma; "?" where 1.250 may be either.

    Empty for a number that shows none, and for what is no number.
    """
    number = NOISE.sub("", cell.strip())
    if UNCLEAR.fullmatch(number):
        return "?"
    if ENGLISH.fullmatch(number) and "." not in number and number.count(",") == 1:
        return ""
    if WITH_COMMA.fullmatch(number):
        return ","
    return "." if WITH_POINT.fullmatch(number) else ""


@lru_cache(maxsize=65536)
def plain_number(cell: str, sign: str) -> str:
    """A number written with this decimal sign as computers write it; anything else as it is."""
    number = NOISE.sub("", cell.strip())
    thousands = "." if sign == "," else ","
    number = number.replace(thousands, "").replace(sign, ".")
    return (
        f"{number}0" if UNCLEAR.fullmatch(number) else number if PLAIN.fullmatch(number) else cell
    )


@lru_cache(maxsize=65536)
def amount(cell: str, digits: int = 14) -> Decimal:
    """An amount of money, not negative, of at most `digits` digits two of which are cents."""
    number = NOISE.sub("", cell.strip())
    if UNCLEAR.fullmatch(number):
        whole = number.replace(".", "")
        raise BadCell(
            _("“%(cell)s” may be %(whole)s or a fraction: write it plainly")
            % {"cell": cell, "whole": whole}
        )
    if ENGLISH.fullmatch(number):
        number = number.replace(",", "")
    elif CONTINENTAL.fullmatch(number):
        number = number.replace(".", "").replace(",", ".")
    if not PLAIN.fullmatch(number):
        raise BadCell(_("“%s” is not a number such as 1250000.50") % cell)
    try:
        value = Decimal(number).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise BadCell(_("“%s” is too large") % cell) from None
    if value < 0:
        raise BadCell(_("“%s” is negative") % cell)
    if value >= 10 ** (digits - 2):
        raise BadCell(_("“%s” is too large") % cell)
    return value


@lru_cache(maxsize=65536)
def count(cell: str) -> int:
    """A whole number, not negative."""
    number = NOISE.sub("", cell.strip())
    # A count has no fraction: 1.250 is a thousand and some.
    value = amount(number.replace(".", "") if UNCLEAR.fullmatch(number) else cell)
    if value != value.to_integral_value():
        raise BadCell(_("“%s” is not a whole number") % cell)
    if value > LARGEST_COUNT:
        raise BadCell(_("“%s” is too large") % cell)
    return int(value)


# What spreadsheets do to numbers that are none

ROUNDED = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+(\d{1,2})")
WITH_FRACTION = re.compile(r"\+?\d+\.0+")


def digits(cell: str) -> str:
    """A phone number, a code or an id that a spreadsheet took for a number, as it was.

    Refuses what has lost digits: 4.4E+11 may have been any of a thousand million numbers.
    """
    if match := ROUNDED.fullmatch(cell):
        first, more, exponent = match[1], match[2] or "", int(match[3])
        if len(more) < exponent:
            raise BadCell(
                _("“%s” has lost digits in a spreadsheet: make the column text and enter it again")
                % cell
            )
        return first + more[:exponent] if not more[exponent:].strip("0") else cell
    return cell.partition(".")[0] if WITH_FRACTION.fullmatch(cell) else cell


# Choices


def spelling(words: str) -> str:
    """How a choice is compared: lower case, one underscore between words."""
    return "_".join(re.findall(r"\w+", words.lower().replace("_", " ")))


def choice(cell: str, known: Mapping[str, str]) -> str:
    """One of a set of values, by value or by what people call it (`known`: spelling to value)."""
    found = known.get(spelling(cell))
    if found is None:
        allowed = ", ".join(dict.fromkeys(known.values()))
        raise BadCell(_("“%(cell)s” is none of: %(allowed)s") % {"cell": cell, "allowed": allowed})
    return found
