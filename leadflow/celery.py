"""Celery and the whole beat table.

The broker is only a doorbell: work lives in PostgreSQL rows with leases, and every tick may be lost
or run twice without harm.
"""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadflow.settings")

app = Celery("leadflow", task_cls="leadflow.ticks:Tick")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)

MINUTE = 60.0
HOUR = 60 * MINUTE


def every(seconds: float, task: str) -> dict[str, Any]:
    """A tick. It expires before its next turn: a worker coming back finds one, not a backlog."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


def nightly(minute: int, task: str) -> dict[str, Any]:
    """A tick at three in the morning (UTC) and so many minutes."""
    at = crontab(hour="3", minute=str(minute))
    return {"task": task, "schedule": at, "options": {"expires": HOUR}}


app.conf.beat_schedule = {
    "heartbeat": every(MINUTE / 2, "leadflow.tasks.tick"),
    "reassess stale answers": every(MINUTE, "prospects.tasks.reassess_stale"),
    "give out what waits": every(MINUTE, "prospects.tasks.route_waiting"),
    "screen anew what was asked for": every(MINUTE, "prospects.tasks.rescreen"),
    "work on imports": every(MINUTE, "prospects.tasks.work_on_imports"),
    "look for duplicates in what was imported": every(
        MINUTE, "prospects.tasks.look_for_duplicates"
    ),
    "ask which domains take mail": every(MINUTE, "prospects.tasks.ask_mail_domains"),
    "forget merges that cannot be undone": every(HOUR, "prospects.tasks.forget_merges"),
    "plan what changed": every(MINUTE, "nurture.tasks.plan_changed"),
    "dispatch planned touches": every(MINUTE / 2, "nurture.tasks.dispatch_due"),
    "verify planned touches": nightly(23, "nurture.tasks.verify"),
    "count what came of the hours": every(15 * MINUTE, "nurture.tasks.tally"),
    "follow absences": every(MINUTE, "nurture.tasks.follow_absent"),
    "fill cadences": every(MINUTE, "nurture.tasks.fill_cadences"),
    "fetch mail": every(MINUTE, "nurture.tasks.fetch_mail"),
    "forget the words of mail": every(HOUR, "nurture.tasks.forget_mail"),
    "write down posted letters": every(MINUTE, "nurture.tasks.write_down_posted"),
    "plan what time overtook": every(15 * MINUTE, "nurture.tasks.plan_overtaken"),
    "forget the keys of old requests": every(HOUR, "team.tasks.forget_keys"),
    "mark overdue handoffs": every(MINUTE, "handoff.tasks.mark_overdue"),
}
