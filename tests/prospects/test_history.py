"""Histories built from dates: whatever the dates, the chain is unbroken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from prospects.history import Event, chain, in_order
from prospects.stages import NEW, Stage

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
instants = st.integers(-400, 400).map(lambda days: START + timedelta(days=days))
events = st.builds(Event, at=instants, to_stage=st.sampled_from(Stage.values))


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@given(instants, st.lists(events, max_size=8))
def test_a_chain_is_unbroken_and_in_order(received_at: datetime, made: list[Event]) -> None:
    steps = chain(received_at, made)
    assert steps[0].from_stage == NEW
    for before, after in pairwise(steps):
        assert after.from_stage == before.to_stage
        assert after.to_stage != before.to_stage
        assert after.at >= before.at
    if made:
        assert steps[-1].to_stage == made[-1].to_stage


def test_a_date_before_its_predecessor_is_kept_in_words() -> None:
    steps = chain(START, [Event(day(-3), Stage.NURTURING)])
    assert steps[-1].at == START
    assert "2026-01-02" in steps[-1].note


def test_what_belongs_together_stays_together() -> None:
    first = [Event(day(1), Stage.HANDED_OFF), Event(day(9), Stage.NURTURING)]
    second = [Event(day(5), Stage.DISQUALIFIED)]
    assert [e.to_stage for e in in_order([second, first])] == [
        Stage.HANDED_OFF,
        Stage.NURTURING,
        Stage.DISQUALIFIED,
    ]
