"""What to do next with a lead, when, and why: one promise, else one attempt, else one question.

Pure. The verdict is stored on the lead whenever a touch, a promise or a stage is written, so that
the queue is one indexed question (domain.md, section 7: "the next best touch").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from nurture.touching import ATTEMPTS_BEFORE_GIVING_UP, Channel, ConnectAttempt
from prospects.first_touch import (
    FIRST_HOUR,
    FRESH,
    INQUIRY,
    NextTouch,
    first_channel,
    first_touch,
)
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
    """The order of the queue: who asked within the hour, what is promised, what is new, what is routine."""

    INQUIRY = INQUIRY
    PROMISE = 2
    FRESH = FRESH
    READY = 4
    DECISION_NEAR = 5
    CADENCE = 6
    ATTEMPT = 7
    FOLLOW_UP = 8
    NEXT_ATTEMPT = 9
    GIVE_UP = 10
    LONG_TERM = 11


@dataclass(frozen=True)
class PromisedTouch:
    channel: str
    due_at: datetime
    words: str = ""


@dataclass(frozen=True)
class PlannedStep:
    """What the lead's cadence has open: on which channel, when, and whether a person does it."""

    channel: str
    due_at: datetime
    cadence: str
    by_machine: bool


@dataclass(frozen=True)
class LeadNow:
    """What the choice of the next touch depends on."""

    stage: str
    received_at: datetime
    asked_at: datetime | None = None
    horizon: str = Horizon.UNKNOWN
    can_call: bool = True
    can_email: bool = True
    is_shut: bool = False
    """No address is left that may be used, and one is known that must not be."""
    last_touch_at: datetime | None = None
    conversation_at: datetime | None = None
    decision_on: date | None = None
    open_attributes: Sequence[str] = ()
    gate_passes: bool = False
    postponed_until: datetime | None = None
    """An absence put off what the program’s own rhythm asks for."""

    @property
    def is_unanswered(self) -> bool:
        """They asked us themselves, and nobody has been in touch since."""
        if self.asked_at is None:
            return False
        return self.last_touch_at is None or self.last_touch_at < self.asked_at

    def reachable_of(self, channels: Sequence[str]) -> tuple[str, ...]:
        """Those of the channels of an attempt on which the contact has a working address."""
        return tuple(
            channel
            for channel in channels
            if (self.can_email if channel == Channel.EMAIL else self.can_call)
        )

    @property
    def first_channel(self) -> str:
        return first_channel(can_call=self.can_call, can_email=self.can_email)

    def first_touch(self, now: datetime) -> NextTouch:
        return first_touch(
            received_at=self.received_at,
            asked_at=self.asked_at if self.is_unanswered else None,
            can_call=self.can_call,
            can_email=self.can_email,
            now=now,
        )


def next_touch(
    lead: LeadNow,
    *,
    promise: PromisedTouch | None,
    planned: PlannedStep | None = None,
    attempts: Sequence[ConnectAttempt],
    calendar: Calendar,
    now: datetime,
) -> NextTouch | None:
    """The next best touch for a lead; None when no specialist has anything to do.

    A promise comes first, then the lead's cadence, then what the attempts and the open attributes
    ask for. That a lead is ready for sales does not wait for a promise that is not due yet.

    `promise` is the open one that is due first; `attempts` all of the lead's, oldest first.
    """
    if lead.stage not in WORKED:
        return None
    if lead.is_unanswered and lead.asked_at is not None and now - lead.asked_at <= FIRST_HOUR:
        return lead.first_touch(now)
    is_ready = lead.stage == Stage.QUALIFIED
    if promise is not None and (promise.due_at <= now or not is_ready):
        words = promise.words or _("promised")
        return NextTouch(promise.due_at, promise.channel, Rank.PROMISE, words)
    if is_ready:
        return NextTouch(now, Channel.OTHER, Rank.READY, _("ready for sales: hand it to a rep"))
    if planned is not None and not lead.is_unanswered:
        return _planned_touch(planned)
    chosen = _own_rhythm(lead, attempts, calendar, now)
    if lead.postponed_until is not None and not lead.is_unanswered:
        return replace(chosen, at=max(chosen.at, lead.postponed_until))
    return chosen


def _own_rhythm(
    lead: LeadNow, attempts: Sequence[ConnectAttempt], calendar: Calendar, now: datetime
) -> NextTouch:
    """What the attempts and the open attributes ask for, where nothing else is said."""
    last = lead.last_touch_at
    if lead.is_shut:
        why = _("no address is left that may be used: find another, or close the lead")
        return NextTouch(last or lead.received_at, Channel.OTHER, Rank.GIVE_UP, why)
    if last is None or lead.is_unanswered:
        return lead.first_touch(now)
    under_way = attempts[-1] if attempts and attempts[-1].is_open_at(now) else None
    if under_way is not None and (lacking := lead.reachable_of(under_way.lacking)):
        return _rest_of_attempt(under_way, lacking, last, calendar)
    if lead.conversation_at is not None:
        return _follow_up(lead, last, calendar, now)
    return _next_attempt(lead, last, attempts, calendar)


def _planned_touch(planned: PlannedStep) -> NextTouch:
    """What the cadence says is next; what a machine does is told, and ranks last."""
    if planned.by_machine:
        words = (
            _("%s: an email goes out by itself")
            if planned.channel == Channel.EMAIL
            else _("%s: goes out with the next post")
        )
        why = words % planned.cadence
        return NextTouch(planned.due_at, planned.channel, Rank.LONG_TERM, why)
    why = f"{planned.cadence}: {Channel(planned.channel).label.lower()}"
    return NextTouch(planned.due_at, planned.channel, Rank.CADENCE, why)


def _rest_of_attempt(
    attempt: ConnectAttempt, lacking: Sequence[str], last: datetime, calendar: Calendar
) -> NextTouch:
    """What the attempt under way still lacks: the voicemail at once, the rest next working day.

    `lacking`: of that, the channels on which there is a working address.
    """
    channel = lacking[0]
    at = last
    if channel != Channel.VOICEMAIL:
        at = morning_after(at, 1, calendar)
    missing = _(" and ").join(str(Channel(c).label).lower() for c in lacking)
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
            return NextTouch(at, lead.first_channel, Rank.DECISION_NEAR, why)
    if lead.horizon == Horizon.LONG_TERM:
        at = morning_after(last, DAYS_LONG_TERM, calendar)
        channel = Channel.EMAIL if lead.can_email else lead.first_channel
        return NextTouch(at, channel, Rank.LONG_TERM, _("stay in touch: long-term"))
    at = morning_after(last, DAYS_AFTER_CONVERSATION, calendar)
    why = _("ask: %s") % asks if asks else _("follow up on what was said")
    return NextTouch(at, lead.first_channel, Rank.FOLLOW_UP, why)


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
    if len(attempts) >= ATTEMPTS_BEFORE_GIVING_UP and not (lead.can_call and lead.can_email):
        lacks = _("an email address") if lead.can_call else _("a telephone number")
        why = _("six attempts, incomplete without %s that works: find one, or a manager decides")
        return NextTouch(last, Channel.OTHER, Rank.GIVE_UP, why % lacks)
    why = _("%s is next") % _numbered(len(attempts) + 1)
    at = morning_after(last, DAYS_BETWEEN_ATTEMPTS, calendar)
    if attempts and not attempts[-1].is_complete:
        # One that nothing can complete still takes every touch until its window closes.
        while at < attempts[-1].closes_at:
            at = morning_after(at, 1, calendar)
    return NextTouch(at, lead.first_channel, Rank.NEXT_ATTEMPT, why)


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
