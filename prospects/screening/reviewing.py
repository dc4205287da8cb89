"""What a person decides about a lead that screening is not certain of."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from prospects.actions import (
    NotAllowed,
    change_stage,
    locked,
    plan_first_touch,
    refuse_reps,
    screen_out,
)
from prospects.models import Lead
from prospects.routing.assigning import route_lead
from prospects.screening.overruling import overrule, take_back
from prospects.stages import Stage
from team.models import User

UNDO_WITHIN = timedelta(minutes=10)


@transaction.atomic
def pass_lead(*, lead: Lead, by: User, now: datetime, why: str = "") -> Lead:
    """The doubts do not hold: it goes to a specialist, and no re-screening asks about them again.

    Refuses (NotAllowed) a lead that is not doubtful any more.
    """
    refuse_reps(by)
    lead = locked(lead)
    _refuse_decided(lead)
    overrule(lead=lead, by=by, now=now, why=why)
    route_lead(lead=lead, now=now)
    plan_first_touch(lead=lead, now=now)
    return lead


@transaction.atomic
def turn_away(*, lead: Lead, reason: str, by: User, now: datetime, why: str = "") -> Lead:
    """The doubts hold: the lead is screened out. Refuses (NotAllowed) one not doubtful any more."""
    lead = locked(lead)
    _refuse_decided(lead)
    return screen_out(lead=lead, reason=reason, by=by, now=now, note=why)


def _refuse_decided(lead: Lead) -> None:
    if not lead.is_doubtful:
        raise NotAllowed(_("Somebody has decided on %s in the meantime.") % lead.headline)


@transaction.atomic
def undo_review(*, lead: Lead, by: User, now: datetime) -> Lead:
    """Take back one's own decision of the last ten minutes: the lead waits for a look again.

    Refuses (NotAllowed) what is older, and what somebody else has gone on with.
    """
    refuse_reps(by)
    lead = locked(lead)
    since = now - UNDO_WITHIN
    if lead.stage == Stage.SCREENED_OUT:
        out = lead.stage_changes.filter(superseded_at__isnull=True).latest("at", "id")
        if out.by_id != by.pk or out.at < since:
            raise NotAllowed(_("It is too late to undo this; restore the lead instead."))
        change_stage(lead=lead, to_stage=Stage.RAW, now=now, by=by, reason="taken_back")
    elif (
        lead.stage != Stage.RAW
        or not lead.overrulings.standing().filter(by=by, at__gte=since).exists()
    ):
        raise NotAllowed(_("It is too late to undo this: the lead has gone on since."))
    take_back(lead=lead, by=by, since=since, now=now)
    return lead
