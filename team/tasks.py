"""What runs by the clock: forgetting the keys of requests that nobody sends again."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from team.models import KeyedRequest

KEPT_FOR = timedelta(days=30)


@shared_task
def forget_keys() -> int:
    """Delete the keys that are older than any retry; returns how many."""
    old = KeyedRequest.objects.filter(asked_at__lt=timezone.now() - KEPT_FOR)
    count, _by_model = old.delete()
    return count
