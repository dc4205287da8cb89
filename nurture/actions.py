"""What people do in the program: log touches, document answers, promise, give up.

Every verb is atomic, says who and when, and leaves the lead's stored verdicts (attempts, next
touch, gate) true before it returns.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from nurture.attempts import TOUCH_COLUMNS, TouchSummary, regroup_lead, summary_of
from nurture.cadence import LeadNow, PromisedTouch, next_touch
from nurture.contactability import address_channel, address_hash
from nurture.models import AnswerEvidence, Attempt, Promise, Suppression, Touch
from nurture.touching import ARRIVED, COMES_BACK, OUTCOMES, Channel, Direction, Outcome, may_give_up
from prospects import actions as prospects
from prospects.actions import Evidence, NotAllowed, change_stage, locked, reassess, refuse_reps
from prospects.models import Contact, Lead
from prospects.qualification import Answer, Assessment, Attribute, Basis, BuyingRole
from prospects.reads import calendar_there
from prospects.stages import GIVEN_UP, Disqualification, Stage
from team.calendar import Calendar
from team.models import Organisation, User

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
    by: User,
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
) -> Touch:
    """Write down a touch that did happen, and bring the lead's verdicts up to date.

    A raw lead enters the program with its first touch. The same `idempotency_key` by the same
    person gives the same touch again. Refuses (ValidationError) an outcome the channel does not
    know, a time in the future, a person of another company, and the correction of what is corrected.
    A touch is a fact: it may be written down at any stage, by the rep too.
    """
    occurred_at = occurred_at or now
    _check_touch(lead, channel, outcome, occurred_at, now)
    direction = direction or (Direction.IN if outcome in ARRIVED else Direction.OUT)
    lead = locked(lead)
    if idempotency_key is not None:
        logged = Touch.objects.filter(by=by, idempotency_key=idempotency_key).first()
        if logged is not None:
            return logged
    _check_of_lead(lead, contact, supersedes)
    contact = contact or lead.contact
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
    _keep_promises(lead, touch, now)
    if promised is not None:
        Promise.objects.create(
            lead=lead,
            contact=contact,
            channel=promised.channel,
            due_at=promised.due_at,
            words=promised.words,
            given_in=touch,
            by=by,
            created_at=now,
        )
    _learn_from(touch, contact, now)
    was = lead.stage
    # What is written down late cannot have moved the lead before its last step.
    _step_after(lead, touch, by, max(occurred_at, lead.stage_at))
    _settle(lead, now=now, routine=touch if was == lead.stage else None)
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


def _keep_promises(lead: Lead, touch: Touch, now: datetime) -> None:
    """A touch of ours, or their word, on or after a promise's day keeps it."""
    day_of_touch = touch.occurred_at + timedelta(hours=12)
    Promise.objects.open().filter(lead=lead, due_at__lte=day_of_touch).update(kept_at=now)


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
            suppress(contact=contact, channel=Channel.EMAIL, now=now)
    if touch.is_conversation and contact.buying_role != BuyingRole.UNKNOWN:
        found["role_confirmed_at"] = touch.occurred_at
    if found:
        Contact.objects.filter(pk=contact.pk).update(**found)


def _unlearn(touch: Touch) -> None:
    """Forget that an address is dead, where only this touch said so; a suppression stays for ever."""
    dead = {
        Outcome.WRONG_NUMBER: "phone_invalid_at",
        Outcome.BOUNCED: "email_invalid_at",
        Outcome.RETURNED: "address_invalid_at",
    }.get(Outcome(touch.outcome))
    if dead:
        Contact.objects.filter(touches=touch, **{dead: touch.occurred_at}).update(**{dead: None})


def _step_after(lead: Lead, touch: Touch, by: User, now: datetime) -> None:
    """The stage a touch leads to: into the program, or back into it when they come to us."""
    if lead.stage == Stage.RAW:
        change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="first_touch")
    elif touch.outcome in COMES_BACK and touch.direction == Direction.IN and lead.stage in GIVEN_UP:
        change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="revived")


def _settle(lead: Lead, *, now: datetime, routine: Touch | None = None) -> None:
    """Make the stored verdicts true again after a touch was written or taken back.

    `routine`: a new touch that moved no stage. While nobody there has talked to us, such a touch
    bears on no fact, and with an attribute open it opens no gate: the stored verdict stands.
    """
    organisation = Organisation.current()
    talked = routine is None or routine.is_conversation or routine.supersedes_id is not None
    summary = regroup_lead(lead, organisation.calendar, talked=talked)
    decides = None
    is_stale = lead.reassess_at is not None and lead.reassess_at <= now
    if talked or is_stale or lead.conversation_at is not None or not lead.open_attributes:
        assessment = reassess(lead=lead, now=now)
        decides = _decides(assessment)
    _plan(lead, summary, decides, organisation.calendar, now, also=TOUCH_COLUMNS)


def _decides(assessment: Assessment) -> date | None:
    """The day on which they decide, as far as it is known."""
    return assessment.findings[Attribute.PROCESS].fact.expires_on


def plan_next(*, lead: Lead, now: datetime) -> None:
    """Choose the lead's next touch anew and store it for the queue.

    For whoever changed the lead's stage, answers or promises; logging a touch does it by itself.
    """
    ours = Organisation.current().calendar
    process = lead.answers.filter(attribute=Attribute.PROCESS, superseded_at__isnull=True).first()
    _plan(lead, summary_of(lead, ours), process.on if process else None, ours, now)


def _plan(
    lead: Lead,
    summary: TouchSummary,
    decides: date | None,
    ours: Calendar,
    now: datetime,
    *,
    also: tuple[str, ...] = (),
) -> None:
    """Choose the next touch and save it, with the columns in `also`."""
    promise = Promise.objects.open().filter(lead=lead).order_by("due_at").first()
    chosen = next_touch(
        LeadNow(
            stage=lead.stage,
            received_at=lead.received_at,
            horizon=lead.horizon,
            can_call=_usable(lead.contact, "phone"),
            can_email=_usable(lead.contact, "email"),
            last_touch_at=summary.last_outbound_at,
            conversation_at=summary.conversation_at,
            decision_on=decides,
            open_attributes=lead.open_attributes,
        ),
        promise=(
            PromisedTouch(promise.channel, promise.due_at, promise.words) if promise else None
        ),
        attempts=summary.attempts,
        calendar=calendar_there(lead.contact, lead.company, ours),
        now=now,
    )
    lead.next_touch_at = chosen.at if chosen else None
    lead.next_touch_channel = chosen.channel if chosen else ""
    lead.next_touch_rank = chosen.rank if chosen else 0
    lead.next_touch_why = chosen.why if chosen else ""
    lead.save(
        update_fields=[
            "next_touch_at",
            "next_touch_channel",
            "next_touch_rank",
            "next_touch_why",
            *also,
        ]
    )


def _usable(contact: Contact | None, kind: str) -> bool:
    return bool(
        contact and getattr(contact, f"{kind}_key") and not getattr(contact, f"{kind}_invalid_at")
    )


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
    _settle(lead, now=now)
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
    recorded, assessment = prospects.record_answer(
        lead=lead, attribute=attribute, answer=answer, evidence=evidence, by=by, now=now
    )
    if touch is not None:
        AnswerEvidence.objects.create(answer=recorded, touch=touch)
    ours = Organisation.current().calendar
    lead = recorded.lead  # locked, and as the answer left it
    _plan(lead, summary_of(lead, ours), _decides(assessment), ours, now)
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
    Promise.objects.open().filter(lead=lead).update(dropped_at=now)
    if reason == Disqualification.ASKED_TO_STOP and lead.contact is not None:
        for channel in (Channel.PHONE, Channel.EMAIL, Channel.LETTER):
            suppress(contact=lead.contact, channel=channel, now=now, why=Suppression.Why.ASKED)
    return lead


def suppress(
    *,
    contact: Contact,
    channel: str,
    now: datetime,
    why: str = Suppression.Why.UNSUBSCRIBED,
) -> None:
    """Never use this address of the contact again. Nothing weakens it."""
    address = suppressible_address(contact, channel)
    if address:
        Suppression.objects.get_or_create(
            channel=address_channel(channel),
            address_hash=address_hash(settings.SUPPRESSION_KEY, address_channel(channel), address),
            defaults={"why": why, "at": now},
        )


def suppressible_address(contact: Contact, channel: str) -> str:
    """The normalised address of a contact on a channel; empty where there is none."""
    match address_channel(channel):
        case Channel.PHONE:
            return contact.phone_key
        case Channel.EMAIL:
            return contact.email_key
        case Channel.LETTER:
            company = contact.company
            place = (
                (company.street, company.postal_code, company.city, company.country)
                if company
                else ()
            )
            return "|".join((contact.name, *place)).lower() if any(place) else ""
        case _:
            return ""


@transaction.atomic
def take_lead(*, lead: Lead, by: User, now: datetime) -> Lead:
    """Take a raw lead from the team's queue into the program, as one's own.

    Refuses (NotAllowed) who is no specialist, and a lead that somebody else took first.
    """
    if not by.is_specialist:
        raise NotAllowed(_("Only a specialist takes leads; assign it to one."))
    lead = locked(lead)
    if lead.specialist_id is not None and lead.specialist_id != by.pk:
        raise NotAllowed(_("%s was faster: the lead is theirs.") % lead.specialist)
    lead = prospects.enter_program(lead=lead, by=by, now=now)
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
