"""Who is proposed for a lead (domain.md, section 8)."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff.routing import RepNow, propose
from team.territories import Area, LeadProfile

NOW = datetime(2026, 6, 17, 15, 0, tzinfo=UTC)
LEAD = LeadProfile(country="US", region="Massachusetts", naics="322120", employees=310)


def rep(number: int, *areas: Area, capacity: int = 8, live: int = 0, days: int | None = None):
    last = None if days is None else NOW - timedelta(days=days)
    return RepNow(number, f"Rep {number}", capacity, live, areas, last)


US = Area(country="US")
BAY = Area(country="US", region="massachusetts")
PAPER = Area(naics_prefix="322")
MILLS = Area(naics_prefix="322120")
MIDDLE = Area(min_employees=100, max_employees=500)
CANADA = Area(country="CA")
ANYWHERE = Area()

ORDERS = {
    "the region before its country": ([rep(1, US), rep(2, BAY)], [2, 1]),
    "the finer industry before the coarser": ([rep(1, PAPER), rep(2, MILLS)], [2, 1]),
    "two things named before one": (
        [rep(1, MILLS), rep(2, Area(country="US", naics_prefix="322"))],
        [2, 1],
    ),
    "the best of several territories counts": ([rep(1, US), rep(2, CANADA, BAY)], [2, 1]),
    "company size is a territory": ([rep(1, ANYWHERE), rep(2, MIDDLE)], [2, 1]),
    "everywhere before nothing said": ([rep(1), rep(2, ANYWHERE)], [2, 1]),
    "nothing said before elsewhere": ([rep(1, CANADA), rep(2)], [2, 1]),
    "then the most room": ([rep(1, US, live=6), rep(2, US, live=2)], [2, 1]),
    "then who waited longest": ([rep(1, US, days=3), rep(2, US, days=30)], [2, 1]),
    "who never got one waited longest": ([rep(1, US, days=300), rep(2, US)], [2, 1]),
    "then the one who came first": ([rep(2, US), rep(1, US)], [1, 2]),
    "the full ones behind, however well they fit": (
        [rep(1, BAY, live=8), rep(2, CANADA)],
        [2, 1],
    ),
    "the full ones in the same order": (
        [rep(1, US, live=8), rep(2, BAY, live=9), rep(3)],
        [3, 2, 1],
    ),
    "no capacity is full": ([rep(1, BAY, capacity=0), rep(2)], [2, 1]),
    "nobody": ([], []),
}


@pytest.mark.parametrize(("reps", "expected"), ORDERS.values(), ids=ORDERS.keys())
def test_the_order_of_the_reps(reps, expected):
    assert [proposal.rep for proposal in propose(LEAD, reps, NOW)] == expected


HOLDS = {
    "country, whatever the case": (Area(country="us"), LEAD, True),
    "another country": (CANADA, LEAD, False),
    "country not known": (US, LeadProfile(), False),
    "region, whatever the case and spaces": (Area(region=" MASSACHUSETTS"), LEAD, True),
    "another region": (Area(region="Maine"), LEAD, False),
    "industry by prefix": (PAPER, LEAD, True),
    "the prefix is of the code, not the other way": (
        MILLS,
        LeadProfile(naics="322"),
        False,
    ),
    "industry not known": (PAPER, LeadProfile(country="US"), False),
    "size within": (MIDDLE, LEAD, True),
    "size at the lower bound": (Area(min_employees=310), LEAD, True),
    "size at the upper bound": (Area(max_employees=310), LEAD, True),
    "too small": (Area(min_employees=311), LEAD, False),
    "too large": (Area(max_employees=309), LEAD, False),
    "size not known": (MIDDLE, LeadProfile(country="US"), False),
    "nothing named holds everything": (ANYWHERE, LeadProfile(), True),
    "all that is named must fit": (Area(country="US", region="Maine"), LEAD, False),
}


@pytest.mark.parametrize(("area", "lead", "expected"), HOLDS.values(), ids=HOLDS.keys())
def test_what_a_territory_holds(area, lead, expected):
    assert area.holds(lead) is expected


WHYS = {
    "fit, room, wait": (
        rep(1, BAY, live=6, days=12),
        "their territory: US · massachusetts · room for 2 of 8 · the last one 12 days ago",
    ),
    "outside": (
        rep(1, CANADA, days=0),
        "outside their territory · room for 8 of 8 · the last one today",
    ),
    "full": (rep(1, live=9), "no territory set · full: 9 of 8 live · none handed to them yet"),
    "sizes": (
        rep(1, Area(min_employees=100, max_employees=5000)),
        "their territory: 100 to 5,000 people · room for 8 of 8 · none handed to them yet",
    ),
}


@pytest.mark.parametrize(("reps", "why"), WHYS.values(), ids=WHYS.keys())
def test_a_proposal_says_why(reps, why):
    (proposal,) = propose(LEAD, [reps], NOW)
    assert proposal.why == why


def test_more_than_full_is_not_less_than_nothing_free():
    (proposal,) = propose(LEAD, [rep(1, live=9)], NOW)
    assert (proposal.free, proposal.is_full) == (0, True)
