"""The inbox: what waits, one message, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nurture.inbox import reads
from nurture.inbox.actions import KEPT_FOR, forget_words
from nurture.inbox.mailboxes import read
from nurture.inbox.receiving import take_in
from nurture.inbox.waiting import count_anew
from nurture.models import IncomingMail, Mailbox, Touch
from nurture.touching import Outcome
from prospects.consents.hashing import hash_of
from prospects.models import Contact, Lead, Suppression
from team.models import User
from tests.fixtures import NOW
from tests.mails import reply

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("organisation", "clock_at_now"),
]
STRANGER = "kim@elsewhere.example"
Fate = IncomingMail.Fate


def wait(text: str = "Hello, is this still of interest?", number: int = 0) -> IncomingMail:
    raw = reply(text, to="", sender=f"Kim Park <{STRANGER}>", subject=f"A question {number}")
    mail = take_in(
        received=read(raw, NOW),
        origin=f"{number}",
        received_at=NOW - timedelta(minutes=number),
        now=NOW,
    )
    assert mail is not None
    assert mail.fate == Fate.WAITING
    return mail


def test_it_says_what_to_do_first(as_user: Callable[[User], Client], dana: User) -> None:
    answer = as_user(dana).get("/inbox/")
    assert "No mailbox is read yet" in answer.text
    Mailbox.objects.create(name="program@mail.example/INBOX", uidvalidity=1)
    assert "Nothing waits" in as_user(dana).get("/inbox/").text


def test_who_manages_reads_what_is_wrong(
    as_user: Callable[[User], Client], jennifer: User, dana: User
) -> None:
    Mailbox.objects.create(
        name="x@y/INBOX", uidvalidity=1, problem="no route to it", problem_since=NOW
    )
    assert "no route to it" in as_user(jennifer).get("/inbox/").text
    assert "no route to it" not in as_user(dana).get("/inbox/").text


@pytest.mark.parametrize(
    ("who", "code", "sees"),
    [
        ("dana", 200, True),
        ("sam", 200, True),
        ("jennifer", 200, True),
        ("ada", 200, True),
        ("charlie", 200, False),
        ("carol", 403, False),
    ],
)
def test_who_sees_what_matched_nobody(
    request: pytest.FixtureRequest,
    as_user: Callable[[User], Client],
    who: str,
    code: int,
    *,
    sees: bool,
) -> None:
    mail = wait()
    client = as_user(request.getfixturevalue(who))
    answer = client.get("/inbox/")
    assert answer.status_code == code
    assert ("Kim Park" in answer.text) == sees
    assert (client.get(f"/inbox/{mail.pk}/").status_code == 200) == sees


def test_the_list_goes_on_by_pages(
    as_user: Callable[[User], Client], dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "SHOWN", 2)
    for number in range(5):
        wait(f"Number {number}.", number)
    client, address, seen = as_user(dana), "/inbox/", []
    while address:
        answer = client.get(address)
        seen += [row.subject for row in answer.context["page"].rows]
        address = (
            answer.context["page"].next_url or ""
        ) and f"/inbox/{answer.context['page'].next_url}"
    assert seen == [f"A question {number}" for number in range(5)]


@pytest.mark.parametrize("after", ["x", "1", "1.", ".1", "9" * 17 + ".1", "1.2.3", "-1.1"])
def test_a_broken_address_shows_the_beginning(
    as_user: Callable[[User], Client], dana: User, after: str
) -> None:
    assert as_user(dana).get("/inbox/", {"after": after}).status_code == 200


def test_more_messages_ask_no_more_questions(as_user: Callable[[User], Client], dana: User) -> None:
    client = as_user(dana)
    wait()
    client.get("/inbox/")

    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/inbox/")
        return len(asked)

    before = questions()
    for number in range(1, 11):
        wait(f"Number {number}.", number)
    assert questions() == before


def test_it_is_this_lead_s(
    as_user: Callable[[User], Client], dana: User, nurtured_lead: Lead
) -> None:
    mail = wait()
    client = as_user(dana)
    found = client.get(f"/inbox/{mail.pk}/", {"q": "Halden"})
    assert "Halden Paper" in found.text
    answer = client.post(f"/inbox/{mail.pk}/assign/", {"lead": nurtured_lead.pk}, follow=True)
    assert "It belongs to" in answer.text
    mail.refresh_from_db()
    assert (mail.fate, mail.lead, mail.decided_by) == (Fate.MATCHED, nurtured_lead, dana)
    touch = Touch.objects.get(outcome=Outcome.REPLIED)
    assert touch.contact is None
    assert STRANGER in touch.note
    again = client.post(f"/inbox/{mail.pk}/assign/", {"lead": nurtured_lead.pk}, follow=True)
    assert "decided already" in again.text
    assert Touch.objects.filter(outcome=Outcome.REPLIED).count() == 1
    assert "Belongs to a lead" in client.get(f"/inbox/{mail.pk}/").text


def test_one_cannot_give_it_to_a_lead_one_does_not_see(
    as_user: Callable[[User], Client], sam: User, nurtured_lead: Lead
) -> None:
    mail = wait()
    client = as_user(sam)
    assert client.post(f"/inbox/{mail.pk}/assign/", {"lead": nurtured_lead.pk}).status_code == 404
    for nothing in ("", "x", "9" * 30):
        answer = client.post(f"/inbox/{mail.pk}/assign/", {"lead": nothing}, follow=True)
        assert "Choose the lead" in answer.text
    assert "Halden" not in client.get(f"/inbox/{mail.pk}/", {"q": "Halden"}).text.replace(
        'value="Halden"', ""
    )


def test_it_is_nothing(as_user: Callable[[User], Client], dana: User) -> None:
    mail = wait()
    assert "Ignored" in as_user(dana).post(f"/inbox/{mail.pk}/ignore/", follow=True).text
    mail.refresh_from_db()
    assert (mail.fate, mail.decided_by) == (Fate.IGNORED, dana)


def test_they_want_no_more(as_user: Callable[[User], Client], dana: User, raw_lead: Lead) -> None:
    mail = wait()
    Contact.objects.filter(last_name="Lindqvist1").update(email_key=STRANGER)
    assert "not mailed again" in as_user(dana).post(f"/inbox/{mail.pk}/opt-out/", follow=True).text
    suppression = Suppression.objects.get(address_hash=hash_of("email", STRANGER))
    assert (suppression.by, suppression.source) == (dana, "mail")


def test_what_a_stranger_writes_stays_text(as_user: Callable[[User], Client], dana: User) -> None:
    mail = wait("<script>alert(1)</script> {{ 7*7 }} & <b>")
    for address in ("/inbox/", f"/inbox/{mail.pk}/"):
        text = as_user(dana).get(address).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.django_db(transaction=True)
def test_the_navigation_counts_what_waits(
    as_user: Callable[[User], Client], dana: User, charlie: User, carol: User
) -> None:
    mail = wait()
    assert 'href="/inbox/"' in as_user(dana).get("/leads/").text
    for stranger in (charlie, carol):
        assert 'href="/inbox/"' not in as_user(stranger).get("/leads/").text
    as_user(dana).post(f"/inbox/{mail.pk}/ignore/")
    assert 'href="/inbox/"' not in as_user(dana).get("/leads/").text
    wait("Another one.", 2)
    cache.clear()
    assert 'href="/inbox/"' not in as_user(dana).get("/leads/").text
    count_anew()
    assert 'href="/inbox/"' in as_user(dana).get("/leads/").text


def test_words_are_forgotten_a_month_after_the_decision() -> None:
    decided, waits = wait(), wait("Another one.", 1)
    IncomingMail.objects.filter(pk=decided.pk).update(fate=Fate.IGNORED, decided_at=NOW)
    assert forget_words(now=NOW + KEPT_FOR - timedelta(minutes=1)) == 0
    assert forget_words(now=NOW + KEPT_FOR + timedelta(minutes=1)) == 1
    decided.refresh_from_db()
    waits.refresh_from_db()
    assert (decided.words, waits.words) == ("", "Another one.")
    assert forget_words(now=NOW + KEPT_FOR + timedelta(minutes=1)) == 0
