"""Everything loaded, nothing opened: what processes that are to be killed are forked from."""

import importlib
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

for module in (
    "celery.apps.beat",
    "celery.apps.worker",
    "handoff.actions",
    "handoff.tasks",
    "leadflow.celery",
    "leadflow.urls",
    "nurture.duplicates.merging",
    "nurture.engine.dispatching",
    "nurture.engine.settling",
    "nurture.imports",
    "nurture.tasks",
    "prospects.tasks",
    "tests.faults.deeds",
):
    importlib.import_module(module)
