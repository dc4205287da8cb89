"""Letters under faults: killed before a batch commits, killed between two touches, two people at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection

from nurture.engine.invariants import violations
from nurture.letters.actions import make_batch, mark_posted, write_down
from nurture.models import Enrolment, Letter, PlannedTouch, PrintBatch, Touch
from team.models import User
from tests.fixtures import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
PRINT = """
from django.db import connection
from nurture.engine.clock import engine_now
from nurture.letters.actions import make_batch
from team.models import User
make_batch(channel="letter", by=User.objects.get(name="Dana Whitfield"), now=engine_now())
"""


def killed(crash_at: str, *command: str) -> int:
    """Run a command as a process of its own that dies outright at a point; returns how it ended."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LEADFLOW_CRASH_AT": crash_at,
        },
        check=False,
        capture_output=True,
        timeout=60,
    ).returncode


def test_killed_before_the_batch_commits_there_is_no_batch_and_no_letter_lost(
    due_letter: Callable[..., Enrolment], dana: User
) -> None:
    for _ in range(3):
        due_letter()
    crashed = killed("before a print batch commits", "shell", "-c", PRINT)
    assert crashed == -signal.SIGKILL
    assert not PrintBatch.objects.exists()
    assert set(PlannedTouch.objects.values_list("state", flat=True)) == {"pending"}
    made = make_batch(channel="letter", by=dana, now=NOW).batch
    assert made is not None
    assert made.size == 3
    assert violations() == []


def test_killed_between_two_touches_each_letter_is_told_once(batch: PrintBatch, dana: User) -> None:
    mark_posted(
        batch=batch, posted_on=NOW.date(), cost_each=Decimal(1), expected=3, by=dana, now=NOW
    )
    assert killed("between two letters that are written down", "dispatch") == -signal.SIGKILL
    assert Touch.objects.filter(outcome="posted").count() == 0
    assert killed("", "dispatch") == 0
    assert Touch.objects.filter(outcome="posted").count() == 3
    assert write_down(now=NOW) == 0
    assert set(batch.letters.values_list("planned__state", flat=True)) == {"sent"}
    assert violations() == []


def at_once(*acts: Callable[[], object]) -> None:
    """Run them in threads that begin together, each with a connection of its own."""
    together = threading.Barrier(len(acts))
    wrong: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            together.wait()
            act()
        except BaseException as error:  # noqa: BLE001 - told by the test that began it
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_two_people_who_press_at_once_get_different_letters(
    due_letter: Callable[..., Enrolment], dana: User
) -> None:
    for _ in range(6):
        due_letter()

    def press() -> None:
        make_batch(channel="letter", by=dana, now=NOW, most=3)

    at_once(press, press)
    assert sorted(PrintBatch.objects.values_list("size", flat=True)) in ([3, 3], [3])
    assert Letter.objects.values("planned").distinct().count() == Letter.objects.count()
    assert violations() == []


def test_what_is_written_down_by_many_at_once_is_written_once(
    batch: PrintBatch, dana: User
) -> None:
    mark_posted(batch=batch, posted_on=NOW.date(), cost_each=None, expected=3, by=dana, now=NOW)
    at_once(*[lambda: write_down(now=NOW)] * 3)
    assert Touch.objects.filter(outcome="posted").count() == 3
    assert violations() == []
