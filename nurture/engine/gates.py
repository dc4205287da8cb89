"""Everything that is asked again at the moment of sending (domain.md, section 7). Pure.

The answer is to go on, to wait until a time, or not to send this one at all, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.contactability import Contactable, Reachability, may_contact
from prospects.stages import Stage
from team.calendar import Calendar

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

PROGRAM = frozenset({Stage.NURTURING})
"""Where automatic touches may go: qualified leads are a rep's to be, raw ones nobody's yet."""


@dataclass(frozen=True)
class Situation:
    """What is so at this moment, read under the locks that opting out and logging take too."""

    stage: str
    is_enrolled: bool
    is_theirs: bool
    """The contact is still one of the lead's company."""
    reach: Reachability
    """What is known of the address, of their consent and of the limits there: read it with
    `nurture.reach.reachability` (one) or `reachability_among` (many; one question for all)."""
    sent_at: Sequence[datetime]
    """Automatic touches to this person within the last week (WEEK), the open and unknown ones too."""
    hindrance: str = ""
    """What is wrong with the message itself (nurture.engine.messages)."""


@dataclass(frozen=True)
class Go:
    pass


@dataclass(frozen=True)
class Later:
    """Not now: to be asked again at `at`."""

    at: datetime
    why: str


@dataclass(frozen=True)
class Skip:
    """Not this one; the cadence goes on with its next step."""

    why: str


@dataclass(frozen=True)
class Cancel:
    """Not this one, and nothing after it: the enrolment is over."""

    why: str


Decision = Go | Later | Skip | Cancel


def decide(situation: Situation, *, calendar: Calendar, now: datetime) -> Decision:
    """May this automatic touch be made now? `calendar` is that of the prospect's place.

    The first of GATES that does not let it through decides.
    """
    for gate in GATES:
        decision = gate.ask(situation, calendar, now)
        if not isinstance(decision, Go):
            return decision
    return GO


GO = Go()


def _is_enrolled(situation: Situation, calendar: Calendar, now: datetime) -> Decision:
    return GO if situation.is_enrolled else Cancel(_("the cadence was stopped"))


def _is_in_program(situation: Situation, calendar: Calendar, now: datetime) -> Decision:
    if situation.stage in PROGRAM:
        return GO
    return Cancel(_("the lead is %s") % str(Stage(situation.stage).label).lower())


def _is_theirs(situation: Situation, calendar: Calendar, now: datetime) -> Decision:
    return GO if situation.is_theirs else Cancel(_("they are no longer at this company"))


def _is_written(situation: Situation, calendar: Calendar, now: datetime) -> Decision:
    return Skip(situation.hindrance) if situation.hindrance else GO


def _contactable(*answers: Contactable) -> Callable[[Situation, Calendar, datetime], Decision]:
    """The part of the one answer (nurture.contactability) that is one of these."""

    def ask(situation: Situation, calendar: Calendar, now: datetime) -> Decision:
        verdict = may_contact(
            situation.reach, calendar=calendar, now=now, heard_at=situation.sent_at
        )
        if verdict.answer not in answers:
            return GO
        return Later(verdict.next_at, verdict.why) if verdict.next_at else Skip(verdict.why)

    return ask


@dataclass(frozen=True)
class Gate:
    """One thing that is asked. `question` is how a page puts it; yes is good."""

    question: str | _StrPromise
    ask: Callable[[Situation, Calendar, datetime], Decision]


GATES = (
    Gate(gettext_lazy("Is the lead still in the cadence?"), _is_enrolled),
    Gate(gettext_lazy("Is it still being nurtured?"), _is_in_program),
    Gate(gettext_lazy("Is the person still at this company?"), _is_theirs),
    Gate(gettext_lazy("Is every field filled in, and every claim true?"), _is_written),
    Gate(
        gettext_lazy("Is there an address that works and may be used?"),
        _contactable(Contactable.NO_ADDRESS, Contactable.SUPPRESSED, Contactable.INVALID),
    ),
    Gate(
        gettext_lazy("Is there the ground that the law there asks for?"),
        _contactable(Contactable.NO_CONSENT, Contactable.NOT_OURS),
    ),
    Gate(
        gettext_lazy("Have they heard little enough from us lately?"),
        _contactable(Contactable.CAP),
    ),
    Gate(
        gettext_lazy("Is it within their hours, on a working day there?"),
        _contactable(Contactable.QUIET_HOURS, Contactable.HOLIDAY),
    ),
)
"""All that is asked of an automatic touch, in the order in which the first refusal decides
(domain.md, section 7). The trace of a planned touch lists them from here."""
