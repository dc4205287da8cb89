"""Celery and the whole beat table.

The broker is only a doorbell: work lives in PostgreSQL rows with leases, and every tick may be lost
or run twice without harm.
"""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")

app = Celery("leadflow")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)

MINUTE = 60.0
HOUR = 60 * MINUTE

# Each entry expires before its next turn, so that a worker coming back finds one tick, not a backlog.
app.conf.beat_schedule = {
    "heartbeat": {
        "task": "leadflow.tasks.tick",
        "schedule": MINUTE / 2,
        "options": {"expires": MINUTE / 2},
    },
    "reassess stale answers": {
        "task": "prospects.tasks.reassess_stale",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "plan what changed": {
        "task": "nurture.tasks.plan_changed",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "plan what time overtook": {
        "task": "nurture.tasks.plan_overtaken",
        "schedule": 15 * MINUTE,
        "options": {"expires": 15 * MINUTE},
    },
    "forget the keys of old requests": {
        "task": "team.tasks.forget_keys",
        "schedule": HOUR,
        "options": {"expires": HOUR},
    },
    "mark overdue handoffs": {
        "task": "handoff.tasks.mark_overdue",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
}
