"""Handing a qualified lead to a rep, and what the rep makes of it.

Every verb is atomic, says who and when, and moves the lead's stage along with the handoff. Locks are
taken in one order, the lead before the handoff before the rep, so that two of them never wait for
each other. A second click finds what the first one did, and says so (AlreadySettled).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from handoff import dossier as heart
from handoff.differences import differences
from handoff.dossier import Word
from handoff.models import Dossier, Handoff, Result
from handoff.reads import current_dossier, proposal_for
from handoff.routing import free_of
from nurture import actions as nurture
from nurture.actions import Promised
from nurture.engine.crash_points import passing
from nurture.touching import Channel
from prospects import actions as prospects
from prospects.actions import LeadDetails, NotAllowed, StaleVersion, change_stage, locked, reassess
from prospects.models import Lead, Standard
from prospects.qualification import Attribute, Terms
from prospects.reads import calendar_there
from prospects.stages import Stage
from team.models import Organisation, User

FIRST_CALL_DAYS = 2
"""Business days after the acceptance by the end of which the rep owes a first call."""

START_OF_DAY = time(9)


class AlreadySettled(NotAllowed):
    """What was asked has been done already: nothing changed, and nothing needs to."""


@transaction.atomic
def hand_off(
    *,
    lead: Lead,
    rep: User,
    by: User,
    now: datetime,
    override: str = "",
    word: Word = Word(),  # noqa: B008 - it is frozen
    potential_revenue: Decimal | None = None,
    expected_close_on: date | None = None,
    version: int | None = None,
) -> Handoff:
    """Give a qualified lead to a rep, with the dossier frozen as it stands now.

    `potential_revenue` and `expected_close_on` are confirmed here: what is given is written on the
    lead. `version`: the lead's as the person saw it (StaleVersion if somebody saved in between).
    Refuses (NotAllowed) a lead that is not qualified, a rep who does not work here, and more than
    the rep's capacity unless a manager gives a reason (`override`).
    """
    if by.is_rep:
        raise NotAllowed(_("A lead is handed over by a specialist or a manager."))
    lead = locked(lead)
    if version is not None and lead.version != version:
        raise StaleVersion(lead)
    standard = Standard.objects.in_force()
    terms = standard.terms if standard else Terms()
    _check_qualified(lead, terms, now)
    _confirm(lead, potential_revenue, expected_close_on, by, now)
    rep = _with_room(rep, by, override)
    why = proposal_for(lead=lead, rep=rep, now=now).why
    organisation = Organisation.current()
    # Frozen before the stage changes: a dossier says what was known on the way in.
    word = replace(word, by=by.name, at=now)
    frozen = current_dossier(lead, now=now, word=word, terms=terms, currency=organisation.currency)
    change_stage(
        lead=lead, to_stage=Stage.HANDED_OFF, now=now, by=by, rep=rep, note=override.strip()
    )
    passing("in a handoff")
    handoff = Handoff.objects.create(
        lead=lead,
        rep=rep,
        specialist=lead.specialist,
        by=by,
        proposed_why=why[:200],
        standard=standard,
        handed_off_at=now,
        accept_by=organisation.calendar.add_working_hours(now, organisation.accept_hours),
        potential_revenue=lead.potential_revenue,
        expected_close_on=lead.expected_close_on,
        touches_before=lead.outbound_touches,
        documented=lead.documented,
    )
    Dossier.objects.create(handoff=handoff, version=1, frozen_at=now, body=heart.to_json(frozen))
    return handoff


def _check_qualified(lead: Lead, terms: Terms, now: datetime) -> None:
    """Ask the gate again, at the moment of handing over: a fact may have gone stale since."""
    if lead.stage == Stage.HANDED_OFF:
        raise AlreadySettled(_("It was handed to %s already.") % lead.rep)
    if lead.stage != Stage.QUALIFIED:
        raise NotAllowed(
            _("Only a qualified lead is handed over; this one is “%s”.") % lead.get_stage_display()
        )
    assessment = reassess(lead=lead, now=now, terms=terms)
    if not assessment.passes:
        missing = ", ".join(str(Attribute(a).label) for a in assessment.open_attributes)
        raise NotAllowed(
            _("The gate has closed: %s must be documented anew.") % missing
            if missing
            else _("The gate has closed: the standard asks for more.")
        )


def _confirm(
    lead: Lead,
    potential_revenue: Decimal | None,
    expected_close_on: date | None,
    by: User,
    now: datetime,
) -> None:
    given = LeadDetails(potential_revenue=potential_revenue, expected_close_on=expected_close_on)
    changed = {name: value for name, value in given.given().items() if getattr(lead, name) != value}
    if changed:
        prospects.edit_lead(
            lead=lead, details=LeadDetails(**changed), version=lead.version, by=by, now=now
        )
        lead.refresh_from_db(fields=["potential_revenue", "expected_close_on", "version"])


def _with_room(rep: User, by: User, override: str) -> User:
    """The rep, locked: two leads handed over at once must not both take the last free place.

    NO KEY: whoever writes rows that name the rep need not wait.
    """
    rep = User.objects.select_for_update(no_key=True).get(pk=rep.pk)
    if not rep.is_rep or not rep.is_active or rep.email is None:
        raise NotAllowed(_("%s is no rep who works here.") % rep)
    live = Handoff.objects.live().filter(rep=rep).count()
    if free_of(rep.capacity, live) == 0 and not (by.manages and override.strip()):
        full = _("%(rep)s is full: %(live)s of %(capacity)s live.") % {
            "rep": rep,
            "live": live,
            "capacity": rep.capacity,
        }
        asks = _("Say why it should be one more.") if by.manages else _("A manager may decide so.")
        raise NotAllowed(f"{full} {asks}")
    return rep


@transaction.atomic
def accept(*, handoff: Handoff, by: User, now: datetime) -> Handoff:
    """The rep takes it on, and owes a first call within two business days.

    Refuses (NotAllowed) anybody but the rep, and what was returned or closed; a second time it is
    AlreadySettled. An overdue handoff may still be accepted.
    """
    lead, handoff = _locked(handoff)
    _check_rep(handoff, by, _("Only %s can accept it."))
    if handoff.accepted_at is not None:
        raise AlreadySettled(_("You accepted it already: %s") % _at(handoff.accepted_at))
    _check_open(handoff)
    handoff.accepted_at = now
    handoff.first_call_by = Organisation.current().calendar.end_of_window(now, FIRST_CALL_DAYS)
    handoff.save(update_fields=["accepted_at", "first_call_by"])
    change_stage(lead=lead, to_stage=Stage.ACCEPTED, now=now, by=by)
    return handoff


@transaction.atomic
def return_to_program(
    *,
    handoff: Handoff,
    wrong_attributes: list[str],
    reason: str,
    by: User,
    now: datetime,
) -> Handoff:
    """The rep gives it back, naming what was wrong: those answers are contradicted from now on.

    The lead is nurtured again and in its specialist's queue. Refuses (ValidationError) a return
    without an attribute or a reason, (NotAllowed) anybody but the rep and what was accepted.
    """
    reason = reason.strip()
    unknown = set(wrong_attributes) - set(Attribute.values)
    if unknown:
        raise ValidationError(
            {"wrong_attributes": _("“%s” is none of the ten.") % ", ".join(sorted(unknown))}
        )
    if not wrong_attributes and not reason:
        raise ValidationError(_("Name what was wrong, or say why you return it."))
    lead, handoff = _locked(handoff)
    _check_rep(handoff, by, _("Only %s can return it."))
    if handoff.returned_at is not None:
        raise AlreadySettled(_("You returned it already: %s") % _at(handoff.returned_at))
    _check_open(handoff)
    if handoff.accepted_at is not None:
        raise NotAllowed(_("You accepted it: report how it went, “stalled” gives it back."))
    handoff.returned_at, handoff.return_reason = now, reason
    handoff.wrong_attributes = [a for a in Attribute.values if a in wrong_attributes]
    handoff.save(update_fields=["returned_at", "return_reason", "wrong_attributes"])
    why = _("%(rep)s: %(reason)s") % {"rep": by, "reason": reason or _("found it wrong")}
    change_stage(
        lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="returned", note=reason
    )
    for attribute in handoff.wrong_attributes:
        prospects.contradict_answer(
            lead=lead, attribute=Attribute(attribute), why=why[:250], by=by, now=now
        )
    nurture.plan_next(lead=locked(lead), now=now)
    return handoff


@transaction.atomic
def report_result(
    *,
    handoff: Handoff,
    result: str,
    by: User,
    now: datetime,
    revenue: Decimal | None = None,
    lost_reason: str = "",
    back_on: date | None = None,
    note: str = "",
) -> Handoff:
    """How an accepted opportunity ended: won (revenue), lost (reason) or stalled (back on a date).

    `revenue` in the organisation's currency. Stalled brings the lead back into the program with a
    promise for that morning. Refuses (ValidationError) a result without what it needs, (NotAllowed)
    anybody but the rep and what is not accepted; a second time it is AlreadySettled.
    """
    lost_reason, note = lost_reason.strip(), note.strip()
    _check_result(result, revenue, lost_reason, back_on, now)
    lead, handoff = _locked(handoff)
    _check_rep(handoff, by, _("Only %s can report the result."))
    if handoff.result_at is not None:
        raise AlreadySettled(
            _("You reported it already, as %(result)s: %(day)s")
            % {"day": _at(handoff.result_at), "result": handoff.get_result_display().lower()}
        )
    if handoff.returned_at is not None or handoff.accepted_at is None:
        raise NotAllowed(_("Accept it first; then report how it went."))
    handoff.result, handoff.result_at = result, now
    match result:
        case Result.WON:
            handoff.revenue = revenue
        case Result.LOST:
            handoff.lost_reason = lost_reason
        case _:
            handoff.back_on = back_on
    handoff.save(update_fields=["result", "result_at", "revenue", "lost_reason", "back_on"])
    change_stage(
        lead=lead,
        to_stage=_STAGE_OF[Result(result)],
        now=now,
        by=by,
        reason=result,
        note=lost_reason or note,
    )
    if result == Result.STALLED and back_on is not None:
        _come_back(lead, back_on, by, note, now)
    return handoff


_STAGE_OF = {Result.WON: Stage.WON, Result.LOST: Stage.LOST, Result.STALLED: Stage.NURTURING}


def _check_result(
    result: str,
    revenue: Decimal | None,
    lost_reason: str,
    back_on: date | None,
    now: datetime,
) -> None:
    if result not in Result.values:
        raise ValidationError({"result": _("A result is won, lost or stalled.")})
    if result == Result.WON and (revenue is None or revenue <= 0):
        raise ValidationError({"revenue": _("Won: say how much revenue it brings.")})
    if result == Result.LOST and not lost_reason:
        raise ValidationError({"lost_reason": _("Lost: say why, in a few words.")})
    if result == Result.STALLED:
        today = now.astimezone(Organisation.current().zone).date()
        if back_on is None or back_on <= today:
            raise ValidationError({"back_on": _("Stalled: name a day to come, to ask again.")})


def _come_back(lead: Lead, back_on: date, by: User, note: str, now: datetime) -> None:
    """The promise that puts a stalled lead on top of the specialist's queue on its day."""
    calendar = calendar_there(lead.contact, lead.company, Organisation.current().calendar)
    words = _("stalled with %s") % by
    nurture.promise(
        lead=lead,
        promised=Promised(
            due_at=datetime.combine(back_on, START_OF_DAY, calendar.zone),
            channel=Channel.PHONE,
            words=(f"{words}: {note}" if note else words)[:250],
        ),
        by=by,
        now=now,
    )


@transaction.atomic
def freeze_again(*, handoff: Handoff, by: User, now: datetime) -> Dossier:
    """Freeze what is known by now as the next version of the dossier; the earlier ones stay.

    Refuses (NotAllowed) a handoff that is closed, and when nothing has changed.
    """
    lead, handoff = _locked(handoff)
    _check_open(handoff)
    latest = handoff.dossiers.order_by("-version").first()
    before = heart.from_json(latest.body) if latest else None
    current = current_dossier(lead, now=now, word=before.word if before else Word())
    if before is not None and not differences(before, current):
        raise AlreadySettled(_("Nothing has changed since the dossier was frozen."))
    return Dossier.objects.create(
        handoff=handoff,
        version=latest.version + 1 if latest else 1,
        frozen_at=now,
        body=heart.to_json(current),
    )


def mark_overdue(now: datetime) -> int:
    """Mark, once each, the handoffs that nobody accepted or returned in time; returns how many."""
    late = Handoff.objects.waiting().filter(overdue_at__isnull=True, accept_by__lte=now)
    return late.update(overdue_at=now)


def _locked(handoff: Handoff) -> tuple[Lead, Handoff]:
    """The lead and the handoff as they are now, locked in this order."""
    lead = locked(handoff.lead)
    return lead, (
        Handoff.objects.select_for_update(of=("self",)).select_related("rep").get(pk=handoff.pk)
    )


def _check_rep(handoff: Handoff, by: User, refusal: str) -> None:
    if by.pk != handoff.rep_id:
        raise NotAllowed(refusal % handoff.rep)


def _check_open(handoff: Handoff) -> None:
    if handoff.returned_at is not None:
        raise NotAllowed(_("It was returned: %s") % _at(handoff.returned_at))
    if handoff.result_at is not None:
        raise NotAllowed(
            _("It is closed, as %(result)s: %(day)s")
            % {"day": _at(handoff.result_at), "result": handoff.get_result_display().lower()}
        )


def _at(instant: datetime) -> str:
    return date_format(localtime(instant), "M j, g:i a")
