"""What a rep is given with a lead (domain.md, section 8): composed once, frozen, never rewritten.

Pure: plain values in and out. A `Dossier` becomes JSON and back without loss; a newer program reads
the dossiers of an older one, what they lack being empty. Nothing is invented: what is not recorded
is empty here, and the page says that it is.
"""

from __future__ import annotations

import re
import types
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.touching import Channel, Direction, Outcome
from prospects.qualification import Attribute, Basis, BuyingRole, State
from team.templatetags.look import money_short, money_words

SCHEMA = 1
"""Grows when a field changes its meaning; new fields need no new number."""

LONGEST_NEED = 110
HOT_BUTTONS = 3
"""Notes of conversations shown as hot buttons where nobody wrote any down."""

DECIDES = (BuyingRole.DECISION_MAKER, BuyingRole.CHAMPION, BuyingRole.INFLUENCER)
"""The order in which people are named; the rest follows."""


@dataclass(frozen=True)
class CompanyProfile:
    """The company as it was known. Revenue in the dossier's currency, a year."""

    name: str = ""
    domain: str = ""
    industry_system: str = ""
    industry_code: str = ""
    industry: str = ""
    revenue: Decimal | None = None
    employees: int | None = None
    locations: int | None = None
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    timezone: str = ""

    @property
    def place(self) -> str:
        return ", ".join(part for part in (self.city, self.region, self.country) if part)

    @property
    def address(self) -> str:
        town = " ".join(part for part in (self.postal_code, self.city) if part)
        return ", ".join(part for part in (self.street, town, self.region, self.country) if part)


@dataclass(frozen=True)
class Individual:
    """A person at the company. `phone_bar`, `email_bar`: why not to use it, empty where one may."""

    contact: int
    name: str = ""
    title: str = ""
    role: str = BuyingRole.UNKNOWN
    primary: bool = False
    email: str = ""
    email_bar: str = ""
    phone: str = ""
    phone_e164: str = ""
    phone_bar: str = ""
    timezone: str = ""
    role_confirmed_at: datetime | None = None
    talked_at: datetime | None = None

    @property
    def shown_name(self) -> str:
        return self.name or _("Name not known")

    @property
    def role_in_words(self) -> str:
        words = {
            BuyingRole.DECISION_MAKER: _("decides"),
            BuyingRole.INFLUENCER: _("influences"),
            BuyingRole.CHAMPION: _("champion"),
            BuyingRole.USER: _("uses it"),
            BuyingRole.GATEKEEPER: _("gatekeeper"),
            BuyingRole.BLOCKER: _("blocker"),
        }
        return words.get(BuyingRole(self.role), _("role unknown"))

    @property
    def stance(self) -> str:
        """For or against, as far as the role says so; empty where nobody wrote it down."""
        words = {BuyingRole.CHAMPION: _("for it"), BuyingRole.BLOCKER: _("against it")}
        return words.get(BuyingRole(self.role), "")

    @property
    def decides(self) -> bool:
        return self.role == BuyingRole.DECISION_MAKER


@dataclass(frozen=True)
class Known:
    """One of the ten attributes: what was known, how sure, and what it rested on."""

    attribute: str
    state: str = State.UNKNOWN
    documented: bool = False
    words: str = ""
    on: date | None = None
    amount: Decimal | None = None
    nobody: bool = False
    basis: str = ""
    since: datetime | None = None
    evidence: str = ""
    touch: int | None = None
    by: str = ""
    why_not: str = ""

    @property
    def label(self) -> str:
        return str(Attribute(self.attribute).label)

    @property
    def state_label(self) -> str:
        return str(State(self.state).label)

    @property
    def rests_on(self) -> str:
        """Its evidence in words; of a derived attribute, what kind and of when."""
        if self.evidence or self.since is None or not self.basis:
            return self.evidence
        return f"{Basis(self.basis).label}, {date_format(localdate(self.since), 'M j, Y')}"

    @property
    def is_their_word(self) -> bool:
        return self.basis == Basis.TOUCH

    @property
    def is_known(self) -> bool:
        return bool(self.words or self.on or self.amount is not None or self.nobody)


@dataclass(frozen=True)
class Entry:
    """One touch of the history. `minutes` of talk; `documented`: attributes that rest on it."""

    touch: int
    at: datetime
    channel: str
    direction: str
    outcome: str
    two_way: bool = False
    contact: str = ""
    by: str = ""
    note: str = ""
    minutes: Decimal | None = None
    documented: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """What the timeline draws: filled where they came to us or talked with us."""
        return "in" if self.two_way or self.direction == Direction.IN else "out"

    @property
    def way_label(self) -> str:
        return _("they to us") if self.way == "in" else _("we to them")

    @property
    def anchor(self) -> str:
        """Where a link to it leads."""
        return f"touch-{self.touch}"

    @property
    def who(self) -> str:
        return " · ".join(part for part in (self.contact, self.by) if part)

    @property
    def title(self) -> str:
        channel, outcome = str(Channel(self.channel).label), str(Outcome(self.outcome).label)
        if self.channel == Channel.PHONE and self.outcome == Outcome.CONVERSATION:
            if self.minutes:
                return _("Conversation, %s min") % f"{self.minutes.normalize():f}"
            return _("Conversation")
        if self.outcome == Outcome.NOTED:
            return outcome
        if self.channel == Channel.VOICEMAIL:
            return outcome
        return f"{channel}: {outcome.lower()}"

    @property
    def documented_in_words(self) -> str:
        return ", ".join(str(Attribute(a).label).lower() for a in self.documented)


@dataclass(frozen=True)
class Pledge:
    """What we promised them, and whether it was kept by then."""

    promise: int
    channel: str
    due_at: datetime
    words: str = ""
    contact: str = ""
    timezone: str = ""
    by: str = ""
    given_at: datetime | None = None
    kept_at: datetime | None = None

    @property
    def channel_label(self) -> str:
        return str(Channel(self.channel).label)


@dataclass(frozen=True)
class HotButton:
    words: str
    evidence: str = ""
    at: datetime | None = None
    touch: int | None = None


@dataclass(frozen=True)
class Figure:
    label: str
    figure: str
    gloss: str = ""


_NOTHING = "–"


@dataclass(frozen=True)
class Earlier:
    """An earlier handoff of the same lead, and how it ended."""

    handed_off_at: datetime
    rep: str = ""
    ended: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """How it ended, what was wrong, and why: a few sentences."""
        day = date_format(localdate(self.ended_at), "F j, Y") if self.ended_at else ""
        said = {
            "returned": _("%(rep)s returned it on %(day)s."),
            "stalled": _("It stalled with %(rep)s on %(day)s."),
            "won": _("%(rep)s won it on %(day)s."),
            "lost": _("%(rep)s lost it on %(day)s."),
        }
        how = said[self.ended] % {"rep": self.rep, "day": day}
        wrong = _("Found wrong: %s.") % self.wrong_in_words if self.wrong else ""
        return " ".join(part for part in (how, wrong, self.reason) if part)

    @property
    def wrong_in_words(self) -> str:
        return ", ".join(str(Attribute(a).label).lower() for a in self.wrong)


@dataclass(frozen=True)
class Word:
    """What the one who hands over adds in their own words; empty where they leave it to the record."""

    headline: str = ""
    said: str = ""
    hot_buttons: tuple[str, ...] = ()
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Dossier:
    """Everything a rep needs before the first call, as it stood at `frozen_at`."""

    frozen_at: datetime
    schema: int = SCHEMA
    headline: str = ""
    opening: str = ""
    word: Word = Word()
    specialist: str = ""
    source: str = ""
    received_at: datetime | None = None
    standard: int | None = None
    documented: int = 0
    currency: str = "USD"
    potential_revenue: Decimal | None = None
    expected_close_on: date | None = None
    note: str = ""
    company: CompanyProfile = CompanyProfile()
    people: tuple[Individual, ...] = ()
    known: tuple[Known, ...] = ()
    hot_buttons: tuple[HotButton, ...] = ()
    promised: tuple[Pledge, ...] = ()
    history: tuple[Entry, ...] = ()
    """Every touch, newest first."""
    earlier: tuple[Earlier, ...] = ()

    def of(self, attribute: str) -> Known:
        found = (known for known in self.known if known.attribute == attribute)
        return next(found, Known(attribute))

    # One name each, because a template can pass no argument.
    @property
    def pain(self) -> Known:
        return self.of(Attribute.PAIN)

    @property
    def process(self) -> Known:
        return self.of(Attribute.PROCESS)

    @property
    def budget(self) -> Known:
        return self.of(Attribute.BUDGET)

    @property
    def urgency(self) -> Known:
        return self.of(Attribute.URGENCY)

    @property
    def competition(self) -> Known:
        return self.of(Attribute.COMPETITION)

    @property
    def environment(self) -> Known:
        return self.of(Attribute.ENVIRONMENT)

    @property
    def industry(self) -> Known:
        return self.of(Attribute.INDUSTRY)

    @property
    def firmographics(self) -> Known:
        return self.of(Attribute.FIRMOGRAPHICS)

    @property
    def expected_call(self) -> Pledge | None:
        """The first open promise of a call or a meeting that is still to come."""
        ahead = [
            pledge
            for pledge in self.promised
            if pledge.kept_at is None
            and pledge.due_at >= self.frozen_at
            and pledge.channel in (Channel.PHONE, Channel.MEETING)
        ]
        return min(ahead, key=lambda pledge: pledge.due_at, default=None)

    @property
    def size_in_words(self) -> str:
        """ "$84M · 310 people · 2 sites", as far as known."""
        company = self.company
        parts = [money_short(company.revenue, self.currency)]
        if company.employees is not None:
            people = ngettext("%s person", "%s people", company.employees)
            parts.append(people % f"{company.employees:,}")
        if company.locations is not None:
            sites = ngettext("%s site", "%s sites", company.locations)
            parts.append(sites % f"{company.locations:,}")
        return " · ".join(part for part in parts if part)

    @property
    def conversations(self) -> int:
        return sum(entry.two_way for entry in self.history)

    @property
    def day_format(self) -> str:
        """How its days are written: with the year where the history leaves that of the freezing."""
        year = localdate(self.frozen_at).year
        same = all(localdate(entry.at).year == year for entry in self.history)
        return "M j" if same else "M j, Y"

    @property
    def figures(self) -> list[Figure]:
        """The four that a rep looks at first; a dash where nothing is recorded."""
        budget = self.budget
        budget_words = money_short(budget.amount, self.currency) or (
            _("Process") if budget.words else ""
        )
        conversations = ngettext("%s conversation", "%s conversations", self.conversations)
        return [
            Figure(
                _("Potential"),
                money_short(self.potential_revenue, self.currency) or _NOTHING,
                _("close by %s") % date_format(self.expected_close_on, "M j, Y")
                if self.expected_close_on
                else _("no close expected yet"),
            ),
            Figure(
                _("Decision"),
                date_format(self.process.on, "M j") if self.process.on else _NOTHING,
                date_format(self.process.on, "Y") if self.process.on else _("no date"),
            ),
            Figure(
                _("Budget"),
                budget_words or _NOTHING,
                budget.state_label.lower() if budget_words else _("not known"),
            ),
            Figure(
                _("Touches"),
                str(len(self.history)),
                ngettext("over %s day", "over %s days", self.days_of_history) % self.days_of_history
                + ", "
                + conversations % self.conversations,
            ),
        ]

    @property
    def days_of_history(self) -> int:
        """From the first touch to the last, both days counted; 0 without any."""
        if not self.history:
            return 0
        return (self.history[0].at.date() - self.history[-1].at.date()).days + 1


def compose(gathered: Dossier) -> Dossier:
    """Bring what was gathered into the order of a brief, and write what nobody wrote.

    Gives people, promises and history their order, and a headline, an opening and hot buttons:
    from the word of the one who hands over, else from what is recorded, else none.
    """
    ordered = replace(
        gathered,
        people=tuple(sorted(gathered.people, key=_by_importance)),
        known=tuple(sorted(gathered.known, key=lambda k: Attribute.values.index(k.attribute))),
        promised=tuple(sorted(gathered.promised, key=lambda pledge: pledge.due_at)),
        history=tuple(
            sorted(gathered.history, key=lambda entry: (entry.at, entry.touch), reverse=True)
        ),
        earlier=tuple(
            sorted(gathered.earlier, key=lambda earlier: earlier.handed_off_at, reverse=True)
        ),
    )
    return replace(
        ordered,
        headline=gathered.word.headline.strip() or headline_of(ordered),
        opening=opening_of(ordered),
        hot_buttons=_hot_buttons(ordered),
    )


def _by_importance(person: Individual) -> tuple[int, bool, str, int]:
    rank = DECIDES.index(BuyingRole(person.role)) if person.role in DECIDES else len(DECIDES)
    return rank, not person.primary, person.name, person.contact


def headline_of(dossier: Dossier) -> str:
    """Who, and what they need: the company and the first sentence of the pain."""
    primary = next((person for person in dossier.people if person.primary), None)
    who = dossier.company.name or (primary.name if primary else "") or _("Company not known")
    need = _first_sentence(dossier.pain.words)
    return f"{who}: {need}" if need else who


def _first_sentence(words: str) -> str:
    first = re.split(r"(?<=[.!?;])\s|\n", words.strip(), maxsplit=1)[0].rstrip(".; ")
    if len(first) <= LONGEST_NEED:
        return first
    return first[:LONGEST_NEED].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def opening_of(dossier: Dossier) -> str:
    """Who decides and by when, what drives it, how much: a few sentences from what is recorded."""
    sentences = [_who_decides(dossier), _when(dossier), _how_much(dossier)]
    return " ".join(sentence for sentence in sentences if sentence)


def _who_decides(dossier: Dossier) -> str:
    deciders = [person for person in dossier.people if person.decides and person.name]
    if not deciders:
        return _("Who decides is not known.")
    named = [f"{p.name} ({p.title})" if p.title else p.name for p in deciders]
    who = _(" and ").join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    if dossier.process.on:
        day = date_format(dossier.process.on, "F j")
        if len(deciders) > 1:
            return _("%(who)s decide, by %(day)s.") % {"who": who, "day": day}
        return _("%(who)s decides, by %(day)s.") % {"who": who, "day": day}
    return (_("%s decide.") if len(deciders) > 1 else _("%s decides.")) % who


def _when(dossier: Dossier) -> str:
    event, on = dossier.urgency.words.strip().rstrip("."), dossier.urgency.on
    if event and on:
        return _("What drives it: %(event)s, %(day)s.") % {
            "event": event,
            "day": date_format(on, "F j"),
        }
    return _("What drives it: %s.") % event if event else ""


def _how_much(dossier: Dossier) -> str:
    if dossier.potential_revenue is None:
        return ""
    amount = money_words(dossier.potential_revenue, dossier.currency)
    if dossier.expected_close_on:
        return _("%(amount)s in potential revenue, expected to close by %(day)s.") % {
            "amount": amount,
            "day": date_format(dossier.expected_close_on, "F j"),
        }
    return _("%s in potential revenue.") % amount


def _hot_buttons(dossier: Dossier) -> tuple[HotButton, ...]:
    """As written down for the rep; else what they said to us: where the pain came up, the latest."""
    word, pain = dossier.word, dossier.pain
    if word.hot_buttons:
        return tuple(HotButton(words, word.by, word.at) for words in word.hot_buttons)
    said = [
        entry
        for entry in dossier.history
        if entry.two_way and entry.note.strip() and entry.note.strip() != pain.words.strip()
    ]
    said.sort(key=lambda entry: entry.touch != pain.touch)  # stable: the latest come first
    return tuple(
        HotButton(entry.note.strip(), entry.title, entry.at, entry.touch)
        for entry in said[:HOT_BUTTONS]
    )


# JSON and back.


def to_json(value: Any) -> Any:
    """Plain JSON values: instants and dates in ISO 8601 (instants with their offset), money as text."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case tuple() | list():
            return [to_json(item) for item in value]
        case _ if is_dataclass(value):
            return {part.name: to_json(getattr(value, part.name)) for part in fields(value)}
        case str():
            return str(value)  # a choice is stored as its plain value
        case _:
            return value


def from_json(body: dict[str, Any]) -> Dossier:
    """The dossier that was frozen as `body`. Fields of another version are left out or left empty."""
    dossier: Dossier = _read(Dossier, body)
    return dossier


@lru_cache(maxsize=32)
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        return _read(next(arg for arg in get_args(kind) if arg is not types.NoneType), value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _types(kind)
        return kind(**{name: _read(hints[name], value[name]) for name in hints if name in value})
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value
