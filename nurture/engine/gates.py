"""Everything that is asked again at the moment of sending (domain.md, section 7). Pure.

The answer is to go on, to wait until a time, or not to send this one at all, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from nurture.contactability import CLOSES, OPENS, Contactable, Reachability, next_opening
from prospects.stages import Stage
from team.calendar import Calendar

CAP_A_DAY = 1
CAP_A_WEEK = 3
WEEK = timedelta(days=7)
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
    sent_at: Sequence[datetime]
    """Automatic touches to this person within the last week, the open and unknown ones too."""
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

    In this order: still enrolled, still in the program, still the lead's person, the message, no
    address, suppressed, invalid, cap, quiet hours, holiday. Quiet hours bind every automatic touch.
    """
    if not situation.is_enrolled:
        return Cancel(_("the cadence was stopped"))
    if situation.stage not in PROGRAM:
        return Cancel(_("the lead is %s") % str(Stage(situation.stage).label).lower())
    if not situation.is_theirs:
        return Cancel(_("they are no longer at this company"))
    if situation.hindrance:
        return Skip(situation.hindrance)
    if never := never_contactable(situation.reach):
        return Skip(never)
    if capped_until := _capped_until(situation.sent_at, calendar, now):
        return Later(capped_until, _("they heard from us often enough for now"))
    local = now.astimezone(calendar.zone)
    if not OPENS <= local.time() < CLOSES or not calendar.is_working_day(local.date()):
        return Later(next_opening(now, calendar), _("outside their hours"))
    return Go()


def never_contactable(reach: Reachability) -> str:
    """Why this address can not be used at any time; empty where it may be, if not now."""
    if not reach.has_address:
        return str(Contactable.NO_ADDRESS.label)
    if reach.suppressed:
        return str(Contactable.SUPPRESSED.label)
    return reach.invalid_why or str(Contactable.INVALID.label) if reach.invalid else ""


def _capped_until(
    sent_at: Sequence[datetime], calendar: Calendar, now: datetime
) -> datetime | None:
    """The next opening at which neither cap is reached; None where none is now."""
    zone = calendar.zone
    today = now.astimezone(zone).date()
    lately = sorted(at for at in sent_at if now - at < WEEK)
    same_day = sum(at.astimezone(zone).date() == today for at in lately)
    free_at = now
    if same_day >= CAP_A_DAY:
        tomorrow = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        free_at = tomorrow + timedelta(days=1)
    if len(lately) >= CAP_A_WEEK:
        free_at = max(free_at, lately[-CAP_A_WEEK] + WEEK)
    return next_opening(free_at, calendar) if free_at > now else None
