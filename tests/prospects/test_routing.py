"""To which specialist a lead goes, and why (domain.md, section 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from prospects.routing.choosing import Dealer, HeldLead, SpecialistNow, hand_over, level
from team.territories import Area, LeadProfile

LEAD = LeadProfile(country="US", region="Massachusetts", naics="322120", employees=310)
GERMAN = LeadProfile(country="DE", region="Hessen")
SWISS = LeadProfile(country="CH")
NOWHERE = LeadProfile()


def one(number: int, *areas: Area, speaks: str = "", **fields) -> SpecialistNow:
    languages = frozenset(speaks.split())
    return SpecialistNow(number, f"P{number}", areas, languages, **fields)


US, BAY = Area(country="US"), Area(country="US", region="Massachusetts")
PAPER, US_PAPER = Area(naics_prefix="322"), Area(country="US", naics_prefix="322")
GERMANY = Area(country="DE")
FULL: dict[str, Any] = {"open_leads": 200}
BUSY: dict[str, Any] = {"due_today": 60}
AWAY: dict[str, Any] = {"is_away": True}

CHOICES = {
    "the region before its country": (LEAD, [one(1, US), one(2, BAY)], 2),
    "the country before the industry": (LEAD, [one(1, PAPER), one(2, US)], 2),
    "of one place the finer industry": (LEAD, [one(1, US), one(2, US_PAPER)], 2),
    "the language before the industry": (
        LEAD,
        [one(1, US_PAPER), one(2, US, speaks="en")],
        2,
    ),
    "the best of several territories counts": (LEAD, [one(1, US), one(2, GERMANY, BAY)], 2),
    "no territory before one elsewhere": (LEAD, [one(1, GERMANY), one(2)], 2),
    "elsewhere rather than nobody": (LEAD, [one(1, GERMANY)], 1),
    "who speaks it before who did not say": (GERMAN, [one(1), one(2, speaks="de en")], 2),
    "who did not say rather than nobody": (GERMAN, [one(1), one(2, speaks="de", **FULL)], 1),
    "who does not speak it never, while somebody does": (
        GERMAN,
        [one(1, GERMANY, speaks="en"), one(2, speaks="de", **FULL)],
        None,
    ),
    "who does not speak it where nobody present does": (
        GERMAN,
        [one(1, GERMANY, speaks="en"), one(2, speaks="de", **AWAY)],
        1,
    ),
    "any language of the country will do": (SWISS, [one(1, speaks="en"), one(2, speaks="fr")], 2),
    "an unknown country asks for no language": (NOWHERE, [one(1, speaks="de"), one(2)], 1),
    "an unknown country is in nobody’s territory": (NOWHERE, [one(1, US), one(2)], 2),
    "equals by turns": (LEAD, [one(1, turn=9), one(2, turn=4)], 2),
    "who never got one first": (LEAD, [one(1, turn=9), one(2)], 2),
    "then who came first": (LEAD, [one(2), one(1)], 1),
    "who is full is passed over": (LEAD, [one(1, BAY, **FULL), one(2, GERMANY)], 2),
    "who has enough due today is passed over": (LEAD, [one(1, BAY, **BUSY), one(2)], 2),
    "who is away is passed over": (LEAD, [one(1, BAY, **AWAY), one(2)], 2),
    "all full: it waits": (LEAD, [one(1, **FULL), one(2, **BUSY), one(3, **AWAY)], None),
    "no capacity is full": (LEAD, [one(1, lead_capacity=0)], None),
    "nobody: it waits": (LEAD, [], None),
}


@pytest.mark.parametrize(("lead", "people", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_the_choice(lead, people, expected):
    assert Dealer(people).deal(lead).person == expected
    assert Dealer(people[::-1]).deal(lead).person == expected


WHYS = {
    "all of it": (
        LEAD,
        [one(1, BAY, speaks="en")],
        "their territory: US · Massachusetts; speaks English; by turns",
    ),
    "nothing set": (LEAD, [one(1)], "by turns"),
    "elsewhere": (LEAD, [one(1, GERMANY)], "outside their territory; by turns"),
    "two languages of the country": (
        SWISS,
        [one(1, speaks="fr de en")],
        "speaks French or German; by turns",
    ),
    "who would have been better placed": (
        LEAD,
        [one(1, **FULL), one(2, GERMANY)],
        "outside their territory; by turns; P1 has 200 of 200 open leads",
    ),
    "waits for anybody": (
        LEAD,
        [one(1, **FULL), one(2, **BUSY), one(3, is_away=True, away_until=date(2026, 7, 3))],
        (
            "nobody is free: P1 has 200 of 200 open leads, P2 has 60 of 60 touches due today, "
            "P3 is away until Jul 3"
        ),
    ),
    "waits for the language": (
        GERMAN,
        [one(1, speaks="de", **FULL), one(2, speaks="en")],
        "nobody who speaks German is free: P1 has 200 of 200 open leads",
    ),
    "away until further notice": (LEAD, [one(1, **AWAY)], "nobody is free: P1 is away"),
    "names three": (
        LEAD,
        [one(number, **AWAY) for number in range(1, 6)],
        "nobody is free: P1 is away, P2 is away, P3 is away, and 2 more",
    ),
    "nobody there": (LEAD, [], "no specialist works in this team"),
}


@pytest.mark.parametrize(("lead", "people", "why"), WHYS.values(), ids=WHYS.keys())
def test_the_reason_is_told(lead, people, why):
    assert Dealer(people).deal(lead).why == why


def test_a_reason_is_at_most_a_line():
    people = [replace(one(n, **FULL), name="Maximiliane Oberhuber " * 6) for n in range(3)]
    assert len(Dealer(people).deal(LEAD).why) == 200


def test_many_leads_go_round_until_all_are_full():
    dealer = Dealer([one(1, lead_capacity=3), one(2, turn=5), one(3, open_leads=199)])
    dealt = [dealer.deal(LEAD).person for _ in range(8)]
    assert dealt == [1, 3, 2, 1, 2, 1, 2, 2]
    assert dealer.room == 60 - 4


def test_what_was_dealt_counts_in_the_reason():
    dealer = Dealer([one(1, lead_capacity=1)])
    assert dealer.deal(LEAD).person == 1
    assert dealer.deal(LEAD).why == "nobody is free: P1 has 1 of 1 open leads"


def test_it_waits_for_no_reason_where_somebody_is_free():
    assert Dealer([one(1)]).why_it_waits(LEAD) == ""
    assert "is away" in Dealer([one(1, **AWAY)]).why_it_waits(LEAD)


# Moving


def held(count: int, holder: int, profile: LeadProfile = LEAD, **fields) -> list[HeldLead]:
    return [HeldLead(holder * 1000 + n, holder, profile, **fields) for n in range(count)]


def count_moves(moves) -> dict[tuple[int, int | None], int]:
    counts: dict[tuple[int, int | None], int] = {}
    for move in moves:
        pair = move.from_person, move.to_person
        counts[pair] = counts.get(pair, 0) + 1
    return counts


LEVELS = {
    "half and half": ({1: 10}, {1: 100, 2: 100}, {(1, 2): 5}),
    "by capacity": ({1: 12}, {1: 100, 2: 50}, {(1, 2): 4}),
    "from two to one": ({1: 9, 2: 6}, {1: 10, 2: 10, 3: 10}, {(1, 3): 4, (2, 3): 1}),
    "nothing to do": ({1: 5, 2: 5}, {1: 10, 2: 10}, {}),
    "an odd one stays": ({1: 5, 2: 4}, {1: 10, 2: 10}, {}),
    "alone": ({1: 5}, {1: 10}, {}),
    "nobody": ({}, {}, {}),
    "no capacity at all": ({1: 5}, {1: 0, 2: 0}, {}),
    "no capacity gets none, and gives": ({1: 4}, {1: 0, 2: 10}, {(1, 2): 4}),
}


@pytest.mark.parametrize(("have", "capacities", "expected"), LEVELS.values(), ids=LEVELS.keys())
def test_levelling(have, capacities, expected):
    people = [
        one(n, open_leads=have.get(n, 0), lead_capacity=most) for n, most in capacities.items()
    ]
    moves = level({n: held(count, n) for n, count in have.items()}, people)
    assert count_moves(moves) == expected


def test_levelling_leaves_what_would_be_lost():
    leads = [
        *held(2, 1, talked=True),
        HeldLead(1, 1, LEAD, weight=3),
        HeldLead(2, 1, LEAD, weight=0),
    ]
    moves = level({1: leads}, [one(1, open_leads=4), one(2)])
    assert [move.lead for move in moves] == [2, 1]
    assert not level({1: held(4, 1, talked=True)}, [one(1, open_leads=4), one(2)])


def test_levelling_gives_nobody_what_is_better_placed_where_it_is():
    people = [one(1, US, open_leads=4), one(2, GERMANY), one(3, speaks="en", is_away=True)]
    assert not level({1: held(4, 1)}, people)
    assert count_moves(level({1: held(4, 1, GERMAN)}, people)) == {(1, 2): 2}


def test_levelling_leaves_who_is_away_alone():
    people = [one(1, open_leads=10, is_away=True), one(2), one(3, open_leads=2)]
    moves = level({1: held(10, 1), 3: held(2, 3)}, people)
    assert count_moves(moves) == {(3, 2): 1}


def test_everything_of_one_goes_to_the_others_or_waits():
    people = [one(2, lead_capacity=2), one(3, open_leads=199, due_today=60)]
    moves = hand_over(held(5, 1), people)
    assert count_moves(moves) == {(1, 2): 2, (1, 3): 1, (1, None): 2}
    assert moves[-1].why.startswith("nobody is free: P2 has 2 of 2 open leads")


def test_the_urgent_finds_room_first():
    leads = [
        HeldLead(1, 1, LEAD, received=3),
        HeldLead(2, 1, LEAD, received=1, is_due=True),
        HeldLead(3, 1, LEAD, received=9),
    ]
    moves = hand_over(leads, [one(2, lead_capacity=2)])
    assert [(move.lead, move.to_person) for move in moves] == [(2, 2), (3, 2), (1, None)]
