"""What a message that came in does to its lead: on every channel, once, and in doubt nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest
from pytest_django import Settings

from nurture.cadence import Rank
from nurture.cadences.enrolments import enrol
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.engine.states import PlannedState
from nurture.inbox.kinds import Kind
from nurture.inbox.mailboxes import read
from nurture.inbox.receiving import note_delivered, settle_uncertain, take_in
from nurture.models import Cadence, Enrolment, IncomingMail, PlannedTouch, Submission, Touch
from nurture.touching import Channel, Direction, Outcome
from prospects.actions import ContactDetails, add_contact
from prospects.consents.hashing import hash_of
from prospects.models import Contact, Lead, Suppression
from team.models import User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer
from tests.mails import MARIA, bounce, complaint, reply

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
Fate = IncomingMail.Fate
LATER = NOW + timedelta(hours=2)


def came(raw: bytes, origin: str = "", *, now: datetime = LATER) -> IncomingMail:
    received = read(raw, now)
    mail = take_in(received=received, origin=origin or received.digest, received_at=now, now=now)
    assert mail is not None
    return mail


def enrolment_of(lead: Lead) -> Enrolment:
    return Enrolment.objects.get(lead=lead)


def test_a_reply_stops_every_channel_and_waits_on_top_of_today(written_to: Lead, ours: str) -> None:
    mail = came(reply(to=ours))
    assert (mail.fate, mail.kind, mail.lead) == (Fate.MATCHED, Kind.REPLY, written_to)
    assert mail.touch is not None
    touch = mail.touch
    assert (touch.outcome, touch.direction, touch.note) == (
        Outcome.REPLIED,
        Direction.IN,
        "Yes, call me on Thursday.",
    )
    assert touch.contact == written_to.contact
    assert enrolment_of(written_to).end == Enrolment.End.REPLY
    assert not PlannedTouch.objects.open().exists()
    written_to.refresh_from_db()
    assert written_to.next_touch_rank == Rank.INQUIRY
    assert violations() == []


def test_a_reply_stops_the_cadences_of_colleagues(
    written_to: Lead, ours: str, make_lead: Callable[..., Lead], cadence: Cadence, dana: User
) -> None:
    other = make_lead()
    Lead.objects.filter(pk=other.pk).update(company=written_to.company)
    other.refresh_from_db()
    enrol(lead=other, cadence=cadence, by=dana, now=NOW)
    came(reply(to=ours))
    assert enrolment_of(other).end == Enrolment.End.COLLEAGUE


def test_the_same_message_is_taken_in_once(written_to: Lead, ours: str) -> None:
    came(reply(to=ours), "one")
    received = read(reply(to=ours), LATER)
    for origin in ("one", "two"):
        assert take_in(received=received, origin=origin, received_at=LATER, now=LATER) is None
    assert Touch.objects.filter(outcome=Outcome.REPLIED).count() == 1


def test_two_messages_with_one_message_id_are_both_taken_in(ours: str) -> None:
    came(reply("One.", to=ours))
    came(reply("Two.", to=ours))
    assert Touch.objects.filter(outcome=Outcome.REPLIED).count() == 2


@pytest.mark.parametrize(
    ("sender", "is_matched", "is_known"),
    [
        (MARIA, True, True),
        ("y.holm@halden1.example", True, True),
        ("assistant@halden1.example", True, False),
        ("maria@private.example", True, False),
        ("dana@northwind.example", False, False),
    ],
)
def test_an_answer_in_the_thread(
    written_to: Lead, ours: str, dana: User, sender: str, *, is_matched: bool, is_known: bool
) -> None:
    add_contact(
        lead=written_to,
        details=ContactDetails(last_name="Holm", email="y.holm@halden1.example"),
        by=dana,
        now=NOW,
    )
    mail = came(reply(to=ours, sender=sender))
    assert (mail.fate == Fate.MATCHED) == is_matched
    assert mail.lead == written_to  # or what a person is asked first
    if is_matched:
        assert mail.touch is not None
        assert (mail.touch.contact is not None) == is_known
        assert is_known or sender in mail.touch.note


def test_a_stranger_answers_for_one_lead_not_for_many(
    written_to: Lead,
    ours: str,
    make_lead: Callable[..., Lead],
    cadence: Cadence,
    dana: User,
) -> None:
    other = make_lead()
    enrol(lead=other, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    theirs = Submission.objects.get(planned__lead=other).message_id
    stranger = "guess@elsewhere.example"
    assert came(reply("One", to=ours, sender=stranger)).fate == Fate.MATCHED
    mail = came(reply("Two", to=theirs, sender=stranger))
    assert (mail.fate, mail.touch) == (Fate.WAITING, None)
    assert enrolment_of(other).ended_at is None


def test_without_a_thread_it_is_the_sender(written_to: Lead) -> None:
    mail = came(reply(to="", subject="Your drives"))
    assert (mail.fate, mail.lead, mail.contact) == (Fate.MATCHED, written_to, written_to.contact)


def test_of_several_leads_it_is_the_one_last_written_to(
    written_to: Lead, make_lead: Callable[..., Lead]
) -> None:
    other = make_lead()
    Lead.objects.filter(pk=other.pk).update(contact=written_to.contact)
    assert came(reply(to="")).lead == written_to


def test_in_doubt_between_leads_a_person_decides(make_lead: Callable[..., Lead]) -> None:
    first, second = make_lead(), make_lead()
    Contact.objects.filter(last_name="Lindqvist2").update(email_key=MARIA)
    mail = came(reply(to=""))
    assert mail.fate == Fate.WAITING
    assert mail.lead in (first, second)


@pytest.mark.parametrize(
    "raw",
    [
        reply(to="", sender="someone@nowhere.example"),
        reply(to="<999.touch@northwind.example>", sender="someone@nowhere.example"),
        bounce(to="<999.touch@northwind.example>", recipient="someone@nowhere.example"),
        complaint(to="<999.touch@northwind.example>", recipient="someone@nowhere.example"),
        b"",
        b"\x00\xff" * 1000,
    ],
)
def test_what_matches_nobody_waits(written_to: Lead, raw: bytes) -> None:
    mail = came(raw)
    assert (mail.fate, mail.lead, mail.touch) == (Fate.WAITING, None, None)
    assert enrolment_of(written_to).ended_at is None


def test_a_newsletter_of_a_contact_waits(written_to: Lead) -> None:
    mail = came(reply(to="", List_Id="<news.halden1.example>"))
    assert (mail.fate, mail.lead) == (Fate.WAITING, written_to)
    assert enrolment_of(written_to).ended_at is None


def test_our_own_copy_is_nothing(written_to: Lead, ours: str) -> None:
    mail = came(reply(to="", sender="program@northwind.example", message_id=ours))
    assert mail.fate == Fate.OURS


# Automatic replies


@pytest.mark.parametrize(
    ("text", "due_on"),
    [
        ("I am out of the office until Friday, July 3, 2026.", date(2026, 7, 6)),  # a Monday
        ("I will be back on Tuesday, June 30.", date(2026, 6, 30)),
        ("Thank you for your message.", date(2026, 6, 25)),  # June 19 is a holiday
    ],
)
def test_an_automatic_reply_parks_until_the_day_it_names(
    written_to: Lead, ours: str, text: str, due_on: date
) -> None:
    mail = came(
        reply(text, to=ours, subject="Automatic reply: Drives", Auto_Submitted="auto-replied")
    )
    assert mail.kind == Kind.AUTO_REPLY
    planned = PlannedTouch.objects.open().get()
    assert (planned.state, planned.due_on) == (PlannedState.PENDING, due_on)
    assert enrolment_of(written_to).ended_at is None
    assert violations() == []


# Bounces


def test_a_hard_bounce_takes_the_address_out_of_use_once(written_to: Lead, ours: str) -> None:
    mail = came(bounce(to=ours))
    assert (mail.fate, mail.kind) == (Fate.MATCHED, Kind.HARD_BOUNCE)
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is not None
    assert enrolment_of(written_to).ended_at is None  # that channel only
    again = came(bounce(to=ours, message_id="<again@mx.halden1.example>", diagnostic="550 again"))
    assert again.fate == Fate.REPEATED
    assert Touch.objects.filter(outcome=Outcome.BOUNCED).count() == 1


def test_a_bounce_of_an_address_they_left_changes_nothing(written_to: Lead, ours: str) -> None:
    Contact.objects.filter(last_name="Lindqvist1").update(email_key="maria@new.example")
    mail = came(bounce(to=ours))
    assert (mail.fate, mail.touch) == (Fate.MATCHED, None)
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is None


def test_a_forged_bounce_of_another_address_waits(written_to: Lead, ours: str) -> None:
    mail = came(bounce(to=ours, recipient="guess@elsewhere.example"))
    assert mail.fate == Fate.WAITING
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is None


def test_soft_bounces_are_counted_by_message(written_to: Lead, ours: str) -> None:
    first = Submission.objects.get()
    for number in range(3):
        if number:
            planned = PlannedTouch.objects.get(pk=first.planned_id)
            Submission.objects.create(
                planned=planned,
                number=number + 1,
                lease=first.lease,
                opened_at=LATER,
                message_id=f"<{number}00.touch@northwind.example>",
                unsubscribe_token=f"{number}",
                address_hash=first.address_hash,
                body="",
                body_sha256="",
                result="refused",
                closed_at=LATER,
            )
        to = f"<{number}00.touch@northwind.example>" if number else ours
        for told in ("first", "again"):
            came(
                bounce(
                    to=to, status="4.2.2", diagnostic="452 full", message_id=f"<{number}{told}@x>"
                )
            )
        is_dead = Contact.objects.get(last_name="Lindqvist1").email_invalid_at is not None
        assert is_dead == (number == 2)


def test_a_delay_is_no_bounce(written_to: Lead, ours: str) -> None:
    assert came(bounce(to=ours, action="delayed", status="4.4.1")).kind == Kind.DELAYED
    assert Touch.objects.filter(lead=written_to).count() == 1


# Left alone


def test_a_complaint_suppresses(written_to: Lead, ours: str) -> None:
    mail = came(complaint(to=ours))
    assert mail.touch is not None
    suppression = Suppression.objects.get(address_hash=hash_of(Channel.EMAIL, MARIA))
    assert (suppression.why, suppression.source) == ("complaint", "mail")
    assert came(complaint(to=ours, message_id="<2@x>")).fate == Fate.REPEATED


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Unsubscribe", "Re: Drives"),
        ("Please remove me from your list.", "Re: Drives"),
        ("", "unsubscribe"),
        ("Bitte abmelden!", "AW: Drives"),
    ],
)
def test_who_asks_by_mail_is_left_alone(
    written_to: Lead, ours: str, text: str, subject: str
) -> None:
    mail = came(reply(text, to=ours, subject=subject))
    assert (mail.kind, mail.fate) == (Kind.UNSUBSCRIBE, Fate.MATCHED)
    assert Suppression.objects.filter(address_hash=hash_of(Channel.EMAIL, MARIA)).exists()
    assert Touch.objects.filter(outcome=Outcome.UNSUBSCRIBED).count() == 1


def test_nobody_takes_another_out_by_a_guess(written_to: Lead, ours: str) -> None:
    mail = came(reply("Unsubscribe", to=ours, sender="guess@elsewhere.example"))
    assert mail.fate == Fate.WAITING
    assert not Suppression.objects.exists()


def test_the_token_of_the_mail_takes_its_address_out(written_to: Lead) -> None:
    token = Submission.objects.get().unsubscribe_token
    mail = came(reply("", to="", sender="other@alias.example", subject=f"unsubscribe {token}"))
    assert mail.fate == Fate.MATCHED
    assert Suppression.objects.filter(address_hash=hash_of(Channel.EMAIL, MARIA)).exists()


def test_the_way_out_by_mail_is_offered_where_a_mailbox_is_read(
    make_lead: Callable[..., Lead],
    dana: User,
    cadence: Cadence,
    mail_server: MailServer,
    settings: Settings,
) -> None:
    settings.IMAP_URL = "imap://me:secret@127.0.0.1/INBOX"
    enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    ways = str(mail_server.arrived[0]["List-Unsubscribe"])
    asked = unquote(ways.partition("?subject=")[2].rstrip(">"))
    mail = came(reply("", to="", sender="other@alias.example", subject=asked))
    assert mail.fate == Fate.MATCHED
    assert Suppression.objects.filter(address_hash=hash_of(Channel.EMAIL, MARIA)).exists()


# What was uncertain


def message_id(planned: PlannedTouch) -> str:
    return Submission.objects.get(planned=planned).message_id


@pytest.mark.parametrize(
    ("mail", "state"),
    [
        (lambda to: reply(to=to), PlannedState.SENT),
        (lambda to: reply("Away.", to=to, Auto_Submitted="auto-replied"), PlannedState.SENT),
        (lambda to: complaint(to=to), PlannedState.SENT),
        (lambda to: bounce(to=to, action="delivered", status="2.0.0"), PlannedState.SENT),
        (lambda to: bounce(to=to), PlannedState.FAILED),
        (lambda to: bounce(to=to, action="delayed", status="4.4.1"), PlannedState.UNCERTAIN),
    ],
)
def test_what_comes_in_settles_the_uncertain(
    uncertain: PlannedTouch, mail: Callable[[str], bytes], state: str
) -> None:
    came(mail(message_id(uncertain)))
    uncertain.refresh_from_db()
    assert uncertain.state == state
    shift_to(LATER)
    assert violations() == []


def test_what_a_provider_delivered_was_sent(uncertain: PlannedTouch) -> None:
    mention = message_id(uncertain)
    assert note_delivered(mention=mention, words="postmark: delivered", now=LATER)
    assert not note_delivered(mention=mention, words="postmark: delivered", now=LATER)
    uncertain.refresh_from_db()
    assert uncertain.state == PlannedState.SENT
    assert violations() == []


def test_an_answer_that_was_faster_than_the_doubt(
    written_to: Lead, uncertain: PlannedTouch
) -> None:
    """It came while the message was still being sent; the dispatcher died; the reaper found it."""
    mail = came(reply(to=""))
    IncomingMail.objects.filter(pk=mail.pk).update(
        submission=Submission.objects.get(planned=uncertain)
    )
    assert settle_uncertain(now=LATER) == 1
    uncertain.refresh_from_db()
    assert uncertain.state == PlannedState.SENT
    assert settle_uncertain(now=datetime(2026, 6, 18, tzinfo=UTC)) == 0
