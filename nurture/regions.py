"""What the law of a place asks, and our own word: the stricter of both binds (domain.md, section 7). Pure.

The rules themselves are rows (nurture.models.RegionalRule), dated and with their source; they are no
legal advice. Several bind at once: what holds everywhere, in the country, and in a region of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache

from nurture.contactability import ANY_DAY, WORKDAY, Hours, Limits

DAY_BEGINS, DAY_ENDS = time(5), time(23, 59)


@dataclass(frozen=True)
class Rule:
    """One row: see nurture.models.RegionalRule for what each field says."""

    id: int
    country: str
    regions: frozenset[str]
    channel: str
    in_force_from: date
    in_force_to: date | None = None
    grounds: frozenset[str] | None = None
    """None: no ground is needed."""
    opens: time | None = None
    closes: time | None = None
    weekdays: frozenset[int] = frozenset()
    most_a_day: int | None = None
    most_a_week: int | None = None
    needs_postal_address: bool = False
    law: str = ""

    @property
    def place(self) -> tuple[str, frozenset[str], str]:
        """What a later row must share with this one to take its place."""
        return self.country, self.regions, self.channel

    @property
    def hours(self) -> Hours:
        return Hours(self.opens or DAY_BEGINS, self.closes or DAY_ENDS, self.weekdays or ANY_DAY)


@dataclass(frozen=True)
class OurLimits:
    """What the organisation allows itself everywhere; a regional rule only narrows it."""

    hours: Hours = WORKDAY
    a_day: int = 1
    a_week: int = 3
    has_postal_address: bool = True


def in_force_on(day: date, rules: Iterable[Rule]) -> list[Rule]:
    """Of each place and channel the one that counts on a day: the latest that has begun.

    Of two that begin on one day the later written. None counts where that one has ended.
    """
    latest: dict[tuple[str, frozenset[str], str], Rule] = {}
    for rule in rules:
        if rule.in_force_from > day:
            continue
        known = latest.get(rule.place)
        if known is None or (rule.in_force_from, rule.id) > (known.in_force_from, known.id):
            latest[rule.place] = rule
    return [rule for rule in latest.values() if rule.in_force_to is None or day <= rule.in_force_to]


def limits_of(
    rules: Iterable[Rule], ours: OurLimits, *, country: str, region: str, channel: str
) -> Limits:
    """What binds contact there on a channel. `rules`: those in force (`in_force_on`)."""
    hours, a_day, a_week = ours.hours, ours.a_day, ours.a_week
    grounds: frozenset[str] | None = None
    lacks_address = False
    laws = []
    spelled = region.strip().casefold()
    for rule in rules:
        if rule.channel != channel or rule.country not in ("", country):
            continue
        if rule.regions and spelled not in rule.regions:
            continue
        hours = hours.within(rule.hours)
        a_day = min(a_day, rule.most_a_day or a_day)
        a_week = min(a_week, rule.most_a_week or a_week)
        if rule.grounds is not None:
            grounds = rule.grounds if grounds is None else grounds & rule.grounds
        lacks_address |= rule.needs_postal_address and not ours.has_postal_address
        laws.append(rule.law)
    return Limits(hours, a_day, a_week, grounds, lacks_address, tuple(laws))


@dataclass(frozen=True)
class RuleBook:
    """The rules of one day, asked for any number of people."""

    ours: OurLimits = field(default_factory=OurLimits)
    rules: tuple[Rule, ...] = ()
    country: str = ""
    """Where we are: of people of whom no country is known."""

    def limits(self, *, country: str, region: str, channel: str) -> Limits:
        return _limits(self, country or self.country, region, channel)


@lru_cache(maxsize=512)  # a queue asks it for each of its leads, mostly of the same place
def _limits(book: RuleBook, country: str, region: str, channel: str) -> Limits:
    return limits_of(book.rules, book.ours, country=country, region=region, channel=channel)


def rule_of(row: Mapping[str, object]) -> Rule:
    """A rule from a row as JSON has it."""

    def clock(name: str) -> time | None:
        return time.fromisoformat(str(row[name])) if row[name] else None

    def day(name: str) -> date | None:
        return date.fromisoformat(str(row[name])) if row[name] else None

    began = day("in_force_from")
    assert began is not None
    return Rule(
        id=int(str(row["id"])),
        country=str(row["country"]),
        regions=frozenset(spelling.casefold() for spelling in _list(row["regions"])),
        channel=str(row["channel"]),
        in_force_from=began,
        in_force_to=day("in_force_to"),
        grounds=frozenset(_list(row["grounds"])) if row["needs_ground"] else None,
        opens=clock("opens"),
        closes=clock("closes"),
        weekdays=frozenset(int(number) for number in _list(row["weekdays"])),
        most_a_day=_number(row["most_a_day"]),
        most_a_week=_number(row["most_a_week"]),
        needs_postal_address=bool(row["needs_postal_address"]),
        law=str(row["law"]),
    )


def _list(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(one) for one in value]


def _number(value: object) -> int | None:
    return int(str(value)) if value is not None else None
