"""What a handoff waits for, and until when (domain.md, section 8). Pure: `now` is passed in.

The rep accepts or returns, then calls, then reports a result; each has its time, and the last word
on a closed handoff is how it ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from prospects.qualification import Attribute
from team.templatetags.look import money

SOON = timedelta(days=1)
CLOSES_SOON = timedelta(days=7)


class Urgency(StrEnum):
    """How a clock is shown; the words say the same."""

    CALM = ""
    DUE = "due"
    LATE = "late"
    GOOD = "good"


@dataclass(frozen=True)
class Course:
    """How far a handoff has come. `called_at`: the rep's first call after accepting, if logged."""

    handed_off_at: datetime
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    first_call_by: datetime | None = None
    called_at: datetime | None = None
    expected_close_on: date | None = None
    returned_at: datetime | None = None
    return_reason: str = ""
    wrong_attributes: tuple[str, ...] = ()
    result: str = ""
    result_at: datetime | None = None
    revenue: Decimal | None = None
    currency: str = "USD"
    lost_reason: str = ""
    back_on: date | None = None


@dataclass(frozen=True)
class Clock:
    """One sentence, how pressing it is, and more about it where there is more."""

    words: str
    urgency: str = Urgency.CALM
    detail: str = ""


def clock_of(course: Course, now: datetime) -> Clock:
    """What is owed next, or how it ended. Times in words are in the reader's zone."""
    if course.result_at is not None:
        return _ended(course, course.result_at)
    if course.returned_at is not None:
        wrong = ", ".join(str(Attribute(a).label).lower() for a in course.wrong_attributes)
        return Clock(
            _("Returned on %s") % _day(course.returned_at),
            detail=". ".join(part for part in (wrong, course.return_reason) if part),
        )
    if course.accepted_at is not None:
        return _accepted(course, now)
    if course.accept_by is None:
        return Clock(_("Waiting since %s") % _day(course.handed_off_at), Urgency.DUE)
    if course.accept_by <= now:
        return Clock(_("Overdue since %s") % when(course.accept_by, now), Urgency.LATE)
    return Clock(_("Accept or return by %s") % when(course.accept_by, now), Urgency.DUE)


def _accepted(course: Course, now: datetime) -> Clock:
    """First the call, then the close."""
    if course.called_at is None and course.first_call_by is not None:
        # The instant is the end of a day; the day that people know is the one that ends there.
        day = _named_day(course.first_call_by - timedelta(microseconds=1), now)
        if course.first_call_by <= now:
            return Clock(_("The first call was owed by %s") % day, Urgency.LATE)
        soon = course.first_call_by - now <= SOON
        return Clock(_("First call by %s") % day, Urgency.DUE if soon else Urgency.CALM)
    close = course.expected_close_on
    if close is None:
        return Clock(_("Accepted, no close expected yet"))
    today = timezone.localdate(now)
    if close < today:
        words = _("Expected to close on %s: report the result")
        return Clock(words % date_format(close, "M j"), Urgency.LATE)
    soon = close - today <= CLOSES_SOON
    return Clock(
        _("Expected to close on %s") % date_format(close, "M j"),
        Urgency.DUE if soon else Urgency.CALM,
    )


def _ended(course: Course, at: datetime) -> Clock:
    day = _day(at)
    match course.result:
        case "won":
            return Clock(
                _("Won on %s") % day, Urgency.GOOD, detail=money(course.revenue, course.currency)
            )
        case "lost":
            return Clock(_("Lost on %s") % day, detail=course.lost_reason)
        case _:
            back = date_format(course.back_on, "M j, Y") if course.back_on else ""
            return Clock(
                _("Stalled on %s") % day,
                detail=_("back in the program, due again %s") % back if back else "",
            )


def when(instant: datetime, now: datetime) -> str:
    """ "tomorrow, 11:40 am": the day as near as people name it, and the time."""
    return f"{_named_day(instant, now)}, {date_format(timezone.localtime(instant), 'g:i a')}"


def _named_day(instant: datetime, now: datetime) -> str:
    day = timezone.localdate(instant)
    match (day - timezone.localdate(now)).days:
        case 0:
            return _("today")
        case 1:
            return _("tomorrow")
        case -1:
            return _("yesterday")
        case days if 1 < days < 7:
            return date_format(day, "l, M j")
        case _:
            return date_format(day, "M j")


def _day(instant: datetime) -> str:
    return date_format(timezone.localdate(instant), "M j, Y")
