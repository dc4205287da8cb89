"""What people do in the program: log touches, document answers, promise, give up.

Every verb is atomic, says who and when, and leaves the lead's stored verdicts (attempts, next
touch, gate) true before it returns.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.attempts import TOUCH_COLUMNS, TouchSummary, regroup_lead, summaries_of, summary_of
from nurture.cadence import LeadNow, PlannedStep, PromisedTouch, next_touch
from nurture.cadences import enrolling
from nurture.contactability import address_channel
from nurture.engine.states import PlannedState
from nurture.models import AnswerEvidence, Attempt, Enrolment, PlannedTouch, Promise, Step, Touch
from nurture.reach import NOBODY, Suppressed, is_shut, suppressed_among, usable_channels
from nurture.touching import ARRIVED, COMES_BACK, OUTCOMES, Channel, Direction, Outcome, may_give_up
from prospects import actions as prospects
from prospects.actions import (
    ANSWER_COLUMNS,
    VERDICT_COLUMNS,
    Evidence,
    NotAllowed,
    change_stage,
    judge,
    locked,
    record_answer,
    refuse_reps,
)
from prospects.consents.actions import suppress_address
from prospects.consents.hashing import address_of
from prospects.first_touch import NextTouch
from prospects.models import AssignmentRule, Contact, Lead, RecordedAnswer, Suppression
from prospects.qualification import Answer, Assessment, Attribute, Basis, BuyingRole
from prospects.reads import calendar_there
from prospects.routing.assigning import give
from prospects.stages import GIVEN_UP, Disqualification, Stage
from team.calendar import Calendar
from team.models import Organisation, User

PLAN_COLUMNS = ("next_touch_at", "next_touch_channel", "next_touch_rank", "next_touch_why")
"""The columns of a lead that say what is next."""

UNDO_FOR = timedelta(minutes=1)
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class Promised:
    """A dated commitment given in a touch: "call me in March"."""

    due_at: datetime
    channel: str = Channel.PHONE
    words: str = ""


@transaction.atomic
def log_touch(
    *,
    lead: Lead,
    channel: str,
    outcome: str,
    by: User | None,
    now: datetime,
    occurred_at: datetime | None = None,
    contact: Contact | None = None,
    direction: str | None = None,
    note: str = "",
    minutes: Decimal | None = None,
    cost: Decimal | None = None,
    promised: Promised | None = None,
    idempotency_key: uuid.UUID | None = None,
    supersedes: Touch | None = None,
    is_by_unknown: bool = False,
    returns_on: date | None = None,
) -> Touch:
    """Write down a touch that did happen, and bring the lead's verdicts up to date.

    A raw lead enters the program with its first touch by a person (`by`; None: it came by itself,
    through a form). The same `idempotency_key` by the same
    person gives the same touch again. Refuses (ValidationError) an outcome the channel does not
    know, a time in the future, a person of another company, and the correction of what is corrected.
    A touch is a fact: it may be written down at any stage, by the rep too. `is_by_unknown`: somebody
    of theirs whom we do not have, so that nothing is learned of a contact; `returns_on`: the day
    that an automatic reply names.
    """
    occurred_at = occurred_at or now
    _check_touch(lead, channel, outcome, occurred_at, now)
    direction = direction or (Direction.IN if outcome in ARRIVED else Direction.OUT)
    lead = locked(lead)
    if idempotency_key is not None and by is not None:
        logged = Touch.objects.filter(by=by, idempotency_key=idempotency_key).first()
        if logged is not None:
            return logged
    _check_of_lead(lead, contact, supersedes)
    if not is_by_unknown and (contact is None or contact.pk == lead.contact_id):
        contact = lead.contact  # as read now: what is learned of it counts in the next touch
    touch = Touch.objects.create(
        lead=lead,
        contact=contact,
        channel=channel,
        direction=direction,
        outcome=outcome,
        occurred_at=occurred_at,
        by=by,
        note=note,
        minutes=minutes,
        cost=cost,
        idempotency_key=idempotency_key,
        recorded_at=now,  # the promises that it keeps say the same, so that both are undone at once
        supersedes=supersedes,
    )
    if supersedes is not None:
        Touch.objects.filter(pk=supersedes.pk).update(superseded_at=now)
    promises = open_promises(lead)
    if by is not None:  # that they asked again keeps no promise of ours
        promises = _keep_promises(promises, touch, now)
    if promised is not None and by is not None:
        given = Promise.objects.create(
            lead=lead,
            contact=contact,
            channel=promised.channel,
            due_at=promised.due_at,
            words=promised.words,
            given_in=touch,
            by=by,
            created_at=now,
        )
        promises.append(given)
    _learn_from(touch, contact, now)
    was = lead.stage
    # What is written down late cannot have moved the lead before its last step.
    _step_after(lead, touch, by, max(occurred_at, lead.stage_at))
    planned = enrolling.open_planned(lead)
    if touch.is_conversation:
        enrolling.stop_after(touch, now=now)
        planned = None
    elif planned is not None and touch.outcome == Outcome.AUTO_REPLY:
        enrolling.park(planned, touch, returns_on)
        planned = enrolling.open_planned(lead)
    elif planned is not None and by is not None and enrolling.fulfil(planned, touch, now=now):
        planned = enrolling.open_planned(lead)
    _settle(lead, touch, promises, planned, now=now, moved=was != lead.stage)
    return touch


@transaction.atomic
def log_sent(
    *,
    planned: PlannedTouch,
    occurred_at: datetime,
    note: str,
    now: datetime,
    reason: str = "",
    by: User | None = None,
) -> Touch:
    """Write down the touch that a machine made as planned, close its step and plan what follows.

    The caller has locked the lead and the planned touch. `by` and `reason`: who says so and how they
    know, where the machine itself did not hear it.
    """
    lead = locked(planned.lead)
    planned.lead = lead
    touch = Touch.objects.create(
        lead=lead,
        contact=planned.contact,
        channel=planned.channel,
        direction=Direction.OUT,
        outcome=Outcome.SENT,
        occurred_at=occurred_at,
        note=note,
        recorded_at=now,
    )
    enrolling.close(planned, PlannedState.SENT, now=now, reason=reason, by=by, touch=touch)
    zone = calendar_there(planned.contact, lead.company, Organisation.current().calendar).zone
    day = occurred_at.astimezone(zone).date()
    following = enrolling.advance(planned, done_on=day, now=now) or enrolling.open_planned(lead)
    _settle(lead, touch, open_promises(lead), following, now=now)
    return touch


def _check_touch(
    lead: Lead, channel: str, outcome: str, occurred_at: datetime, now: datetime
) -> None:
    if channel not in OUTCOMES:
        raise ValidationError({"channel": _("“%s” is not a channel.") % channel})
    if outcome not in OUTCOMES[channel]:
        known = ", ".join(str(o.label).lower() for o in OUTCOMES[channel])
        raise ValidationError(
            {
                "outcome": _("A touch by %(channel)s ends in one of: %(known)s.")
                % {"channel": Channel(channel).label.lower(), "known": known}
            }
        )
    if occurred_at > now + CLOCK_SKEW:
        raise ValidationError({"occurred_at": _("A touch is logged after it happened.")})


def _check_of_lead(lead: Lead, contact: Contact | None, supersedes: Touch | None) -> None:
    """The person and the entry to correct are of this lead, and the entry still stands."""
    stranger = contact is not None and (
        contact.company_id is None or contact.company_id != lead.company_id
    )
    if contact is not None and stranger and contact.pk != lead.contact_id:
        raise ValidationError({"contact": _("They are not at this lead’s company.")})
    if supersedes is None:
        return
    if supersedes.lead_id != lead.pk:
        raise ValidationError({"supersedes": _("That touch is of another lead.")})
    if not Touch.objects.standing().filter(pk=supersedes.pk).exists():
        raise ValidationError({"supersedes": _("That touch was corrected already.")})


def open_promises(lead: Lead) -> list[Promise]:
    """Those neither kept nor dropped. In SQL: every touch asks, and the ORM takes longest to ask."""
    return list(
        Promise.objects.raw(
            """
            SELECT * FROM nurture_promise
             WHERE lead_id = %s AND kept_at IS NULL AND dropped_at IS NULL
            """,
            [lead.pk],
        )
    )


def _keep_promises(promises: list[Promise], touch: Touch, now: datetime) -> list[Promise]:
    """A touch of ours, or their word, on or after a promise's day keeps it. Returns those still open."""
    day_of_touch = touch.occurred_at + timedelta(hours=12)
    kept = [promise.pk for promise in promises if promise.due_at <= day_of_touch]
    if kept:
        Promise.objects.filter(pk__in=kept).update(kept_at=now)
    return [promise for promise in promises if promise.pk not in kept]


def _learn_from(touch: Touch, contact: Contact | None, now: datetime) -> None:
    """What a touch says about the person's addresses and role."""
    if contact is None:
        return
    found: dict[str, datetime] = {}
    match touch.outcome:
        case Outcome.WRONG_NUMBER:
            found["phone_invalid_at"] = touch.occurred_at
        case Outcome.BOUNCED:
            found["email_invalid_at"] = touch.occurred_at
        case Outcome.RETURNED:
            found["address_invalid_at"] = touch.occurred_at
        case Outcome.UNSUBSCRIBED:
            suppress(contact=contact, channel=Channel.EMAIL, now=now, by=touch.by)
    if touch.is_conversation and contact.buying_role != BuyingRole.UNKNOWN:
        found["role_confirmed_at"] = touch.occurred_at
    if found:
        Contact.objects.filter(pk=contact.pk).update(**found)
    for name, instant in found.items():
        setattr(contact, name, instant)


def _unlearn(touch: Touch) -> None:
    """Forget that an address is dead, where only this touch said so; a suppression stays for ever."""
    dead = {
        Outcome.WRONG_NUMBER: "phone_invalid_at",
        Outcome.BOUNCED: "email_invalid_at",
        Outcome.RETURNED: "address_invalid_at",
    }.get(Outcome(touch.outcome))
    if dead:
        Contact.objects.filter(touches=touch, **{dead: touch.occurred_at}).update(**{dead: None})


def _step_after(lead: Lead, touch: Touch, by: User | None, now: datetime) -> None:
    """The stage a touch leads to: into the program, or back into it when they come to us.

    A lead that nobody had is the specialist's who was in touch first.
    """
    if lead.specialist_id is None and lead.is_worked and by is not None and by.is_specialist:
        words = _("was in touch first")
        give(lead=lead, to_person=by, rule=AssignmentRule.TOOK, why=words, by=by, now=now)
    if lead.stage == Stage.RAW and by is not None:
        change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="first_touch")
    elif touch.outcome in COMES_BACK and touch.direction == Direction.IN and lead.stage in GIVEN_UP:
        change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="revived")


def _settle(
    lead: Lead,
    touch: Touch | None,
    promises: Sequence[Promise],
    planned: PlannedTouch | None,
    *,
    now: datetime,
    moved: bool = False,
) -> None:
    """Make the stored verdicts true again after a touch was written, or (None) one was taken back.

    `moved`: it took the lead to another stage. A touch in which nobody there talked to us bears on
    no fact, and with an attribute open it opens no gate: the stored verdict stands.
    """
    ours = Organisation.current().calendar
    talked = touch is None or touch.is_conversation or touch.supersedes_id is not None
    summary = regroup_lead(lead, ours, talked=talked)
    is_stale = lead.reassess_at is not None and lead.reassess_at <= now
    if talked or moved or is_stale or not lead.open_attributes:
        decides = _decides(judge(lead=lead, now=now))
        changed: tuple[str, ...] = (*TOUCH_COLUMNS, *VERDICT_COLUMNS)
    else:
        decides = _decision_on(lead, promises)
        changed = TOUCH_COLUMNS
    _plan(lead, summary, promises, ours, now, planned=planned, decides=decides, also=changed)


def _decides(assessment: Assessment) -> date | None:
    """The day on which they decide, as far as it is known."""
    return assessment.findings[Attribute.PROCESS].fact.expires_on


def plan_next(*, lead: Lead, now: datetime) -> None:
    """Choose the lead's next touch anew and store it for the queue.

    For whoever changed the lead's stage, answers or promises; logging a touch does it by itself.
    """
    if not lead.is_worked:
        _store(lead, None)
        return
    ours = Organisation.current().calendar
    promises, planned = open_promises(lead), enrolling.open_planned(lead)
    decides = _decision_on(lead, promises)
    _plan(lead, summary_of(lead, ours), promises, ours, now, planned=planned, decides=decides)


def plan_all(
    leads: Sequence[Lead], *, now: datetime, planned: Mapping[int, PlannedTouch] | None = None
) -> None:
    """The same for many leads, which the caller has locked: a fixed number of statements.

    They come with their company and contact. `planned`: what the caller knows to be planned for some
    of them, by their ids, each with its enrolment's cadence. Of the touches only those are read on which the choice
    rests: most leads of a cadence wait for its next step, whatever there was before.
    """
    ours = Organisation.current().calendar
    worked = [lead for lead in leads if lead.is_worked]
    ids = [lead.pk for lead in worked]
    promises: defaultdict[int, list[Promise]] = defaultdict(list)
    for given in Promise.objects.open().filter(lead__in=ids):
        promises[given.lead_id].append(given)
    planned = dict(planned or {})
    if others := [lead for lead in ids if lead not in planned]:
        planned |= enrolling.open_planned_of(others)
    decides = dict(
        RecordedAnswer.objects.filter(
            lead__in=[lead.pk for lead in worked if _rests_on_decision(lead, promises[lead.pk])],
            attribute=Attribute.PROCESS,
            superseded_at__isnull=True,
        ).values_list("lead", "on")
    )
    of_touches = [lead.pk for lead in worked if lead.asked_at is not None or lead.pk not in planned]
    summaries = summaries_of(of_touches, ours)
    suppressed = suppressed_among(_people(lead for lead in worked if lead.pk not in planned))
    chosen = {
        lead.pk: _chosen(
            lead,
            summaries.get(lead.pk, NO_TOUCHES),
            promises[lead.pk],
            ours,
            now,
            planned=planned.get(lead.pk),
            decides=decides.get(lead.pk),
            suppressed=suppressed,
        )
        for lead in worked
    }
    _store_all(leads, chosen)


NO_TOUCHES = TouchSummary([])


def _people(leads: Iterable[Lead]) -> list[Contact]:
    """Whom the leads are about, each with the company that came with the lead."""
    people = []
    for lead in leads:
        if lead.contact is not None:
            if lead.contact.company_id == lead.company_id:
                lead.contact.company = lead.company
            people.append(lead.contact)
    return people


def _rests_on_decision(lead: Lead, promises: Sequence[Promise]) -> bool:
    """Whether the choice of the next touch depends on the day on which they decide."""
    return lead.conversation_at is not None and not promises and lead.is_worked


def _store_all(leads: Sequence[Lead], chosen: Mapping[int, NextTouch | None]) -> None:
    """Save the plans that changed in one statement."""
    changed = []
    for lead in leads:
        before = tuple(getattr(lead, column) for column in PLAN_COLUMNS)
        plan = _columns_of(chosen.get(lead.pk))
        if plan != before:
            changed.append((lead.pk, *plan))
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE prospects_lead AS lead
               SET next_touch_at = plan.at, next_touch_channel = plan.channel,
                   next_touch_rank = plan.rank, next_touch_why = plan.why
              FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::smallint[], %s::text[])
                AS plan (lead, at, channel, rank, why)
             WHERE lead.id = plan.lead
            """,
            [list(column) for column in zip(*changed, strict=True)],
        )


def _decision_on(lead: Lead, promises: Sequence[Promise]) -> date | None:
    """The day on which they decide, read where the choice of the next touch depends on it."""
    if not _rests_on_decision(lead, promises):
        return None
    process = lead.answers.filter(attribute=Attribute.PROCESS, superseded_at__isnull=True).first()
    return process.on if process else None


def _plan(
    lead: Lead,
    summary: TouchSummary,
    promises: Sequence[Promise],
    ours: Calendar,
    now: datetime,
    *,
    planned: PlannedTouch | None,
    decides: date | None,
    also: tuple[str, ...] = (),
) -> None:
    """Choose the next touch and save it, with the columns in `also`."""
    chosen = _chosen(
        lead,
        summary,
        promises,
        ours,
        now,
        planned=planned,
        decides=decides,
        suppressed=suppressed_among(_people([lead])) if planned is None else NOBODY,
    )
    _store(lead, chosen, also)


def _chosen(
    lead: Lead,
    summary: TouchSummary,
    promises: Sequence[Promise],
    ours: Calendar,
    now: datetime,
    *,
    planned: PlannedTouch | None,
    decides: date | None,
    suppressed: Suppressed,
) -> NextTouch | None:
    usable = usable_channels(lead.contact, lead.company, suppressed=suppressed, now=now)
    promise = min(promises, key=lambda promise: promise.due_at, default=None)
    return next_touch(
        LeadNow(
            stage=lead.stage,
            received_at=lead.received_at,
            asked_at=lead.asked_at,
            horizon=lead.horizon,
            can_call=Channel.PHONE in usable,
            can_email=Channel.EMAIL in usable,
            is_shut=is_shut(lead.contact, lead.company, usable),
            last_touch_at=summary.last_outbound_at,
            conversation_at=summary.conversation_at,
            decision_on=decides,
            open_attributes=lead.open_attributes,
            postponed_until=lead.postponed_until,
        ),
        promise=(
            PromisedTouch(promise.channel, promise.due_at, promise.words) if promise else None
        ),
        planned=_as_step(planned) if planned else None,
        attempts=summary.attempts,
        calendar=calendar_there(lead.contact, lead.company, ours),
        now=now,
    )


def _as_step(planned: PlannedTouch) -> PlannedStep:
    return PlannedStep(
        channel=planned.channel,
        due_at=planned.due_at,
        cadence=planned.enrolment.version.cadence.name,
        by_machine=planned.performer == Step.Performer.MACHINE,
    )


def _columns_of(chosen: NextTouch | None) -> tuple[datetime | None, str, int, str]:
    """What PLAN_COLUMNS say of the next touch, or of none."""
    return (chosen.at, chosen.channel, chosen.rank, chosen.why) if chosen else (None, "", 0, "")


def _store(lead: Lead, chosen: NextTouch | None, also: tuple[str, ...] = ()) -> None:
    """Save the plan, with the columns in `also`; a plan that stays as it was costs nothing."""
    plan = _columns_of(chosen)
    before = tuple(getattr(lead, column) for column in PLAN_COLUMNS)
    for column, value in zip(PLAN_COLUMNS, plan, strict=True):
        setattr(lead, column, value)
    if also or plan != before:
        lead.save(update_fields=[*PLAN_COLUMNS, *also])


@transaction.atomic
def take_back_touch(*, touch: Touch, by: User, now: datetime) -> Lead:
    """Undo what one logged by mistake a moment ago: the entry stays, superseded by nothing.

    Refuses (NotAllowed) after a minute, for somebody else's entry, and when an answer or a stage
    already rests on it; then it is corrected by a new entry.
    """
    lead = locked(touch.lead)
    if touch.by_id != by.pk or now - touch.recorded_at > UNDO_FOR:
        raise NotAllowed(_("Only what you logged within the last minute can be taken back."))
    if touch.evidence_for.exists():
        raise NotAllowed(_("An answer rests on this touch; correct it by logging what happened."))
    Touch.objects.filter(pk=touch.pk, superseded_at__isnull=True).update(superseded_at=now)
    Promise.objects.open().filter(given_in=touch).update(dropped_at=now)
    Promise.objects.filter(lead=lead, kept_at=touch.recorded_at).update(kept_at=None)
    _unlearn(touch)
    enrolling.plan_again(touch, now=now)
    _settle(lead, None, open_promises(lead), enrolling.open_planned(lead), now=now)
    return lead


@transaction.atomic
def document(
    *,
    lead: Lead,
    attribute: Attribute,
    answer: Answer,
    by: User,
    now: datetime,
    touch: Touch | None = None,
) -> Assessment:
    """Write down an answer, resting on `touch` if they said it, else on our own research.

    Refuses (ValidationError) evidence that is not a two-way touch with this lead: only what they
    told us confirms a fact.
    """
    if touch is not None and (touch.lead_id != lead.pk or not touch.is_conversation):
        raise ValidationError(
            {"touch": _("Only a conversation or a reply of theirs can confirm a fact.")}
        )
    evidence = (
        Evidence(Basis.TOUCH, touch.occurred_at, _touch_in_words(touch))
        if touch
        else Evidence(Basis.RESEARCH, now, _("our own research"))
    )
    lead = locked(lead)  # two answers at once must not both miss the tenth
    recorded, assessment = record_answer(
        lead=lead, attribute=attribute, answer=answer, evidence=evidence, by=by, now=now
    )
    if touch is not None:
        AnswerEvidence.objects.create(answer=recorded, touch=touch)
    ours = Organisation.current().calendar
    summary, promises = summary_of(lead, ours), open_promises(lead)
    decides = _decides(assessment)
    planned = enrolling.open_planned(lead)
    _plan(lead, summary, promises, ours, now, planned=planned, decides=decides, also=ANSWER_COLUMNS)
    return assessment


def _touch_in_words(touch: Touch) -> str:
    channel = str(Channel(touch.channel).label).lower()
    length = _(", %s min") % f"{touch.minutes.normalize():f}" if touch.minutes else ""
    return f"{channel}, {touch.occurred_at:%b %-d}{length}"


@transaction.atomic
def promise(*, lead: Lead, promised: Promised, by: User, now: datetime) -> Promise:
    """Commit to a touch at a time; it outranks everything else in the queue."""
    if promised.due_at <= now:
        raise ValidationError({"due_at": _("A promise is for a time to come.")})
    lead = locked(lead)
    given = Promise.objects.create(
        lead=lead,
        contact=lead.contact,
        channel=promised.channel,
        due_at=promised.due_at,
        words=promised.words,
        by=by,
        created_at=now,
    )
    plan_next(lead=lead, now=now)
    return given


@transaction.atomic
def give_up(*, lead: Lead, by: User, now: datetime, override: str = "") -> Lead:
    """Mark a lead unable to qualify: after six complete attempts without a conversation.

    A manager may do it earlier with a reason (`override`); anybody else is refused (NotAllowed).
    """
    refuse_reps(by)
    lead = locked(lead)
    attempts = [attempt.value for attempt in Attempt.objects.filter(lead=lead)]
    allowed = may_give_up(attempts, had_conversation=lead.conversation_at is not None)
    if not allowed and not (by.manages and override.strip()):
        complete = sum(attempt.is_complete for attempt in attempts)
        raise NotAllowed(
            _("Six complete attempts come before giving up; %s so far. A manager may decide so.")
            % complete
            if lead.conversation_at is None
            else _("They talked to us: disqualify with a reason, or a manager decides.")
        )
    change_stage(
        lead=lead,
        to_stage=Stage.UNABLE_TO_QUALIFY,
        now=now,
        by=by,
        reason="attempts_used_up" if allowed else "manager_decided",
        note=override,
    )
    return lead


@transaction.atomic
def disqualify(*, lead: Lead, reason: str, by: User, now: datetime, note: str = "") -> Lead:
    """Close the lead for good; whoever asked us to stop is never contacted again on any channel."""
    lead = prospects.disqualify(lead=lead, reason=reason, by=by, now=now, note=note)
    enrolling.stop(Q(lead=lead), Enrolment.End.LEFT_PROGRAM, now=now, by=by)
    Promise.objects.open().filter(lead=lead).update(dropped_at=now)
    if reason == Disqualification.ASKED_TO_STOP and lead.contact is not None:
        for channel in (Channel.PHONE, Channel.EMAIL, Channel.LETTER):
            suppress(
                contact=lead.contact,
                channel=channel,
                now=now,
                why=Suppression.Why.ASKED,
                by=by,
            )
    return lead


def suppress(
    *,
    contact: Contact,
    channel: str,
    now: datetime,
    why: str = Suppression.Why.UNSUBSCRIBED,
    by: User | None = None,
) -> None:
    """Never use this address of the contact again. Nothing weakens it but an administrator's release.

    The next touch is planned by whoever calls it.
    """
    kind = address_channel(channel)
    if address := address_of(contact, kind):
        source = Suppression.Source.PERSON if by else Suppression.Source.MAIL
        suppress_address(kind=kind, address=address, why=why, source=source, by=by, now=now)


def suppressible_address(contact: Contact, channel: str) -> str:
    """The normalised address of a contact on a channel; empty where there is none."""
    return address_of(contact, address_channel(channel))


@transaction.atomic
def take_lead(*, lead: Lead, by: User, now: datetime) -> Lead:
    """Take a lead from the team's queue as one's own, a raw one into the program.

    Refuses (NotAllowed) who is no specialist, and a lead that somebody else took first.
    """
    if not by.is_specialist:
        raise NotAllowed(_("Only a specialist takes leads; assign it to one."))
    lead = locked(lead)
    if lead.specialist_id is not None and lead.specialist_id != by.pk:
        raise NotAllowed(_("%s was faster: the lead is theirs.") % lead.specialist)
    if lead.stage == Stage.RAW or not lead.is_worked:
        lead = prospects.enter_program(lead=lead, by=by, now=now)
    else:
        words = _("took it from the team’s queue")
        give(lead=lead, to_person=by, rule=AssignmentRule.TOOK, why=words, by=by, now=now)
    plan_next(lead=lead, now=now)
    return lead


@transaction.atomic
def contradict(
    *, lead: Lead, attribute: Attribute, why: str, by: User, now: datetime
) -> Assessment:
    """Mark what is known of an attribute as contradicted; the next touch is chosen anew."""
    assessment = prospects.contradict_answer(
        lead=lead, attribute=attribute, why=why, by=by, now=now
    )
    plan_next(lead=locked(lead), now=now)
    return assessment
