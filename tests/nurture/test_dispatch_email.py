"""An email by machine, from due to sent, against a real SMTP server that answers as it likes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from nurture.actions import disqualify, suppress
from nurture.cadences.enrolling import published
from nurture.cadences.enrolments import enrol, stop_enrolment
from nurture.cadences.shipped import load_shipped_cadences
from nurture.engine import dispatching
from nurture.engine.channels import SmtpCourier
from nurture.engine.clock import engine_now
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.engine.messages import check, write
from nurture.engine.opting_out import opt_out
from nurture.engine.settling import settle
from nurture.models import Cadence, Engine, Enrolment, PlannedTouch, Submission, Template, Touch
from nurture.touching import Channel
from prospects.actions import NotAllowed
from prospects.models import Lead, Suppression
from prospects.stages import Stage
from team.models import Organisation, User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]


@pytest.fixture
def enrolment(nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]) -> Enrolment:
    cadence = make_cadence(("email", 0), ("phone", 2), ("email", 3))
    return enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))


def the_first(enrolment: Enrolment) -> PlannedTouch:
    return enrolment.planned.order_by("pk")[0]


def test_it_is_sent_once_and_the_next_step_is_planned(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    assert dispatch()["sent"] == 1
    (message,) = mail_server.arrived
    planned = the_first(enrolment)
    assert planned.state == "sent"
    assert message["Subject"].startswith("Drives at Halden Paper")
    assert message["Message-ID"] == planned.submissions.get().message_id
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = message.get_body(("plain",))
    assert text is not None
    assert "Hello Maria," in text.get_content()
    assert "1 Canal Street" in text.get_content()
    assert planned.submissions.get().unsubscribe_token in text.get_content()
    assert mail_server.recipients == [[planned.contact.email_key]]
    assert planned.touch is not None
    assert (planned.touch.channel, planned.touch.outcome) == ("email", "sent")
    following = enrolment.planned.get(state="pending")
    assert following.channel == "phone"
    assert following.due_on.isoformat() == "2026-06-22"  # Juneteenth lies between
    assert dispatch()["sent"] == 0
    assert len(mail_server.arrived) == 1


@pytest.mark.parametrize(
    ("answer", "state", "result", "arrived"),
    [
        ("250 OK", "sent", "accepted", 1),
        ("451 Try again later", "pending", "refused_for_now", 0),
        ("554 Not wanted here", "failed", "refused", 0),
        ("", "uncertain", "unknown", 1),  # taken, and the line went dead before it was said
    ],
)
def test_what_the_server_says_decides(
    enrolment: Enrolment,
    mail_server: MailServer,
    answer: str,
    state: str,
    result: str,
    arrived: int,
) -> None:
    mail_server.answers = [answer]
    dispatch()
    planned = the_first(enrolment)
    assert planned.state == state
    assert planned.submissions.get().result == result
    assert len(mail_server.arrived) == arrived
    # Nothing is tried again at once, whatever it was.
    dispatch()
    assert len(mail_server.arrived) == arrived


def test_refused_for_now_it_is_tried_again_later_under_the_same_message_id(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    mail_server.answers = ["451 Try again later"]
    dispatch()
    planned = the_first(enrolment)
    assert planned.due_at > NOW + timedelta(minutes=1)
    shift_to(planned.due_at + timedelta(seconds=5))
    dispatch()
    planned.refresh_from_db()
    assert planned.state == "sent"
    ids = set(planned.submissions.values_list("message_id", flat=True))
    assert len(ids) == 1
    assert planned.submissions.count() == 2


def test_an_unknown_mailbox_is_a_bounce_and_is_not_used_again(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    planned = the_first(enrolment)
    mail_server.refuse_recipients = {planned.contact.email_key}
    dispatch()
    planned.refresh_from_db()
    planned.contact.refresh_from_db()
    assert planned.state == "skipped"
    assert "No such mailbox" in planned.reason
    planned.lead.refresh_from_db()
    assert planned.lead.next_touch_channel == "phone"
    assert planned.contact.email_invalid_at is not None
    assert enrolment.planned.get(state="pending").channel == "phone"


def test_a_server_that_is_not_there_leaves_it_planned(
    enrolment: Enrolment, mail_server: MailServer, settings: object
) -> None:
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    dispatch()
    planned = the_first(enrolment)
    assert planned.state == "pending"
    assert planned.reason
    assert planned.due_at > engine_now()
    assert not Submission.objects.exists()


def opt_out_by_phone(enrolment: Enrolment, dana: User) -> None:
    suppress(contact=enrolment.contact, channel=Channel.EMAIL, now=NOW)


def stop(enrolment: Enrolment, dana: User) -> None:
    stop_enrolment(enrolment=enrolment, by=dana, now=NOW)


def pause_owner(enrolment: Enrolment, dana: User) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(paused_at=NOW)


def pause_engine(enrolment: Enrolment, dana: User) -> None:
    Engine.objects.create(pk=1, paused_at=NOW)


def forget_name(enrolment: Enrolment, dana: User) -> None:
    type(enrolment.contact).objects.filter(pk=enrolment.contact_id).update(first_name="")


@pytest.mark.parametrize(
    ("happens", "state", "because"),
    [
        (opt_out_by_phone, "skipped", "asked us not to"),
        (stop, "cancelled", "Stopped by a person"),
        (pause_owner, "pending", ""),
        (pause_engine, "pending", ""),
        (forget_name, "skipped", "nothing is known for: first name"),
    ],
)
def test_the_world_is_asked_again_before_it_is_sent(
    enrolment: Enrolment,
    dana: User,
    mail_server: MailServer,
    happens: Callable[[Enrolment, User], None],
    state: str,
    because: str,
) -> None:
    happens(enrolment, dana)
    dispatch()
    planned = the_first(enrolment)
    assert (planned.state, planned.reason) == (state, because)
    assert mail_server.arrived == []


def test_a_lead_that_left_the_program_hears_nothing_more(
    enrolment: Enrolment, dana: User, mail_server: MailServer
) -> None:
    disqualify(lead=enrolment.lead, reason="no_need", by=dana, now=NOW)
    dispatch()
    enrolment.refresh_from_db()
    assert enrolment.lead.stage == Stage.DISQUALIFIED
    assert enrolment.ended_at is not None
    assert the_first(enrolment).state == "cancelled"
    assert mail_server.arrived == []


@pytest.mark.parametrize(("hours", "is_sent"), [(0, True), (8, False), (20, False), (24, True)])
def test_only_within_their_hours(
    enrolment: Enrolment, mail_server: MailServer, hours: int, *, is_sent: bool
) -> None:
    """NOW is eleven in the morning there, on a Wednesday."""
    shift_to(NOW + timedelta(hours=hours))
    PlannedTouch.objects.update(not_after=NOW + timedelta(days=3))
    dispatch()
    assert bool(mail_server.arrived) is is_sent
    if not is_sent:
        assert the_first(enrolment).due_at > engine_now()


def test_what_missed_its_time_is_planned_anew_and_not_sent_late(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    shift_to(NOW + timedelta(days=5))
    dispatch()
    planned = the_first(enrolment)
    assert planned.state == "pending"
    assert planned.reason == "its time had passed: planned anew"
    assert planned.not_after > engine_now()
    assert mail_server.arrived == []
    enrolment.lead.refresh_from_db()
    assert enrolment.lead.next_touch_at == planned.due_at


def test_a_claim_is_one_dispatchers(enrolment: Enrolment) -> None:
    (claimed,) = dispatching.claim()
    assert dispatching.claim() == []
    assert the_first(enrolment).lease == claimed.lease


def test_what_a_dead_dispatcher_claimed_comes_back(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    dispatching.claim()
    assert dispatch()["sent"] == 0
    shift_to(NOW + timedelta(minutes=6))
    assert dispatch()["sent"] == 1


def test_a_claim_that_was_taken_back_does_nothing(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    (late,) = dispatching.claim()
    shift_to(NOW + timedelta(minutes=6))
    dispatching.reap()
    assert dispatching.carry_out([late], [SmtpCourier()]).total() == 0
    assert mail_server.arrived == []


def test_without_a_mail_server_nothing_is_claimed(enrolment: Enrolment) -> None:
    assert dispatch().total() == 0
    assert the_first(enrolment).state == "pending"


def test_a_day_brings_one_automatic_mail_to_a_person(
    enrolment: Enrolment,
    mail_server: MailServer,
    posting_address: Organisation,
    make_cadence: Callable[..., Cadence],
    dana: User,
) -> None:
    dispatch()
    stop_enrolment(enrolment=enrolment, by=dana, now=NOW)
    other = make_cadence(("email", 0), name="News")
    again = enrol(lead=enrolment.lead, cadence=other, by=dana, now=NOW)
    dispatch()
    planned = again.planned.get()
    assert planned.state == "pending"
    assert planned.due_at.date().isoformat() == "2026-06-18"
    assert len(mail_server.arrived) == 1


def test_a_sentence_that_claims_a_touch_needs_that_touch(
    enrolment: Enrolment, mail_server: MailServer
) -> None:
    values = {"left_voicemail_on": "", "called_on": "Tuesday", "wrote_on": "", "posted_on": ""}
    told = write("Hello", "I left you a message on Tuesday.", values)
    assert told.unmade == ("voicemail",)
    values["left_voicemail_on"] = "Tuesday"
    assert write("Hello", "I left you a message on Tuesday.", values).unmade == ()
    assert Template.objects.exists()


@pytest.mark.parametrize(
    ("fate", "state", "follows"),
    [("arrived", "sent", "phone"), ("again", "pending", None), ("leave", "skipped", "phone")],
)
def test_a_person_settles_what_is_uncertain(
    enrolment: Enrolment,
    dana: User,
    mail_server: MailServer,
    fate: str,
    state: str,
    follows: str | None,
) -> None:
    mail_server.answers = [""]
    dispatch()
    planned = settle(
        planned=the_first(enrolment), fate=fate, why="they told me on the phone", by=dana, now=NOW
    )
    planned.refresh_from_db()
    assert planned.state == state
    assert planned.events.order_by("-number")[0].by == dana
    following = enrolment.planned.filter(state="pending").exclude(pk=planned.pk).first()
    assert (following.channel if following else None) == follows
    with pytest.raises(NotAllowed, match="settled already"):
        settle(planned=planned, fate=fate, why="again", by=dana, now=NOW)
    assert violations() == []


def test_opting_out_by_the_link_in_the_mail(enrolment: Enrolment, mail_server: MailServer) -> None:
    dispatch()
    submission = Submission.objects.get()
    for _ in range(2):
        opt_out(submission=submission, now=NOW)
    assert Suppression.objects.filter(address_hash=submission.address_hash).count() == 1
    assert Touch.objects.filter(outcome="unsubscribed").count() == 1
    following = enrolment.planned.get(state="pending")
    assert following.channel == "phone"  # that channel only


def test_the_cadences_that_are_shipped(dana: User, nurtured_lead: Lead) -> None:
    assert load_shipped_cadences(now=NOW) == 3
    assert load_shipped_cadences(now=NOW) == 0
    first = Cadence.objects.get(name="First contact")
    channels = [step.channel for step in published(first).steps.filter(track="main")]  # type: ignore[union-attr]
    assert [channels.count(c) for c in ("phone", "voicemail", "email", "letter")] == [6, 6, 6, 1]
    for template in Template.objects.all():
        check(template.subject, template.body)
