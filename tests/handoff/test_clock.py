"""What a handoff waits for, and until when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from handoff.clock import Clock, Course, clock_of

NOW = datetime(2026, 6, 17, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WAITING = Course(handed_off_at=NOW - DAY, accept_by=NOW + timedelta(hours=3))
ACCEPTED = replace(
    WAITING,
    accepted_at=NOW - DAY,
    first_call_by=datetime(2026, 6, 20, 4, tzinfo=UTC),
    expected_close_on=date(2026, 9, 15),
)
CALLED = replace(ACCEPTED, called_at=NOW)

CLOCKS = {
    "to accept today": (WAITING, Clock("Accept or return by today, 2:00 p.m.", "due")),
    "to accept tomorrow": (
        replace(WAITING, accept_by=NOW + DAY),
        Clock("Accept or return by tomorrow, 11:00 a.m.", "due"),
    ),
    "to accept after the weekend": (
        replace(WAITING, accept_by=NOW + 5 * DAY),
        Clock("Accept or return by Monday, Jun 22, 11:00 a.m.", "due"),
    ),
    "overdue at the instant itself": (
        replace(WAITING, accept_by=NOW),
        Clock("Overdue since today, 11:00 a.m.", "late"),
    ),
    "overdue for long": (
        replace(WAITING, accept_by=NOW - 30 * DAY),
        Clock("Overdue since May 18, 11:00 a.m.", "late"),
    ),
    "brought along, no clock": (
        replace(WAITING, accept_by=None),
        Clock("Waiting since Jun 16, 2026", "due"),
    ),
    # 04:00 UTC on the 20th is midnight in New York: the end of Friday the 19th.
    "to call": (ACCEPTED, Clock("First call by Friday, Jun 19", "")),
    "to call within a day": (
        replace(ACCEPTED, first_call_by=NOW + DAY),
        Clock("First call by tomorrow", "due"),
    ),
    "not called in time": (
        replace(ACCEPTED, first_call_by=NOW),
        Clock("The first call was owed by today", "late"),
    ),
    "called": (CALLED, Clock("Expected to close on Sep 15", "")),
    "closes soon": (
        replace(CALLED, expected_close_on=date(2026, 6, 20)),
        Clock("Expected to close on Jun 20", "due"),
    ),
    "closes today": (
        replace(CALLED, expected_close_on=date(2026, 6, 17)),
        Clock("Expected to close on Jun 17", "due"),
    ),
    "close has passed": (
        replace(CALLED, expected_close_on=date(2026, 6, 16)),
        Clock("Expected to close on Jun 16: report the result", "late"),
    ),
    "no close expected": (
        replace(CALLED, expected_close_on=None),
        Clock("Accepted, no close expected yet", ""),
    ),
    "won": (
        replace(CALLED, result="won", result_at=NOW, revenue=Decimal(395000)),
        Clock("Won on Jun 17, 2026", "good", "$395,000"),
    ),
    "lost": (
        replace(CALLED, result="lost", result_at=NOW, lost_reason="price"),
        Clock("Lost on Jun 17, 2026", "", "price"),
    ),
    "stalled": (
        replace(CALLED, result="stalled", result_at=NOW, back_on=date(2027, 1, 4)),
        Clock("Stalled on Jun 17, 2026", "", "back in the program, due again Jan 4, 2027"),
    ),
    "returned": (
        replace(
            WAITING, returned_at=NOW, return_reason="no money", wrong_attributes=("budget", "pain")
        ),
        Clock("Returned on Jun 17, 2026", "", "budget, business pain. no money"),
    ),
}


@pytest.mark.parametrize(("course", "expected"), CLOCKS.values(), ids=CLOCKS.keys())
def test_the_clock(course, expected):
    with timezone.override("America/New_York"):
        assert clock_of(course, NOW) == expected
