"""When what was due during an absence is due instead. Pure: days in, days out.

A promise is never moved: somebody was told that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count

from nurture.cadence import Rank
from team.calendar import Calendar

KEPT = (Rank.INQUIRY, Rank.PROMISE)
"""What cannot wait until somebody is back: who asked us now, and who was told a day."""
STAYS = (*KEPT, Rank.FRESH, Rank.READY, Rank.DECISION_NEAR)
"""What is not put off after a return either."""


def working_days(first: date, last: date, calendar: Calendar) -> int:
    """How many working days there are from `first` to `last`, both among them."""
    days = (first + timedelta(days=each) for each in range((last - first).days + 1))
    return sum(calendar.is_working_day(day) for day in days)


def shifted_to(due_on: date, *, first: date, last: date, days: int, there: Calendar) -> date:
    """Where a step goes that is due while somebody is away from `first` to `last`.

    As many working days later as they are away (`days`), so that steps keep their distances; what was
    overdue counts from the first day. Never before they are back, whatever holidays there are `there`.
    """
    moved = there.add_working_days(max(due_on, first), days)
    return max(moved, there.working_day_on_or_after(last + timedelta(days=1)))


def spread(items: int, load: Sequence[int], capacity: int) -> list[int]:
    """On which working day each of so many overdue items is due, 0 being the day of the return.

    In their order, each day as many as `capacity` leaves beside what it has (`load`; days beyond it
    have nothing yet). Somebody of whom nothing is expected a day still does one.
    """
    days: Iterator[int] = count()
    found: list[int] = []
    for day in days:
        if len(found) >= items:
            break
        room = max(capacity, 1) - (load[day] if day < len(load) else 0)
        found += [day] * max(0, min(room, items - len(found)))
    return found
