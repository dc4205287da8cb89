"""A dispatcher killed outright at each instant that hurts; another takes over; nobody hears us twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings

from nurture.cadences.enrolments import enrol
from nurture.engine import dispatching
from nurture.engine.invariants import violations
from nurture.engine.states import PlannedState
from nurture.models import Cadence, PlannedTouch, Submission
from prospects.models import Lead
from team.models import User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
LEADS = 3


def dispatcher(mail_server: MailServer, crash_at: str = "") -> int:
    """Run `manage.py dispatch` as a process of its own; returns how it ended."""
    return subprocess.run(
        [sys.executable, "manage.py", "dispatch"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
            "LEADFLOW_CRASH_AT": crash_at,
        },
        check=False,
        timeout=60,
    ).returncode


@pytest.fixture
def planned(
    make_lead: Callable[..., Lead], dana: User, make_cadence: Callable[..., Cadence]
) -> list[int]:
    """Three first emails that are due, each to another person."""
    cadence = make_cadence(("email", 0), ("phone", 2))
    for _ in range(LEADS):
        enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    return list(PlannedTouch.objects.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("crash_at", "uncertain", "most_arrived"),
    [
        ("before the claim commits", 0, LEADS),
        ("after the claim commits", 0, LEADS),
        ("after rendering", 0, LEADS),
        ("after the submitting commit", 1, LEADS - 1),
        ("half of the body", 1, LEADS - 1),
        ("after the dot", 1, LEADS),
        ("before the result commits", 1, LEADS),
        ("in the reaper", 0, LEADS),
    ],
)
def test_killed_there_nothing_is_sent_twice_and_nothing_is_lost(
    planned: list[int], mail_server: MailServer, crash_at: str, uncertain: int, most_arrived: int
) -> None:
    assert dispatcher(mail_server, crash_at) == -signal.SIGKILL
    shift_to(NOW + timedelta(minutes=16))
    assert dispatcher(mail_server) == 0
    states = Counter(PlannedTouch.objects.filter(pk__in=planned).values_list("state", flat=True))
    assert (
        states
        == Counter({PlannedState.SENT: LEADS - uncertain, PlannedState.UNCERTAIN: uncertain})
        - Counter()
    )
    assert not mail_server.twice()
    ids = [message["Message-ID"] for message in mail_server.arrived]
    assert len(ids) <= most_arrived
    accepted = set(
        Submission.objects.filter(result="accepted").values_list("message_id", flat=True)
    )
    assert accepted <= set(ids)
    assert violations() == []


def test_a_reaper_that_tries_again_blindly_is_caught(
    planned: list[int], mail_server: MailServer
) -> None:
    """The first planted fault: what was being sent goes back into the queue."""
    assert dispatcher(mail_server, "after the dot") == -signal.SIGKILL
    shift_to(NOW + timedelta(minutes=16))
    stuck = PlannedTouch.objects.filter(state=PlannedState.SUBMITTING)
    Submission.objects.filter(planned__in=stuck).update(result="not_sent", closed_at=NOW)
    stuck.update(state=PlannedState.PENDING, lease=None, lease_until=None)
    dispatcher(mail_server)
    assert mail_server.twice()


def test_the_points_are_all_in_the_code() -> None:
    """A crash point that nobody passes would be a test that can not fail."""
    named = {"before the claim commits", "after the claim commits", "in the reaper"}
    source = (settings.BASE_DIR / "nurture" / "engine" / "dispatching.py").read_text()
    assert all(f'passing("{point}")' in source for point in named)
    assert dispatching.BATCH >= LEADS
