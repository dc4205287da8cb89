"""The arithmetic and the words of figures: no database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.definitions import DEFINITIONS
from reports.figures import (
    AttemptYield,
    Share,
    added,
    effort,
    money,
    month_figures,
    reasons,
    share_by_attempt,
    source_cohorts,
    touches_by_channel,
    yield_by_attempt,
)
from reports.periods import Period
from reports.selections import SELECTIONS
from reports.sentences import sentences

NEW_YORK = ZoneInfo("America/New_York")
JUNE = Period.parse("2026-06", NEW_YORK)


# Periods


@pytest.mark.parametrize(
    ("key", "zone", "start", "end"),
    [
        ("2026-06", "America/New_York", "2026-06-01T04:00", "2026-07-01T04:00"),
        ("2026-06", "UTC", "2026-06-01T00:00", "2026-07-01T00:00"),
        ("2026-06", "Asia/Kolkata", "2026-05-31T18:30", "2026-06-30T18:30"),
        # The clocks change within the month: its borders have different offsets.
        ("2026-03", "America/New_York", "2026-03-01T05:00", "2026-04-01T04:00"),
        ("2026-11", "America/New_York", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("2026-10", "Europe/Berlin", "2026-09-30T22:00", "2026-10-31T23:00"),
        # The clocks change at the very border: the first midnight there is none, the second comes twice.
        ("2017-10", "America/Asuncion", "2017-10-01T04:00", "2017-11-01T03:00"),
        ("2015-11", "America/Havana", "2015-11-01T04:00", "2015-12-01T05:00"),
        ("2024-02", "UTC", "2024-02-01T00:00", "2024-03-01T00:00"),
        ("2025-12", "UTC", "2025-12-01T00:00", "2026-01-01T00:00"),
    ],
)
def test_a_month_is_a_calendar_month_of_the_organisation(key, zone, start, end):
    month = Period.parse(key, ZoneInfo(zone))
    assert month.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert month.end == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "key", ["2026-13", "2026-00", "2026-6", "26-06", "all", "", "2026-06-01", "٢٠٢٦-٠٦", "0000-01"]
)
def test_anything_else_is_no_month(key):
    with pytest.raises(ValueError, match="month"):
        Period.parse(key, NEW_YORK)


@given(st.dates(date(1971, 1, 1), date(2199, 1, 1)), st.sampled_from(["UTC", "America/Sao_Paulo"]))
def test_months_tile_the_time(day, zone):
    month = Period.month(day, ZoneInfo(zone))
    assert month.first_on <= day < month.until_on
    assert month.next.start == month.end
    assert month.previous.end == month.start
    assert month.next.previous == month
    assert Period.parse(month.key, month.zone) == month


def test_the_month_of_an_instant_is_that_of_the_clock_on_the_wall():
    just_before = datetime(2026, 6, 1, 3, 59, tzinfo=UTC)
    assert Period.month_at(just_before, NEW_YORK).key == "2026-05"
    assert Period.month_at(just_before, ZoneInfo("UTC")).key == "2026-06"


def test_the_year_to_the_end_of_a_month():
    year = JUNE.year_to_end
    assert (year.first_on, year.until_on) == (date(2025, 7, 1), date(2026, 7, 1))
    assert len(year.months) == 12


# Adding up

trees = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 99), max_size=3),
    lambda children: st.dictionaries(st.sampled_from("xyz"), children, max_size=3),
    max_leaves=6,
)


def test_trees_add_up_branch_by_branch():
    first: dict[str, Any] = {"won": 1, "touches": {"3": {"phone": {"out": 2}}}}
    second = {
        "lost": 4,
        "touches": {"3": {"phone": {"out": 5, "in": 1}}, "7": {"email": {"in": 1}}},
    }
    assert added([first, second]) == {
        "won": 1,
        "lost": 4,
        "touches": {"3": {"phone": {"out": 7, "in": 1}}, "7": {"email": {"in": 1}}},
    }
    assert first["touches"]["3"]["phone"] == {"out": 2}, "what was added is left as it was"
    assert added([]) == {}


@given(trees)
def test_a_tree_and_nothing_is_the_tree(tree):
    assert added([tree, {}]) == added([{}, tree]) == added([tree])


def test_money_is_exact():
    assert money(350_000_001) == Decimal("3500000.01")


@pytest.mark.parametrize(
    ("part", "whole", "percent", "low", "high"),
    [
        (0, 0, None, None, None),
        (0, 10, 0.0, 0.0, 27.8),
        (5, 10, 50.0, 23.7, 76.3),
        (10, 10, 100.0, 72.2, 100.0),
        (2561, 45211, 5.66, 5.5, 5.9),
    ],
)
def test_a_share_and_where_it_may_lie(part, whole, percent, low, high):
    share = Share(part, whole)
    assert share.percent == (None if percent is None else pytest.approx(percent, abs=0.01))
    if low is None:
        assert share.interval is None
    else:
        assert share.interval == pytest.approx((low, high), abs=0.05)


# What counts come to


def test_the_figures_of_nothing_are_zeros():
    figures = month_figures({})
    assert figures.says_nothing
    assert (figures.leads_received, figures.won_revenue) == (0, Decimal(0))
    assert (figures.pct_qualified, figures.attempts_per_lead) == (None, None)


def test_reasons_are_told_by_their_frequency():
    told = reasons({"student": 3, "unreachable": 12, "-": 1, "sold_out": 3}, {"student": "Student"})
    assert [(reason.label, reason.count) for reason in told] == [
        ("Unreachable", 12),
        ("Sold out", 3),
        ("Student", 3),
        ("No reason given", 1),
    ]


def test_effort_is_told_by_name_and_the_unknown_last():
    tree = {
        "touches": {
            "7": {"phone": {"out": 4}, "email": {"out": 1, "in": 2}},
            "-": {"phone": {"out": 3}},
        },
        "conversations": {"7": 2},
        "attempts": {"7": {"complete": 2, "incomplete": 1}, "5": {"incomplete": 1}},
        "worked": {"7": 2, "-": 1},
    }
    people = effort(tree, {"7": "Sam", "5": "dana"})
    assert [who.name for who in people] == ["dana", "Sam", "Not known who"]
    sam = people[1]
    assert (sam.outbound, sam.inbound, sam.conversations, sam.attempts) == (5, 2, 2, 3)
    assert sam.attempts_per_lead == 1.5
    assert people[0].attempts_per_lead is None
    assert (people[2].by_id, sam.by_id) == (None, 7)
    channels = touches_by_channel(tree, {"email": "Email", "phone": "Call", "letter": "Letter"})
    assert [(c.label, c.outbound, c.inbound) for c in channels] == [("Email", 1, 2), ("Call", 7, 0)]


COST = Decimal("100.00")


@pytest.mark.parametrize(
    ("ours", "everybody", "cost"),
    [
        (10, 10, COST),  # all of its leads came to these teams: all of its cost
        (3, 10, Decimal("30.00")),  # a part of the leads: that part of the cost
        (1, 3, Decimal("33.33")),
        (0, 0, COST),  # it cost and brought nothing: everybody sees that
    ],
)
def test_teams_bear_of_a_cost_the_part_they_have_in_the_leads(ours, everybody, cost):
    def tree(leads: int) -> dict[str, Any]:
        return {"received": {"1": {"leads": leads}}} if leads else {}

    [source] = source_cohorts(tree(ours), tree(everybody), {1: ("Fairs", COST)})
    assert (source.received, source.cost) == (ours, cost)


def test_a_source_that_brought_others_leads_is_not_ours():
    assert source_cohorts({}, {"received": {"1": {"leads": 9}}}, {1: ("Fairs", COST)}) == []


def test_what_a_source_cost_for_each():
    counts = {"leads": 20, "qualified": 4, "handed_off": 3, "won": 1, "won_cents": 50_000_00}
    tree = {"received": {"1": counts}}
    [source] = source_cohorts(tree, tree, {1: ("Fairs", Decimal(1000))})
    assert source.revenue_to_cost == 50
    assert (source.cost_per_lead, source.cost_per_qualified, source.cost_per_handoff) == (
        Decimal("50.00"),
        Decimal("250.00"),
        Decimal("333.33"),
    )
    [free] = source_cohorts(tree, tree, {1: ("Fairs", Decimal(0))})
    assert (free.revenue_to_cost, free.cost_per_lead) == (None, None)


def test_the_yield_tells_ten_attempts_and_the_rest_as_one():
    counts = {
        "1": {"leads": 100, "conversations": 10, "won": 2},
        "6": {"leads": 20, "conversations": 1},
        "11": {"leads": 3, "conversations": 5},
    }
    yields = yield_by_attempt(counts)
    assert [of.label for of in yields] == [*map(str, range(1, 11)), "11+"]
    assert (yields[0].rate, yields[5].rate, yields[1].rate) == (10, 5, None)
    assert yields[-1].rate is None, "several attempts of a lead are no chance of one"
    assert share_by_attempt(yields, 6) == Share(11, 16)
    assert len(yield_by_attempt({})) == 10
    assert AttemptYield(1, 0, 0, 0).interval is None


# The month in words


def told(tree: dict[str, Any], *, so_far: bool = False, potential: str = "", won: str = "") -> str:
    amount = {"potential_revenue": potential, "won_revenue": won}
    said = sentences(month_figures(tree), JUNE, so_far=so_far, amount=amount)
    return " ".join(map(str, said))


@pytest.mark.parametrize(
    ("tree", "amounts", "words"),
    [
        (
            {
                "new_prospects": 14,
                "under_development": 41,
                "handed_off": 10,
                "potential_cents": 350_000_000,
            },
            {"potential": "$3.5 million"},
            (
                "In June, marketing added 14 new prospects to the program. "
                "41 opportunities are under development. "
                "Sales received 10 fully nurtured opportunities with $3.5 million in potential revenue."
            ),
        ),
        (
            {
                "new_prospects": 1,
                "under_development": 1,
                "handed_off": 1,
                "potential_cents": 42_000_000,
                "won": 1,
                "won_cents": 39_500_000,
            },
            {"potential": "$420,000", "won": "$395,000"},
            (
                "In June, marketing added 1 new prospect to the program. "
                "1 opportunity is under development. "
                "Sales received 1 fully nurtured opportunity with $420,000 in potential revenue. "
                "1 was won, worth $395,000."
            ),
        ),
        (
            {"handed_off": 2, "won": 2},
            {},
            (
                "In June, marketing added no new prospects to the program. "
                "No opportunities are under development. "
                "Sales received 2 fully nurtured opportunities. "
                "2 were won."
            ),
        ),
        (
            {"new_prospects": 45_211},
            {"so_far": True},
            (
                "In June so far, marketing added 45,211 new prospects to the program. "
                "No opportunities are under development. "
                "Sales received no fully nurtured opportunities."
            ),
        ),
    ],
)
def test_the_sentences_that_a_manager_would_send(tree, amounts, words):
    assert told(tree, **amounts) == words


def test_each_number_of_a_sentence_names_its_figure():
    tree = {"new_prospects": 2, "handed_off": 1, "potential_cents": 100, "won": 1, "won_cents": 100}
    amount = {"potential_revenue": "$1", "won_revenue": "$1"}
    said = sentences(month_figures(tree), JUNE, so_far=False, amount=amount)
    figures = [part.figure for sentence in said for part in sentence.parts if part.figure]
    assert figures == [
        "new_prospects",
        "under_development",
        "handed_off",
        "potential_revenue",
        "won",
        "won_revenue",
    ]


def test_every_figure_has_its_rows_and_its_definition():
    assert set(DEFINITIONS) == set(SELECTIONS)
