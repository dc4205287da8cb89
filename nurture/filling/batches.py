"""Many leads put into a cadence at once: what `enrolments.enrol` does for one, in sets.

Each batch in its caller's transaction, a fixed number of statements whatever its size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.actions import plan_all
from nurture.cadences.enrolling import stop, touch_of
from nurture.cadences.enrolments import took_over, why_not
from nurture.models import CadenceVersion, Enrolment, EnrolmentRule, PlannedTouch, Step
from prospects.models import Lead
from prospects.reads import calendar_there
from prospects.stages import Stage
from prospects.stepping import enter_program
from team.models import Organisation, User

BATCH = 500
"""Leads in one transaction: their rows are locked until it ends."""


def enrol_batch(
    leads: Collection[int],
    *,
    version: CadenceVersion,
    by: User | None,
    why: str,
    now: datetime,
    rule: EnrolmentRule | None = None,
) -> dict[int, str]:
    """Start these leads, by their ids, on a version; returns for each why it was left out, or "".

    Raw ones enter the program with it. A lead that nobody has is left out: who would make the touches?
    `by`: None for a rule. What `why_not` says of one lead holds for each.
    """
    found = list(
        Lead.objects.select_for_update(of=("self",))
        .select_related("company", "contact__company")
        .filter(pk__in=leads)
        .order_by("pk")
    )
    said = dict.fromkeys(leads, _("it is not there any more"))
    said |= _hindrances(found, version)
    ready = [lead for lead in found if not said[lead.pk]]
    if not ready:
        return said
    enter_program([lead for lead in ready if lead.stage == Stage.RAW], now=now, by=by)
    for lead in ready:
        if lead.stage == Stage.QUALIFIED:  # it passed the gate on the way
            said[lead.pk] = _("the lead is %s") % lead.get_stage_display().lower()
    ready = [lead for lead in ready if not said[lead.pk]]
    cadence = version.cadence
    if cadence.is_exclusive:
        ids = [lead.pk for lead in ready]
        words = took_over(cadence)
        stop(Q(lead__in=ids), Enrolment.End.REPLACED, now=now, by=by, words=words)
    _begin(ready, version, by=by, why=why, now=now, rule=rule)
    plan_all(ready, now=now)
    return said


def _hindrances(leads: Sequence[Lead], version: CadenceVersion) -> dict[int, str]:
    """What stands in the way of each lead: two queries."""
    cadence = version.cadence
    of_leads = Enrolment.objects.filter(lead__in=leads)
    under_way = {
        enrolment.lead_id: enrolment.version.cadence
        for enrolment in of_leads.active().select_related("version__cadence")
    }
    went_through = set(
        of_leads.filter(version__cadence=cadence).values_list("lead", flat=True).distinct()
    )
    return {
        lead.pk: _("nobody has it yet")
        if lead.specialist_id is None
        else why_not(
            lead,
            cadence,
            is_published=True,
            under_way=under_way[lead.pk].name if lead.pk in under_way else "",
            is_held=lead.pk in under_way and under_way[lead.pk].is_exclusive,
            went_through=lead.pk in went_through,
        )
        for lead in leads
    }


def _begin(
    leads: Sequence[Lead],
    version: CadenceVersion,
    *,
    by: User | None,
    why: str,
    now: datetime,
    rule: EnrolmentRule | None,
) -> None:
    """The enrolments and the first planned touch of each: three statements."""
    step = version.steps.filter(track=Step.Track.MAIN).order_by("position")[0]
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            lead=lead,
            contact=lead.contact,
            version=version,
            by=by,
            why=why[:100],
            rule=rule,
            enrolled_at=now,
        )
        for lead in leads
        if lead.contact is not None  # `why_not` refused it otherwise
    )
    ours = Organisation.current().calendar
    planned = []
    for enrolment in enrolments:
        lead = enrolment.lead
        calendar = calendar_there(lead.contact, lead.company, ours)
        today = now.astimezone(calendar.zone).date()
        planned.append(touch_of(enrolment, step, after=today, calendar=calendar, now=now))
    PlannedTouch.objects.bulk_create(planned)
