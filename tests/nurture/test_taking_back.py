"""What is taken back or stopped while a cadence goes on: each step is made once, and in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Q

from nurture.actions import log_touch, take_back_touch
from nurture.cadences.enrolling import stop
from nurture.cadences.enrolments import enrol
from nurture.engine.channels import Reply, SmtpCourier
from nurture.engine.clock import engine_now
from nurture.engine.dispatching import claim, dispatch
from nurture.engine.invariants import violations
from nurture.models import Cadence, Enrolment, PlannedTouch
from prospects.models import Lead
from team.models import User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

SECOND = timedelta(seconds=1)


@pytest.fixture
def called(nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]) -> Enrolment:
    """A call is due; a mail follows on the same day, at a time that is past already."""
    cadence = make_cadence(("phone", 0), ("email", 0), ("phone", 2))
    enrolment = enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    return enrolment


def steps(enrolment: Enrolment) -> list[tuple[str, int, str]]:
    planned = enrolment.planned.order_by("pk")
    return list(planned.values_list("channel", "occurrence", "state"))


@pytest.mark.django_db
@pytest.mark.usefixtures("posting_address", "clock_at_now")
class TestTakenBack:
    def test_and_logged_again_what_follows_is_planned_again(
        self, called: Enrolment, dana: User
    ) -> None:
        lead = called.lead
        for _ in range(2):
            touch = log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
            take_back_touch(touch=touch, by=dana, now=NOW + SECOND)
            dispatch()
        log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW + 2 * SECOND)
        assert steps(called) == [
            ("phone", 1, "sent"),
            ("email", 1, "cancelled"),
            ("phone", 2, "sent"),
            ("email", 2, "cancelled"),
            ("phone", 3, "sent"),
            ("email", 3, "pending"),
        ]

    def test_while_a_dispatcher_makes_the_next_ready(
        self, called: Enrolment, dana: User, mail_server: MailServer
    ) -> None:
        touch = log_touch(lead=called.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
        assert len(claim()) == 1
        take_back_touch(touch=touch, by=dana, now=NOW + SECOND)
        assert steps(called)[1:] == [("email", 1, "cancelled"), ("phone", 2, "pending")]
        dispatch()
        assert violations() == []

    def test_once_the_next_mail_is_out_the_cadence_stays_where_it_is(
        self, called: Enrolment, dana: User, mail_server: MailServer
    ) -> None:
        touch = log_touch(lead=called.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
        dispatch()
        assert len(mail_server.arrived) == 1
        take_back_touch(touch=touch, by=dana, now=NOW + SECOND)
        assert steps(called) == [
            ("phone", 1, "sent"),
            ("email", 1, "sent"),
            ("phone", 1, "pending"),
        ]
        assert violations() == []


class Overtaken(SmtpCourier):
    """A colleague's reply stops the cadence while the server's answer is written down."""

    def __init__(self, enrolment: Enrolment) -> None:
        super().__init__()
        self.enrolment = enrolment
        self.has_stopped = threading.Event()
        self.thread = threading.Thread(target=self.stop)

    def stop(self) -> None:
        with transaction.atomic():
            stop(Q(pk=self.enrolment.pk), Enrolment.End.COLLEAGUE, now=engine_now())
            self.has_stopped.set()
            threading.Event().wait(0.5)
        connection.close()

    def transmit(self, message: bytes) -> Reply:
        reply = super().transmit(message)
        self.thread.start()
        assert self.has_stopped.wait(10)
        return reply


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("posting_address", "clock_at_now")
def test_nothing_is_planned_in_what_a_colleague_stopped_meanwhile(
    nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence], mail_server: MailServer
) -> None:
    cadence = make_cadence(("email", 0), ("phone", 2))
    enrolment = enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    courier = Overtaken(enrolment)
    dispatch([courier])
    courier.thread.join()
    assert PlannedTouch.objects.get().state == "sent"
    assert violations() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("posting_address", "clock_at_now")
def test_a_clock_that_goes_back_in_between_loses_no_answer(
    nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence], mail_server: MailServer
) -> None:
    """Found by the injector: what began at noon was refused when it ended at eleven."""

    class Late(SmtpCourier):
        def transmit(self, message: bytes) -> Reply:
            shift_to(NOW - timedelta(hours=1))
            return super().transmit(message)

    cadence = make_cadence(("email", 0), ("phone", 2))
    enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    assert dispatch([Late()])["sent"] == 1
    assert violations() == []
