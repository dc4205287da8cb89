"""Many touches due at once: decided in sets, whatever becomes of each, and sent by several connections."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from nurture.actions import plan_next
from nurture.cadences.enrolments import enrol
from nurture.engine import dispatching
from nurture.engine.channels import SmtpCourier
from nurture.engine.deciding import decide_batch
from nurture.engine.dispatching import claim, dispatch
from nurture.engine.invariants import violations
from nurture.models import Cadence, Enrolment, PlannedTouch
from prospects.actions import change_stage, locked
from prospects.models import Contact, Lead
from prospects.stages import Disqualification, Stage
from team.models import User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
MakeLead = Callable[..., Lead]


@pytest.fixture
def cadence(make_cadence: Callable[..., Cadence]) -> Cadence:
    return make_cadence(("email", 0), ("phone", 2))


@pytest.fixture
def plan(make_lead: MakeLead, dana: User, cadence: Cadence) -> Callable[[int], list[PlannedTouch]]:
    """So many more leads, each with its first email due."""

    def make(count: int) -> list[PlannedTouch]:
        return [
            enrol(
                lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2)
            ).planned.get()
            for _lead in range(count)
        ]

    return make


def _forget_name(planned: PlannedTouch) -> None:
    Contact.objects.filter(pk=planned.contact_id).update(first_name="")


def _move_away(planned: PlannedTouch) -> None:
    Contact.objects.filter(pk=planned.contact_id).update(timezone="Asia/Tokyo")


def _leave(planned: PlannedTouch) -> None:
    """As a step of prospects does, which knows nothing of cadences."""
    change_stage(
        lead=locked(planned.lead),
        to_stage=Stage.DISQUALIFIED,
        now=NOW,
        by=None,
        reason=Disqualification.NO_NEED,
    )


def _miss(planned: PlannedTouch) -> None:
    PlannedTouch.objects.filter(pk=planned.pk).update(not_after=NOW - timedelta(minutes=1))


def _nothing(planned: PlannedTouch) -> None:
    pass


WORLDS = {
    _forget_name: ("skipped", "nothing is known for: first name", "phone"),
    _move_away: ("pending", "outside their hours", "email"),
    _miss: ("pending", "its time had passed: planned anew", "email"),
    _leave: ("cancelled", "the lead is disqualified", ""),
    _nothing: ("sent", "", "phone"),
}
"""What happens to a lead: the state its touch comes to, why, and the channel of what is next."""


def test_each_of_a_batch_comes_to_its_own_end_with_what_follows(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    planned_touches = plan(2 * len(WORLDS))
    worlds = dict(zip(planned_touches, [*WORLDS, *WORLDS], strict=True))
    for planned, happens in worlds.items():
        happens(planned)
    dispatch()
    for planned, happens in worlds.items():
        planned.refresh_from_db()
        state, reason, channel = WORLDS[happens]
        assert planned.state == state
        assert reason in planned.reason
        planned.lead.refresh_from_db()
        assert planned.lead.next_touch_channel == channel
    assert len(mail_server.arrived) == 2
    assert violations() == []


def test_the_plan_of_each_is_the_one_that_is_made_for_it_alone(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    planned_touches = plan(len(WORLDS))
    for planned, happens in zip(planned_touches, WORLDS, strict=True):
        happens(planned)
    dispatch()
    for planned in planned_touches:
        lead = Lead.objects.get(pk=planned.lead_id)
        before = (lead.next_touch_at, lead.next_touch_channel, lead.next_touch_why)
        plan_next(lead=lead, now=NOW)
        assert (lead.next_touch_at, lead.next_touch_channel, lead.next_touch_why) == before


def test_more_touches_are_no_more_queries(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    counts = []
    for more in (1, 6):
        for happens in (_forget_name, _move_away, _miss, _leave):
            for planned in plan(more):
                happens(planned)
        with CaptureQueriesContext(connection) as queries:
            decide_batch(claim())
        counts.append(len(queries))
        shift_to(NOW + timedelta(seconds=1))
    assert counts[0] == counts[1]
    assert counts[0] <= 32


def test_what_comes_to_nothing_is_left_to_others(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    plan(2)
    claims = claim()
    PlannedTouch.objects.filter(pk=claims[0].pk).update(
        state="pending", lease=None, lease_until=None
    )
    done = dispatching.carry_out(claims, [SmtpCourier()])
    assert done["sent"] == 1
    assert len(mail_server.arrived) == 1


def test_what_a_slow_server_leaves_no_time_for_is_put_back(
    plan: Callable[[int], list[PlannedTouch]],
    mail_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (planned,) = plan(1)
    was_due = planned.due_at
    monkeypatch.setattr(dispatching, "SENDING_FOR", timedelta(0))
    assert dispatching.carry_out(claim(), [SmtpCourier()])["pending"] == 1
    planned.refresh_from_db()
    assert planned.state == "pending"
    assert planned.due_at == was_due
    assert mail_server.arrived == []


@pytest.mark.django_db(transaction=True)
def test_several_connections_send_each_once(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer, settings: Settings
) -> None:
    settings.MAIL_CONNECTIONS = 3
    plan(9)
    assert dispatch()["sent"] == 9
    assert len(mail_server.arrived) == 9
    assert mail_server.twice() == []
    assert not PlannedTouch.objects.filter(state__in=("claimed", "submitting")).exists()
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_somebody_holds_comes_after_the_others(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    held, free = plan(2)
    for planned in (held, free):
        _forget_name(planned)
    claims = claim()
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM prospects_lead WHERE id = %s FOR UPDATE", [held.lead_id])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            decide_batch(claims)
        free.refresh_from_db()
        assert free.state == "skipped"  # it did not wait for the other
        other.rollback()
        decide_batch(claims)
        held.refresh_from_db()
        assert held.state == "skipped"
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
    assert Enrolment.objects.active().count() == 2
    assert violations() == []


GROWS = (
    *("nurture_plannedtouch", "nurture_submission", "nurture_stateevent", "nurture_touch"),
    *("nurture_enrolment", "prospects_lead", "prospects_contact", "prospects_company"),
)
"""Tables that have a row for whatever happened: no tick may read one of them whole."""


def test_a_tick_asks_indexes_however_much_lies_behind(
    plan: Callable[[int], list[PlannedTouch]], mail_server: MailServer
) -> None:
    for happens in WORLDS:
        for planned in plan(1):
            happens(planned)
    with CaptureQueriesContext(connection) as queries:
        dispatch()
    asked = [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].split()[0] in ("SELECT", "UPDATE", "WITH")
    ]
    read_whole = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # but for where there is no other way
        for question in asked:
            cursor.execute(f"EXPLAIN {question}")
            steps = [step for (step,) in cursor.fetchall()]
            read_whole += [
                (step.strip(), question)
                for step in steps
                if any(f"Seq Scan on {table}" in step for table in GROWS)
            ]
    assert len(asked) > 40
    assert read_whole == []
