"""What runs by the clock: leads whose verdict changes by time alone."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from prospects.actions import reassess, terms_in_force
from prospects.models import Lead

BATCH = 200


@shared_task
def reassess_stale() -> int:
    """Judge anew the leads of whom a fact went stale, in batches; returns how many."""
    total = 0
    while done := _reassess_batch():
        total += done
    return total


@transaction.atomic
def _reassess_batch() -> int:
    now = timezone.now()
    terms = terms_in_force()
    leads = (
        Lead.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("company__naics", "company__sic", "contact")
        .filter(reassess_at__lte=now)
        .order_by("reassess_at")[:BATCH]
    )
    for lead in leads:
        reassess(lead=lead, now=now, terms=terms)
    return len(leads)
