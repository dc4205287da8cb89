"""The engine's switch: pause everything, and go on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from nurture.models import Engine
from prospects.actions import NotAllowed
from team.models import User


@transaction.atomic
def pause(*, by: User | None, why: str, now: datetime) -> None:
    """Nothing is claimed or sent any more; what is being sent at this moment runs to its end.

    `by`: None for the circuit breaker. Refuses (NotAllowed) who manages nothing.
    """
    _refuse_unless_manages(by)
    Engine.objects.get_or_create(pk=1)
    Engine.objects.filter(pk=1, paused_at__isnull=True).update(paused_at=now, paused_by=by, why=why)


@transaction.atomic
def resume(*, by: User) -> None:
    """Go on. What missed its time is planned anew, spread over the next hours, not sent at once."""
    _refuse_unless_manages(by)
    Engine.objects.filter(pk=1).update(paused_at=None, paused_by=None, why="")


def _refuse_unless_manages(by: User | None) -> None:
    if by is not None and not by.manages:
        raise NotAllowed
