"""Wall-clock intent and the instants it means, in every zone across every change of its clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from nurture.contactability import CLOSES, OPENS
from nurture.engine.timing import Intent, instant_of, intent_after, next_window
from team.calendar import Calendar

NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("America/New_York", date(2026, 6, 17), time(9), "2026-06-17T13:00:00+00:00"),
        # 2:30 does not exist that night: the first moment after the gap is 3:00.
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00:00+00:00"),
        # 1:30 comes twice that night: the first is meant.
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30:00+00:00"),
        # Lord Howe moves its clocks by half an hour.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30:00+00:00"),
        # In Beirut the missing hour is the first of the day.
        ("Asia/Beirut", date(2026, 3, 29), time(0, 10), "2026-03-28T22:00:00+00:00"),
    ],
)
def test_the_instant_of_a_time_on_the_clock(zone: str, day: date, at: time, instant: str) -> None:
    assert instant_of(day, at, ZoneInfo(zone)).isoformat() == instant


@cache
def transitions(name: str) -> tuple[datetime, ...]:
    """The instants, 2020 to 2040, at which the zone's offset changes, to the second."""
    zone = ZoneInfo(name)

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(zone).utcoffset()

    found = []
    at, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
    while at < end:
        later = at + timedelta(days=7)
        if offset(at) != offset(later):
            before, after = at, later
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) / 2
                before, after = (
                    (middle, after) if offset(middle) == offset(at) else (before, middle)
                )
            found.append(after.replace(microsecond=0))
        at = later
    return tuple(found)


def changes() -> Iterator[tuple[ZoneInfo, datetime]]:
    for name in sorted(available_timezones()):
        for at in transitions(name):
            yield ZoneInfo(name), at


def test_every_zone_across_every_change_of_its_clocks() -> None:
    """Around each change every quarter of an hour on the clock means one instant, in order.

    It shows the time that was meant, unless that does not exist: then it is the change itself.
    """
    seen = 0
    for zone, change in changes():
        seen += 1
        wall = (change - 3 * HOUR).astimezone(zone).replace(tzinfo=None)
        last = datetime.min.replace(tzinfo=UTC)
        for quarter in range(24):
            meant = wall + quarter * timedelta(minutes=15)
            instant = instant_of(meant.date(), meant.time(), zone)
            shown = instant.astimezone(zone)
            if shown.replace(tzinfo=None, fold=0) != meant:
                assert abs(instant - change) <= timedelta(seconds=1), (zone, meant)
            else:
                assert shown.fold == 0, (zone, meant)
            assert instant >= last, (zone, meant)
            last = instant
    assert seen > 3000  # zones that keep changing their clocks do so twice a year


@pytest.mark.parametrize(
    ("done_on", "days", "due_on"),
    [
        (date(2026, 6, 17), 0, date(2026, 6, 17)),
        (date(2026, 6, 20), 0, date(2026, 6, 22)),  # a Saturday
        (date(2026, 6, 17), 1, date(2026, 6, 18)),
        (date(2026, 6, 18), 1, date(2026, 6, 22)),  # Juneteenth is a Friday in 2026
        (date(2026, 7, 2), 1, date(2026, 7, 6)),  # the Fourth is kept on Friday the 3rd
        (date(2026, 12, 24), 2, date(2026, 12, 29)),
    ],
)
def test_delays_count_working_days_there(done_on: date, days: int, due_on: date) -> None:
    calendar = Calendar(zone=NEW_YORK, country="US")
    assert intent_after(done_on, days, time(9, 30), calendar) == Intent(
        due_on, time(9, 30), NEW_YORK
    )


def test_what_missed_its_time_is_spread_over_the_next_hours_allowed() -> None:
    calendar = Calendar(zone=NEW_YORK, country="US")
    friday_night = datetime(2026, 6, 20, 1, tzinfo=UTC)
    intents = [next_window(friday_night, str(pk), calendar) for pk in range(1000)]
    assert {intent.day for intent in intents} == {date(2026, 6, 22)}
    assert all(OPENS <= intent.at < CLOSES for intent in intents)
    by_hour = [sum(intent.at.hour == hour for intent in intents) for hour in range(9, 17)]
    assert min(by_hour) > 80  # no burst at nine
    assert intents == [next_window(friday_night, str(pk), calendar) for pk in range(1000)]


def test_within_the_hours_allowed_it_is_today_and_not_before_now() -> None:
    calendar = Calendar(zone=NEW_YORK, country="US")
    now = datetime(2026, 6, 17, 19, 30, tzinfo=UTC)  # 15:30 there
    for pk in range(100):
        intent = next_window(now, str(pk), calendar)
        assert now <= intent.instant + timedelta(seconds=1)
        assert intent.day == date(2026, 6, 17)
        assert intent.at < CLOSES
