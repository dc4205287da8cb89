"""The next best touch: a promise, else the attempt under way, else the cheapest open question."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.cadence import LeadNow, PromisedTouch, Rank, next_touch
from nurture.touching import Channel, ConnectAttempt
from prospects.qualification import Attribute, Horizon
from prospects.stages import Stage
from team.calendar import Calendar

CALENDAR = Calendar(ZoneInfo("America/New_York"), "US")
NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)
FRESH = LeadNow(stage=Stage.RAW, received_at=NOW - timedelta(minutes=20))
WORKED = LeadNow(
    stage=Stage.NURTURING,
    received_at=NOW - timedelta(days=30),
    last_touch_at=NOW - timedelta(hours=1),
    open_attributes=(Attribute.BUDGET,),
)
TALKED = replace(WORKED, conversation_at=NOW - timedelta(hours=1))


def attempt(number: int, *channels: str, complete: bool = False) -> ConnectAttempt:
    opened = NOW - timedelta(hours=1)
    return ConnectAttempt(
        number=number,
        opened_at=opened,
        closes_at=CALENDAR.end_of_window(opened, 3),
        channels=frozenset(channels),
        completed_at=opened if complete else None,
    )


SIX = [attempt(n, complete=True) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("lead", "attempts", "rank", "channel", "words"),
    [
        (FRESH, [], Rank.FRESH, Channel.PHONE, "came in"),
        (replace(FRESH, can_call=False), [], Rank.FRESH, Channel.EMAIL, "came in"),
        (
            replace(FRESH, can_call=False, can_email=False),
            [],
            Rank.FRESH,
            Channel.LETTER,
            "came in",
        ),
        (
            WORKED,
            [attempt(4, "phone")],
            Rank.ATTEMPT,
            Channel.VOICEMAIL,
            "attempt 4 of 6: voicemail and email missing",
        ),
        (
            WORKED,
            [attempt(4, "phone", "voicemail")],
            Rank.ATTEMPT,
            Channel.EMAIL,
            "attempt 4 of 6: email missing",
        ),
        (WORKED, [attempt(1, complete=True)], Rank.NEXT_ATTEMPT, Channel.PHONE, "attempt 2 of 6"),
        (WORKED, SIX, Rank.GIVE_UP, Channel.OTHER, "six attempts"),
        (TALKED, [attempt(1, complete=True)], Rank.FOLLOW_UP, Channel.PHONE, "ask: Is money"),
        (
            replace(TALKED, decision_on=date(2026, 7, 1)),
            [],
            Rank.DECISION_NEAR,
            Channel.PHONE,
            "decide on Jul 1",
        ),
        (replace(TALKED, decision_on=date(2026, 9, 1)), [], Rank.FOLLOW_UP, Channel.PHONE, "ask"),
        (
            replace(TALKED, horizon=Horizon.LONG_TERM),
            [],
            Rank.LONG_TERM,
            Channel.EMAIL,
            "long-term",
        ),
        (replace(TALKED, stage=Stage.QUALIFIED), [], Rank.READY, Channel.OTHER, "ready for sales"),
    ],
)
def test_choice(
    lead: LeadNow, attempts: list[ConnectAttempt], rank: int, channel: str, words: str
) -> None:
    chosen = next_touch(lead, promise=None, attempts=attempts, calendar=CALENDAR, now=NOW)
    assert chosen is not None
    assert (chosen.rank, chosen.channel) == (rank, channel)
    assert words in chosen.why


@pytest.mark.parametrize("stage", ["screened_out", "handed_off", "accepted", "won", "disqualified"])
def test_nothing_to_do(stage: str) -> None:
    lead = replace(WORKED, stage=stage)
    promise = PromisedTouch(Channel.PHONE, NOW)
    assert next_touch(lead, promise=promise, attempts=[], calendar=CALENDAR, now=NOW) is None


@pytest.mark.parametrize("lead", [FRESH, WORKED, TALKED])
def test_a_promise_outranks_everything(lead: LeadNow) -> None:
    promise = PromisedTouch(Channel.PHONE, NOW + timedelta(days=200), "call me in January")
    chosen = next_touch(lead, promise=promise, attempts=SIX, calendar=CALENDAR, now=NOW)
    assert chosen is not None
    assert (chosen.rank, chosen.at, chosen.why) == (
        Rank.PROMISE,
        promise.due_at,
        "call me in January",
    )


@pytest.mark.parametrize(
    ("due_at", "rank"),
    [(NOW + timedelta(days=200), Rank.READY), (NOW, Rank.PROMISE)],
    ids=["not due yet", "due"],
)
def test_a_lead_that_is_ready_waits_for_no_promise_to_come(due_at: datetime, rank: int) -> None:
    ready = replace(TALKED, stage=Stage.QUALIFIED)
    promise = PromisedTouch(Channel.PHONE, due_at, "stalled: ask again")
    chosen = next_touch(ready, promise=promise, attempts=SIX, calendar=CALENDAR, now=NOW)
    assert chosen is not None
    assert chosen.rank == rank


@pytest.mark.parametrize(
    ("lead", "made", "rank", "channel", "words"),
    [
        (
            replace(WORKED, can_email=False),
            ["phone"],
            Rank.ATTEMPT,
            Channel.VOICEMAIL,
            ": voicemail m",
        ),
        (
            replace(WORKED, can_email=False),
            ["phone", "voicemail"],
            Rank.NEXT_ATTEMPT,
            Channel.PHONE,
            "attempt 2 of 6 is next",
        ),
        (
            replace(WORKED, can_call=False),
            ["email"],
            Rank.NEXT_ATTEMPT,
            Channel.EMAIL,
            "attempt 2 of 6 is next",
        ),
        (
            replace(TALKED, can_email=False),
            ["phone", "voicemail"],
            Rank.FOLLOW_UP,
            Channel.PHONE,
            "",
        ),
    ],
)
def test_an_attempt_does_not_ask_for_what_reaches_nobody(
    lead: LeadNow, made: list[str], rank: int, channel: str, words: str
) -> None:
    under_way = attempt(1, *made)
    chosen = next_touch(lead, promise=None, attempts=[under_way], calendar=CALENDAR, now=NOW)
    assert chosen is not None
    assert (chosen.rank, chosen.channel) == (rank, channel)
    assert words in chosen.why
    if rank == Rank.NEXT_ATTEMPT:  # a touch before the window closes would still belong to it
        assert chosen.at >= under_way.closes_at


def test_attempts_that_nothing_can_complete_end_all_the_same() -> None:
    six = [attempt(number, "phone", "voicemail") for number in range(1, 7)]
    lead = replace(WORKED, can_email=False)
    over = NOW + timedelta(days=30)
    chosen = next_touch(lead, promise=None, attempts=six, calendar=CALENDAR, now=over)
    assert chosen is not None
    assert chosen.rank == Rank.GIVE_UP
    assert "incomplete without an email address" in chosen.why


def test_times_are_mornings_of_working_days() -> None:
    friday = replace(WORKED, last_touch_at=datetime(2026, 6, 26, 20, tzinfo=UTC))
    chosen = next_touch(
        friday, promise=None, attempts=[attempt(1, complete=True)], calendar=CALENDAR, now=NOW
    )
    assert chosen is not None
    assert chosen.at == datetime(2026, 7, 1, 9, tzinfo=CALENDAR.zone)
