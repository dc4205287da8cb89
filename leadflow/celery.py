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
    "give out what waits": {
        "task": "prospects.tasks.route_waiting",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "screen anew what was asked for": {
        "task": "prospects.tasks.rescreen",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "work on imports": {
        "task": "prospects.tasks.work_on_imports",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "look for duplicates in what was imported": {
        "task": "prospects.tasks.look_for_duplicates",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "forget merges that cannot be undone": {
        "task": "prospects.tasks.forget_merges",
        "schedule": HOUR,
        "options": {"expires": HOUR},
    },
    "plan what changed": {
        "task": "nurture.tasks.plan_changed",
        "schedule": MINUTE,
        "options": {"expires": MINUTE},
    },
    "dispatch planned touches": {
        "task": "nurture.tasks.dispatch_due",
        "schedule": MINUTE / 2,
        "options": {"expires": MINUTE / 2},
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
