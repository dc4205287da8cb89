"""What runs by the clock, and when it last did: for the engine's page and for /metrics.

In the database, so that it is right with any number of processes and hosts. Nothing rests on it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from nurture.models import PeriodicWork

DISPATCHING = "nurture.tasks.dispatch_due"
"""The turns of a dispatcher, whether Celery rang or `manage.py dispatch` runs."""
KEPT = timedelta(days=7)
"""A host that has not been heard of for so long is forgotten."""
LONGEST_TURN = timedelta(minutes=10)

logger = structlog.get_logger(__name__)

_BEGIN = """
    INSERT INTO nurture_periodicwork
           (name, host, started_at, waited, seconds, turns, failures, failure)
    VALUES (%(name)s, %(host)s, %(now)s, %(waited)s, 0, 0, 0, '')
    ON CONFLICT (name, host) DO UPDATE
       SET started_at = EXCLUDED.started_at, waited = EXCLUDED.waited
"""
_END = """
    UPDATE nurture_periodicwork
       SET ended_at = %(now)s, turns = turns + 1,
           seconds = extract(epoch FROM %(now)s - started_at),
           failures = failures + (%(failure)s <> '')::int,
           failed_at = CASE WHEN %(failure)s <> '' THEN %(now)s ELSE failed_at END,
           failure = CASE WHEN %(failure)s <> '' THEN %(failure)s ELSE failure END
     WHERE name = %(name)s AND host = %(host)s
"""


@dataclass(frozen=True)
class Work:
    """Some periodic work, over all hosts: its last turn, and whether it is overdue."""

    name: str
    host: str
    started_at: datetime
    seconds: float
    waited: float
    is_running: bool
    failed_at: datetime | None
    failure: str


def begin(name: str, now: datetime, *, waited: float = 0) -> None:
    """A turn begins here. `waited`: seconds since its bell rang."""
    _keep(_BEGIN, {"name": name, "host": host(), "now": now, "waited": max(waited, 0)})


def finish(name: str, now: datetime, *, failure: str = "") -> None:
    """The turn is over. `failure`: the kind of exception that ended it."""
    _keep(_END, {"name": name, "host": host(), "now": now, "failure": failure[:100]})


@contextmanager
def recorded(name: str) -> Iterator[None]:
    """A turn of work that nobody rang for."""
    begin(name, timezone.now())
    try:
        yield
    except Exception as wrong:
        finish(name, timezone.now(), failure=type(wrong).__name__)
        raise
    finish(name, timezone.now())


def forget_hosts(now: datetime) -> int:
    """Forget the turns of hosts that are gone; returns how many rows."""
    return PeriodicWork.objects.filter(started_at__lt=now - KEPT).delete()[0]


def last_turns() -> list[Work]:
    """The last turn of each work, wherever it was: one query."""
    rows = PeriodicWork.objects.order_by("name", "-started_at").distinct("name")
    return [
        Work(
            name=row.name,
            host=row.host,
            started_at=row.started_at,
            seconds=row.seconds,
            waited=row.waited,
            is_running=row.ended_at is None or row.ended_at < row.started_at,
            failed_at=row.failed_at,
            failure=row.failure,
        )
        for row in rows
    ]


def host() -> str:
    """This machine's name; a container's is its id."""
    return socket.gethostname()[:100]


def _keep(statement: str, values: dict[str, Any]) -> None:
    """Write it down; work goes on where that fails."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as wrong:
        logger.warning("turn_not_recorded", kind=type(wrong).__name__)
