"""Anything in any order, one after the other: after each step every invariant holds.

Hypothesis looks for the shortest story that breaks one. What happens at the same time, and what dies
in between, is the injector's matter.
"""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from nurture.engine.channels import Reply, SmtpCourier
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import INVARIANTS, violations
from nurture.engine.states import ENDED, PlannedState
from nurture.models import Engine, Enrolment, PlannedTouch
from nurture.tasks import dispatch_due, plan_changed
from tests.cadences import shift_to
from tests.faults import world
from tests.faults.questions import ask_the_server
from tests.faults.test_crash_points import arrivals
from tests.mail_server import CUT, HANGS_UP, MailServer

pytestmark = pytest.mark.django_db
LEADS = 4
CHANCE = st.randoms(use_true_random=False)
TIMES = st.sampled_from(
    [timedelta(minutes=3), timedelta(minutes=20), timedelta(hours=3), timedelta(days=1)]
)
ANSWERS = st.sampled_from(
    [("250 OK", ""), ("451 Later", ""), ("554 No", ""), (HANGS_UP, ""), ("", CUT)]
)


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Dying(SmtpCourier):
    """Dies at the first body: before it, or once it is on its way."""

    def __init__(self, *, sends: bool) -> None:
        super().__init__()
        self.sends = sends

    def transmit(self, message: bytes) -> Reply:
        if self.sends:
            super().transmit(message)
        raise Killed


class Program(RuleBasedStateMachine):
    """Leads in a cadence, people, a dispatcher, a mail server, and time."""

    mail_server: MailServer
    """Set by the test: one server for all stories."""
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.mail_server.arrived.clear()
        self.mail_server.recipients.clear()
        self.now = world.START
        shift_to(self.now)
        world.build(LEADS)
        self.file = self.folder / "arrivals"
        self.people = world.People(random.Random(0), self.file, {})  # noqa: S311 - repeatable on purpose

    def teardown(self) -> None:
        try:
            self.come_to_an_end()
        finally:
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)
            # What was set for the session was rolled back with it.
            connection.ensure_connection()

    @rule(chance=CHANCE, which=st.integers(0, 19))
    def somebody_does_something(self, chance: random.Random, which: int) -> None:
        self.file.write_text("\n".join(str(m["Message-ID"]) for m in self.mail_server.arrived))
        self.people.chance = chance
        self.people.attempt(list(self.people.deeds)[which])

    @rule(answer=ANSWERS)
    def dispatch(self, answer: tuple[str, str]) -> None:
        said, to_data = answer
        if said:
            self.mail_server.answers[:] = [said]
        self.mail_server.earlier["DATA"][:] = [to_data] if to_data else []
        dispatch()

    @rule(sends=st.booleans())
    def a_dispatcher_dies(self, sends: bool) -> None:
        courier = Dying(sends=sends)
        try:
            dispatch([courier])
        except Killed:
            courier.abandon()

    @rule(by=TIMES)
    def time_passes(self, by: timedelta) -> None:
        self.now += by
        shift_to(self.now)

    @rule()
    def the_clock_rings(self) -> None:
        plan_changed()
        dispatch_due()

    @invariant()
    def nothing_is_broken(self) -> None:
        late = {what for what in INVARIANTS if what.startswith("stuck")}
        assert [found for found in violations() if found.what not in late] == []
        assert not ask_the_server(arrivals(self.mail_server))

    def come_to_an_end(self) -> None:
        self.mail_server.answers.clear()
        self.mail_server.earlier["DATA"].clear()
        Engine.objects.update(paused_at=None, paused_by=None, why="")
        Enrolment.objects.active().update(paused_at=None)
        for _ in range(40):
            dispatch_due()
            by_machine = PlannedTouch.objects.filter(performer="machine")
            if not by_machine.exclude(state__in=[*ENDED, PlannedState.UNCERTAIN]).exists():
                break
            self.time_passes(timedelta(hours=5))
        dispatch_due()  # what the last mails brought people to do
        assert violations() == []
        assert not ask_the_server(arrivals(self.mail_server))


def test_whatever_happens_in_whatever_order(mail_server: MailServer, tmp_path: Path) -> None:
    Program.mail_server, Program.folder = mail_server, tmp_path
    run_state_machine_as_test(
        Program,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            derandomize=True,  # the same stories each time; `make faults` is for those nobody thought of
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
