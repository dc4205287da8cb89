"""What a file seems to hold: which column is which field and why, and what only a person can say.

Pure: the file is read, nothing else is asked. What is not certain is a Question; one that must be
answered before the file can be read is `required`, the others have a safe way on without an answer.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects import keys
from prospects.reading import cells, dates, mapping, systems
from prospects.reading.mapping import LEADS, BadMapping, Catalogue, ColumnMap, heading
from prospects.reading.tables import Row, Table

SAMPLE_ROWS = 300
EXAMPLES = 3
MOST_VALUES = 500
"""Distinct values of a column that are looked at; a list of more is none."""
MOST_QUESTIONS = 40
ALIKE = 0.8
"""The likeness (0 to 1) from which on one value may be another, misspelt."""


class Confidence(TextChoices):
    CERTAIN = "certain", gettext_lazy("certain")
    LIKELY = "likely", gettext_lazy("likely")
    UNSURE = "unsure", gettext_lazy("not used unless you say so")


@dataclass(frozen=True)
class Proposal:
    """What one column seems to be; `field` is empty where nothing tells."""

    column: str
    field: str
    confidence: str
    why: str
    examples: tuple[str, ...] = ()

    @property
    def is_used(self) -> bool:
        return bool(self.field) and self.confidence != Confidence.UNSURE


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Question:
    """What only a person can say of a column. `answered` writes an answer into what is told."""

    column: str
    kind: str
    """dates, decimals or values: the part of what is told of the column that the answer becomes."""
    words: str
    examples: tuple[str, ...]
    choices: tuple[Choice, ...]
    required: bool
    default: str = ""
    """The choice that stands where nobody answers; of required ones there is none."""

    @property
    def key(self) -> str:
        """Tells this question from the others of a file: for the name of a form's field."""
        about = self.examples[0] if self.kind == "values" else ""
        return f"{self.kind}:{self.column}:{about}"


def answered(told: Mapping[str, Any] | None, question: Question, answer: str) -> dict[str, Any]:
    """What is told of the columns, with this answer in it. Refuses (BadMapping) what is no choice."""
    if answer not in {choice.value for choice in question.choices}:
        raise BadMapping(_("“%s” is none of the answers.") % answer)
    told = dict(told or {})
    part = told.get(question.column, {})
    part = dict(part) if isinstance(part, Mapping) else {"field": part}
    if question.kind == "values":
        part["values"] = {**part.get("values", {}), question.examples[0]: answer}
    else:
        part[question.kind] = answer
    return {**told, question.column: part}


@dataclass(frozen=True)
class Understanding:
    """All that was found out of a file before a row is taken."""

    columns: ColumnMap
    proposals: tuple[Proposal, ...]
    system: str
    """The system that seems to have exported it; empty where nothing tells."""
    questions: tuple[Question, ...]
    rows: int

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Those without whose answer the file cannot be read."""
        return tuple(question for question in self.questions if question.required)


class Unanswered(BadMapping):
    """The file cannot be read before somebody answers; names the questions and how to answer."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        super().__init__(" ".join(_to_answer(question) for question in questions))


def _to_answer(question: Question) -> str:
    first, *others = question.choices
    told = json.dumps({question.column: {question.kind: first.value}}, ensure_ascii=False)
    said = [f"{told}: {first.label}", *(f"“{other.value}”: {other.label}" for other in others)]
    return _("%(words)s Answer with a mapping, %(answers)s.") % {
        "words": question.words,
        "answers": "; ".join(said),
    }


@dataclass(frozen=True)
class Known:
    """The values that a field may have: each as it is `spelt`, to what it is."""

    values: Mapping[str, str]
    is_open: bool = False
    """Whether other values may be taken as they are, as sources are."""
    labels: Mapping[str, str] = field(default_factory=dict)


def spelt(words: str) -> str:
    """How values of lists are compared: without case, accents, spaces and signs."""
    return cells.spelling(keys.folded(words))


COUNTRIES = Known({spelt(name): code for name, code in keys.COUNTRIES.items()})


def understand(
    table: Table,
    catalogue: Catalogue,
    told: Mapping[str, Any] | None = None,
    known: Mapping[str, Known] | None = None,
) -> Understanding:
    """Find out what a file holds; reads it through once. `known` are the values of its lists.

    Refuses (BadMapping) what is told amiss, and a file that holds something else than leads.
    """
    sample = list(itertools.islice(table.rows(), SAMPLE_ROWS))
    system = systems.recognise(table.headers) if catalogue is LEADS else None
    if system and not system.holds_leads and not told:
        raise BadMapping(
            _("This looks like a %s export of something else than people or companies.")
            % system.name
        )
    proposals = _Proposing(table.headers, catalogue, sample, system).all()
    columns = mapping.settle(
        table.headers,
        catalogue,
        told,
        {proposal.column: proposal.field for proposal in proposals if proposal.is_used},
    )
    survey = _Survey(table.headers, columns, known or {})
    rows = survey.read(table.rows())
    return Understanding(
        columns=survey.columns(),
        proposals=tuple(proposals),
        system=system.name if system else "",
        questions=tuple(survey.questions()),
        rows=rows,
    )


# Which column is which field

EMAIL = re.compile(r"[^\s@,;]+@[^\s@,;]+\.[A-Za-z]{2,}")
PHONE = re.compile(
    r"(?:tel:)?[+(]?\d[\d ().\-/]{6,20}(?:\s*(?:x|ext\.?)\s*\d{1,6})?", re.IGNORECASE
)
WEB = re.compile(
    r"https?://\S+|www\.\S+\.\S+|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|co|de|fr|uk|eu|es|it|nl|us)/?"
)
LEGAL_FORM = re.compile(
    r"\b(?:inc|llc|llp|ltd|limited|gmbh|ag|kg|s\.?a|sas|s\.?r\.?l|b\.?v|n\.?v|oy|ab|a/?s|corp|plc|pty"
    r"|corporation|company|group)\.?$",
    re.IGNORECASE,
)
SALUTATIONS = frozenset(
    {"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "m", "mme", "mlle", "sr", "sra", "mx"}
)
JOB = re.compile(
    r"\b(?:manager|director|head|chief|officer|president|engineer|owner|founder|buyer|analyst"
    r"|c[eftoi]o|vp|sales|marketing|purchasing|geschäftsführer|leiter|directeur|gerente)\b",
    re.IGNORECASE,
)


def _is_phone(cell: str) -> bool:
    if not PHONE.fullmatch(cell) or dates.readings(cell) or re.match(r"\d{4}-\d\d-\d\d", cell):
        return False
    count = sum(character.isdigit() for character in cell)
    return 7 <= count <= 15 and (cell[0] in "+(" or (count >= 9 and not cell.isdigit()))


TELLING: tuple[tuple[str, Callable[[str], bool], float], ...] = (
    ("email", lambda cell: EMAIL.fullmatch(cell) is not None, 0.8),
    ("phone", _is_phone, 0.8),
    ("domain", lambda cell: WEB.fullmatch(cell) is not None, 0.8),
    ("country", lambda cell: len(cell) > 2 and bool(keys.country_code(cell)), 0.8),
    ("company", lambda cell: LEGAL_FORM.search(cell) is not None, 0.4),
    ("title", lambda cell: JOB.search(cell) is not None, 0.6),
)
"""Fields whose values tell them: the test of a cell, and the share that must pass it."""

CHECKED = {name: test for name, test, _share in TELLING if name in {"email", "domain"}} | {
    "phone": lambda cell: sum(character.isdigit() for character in cell) > 3,
    "country": lambda cell: bool(keys.country_code(cell)),
}
"""What at least some cells of a column must be, if its heading is not our own word."""

FEWEST = 3
"""So many cells must be there before the values of a column say anything."""


LONG_ENOUGH = 6
"""Letters from which on a heading can be told to be another one misspelt."""


class _Proposing:
    """Goes through the columns of one file."""

    def __init__(
        self,
        headers: Sequence[str],
        catalogue: Catalogue,
        sample: Sequence[Row],
        system: systems.System | None,
    ) -> None:
        self.headers, self.catalogue, self.system = headers, catalogue, system
        self.values = [
            [
                cell
                for row in sample
                if index < len(row.cells) and (cell := row.cells[index].strip())
            ]
            for index in range(len(headers))
        ]
        self.by_heading = mapping.propose(headers, catalogue)
        self.names = {
            name: field_name
            for field_name, names in catalogue.items()
            for name in (heading(field_name), *names)
        }

    def all(self) -> list[Proposal]:
        first = [self._by_heading(header, i) for i, header in enumerate(self.headers)]
        fed = {proposal.field for proposal in first if proposal and proposal.is_used}
        found = []
        for index, (header, proposal) in enumerate(zip(self.headers, first, strict=True)):
            settled = proposal or self._by_values(header, index, fed) or self._misspelt(header, fed)
            if settled and settled.is_used:
                fed.add(settled.field)
            examples = tuple(
                cell[:60] for cell in list(dict.fromkeys(self.values[index]))[:EXAMPLES]
            )
            nothing = Proposal(header, "", Confidence.UNSURE, _("nothing tells what it is"))
            chosen = settled or nothing
            found.append(
                Proposal(header, chosen.field, chosen.confidence, chosen.why, examples=examples)
            )
        return found

    def _by_heading(self, header: str, index: int) -> Proposal | None:
        key = systems.compact(header)
        if self.system and key in self.system.fields:
            why = _("Looks like a %s export.") % self.system.name
            return Proposal(header, self.system.fields[key] or "", Confidence.CERTAIN, why)
        field_name = self.by_heading.get(header)
        if field_name is None:
            return None
        values = self.values[index]
        if field_name == "title" and self._share(index, _is_salutation) > ALIKE:
            return Proposal(header, "", Confidence.LIKELY, _("Its values are salutations."))
        if (
            field_name == "full_name"
            and "company" not in self.by_heading.values()
            and len(values) >= FEWEST
            and self._share(index, TELLING[4][1]) >= TELLING[4][2]
        ):
            why = _("The heading says “name”, and the values are companies’.")
            return Proposal(header, "company", Confidence.LIKELY, why)
        check = CHECKED.get(field_name)
        is_own_word = heading(header) == heading(field_name)
        if check and not is_own_word and len(values) >= FEWEST and not any(map(check, values)):
            why = _("The heading says so, but the values do not.")
            return Proposal(header, field_name, Confidence.UNSURE, why)
        return Proposal(header, field_name, Confidence.CERTAIN, _("The heading says so."))

    def _by_values(self, header: str, index: int, fed: Collection[str]) -> Proposal | None:
        if len(set(self.values[index])) < min(FEWEST, 2) and not self._is_unnamed(header):
            return None
        for name, test, share in TELLING:
            if name in self.catalogue and name not in fed and self._share(index, test) >= share:
                return Proposal(header, name, Confidence.LIKELY, _("Its values say so."))
        return None

    def _is_unnamed(self, header: str) -> bool:
        return header.startswith(_("Column %s") % "")

    def _misspelt(self, header: str, fed: Collection[str]) -> Proposal | None:
        key = heading(header)
        if len(key) < LONG_ENOUGH:
            return None
        for near in difflib.get_close_matches(key, self.names, n=1, cutoff=0.88):
            # "Organization ID" is no misspelt organization.
            same_words = key.count(" ") == near.count(" ") and len(near) >= LONG_ENOUGH
            if same_words and self.names[near] not in fed:
                why = _("The heading is nearly “%s”.") % near
                return Proposal(header, self.names[near], Confidence.LIKELY, why)
        return None

    def _share(self, index: int, test: Callable[[str], bool]) -> float:
        values = self.values[index]
        return sum(map(test, values)) / len(values) if values else 0.0


def _is_salutation(cell: str) -> bool:
    return cell.lower().rstrip(".") in SALUTATIONS


# What the cells say of how they are written


class _Column:
    """What the survey learns of one column."""

    def __init__(self, header: str, name: str, writing: mapping.Writing) -> None:
        self.header, self.name, self.writing = header, name, writing

    def see(self, cell: str) -> None:
        raise NotImplementedError

    def settled(self) -> mapping.Writing:
        """How the column is written, as far as its cells say."""
        return self.writing

    def questions(self) -> Iterable[Question]:
        return ()


class _Dates(_Column):
    """One date that can only be read one way decides for all."""

    def __init__(self, header: str, name: str, writing: mapping.Writing) -> None:
        super().__init__(header, name, writing)
        self.possible = frozenset(dates.ORDERS)
        """The orders in which every date so far is one; none: the column has several."""
        self.differ: dict[tuple[str, str], dict[str, dict[str, date]]] = {}
        """By two orders, the first dates that mean something else in the one than in the other."""

    def see(self, cell: str) -> None:
        if cell[4:5] == "-" or not (found := dates.readings(cell)):
            return
        self.possible &= found.keys()
        if len(set(found.values())) > 1:
            for pair in itertools.combinations(found, 2):
                examples = self.differ.setdefault(pair, {})
                if found[pair[0]] != found[pair[1]] and len(examples) < EXAMPLES:
                    examples[cell] = found

    @property
    def unclear(self) -> dict[str, dict[str, date]]:
        """Dates that may be two, with what they may be."""
        left = self.possible or frozenset(dates.ORDERS)
        return {
            cell: {order: on for order, on in found.items() if order in left}
            for pair, examples in self.differ.items()
            if left.issuperset(pair)
            for cell, found in examples.items()
        }

    def settled(self) -> mapping.Writing:
        if self.writing.dates or not self.possible or self.unclear:
            return self.writing
        return mapping.Writing(dates=min(self.possible, key=dates.ORDERS.index))

    def questions(self) -> Iterable[Question]:
        if self.writing.dates or not self.unclear:
            return
        example, found = next(iter(self.unclear.items()))
        words = _("In “%(column)s”, what is %(example)s?")
        if not self.possible:
            words = _("Dates in “%(column)s” are written in different orders: what is %(example)s?")
        yield Question(
            column=self.header,
            kind="dates",
            words=words % {"column": self.header, "example": example},
            examples=tuple(self.unclear)[:EXAMPLES],
            choices=tuple(Choice(order, f"{on:%B %-d, %Y}") for order, on in found.items()),
            required=True,
        )


class _Amounts(_Column):
    """One number that shows its decimal sign decides for all."""

    def __init__(self, header: str, name: str, writing: mapping.Writing) -> None:
        super().__init__(header, name, writing)
        self.signs: Counter[str] = Counter()
        self.unclear: dict[str, None] = {}

    def see(self, cell: str) -> None:
        sign = cells.decimal_sign(cell)
        if sign == "?" and len(self.unclear) < EXAMPLES:
            self.unclear[cell] = None
        elif sign:
            self.signs[sign] += 1

    @property
    def sign(self) -> str:
        if self.writing.decimals:
            return self.writing.decimals
        return next(iter(self.signs)) if len(self.signs) == 1 else ""

    def settled(self) -> mapping.Writing:
        return mapping.Writing(decimals=self.sign) if self.sign else self.writing

    def questions(self) -> Iterable[Question]:
        if self.sign or not self.unclear:
            return
        example = next(iter(self.unclear))
        words = _("In “%(column)s”, how much is %(example)s?")
        yield Question(
            column=self.header,
            kind="decimals",
            words=words % {"column": self.header, "example": example},
            examples=tuple(self.unclear),
            choices=tuple(
                Choice(sign, f"{cells.amount(cells.plain_number(example, sign)):,}")
                for sign in (",", ".")
            ),
            required=True,
        )


class _Listed(_Column):
    """Values of a list: spelt otherwise they are the same; what is only alike is asked about."""

    def __init__(self, header: str, name: str, writing: mapping.Writing, known: Known) -> None:
        super().__init__(header, name, writing)
        self.known = known
        self.seen: dict[str, str] = {}
        """How a value is spelt to how it was written first."""
        self.written: dict[str, str] = {}
        """Each way of writing to its spelling."""

    def see(self, cell: str) -> None:
        low = cell.lower()
        if low not in self.written and len(self.written) < MOST_VALUES:
            key = self.written[low] = spelt(cell)
            self.seen.setdefault(key, cell)

    def settled(self) -> mapping.Writing:
        """`google`, `Google` and `GOOGLE ` are one value: the known one, else the first written."""
        if not self.known.is_open:
            return self.writing
        same = {
            low: meant
            for low, key in self.written.items()
            if key and (meant := self.known.values.get(key, self.seen[key])).lower() != low
        }
        return mapping.Writing(values={**same, **self.writing.values})

    def questions(self) -> Iterable[Question]:
        unknown = [
            (spelt, cell)
            for spelt, cell in self.seen.items()
            if spelt and spelt not in self.known.values and cell.lower() not in self.writing.values
        ]
        for key, cell in unknown[:MOST_QUESTIONS]:
            if question := self._question(key, cell):
                yield question

    def _question(self, key: str, cell: str) -> Question | None:
        near = difflib.get_close_matches(key, self.known.values, n=3, cutoff=ALIKE)
        found = list(dict.fromkeys(self.known.values[name] for name in near))
        if self.known.is_open:
            if not found:
                return None
            offered = [Choice(cell, _("a new one"))]
        else:
            found += [value for value in self.known.labels if value not in found]
            if not found:
                return None
            offered = [Choice("", _("say nothing"))]
        offered += [Choice(value, self.known.labels.get(value, value)) for value in found]
        return Question(
            column=self.header,
            kind="values",
            words=_("What is “%(value)s” in “%(column)s”?")
            % {"value": cell, "column": self.header},
            examples=(cell,),
            choices=tuple(offered),
            required=False,
            default=cell if self.known.is_open else "",
        )


class _Survey:
    """Reads the columns through of which something must be known before a row is taken."""

    def __init__(
        self, headers: Sequence[str], columns: ColumnMap, known: Mapping[str, Known]
    ) -> None:
        self._map = columns
        self._columns: dict[int, _Column] = {}
        for name, indexes in columns.columns.items():
            for index in indexes:
                writing = columns.writings.get(index, mapping.PLAIN)
                if name in mapping.DATE_FIELDS:
                    self._columns[index] = _Dates(headers[index], name, writing)
                elif name in mapping.AMOUNT_FIELDS:
                    self._columns[index] = _Amounts(headers[index], name, writing)
                elif name in known:
                    self._columns[index] = _Listed(headers[index], name, writing, known[name])

    def read(self, rows: Iterable[Row]) -> int:
        """Look at every row; returns how many there are."""
        watched = [(index, column.see) for index, column in self._columns.items()]
        count = 0
        for row in rows:
            count += 1
            width = len(row.cells)
            for index, see in watched:
                if index < width and (cell := row.cells[index].strip()):
                    see(cell)
        return count

    def columns(self) -> ColumnMap:
        writings = dict(self._map.writings)
        for index, column in self._columns.items():
            if (settled := column.settled()) != mapping.PLAIN:
                writings[index] = settled
        return ColumnMap(self._map.columns, self._map.used, self._map.ignored, writings)

    def questions(self) -> list[Question]:
        asked = [q for column in self._columns.values() for q in column.questions()]
        return sorted(asked, key=lambda question: not question.required)[:MOST_QUESTIONS]
