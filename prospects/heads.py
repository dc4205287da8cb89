"""The first page of the leads that somebody may see, however many teams and leads there are."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Func, OuterRef

from prospects.models import Lead
from prospects.models.lead import LeadQuerySet
from team.models import Team, User


def heads(user: User, leads: LeadQuerySet, order: tuple[Any, ...], size: int) -> LeadQuerySet:
    """The first `size` of `leads` that the person may see, in that order.

    Each team's leads are walked along its own index and only their heads are merged. Asked for several
    teams at once, the planner walks through everybody's leads or sorts all of theirs.
    """
    found = leads.visible_to(user)
    if user.works_leads:
        of_team = leads.filter(team=OuterRef("pk")).order_by(*order).values("pk")[:size]
        first = Team.objects.visible_to(user).values(
            head=Func(ArraySubquery(of_team), function="unnest", output_field=BigIntegerField())
        )
        if user.is_specialist:
            own = leads.filter(specialist=user).order_by(*order).values("pk")[:size]
            first = first.union(own)
        found = found.filter(pk__in=first)
    chosen = found.order_by(*order).values("pk")[:size]
    return Lead.objects.filter(pk__in=chosen).order_by(*order)
