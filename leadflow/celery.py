"""Celery and the whole beat table.

The broker is only a doorbell: work lives in PostgreSQL rows with leases, and every tick may be lost
or run twice without harm.
"""

import os
from typing import Any

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")

app = Celery("leadflow")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)

MINUTE = 60.0
HOUR = 60 * MINUTE


def every(seconds: float, task: str) -> dict[str, Any]:
    """A tick. It expires before its next turn: a worker coming back finds one, not a backlog."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


app.conf.beat_schedule = {
    "heartbeat": every(MINUTE / 2, "leadflow.tasks.tick"),
    "reassess stale answers": every(MINUTE, "prospects.tasks.reassess_stale"),
    "give out what waits": every(MINUTE, "prospects.tasks.route_waiting"),
    "screen anew what was asked for": every(MINUTE, "prospects.tasks.rescreen"),
    "work on imports": every(MINUTE, "prospects.tasks.work_on_imports"),
    "look for duplicates in what was imported": every(
        MINUTE, "prospects.tasks.look_for_duplicates"
    ),
    "forget merges that cannot be undone": every(HOUR, "prospects.tasks.forget_merges"),
    "plan what changed": every(MINUTE, "nurture.tasks.plan_changed"),
    "dispatch planned touches": every(MINUTE / 2, "nurture.tasks.dispatch_due"),
    "plan what time overtook": every(15 * MINUTE, "nurture.tasks.plan_overtaken"),
    "forget the keys of old requests": every(HOUR, "team.tasks.forget_keys"),
    "mark overdue handoffs": every(MINUTE, "handoff.tasks.mark_overdue"),
}
