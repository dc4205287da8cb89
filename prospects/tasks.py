"""What runs by the clock: leads whose verdict changes by time alone, and leads that wait."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from prospects.actions import reassess, terms_in_force
from prospects.duplicates.finding import look_through_imports
from prospects.duplicates.merge_actions import forget_journals
from prospects.imports.actions import is_small
from prospects.imports.jobs import run_import, sweep, waiting_imports
from prospects.models import Import, Lead, Rescreening
from prospects.routing.assigning import route_all
from prospects.screening import name_servers
from prospects.screening.rescreening import go_on

BATCH = 200
RESCREENS_FOR = timedelta(minutes=5)
"""How long one turn goes on; the next tick takes up what is left."""
MAIL_DOMAINS_FOR = timedelta(minutes=4)

IMPORTS_FOR = 6 * 3600
"""Seconds. A million rows take minutes, not hours; whatever is cut off goes on where it was."""


def ring(task: Task) -> None:
    """Have a worker begin at once. Where the broker is away, beat's next tick finds the work."""
    with suppress(OperationalError):
        task.delay()


@shared_task
def reassess_stale() -> int:
    """Judge anew the leads of whom a fact went stale, in batches; returns how many."""
    total = 0
    while done := _reassess_batch():
        total += done
    return total


@shared_task
def route_waiting() -> int:
    """Give out what waits in the teams' queues, as far as there is room; returns how many leads."""
    return route_all(now=timezone.now())


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


@shared_task(soft_time_limit=IMPORTS_FOR, time_limit=IMPORTS_FOR + 60)
def work_on_imports() -> int:
    """Take up the imports that wait for a worker, one after the other; returns how many."""
    now = timezone.now()
    sweep(now)
    waiting = waiting_imports(now)
    for pk in waiting:
        run_import(pk)
    return len(waiting)


def begin(record: Import) -> None:
    """Have the next piece of work on an import done: at once if it is small, else by a worker."""
    if is_small(record):
        run_import(record.pk)
    else:
        ring(work_on_imports)


@shared_task
def rescreen() -> int:
    """Go on with the re-screenings that were asked for, chunk by chunk; returns how many chunks."""
    began, chunks = timezone.now(), 0
    for pk in list(Rescreening.objects.under_way().order_by("pk").values_list("pk", flat=True)):
        while timezone.now() - began < RESCREENS_FOR and go_on(pk, now=timezone.now()):
            chunks += 1
    return chunks


@shared_task(soft_time_limit=IMPORTS_FOR)
def look_for_duplicates() -> int:
    """Compare what imports wrote with everybody else; returns how many pairs were found."""
    return look_through_imports(now=timezone.now())


@shared_task(soft_time_limit=MAIL_DOMAINS_FOR.total_seconds())
def ask_mail_domains() -> int:
    """Ask DNS which domains take mail, batch by batch; returns how many answered."""
    began, total = timezone.now(), 0
    while timezone.now() - began < MAIL_DOMAINS_FOR / 2:
        answered = name_servers.ask_mail_domains(now=timezone.now())
        total += answered
        if not answered:  # nothing is due, or nobody answers: the next tick asks again
            break
    return total


@shared_task
def forget_merges() -> int:
    """Delete what merges changed that can no longer be undone; returns how many were forgotten."""
    return forget_journals(now=timezone.now())
