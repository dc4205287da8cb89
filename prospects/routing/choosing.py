"""To which specialist a lead goes (domain.md, section 4). Pure: plain values in and out.

By territory, language and industry, then by rotation among those present with free capacity. Who fits
best but is away or full is passed over; with nobody free the lead waits, and the reason is told.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from team.languages import language_name, languages_of
from team.territories import Area, LeadProfile

LONGEST_WHY = 200
MOST_NAMED = 3
"""People that a reason names; the others are counted."""


@dataclass(frozen=True)
class SpecialistNow:
    """A specialist as the choice sees them: what they are for, and what they have on hand."""

    person: int
    name: str
    areas: tuple[Area, ...] = ()
    languages: frozenset[str] = frozenset()
    """ISO 639 codes. Empty: nobody said, so they may be asked to speak any."""
    open_leads: int = 0
    lead_capacity: int = 200
    due_today: int = 0
    """Touches due by the end of today, those overdue included."""
    daily_touches: int = 60
    is_away: bool = False
    away_until: date | None = None
    turn: int = 0
    """Grows with each lead they are given: whoever has the least waited longest."""
    team: int | None = None

    @property
    def room(self) -> int:
        """How many more leads they may be given today: each is due at once."""
        if self.is_away:
            return 0
        free = min(self.lead_capacity - self.open_leads, self.daily_touches - self.due_today)
        return max(0, free)

    @property
    def why_not(self) -> str:
        """Why they cannot be given a lead now: “Dana Whitfield has 200 of 200 open leads”."""
        said = {"name": self.name}
        if self.is_away and self.away_until is not None:
            until = date_format(self.away_until, "M j")
            return _("%(name)s is away until %(until)s") % (said | {"until": until})
        if self.is_away:
            return _("%(name)s is away") % said
        if self.open_leads >= self.lead_capacity:
            return _("%(name)s has %(count)s of %(most)s open leads") % (
                said | {"count": self.open_leads, "most": self.lead_capacity}
            )
        return _("%(name)s has %(count)s of %(most)s touches due today") % (
            said | {"count": self.due_today, "most": self.daily_touches}
        )


@dataclass(frozen=True)
class Choice:
    """To whom a lead goes, or that it waits (`person` None); `why` is at most a line."""

    person: int | None
    why: str


class Fit(NamedTuple):
    """How well a specialist is placed for a lead: more is better, in this order."""

    territory: int
    """2: one of theirs holds the lead, 1: they have none, 0: theirs are elsewhere."""
    place: int
    """How finely that territory names the place: country, region."""
    speaks: int
    """1: they are known to speak the language of the country."""
    industry: int
    """How finely it names the industry: digits of the NAICS prefix."""
    size: int


class _Tier(NamedTuple):
    """Those who fit a kind of lead equally well: each with what is said of their choice."""

    fit: Fit
    members: tuple[tuple[int, str], ...]


@dataclass
class _Hand:
    """What one specialist has while leads are dealt."""

    now: SpecialistNow
    room: int
    turn: int


@dataclass
class Dealer:
    """Deals leads to specialists, one after the other; what it gave counts for the next.

    Leads that nobody's territory tells apart are ranked once, so that a hundred thousand cost little.
    """

    people: Sequence[SpecialistNow]
    _hands: dict[int, _Hand] = field(init=False)
    _tiers: dict[Hashable, tuple[_Tier, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._hands = {one.person: _Hand(one, one.room, one.turn) for one in self.people}
        self._last = max((one.turn for one in self.people), default=0)
        areas = [area for one in self.people for area in one.areas]
        self._by_region = any(area.region for area in areas)
        self._digits = max((len(area.naics_prefix) for area in areas), default=0)
        self._by_size = any(area.bounds_size for area in areas)
        present = (one for one in self.people if not one.is_away)
        self._spoken = frozenset(language for one in present for language in one.languages)

    @property
    def room(self) -> int:
        """How many more leads can be given at all."""
        return sum(hand.room for hand in self._hands.values())

    def team_of(self, person: int) -> int | None:
        return self._hands[person].now.team

    def deal(self, lead: LeadProfile, least_territory: int = 0) -> Choice:
        """Give the lead to whoever it goes to, or say why it waits.

        `least_territory`: how well somebody must be placed at least, as `Fit.territory`.
        """
        passed_over: list[int] = []
        for tier in self._tiers_of(lead):
            if tier.fit.territory < least_territory:
                break
            free = [
                (self._hands[person].turn, person, why)
                for person, why in tier.members
                if self._hands[person].room > 0
            ]
            if free:
                _turn, person, why = min(free)
                self._give(person)
                return Choice(person, self._with_passed_over(why, passed_over))
            passed_over += [person for person, _why in tier.members]
        return Choice(None, self._why_it_waits(lead, passed_over))

    def why_it_waits(self, lead: LeadProfile) -> str:
        """Why nobody has the lead; empty where somebody could be given it now."""
        placed = [person for tier in self._tiers_of(lead) for person, _why in tier.members]
        if any(self._hands[person].room for person in placed):
            return ""
        return self._why_it_waits(lead, placed)

    def _give(self, person: int) -> None:
        hand = self._hands[person]
        self._last += 1
        hand.room, hand.turn = hand.room - 1, self._last

    def _tiers_of(self, lead: LeadProfile) -> tuple[_Tier, ...]:
        alike = (
            lead.country,
            lead.region if self._by_region else "",
            lead.naics[: self._digits],
            lead.employees if self._by_size else None,
        )
        if alike not in self._tiers:
            self._tiers[alike] = self._rank(lead)
        return self._tiers[alike]

    def _rank(self, lead: LeadProfile) -> tuple[_Tier, ...]:
        needed = self._languages_needed(lead)
        by_fit: dict[Fit, list[tuple[int, str]]] = {}
        for one in self.people:
            if needed and one.languages and not one.languages & needed:
                continue  # they could not talk with them
            fit, area = fit_of(one, lead, needed)
            by_fit.setdefault(fit, []).append((one.person, _why(one, area, needed)))
        return tuple(_Tier(fit, tuple(by_fit[fit])) for fit in sorted(by_fit, reverse=True))

    def _languages_needed(self, lead: LeadProfile) -> frozenset[str]:
        """Of the languages of the country, those that somebody present speaks; else it counts not."""
        return frozenset(languages_of(lead.country)) & self._spoken

    def _with_passed_over(self, why: str, passed_over: Sequence[int]) -> str:
        if not passed_over:
            return why
        return _short(f"{why}; {self._named(passed_over)}")

    def _why_it_waits(self, lead: LeadProfile, placed: Sequence[int]) -> str:
        if not self.people:
            return _("no specialist works in this team")
        spoken = _languages(self._languages_needed(lead))
        if spoken and len(placed) < len(self.people):
            start = _("nobody who speaks %s is free") % spoken
        else:
            start = _("nobody is free")
        return _short(f"{start}: {self._named(placed)}")

    def _named(self, people: Sequence[int]) -> str:
        named = [self._why_not(person) for person in people[:MOST_NAMED]]
        if more := len(people) - len(named):
            named.append(ngettext("and %s more", "and %s more", more) % more)
        return ", ".join(named)

    def _why_not(self, person: int) -> str:
        hand = self._hands[person]
        given = hand.now.room - hand.room
        now = replace(
            hand.now,
            open_leads=hand.now.open_leads + given,
            due_today=hand.now.due_today + given,
        )
        return now.why_not


def fit_of(
    one: SpecialistNow, lead: LeadProfile, needed: frozenset[str] = frozenset()
) -> tuple[Fit, Area | None]:
    """How well they are placed for the lead, and by which of their territories."""
    speaks = int(bool(one.languages & needed))
    holding = [
        (Fit(2, _places(area), speaks, len(area.naics_prefix), int(area.bounds_size)), number)
        for number, area in enumerate(one.areas)
        if area.holds(lead)
    ]
    if not holding:
        return Fit(0 if one.areas else 1, 0, speaks, 0, 0), None
    fit, number = max(holding)
    return fit, one.areas[number]


def _places(area: Area) -> int:
    return bool(area.country) + bool(area.region)


def _why(one: SpecialistNow, area: Area | None, needed: frozenset[str]) -> str:
    """ "their territory: US · Massachusetts; speaks English; by turns"."""
    parts = []
    if area is not None:
        parts.append(_("their territory: %s") % area.words)
    elif one.areas:
        parts.append(_("outside their territory"))
    if spoken := _languages(one.languages & needed):
        parts.append(_("speaks %s") % spoken)
    return _short("; ".join([*parts, _("by turns")]))


def _languages(codes: Iterable[str]) -> str:
    return _(" or ").join(sorted(language_name(code) for code in codes))


def _short(words: str) -> str:
    return Truncator(words).chars(LONGEST_WHY)


# Moving leads from one to another


@dataclass(frozen=True)
class HeldLead:
    """An open lead that somebody has, as far as moving it depends on it."""

    lead: int
    holder: int
    profile: LeadProfile
    weight: int = 0
    """How much would be lost by moving it: touches that were made."""
    received: float = 0
    is_due: bool = False
    talked: bool = False
    """There was a conversation: it stays with whom they know, unless that person goes."""


class Move(NamedTuple):
    lead: int
    from_person: int | None
    to_person: int | None
    """None: nobody has room, so it goes into the team's queue."""
    why: str


def hand_over(leads: Sequence[HeldLead], people: Sequence[SpecialistNow]) -> list[Move]:
    """Everything of somebody who leaves or is away goes to the others, as a new lead would.

    The most urgent first: what is due, then the freshest. What finds no room waits in the queue. Only
    the capacity of open leads counts: it is a manager's word that so much is due at once.
    """
    dealer = Dealer([_at_any_pace(one) for one in people])
    moves = []
    for held in sorted(leads, key=lambda held: (not held.is_due, -held.received, held.lead)):
        choice = dealer.deal(held.profile)
        moves.append(Move(held.lead, held.holder, choice.person, choice.why))
    return moves


def level(leads: Mapping[int, Sequence[HeldLead]], people: Sequence[SpecialistNow]) -> list[Move]:
    """The fewest moves that leave everybody equally full, each measured by their own capacity.

    `leads`: what each of the `people` has. From the fullest those go that least would be lost by:
    never one with whom somebody has talked, and those with the fewest touches first. Nobody gets a
    lead who is worse placed for it, by territory or language, than whoever has it.
    """
    targets = _targets(people)
    takers = [
        _at_any_pace(replace(one, lead_capacity=targets[one.person]))
        for one in people
        if not one.is_away and one.open_leads < targets[one.person]
    ]
    dealer = Dealer(takers)
    moves: list[Move] = []
    for one in sorted(people, key=lambda one: targets[one.person] - one.open_leads):
        surplus = one.open_leads - targets[one.person]
        movable = sorted(
            (held for held in leads.get(one.person, ()) if not held.talked),
            key=lambda held: (held.weight, -held.received, held.lead),
        )
        for held in movable:
            if surplus <= 0 or dealer.room == 0:
                break
            holder, _area = fit_of(one, held.profile)
            choice = dealer.deal(held.profile, holder.territory)
            if choice.person is not None:
                moves.append(Move(held.lead, one.person, choice.person, choice.why))
                surplus -= 1
    return moves


def _at_any_pace(one: SpecialistNow) -> SpecialistNow:
    return replace(one, due_today=0, daily_touches=max(one.lead_capacity, 1))


def _targets(people: Sequence[SpecialistNow]) -> dict[int, int]:
    """How many open leads each should have: the same share of their capacity, whole numbers.

    Who is away keeps what they have: moving it is another question.
    """
    targets = {one.person: one.open_leads for one in people if one.is_away}
    present = [one for one in people if not one.is_away]
    total = sum(one.open_leads for one in present)
    capacity = sum(one.lead_capacity for one in present)
    if not capacity:
        return targets | {one.person: one.open_leads for one in present}
    shares = {one.person: total * one.lead_capacity / capacity for one in present}
    whole = {person: int(share) for person, share in shares.items()}
    # Whole leads: the largest remainders get one more, so that none is left over.
    left = total - sum(whole.values())
    for person in sorted(shares, key=lambda p: (whole[p] - shares[p], p))[:left]:
        whole[person] += 1
    return targets | whole
