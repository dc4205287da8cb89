"""Processes made to be killed, each forked from one that has everything loaded: a death costs little.

A fork that is killed dies as any process does: the kernel closes its sockets, nothing of ours runs.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

from django.conf import settings

from nurture.engine import crash_points

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.loaded", "pytest"])
PATIENCE = 120.0
"""Seconds that something may take before the test gives up."""


def started(do: Callable[..., Any], *given: Any, port: int = 0, crash_at: str = "") -> BaseProcess:
    """A process of its own that does something, its mail going to a port here."""
    process = FORKS.Process(target=_begin, args=(do, given, port, crash_at), daemon=True)
    process.start()
    return process


def ended(do: Callable[..., Any], *given: Any, port: int = 0, crash_at: str = "") -> int:
    """The same, waited for; returns how it ended: 0, or the signal that killed it, negative."""
    process = started(do, *given, port=port, crash_at=crash_at)
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(do.__name__)
    return process.exitcode


def _begin(do: Callable[..., Any], given: tuple[Any, ...], port: int, crash_at: str) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = ("127.0.0.1" if port else ""), port
    settings.EMAIL_TIMEOUT = SMTP_TIMEOUT
    settings.MAIL_CONNECTIONS = 1  # one after the other, so that a crash point means one message
    crash_points.CRASH_AT = crash_at
    do(*given)


SMTP_TIMEOUT = 1.0
"""Seconds; a minute in production. A server that stalls longer is one that never answers."""
