"""What runs by the clock: handoffs whose rep did not answer in time."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from handoff import actions


@shared_task
def mark_overdue() -> int:
    """Mark them, once each; returns how many. Their manager finds them on top of the handoffs."""
    return actions.mark_overdue(timezone.now())
