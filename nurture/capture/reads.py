"""Who asked within the hour: what Today looks for every few seconds. One indexed query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from nurture.queue import about, name_of
from prospects.first_touch import FIRST_HOUR
from prospects.models import Lead
from team.models import User

MOST = 10


@dataclass(frozen=True)
class FreshInquiry:
    """Somebody who asked us within the last hour."""

    pk: int
    name: str
    about: str
    asked_at: datetime

    @property
    def mark(self) -> str:
        """Tells this asking from the lead's others."""
        return f"{self.pk}.{int(self.asked_at.timestamp() * 1000)}"


def fresh_inquiries(user: User, now: datetime) -> list[FreshInquiry]:
    """The reader's own, and those of the team that wait for somebody; the newest first, ten at most."""
    leads = Lead.objects.filter(asked_at__gt=now - FIRST_HOUR)
    if user.is_specialist:
        theirs = Q(specialist=user) | Q(specialist__isnull=True, team=user.team_id)
        leads = leads.filter(theirs)
    else:
        leads = leads.visible_to(user).filter(specialist__isnull=True)
    found = leads.worked().select_related("company", "contact").order_by("-asked_at", "-pk")[:MOST]
    return [
        FreshInquiry(lead.pk, name_of(lead), about(lead), lead.asked_at)
        for lead in found
        if lead.asked_at is not None
    ]
