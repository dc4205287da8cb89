"""Takes the next lead from the team's queue: whoever asks first gets the freshest."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from nurture.actions import take_lead
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import User


@transaction.atomic
def take_next(*, by: User, now: datetime) -> Lead | None:
    """The freshest lead of the queue that nobody else is taking at this moment; None: none waits.

    Two who ask at once get two leads. Refuses (NotAllowed) who is no specialist.
    """
    if not by.is_specialist:
        raise NotAllowed(_("Only a specialist takes leads; assign it to one."))
    waiting = Lead.objects.waiting().filter(team__in=by.team_ids)
    lead = waiting.select_for_update(of=("self",), skip_locked=True).first()
    return take_lead(lead=lead, by=by, now=now) if lead is not None else None
