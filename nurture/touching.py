"""What a touch is and how touches group into connect attempts (domain.md, section 6).

Pure: plain values in and out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from team.calendar import Calendar

ATTEMPTS_BEFORE_GIVING_UP = 6
ATTEMPT_WINDOW_DAYS = 3


class Channel(TextChoices):
    PHONE = "phone", _("Call")
    VOICEMAIL = "voicemail", _("Voicemail")
    EMAIL = "email", _("Email")
    LETTER = "letter", _("Letter")
    DIRECT_MAIL = "direct_mail", _("Direct mail")
    MEETING = "meeting", _("Meeting")
    WEB = "web", _("Web")
    OTHER = "other", _("Other")


class Direction(TextChoices):
    OUT = "out", _("Out")
    IN = "in", _("In")


class Outcome(TextChoices):
    CONVERSATION = "conversation", _("Conversation")
    NO_ANSWER = "no_answer", _("No answer")
    BUSY = "busy", _("Busy")
    GATEKEEPER = "gatekeeper", _("Gatekeeper")
    WRONG_NUMBER = "wrong_number", _("Wrong number")
    CALLBACK_REQUESTED = "callback_requested", _("Call back")
    LEFT = "left", _("Left voicemail")
    MAILBOX_FULL = "mailbox_full", _("Mailbox full")
    SENT = "sent", _("Sent")
    REPLIED = "replied", _("Replied")
    BOUNCED = "bounced", _("Bounced")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    POSTED = "posted", _("Posted")
    RETURNED = "returned", _("Returned")
    HELD = "held", _("Held")
    NO_SHOW = "no_show", _("No show")
    VISITED = "visited", _("Visited")
    DOWNLOADED = "downloaded", _("Downloaded")
    FORM = "form", _("Form filled in")
    NOTED = "noted", _("Noted")


OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    Channel.PHONE: (
        Outcome.CONVERSATION,
        Outcome.NO_ANSWER,
        Outcome.BUSY,
        Outcome.GATEKEEPER,
        Outcome.WRONG_NUMBER,
        Outcome.CALLBACK_REQUESTED,
    ),
    Channel.VOICEMAIL: (Outcome.LEFT, Outcome.MAILBOX_FULL),
    Channel.EMAIL: (
        Outcome.SENT,
        Outcome.REPLIED,
        Outcome.BOUNCED,
        Outcome.AUTO_REPLY,
        Outcome.UNSUBSCRIBED,
    ),
    Channel.LETTER: (Outcome.POSTED, Outcome.RETURNED),
    Channel.DIRECT_MAIL: (Outcome.POSTED, Outcome.RETURNED),
    Channel.MEETING: (Outcome.HELD, Outcome.NO_SHOW),
    Channel.WEB: (Outcome.VISITED, Outcome.DOWNLOADED, Outcome.FORM),
    Channel.OTHER: (Outcome.NOTED,),
}
"""The outcomes that a touch on each channel can have."""

ATTEMPT_CHANNELS = (Channel.PHONE, Channel.VOICEMAIL, Channel.EMAIL)
"""The three that make up a connect attempt, in the order in which they are usually made."""

TALKED = frozenset(
    {Outcome.CONVERSATION, Outcome.CALLBACK_REQUESTED, Outcome.REPLIED, Outcome.HELD}
)
"""Outcomes that are two-way: somebody there spoke or wrote to us."""

ARRIVED = frozenset(
    {
        Outcome.REPLIED,
        Outcome.BOUNCED,
        Outcome.AUTO_REPLY,
        Outcome.UNSUBSCRIBED,
        Outcome.RETURNED,
        Outcome.VISITED,
        Outcome.DOWNLOADED,
        Outcome.FORM,
    }
)
"""Outcomes that come from them: a touch is inbound unless somebody says otherwise."""

COMES_BACK = TALKED | {Outcome.FORM, Outcome.DOWNLOADED}
"""Inbound outcomes in which somebody wants something of us again, so that a closed lead is revived."""


def is_conversation(channel: str, direction: str, outcome: str) -> bool:
    """A two-way touch: an answered call, a meeting, an inbound reply that is not automatic."""
    return outcome in TALKED


class AttemptTouch(Protocol):
    """What grouping needs to know of a touch."""

    @property
    def channel(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...


@dataclass
class ConnectAttempt:
    """Call, voicemail and email to the same lead within the attempt window."""

    number: int
    opened_at: datetime
    closes_at: datetime
    channels: frozenset[str] = frozenset()
    conversation_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_complete(self) -> bool:
        return self.completed_at is not None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The channels still missing, in the order to make them; empty once complete."""
        return (
            ()
            if self.is_complete
            else tuple(channel for channel in ATTEMPT_CHANNELS if channel not in self.channels)
        )

    def is_open_at(self, now: datetime) -> bool:
        """May still take a touch at `now`."""
        return not self.is_complete and now < self.closes_at


def opens_or_joins(touch: AttemptTouch) -> bool:
    """Whether a touch belongs to a connect attempt: our calls, voicemails and emails do."""
    return touch.direction == Direction.OUT and touch.channel in ATTEMPT_CHANNELS


def group_attempts(touches: Iterable[AttemptTouch], calendar: Calendar) -> list[ConnectAttempt]:
    """The connect attempts that a lead's touches make, oldest first.

    An attempt opens with the first outbound call, voicemail or email that belongs to none, takes
    those of the window, and is complete with one of each or with a conversation, ours or theirs.
    A touch after completion opens the next. `touches` must be in the order they occurred.
    """
    attempts: list[ConnectAttempt] = []
    current: ConnectAttempt | None = None
    for touch in touches:
        if current is not None and not current.is_open_at(touch.occurred_at):
            current = None
        if opens_or_joins(touch):
            if current is None:
                current = ConnectAttempt(
                    number=len(attempts) + 1,
                    opened_at=touch.occurred_at,
                    closes_at=calendar.end_of_window(touch.occurred_at, ATTEMPT_WINDOW_DAYS),
                )
                attempts.append(current)
            current.channels |= {touch.channel}
        if current is None:
            continue
        if is_conversation(touch.channel, touch.direction, touch.outcome):
            current.conversation_at = touch.occurred_at
            current.completed_at = touch.occurred_at
        elif current.channels.issuperset(ATTEMPT_CHANNELS):
            current.completed_at = touch.occurred_at
    return attempts


def may_give_up(attempts: Sequence[ConnectAttempt], *, had_conversation: bool) -> bool:
    """Whether a lead may be called unable to qualify: six complete attempts and no conversation."""
    complete = sum(attempt.is_complete for attempt in attempts)
    return complete >= ATTEMPTS_BEFORE_GIVING_UP and not had_conversation
