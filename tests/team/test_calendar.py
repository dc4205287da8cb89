"""Working days and hours: a table of cases, and what must hold for any instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team.calendar import Calendar

NEW_YORK = Calendar(ZoneInfo("America/New_York"), "US")
STOCKHOLM = Calendar(ZoneInfo("Europe/Stockholm"), "SE")
NOWHERE = Calendar(ZoneInfo("UTC"), "")


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        (NEW_YORK, date(2026, 6, 17), True),
        (NEW_YORK, date(2026, 6, 20), False),  # Saturday
        (NEW_YORK, date(2026, 7, 3), False),  # Independence Day, observed
        (STOCKHOLM, date(2026, 7, 3), True),
        (STOCKHOLM, date(2026, 5, 14), False),  # Ascension Day
        (NOWHERE, date(2026, 12, 25), True),  # no country, no holidays
        (Calendar(ZoneInfo("UTC"), "ZZ"), date(2026, 12, 25), True),  # no such country
    ],
)
def test_working_day(calendar: Calendar, day: date, works: bool) -> None:
    assert calendar.is_working_day(day) is works


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 6, 17), 0, date(2026, 6, 17)),
        (date(2026, 6, 17), 1, date(2026, 6, 18)),
        (date(2026, 6, 19), 1, date(2026, 6, 22)),  # Juneteenth itself may be the start
        (date(2026, 6, 18), 1, date(2026, 6, 22)),  # over Juneteenth and a weekend
        (date(2026, 6, 20), 1, date(2026, 6, 22)),
    ],
)
def test_add_working_days(day: date, count: int, expected: date) -> None:
    assert NEW_YORK.add_working_days(day, count) == expected


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        # The same time next working day.
        (datetime(2026, 6, 24, 11, 40), 24, datetime(2026, 6, 25, 11, 40)),
        # Friday to Monday.
        (datetime(2026, 6, 26, 11, 40), 24, datetime(2026, 6, 29, 11, 40)),
        # Begun on a Saturday: the clock starts on Monday.
        (datetime(2026, 6, 27, 11, 40), 24, datetime(2026, 6, 30, 0, 0)),
        (datetime(2026, 6, 26, 20, 0), 8, datetime(2026, 6, 29, 4, 0)),
        (datetime(2026, 6, 24, 9, 0), 4, datetime(2026, 6, 24, 13, 0)),
        # Across the change to daylight saving time: still the same time of day.
        (datetime(2026, 3, 6, 10, 0), 24, datetime(2026, 3, 9, 10, 0)),
    ],
)
def test_add_working_hours(start: datetime, hours: int, expected: datetime) -> None:
    zone = NEW_YORK.zone
    assert NEW_YORK.add_working_hours(start.replace(tzinfo=zone), hours) == expected.replace(
        tzinfo=zone
    )


def test_window_ends_after_its_last_day() -> None:
    wednesday = datetime(2026, 6, 17, 15, tzinfo=UTC)
    # Thursday, then over Juneteenth and the weekend to Monday and Tuesday.
    assert NEW_YORK.end_of_window(wednesday, 3) == datetime(2026, 6, 24, tzinfo=NEW_YORK.zone)


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)),
    st.integers(min_value=0, max_value=30),
)
def test_windows_never_end_before_they_start(start: datetime, days: int) -> None:
    instant = start.replace(tzinfo=UTC)
    end = NEW_YORK.end_of_window(instant, days)
    assert end > instant
    assert end - instant >= timedelta(days=days)
    assert NEW_YORK.end_of_window(instant, days + 1) > end
