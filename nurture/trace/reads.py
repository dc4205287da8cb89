"""The trace of one planned touch, and all that was planned for a lead.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from nurture import wording
from nurture.engine import gates
from nurture.engine.couriers import can_send
from nurture.engine.situations import read_cases
from nurture.engine.states import ENDED, PlannedState
from nurture.engine.timing import intent_after
from nurture.models import Engine, PlannedTouch, StateEvent, Step, Submission
from nurture.models.cadences import BATCH_CHANNELS
from nurture.reach import reachability
from nurture.touching import Channel
from nurture.trace import asking
from nurture.trace.asking import Asked, asked
from prospects.models import Lead
from prospects.reads import calendar_there
from team.calendar import Calendar
from team.models import Organisation

MOST_EVENTS = 200
MOST_ROWS = 50
MOST_AHEAD = 12
AT_HAND = (
    "enrolment__version__cadence",
    "enrolment__by",
    "step__template",
    "lead__company",
    "lead__contact",
    "lead__source",
    "lead__specialist",
    "contact__company",
    "touch",
)
TONES = {
    PlannedState.SENT: "on",
    PlannedState.FAILED: "late",
    PlannedState.UNCERTAIN: "late",
    PlannedState.AWAITING_HUMAN: "due",
}


@dataclass(frozen=True)
class Move:
    """One edge that it took."""

    at: datetime
    state: str
    tone: str
    by: str
    why: str


@dataclass(frozen=True)
class Try:
    """One time that it was handed to the other side."""

    number: int
    at: datetime
    result: str
    tone: str
    reply: str
    """The other side's own words."""
    subject: str
    body: str
    version: int | None
    """Of the template."""


@dataclass(frozen=True)
class Trace:
    pk: int
    lead: Lead
    title: str
    """The channel."""
    state: str
    tone: str
    reason: str
    contact: str
    due: str
    """When it is planned for, on their clock."""
    due_at: datetime
    cadence_pk: int
    cadence: str
    version: int
    step: int
    track: str
    why: str
    """Why the lead was put in, in words."""
    enrolled_by: str
    enrolled_at: datetime
    by: str
    """“By itself”, “By a person”."""
    template_pk: int | None
    template: str
    template_version: int
    is_ended: bool
    standing: tuple[Asked, ...]
    """What holds everything, the cadence or the lead; empty once it is ended."""
    gates: tuple[Asked, ...]
    verdict: str
    """When it goes at the earliest, or why it will not, in a sentence."""
    moves: tuple[Move, ...]
    tries: tuple[Try, ...]


@dataclass(frozen=True)
class Ahead:
    """A step that follows, where all before it are made on time."""

    channel: str
    on: date
    by: str


@dataclass(frozen=True)
class PlannedRow:
    pk: int
    channel: str
    cadence: str
    step: int
    due_at: datetime
    state: str
    tone: str
    reason: str


@dataclass(frozen=True)
class PlannedList:
    rows: tuple[PlannedRow, ...]
    ahead: tuple[Ahead, ...]
    older: str
    """Where the next page begins; empty: there is none."""


def trace_of(planned: PlannedTouch, organisation: Organisation, now: datetime) -> Trace:
    """All that is known of one planned touch, which comes with AT_HAND: at most eight queries.

    `now`: the engine's.
    """
    enrolment, step = planned.enrolment, planned.step
    version, zone = enrolment.version, ZoneInfo(planned.zone)
    is_ended = planned.state in ENDED
    standing: tuple[Asked, ...] = ()
    answers: tuple[Asked, ...] = ()
    verdict = ""
    if not is_ended and planned.state != PlannedState.UNCERTAIN:
        standing = _standing(planned, now)
        answers, verdict = _asked_now(planned, organisation, now, standing)
    elif planned.state == PlannedState.UNCERTAIN:
        verdict = _("Nobody but the receiver knows whether it arrived; a manager settles it.")
    return Trace(
        pk=planned.pk,
        lead=planned.lead,
        title=planned.get_channel_display(),
        state=planned.get_state_display(),
        tone=TONES.get(PlannedState(planned.state), ""),
        reason=planned.reason,
        contact=str(planned.contact),
        due=wording.moment(planned.due_at, zone, now),
        due_at=planned.due_at,
        cadence_pk=version.cadence_id,
        cadence=version.cadence.name,
        version=version.number,
        step=step.position,
        track=step.get_track_display() if step.track != Step.Track.MAIN else "",
        why=enrolment.why,
        enrolled_by=str(enrolment.by or ""),
        enrolled_at=enrolment.enrolled_at,
        by=planned.get_performer_display(),
        template_pk=step.template_id,
        template=step.template.name if step.template else "",
        template_version=step.template.version if step.template else 0,
        is_ended=is_ended,
        standing=standing,
        gates=answers,
        verdict=verdict,
        moves=tuple(_moves(planned)),
        tries=tuple(_tries(planned)),
    )


def _standing(planned: PlannedTouch, now: datetime) -> tuple[Asked, ...]:
    """What would hold it whatever the gates say: the switches, in the order in which they are asked."""
    engine = Engine.objects.filter(pk=1).first() or Engine(pk=1)
    cadence = planned.enrolment.version.cadence
    holds = [
        asked(
            _("Is the engine running?"),
            holds=engine.paused_at is None,
            why=engine.why or _("it is paused"),
        ),
        asked(
            _("Is the cadence running?"),
            holds=cadence.paused_at is None,
            why=_("it is paused"),
        ),
        asked(
            _("Is it running for this lead?"),
            holds=planned.enrolment.paused_at is None,
            why=_("paused by its owner"),
        ),
    ]
    if planned.performer == Step.Performer.MACHINE and planned.channel == Channel.EMAIL:
        holds.append(_mail_standing(engine, now))
    is_due = planned.due_at <= now
    why = "" if is_due else planned.reason
    answer = asking.Answer.YES if is_due else asking.Answer.LATER
    holds.append(Asked(_("Has its time come?"), answer, why, None if is_due else planned.due_at))
    return tuple(holds)


def _mail_standing(engine: Engine, now: datetime) -> Asked:
    question = _("Is mail set up, and running?")
    holds_until = engine.mail_holds_until
    if holds_until is not None and holds_until > now:
        why = _("the mail server refuses for now")
        return Asked(question, asking.Answer.LATER, why, holds_until)
    is_set_up = can_send()
    why = engine.mail_why or (_("it is paused") if is_set_up else _("no mail server is set up"))
    return asked(question, holds=is_set_up and engine.mail_paused_at is None, why=why)


def _asked_now(
    planned: PlannedTouch, organisation: Organisation, now: datetime, standing: Sequence[Asked]
) -> tuple[tuple[Asked, ...], str]:
    by_machine = planned.performer == Step.Performer.MACHINE
    if by_machine:
        (case,) = read_cases([planned], organisation=organisation, now=now)
        situation, calendar = case.situation, case.calendar
        answers = asking.of_machine(situation, calendar=calendar, now=now)
    else:
        situation = _of_person(planned)
        calendar = calendar_there(planned.contact, planned.lead.company, organisation.calendar)
        answers = asking.of_person(situation, calendar=calendar, now=now)
    start = max(planned.due_at, now)
    at = asking.earliest(situation, calendar=calendar, start=start, by_machine=by_machine)
    held = [each.why for each in standing if each.answer != asking.Answer.YES and not each.next_at]
    if at is None:
        why = asking.refused(answers) or _("no time is left at which it may be made")
        return answers, _("As things are it will not be made: %s.") % why
    if held:
        return answers, _("It waits until somebody resumes what is held: %s.") % held[0]
    return answers, _when(planned, at, calendar, now)


def _of_person(planned: PlannedTouch) -> gates.Situation:
    lead, contact = planned.lead, planned.contact
    return gates.Situation(
        stage=lead.stage,
        is_enrolled=planned.enrolment.ended_at is None,
        is_theirs=contact.pk == lead.contact_id or contact.company_id == lead.company_id,
        reach=reachability(contact, lead.company, planned.channel),
        sent_at=(),
    )


def _when(planned: PlannedTouch, at: datetime, calendar: Calendar, now: datetime) -> str:
    """In a sentence, when it is made; `at`: the first instant that all the answers allow."""
    moment = wording.moment(at, calendar.zone, now)
    if planned.state == PlannedState.AWAITING_HUMAN:
        if at <= now:
            return _("It waits for a person, who may do it now.")
        return _("It waits for a person, who may do it from %s their time on.") % moment
    if planned.channel in BATCH_CHANNELS and planned.performer == Step.Performer.MACHINE:
        return _("It is printed with the next batch from %s their time on.") % moment
    if at > now:
        return _("It comes %s their time at the earliest.") % moment
    return _("It comes with the next tick of the engine.")


def _moves(planned: PlannedTouch) -> Iterable[Move]:
    """The history that the database keeps, the newest first: one query."""
    events = StateEvent.objects.filter(planned=planned).select_related("by").order_by("-number")
    for event in events[:MOST_EVENTS]:
        yield Move(
            at=event.at,
            state=event.get_to_state_display(),
            tone=TONES.get(PlannedState(event.to_state), ""),
            by=str(event.by or ""),
            why=event.reason,
        )


RESULT_TONES = {
    Submission.Result.ACCEPTED: "on",
    Submission.Result.REFUSED_FOR_NOW: "due",
}


def _tries(planned: PlannedTouch) -> Iterable[Try]:
    rows = Submission.objects.filter(planned=planned).select_related("template")
    for row in rows.order_by("-number"):
        yield Try(
            number=row.number,
            at=row.opened_at,
            result=row.get_result_display() or _("Being sent"),
            tone=RESULT_TONES.get(Submission.Result(row.result), "late") if row.result else "",
            reply=row.reply,
            subject=row.subject,
            body=row.body,
            version=row.template.version if row.template else None,
        )


# All that was planned for a lead


def planned_list(
    lead: Lead, calendar: Calendar, now: datetime, *, before: int | None = None
) -> PlannedList:
    """What was planned for a lead, the last written down first, and what comes: at most two queries.

    `before`: the id at which the last page ended. `calendar` is that of the prospect's place.
    """
    touches = PlannedTouch.objects.filter(lead=lead).select_related(
        "step", "enrolment__version__cadence"
    )
    if before is not None:
        touches = touches.filter(pk__lt=before)
    found = list(touches.order_by("-pk")[: MOST_ROWS + 1])
    shown = found[:MOST_ROWS]
    under_way = next(
        (each for each in shown if each.state not in ENDED and not each.enrolment.ended_at), None
    )
    ahead: tuple[Ahead, ...] = ()
    if under_way is not None and before is None:
        steps = Step.objects.filter(
            version=under_way.enrolment.version_id,
            track=under_way.enrolment.track,
            position__gt=under_way.step.position,
        ).order_by("position")[:MOST_AHEAD]
        start = max(under_way.due_on, now.astimezone(calendar.zone).date())
        ahead = steps_ahead(steps, start, calendar)
    return PlannedList(
        rows=tuple(
            PlannedRow(
                pk=each.pk,
                channel=each.get_channel_display(),
                cadence=each.enrolment.version.cadence.name,
                step=each.step.position,
                due_at=each.due_at,
                state=each.get_state_display(),
                tone=TONES.get(PlannedState(each.state), ""),
                reason=each.reason,
            )
            for each in shown
        ),
        ahead=ahead,
        older=str(shown[-1].pk) if len(found) > MOST_ROWS else "",
    )


def steps_ahead(steps: Iterable[Step], start: date, calendar: Calendar) -> tuple[Ahead, ...]:
    """The days on which steps fall, if each before is made on its day; `start`: that of the open one."""
    day, ahead = start, []
    for step in steps:
        day = intent_after(day, step.after_days, step.at, calendar).day
        ahead.append(Ahead(step.get_channel_display(), day, step.get_performer_display()))
    return tuple(ahead)
