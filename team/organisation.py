"""What changes the settings of the one organisation because someone asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from team.models import Organisation, Role, User

MARKET = frozenset(
    {"market_countries", "market_naics", "market_min_employees", "market_max_employees"}
)
"""What managers may change; the rest is an administrator's."""


class MayNotChange(Exception):
    """Who asked may not change this setting; says who may."""


def refuse_who_does_not_manage(by: User) -> None:
    if not by.manages:
        raise MayNotChange(_("Only a manager or an administrator can change this."))


@transaction.atomic
def edit_organisation(*, fields: Mapping[str, Any], by: User) -> Organisation:
    """Write settings, made here if nobody set up anything yet.

    Refuses (MayNotChange) who does not manage, and a manager what is not about the market.
    """
    refuse_who_does_not_manage(by)
    if by.role != Role.ADMIN and not fields.keys() <= MARKET:
        raise MayNotChange(_("Only an administrator can change this."))
    Organisation.objects.get_or_create(pk=1)
    Organisation.objects.filter(pk=1).update(**fields)
    return Organisation.objects.get(pk=1)
