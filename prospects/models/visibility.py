"""The one answer to who may see which lead (trust.md): pages, API and reports use it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Q, QuerySet

from team.models import Role

if TYPE_CHECKING:
    from prospects.models.lead import Lead
    from team.models import User


def leads_of(user: User, prefix: str = "") -> Q:
    """The leads a person may see, as a condition on a lead or, with `prefix`, on what leads to one.

    An administrator sees all, a manager those of the teams below, a specialist their own and their
    team's, a rep those they were given.
    """
    if user.role == Role.ADMIN:
        return Q()
    if user.role == Role.REP:
        return Q(**{f"{prefix}rep": user})
    of_team = Q(**{f"{prefix}team__in": user.team_ids})
    if user.role == Role.MANAGER:
        return of_team
    return of_team | Q(**{f"{prefix}specialist": user})


def leads_visible_to(user: User) -> QuerySet[Lead]:
    """For models that are defined before the lead, to ask for what its leads make visible."""
    lead: type[Lead] = apps.get_model("prospects", "Lead")
    return lead.objects.visible_to(user)
