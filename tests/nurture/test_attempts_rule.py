"""How touches group into connect attempts: domain.md, section 6, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.touching import OUTCOMES, Channel, group_attempts, may_give_up
from team.calendar import Calendar

CALENDAR = Calendar(ZoneInfo("UTC"))
MONDAY = datetime(2026, 6, 1, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    channel: str
    outcome: str
    occurred_at: datetime
    direction: str = "out"


SHORT = {
    "call": ("phone", "no_answer", "out"),
    "talk": ("phone", "conversation", "out"),
    "voicemail": ("voicemail", "left", "out"),
    "email": ("email", "sent", "out"),
    "reply": ("email", "replied", "in"),
    "auto": ("email", "auto_reply", "in"),
    "letter": ("letter", "posted", "out"),
}


def made(*steps: str) -> list[Made]:
    """ "call 0", "email 3": what, and how many days after Monday, June 1."""
    touches = []
    for position, step in enumerate(steps):
        what, day = step.split()
        channel, outcome, direction = SHORT[what]
        at = MONDAY + timedelta(days=int(day), minutes=position)
        touches.append(Made(channel, outcome, at, direction))
    return touches


@pytest.mark.parametrize(
    ("steps", "attempts"),
    [
        ([], []),
        (["call 0"], ["open"]),
        (["call 0", "voicemail 0", "email 0"], ["complete"]),
        (["call 0", "voicemail 1", "email 3"], ["complete"]),  # Thursday: third working day
        (["call 0", "voicemail 1", "email 4"], ["open", "open"]),  # Friday opens the next
        (["talk 0"], ["complete"]),
        (["call 0", "talk 1"], ["complete"]),
        (["call 0", "reply 1"], ["complete"]),  # they answered: a conversation happened in it
        (["call 0", "auto 1"], ["open"]),  # an automatic reply is no reply
        (["reply 0"], []),  # theirs alone opens nothing
        (["letter 0"], []),
        (["call 0", "letter 0", "voicemail 0", "email 0"], ["complete"]),
        (["call 0", "voicemail 0", "email 0", "email 1"], ["complete", "open"]),
        (["call 0", "call 1", "voicemail 1", "email 2"], ["complete"]),
        (["call 0", "call 7", "call 14"], ["open", "open", "open"]),
        (["call 4", "voicemail 7", "email 9"], ["complete"]),  # Friday to Wednesday
    ],
)
def test_grouping(steps: list[str], attempts: list[str]) -> None:
    grouped = group_attempts(made(*steps), CALENDAR)
    assert ["complete" if a.is_complete else "open" for a in grouped] == attempts
    assert [a.number for a in grouped] == list(range(1, len(grouped) + 1))


def test_what_is_lacking_is_said_in_the_order_to_do_it() -> None:
    (attempt,) = group_attempts(made("voicemail 0"), CALENDAR)
    assert attempt.lacking == (Channel.PHONE, Channel.EMAIL)


def test_giving_up_needs_six_complete_ones_and_silence() -> None:
    full = [
        step
        for week in range(6)
        for step in (f"call {week * 7}", f"voicemail {week * 7}", f"email {week * 7}")
    ]
    six = group_attempts(made(*full), CALENDAR)
    assert len(six) == 6
    assert may_give_up(six, had_conversation=False)
    assert not may_give_up(six, had_conversation=True)
    assert not may_give_up(six[:5], had_conversation=False)
    five_and_a_half = group_attempts(made(*full[:-1]), CALENDAR)
    assert not may_give_up(five_and_a_half, had_conversation=False)


kinds = st.sampled_from(
    [
        (channel, outcome, direction)
        for channel, outcomes in OUTCOMES.items()
        for outcome in outcomes
        for direction in ("out", "in")
    ]
)


@given(st.lists(st.tuples(kinds, st.integers(0, 60 * 24 * 60)), max_size=40))
def test_any_history(raw: list[tuple[tuple[str, str, str], int]]) -> None:
    touches = sorted(
        (
            Made(channel, outcome, MONDAY + timedelta(minutes=minutes), direction)
            for (channel, outcome, direction), minutes in raw
        ),
        key=lambda touch: touch.occurred_at,
    )
    attempts = group_attempts(touches, CALENDAR)
    ours = [
        t for t in touches if t.direction == "out" and t.channel in ("phone", "voicemail", "email")
    ]
    assert bool(attempts) is bool(ours)
    assert len(attempts) <= len(ours)
    for earlier, later in pairwise(attempts):
        assert earlier.opened_at <= later.opened_at
        assert earlier.is_complete or later.opened_at >= earlier.closes_at
