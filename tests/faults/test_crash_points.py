"""Killed outright at each instant that hurts; another takes over; nobody hears us twice, nothing is lost."""

from __future__ import annotations

import re
import signal
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from handoff.models import Handoff
from nurture.cadences.enrolments import enrol, publish
from nurture.engine import dispatching, submitting
from nurture.engine.channels import Reply, SmtpCourier
from nurture.engine.invariants import violations
from nurture.engine.states import ENDED, PlannedState
from nurture.models import Cadence, Enrolment, PlannedTouch, Step, Submission, Touch
from prospects.models import Lead, Suppression
from prospects.stages import Stage
from team.models import User
from tests.cadences import shift_to
from tests.faults import deeds
from tests.faults.planted import everything_goes
from tests.faults.processes import SMTP_TIMEOUT, ended
from tests.faults.questions import Arrived, ask_the_server
from tests.fixtures import NOW
from tests.mail_server import CUT, HANGS_UP, STALLS, MailServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
LEADS = 3
KILLED = -signal.SIGKILL

DISPATCHING = {
    # Where: how many are uncertain then, and how many have arrived at most.
    "before the claim commits": (0, LEADS),
    "after the claim commits": (0, LEADS),
    "after rendering": (0, LEADS),
    "after the submitting commit": (1, LEADS - 1),
    "half of the body": (1, LEADS - 1),
    "after the dot": (1, LEADS),
    "before the result commits": (1, LEADS),
    "in the planner": (1, LEADS),  # the next step is planned with the result, and neither is kept
    "in the reaper": (0, LEADS),
}
BY_PEOPLE = {
    "in the planner",
    "between commit and wake-up",
    "in an import",
    "in a merge",
    "in a handoff",
    "in an unsubscribe",
}
REPLIES = {
    "accepted": (".", "250 OK"),
    **{
        f"{verb}: {what}": (verb, answer)
        for verb in ("MAIL", "RCPT", "DATA", ".")
        for what, answer in (
            ("refused for now", "451 4.3.0 Try again later"),
            ("refused", "554 5.7.1 Not wanted here"),
            ("stalled", STALLS),
            ("dropped", HANGS_UP),
        )
    },
    "RCPT: no such mailbox": ("RCPT", "550 5.1.1 No such mailbox"),
    "cut in the body": ("DATA", CUT),
}
"""What the server says to the first message; to the final dot, a stall and a drop are lost replies."""


def arrivals(mail_server: MailServer) -> list[Arrived]:
    return [
        Arrived(str(message["Message-ID"]), tuple(recipients), str(part.get_content()))
        for message, recipients in zip(mail_server.arrived, mail_server.recipients, strict=True)
        if (part := message.get_body(("plain",))) is not None
    ]


def dispatched(mail_server: MailServer, crash_at: str = "") -> int:
    """Run a dispatcher as a process of its own, once; returns how it ended."""
    return ended(deeds.dispatch_once, port=mail_server.port, crash_at=crash_at)


@pytest.fixture
def make_due(
    make_lead: Callable[..., Lead], dana: User, make_cadence: Callable[..., Cadence]
) -> Callable[..., list[int]]:
    """Plan first emails that are due, each to another person; a second follows in four days."""
    cadence = make_cadence(("email", 0), ("phone", 2), ("email", 2))

    def make(many: int = LEADS) -> list[int]:
        return [
            enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
            .planned.get()
            .pk
            for _ in range(many)
        ]

    return make


@pytest.mark.parametrize("crash_at", DISPATCHING)
def test_killed_there_nothing_is_sent_twice_and_nothing_is_lost(
    make_due: Callable[..., list[int]], mail_server: MailServer, crash_at: str
) -> None:
    uncertain, most_arrived = DISPATCHING[crash_at]
    planned = make_due()
    assert dispatched(mail_server, crash_at) == KILLED
    shift_to(NOW + timedelta(minutes=16))
    assert dispatched(mail_server) == 0
    states = Counter(PlannedTouch.objects.filter(pk__in=planned).values_list("state", flat=True))
    assert (
        states
        == Counter({PlannedState.SENT: LEADS - uncertain, PlannedState.UNCERTAIN: uncertain})
        - Counter()
    )
    assert len(mail_server.arrived) <= most_arrived
    assert not ask_the_server(arrivals(mail_server))
    assert violations() == []


@pytest.mark.parametrize("crash_at", DISPATCHING)
def test_killed_there_whatever_the_server_said(
    make_due: Callable[..., list[int]], mail_server: MailServer, crash_at: str
) -> None:
    """The same with each answer to the first message; who takes over finds the server well again."""
    mail_server.stalls_for = 2 * SMTP_TIMEOUT
    for reply, (verb, answer) in REPLIES.items():
        make_due(2)
        (mail_server.answers if verb == "." else mail_server.earlier[verb])[:] = [answer]
        assert dispatched(mail_server, crash_at) == KILLED, reply
        mail_server.answers.clear()
        for told in mail_server.earlier.values():
            told.clear()
    # Past every lease and the first waits between tries, still in their office hours.
    for minutes in (16, 40, 80):
        shift_to(NOW + timedelta(minutes=minutes))
        assert dispatched(mail_server) == 0
    open_still = PlannedTouch.objects.filter(channel="email", due_at__lt=NOW + timedelta(days=1))
    assert not open_still.exclude(state__in=[*ENDED, PlannedState.UNCERTAIN]).exists()
    heard = PlannedTouch.objects.filter(state__in=(PlannedState.SENT, PlannedState.UNCERTAIN))
    assert heard.count() >= len(REPLIES)
    assert not ask_the_server(arrivals(mail_server))
    assert violations() == []


@pytest.mark.parametrize("crash_at", ["in the planner", "between commit and wake-up"])
def test_an_enrolment_that_was_killed_happens_once(
    make_lead: Callable[..., Lead],
    dana: User,
    make_cadence: Callable[..., Cadence],
    mail_server: MailServer,
    crash_at: str,
) -> None:
    lead, cadence = make_lead(), make_cadence(("email", 0), ("phone", 2))
    do = partial(ended, deeds.enrol_one, lead.pk, cadence.pk, dana.pk)
    assert do(crash_at=crash_at) == KILLED
    assert Enrolment.objects.count() == (crash_at == "between commit and wake-up")
    assert do() == 0
    assert PlannedTouch.objects.count() == 1
    assert dispatched(mail_server) == 0  # no wake-up is needed
    assert len(mail_server.arrived) == 1
    assert violations() == []


@pytest.mark.parametrize(
    ("channel", "outcome"), [("phone", "no_answer"), ("voicemail", "left"), ("email", "sent")]
)
def test_a_call_that_was_being_logged_is_logged_once(
    make_lead: Callable[..., Lead],
    dana: User,
    channel: str,
    outcome: str,
) -> None:
    """What waits for a person: killed while it is written down, their form is sent again."""
    lead = make_lead()
    cadence = Cadence.objects.create(name="By hand", created_at=NOW)
    steps = [
        Step(position=position, channel=channel, after_days=2 * position, performer="person")
        for position in (0, 1)
    ]
    publish(cadence=cadence, steps=steps, by=dana, now=NOW)
    enrol(lead=lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatching.present_to_people()
    do = partial(ended, deeds.log_one, lead.pk, channel, outcome, dana.pk, str(uuid.uuid4()))
    assert do(crash_at="in the planner") == KILLED
    assert Touch.objects.count() == 0
    assert do() == do() == 0
    assert Touch.objects.count() == 1
    assert list(PlannedTouch.objects.order_by("pk").values_list("state", flat=True)) == [
        PlannedState.SENT,
        PlannedState.PENDING,
    ]
    assert violations() == []


def test_an_opt_out_that_was_killed_holds_once_it_is_asked_again(
    make_due: Callable[..., list[int]], mail_server: MailServer
) -> None:
    make_due()
    assert dispatched(mail_server) == 0
    submission = Submission.objects.order_by("pk")[0]
    do = partial(ended, deeds.opt_out_of, submission.pk)
    assert do(crash_at="in an unsubscribe") == KILLED
    assert not Suppression.objects.exists()
    assert do() == do() == 0
    assert Suppression.objects.count() == 1
    assert Touch.objects.filter(outcome="unsubscribed").count() == 1
    assert violations() == []


def test_a_merge_that_was_killed_leaves_two_or_one(
    make_due: Callable[..., list[int]], mail_server: MailServer, dana: User
) -> None:
    make_due()
    first, second = Lead.objects.order_by("pk")[:2]
    do = partial(ended, deeds.merge_two, first.pk, second.pk, dana.pk)
    assert do(crash_at="in a merge") == KILLED
    assert Lead.objects.count() == LEADS
    assert Enrolment.objects.active().count() == LEADS
    assert do() == do() == 0
    assert Lead.objects.count() == LEADS - 1
    assert dispatched(mail_server) == 0
    assert len(mail_server.arrived) == LEADS - 1
    assert not ask_the_server(arrivals(mail_server))
    assert violations() == []


def test_a_handoff_that_was_killed_is_one_or_none(
    qualified_lead: Lead, mail_server: MailServer, dana: User, carol: User
) -> None:
    do = partial(ended, deeds.hand_off_one, qualified_lead.pk, carol.pk, dana.pk)
    assert do(crash_at="in a handoff") == KILLED
    qualified_lead.refresh_from_db()
    assert qualified_lead.stage == Stage.QUALIFIED
    assert do() == do() == 0
    assert Handoff.objects.count() == 1
    assert violations() == []


def test_an_import_that_was_killed_is_all_or_nothing(
    make_due: Callable[..., list[int]], mail_server: MailServer, tmp_path: Path
) -> None:
    make_due()
    lead = Lead.objects.order_by("pk")[0]
    Lead.objects.filter(pk=lead.pk).update(external_id="crm-1")
    file = tmp_path / "touches.csv"
    file.write_text(
        "external_id,lead,channel,outcome,occurred_at\n"
        "t-1,crm-1,phone,no_answer,2026-06-16T10:00:00Z\n"
    )
    do = partial(ended, deeds.import_touches_of, str(file))
    assert do(crash_at="in an import") == KILLED
    assert not Touch.objects.exists()
    assert do() == do() == 0
    assert Touch.objects.count() == 1
    assert dispatched(mail_server) == 0
    assert len(mail_server.arrived) == LEADS
    assert violations() == []


def test_a_reaper_that_tries_again_blindly_is_caught(
    make_due: Callable[..., list[int]], mail_server: MailServer
) -> None:
    """The first planted fault: what was being sent goes back into the queue."""
    make_due()
    assert dispatched(mail_server, "after the dot") == KILLED
    shift_to(NOW + timedelta(minutes=16))
    stuck = PlannedTouch.objects.filter(state=PlannedState.SUBMITTING)
    Submission.objects.filter(planned__in=stuck).update(result="not_sent", closed_at=NOW)
    stuck.update(state=PlannedState.PENDING, lease=None, lease_until=None)
    dispatched(mail_server)
    assert ask_the_server(arrivals(mail_server)).twice


class Racing(SmtpCourier):
    """While the server is talked to, before it says that it waits for the body, they opt out."""

    def announce(self, *, sender: str, recipient: str) -> Reply | None:
        lead = Lead.objects.get(contact__email_key=recipient)
        assert ended(deeds.opt_out_by_word, lead.pk) == 0
        return super().announce(sender=sender, recipient=recipient)


def test_an_opt_out_that_comes_in_between_is_heard(
    make_due: Callable[..., list[int]], mail_server: MailServer
) -> None:
    make_due()
    assert dispatching.dispatch([Racing()])[PlannedState.SKIPPED] == LEADS
    assert not mail_server.arrived
    assert violations() == []


def test_gates_that_are_asked_outside_the_lock_are_caught(
    make_due: Callable[..., list[int]], mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second planted fault: what was decided before the opt-out counts after it."""
    monkeypatch.setattr(submitting, "verdict_on", everything_goes)
    make_due()
    dispatching.dispatch([Racing()])
    assert len(mail_server.arrived) == LEADS
    assert [found.what for found in violations()] == [
        "submitted to an address after it was suppressed"
    ]


def test_the_points_are_all_in_the_code_and_all_tested() -> None:
    """A crash point that nobody passes would be a test that can not fail; one that nobody tests, a gap."""

    def sources(*folders: str) -> list[str]:
        files = [path for name in folders for path in (settings.BASE_DIR / name).rglob("*.py")]
        return [path.read_text() for path in files]

    code = "\n".join(sources("nurture", "handoff", "tests/faults"))
    passed = set(re.findall(r'passing\(\s*"([^"]+)"', code))
    assert set(DISPATCHING) | BY_PEOPLE <= passed
    tests = "\n".join(sources("tests"))
    assert {point for point in passed if f'"{point}"' not in tests} == set()
