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
    clean = text(cell)
    if "\n" in clean or "\t" in clean or "  " in clean:
        clean = " ".join(clean.split())
    if len(clean) > longest:
        raise BadCell(_("longer than %s characters") % longest)
    return clean


def listed(cell: str) -> list[str]:
    """The values of a cell that holds a JSON list, as some systems export addresses; else the cell."""
    if not cell.startswith("["):
        return [cell]
    try:
        entries = json.loads(cell)
    except ValueError:
        return [cell]
    values = [entry.get("value", "") if isinstance(entry, dict) else entry for entry in entries]
    return [str(value).strip() for value in values if str(value).strip()] or [""]


# Dates and instants

SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[T ]\s*(.+))?")


@lru_cache(maxsize=65536)
def instant(cell: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC: ISO 8601, with its zone or in the organisation's; a date alone begins its day."""
    found = _parsed(cell.strip())
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    if not EARLIEST <= found.date() < LATEST:
        raise BadCell(_("“%s” is no likely date") % cell)
    return found.astimezone(UTC)


@lru_cache(maxsize=65536)
def day(cell: str) -> date:
    """A date; of an instant, the day it is written as."""
    found = _parsed(cell.strip()).date()
    if not EARLIEST <= found < LATEST:
        raise BadCell(_("“%s” is no likely date") % cell)
    return found


def _parsed(words: str) -> datetime:
    if match := SLASHED.fullmatch(words):
        return _slashed(words, *match.groups())
    try:
        return datetime.fromisoformat(words.replace(" +", "+").replace(" UTC", "+00:00"))
    except ValueError:
        raise BadCell(_("“%s” is no date such as 2026-06-30 or 2026-06-30 14:05") % words) from None


def _slashed(words: str, first: str, second: str, year: str, clock: str | None) -> datetime:
    """7/15/2009 or 15.7.2009, where only one of the two readings is a date."""
    a, b = int(first), int(second)
    if a <= 12 and b <= 12 and a != b:
        raise BadCell(
            _(
                "“%(cell)s” may be the %(a)s of month %(b)s or the %(b)s of month %(a)s: write it as 2026-06-30"
            )
            % {"cell": words, "a": a, "b": b}
        )
    month, of_month = (a, b) if a <= 12 else (b, a)
    return _parsed(f"{year}-{month:02}-{of_month:02}" + (f"T{clock}" if clock else ""))


# Numbers

NOISE = re.compile(r"^\s*[A-Z]{3}(?=[\s\d])|\s*[A-Z]{3}\s*$|[\s\u00a0\u202f'’]|[$€£¥₹]")
ENGLISH = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
CONTINENTAL = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d+|-?\d{1,3}(?:\.\d{3}){2,}|-?\d+,\d{1,2}")
UNCLEAR = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
PLAIN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")


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
    value = amount(cell)
    if value != value.to_integral_value():
        raise BadCell(_("“%s” is not a whole number") % cell)
    if value > LARGEST_COUNT:
        raise BadCell(_("“%s” is too large") % cell)
    return int(value)


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
