"""The ten attributes and the gate: domain.md, section 5, as tables of cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from prospects.qualification import (
    ANSWERED,
    ASKING_ORDER,
    DEFAULT_REQUIREMENTS,
    DERIVED,
    QUESTIONS,
    Answer,
    Attribute,
    Basis,
    BuyingRole,
    Fact,
    Horizon,
    Person,
    Requirement,
    State,
    Terms,
    answered_fact,
    assess,
    engaged_fact,
    firmographics_fact,
    industry_fact,
    judge,
    people_fact,
)

NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
SIGNED = Terms(signed=True, version=1)


def said(words: str = "x", days_ago: int = 1, **fields: object) -> Fact:
    fact = Fact(words=words, basis=Basis.TOUCH, since=NOW - timedelta(days=days_ago))
    return replace(fact, **fields)  # type: ignore[arg-type]


ALL_SAID = {attribute: said() for attribute in Attribute.values}


def test_there_are_ten_and_each_has_a_question_and_a_place() -> None:
    assert len(Attribute) == 10
    assert set(QUESTIONS) == set(Attribute.values) == set(DEFAULT_REQUIREMENTS)
    assert sorted(ASKING_ORDER) == sorted(Attribute.values)
    assert set(ANSWERED) | DERIVED == set(Attribute)


@pytest.mark.parametrize(
    ("fact", "requirement", "state", "documented"),
    [
        (Fact(), Requirement(), State.UNKNOWN, False),
        (said(), Requirement(), State.CONFIRMED, True),
        (said(basis=Basis.RESEARCH), Requirement(), State.ASSUMED, False),
        (said(basis=Basis.IMPORTED), Requirement(State.ASSUMED), State.ASSUMED, True),
        (said(), Requirement(State.ASSUMED), State.CONFIRMED, True),
        (said(lacks=("decision date",)), Requirement(), State.UNKNOWN, False),
        (said(contradicted="moved"), Requirement(State.ASSUMED), State.CONTRADICTED, False),
        (said(days_ago=89), Requirement(shelf_days=90), State.CONFIRMED, True),
        (said(days_ago=90), Requirement(shelf_days=90), State.STALE, False),
        (said(days_ago=4000), Requirement(shelf_days=None), State.CONFIRMED, True),
        (said(expires_on=date(2026, 6, 17)), Requirement(), State.CONFIRMED, True),
        (said(expires_on=date(2026, 6, 16)), Requirement(), State.STALE, False),
        (
            said(basis=Basis.IMPORTED, days_ago=400),
            Requirement(State.ASSUMED, 365),
            State.STALE,
            False,
        ),
    ],
)
def test_state(fact: Fact, requirement: Requirement, state: str, documented: bool) -> None:
    finding = judge(Attribute.PAIN, fact, requirement, NOW)
    assert (finding.state, finding.documented) == (state, documented)
    assert bool(finding.why) is not documented


def test_default_shelf_lives() -> None:
    """domain.md: 1 none; 2 365 days; 3, 4, 6 180; 9 120; 5, 7, 8, 10 90."""
    days = [DEFAULT_REQUIREMENTS[a].shelf_days for a in Attribute.values]
    assert days == [None, 365, 180, 180, 90, 180, 90, 90, 120, 90]
    assumed = [a for a, r in DEFAULT_REQUIREMENTS.items() if r.least == State.ASSUMED]
    assert assumed == [Attribute.INDUSTRY, Attribute.FIRMOGRAPHICS]


@pytest.mark.parametrize(
    ("attribute", "answer", "lacks"),
    [
        (Attribute.ENVIRONMENT, Answer(words="SAP"), 0),
        (Attribute.ENVIRONMENT, Answer(), 1),
        (Attribute.PAIN, Answer(words="it stops"), 0),
        (Attribute.PROCESS, Answer(words="the board"), 1),
        (Attribute.PROCESS, Answer(on=date(2026, 9, 15)), 1),
        (Attribute.PROCESS, Answer(words="the board", on=date(2026, 9, 15)), 0),
        (Attribute.BUDGET, Answer(amount=Decimal(1)), 0),
        (Attribute.BUDGET, Answer(words="set in September"), 0),
        (Attribute.BUDGET, Answer(), 1),
        (Attribute.COMPETITION, Answer(words="Voith"), 0),
        (Attribute.COMPETITION, Answer(nobody=True), 0),
        (Attribute.COMPETITION, Answer(), 1),
        (Attribute.URGENCY, Answer(words="shutdown"), 1),
        (Attribute.URGENCY, Answer(words="shutdown", on=date(2026, 10, 1)), 0),
    ],
)
def test_what_an_answer_needs(attribute: Attribute, answer: Answer, lacks: int) -> None:
    fact = answered_fact(attribute, answer, basis=Basis.TOUCH, since=YESTERDAY)
    assert len(fact.lacks) == lacks
    assert judge(attribute, fact, Requirement(), NOW).documented is (lacks == 0)


def test_explicitly_nobody_is_an_answer() -> None:
    fact = answered_fact(
        Attribute.COMPETITION, Answer(nobody=True), basis=Basis.TOUCH, since=YESTERDAY
    )
    assert fact.words == "nobody"


def person(role: str, *, named: bool = True, titled: bool = True, said: bool = True) -> Person:
    return Person(named, titled, role, YESTERDAY if said else None, YESTERDAY)


DECIDES, INFLUENCES = BuyingRole.DECISION_MAKER, BuyingRole.INFLUENCER


@pytest.mark.parametrize(
    ("people", "state"),
    [
        ([], State.UNKNOWN),
        ([person(DECIDES)], State.UNKNOWN),
        ([person(INFLUENCES)], State.UNKNOWN),
        ([person(DECIDES), person(INFLUENCES)], State.CONFIRMED),
        ([person(DECIDES, said=False), person(INFLUENCES)], State.ASSUMED),
        ([person(DECIDES), person(INFLUENCES, titled=False)], State.UNKNOWN),
        ([person(DECIDES, named=False), person(INFLUENCES)], State.UNKNOWN),
        # An unconfirmed second decision maker does not spoil the confirmed one.
        ([person(DECIDES), person(DECIDES, said=False), person(INFLUENCES)], State.CONFIRMED),
        ([person(BuyingRole.CHAMPION), person(INFLUENCES)], State.UNKNOWN),
    ],
)
def test_people(people: list[Person], state: str) -> None:
    assert judge(Attribute.PEOPLE, people_fact(people), Requirement(), NOW).state == state


def test_firmographics_need_all_three() -> None:
    def missing(*figures: object) -> int:
        return len(firmographics_fact(*figures, basis=Basis.IMPORTED, since=NOW).lacks)  # type: ignore[arg-type]

    assert missing(Decimal(1), 1, 1) == 0
    assert missing(Decimal(0), 0, 0) == 0  # zero is known
    assert missing(None, 1, 1) == 1
    assert missing(None, None, None) == 3


def test_industry() -> None:
    assert industry_fact("", "", basis="", since=None).is_empty
    assert not industry_fact("322120", "Paper Mills", basis=Basis.IMPORTED, since=NOW).is_empty


@pytest.mark.parametrize(
    ("role", "talked", "state"),
    [
        (DECIDES, YESTERDAY, State.CONFIRMED),
        (DECIDES, None, State.UNKNOWN),
        (INFLUENCES, YESTERDAY, State.UNKNOWN),
    ],
)
def test_engaged(role: str, talked: datetime | None, state: str) -> None:
    people = [replace(person(role), conversation_at=talked)]
    assert judge(Attribute.ENGAGED, engaged_fact(people), Requirement(), NOW).state == state


def verdict(
    facts: dict[str, Fact] | None = None,
    touches: int = 7,
    horizon: str = Horizon.NEAR_TERM,
    terms: Terms = SIGNED,
) -> bool:
    return assess(
        ALL_SAID if facts is None else facts,
        outbound_touches=touches,
        horizon=horizon,
        terms=terms,
        now=NOW,
    ).passes


def test_the_gate() -> None:
    assert verdict()
    assert not verdict(touches=6)
    assert not verdict(horizon=Horizon.LONG_TERM)
    assert not verdict(horizon=Horizon.UNKNOWN)
    assert not verdict(terms=Terms(signed=False))
    assert verdict(horizon=Horizon.LONG_TERM, terms=replace(SIGNED, least_horizon="long_term"))


@pytest.mark.parametrize("attribute", Attribute.values)
def test_nine_of_ten_do_not_open_the_gate(attribute: str) -> None:
    facts = {a: fact for a, fact in ALL_SAID.items() if a != attribute}
    assert not verdict(facts)
    assessment = assess(facts, outbound_touches=7, horizon=Horizon.NEAR_TERM, terms=SIGNED, now=NOW)
    assert (assessment.documented, assessment.open_attributes) == (9, (attribute,))


def test_the_verdict_says_when_time_alone_changes_it() -> None:
    facts = ALL_SAID | {Attribute.BUDGET: said(days_ago=80)}
    assessment = assess(facts, outbound_touches=7, horizon=Horizon.NEAR_TERM, terms=SIGNED, now=NOW)
    assert assessment.changes_at == NOW + timedelta(days=10)
    later = assess(
        facts,
        outbound_touches=7,
        horizon=Horizon.NEAR_TERM,
        terms=SIGNED,
        now=NOW + timedelta(days=10),
    )
    assert later.open_attributes == (Attribute.BUDGET,)
