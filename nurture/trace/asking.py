"""What is asked of a planned touch now, question by question. Pure.

The questions are the engine's own (nurture.engine.gates, nurture.contactability), asked one by one
instead of up to the first refusal, so that a person sees all that stands in the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.contactability import Limits, may_contact
from nurture.engine.gates import GATES, Cancel, Decision, Go, Later, Situation, Skip
from prospects.stages import WORKED, Stage
from team.calendar import Calendar


class Answer(TextChoices):
    YES = "yes", gettext_lazy("yes")
    LATER = "later", gettext_lazy("not now")
    NO = "no", gettext_lazy("no")


@dataclass(frozen=True)
class Asked:
    """One question and its answer; `next_at`: where it is only “not now”, the next time."""

    question: str
    answer: Answer
    why: str = ""
    next_at: datetime | None = None

    @property
    def tone(self) -> str:
        """The color of the answer (docs/look.md)."""
        return {Answer.YES: "on", Answer.LATER: "due"}.get(self.answer, "late")


def asked(question: str, *, holds: bool, why: str = "") -> Asked:
    """A question that only yes and “not now, until somebody acts” answer."""
    return Asked(question, Answer.YES if holds else Answer.LATER, "" if holds else why)


def of_machine(situation: Situation, *, calendar: Calendar, now: datetime) -> tuple[Asked, ...]:
    """All the gates of an automatic touch. What one refuses is left out for those after it."""
    answers = []
    for gate in GATES:
        decision = gate.ask(situation, calendar, now)
        answers.append(_answered(str(gate.question), decision))
        situation = _without(situation, decision)
    return tuple(answers)


def _answered(question: str, decision: Decision) -> Asked:
    match decision:
        case Later(at, why):
            return Asked(question, Answer.LATER, why, at)
        case Skip(why) | Cancel(why):
            return Asked(question, Answer.NO, why)
        case _:
            return Asked(question, Answer.YES)


def _without(situation: Situation, decision: Decision) -> Situation:
    """The situation as if a hindrance were gone, for the questions that would come after it."""
    if isinstance(decision, Skip) and not situation.hindrance:
        reach = situation.reach
        open_to_all = Limits(
            hours=reach.limits.hours, a_day=reach.limits.a_day, a_week=reach.limits.a_week
        )
        free = replace(reach, has_address=True, suppressed=False, invalid=False, grounds=())
        return replace(situation, reach=replace(free, limits=open_to_all))
    if isinstance(decision, Later):
        return replace(situation, sent_at=())
    return situation


def of_person(situation: Situation, *, calendar: Calendar, now: datetime) -> tuple[Asked, ...]:
    """What is asked of a touch that a person makes: no cap, and nothing of words."""
    verdict = may_contact(situation.reach, calendar=calendar, now=now)
    answer = Answer.YES if verdict.allowed else Answer.LATER if verdict.next_at else Answer.NO
    why = "" if verdict.allowed else verdict.why
    is_worked = situation.stage in WORKED
    stage = str(Stage(situation.stage).label).lower()
    return (
        Asked(
            _("Is the lead still in the cadence?"),
            Answer.YES if situation.is_enrolled else Answer.NO,
            "" if situation.is_enrolled else _("the cadence was stopped"),
        ),
        Asked(
            _("Is somebody still working on it?"),
            Answer.YES if is_worked else Answer.NO,
            "" if is_worked else _("the lead is %s") % stage,
        ),
        Asked(_("May they be contacted now?"), answer, why, verdict.next_at),
    )


def refused(answers: tuple[Asked, ...]) -> str:
    """Why it will not be made at all, as far as one can know; empty where nothing says so."""
    return next((each.why for each in answers if each.answer == Answer.NO), "")


def earliest(
    situation: Situation, *, calendar: Calendar, start: datetime, by_machine: bool
) -> datetime | None:
    """The first instant from `start` on at which it may be made; None: at none, as things are."""
    if not by_machine:
        verdict = may_contact(situation.reach, calendar=calendar, now=start)
        return start if verdict.allowed else verdict.next_at
    at = start
    for _turn in range(len(GATES) + 1):
        decisions = (gate.ask(situation, calendar, at) for gate in GATES)
        decision = next((each for each in decisions if not isinstance(each, Go)), None)
        if decision is None:
            return at
        if not isinstance(decision, Later):
            return None
        at = decision.at
    return None
