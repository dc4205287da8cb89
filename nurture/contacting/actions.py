"""What managers decide of when people may be contacted: a new regional rule, the organisation's limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from nurture.models import RegionalRule
from prospects.actions import NotAllowed
from team.models import Organisation, User
from team.organisation import MayNotChange, refuse_who_does_not_manage


@transaction.atomic
def add_rule(*, fields: Mapping[str, Any], by: User, now: datetime) -> RegionalRule:
    """Write a rule down. It takes the place of the one there was from its own day on; both are kept.

    Refuses (NotAllowed) who does not manage. It counts from the next question on: what is planned is
    asked again before it is sent.
    """
    if not by.manages:
        raise NotAllowed
    return RegionalRule.objects.create(by=by, recorded_at=now, **fields)


@transaction.atomic
def set_limits(*, fields: Mapping[str, Any], by: User, now: datetime) -> Organisation:
    """Write the caps and the hours of the organisation. Refuses (NotAllowed) who does not manage.

    `fields`: touches_a_day, touches_a_week, opens, closes, weekdays.
    """
    try:
        refuse_who_does_not_manage(by)
    except MayNotChange as refused:
        raise NotAllowed(str(refused)) from refused
    Organisation.objects.get_or_create(pk=1)
    Organisation.objects.filter(pk=1).update(**fields, limits_since=now)
    return Organisation.current()
