"""What to do next with a lead, when, and why: one promise, else one attempt, else one question.

Pure. The verdict is stored on the lead whenever a touch, a promise or a stage is written, so that
the queue is one indexed question (domain.md, section 7: "the next best touch").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from nurture.touching import ATTEMPTS_BEFORE_GIVING_UP, Channel, ConnectAttempt
from prospects.qualification import QUESTIONS, Attribute, Horizon
from prospects.stages import WORKED, Stage
from team.calendar import Calendar

DAYS_BETWEEN_ATTEMPTS = 3
DAYS_AFTER_CONVERSATION = 5
DAYS_LONG_TERM = 25
"""Working days: a touch every four to six weeks."""
START_OF_DAY = time(9)
DECISION_IS_NEAR = timedelta(days=21)


class Rank:
    """The order of the queue: what is promised comes before what is new, before what is routine."""

    PROMISE = 1
    FRESH = 2
    READY = 3
    DECISION_NEAR = 4
    ATTEMPT = 5
    FOLLOW_UP = 6
    NEXT_ATTEMPT = 7
    GIVE_UP = 8
    LONG_TERM = 9


@dataclass(frozen=True)
class PromisedTouch:
    channel: str
    due_at: datetime
    words: str = ""


@dataclass(frozen=True)
class LeadNow:
    """What the choice of the next touch depends on."""

    stage: str
    received_at: datetime
    horizon: str = Horizon.UNKNOWN
    can_call: bool = True
    can_email: bool = True
    last_touch_at: datetime | None = None
    conversation_at: datetime | None = None
    decision_on: date | None = None
    open_attributes: Sequence[str] = ()
    gate_passes: bool = False


@dataclass(frozen=True)
class NextTouch:
    """When the lead is due, on which channel, where it ranks in the queue, and why in words."""

    at: datetime
    channel: str
    rank: int
    why: str


def next_touch(
    lead: LeadNow,
    *,
    promise: PromisedTouch | None,
    attempts: Sequence[ConnectAttempt],
    calendar: Calendar,
    now: datetime,
) -> NextTouch | None:
    """The next best touch for a lead; None when no specialist has anything to do.

    `promise` is the open one that is due first; `attempts` all of the lead's, oldest first.
    """
    if lead.stage not in WORKED:
        return None
    if promise is not None:
        words = promise.words or _("promised")
        return NextTouch(promise.due_at, promise.channel, Rank.PROMISE, words)
    if lead.stage == Stage.QUALIFIED:
        return NextTouch(now, Channel.OTHER, Rank.READY, _("ready for sales: hand it to a rep"))
    last = lead.last_touch_at
    if last is None:
        return NextTouch(
            lead.received_at, first_channel(lead), Rank.FRESH, _("came in, nobody was in touch yet")
        )
    if attempts and attempts[-1].is_open_at(now):
        return _rest_of_attempt(attempts[-1], last, calendar)
    if lead.conversation_at is not None:
        return _follow_up(lead, last, calendar, now)
    return _next_attempt(lead, last, attempts, calendar)


def first_channel(lead: LeadNow) -> str:
    """Call where there is a number, else write, else post a letter."""
    if lead.can_call:
        return Channel.PHONE
    return Channel.EMAIL if lead.can_email else Channel.LETTER


def _rest_of_attempt(attempt: ConnectAttempt, last: datetime, calendar: Calendar) -> NextTouch:
    """What the attempt under way still lacks: the voicemail at once, the rest next working day."""
    channel = attempt.lacking[0]
    at = last
    if channel != Channel.VOICEMAIL:
        at = morning_after(at, 1, calendar)
    missing = _(" and ").join(str(Channel(c).label).lower() for c in attempt.lacking)
    why = _("%(attempt)s: %(missing)s missing") % {
        "attempt": _numbered(attempt.number),
        "missing": missing,
    }
    return NextTouch(min(at, attempt.closes_at), channel, Rank.ATTEMPT, why)


def _follow_up(lead: LeadNow, last: datetime, calendar: Calendar, now: datetime) -> NextTouch:
    """After a conversation: sooner when they decide soon, later when the need is long-term."""
    asks = QUESTIONS[lead.open_attributes[0]] if lead.open_attributes else ""
    if lead.decision_on is not None and now.date() <= lead.decision_on:
        decides = datetime.combine(lead.decision_on, START_OF_DAY, calendar.zone)
        if decides - now <= DECISION_IS_NEAR:
            why = _("they decide on %s") % f"{lead.decision_on:%b %-d}"
            at = morning_after(last, 2, calendar)
            return NextTouch(at, first_channel(lead), Rank.DECISION_NEAR, why)
    if lead.horizon == Horizon.LONG_TERM:
        at = morning_after(last, DAYS_LONG_TERM, calendar)
        return NextTouch(at, Channel.EMAIL, Rank.LONG_TERM, _("stay in touch: long-term"))
    at = morning_after(last, DAYS_AFTER_CONVERSATION, calendar)
    why = _("ask: %s") % asks if asks else _("follow up on what was said")
    return NextTouch(at, first_channel(lead), Rank.FOLLOW_UP, why)


def _next_attempt(
    lead: LeadNow, last: datetime, attempts: Sequence[ConnectAttempt], calendar: Calendar
) -> NextTouch:
    complete = sum(attempt.is_complete for attempt in attempts)
    if complete >= ATTEMPTS_BEFORE_GIVING_UP:
        return NextTouch(
            last,
            Channel.OTHER,
            Rank.GIVE_UP,
            _("six attempts, no conversation: give up, or keep for long-term"),
        )
    why = _("%s is next") % _numbered(len(attempts) + 1)
    at = morning_after(last, DAYS_BETWEEN_ATTEMPTS, calendar)
    return NextTouch(at, first_channel(lead), Rank.NEXT_ATTEMPT, why)


def _numbered(number: int) -> str:
    """Attempts that stayed incomplete do not count towards the six, so there may be a seventh."""
    if number > ATTEMPTS_BEFORE_GIVING_UP:
        return _("attempt %s") % number
    return _("attempt %(number)s of %(all)s") % {
        "number": number,
        "all": ATTEMPTS_BEFORE_GIVING_UP,
    }


def morning_after(instant: datetime, working_days: int, calendar: Calendar) -> datetime:
    """Nine o'clock in the calendar's zone, that many working days after the day of `instant`."""
    day = calendar.add_working_days(instant.astimezone(calendar.zone).date(), working_days)
    return datetime.combine(day, START_OF_DAY, calendar.zone)


def cheapest_question(open_attributes: Sequence[str]) -> str:
    """The question that the cheapest open attribute asks; empty when nothing is open."""
    return str(QUESTIONS[Attribute(open_attributes[0])]) if open_attributes else ""
