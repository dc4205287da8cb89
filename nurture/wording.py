"""What touches, attempts and verdicts are called on a page. Pure: plain values in, words out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from nurture.contactability import Contactable, Verdict
from nurture.touching import (
    ATTEMPTS_BEFORE_GIVING_UP,
    Channel,
    ConnectAttempt,
    Direction,
    Outcome,
)
from prospects.stages import Disqualification, Stage
from team.dates import clock, written

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Happening:
    """One thing that can be logged: a button of the touch form, a title in the timeline."""

    channel: str
    outcome: str
    direction: str
    label: str | _StrPromise

    @property
    def value(self) -> str:
        """What a form posts: `phone-no_answer-out`."""
        return f"{self.channel}-{self.outcome}-{self.direction}"

    @property
    def came_from_them(self) -> bool:
        return self.direction == Direction.IN


def _ours(channel: Channel, outcome: Outcome, label: str | _StrPromise) -> Happening:
    return Happening(str(channel), str(outcome), str(Direction.OUT), label)


def _theirs(channel: Channel, outcome: Outcome, label: str | _StrPromise) -> Happening:
    return Happening(str(channel), str(outcome), str(Direction.IN), label)


HAPPENINGS = (
    # The nine with a key, in the order of the keys.
    _ours(Channel.PHONE, Outcome.CONVERSATION, gettext_lazy("Conversation")),
    _ours(Channel.PHONE, Outcome.NO_ANSWER, gettext_lazy("No answer")),
    _ours(Channel.VOICEMAIL, Outcome.LEFT, gettext_lazy("Left voicemail")),
    _ours(Channel.PHONE, Outcome.GATEKEEPER, gettext_lazy("Gatekeeper")),
    _ours(Channel.PHONE, Outcome.CALLBACK_REQUESTED, gettext_lazy("Call back")),
    _ours(Channel.PHONE, Outcome.WRONG_NUMBER, gettext_lazy("Wrong number")),
    _ours(Channel.EMAIL, Outcome.SENT, gettext_lazy("Email sent")),
    _theirs(Channel.EMAIL, Outcome.REPLIED, gettext_lazy("They replied")),
    _ours(Channel.LETTER, Outcome.POSTED, gettext_lazy("Letter posted")),
    # The rest, behind “more”.
    _theirs(Channel.PHONE, Outcome.CONVERSATION, gettext_lazy("They called us")),
    _ours(Channel.PHONE, Outcome.BUSY, gettext_lazy("Busy")),
    _ours(Channel.VOICEMAIL, Outcome.MAILBOX_FULL, gettext_lazy("Mailbox full")),
    _ours(Channel.MEETING, Outcome.HELD, gettext_lazy("Meeting held")),
    _ours(Channel.MEETING, Outcome.NO_SHOW, gettext_lazy("No show")),
    _theirs(Channel.EMAIL, Outcome.BOUNCED, gettext_lazy("Email bounced")),
    _theirs(Channel.EMAIL, Outcome.AUTO_REPLY, gettext_lazy("Automatic reply")),
    _theirs(Channel.EMAIL, Outcome.UNSUBSCRIBED, gettext_lazy("Unsubscribed")),
    _theirs(Channel.LETTER, Outcome.RETURNED, gettext_lazy("Letter came back")),
    _ours(Channel.DIRECT_MAIL, Outcome.POSTED, gettext_lazy("Direct mail posted")),
    _theirs(Channel.DIRECT_MAIL, Outcome.RETURNED, gettext_lazy("Direct mail came back")),
    _theirs(Channel.WEB, Outcome.VISITED, gettext_lazy("Visited our website")),
    _theirs(Channel.WEB, Outcome.DOWNLOADED, gettext_lazy("Downloaded something")),
    _theirs(Channel.WEB, Outcome.FORM, gettext_lazy("Filled in a form")),
    _ours(Channel.OTHER, Outcome.NOTED, gettext_lazy("Something else")),
)
"""All that can be logged by hand. Each outcome of each channel is here at least once."""

WITH_A_KEY = 9

HAPPENING = {happening.value: happening for happening in HAPPENINGS}

_TITLES = {(h.channel, h.outcome): h.label for h in reversed(HAPPENINGS)}


def touch_title(channel: str, direction: str, outcome: str, minutes: Decimal | None) -> str:
    """“Conversation, 11 minutes”; what they did themselves is said as theirs."""
    happening = HAPPENING.get(f"{channel}-{outcome}-{direction}")
    title = str(happening.label if happening else _TITLES[channel, outcome])
    if not minutes:
        return title
    length = ngettext("%(minutes)s minute", "%(minutes)s minutes", int(minutes.to_integral())) % {
        "minutes": f"{minutes.normalize():f}"
    }
    return f"{title}, {length}"


_MAY = {
    Channel.PHONE: gettext_lazy("may call"),
    Channel.VOICEMAIL: gettext_lazy("may call"),
    Channel.EMAIL: gettext_lazy("may write"),
    Channel.LETTER: gettext_lazy("may post"),
    Channel.DIRECT_MAIL: gettext_lazy("may post"),
}
_NO_ADDRESS = {
    Channel.PHONE: gettext_lazy("no number"),
    Channel.VOICEMAIL: gettext_lazy("no number"),
    Channel.EMAIL: gettext_lazy("no address"),
    Channel.LETTER: gettext_lazy("no street"),
    Channel.DIRECT_MAIL: gettext_lazy("no street"),
}


def contactable_in_words(verdict: Verdict, channel: str, zone: ZoneInfo, now: datetime) -> str:
    """“may call”, “not before 9:00 am”, “asked us not to”: times are theirs (`zone`)."""
    kind = Channel(channel)
    if verdict.next_at is not None:
        opens = moment(verdict.next_at, zone, now)
        if verdict.answer == Contactable.HOLIDAY:
            return _("%(holiday)s: not before %(time)s") % {"holiday": verdict.why, "time": opens}
        return _("not before %s") % opens
    if verdict.allowed:
        return str(_MAY.get(kind, ""))
    if verdict.answer == Contactable.NO_ADDRESS:
        return str(_NO_ADDRESS.get(kind, verdict.why))
    return verdict.why


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A time as one would say it in `zone`: “3:00 pm”, “Mon 9:00 am”, “Jun 23, 9:00 am”."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    time = clock(local, "P")
    days = (local.date() - today).days
    if days == 0:
        return time
    if days == 1:
        return _("tomorrow, %s") % time
    if 1 < days < 7:
        return f"{written(local, 'D')} {time}"
    return f"{written(local, 'M j' if local.year == today.year else 'M j, Y')}, {time}"


def attempts_in_words(attempts: Sequence[ConnectAttempt], now: datetime) -> str:
    """“Attempt 4 of 6: email missing”. `attempts`: the lead's, oldest first.

    Attempts whose window closed too early do not count towards the six; where there are so many of
    them that the count would run past six, what is complete is said beside it.
    """
    complete = sum(attempt.is_complete for attempt in attempts)
    is_open = bool(attempts) and attempts[-1].is_open_at(now)
    number = len(attempts) + (0 if is_open else 1)
    if complete >= ATTEMPTS_BEFORE_GIVING_UP:
        return _("%s complete attempts") % complete
    lacking = attempts[-1].lacking if is_open else ()
    values = {
        "number": number,
        "all": ATTEMPTS_BEFORE_GIVING_UP,
        "complete": complete,
        "missing": _(" and ").join(str(Channel(channel).label).lower() for channel in lacking),
    }
    if is_open:
        if number <= ATTEMPTS_BEFORE_GIVING_UP:
            return _("Attempt %(number)s of %(all)s: %(missing)s missing") % values
        return (
            _("Attempt %(number)s: %(missing)s missing; %(complete)s of %(all)s complete") % values
        )
    if number <= ATTEMPTS_BEFORE_GIVING_UP:
        return _("Attempt %(number)s of %(all)s is next") % values
    return _("Attempt %(number)s is next; %(complete)s of %(all)s complete") % values


_REASONS: dict[str, str | _StrPromise] = {
    "first_touch": gettext_lazy("with the first touch"),
    "gate_passed": gettext_lazy("all that the standard asks is documented"),
    "gate_closed": gettext_lazy("the standard is no longer met"),
    "restored": gettext_lazy("screening overruled"),
    "rescreened": gettext_lazy("screened anew, nothing against it any more"),
    "taken_back": gettext_lazy("the decision was taken back"),
    "revived": gettext_lazy("revived"),
    "attempts_used_up": gettext_lazy("six attempts without a conversation"),
    "manager_decided": gettext_lazy("a manager decided so"),
    **{str(reason): reason.label for reason in Disqualification},
}


def reason_in_words(reason: str) -> str:
    """The reason of a change of stage; a key that is not known here is read as it is written."""
    return str(_REASONS.get(reason) or reason.replace("_", " "))


STAGE_TITLES: dict[str, str | _StrPromise] = {
    Stage.RAW: gettext_lazy("Came in"),
    Stage.NURTURING: gettext_lazy("Into the program"),
    Stage.HANDED_OFF: gettext_lazy("Handed off"),
    Stage.ACCEPTED: gettext_lazy("Accepted by sales"),
}


def stage_title(from_stage: str, to_stage: str) -> str:
    """What a change of stage is called in the timeline."""
    if to_stage == Stage.RAW and from_stage:
        return _("Raw again")
    if to_stage == Stage.NURTURING and from_stage != Stage.RAW:
        return _("Back in the program")
    return str(STAGE_TITLES.get(to_stage) or Stage(to_stage).label)
