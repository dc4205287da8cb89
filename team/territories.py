"""Who is responsible for what: territories, and who is away. Pure: plain values in and out.

Reps are proposed by territory (domain.md, section 8), specialists are given leads by it (section 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class LeadProfile:
    """Where a lead's company is and what it does; empty or None where that is not known."""

    country: str = ""
    region: str = ""
    naics: str = ""
    employees: int | None = None


@dataclass(frozen=True)
class Area:
    """One territory of a rep. An empty field means any."""

    country: str = ""
    region: str = ""
    naics_prefix: str = ""
    min_employees: int | None = None
    max_employees: int | None = None

    @property
    def bounds_size(self) -> bool:
        return self.min_employees is not None or self.max_employees is not None

    @property
    def specificity(self) -> tuple[int, int]:
        """How much it names, then how finely by industry: more is more specific."""
        named = (self.country, self.region, self.naics_prefix, self.bounds_size)
        return sum(map(bool, named)), len(self.naics_prefix)

    def holds(self, lead: LeadProfile) -> bool:
        """What the area names, the lead must be known to have."""
        return (
            (not self.country or self.country.casefold() == lead.country.casefold())
            and (
                not self.region or self.region.strip().casefold() == lead.region.strip().casefold()
            )
            and lead.naics.startswith(self.naics_prefix)
            and self._holds_size(lead.employees)
        )

    def _holds_size(self, employees: int | None) -> bool:
        if not self.bounds_size:
            return True
        if employees is None:
            return False
        return (self.min_employees or 0) <= employees and (
            self.max_employees is None or employees <= self.max_employees
        )

    @property
    def words(self) -> str:
        """ "US · Massachusetts · NAICS 322 · 100 to 500 people"; everywhere when it names nothing."""
        parts = [
            self.country,
            self.region,
            self.naics_prefix and f"NAICS {self.naics_prefix}",
            self._size_in_words,
        ]
        return " · ".join(part for part in parts if part) or _("everywhere")

    @property
    def _size_in_words(self) -> str:
        low, high = self.min_employees, self.max_employees
        if low is not None and high is not None:
            return _("%(low)s to %(high)s people") % {"low": f"{low:,}", "high": f"{high:,}"}
        if low is not None:
            return _("%s people and more") % f"{low:,}"
        return _("up to %s people") % f"{high:,}" if high is not None else ""


@dataclass(frozen=True)
class AreaGroup:
    """Territories that differ in nothing but their region, as people think of them."""

    area: Area
    """The first of them."""
    regions: tuple[str, ...]
    """Of all of them, in their order; empty where no region is named."""

    @property
    def words(self) -> str:
        """ "US · Maine, Vermont · NAICS 322"."""
        return replace(self.area, region=", ".join(self.regions)).words


def grouped(areas: Iterable[Area]) -> tuple[AreaGroup, ...]:
    """The territories with those of several regions told in one, in the order of the first of each."""
    found: dict[tuple[Area, bool], list[Area]] = {}
    for area in areas:
        found.setdefault((replace(area, region=""), bool(area.region)), []).append(area)
    return tuple(
        AreaGroup(alike[0], tuple(area.region for area in alike if area.region))
        for alike in found.values()
    )


def best_area(lead: LeadProfile, areas: tuple[Area, ...]) -> Area | None:
    """The most specific of somebody's territories that holds the lead."""
    return max(
        (area for area in areas if area.holds(lead)),
        key=lambda area: area.specificity,
        default=None,
    )


def is_away_on(day: date, away_from: date | None, away_until: date | None) -> bool:
    """Both days are days away; without a last one somebody is away until further notice."""
    return away_from is not None and away_from <= day and (away_until is None or day <= away_until)
