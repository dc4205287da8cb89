"""The steps that people do: in Today when due, closed by logging them, stopped by what is said."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from nurture.actions import disqualify, log_touch, take_back_touch
from nurture.cadence import Rank
from nurture.cadences.enrolments import answer_not_now, enrol, publish
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.models import Cadence, Enrolment, PlannedTouch, Step
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import User
from tests.cadences import shift_to, template
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]


@pytest.fixture
def enrolment(nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]) -> Enrolment:
    cadence = make_cadence(("phone", 0), ("voicemail", 0), ("letter", 2))
    return enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))


def states(enrolment: Enrolment) -> list[tuple[str, str]]:
    return list(enrolment.planned.order_by("pk").values_list("channel", "state"))


def test_what_is_due_is_in_today_and_logging_it_plans_the_next(
    enrolment: Enrolment, dana: User
) -> None:
    lead = enrolment.lead
    assert dispatch()["awaiting_human"] == 1
    lead.refresh_from_db()
    assert (lead.next_touch_channel, lead.next_touch_rank) == ("phone", Rank.CADENCE)
    log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    assert states(enrolment) == [("phone", "sent"), ("voicemail", "pending")]
    lead.refresh_from_db()
    assert lead.next_touch_channel == "voicemail"
    dispatch()
    assert violations() == []


def test_another_channel_does_not_close_it(enrolment: Enrolment, dana: User) -> None:
    dispatch()
    log_touch(lead=enrolment.lead, channel="email", outcome="sent", by=dana, now=NOW)
    assert states(enrolment) == [("phone", "awaiting_human")]


def test_taken_back_it_is_due_again(enrolment: Enrolment, dana: User) -> None:
    dispatch()
    touch = log_touch(lead=enrolment.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    take_back_touch(touch=touch, by=dana, now=NOW + timedelta(seconds=10))
    assert states(enrolment) == [
        ("phone", "sent"),
        ("voicemail", "cancelled"),
        ("phone", "pending"),
    ]
    dispatch()
    assert violations() == []


@pytest.mark.parametrize(
    ("channel", "outcome", "end"),
    [
        ("phone", "conversation", "conversation"),
        ("phone", "callback_requested", "conversation"),
        ("email", "replied", "reply"),
        ("meeting", "held", "meeting"),
    ],
)
def test_what_they_say_stops_it_on_every_channel(
    enrolment: Enrolment, dana: User, channel: str, outcome: str, end: str
) -> None:
    dispatch()
    log_touch(lead=enrolment.lead, channel=channel, outcome=outcome, by=dana, now=NOW)
    enrolment.refresh_from_db()
    assert enrolment.end == end
    assert states(enrolment) == [("phone", "cancelled")]


@pytest.mark.parametrize(
    ("channel", "outcome"),
    [("email", "auto_reply"), ("phone", "gatekeeper"), ("web", "visited"), ("email", "bounced")],
)
def test_what_nobody_said_stops_nothing(
    enrolment: Enrolment, dana: User, channel: str, outcome: str
) -> None:
    dispatch()
    log_touch(lead=enrolment.lead, channel=channel, outcome=outcome, by=dana, now=NOW)
    enrolment.refresh_from_db()
    assert enrolment.ended_at is None


def test_an_automatic_reply_parks_it_for_five_working_days(
    enrolment: Enrolment, dana: User
) -> None:
    dispatch()
    log_touch(lead=enrolment.lead, channel="email", outcome="auto_reply", by=dana, now=NOW)
    planned = enrolment.planned.get()
    assert (planned.state, planned.reason) == ("pending", "an automatic reply came")
    assert planned.due_on.isoformat() == "2026-06-25"  # Juneteenth lies between
    enrolment.lead.refresh_from_db()
    assert enrolment.lead.next_touch_at == planned.due_at


def test_an_automatic_reply_parks_what_a_dispatcher_has_just_claimed(
    enrolment: Enrolment, dana: User
) -> None:
    enrolment.planned.update(
        state="claimed", lease=uuid.uuid4(), lease_until=NOW + timedelta(minutes=5)
    )
    log_touch(lead=enrolment.lead, channel="email", outcome="auto_reply", by=dana, now=NOW)
    planned = enrolment.planned.get()
    assert (planned.state, planned.lease) == ("pending", None)
    assert planned.due_on.isoformat() == "2026-06-25"


def test_a_conversation_stops_the_cadences_of_colleagues(
    enrolment: Enrolment, make_lead: Callable[..., Lead], dana: User
) -> None:
    colleague = make_lead()
    Lead.objects.filter(pk=colleague.pk).update(company=enrolment.lead.company)
    colleague.refresh_from_db()
    log_touch(lead=colleague, channel="phone", outcome="conversation", by=dana, now=NOW)
    enrolment.refresh_from_db()
    assert enrolment.end == "colleague"


def test_a_step_without_an_address_is_skipped_and_the_cadence_goes_on(
    enrolment: Enrolment, dana: User
) -> None:
    dispatch()
    log_touch(lead=enrolment.lead, channel="phone", outcome="wrong_number", by=dana, now=NOW)
    dispatch()
    shift_to(NOW + timedelta(days=10))
    dispatch()
    assert states(enrolment)[:2] == [("phone", "sent"), ("voicemail", "skipped")]
    skipped = PlannedTouch.objects.get(channel="voicemail")
    assert skipped.reason == "wrong number"


def test_at_its_end_a_lead_goes_on_to_the_next_cadence(
    nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]
) -> None:
    long_term = make_cadence(("phone", 22), name="Long-term")
    Cadence.objects.filter(pk=long_term.pk).update(then=long_term)
    first = make_cadence(("phone", 0), name="First", then=long_term)
    enrol(lead=nurtured_lead, cadence=first, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    log_touch(lead=nurtured_lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    running = Enrolment.objects.active().get(lead=nurtured_lead)
    assert running.version.cadence == long_term
    assert running.why == "after First"
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_at is not None
    assert nurtured_lead.next_touch_at > NOW + timedelta(days=25)


def test_who_is_under_way_keeps_the_version_they_started_with(
    enrolment: Enrolment, dana: User
) -> None:
    cadence = enrolment.version.cadence
    publish(
        cadence=cadence,
        steps=[Step(position=1, channel="phone", after_days=0)],
        by=dana,
        now=NOW,
    )
    dispatch()
    log_touch(lead=enrolment.lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    assert states(enrolment)[-1] == ("voicemail", "pending")


def test_not_now_goes_on_along_its_own_track(
    nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]
) -> None:
    cadence = make_cadence(("phone", 0))
    steps = [
        Step(position=1, channel="phone", after_days=0),
        Step(track="not_now", position=1, channel="phone", after_days=40),
    ]
    publish(cadence=cadence, steps=steps, by=dana, now=NOW)
    enrolment = enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
    log_touch(lead=nurtured_lead, channel="phone", outcome="conversation", by=dana, now=NOW)
    again = answer_not_now(enrolment=enrolment, by=dana, now=NOW)
    assert again.planned.get().due_on.isoformat() == "2026-08-14"
    assert violations() == []


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("twice", "in “First contact” already"),
        ("unpublished", "no version of it is published"),
        ("archived", "archived"),
        ("closed", "the lead is disqualified"),
    ],
)
def test_who_can_not_be_enrolled_is_told_why(
    nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence], how: str, words: str
) -> None:
    cadence = make_cadence(("phone", 0))
    match how:
        case "twice":
            enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
        case "unpublished":
            cadence = Cadence.objects.create(name="Draft", created_at=NOW)
        case "archived":
            Cadence.objects.update(archived_at=NOW)
            cadence.refresh_from_db()
        case "closed":
            disqualify(lead=nurtured_lead, reason="no_fit", by=dana, now=NOW)
    with pytest.raises(NotAllowed, match=words):
        enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
    assert template("Unused").pk
