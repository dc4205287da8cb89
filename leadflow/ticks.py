"""The Celery task of this application: the turns of what beat rings for are recorded."""

from __future__ import annotations

import time
from typing import Any

from celery import Task
from django.utils import timezone

from nurture.engine import turns

RUNG_AT = "rung_at"


class Tick(Task):
    """A task that says when it began and ended, and how long the worker let it wait."""

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        options["headers"] = {**(options.get("headers") or {}), RUNG_AT: time.time()}
        return super().apply_async(args, kwargs, **options)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        if self._is_periodic():
            rung_at = (self.request.headers or {}).get(RUNG_AT)
            waited = time.time() - rung_at if rung_at else 0.0
            turns.begin(self.name, timezone.now(), waited=waited)

    def after_return(  # noqa: PLR0917 - Celery calls it so
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        if self._is_periodic():
            failure = type(retval).__name__ if status != "SUCCESS" else ""
            turns.finish(self.name, timezone.now(), failure=failure)

    def _is_periodic(self) -> bool:
        return any(entry["task"] == self.name for entry in self.app.conf.beat_schedule.values())
