"""What people do with cadences: put leads into one, pause, stop, answer "not now", publish a version."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.actions import plan_next
from nurture.cadences.enrolling import (
    begin,
    calendar_of,
    end,
    plan_step,
    published,
    stop,
)
from nurture.models import Cadence, CadenceVersion, Enrolment, Step
from prospects.actions import NotAllowed, enter_program, locked, refuse_reps
from prospects.models import Lead
from prospects.stages import Stage
from team.models import User

ENROLLABLE = frozenset({Stage.RAW, Stage.NURTURING})


def hindrance(lead: Lead, cadence: Cadence, version: CadenceVersion | None) -> str:
    """Why a lead can not be enrolled in a cadence, in words; empty where it can."""
    running = Enrolment.objects.active().filter(lead=lead).select_related("version__cadence")
    under_way = running.first()
    return why_not(
        lead,
        cadence,
        is_published=version is not None,
        under_way=under_way.version.cadence.name if under_way else "",
        is_held=under_way is not None and under_way.version.cadence.is_exclusive,
        went_through=Enrolment.objects.filter(lead=lead, version__cadence=cadence).exists(),
    )


def why_not(
    lead: Lead,
    cadence: Cadence,
    *,
    is_published: bool,
    under_way: str,
    went_through: bool,
    is_held: bool = False,
) -> str:
    """The hindrance in words, for who knows already what a lead runs and ran through.

    `under_way`: the name of the cadence it is in, and `is_held` whether no other may end that one;
    `went_through`: whether it was in this one.
    """
    if not is_published:
        return _("no version of it is published")
    if cadence.archived_at is not None:
        return _("it is archived")
    if lead.stage not in ENROLLABLE:
        return _("the lead is %s") % lead.get_stage_display().lower()
    if lead.contact_id is None:
        return _("nobody is known there")
    if under_way and is_held:
        return _("it is in “%s”, which no other cadence interrupts") % under_way
    if under_way and not cadence.is_exclusive:
        return _("it is in “%s” already") % under_way
    if cadence.repeats == Cadence.Repeats.ONCE and went_through:
        return _("it went through it before")
    return ""


@transaction.atomic
def enrol(
    *, lead: Lead, cadence: Cadence, by: User | None, now: datetime, why: str = ""
) -> Enrolment:
    """Start a lead on the published version of a cadence; a raw one enters the program with it.

    An exclusive cadence ends the one that the lead is in. `by`: None for a rule, which `why` names. Refuses (NotAllowed) with the hindrance in words.
    """
    if by is not None:
        refuse_reps(by)
    lead = locked(lead)
    version = published(cadence)
    if words := hindrance(lead, cadence, version):
        raise NotAllowed(_("It can not be enrolled: %s.") % words)
    contact = lead.contact
    assert version is not None
    assert contact is not None
    if lead.stage == Stage.RAW:
        lead = enter_program(lead=lead, by=by, now=now)
    if cadence.is_exclusive:
        stop(Q(lead=lead), Enrolment.End.REPLACED, now=now, by=by, words=took_over(cadence))
    enrolment = begin(lead=lead, contact=contact, version=version, by=by, why=why, now=now)
    plan_next(lead=lead, now=now)
    return enrolment


def took_over(cadence: Cadence) -> str:
    """Why what another cadence had planned is taken back."""
    return _("“%s” took over") % cadence


@transaction.atomic
def stop_enrolment(*, enrolment: Enrolment, by: User, now: datetime, why: str = "") -> Enrolment:
    """Take a lead out of its cadence, on every channel at once."""
    refuse_reps(by)
    lead = locked(enrolment.lead)
    end(enrolment, Enrolment.End.STOPPED, now=now, by=by, words=why)
    plan_next(lead=lead, now=now)
    return enrolment


@transaction.atomic
def pause_enrolment(*, enrolment: Enrolment, by: User, now: datetime) -> Enrolment:
    """Hold everything planned for the lead until it is resumed."""
    refuse_reps(by)
    Enrolment.objects.active().filter(pk=enrolment.pk, paused_at=None).update(paused_at=now)
    enrolment.refresh_from_db(fields=["paused_at"])
    return enrolment


@transaction.atomic
def resume_enrolment(*, enrolment: Enrolment, by: User) -> Enrolment:
    """Go on. What is past its time meanwhile is planned anew, not sent at once.

    Refuses (NotAllowed) one that waits for its specialist: the absence says how it goes on.
    """
    refuse_reps(by)
    if Enrolment.objects.filter(pk=enrolment.pk, paused_for__isnull=False).exists():
        raise NotAllowed(_("It waits for its specialist, who is away: choose otherwise there."))
    Enrolment.objects.active().filter(pk=enrolment.pk).update(paused_at=None, paused_for=None)
    enrolment.refresh_from_db(fields=["paused_at"])
    return enrolment


@transaction.atomic
def answer_not_now(*, enrolment: Enrolment, by: User, now: datetime) -> Enrolment:
    """They replied, but not now: the lead starts anew on the track of its cadence for that.

    Refuses (NotAllowed) a cadence that has no such track, and a lead in a cadence again already.
    """
    refuse_reps(by)
    lead = locked(enrolment.lead)
    step = enrolment.version.steps.filter(track=Step.Track.NOT_NOW).order_by("position").first()
    if step is None:
        raise NotAllowed(_("This cadence has no steps for “not now”."))
    if enrolment.ended_at is None:
        end(enrolment, Enrolment.End.REPLY, now=now, by=by)
    if Enrolment.objects.active().filter(lead=lead).exists() or lead.stage != Stage.NURTURING:
        raise NotAllowed(_("The lead went on meanwhile: look at it again."))
    again = Enrolment.objects.create(
        lead=lead,
        contact=enrolment.contact,
        version=enrolment.version,
        track=Step.Track.NOT_NOW,
        by=by,
        why=_("not now"),
        enrolled_at=now,
    )
    calendar = calendar_of(lead, enrolment.contact)
    plan_step(again, step, after=now.astimezone(calendar.zone).date(), now=now)
    plan_next(lead=lead, now=now)
    return again


@transaction.atomic
def publish(
    *, cadence: Cadence, steps: Iterable[Step], by: User | None, now: datetime
) -> CadenceVersion:
    """A new version of a cadence, of unsaved steps in order of track and position.

    Who is under way keeps the version they started with. Refuses (ValidationError) no steps, and
    a step that the database would refuse.
    """
    steps = list(steps)
    if not any(step.track == Step.Track.MAIN for step in steps):
        raise ValidationError(_("A cadence needs at least one step."))
    last = cadence.versions.order_by("-number").first()
    version = CadenceVersion.objects.create(
        cadence=cadence, number=(last.number if last else 0) + 1, created_at=now, by=by
    )
    for step in steps:
        step.version = version
        step.full_clean(exclude=["version"])
    Step.objects.bulk_create(steps)
    CadenceVersion.objects.filter(pk=version.pk).update(published_at=now)
    version.refresh_from_db()
    return version
