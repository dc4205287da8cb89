"""The processes of the injector: dispatchers, beats, a worker, people. Each runs until it is killed."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from celery.signals import task_failure
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.transaction import TransactionManagementError
from redis.exceptions import RedisError

from leadflow.celery import app
from nurture.engine.dispatching import dispatch
from tests.faults.planted import PLANTED
from tests.faults.settings import FAULTS_FOLDER
from tests.faults.world import People

FASTER = 10.0
"""Beat rings so much more often than in production."""


def is_away(wrong: BaseException) -> bool:
    """A service is gone, or two waited for each other: the process ends, and is started anew."""
    away = (OperationalError, InterfaceError, RedisError, ConnectionError)
    # psycopg2 says no more of a server that went away in the middle of an answer.
    if isinstance(wrong, TransactionManagementError):  # said on the way out of what was interrupted
        return wrong.__context__ is not None and is_away(wrong.__context__)
    return isinstance(wrong, away) or type(wrong) is DatabaseError


def act(role: str, seed: int, planted: str) -> None:
    """Be one of ROLES until killed. What breaks otherwise is written down for the report."""
    if planted:
        PLANTED[planted]()
    try:
        ROLES[role](seed)
    except Exception as wrong:  # noqa: BLE001 - written down, and the injector fails for it
        if not is_away(wrong):
            write_down(role, wrong)
        sys.exit(1)


def write_down(role: str, wrong: BaseException) -> None:
    with (FAULTS_FOLDER / "errors.log").open("a") as log:
        log.write(f"== {role}\n{''.join(traceback.format_exception(wrong))}\n")


def be_dispatcher(seed: int) -> None:
    settings.MAIL_CONNECTIONS = 2
    while True:
        dispatch()
        time.sleep(0.3)


def be_people(seed: int) -> None:
    folder: Path = FAULTS_FOLDER
    done: dict[str, int] = {}
    people = People(random.Random(seed), folder / "arrivals", done)  # noqa: S311 - no secret
    with (folder / "deeds.log").open("a", buffering=1) as log:
        while True:
            done.clear()
            people.do_something()
            log.writelines(f"{name}\n" for name in done)
            time.sleep(people.chance.expovariate(20))


def be_beat(seed: int) -> None:
    entries = app.conf.beat_schedule
    app.conf.beat_schedule = {
        name: {
            **entry,
            "schedule": entry["schedule"] / FASTER,
            "options": {"expires": max(1.0, entry["options"]["expires"] / FASTER)},
        }
        for name, entry in entries.items()
        if isinstance(entry["schedule"], float)
    }
    app.Beat(loglevel="CRITICAL", quiet=True).run()


def be_worker(seed: int) -> None:
    @task_failure.connect(weak=False)
    def _failed(exception: BaseException, **_more: object) -> None:
        if not is_away(exception):
            write_down("worker", exception)

    app.worker_main(
        [
            *("--quiet", "worker", "--pool=solo", "--loglevel=CRITICAL"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            f"--hostname=faults-{seed}",
        ]
    )


ROLES: dict[str, Callable[[int], None]] = {
    "dispatcher": be_dispatcher,
    "people": be_people,
    "beat": be_beat,
    "worker": be_worker,
}
