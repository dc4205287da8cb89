"""The ten things we must know before a lead may go to a rep (domain.md, section 5).

Pure: no database here. `reads.facts_of` gathers the facts, `actions.reassess` stores the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Attribute(TextChoices):
    """The ten attributes, in the order of the domain; the label is what a lead's page calls it."""

    INDUSTRY = "industry", _("Industry")
    FIRMOGRAPHICS = "firmographics", _("Firmographics")
    PEOPLE = "people", _("Deciders, influencers")
    ENVIRONMENT = "environment", _("Environment")
    ENGAGED = "engaged", _("Decision maker engaged")
    PAIN = "pain", _("Business pain")
    PROCESS = "process", _("Decision process")
    BUDGET = "budget", _("Budget")
    COMPETITION = "competition", _("Competition")
    URGENCY = "urgency", _("Urgency")


DERIVED = frozenset(
    {Attribute.INDUSTRY, Attribute.FIRMOGRAPHICS, Attribute.PEOPLE, Attribute.ENGAGED}
)
"""Attributes read from the company, its contacts and the touches; they are never answered directly."""

ANSWERED = tuple(attribute for attribute in Attribute if attribute not in DERIVED)

QUESTIONS: dict[str, _StrPromise] = {
    Attribute.INDUSTRY: _("What does the company do? Find its NAICS or SIC code."),
    Attribute.FIRMOGRAPHICS: _("How many people, how many sites, what revenue?"),
    Attribute.PEOPLE: _("Who decides, and who has a say?"),
    Attribute.ENVIRONMENT: _("What do you use and do today?"),
    Attribute.ENGAGED: _("Talk to somebody who decides."),
    Attribute.PAIN: _("What does it cost you when it goes wrong?"),
    Attribute.PROCESS: _("Who signs off, and by when?"),
    Attribute.BUDGET: _("Is money set aside, or how and when do you budget?"),
    Attribute.COMPETITION: _("Who else are you looking at?"),
    Attribute.URGENCY: _("What happens if nothing changes, and on what date?"),
}
"""The question that opens each attribute."""

ASKING_ORDER = (
    Attribute.INDUSTRY,
    Attribute.FIRMOGRAPHICS,
    Attribute.ENVIRONMENT,
    Attribute.PEOPLE,
    Attribute.PAIN,
    Attribute.ENGAGED,
    Attribute.COMPETITION,
    Attribute.URGENCY,
    Attribute.PROCESS,
    Attribute.BUDGET,
)
"""Cheapest first: what can be looked up, then what people like to tell, then what takes trust."""


class State(TextChoices):
    UNKNOWN = "unknown", _("Unknown")
    ASSUMED = "assumed", _("Assumed")
    CONFIRMED = "confirmed", _("Confirmed")
    STALE = "stale", _("Stale")
    CONTRADICTED = "contradicted", _("Contradicted")


class Basis(TextChoices):
    """What a fact rests on. Only a touch, that is their own word, confirms it."""

    IMPORTED = "imported", _("Imported")
    RESEARCH = "research", _("Research")
    TOUCH = "touch", _("Their word")


class Horizon(TextChoices):
    UNKNOWN = "unknown", _("Unknown")
    LONG_TERM = "long_term", _("Long-term")
    NEAR_TERM = "near_term", _("Near-term")


class BuyingRole(TextChoices):
    DECISION_MAKER = "decision_maker", _("Decision maker")
    INFLUENCER = "influencer", _("Influencer")
    CHAMPION = "champion", _("Champion")
    USER = "user", _("User")
    GATEKEEPER = "gatekeeper", _("Gatekeeper")
    BLOCKER = "blocker", _("Blocker")
    UNKNOWN = "unknown", _("Role unknown")


@dataclass(frozen=True)
class Fact:
    """What is known of one attribute, wherever it is kept.

    `lacks` says in words what the fact still needs ("decision date"); a fact that lacks something is
    `unknown` however much is written. `since` is when its evidence was given (its age starts there).
    `expires_on` is the date in the fact itself after which it says nothing any more (a decision
    date, a compelling event).
    """

    words: str = ""
    basis: str = ""
    since: datetime | None = None
    expires_on: date | None = None
    lacks: tuple[str, ...] = ()
    contradicted: str = ""

    @property
    def is_empty(self) -> bool:
        return self.since is None or bool(self.lacks)


NOTHING = Fact()


@dataclass(frozen=True)
class Requirement:
    """What the standard asks of one attribute: the least state that counts, and its shelf life."""

    least: str = State.CONFIRMED
    shelf_days: int | None = None

    def is_met_by(self, state: str) -> bool:
        return state == State.CONFIRMED or (state == State.ASSUMED and self.least == State.ASSUMED)


DEFAULT_REQUIREMENTS: dict[str, Requirement] = {
    Attribute.INDUSTRY: Requirement(State.ASSUMED, None),
    Attribute.FIRMOGRAPHICS: Requirement(State.ASSUMED, 365),
    Attribute.PEOPLE: Requirement(State.CONFIRMED, 180),
    Attribute.ENVIRONMENT: Requirement(State.CONFIRMED, 180),
    Attribute.ENGAGED: Requirement(State.CONFIRMED, 90),
    Attribute.PAIN: Requirement(State.CONFIRMED, 180),
    Attribute.PROCESS: Requirement(State.CONFIRMED, 90),
    Attribute.BUDGET: Requirement(State.CONFIRMED, 90),
    Attribute.COMPETITION: Requirement(State.CONFIRMED, 120),
    Attribute.URGENCY: Requirement(State.CONFIRMED, 90),
}


@dataclass(frozen=True)
class Terms:
    """The definition of a qualified lead that marketing and sales signed; `signed` when both have."""

    requirements: Mapping[str, Requirement] = field(default_factory=lambda: DEFAULT_REQUIREMENTS)
    least_touches: int = 7
    least_horizon: str = Horizon.NEAR_TERM
    mql_attributes: int = 4
    signed: bool = False
    version: int | None = None


@dataclass(frozen=True)
class Finding:
    """The verdict on one attribute."""

    attribute: str
    state: str
    documented: bool
    fact: Fact
    changes_at: datetime | None
    """When the state turns stale if nothing new is learned; None if it never does."""
    has_expired: bool = False
    """Stale because the date in the fact itself has passed."""

    @property
    def why(self) -> str:
        """What is missing, in words; empty when documented. Put together only where it is shown:
        an import judges a million facts."""
        if self.documented:
            return ""
        match self.state:
            case State.CONTRADICTED:
                return self.fact.contradicted
            case State.UNKNOWN if self.fact.lacks:
                return str(_("missing: %s") % ", ".join(self.fact.lacks))
            case State.UNKNOWN:
                return str(_("nothing known"))
            case State.STALE if self.has_expired:
                return str(_("its date, %s, has passed") % f"{self.fact.expires_on:%b %-d}")
            case State.STALE:
                return str(_("not confirmed since %s") % f"{self.fact.since:%b %-d}")
        return str(_("assumed: needs their word"))


@dataclass(frozen=True)
class Assessment:
    """The verdict on a lead: does it pass the gate, and what stands between."""

    findings: Mapping[str, Finding]
    touches_missing: int
    horizon_met: bool
    signed: bool

    @property
    def documented(self) -> int:
        return sum(finding.documented for finding in self.findings.values())

    @property
    def open_attributes(self) -> tuple[str, ...]:
        """The attributes that stand before the gate, the cheapest to ask first."""
        return tuple(a for a in ASKING_ORDER if not self.findings[a].documented)

    @property
    def passes(self) -> bool:
        return (
            self.signed
            and self.touches_missing == 0
            and self.horizon_met
            and not self.open_attributes
        )

    @property
    def changes_at(self) -> datetime | None:
        """The first instant at which this verdict may change without anybody writing anything."""
        instants = [f.changes_at for f in self.findings.values() if f.documented and f.changes_at]
        return min(instants, default=None)


def assess(
    facts: Mapping[str, Fact],
    *,
    outbound_touches: int,
    horizon: str,
    terms: Terms,
    now: datetime,
) -> Assessment:
    """Judge a lead by the standard as of `now` (an aware instant; dates are read in its zone)."""
    findings = {
        attribute: judge(
            attribute, facts.get(attribute, NOTHING), terms.requirements[attribute], now
        )
        for attribute in Attribute.values
    }
    return Assessment(
        findings=findings,
        touches_missing=max(0, terms.least_touches - outbound_touches),
        horizon_met=_HORIZON_RANK[horizon] >= _HORIZON_RANK[terms.least_horizon],
        signed=terms.signed,
    )


_HORIZON_RANK: dict[str, int] = {Horizon.UNKNOWN: 0, Horizon.LONG_TERM: 1, Horizon.NEAR_TERM: 2}


def judge(attribute: str, fact: Fact, requirement: Requirement, now: datetime) -> Finding:
    """The state of one fact at `now`, and whether that documents its attribute."""
    if fact is NOTHING:
        return _nothing_known(attribute)
    changes_at = _stale_at(fact, requirement, now)
    state = _state(fact, changes_at, now)
    documented = requirement.is_met_by(state)
    return Finding(
        attribute=attribute,
        state=state,
        documented=documented,
        fact=fact,
        changes_at=changes_at if documented else None,
        has_expired=fact.expires_on is not None and fact.expires_on < now.date(),
    )


@cache
def _nothing_known(attribute: str) -> Finding:
    return Finding(attribute, State.UNKNOWN, documented=False, fact=NOTHING, changes_at=None)


def _state(fact: Fact, stale_at: datetime | None, now: datetime) -> State:
    if fact.contradicted:
        return State.CONTRADICTED
    if fact.is_empty:
        return State.UNKNOWN
    if stale_at is not None and stale_at <= now:
        return State.STALE
    return State.CONFIRMED if fact.basis == Basis.TOUCH else State.ASSUMED


def _stale_at(fact: Fact, requirement: Requirement, now: datetime) -> datetime | None:
    ends = []
    if fact.since is not None and requirement.shelf_days is not None:
        ends.append(fact.since + timedelta(days=requirement.shelf_days))
    if fact.expires_on is not None:
        next_day = fact.expires_on + timedelta(days=1)
        ends.append(datetime(next_day.year, next_day.month, next_day.day, tzinfo=now.tzinfo))
    return min(ends, default=None)


# What each attribute needs before it says anything. The callers pass what is stored.


def industry_fact(code: str, title: str, *, basis: str, since: datetime | None) -> Fact:
    """1: a NAICS 2022 or SIC 1987 code that exists in the code table."""
    if not code:
        return Fact(lacks=(str(_("industry code")),))
    return Fact(words=f"{code} {title}", basis=basis, since=since)


def firmographics_fact(
    revenue: Decimal | None,
    employees: int | None,
    locations: int | None,
    *,
    basis: str,
    since: datetime | None,
) -> Fact:
    """2: revenue, number of employees and number of locations are all known."""
    lacks = tuple(
        str(label)
        for label, value in (
            (_("revenue"), revenue),
            (_("employees"), employees),
            (_("locations"), locations),
        )
        if value is None
    )
    if lacks:
        return Fact(since=since, lacks=lacks)
    return Fact(words=f"{revenue:,.0f} · {employees:,} · {locations:,}", basis=basis, since=since)


@dataclass(frozen=True)
class Person:
    """A contact, as far as attributes 3 and 5 ask.

    `confirmed_at`: their role rests on a touch of then; `conversation_at`: the last with them.
    """

    named: bool
    titled: bool
    buying_role: str
    confirmed_at: datetime | None
    known_at: datetime
    conversation_at: datetime | None = None


def people_fact(people: list[Person]) -> Fact:
    """3: at least one decision maker and at least one influencer, each named and titled.

    Confirmed when both roles are; as old as the older of the two.
    """
    chosen = {}
    for role in (BuyingRole.DECISION_MAKER, BuyingRole.INFLUENCER):
        able = [p for p in people if p.buying_role == role and p.named and p.titled]
        # A confirmed person counts before an assumed one, and the freshest before the others.
        chosen[role] = max(
            able,
            key=lambda p: (p.confirmed_at is not None, p.confirmed_at or p.known_at),
            default=None,
        )
    missing = {
        BuyingRole.DECISION_MAKER: _("decision maker"),
        BuyingRole.INFLUENCER: _("influencer"),
    }
    lacks = tuple(str(missing[role]) for role, person in chosen.items() if person is None)
    if lacks:
        return Fact(lacks=lacks)
    both = [person for person in chosen.values() if person is not None]
    deciders = sum(p.buying_role == BuyingRole.DECISION_MAKER for p in people)
    influencers = sum(p.buying_role == BuyingRole.INFLUENCER for p in people)
    confirmed = all(p.confirmed_at for p in both)
    return Fact(
        words=f"{deciders} + {influencers}",
        basis=Basis.TOUCH if confirmed else Basis.RESEARCH,
        since=min((p.confirmed_at if confirmed else None) or p.known_at for p in both),
    )


def engaged_fact(people: list[Person]) -> Fact:
    """5: a conversation with a contact who is a decision maker. Derived, cannot be ticked."""
    conversations = [
        person.conversation_at
        for person in people
        if person.buying_role == BuyingRole.DECISION_MAKER and person.conversation_at
    ]
    if not conversations:
        return Fact(lacks=(str(_("a conversation with a decision maker")),))
    last = max(conversations)
    return Fact(words=f"{last:%b %-d}", basis=Basis.TOUCH, since=last)


@dataclass(frozen=True)
class Answer:
    """What somebody wrote down for one of the answered attributes (4, 6 to 10)."""

    words: str = ""
    on: date | None = None
    amount: Decimal | None = None
    nobody: bool = False
    """Competition only: they explicitly look at nobody else."""


def answered_fact(
    attribute: str, answer: Answer, *, basis: str, since: datetime, contradicted: str = ""
) -> Fact:
    """4, 6 to 10: what an answer says, and what it lacks to count."""
    return Fact(
        words=str(_("nobody")) if answer.nobody else answer.words,
        basis=basis,
        since=since,
        expires_on=answer.on if attribute in (Attribute.PROCESS, Attribute.URGENCY) else None,
        lacks=_lacks(attribute, answer),
        contradicted=contradicted,
    )


def _lacks(attribute: str, answer: Answer) -> tuple[str, ...]:
    has_words, has_date = bool(answer.words), answer.on is not None
    needed: dict[str, tuple[tuple[_StrPromise, bool], ...]] = {
        Attribute.ENVIRONMENT: ((_("what they use today"), has_words),),
        Attribute.PAIN: ((_("a pain, in their words"), has_words),),
        Attribute.PROCESS: ((_("how they decide"), has_words), (_("decision date"), has_date)),
        Attribute.BUDGET: (
            (_("amount, or how they budget"), has_words or answer.amount is not None),
        ),
        Attribute.COMPETITION: ((_("who else, or nobody"), has_words or answer.nobody),),
        Attribute.URGENCY: ((_("compelling event"), has_words), (_("its date"), has_date)),
    }
    return tuple(str(label) for label, given in needed[attribute] if not given)
