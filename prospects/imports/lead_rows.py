"""Reads the rows of a leads file: values checked, keys made, screened, judged by the standard.

Pure, but for asking `Ground` who a name is. One row in, what is to be staged of it out.
"""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from prospects import history, keys
from prospects.imports.intake import BadRow, Values
from prospects.qualification import (
    Answer,
    Attribute,
    Basis,
    BuyingRole,
    Fact,
    Horizon,
    Terms,
    answered_fact,
    assess,
    firmographics_fact,
    industry_fact,
)
from prospects.reading import cells
from prospects.reading.cells import BadCell
from prospects.reading.mapping import REFUSALS
from prospects.screening import judging as screening
from prospects.screening.judging import Candidate, Lists, Market, Reason
from prospects.stages import WITH_SALES, Disqualification, Stage

T = TypeVar("T")

MOST_VERDICTS = 4096
"""So many are kept while a file is read."""

ZONES = frozenset(zoneinfo.available_timezones())
REFUSED_WHY = {
    "no_email": "unsubscribed",
    "no_calls": "do_not_call",
    "no_post": "asked",
    "no_contact": "asked",
}
"""What a suppression from a file says (prospects.models.Suppression.Why)."""
NO = {
    *("0", "no", "n", "false", "f", "off", "none", "null", "-", "subscribed", "opted_in", "opt_in"),
    *("nein", "non", "ne", "nee", "não", "nao", "falsch", "faux", "falso"),
}
"""How cells say that somebody did not refuse. Whatever else stands there counts as a refusal: a date,
a reason, a word of another language; nothing a file says is read as less than it may mean."""


def is_refusal(cell: str) -> bool:
    """Whether a cell of a column of refusals says so; several columns come as several lines."""
    return any(_says_so(line) for line in cell.splitlines())


def _says_so(words: str) -> bool:
    plain = words.strip().lower().replace(" ", "_").replace("-", "_").strip("_")
    return bool(plain) and plain not in NO and plain.strip("0.") != ""


NOBODY = frozenset({"nobody", "none", "no one", "no competitors", "no competition"})


def _spellings(choices: Any) -> dict[str, str]:
    return {
        cells.spelling(words): str(value)
        for value, label in choices.choices
        for words in (value, str(label))
    }


STAGES = _spellings(Stage)
DISQUALIFICATIONS = _spellings(Disqualification)
BUYING_ROLES = _spellings(BuyingRole) | {
    "economic_buyer": "decision_maker",
    "decider": "decision_maker",
    "end_user": "user",
    "evaluator": "influencer",
}

STAGED: dict[str, str] = {
    "line": "bigint",
    "digest": "uuid",
    "external_id": "text",
    "received_at": "timestamptz",
    "received_given": "boolean",
    "entered_program_at": "timestamptz",
    "qualified_at": "timestamptz",
    "stage": "text",
    "stage_at": "timestamptz",
    "stage_given": "boolean",
    "source": "text",
    "team_id": "bigint",
    "specialist_id": "bigint",
    "assigned_why": "text",
    "company": "text",
    "name_key": "text",
    "domain": "text",
    "domain_given": "boolean",
    "naics": "text",
    "sic": "text",
    "revenue": "numeric",
    "employees": "integer",
    "locations": "integer",
    "country": "text",
    "region": "text",
    "city": "text",
    "postal_code": "text",
    "street": "text",
    "first_name": "text",
    "last_name": "text",
    "person_key": "text",
    "title": "text",
    "buying_role": "text",
    "email": "text",
    "email_key": "text",
    "phone": "text",
    "phone_key": "text",
    "timezone": "text",
    "potential_revenue": "numeric",
    "expected_close_on": "date",
    "note": "text",
    "screening": "jsonb",
    "passes": "boolean",
    "contradictions": "text[]",
    "documented": "smallint",
    "open_attributes": "text[]",
    "reassess_at": "timestamptz",
    "mql_at": "timestamptz",
    "activity_at": "timestamptz",
    "search_text": "text",
}
"""The columns of the staging table, filled by `LeadRow.staged`."""

STAGED_STEPS = {
    "line": "bigint",
    "ordinal": "smallint",
    "from_stage": "text",
    "to_stage": "text",
    "at": "timestamptz",
    "reason": "text",
    "note": "text",
    "brought_along": "boolean",
}
STAGED_REFUSALS = {"line": "bigint", "channel": "text", "why": "text"}
"""What the people of a row do not want."""
STAGED_ANSWERS = {
    "line": "bigint",
    "attribute": "text",
    "words": "text",
    "on_day": "date",
    "amount": "numeric",
    "nobody": "boolean",
    "since": "timestamptz",
}


@dataclass(frozen=True)
class Someone:
    """A specialist named in a file."""

    user_id: int
    team_id: int | None


@dataclass(frozen=True)
class Ground:
    """What the rows of one file are read against."""

    now: datetime
    zone: zoneinfo.ZoneInfo
    country: str
    """Where phone numbers are dialled if a row says no country."""
    lists: Lists
    market: Market
    terms: Terms
    codes: Mapping[str, str]
    """Titles of the industry codes by key ("naics-322120")."""
    team_id: int
    specialist: Callable[[str], Someone]
    dead_domains: AbstractSet[str] = frozenset()
    """Those that take no mail, as far as it is known."""


@dataclass(slots=True)
class LeadRow:
    """One row of the file as it will be staged; the names are those of STAGED."""

    line: int
    digest: str
    external_id: str = ""
    received_at: datetime | None = None
    received_given: bool = False
    entered_program_at: datetime | None = None
    qualified_at: datetime | None = None
    stage: str = Stage.RAW
    stage_at: datetime | None = None
    stage_given: bool = False
    source: str = ""
    """Lower case; empty where the row names none."""
    team_id: int = 0
    specialist_id: int | None = None
    assigned_why: str = ""
    company: str = ""
    name_key: str = ""
    domain: str = ""
    domain_given: bool = False
    naics: str = ""
    sic: str = ""
    revenue: Decimal | None = None
    employees: int | None = None
    locations: int | None = None
    country: str = ""
    region: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""
    first_name: str = ""
    last_name: str = ""
    person_key: str = ""
    title: str = ""
    buying_role: str = BuyingRole.UNKNOWN
    email: str = ""
    email_key: str = ""
    phone: str = ""
    phone_key: str = ""
    timezone: str = ""
    potential_revenue: Decimal | None = None
    expected_close_on: date | None = None
    note: str = ""
    screening: str = "[]"
    passes: bool = True
    contradictions: str = "{}"
    documented: int = 0
    open_attributes: str = "{}"
    reassess_at: datetime | None = None
    mql_at: datetime | None = None
    activity_at: datetime | None = None
    search_text: str = ""

    reason: str = ""
    reason_words: str = ""
    steps: list[history.Step] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    """Kinds of address that must be left alone, each with why (prospects.models.Suppression)."""
    problems: list[str] = field(default_factory=list)
    """Why the row is refused."""
    oddities: list[str] = field(default_factory=list)
    """What does not fit together, but is taken."""
    leftovers: list[str] = field(default_factory=list)
    """What found no place of its own; goes to the note."""

    def staged(self) -> tuple[Any, ...]:
        return _staged(self)


_staged = attrgetter(*STAGED)


class LeadReader:
    """Reads one row after the other."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.sources: dict[str, str] = {}
        """The sources that rows named: lower case to how it was first written."""
        self._named, self._waits = _("named in the file"), _("waits in the team’s queue")
        self._nothing_known = self._judged({}, ground.now)
        self._verdicts: dict[tuple[bool, bool, datetime], tuple[int, str, datetime | None]] = {}

    def read(self, line: int, values: Values) -> LeadRow:
        """Refuses (BadRow) what cannot be taken, with every reason at once."""
        # A million rows come through here: what follows is plain, and asks only for what is there.
        said = "\x1f".join([f"{name}={cell}" for name, cell in values.items()])
        digest = hashlib.md5(said.encode(errors="surrogatepass"), usedforsecurity=False)
        row = LeadRow(line=line, digest=digest.hexdigest())
        for name, longest in LINES:
            if name in values:
                setattr(row, name, self._line(row, values, name, longest))
        for name, column, parse in NUMBERS:
            if name in values:
                setattr(row, column, self._take(row, values, name, parse, None))
        self._read_company(row, values)
        self._read_person(row, values)
        self._read_life(row, values)
        self._read_need(row, values)
        for name, kinds in REFUSALS.items():
            if name in values and is_refusal(values[name]):
                row.refusals |= dict.fromkeys(kinds, REFUSED_WHY[name])
        for name, longest in (("source", 150), ("specialist", 200)):
            if name in values:
                values[name] = self._line(row, values, name, longest)
        self._check_somebody(row, values)
        if row.problems:
            raise BadRow(row.problems)
        self._screen(row)
        self._write_history(row)
        self._judge(row)
        self._file(row, values)
        return row

    # The parts of a row. `take` reads one cell and notes why it cannot be read.

    def _take(
        self, row: LeadRow, values: Values, name: str, parse: Callable[[str], T], blank: T
    ) -> T:
        cell = values.get(name)
        if cell is None:
            return blank
        try:
            return parse(cell)
        except BadCell as bad:
            row.problems.append(f"{name}: {bad}")
            return blank

    def _line(self, row: LeadRow, values: Values, name: str, longest: int) -> str:
        cell = values.get(name)
        if cell is None:
            return ""
        try:
            return cells.line(cell, longest)
        except BadCell as bad:
            row.problems.append(f"{name}: {bad}")
            return ""

    def _read_company(self, row: LeadRow, values: Values) -> None:
        row.name_key = keys.company_key(row.company) if row.company else ""
        if not row.name_key:
            row.company = ""
        if given := values.get("domain"):
            row.domain = keys.domain_of(given)
            row.domain_given = bool(row.domain) and not screening.is_free(row.domain)
            if not row.domain_given:
                row.domain = ""
                row.leftovers.append(f"domain: {given}")
        self._read_place(row, values)
        if "naics" in values:
            row.naics = self._industry(row, values, "naics")
        if "sic" in values:
            row.sic = self._industry(row, values, "sic")

    def _read_place(self, row: LeadRow, values: Values) -> None:
        if not values.get("street", "{").startswith("{"):  # a whole address, repeated as JSON
            row.street = self._line(row, values, "street", 200)
        if given := values.get("country"):
            row.country = keys.country_code(given)
            if not row.country:
                row.leftovers.append(f"country: {given}")
        if row.postal_code:
            row.postal_code = _postal_code(row.postal_code, row.country)
        if given := values.get("timezone"):
            row.timezone = given if given in ZONES else ""
            if not row.timezone:
                row.leftovers.append(f"timezone: {given}")

    def _industry(self, row: LeadRow, values: Values, system: str) -> str:
        """The key of a code of the tables; one that is not in them is told, not taken."""
        given = values[system]
        code = self._take(row, values, system, cells.digits, "").replace(" ", "").replace(".", "")
        if not code:
            return ""
        if system == "sic":  # a spreadsheet takes 0111 for a number, and every code has four digits
            code = code.zfill(4)
        key = f"{system}-{SECTORS.get(code, code)}"
        if key in self.ground.codes:
            return key
        name = "NAICS 2022" if system == "naics" else "SIC 1987"
        row.oddities.append(
            _("“%(code)s” is no code of %(system)s.") % {"code": given[:40], "system": name}
        )
        return ""

    def _read_person(self, row: LeadRow, values: Values) -> None:
        if "full_name" in values and not (row.first_name or row.last_name):
            row.first_name, row.last_name = _split_name(self._line(row, values, "full_name", 190))
        if row.first_name or row.last_name:
            row.person_key = keys.person_key(row.first_name, row.last_name)
        if given := values.get("buying_role"):
            row.buying_role = BUYING_ROLES.get(cells.spelling(given), BuyingRole.UNKNOWN)
            if cells.spelling(given) not in BUYING_ROLES:
                row.leftovers.append(f"buying role: {given}")
        row.email = self._first(row, values, "email", 254)
        row.phone = self._first(row, values, "phone", 60)
        if row.phone and row.phone[-1].isdecimal():
            row.phone = self._take(row, {"phone": row.phone}, "phone", cells.digits, "")

    def _first(self, row: LeadRow, values: Values, name: str, longest: int) -> str:
        """The first of the addresses in a cell; further ones are kept in the note."""
        if name not in values:
            return ""
        several = cells.listed(values[name])
        for more in several[1:]:
            row.leftovers.append(f"{name}: {more}")
        return self._line(row, {name: several[0]}, name, longest) if several[0] else ""

    def _read_life(self, row: LeadRow, values: Values) -> None:
        def instant(cell: str) -> datetime:
            return cells.instant(cell, self.ground.zone)

        if "+" in row.external_id:
            row.external_id = self._take(row, values, "external_id", cells.digits, "")
        row.entered_program_at = self._take(row, values, "entered_program_at", instant, None)
        row.stage_at = self._take(row, values, "stage_at", instant, None)
        received = self._take(row, values, "received_at", instant, None)
        dated = [at for at in (row.entered_program_at, row.stage_at) if at is not None]
        row.received_given = received is not None
        row.received_at = received or min(dated, default=self.ground.now)
        row.stage = self._take(row, values, "stage", lambda cell: cells.choice(cell, STAGES), "")
        row.stage_given = bool(row.stage) or bool(dated)
        if row.stage_given and not row.stage:
            row.stage = Stage.NURTURING if row.entered_program_at else Stage.RAW
        if given := self._take(row, values, "reason", cells.text, ""):
            row.reason, row.reason_words = _reason(row.stage, given)

    def _read_need(self, row: LeadRow, values: Values) -> None:
        row.note = self._take(row, values, "note", cells.text, "")
        for attribute, words_name, day_name in ANSWER_FIELDS:
            if words_name not in values and day_name not in values:
                continue
            words = self._take(row, values, words_name, cells.text, "")
            on = self._take(row, values, day_name, cells.day, None) if day_name else None
            if words or on:
                row.answers[attribute] = _answer(attribute, words, on)

    def _check_somebody(self, row: LeadRow, values: Values) -> None:
        if not values:
            row.problems.append(_("nothing in the columns that we know"))
        elif not (
            row.external_id or row.company or row.domain or row.person_key or row.email or row.phone
        ):
            row.problems.append(_("no company, name, email, phone or id: who is it?"))

    # What follows from the values

    def _screen(self, row: LeadRow) -> None:
        email = keys.read_email(row.email)
        phone = keys.read_phone(row.phone, row.country or self.ground.country)
        row.email_key, row.phone_key = email.key, phone.key
        mail_domain = email.key.rpartition("@")[2]
        if not row.domain and screening.says_company(mail_domain):
            row.domain = mail_domain
        reasons = screening.screen(
            Candidate(
                title=row.title,
                company=row.company,
                company_key=row.name_key,
                domain=row.domain,
                email=row.email,
                email_reading=email,
                email_is_dead=mail_domain in self.ground.dead_domains,
                phone=row.phone,
                phone_reading=phone,
                street=row.street,
                city=row.city,
                country=row.country,
                naics=row.naics.removeprefix("naics-"),
                employees=row.employees,
            ),
            self.ground.lists,
            self.ground.market,
        )
        against = screening.verdict(reasons)
        row.passes = against is None
        if reasons:
            row.screening = _as_json(tuple(reasons))
        if not row.stage_given:
            self._route(row, against)

    def _route(self, row: LeadRow, against: Reason | None) -> None:
        """A lead of today: raw, or screened out at once."""
        row.stage = Stage.SCREENED_OUT if against else Stage.RAW
        events = []
        if against is not None:
            events.append(
                history.Event(self.ground.now, Stage.SCREENED_OUT, str(against.rule), against.words)
            )
        row.steps = history.chain(row.received_at or self.ground.now, events)
        row.stage_at = row.steps[-1].at

    def _write_history(self, row: LeadRow) -> None:
        if not row.stage_given:
            return
        received_at = row.received_at or self.ground.now
        self._note_oddities(row, received_at)
        if row.stage in WITH_SALES:
            row.oddities.append(HANDOFF_NOT_KNOWN)
            row.stage = Stage.QUALIFIED
        if row.stage == Stage.NURTURING and row.entered_program_at is None:
            row.entered_program_at = row.stage_at or received_at
        stage_at = row.stage_at or row.entered_program_at or received_at
        events = []
        if row.entered_program_at and row.stage not in (Stage.RAW, Stage.SCREENED_OUT):
            events.append(history.Event(row.entered_program_at, Stage.NURTURING))
        if row.stage not in (Stage.RAW, Stage.NURTURING):
            events.append(history.Event(stage_at, row.stage, row.reason, row.reason_words))
        row.steps = history.chain(received_at, events)
        row.stage_at = row.steps[-1].at
        if row.stage == Stage.QUALIFIED:
            row.qualified_at = row.stage_at

    def _note_oddities(self, row: LeadRow, received_at: datetime) -> None:
        entered, stage_at = row.entered_program_at, row.stage_at

        def said() -> str:
            return str(Stage(row.stage).label).lower()

        if entered and entered < received_at:
            row.oddities.append(_("Entered the program before it was received."))
        if stage_at and stage_at < received_at:
            row.oddities.append(_("Is said to be %s before it was received.") % said())
        elif stage_at and entered and stage_at < entered:
            row.oddities.append(_("Is said to be %s before it entered the program.") % said())
        if entered and row.stage in (Stage.RAW, Stage.SCREENED_OUT):
            row.oddities.append(_("Entered the program, but is said to be %s.") % said())
        latest = max(at for at in (received_at, entered, stage_at) if at is not None)
        if latest > self.ground.now:
            row.oddities.append(_("Has a date in the future: %s.") % f"{latest:%Y-%m-%d}")

    def _judge(self, row: LeadRow) -> None:
        now, received_at = self.ground.now, row.received_at or self.ground.now
        has_industry = bool(row.naics or row.sic)
        has_size = not (row.revenue is None or row.employees is None or row.locations is None)
        if not (has_industry or has_size or row.answers):
            row.documented, row.open_attributes, row.reassess_at = self._nothing_known
            return
        # What facts of the company and their age come to is the same for every row that has them.
        age = (has_industry, has_size, received_at)
        is_known = not row.answers and row.stage in (Stage.RAW, Stage.SCREENED_OUT)
        if is_known and age in self._verdicts:
            row.documented, row.open_attributes, row.reassess_at = self._verdicts[age]
            return
        facts = self._facts(row)
        found = self._judged(facts, now)
        row.documented, row.open_attributes, row.reassess_at = found
        if is_known and len(self._verdicts) < MOST_VERDICTS:
            self._verdicts[age] = found
        if row.stage in (Stage.RAW, Stage.SCREENED_OUT):
            return
        then = row.entered_program_at or received_at
        if self._judged(facts, then)[0] >= self.ground.terms.mql_attributes:
            row.mql_at = then

    def _judged(self, facts: Mapping[str, Fact], now: datetime) -> tuple[int, str, datetime | None]:
        verdict = assess(
            facts,
            outbound_touches=0,
            horizon=Horizon.UNKNOWN,
            terms=self.ground.terms,
            now=now.astimezone(self.ground.zone),
        )
        return verdict.documented, array(verdict.open_attributes), verdict.changes_at

    def _facts(self, row: LeadRow) -> dict[str, Fact]:
        """What the row says of the ten attributes, as old as the day it was received.

        Of people it never says enough: one person is not decision maker and influencer both.
        """
        since = row.received_at
        facts: dict[str, Fact] = {}
        if key := row.naics or row.sic:
            facts[Attribute.INDUSTRY] = industry_fact(
                key.partition("-")[2], self.ground.codes[key], basis=Basis.IMPORTED, since=since
            )
        if row.revenue is not None and row.employees is not None and row.locations is not None:
            facts[Attribute.FIRMOGRAPHICS] = firmographics_fact(
                row.revenue, row.employees, row.locations, basis=Basis.IMPORTED, since=since
            )
        for attribute, answer in row.answers.items():
            facts[attribute] = answered_fact(
                attribute, answer, basis=Basis.IMPORTED, since=since or self.ground.now
            )
        return facts

    def _file(self, row: LeadRow, values: Values) -> None:
        """The rest: for whom it is, where it came from, what is searched."""
        ground = self.ground
        if source := values.get("source", ""):
            row.source = source.lower()
            self.sources.setdefault(row.source, source)
        row.team_id = ground.team_id
        if named := values.get("specialist", ""):
            someone = ground.specialist(named)
            row.specialist_id, row.team_id = someone.user_id, someone.team_id or ground.team_id
            row.assigned_why = self._named
        elif row.stage == Stage.RAW:
            row.assigned_why = self._waits
        if not (row.company or row.domain):
            row.leftovers += [
                f"{name.replace('_', ' ')}: {values[name]}" for name in OF_COMPANY if name in values
            ]
        if row.leftovers:
            row.note = "\n".join(part for part in (row.note, "; ".join(row.leftovers)) if part)
        if row.oddities:
            row.contradictions = array([words[:200] for words in row.oddities])
        dates = (row.received_at, row.entered_program_at, row.stage_at)
        row.activity_at = max(at for at in dates if at is not None)
        row.search_text = keys.search_text(
            row.external_id,
            row.company,
            row.domain,
            f"{row.first_name} {row.last_name}",
            row.email,
            row.phone,
            row.phone_key,
        )


HANDOFF_NOT_KNOWN = "Is said to be with a rep, but no handoff of it is known."

FIVE_DIGITS = frozenset({"US", "DE", "FR", "IT", "ES", "MX"})
"""Countries all of whose postal codes have five digits, some of them zeros at the start."""


def _postal_code(given: str, country: str) -> str:
    """A postal code with the zeros that a spreadsheet took from it, where there must have been some."""
    code = given.removesuffix(".0")
    if country in FIVE_DIGITS and code.isdecimal() and 3 <= len(code) < 5:
        return code.zfill(5)
    return code


OF_COMPANY = (
    "naics",
    "sic",
    "revenue",
    "employees",
    "locations",
    "country",
    "region",
    "city",
    "postal_code",
    "street",
)
"""What is said of a company; of a person without one it goes to the note."""

ANSWER_FIELDS = (
    (Attribute.ENVIRONMENT, "environment", ""),
    (Attribute.PAIN, "pain", ""),
    (Attribute.PROCESS, "decision_process", "decision_on"),
    (Attribute.BUDGET, "budget", ""),
    (Attribute.COMPETITION, "competition", ""),
    (Attribute.URGENCY, "compelling_event", "compelling_event_on"),
)

SECTORS = {
    str(number): f"{first}-{last}"
    for first, last in ((31, 33), (44, 45), (48, 49))
    for number in range(first, last + 1)
}
"""Three sectors of NAICS have more than one number."""


def _reason(stage: str, given: str) -> tuple[str, str]:
    """The key that a reason is counted by, and its words where the key does not say them."""
    key = cells.spelling(given)
    if stage == Stage.DISQUALIFIED:
        known = DISQUALIFICATIONS.get(key)
        return (known, "") if known else (str(Disqualification.OTHER), given)
    return key[:40], "" if key == given else given


@lru_cache(maxsize=1024)
def _as_json(reasons: tuple[Reason, ...]) -> str:
    return json.dumps([reason.stored for reason in reasons], ensure_ascii=False)


def _revenue(cell: str) -> Decimal:
    return cells.amount(cell, 16)


LINES = (
    ("external_id", 100),
    ("company", 250),
    ("region", 100),
    ("city", 100),
    ("postal_code", 20),
    ("first_name", 100),
    ("last_name", 100),
    ("title", 150),
)
"""Fields of one line of text, and how long each may be."""

NUMBERS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("revenue", "revenue", _revenue),
    ("employees", "employees", cells.count),
    ("locations", "locations", cells.count),
    ("potential_revenue", "potential_revenue", cells.amount),
    ("expected_close", "expected_close_on", cells.day),
)
"""Fields of one value, with the column of the row that each becomes, and how it is read."""


def _answer(attribute: str, words: str, on: date | None) -> Answer:
    if attribute == Attribute.COMPETITION and words.lower().rstrip(".") in NOBODY:
        return Answer(nobody=True)
    if attribute == Attribute.BUDGET:
        try:
            return Answer(amount=cells.amount(words))
        except BadCell:
            return Answer(words=words)
    return Answer(words=words, on=on)


def _split_name(name: str) -> tuple[str, str]:
    """First and last name of "Jane van Dorp" and of "van Dorp, Jane"."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip()[:100], last.strip()[:100]
    first, _space, last = name.partition(" ")
    return (first[:100], last.strip()[:100]) if last else ("", first[:100])


def array(words: list[str] | tuple[str, ...]) -> str:
    """Words as PostgreSQL writes an array of text."""
    quoted = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    return "{" + ",".join(quoted) + "}"
