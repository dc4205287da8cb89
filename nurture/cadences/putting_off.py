"""They replied, but not now: the lead comes back on a day that was agreed, or on its cadence's own track."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.actions import PLAN_COLUMNS, Promised, log_touch, promise
from nurture.cadences.enrolling import stop
from nurture.cadences.enrolments import ENROLLABLE, answer_not_now
from nurture.models import Enrolment, Step, Touch
from prospects.actions import NotAllowed, locked, refuse_reps
from prospects.models import Lead
from team.models import User


@transaction.atomic
def put_off(*, lead: Lead, by: User, now: datetime, promised: Promised | None = None) -> Lead:
    """They said “not now”. With `promised` they named a day: the cadence ends, and the promise is made.

    Without, the lead goes on with the steps that its latest cadence has for “not now” (domain.md,
    section 7). Saying it twice changes nothing. Refuses (ValidationError, of `promised_at`) a lead
    whose cadence has none, or that was in none: then a day is needed; (NotAllowed) a lead that is
    not being developed, and reps.
    """
    refuse_reps(by)
    lead = locked(lead)
    if lead.stage not in ENROLLABLE:
        raise NotAllowed(_("The lead is %s.") % lead.get_stage_display().lower())
    if promised is not None:
        stop(Q(lead=lead.pk), Enrolment.End.REPLY, now=now, by=by, words=_("not now"))
        promise(lead=lead, promised=promised, by=by, now=now)
    else:
        _go_on_later(lead, by, now)
    lead.refresh_from_db(fields=PLAN_COLUMNS)
    return lead


def _go_on_later(lead: Lead, by: User, now: datetime) -> None:
    latest = (
        Enrolment.objects.filter(lead=lead)
        .select_related("version__cadence", "lead", "contact__company")
        .order_by("-pk")
        .first()
    )
    if latest is None:
        raise ValidationError({"promised_at": _("It was in no cadence: say when to come back.")})
    if latest.ended_at is None and latest.track == Step.Track.NOT_NOW:
        return
    if not latest.version.steps.filter(track=Step.Track.NOT_NOW).exists():
        words = _("“%s” has no steps for “not now”: say when to come back.")
        raise ValidationError({"promised_at": words % latest.version.cadence.name})
    answer_not_now(enrolment=latest, by=by, now=now)


@transaction.atomic
def log_not_now(*, lead: Lead, by: User, now: datetime, **touch: Any) -> Touch:
    """Write down a touch in which they said “not now”, and put the lead off.

    `touch`: as for `log_touch`; with a promise in it, that is when to come back. Refuses what
    `log_touch` and `put_off` refuse, and then writes nothing down.
    """
    logged = log_touch(lead=lead, by=by, now=now, **touch)
    if touch.get("promised") is None:
        put_off(lead=logged.lead, by=by, now=now)
        logged.lead.refresh_from_db(fields=PLAN_COLUMNS)
    return logged
