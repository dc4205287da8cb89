"""The pages of letters: what waits, a batch, the post, what came back; empty, wrong, as many as there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nurture.actions import log_touch
from nurture.letters.actions import make_batch
from nurture.models import Enrolment, Letter, PrintBatch, Touch
from team.models import Organisation, User
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]
DueLetter = Callable[..., Enrolment]
AsUser = Callable[[User], Client]


def read(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def posted(client: Client, batch: PrintBatch, **said: str) -> tuple[int, str]:
    sent = {"posted_on": "2026-06-17", "cost_each": "0.95", "expected": "3", **said}
    answer = client.post(f"/letters/{batch.pk}/post/", sent)
    return answer.status_code, " ".join(answer.content.decode().split())


def test_nothing_yet(as_user: AsUser, dana: User) -> None:
    page = read(as_user(dana), "/letters/")
    assert "Nothing. A step of a cadence that posts a letter by itself brings it here" in page
    assert "None yet. A batch is one PDF to print, fold and post." in page


def test_what_waits_and_making_a_batch_of_it(
    as_user: AsUser, dana: User, sam: User, due_letter: DueLetter
) -> None:
    due_letter(), due_letter()
    client = as_user(dana)
    page = read(client, "/letters/")
    assert "2 letters" in page
    assert "the oldest due since Jun 17" in page
    assert "2 letters" not in read(as_user(sam), "/letters/")
    answer = client.post("/letters/print/", {"channel": "letter", "most": "2"})
    batch = PrintBatch.objects.get()
    assert answer["Location"] == f"/letters/{batch.pk}/"
    assert "US #10" in read(client, answer["Location"])
    assert f"Batch {batch.pk}" in read(client, "/letters/")


@pytest.mark.parametrize("most", ["0", "1001", "many", ""])
def test_a_batch_of_nonsense(as_user: AsUser, dana: User, due_letter: DueLetter, most: str) -> None:
    due_letter()
    client = as_user(dana)
    answer = client.post("/letters/print/", {"channel": "letter", "most": most}, follow=True)
    assert "Choose letters or direct mail" in answer.content.decode()
    assert not PrintBatch.objects.exists()


def test_what_was_left_out_is_told(as_user: AsUser, dana: User, due_letter: DueLetter) -> None:
    due_letter(street="")
    answer = as_user(dana).post("/letters/print/", {"channel": "letter", "most": "9"}, follow=True)
    page = answer.content.decode()
    assert "1 was left out: no address." in page
    assert "Nothing is to be printed now." in page


def test_without_a_sender(as_user: AsUser, dana: User, due_letter: DueLetter) -> None:
    due_letter()
    Organisation.objects.update(postal_address="")
    client = as_user(dana)
    assert "no sender" in read(client, "/letters/")
    answer = client.post("/letters/print/", {"channel": "letter", "most": "1"}, follow=True)
    assert "postal address is not known yet" in answer.content.decode()


def test_posted(as_user: AsUser, dana: User, batch: PrintBatch) -> None:
    client = as_user(dana)
    assert "3 pieces are posted" in read(client, f"/letters/{batch.pk}/")
    assert posted(client, batch)[0] == 302
    page = read(client, f"/letters/{batch.pk}/")
    assert "posted June 17, 2026, says Dana Whitfield" in page
    assert "$2.85" in page
    assert page.count("It came back") == 3
    assert Touch.objects.filter(outcome="posted").count() == 3


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"posted_on": ""}, "This field is required."),
        ({"posted_on": "2026-06-18"}, "not in the future"),
        ({"cost_each": "-1"}, "greater than or equal to 0"),
        ({"cost_each": "0.001"}, "no more than 2 decimal places"),
        ({"expected": "4"}, "The pile is another one now: 3 letters."),
    ],
)
def test_posted_wrongly(
    as_user: AsUser, dana: User, batch: PrintBatch, said: dict[str, str], why: str
) -> None:
    status, page = posted(as_user(dana), batch, **said)
    assert status == 422
    assert why in page
    assert f'value="{said.get("cost_each", "0.95")}"' in page
    assert 'name="expected" value="3"' in page
    batch.refresh_from_db()
    assert batch.posted_on is None


def test_what_must_come_out_is_shown_until_it_is_posted(
    as_user: AsUser, dana: User, batch: PrintBatch
) -> None:
    client, letter = as_user(dana), batch.letters.order_by("number")[0]
    log_touch(lead=letter.planned.lead, channel="phone", outcome="conversation", by=dana, now=NOW)
    page = read(client, f"/letters/{batch.pk}/")
    assert "Take these out of the pile" in page
    assert "They talked to us" in page
    assert "2 pieces are posted" in page
    assert posted(client, batch, expected="2")[0] == 302
    assert "It was posted all the same" in read(client, f"/letters/{batch.pk}/")
    client.post(f"/letters/{batch.pk}/{letter.number}/posted/")
    assert Touch.objects.filter(outcome="posted").count() == 3


def test_taken_out_and_cancelled(as_user: AsUser, dana: User, batch: PrintBatch) -> None:
    client = as_user(dana)
    out = f"/letters/{batch.pk}/out/"
    assert (
        "is out" in client.post(out, {"number": "1", "again": "no"}, follow=True).content.decode()
    )
    again = client.post(out, {"number": "1", "again": "no"}, follow=True).content.decode()
    assert "It is out already" in again
    assert "Which letter?" in client.post(out, {"number": "x"}, follow=True).content.decode()
    assert client.post(out, {"number": "99", "again": "no"}).status_code == 404
    assert "2 pieces" in read(client, f"/letters/{batch.pk}/")
    page = client.post(f"/letters/{batch.pk}/cancel/", follow=True).content.decode()
    assert "Cancelled. Its letters wait to be printed again." in page
    assert "2 letters" in page
    assert client.get(f"/letters/{batch.pk}/letters.pdf").status_code == 404


def test_a_letter_that_came_back_is_found_by_code_and_by_company(
    as_user: AsUser, dana: User, sam: User, batch: PrintBatch
) -> None:
    client = as_user(dana)
    posted(client, batch)
    letter = batch.letters.order_by("number")[0]
    assert "Is it this one?" not in read(client, "/letters/find/")
    assert "No letter found" in read(client, "/letters/find/?q=99-1")
    assert "No letter found" in read(as_user(sam), f"/letters/find/?q={letter.code}")
    for words in (letter.code, f" {letter.code.replace('-', ' - ')}", "halden paper"):
        assert letter.code in read(client, f"/letters/find/?q={words}")
    answer = client.post(f"/letters/{batch.pk}/{letter.number}/return/", follow=True)
    assert "That address is not used again." in answer.content.decode()
    assert "came back Jun 17" in read(client, f"/letters/find/?q={letter.code}")
    letter.planned.contact.refresh_from_db()
    assert letter.planned.contact.address_invalid_at is not None


@pytest.mark.parametrize("q", ["9" * 40 + "-1", "1-" + "9" * 9, "%00zz", "'; --", "1-1-1"])
def test_nonsense_finds_nothing(as_user: AsUser, dana: User, q: str) -> None:
    assert "No letter found" in read(as_user(dana), f"/letters/find/?q={q}")


def test_the_lead_says_where_its_letter_is(
    as_user: AsUser, dana: User, due_letter: DueLetter
) -> None:
    lead = due_letter().lead
    client = as_user(dana)
    assert "Letter, which waits to be printed" in read(client, f"/leads/{lead.pk}/")
    make_batch(channel="letter", by=dana, now=NOW)
    assert "Letter, which is printed and waits for the post" in read(client, f"/leads/{lead.pk}/")


@pytest.mark.parametrize("url", ["/letters/", "/letters/{pk}/", "/letters/find/?q=halden"])
def test_more_letters_cost_no_more_queries(
    as_user: AsUser, dana: User, batch: PrintBatch, due_letter: DueLetter, url: str
) -> None:
    client = as_user(dana)

    def count(of: PrintBatch) -> int:
        address = url.format(pk=of.pk)
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = count(batch)
    for _ in range(10):
        due_letter()
    many = make_batch(channel="letter", by=dana, now=NOW).batch
    assert many is not None
    for _ in range(5):
        due_letter()
    assert count(many) == few
    assert few <= 16


def test_long_piles_and_many_batches_are_turned(
    as_user: AsUser, dana: User, batch: PrintBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nurture.letters.reads.LETTERS_SHOWN", 2)
    monkeypatch.setattr("nurture.letters.reads.BATCHES_SHOWN", 1)
    client = as_user(dana)
    codes = [letter.code for letter in Letter.objects.order_by("number")]
    first = read(client, f"/letters/{batch.pk}/")
    assert codes[1] in first
    assert f">{codes[2]}<" not in first
    assert "?after=2" in first
    assert f">{codes[2]}<" in read(client, f"/letters/{batch.pk}/?after=2")
    for number in range(2):
        batch.pk, batch.lease = None, f"00000000-0000-4000-8000-00000000000{number}"
        batch.save()
    newest = read(client, "/letters/")
    assert f"?before={batch.pk}" in newest
    assert f"?after={batch.pk - 1}" in read(client, f"/letters/?before={batch.pk}")
