"""Why, and why not: the page of one planned touch, and what was planned for a lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from nurture.actions import log_touch, suppress
from nurture.cadences.enrolments import enrol, pause_enrolment, stop_enrolment
from nurture.engine.dispatching import dispatch
from nurture.engine.gates import GATES
from nurture.models import Cadence, PlannedTouch
from nurture.trace.asking import Answer
from nurture.trace.reads import Trace
from prospects.models import Lead
from team.models import User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeCadence = Callable[..., Cadence]


@pytest.fixture
def planned(dana: User, make_cadence: MakeCadence, raw_lead: Lead) -> PlannedTouch:
    """A mail that is planned for half past nine of the next working day."""
    cadence = make_cadence(("email", 1), ("phone", 2), ("email", 1))
    return enrol(lead=raw_lead, cadence=cadence, by=dana, now=NOW, why="asked").planned.get()


def trace(client: Client, planned: PlannedTouch) -> Trace:
    answer = client.get(f"/planned/{planned.pk}/")
    assert answer.status_code == 200
    found: Trace = answer.context["trace"]
    return found


def answers(found: Trace) -> dict[str, tuple[str, str]]:
    return {each.question: (each.answer, each.why) for each in (*found.standing, *found.gates)}


def test_what_goes_says_when_and_who_planned_it(
    dana: User, as_user: AsUser, planned: PlannedTouch, mail_server: MailServer
) -> None:
    found = trace(as_user(dana), planned)
    assert found.verdict == "It comes tomorrow, 9:30 a.m. their time at the earliest."
    assert [each.answer for each in found.gates][:-1] == [Answer.YES] * (len(GATES) - 1)
    assert [each.question for each in found.gates] == [str(gate.question) for gate in GATES]
    assert (found.cadence, found.version, found.step) == ("First contact", 1, 1)
    assert (found.why, found.enrolled_by) == ("asked", "Dana Whitfield")
    assert [move.state for move in found.moves] == ["Planned"]


def test_what_was_sent_says_how(
    dana: User, as_user: AsUser, planned: PlannedTouch, mail_server: MailServer
) -> None:
    shift_to(planned.due_at + timedelta(minutes=1))
    dispatch()
    found = trace(as_user(dana), planned)
    assert [move.state for move in found.moves] == [
        "Sent",
        "Being sent",
        "Being prepared",
        "Planned",
    ]
    (tried,) = found.tries
    assert (tried.result, tried.subject, tried.version) == ("Accepted", "Drives at Halden Paper", 1)
    assert tried.reply.startswith("250")
    assert not found.gates


def test_all_that_stands_in_the_way_is_said_not_only_the_first(
    dana: User, as_user: AsUser, planned: PlannedTouch
) -> None:
    assert planned.contact.email_key
    suppress(contact=planned.contact, channel="email", now=NOW)
    evening = NOW + timedelta(hours=9)
    shift_to(evening)
    found = trace(as_user(dana), planned)
    assert found.verdict == "As things are it will not be made: asked us not to."
    said = answers(found)
    assert said["Is there an address that works and may be used?"] == ("no", "asked us not to")
    assert said["Is it within their hours, on a working day there?"][0] == "later"
    assert said["Is mail set up, and running?"][0] == "later"
    assert said["Has its time come?"][0] == "later"


def test_an_empty_field_is_named(dana: User, as_user: AsUser, planned: PlannedTouch) -> None:
    planned.contact.first_name = ""
    planned.contact.save()
    said = answers(trace(as_user(dana), planned))
    assert said["Is every field filled in, and every claim true?"] == (
        "no",
        "nothing is known for: first name",
    )


def test_what_is_paused_waits_for_whoever_resumes_it(
    dana: User, as_user: AsUser, planned: PlannedTouch, mail_server: MailServer
) -> None:
    pause_enrolment(enrolment=planned.enrolment, by=dana, now=NOW)
    found = trace(as_user(dana), planned)
    assert found.verdict.startswith("It waits until somebody resumes what is held")
    assert answers(found)["Is it running for this lead?"][0] == "later"


def test_a_call_asks_what_binds_a_person(
    dana: User, as_user: AsUser, make_cadence: MakeCadence, raw_lead: Lead
) -> None:
    cadence = make_cadence(("phone", 0), ("phone", 1))
    planned = enrol(lead=raw_lead, cadence=cadence, by=dana, now=NOW).planned.get()
    dispatch()
    client = as_user(dana)
    found = trace(client, planned)
    assert found.verdict == "It waits for a person, who may do it now."
    assert len(found.gates) == 3
    log_touch(lead=raw_lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    found = trace(client, planned)
    assert (found.state, found.is_ended) == ("Sent", True)


def test_what_was_stopped_says_by_whom(dana: User, as_user: AsUser, planned: PlannedTouch) -> None:
    stop_enrolment(enrolment=planned.enrolment, by=dana, now=NOW, why="they moved")
    found = trace(as_user(dana), planned)
    assert (found.moves[0].state, found.moves[0].by) == ("Cancelled", "Dana Whitfield")
    assert found.moves[0].why == "they moved"


def test_what_comes_is_dated(dana: User, as_user: AsUser, planned: PlannedTouch) -> None:
    answer = as_user(dana).get(f"/leads/{planned.lead_id}/planned/")
    page = answer.context["page"]
    assert [row.pk for row in page.rows] == [planned.pk]
    # Thursday the 18th; the 19th is a holiday (Juneteenth), so two working days on is Tuesday.
    assert [(each.channel, str(each.on)) for each in page.ahead] == [
        ("Call", "2026-06-23"),
        ("Email", "2026-06-24"),
    ]
    said = as_user(dana).get(f"/leads/{planned.lead_id}/").content.decode()
    assert f'href="/planned/{planned.pk}/"' in said
    assert "call Jun 23" in said


def test_before_anything_is_planned_the_page_says_what_to_do(
    dana: User, as_user: AsUser, raw_lead: Lead
) -> None:
    said = as_user(dana).get(f"/leads/{raw_lead.pk}/planned/").content.decode()
    assert "Nothing was planned yet" in said


def test_only_who_sees_the_lead_sees_it(
    sam: User, charlie: User, as_user: AsUser, planned: PlannedTouch
) -> None:
    for person in (sam, charlie):
        client = as_user(person)
        assert client.get(f"/planned/{planned.pk}/").status_code == 404
        assert client.get(f"/leads/{planned.lead_id}/planned/").status_code == 404


def test_a_long_history_costs_no_more_queries(
    dana: User,
    as_user: AsUser,
    planned: PlannedTouch,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(dana)
    client.get(f"/planned/{planned.pk}/")
    with django_assert_max_num_queries(14) as first:
        client.get(f"/planned/{planned.pk}/")
    with django_assert_max_num_queries(7) as listed:
        client.get(f"/leads/{planned.lead_id}/planned/")
    until = timezone.now() + timedelta(minutes=5)
    for number in range(10):
        lease = f"00000000-0000-0000-0000-{number:012}"
        for columns in (
            {"state": "claimed", "lease": lease, "lease_until": until},
            {"state": "pending", "lease": None, "lease_until": None},
        ):
            PlannedTouch.objects.filter(pk=planned.pk).update(**columns)
    with django_assert_num_queries(len(first)):
        client.get(f"/planned/{planned.pk}/")
    with django_assert_num_queries(len(listed)):
        client.get(f"/leads/{planned.lead_id}/planned/")
