"""Web forms and the door for programs: what comes in, what is kept aside, and who sees it when."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from nurture.actions import disqualify, log_touch, promise
from nurture.cadence import Rank
from nurture.capture.inquiries import discard_inquiry, receive_inquiry, take_inquiry
from nurture.models import Touch
from nurture.tasks import plan_changed
from prospects.actions import NotAllowed, change_stage
from prospects.capture import actions as capture_actions
from prospects.capture.inquiry import (
    Doubt,
    Shown,
    doubts_of_page,
    origin_of,
    read_sender,
    seal,
    unseal,
)
from prospects.models import (
    Arrival,
    Company,
    Consent,
    Contact,
    Fate,
    Inquiry,
    Lead,
    Source,
    WebForm,
)
from prospects.stages import Stage
from team.models import Team, User
from tests.fixtures import NOW, Promised

AsUser = Callable[[User], Client]
SAID = {
    "name": "Ingrid Berg",
    "company": "Berg Mills",
    "email": "ingrid@berg-mills.com",
    "phone": "+1 617 555 0199",
    "message": "Our line 3 stops twice a week.",
}


@pytest.fixture
def web_form(fair: Source, northeast: Team) -> WebForm:
    return WebForm.objects.create(
        source=fair,
        team=northeast,
        name="Contact",
        heading="Talk to us",
        sites=["https://www.example.com"],
        created_at=NOW,
    )


@pytest.fixture(autouse=True)
def stopped_clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def at_now(stopped_clock: time_machine.Traveller) -> None:
    """The pages go by the clock that a test may shift."""


def sealed(form: WebForm, *, seconds: float = 20) -> str:
    return seal(form.token, Shown(timezone.now() - timedelta(seconds=seconds), ""))


def send(form: WebForm, client: Client | None = None, *, seconds: float = 20, **said: Any) -> Any:
    body = {"sealed": sealed(form, seconds=seconds), "consent_version": form.consent_version}
    client = client or Client()
    return client.post(f"/f/{form.token}/", {**SAID, **body, **said})


def receive(form: WebForm, **said: str) -> Inquiry:
    return receive_inquiry(
        form=form, said={**SAID, **said}, way=Inquiry.Way.PROGRAM, now=timezone.now()
    )


# What comes in


@pytest.mark.django_db
def test_an_inquiry_becomes_a_lead_that_is_due_at_once(web_form: WebForm, dana: User) -> None:
    answer = send(web_form)
    assert (answer.status_code, answer["Location"]) == (303, f"/f/{web_form.token}/thanks/")
    inquiry = Inquiry.objects.get()
    lead = inquiry.lead
    assert lead is not None
    assert (inquiry.fate, inquiry.way, inquiry.said) == (Fate.NEW, "page", SAID)
    assert (lead.stage, lead.specialist, lead.source) == (Stage.RAW, dana, web_form.source)
    assert lead.contact is not None
    assert (lead.contact.name, lead.contact.phone_key) == ("Ingrid Berg", "+16175550199")
    assert lead.company is not None
    assert lead.company.domain == "berg-mills.com"
    assert lead.note == SAID["message"]
    assert (lead.next_touch_rank, lead.next_touch_at) == (Rank.INQUIRY, NOW)


def test_the_thanks_are_the_same_and_no_cookie_is_set(web_form: WebForm, dana: User) -> None:
    client = Client()
    shown = client.get(f"/f/{web_form.token}/")
    taken, aside = send(web_form, client), send(web_form, client, fax="1", name="Bot")
    assert taken["Location"] == aside["Location"]
    thanks = client.get(taken["Location"])
    assert "will be in touch" in thanks.content.decode()
    assert not client.cookies
    assert "noindex" in shown.content.decode()


def test_a_number_without_its_code_is_read_as_one_of_ours(web_form: WebForm, dana: User) -> None:
    WebForm.objects.update(requires=["name"])
    assert send(web_form, phone="5", email="", company="").status_code == 422
    send(web_form, phone="(617) 555-0199", email="", company="")
    lead = Lead.objects.get()
    assert lead.contact is not None
    assert lead.contact.phone_key == "+16175550199"


@pytest.mark.django_db
def test_what_is_missing_is_told_and_what_was_typed_is_kept(web_form: WebForm) -> None:
    answer = send(web_form, email="", name="", message="Still here")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Still here" in page
    assert page.count("This field is required.") == 4  # above, and next to each
    assert not Inquiry.objects.exists()


@pytest.mark.django_db
def test_an_address_that_is_none_is_told(web_form: WebForm) -> None:
    assert send(web_form, email="ingrid@").status_code == 422


def test_a_form_screens_like_a_list(web_form: WebForm, dana: User) -> None:
    send(web_form, email="student@mit.edu")
    inquiry = Inquiry.objects.select_related("lead").get()
    assert inquiry.lead is not None
    assert (inquiry.lead.stage, inquiry.screened_out) == (Stage.SCREENED_OUT, True)
    assert inquiry.lead.next_touch_at is None


# Who is known already


def test_who_is_known_gets_a_touch_and_no_second_lead(
    web_form: WebForm, nurtured_lead: Lead, dana: User
) -> None:
    email = nurtured_lead.contact.email.upper()  # type: ignore[union-attr]
    known, new = send(web_form, email=email, phone=""), send(web_form)
    assert (known.status_code, known["Location"]) == (new.status_code, new["Location"])
    inquiry = Inquiry.objects.get(lead=nurtured_lead)
    assert inquiry.fate == Fate.KNOWN
    touch = nurtured_lead.touches.latest("pk")
    assert (touch.channel, touch.outcome, touch.direction) == ("web", "form", "in")
    assert (touch.by, touch.note) == (None, SAID["message"])
    arrival = Arrival.objects.get(lead=nurtured_lead)
    assert arrival.source == web_form.source
    assert "Ingrid Berg" in arrival.differs
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_rank == Rank.INQUIRY
    assert nurtured_lead.contact.name != "Ingrid Berg"  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["email", "phone", "name"])
def test_what_makes_a_sender_known(
    web_form: WebForm, nurtured_lead: Lead, dana: User, by: str
) -> None:
    contact, company = nurtured_lead.contact, nurtured_lead.company
    assert contact is not None
    assert company is not None
    said = {
        "email": {"email": contact.email},
        "phone": {"phone": contact.phone, "name": contact.name, "email": "else@where.com"},
        "name": {"name": contact.name, "company": company.name.upper(), "email": "e@gmail.com"},
    }[by]
    receive(web_form, **said)
    assert Inquiry.objects.get().lead == nurtured_lead


def test_a_phone_shared_by_another_name_is_another_lead(
    web_form: WebForm, nurtured_lead: Lead, dana: User
) -> None:
    receive(web_form, phone=nurtured_lead.contact.phone)  # type: ignore[union-attr]
    assert Inquiry.objects.get().lead != nurtured_lead


def test_a_closed_lead_is_revived(web_form: WebForm, nurtured_lead: Lead, dana: User) -> None:
    disqualify(lead=nurtured_lead, reason="no_need", by=dana, now=NOW - timedelta(days=3))
    receive(web_form, email=nurtured_lead.contact.email)  # type: ignore[union-attr]
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.stage == Stage.NURTURING
    assert nurtured_lead.stage_changes.latest("pk").reason == "revived"
    assert nurtured_lead.next_touch_rank == Rank.INQUIRY


def test_a_raw_lead_that_asks_again_stays_raw(
    web_form: WebForm, raw_lead: Lead, dana: User
) -> None:
    receive(web_form, email=raw_lead.contact.email)  # type: ignore[union-attr]
    raw_lead.refresh_from_db()
    assert (raw_lead.stage, raw_lead.entered_program_at) == (Stage.RAW, None)
    assert raw_lead.next_touch_rank == Rank.INQUIRY


def test_who_bought_has_another_need_and_is_the_same_person(
    web_form: WebForm, qualified_lead: Lead, dana: User, carol: User
) -> None:
    for hours, stage in ((3, Stage.HANDED_OFF), (2, Stage.ACCEPTED), (1, Stage.WON)):
        at = NOW - timedelta(hours=hours)
        change_stage(lead=qualified_lead, to_stage=stage, now=at, by=carol, rep=carol)
    people, companies = Contact.objects.count(), Company.objects.count()
    receive(web_form, email=qualified_lead.contact.email)  # type: ignore[union-attr]
    lead = Inquiry.objects.get().lead
    assert lead != qualified_lead
    assert lead is not None
    assert lead.contact == qualified_lead.contact
    assert (Contact.objects.count(), Company.objects.count()) == (people, companies)
    assert "lindqvist" in lead.search_text


def test_their_asking_keeps_no_promise_of_ours(
    web_form: WebForm, nurtured_lead: Lead, dana: User
) -> None:
    given = promise(
        lead=nurtured_lead,
        promised=Promised(NOW + timedelta(hours=2), words="send the figures"),
        by=dana,
        now=NOW - timedelta(days=1),
    )
    receive(web_form, email=nurtured_lead.contact.email)  # type: ignore[union-attr]
    given.refresh_from_db()
    assert given.kept_at is None


# Spam


def judged(**facts: Any) -> list[str]:
    usual: dict[str, Any] = {
        "said": SAID,
        "trap": "",
        "shown": Shown(NOW - timedelta(seconds=20), ""),
        "from_site": False,
        "sender_is_busy": False,
        "form_is_busy": False,
    }
    return [doubt.rule for doubt in doubts_of_page(**{**usual, **facts}, now=NOW)]


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        ({}, []),
        ({"trap": "1"}, ["trap"]),
        ({"shown": Shown(NOW - timedelta(seconds=2), "")}, ["too_fast"]),
        ({"shown": Shown(NOW - timedelta(hours=25), "")}, ["too_old"]),
        ({"shown": None}, ["elsewhere"]),
        ({"shown": None, "from_site": True}, []),
        ({"sender_is_busy": True}, ["too_many"]),
        ({"form_is_busy": True}, ["too_many"]),
        ({"said": {"message": "see http://a.example and www.b.example"}}, []),
        ({"said": {"message": "http://a http://b [url=c]"}}, ["links"]),
        ({"said": {"name": "Win at https://x.example"}}, ["links"]),
        ({"said": {"company": "<a href=x>"}}, ["links"]),
        ({"trap": "1", "shown": None}, ["trap", "elsewhere"]),
    ],
)
def test_what_is_suspicious(facts: dict[str, Any], rules: list[str]) -> None:
    assert judged(**facts) == rules


def test_when_it_was_shown_cannot_be_made_up(web_form: WebForm) -> None:
    good = seal(web_form.token, Shown(NOW, "https://a.example/x"))
    assert unseal(web_form.token, good) == Shown(NOW, "https://a.example/x")
    assert unseal("another", good) is None
    assert [unseal(web_form.token, bad) for bad in ("", "x", good[:-1], good.upper())] == [None] * 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "seconds", "rule"),
    [
        ({"fax": "yes"}, 20, "trap"),
        ({}, 1, "too_fast"),
        ({}, 100_000, "too_old"),
        ({"sealed": "forged"}, 20, "elsewhere"),
        ({"message": "http://a http://b http://c"}, 20, "links"),
    ],
)
def test_what_looks_like_spam_is_kept_aside(
    web_form: WebForm, said: dict[str, Any], seconds: int, rule: str
) -> None:
    assert send(web_form, seconds=seconds, **said).status_code == 303
    inquiry = Inquiry.objects.get()
    assert (inquiry.fate, inquiry.lead) == (Fate.ASIDE, None)
    assert [reason["rule"] for reason in inquiry.suspicions] == [rule]
    assert not Lead.objects.exists()


def test_a_page_of_a_named_site_may_send_without_a_seal(web_form: WebForm, dana: User) -> None:
    for origin, fate in (("https://www.example.com", "new"), ("https://evil.example", "aside")):
        email = f"{fate}@berg-mills.com"
        Client(headers={"origin": origin}).post(
            f"/f/{web_form.token}/", {**SAID, "email": email, "phone": "", "name": fate}
        )
        assert Inquiry.objects.latest("pk").fate == fate


def test_many_at_once_from_one_sender_are_kept_aside(web_form: WebForm, dana: User) -> None:
    for number in range(7):
        send(web_form, email=f"p{number}@firm{number}.com", phone="", name=f"Jane Doe{number}")
    fates = list(Inquiry.objects.order_by("pk").values_list("fate", flat=True))
    assert fates == ["new"] * 5 + ["aside"] * 2
    keys = [str(key) for key in cache._cache.get_client().keys("*limit*")]  # type: ignore[attr-defined]
    assert keys
    assert not any("127.0.0.1" in key for key in keys)


def test_while_redis_is_away_nobody_is_turned_away(
    web_form: WebForm, dana: User, settings: Any
) -> None:
    from team import throttling

    throttling._limiter.cache_clear()
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    try:
        assert send(web_form).status_code == 303
    finally:
        throttling._limiter.cache_clear()
    assert Inquiry.objects.get().fate == Fate.NEW


def test_sent_twice_is_one_inquiry(web_form: WebForm, dana: User) -> None:
    send(web_form)
    send(web_form)
    assert (Inquiry.objects.count(), Lead.objects.count(), Touch.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://www.Example.com/page?x=1", "https://www.example.com"),
        ("http://example.com:8080/", "http://example.com:8080"),
        ("https://example.com:443", "https://example.com"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://a.example; script-src *", ""),
        ("https://[::1", ""),
        ("ftp://a.example", ""),
        ("", ""),
    ],
)
def test_origins(text: str, origin: str) -> None:
    assert origin_of(text) == origin


def test_who_asks_is_read_from_what_was_typed() -> None:
    sender = read_sender(
        {"name": "van Dorp, Jane", "email": "jane@gmail.com", "company": "n/a"}, "US"
    )
    assert (sender.first_name, sender.last_name) == ("Jane", "van Dorp")
    assert (sender.domain, sender.company) == ("", "")


# What was kept aside


@pytest.fixture
def aside(web_form: WebForm) -> Inquiry:
    return receive_inquiry(
        form=web_form,
        said=SAID,
        way=Inquiry.Way.PAGE,
        doubts=[Doubt("links", "3 links in the message")],
        now=NOW - timedelta(minutes=30),
    )


def test_what_is_no_spam_is_taken_in(aside: Inquiry, dana: User, as_user: AsUser) -> None:
    page = as_user(dana).get("/inquiries/").content.decode()
    assert "Ingrid Berg" in page
    assert "3 links in the message" in page
    as_user(dana).post(f"/inquiries/{aside.pk}/take/")
    aside.refresh_from_db()
    assert (aside.fate, aside.decided_by) == (Fate.NEW, dana)
    assert aside.lead is not None
    assert aside.lead.asked_at == NOW - timedelta(minutes=30)
    with pytest.raises(NotAllowed):
        discard_inquiry(inquiry=aside, by=dana, now=NOW)


def test_what_is_spam_is_out_of_sight_and_kept(
    aside: Inquiry, dana: User, carol: User, as_user: AsUser
) -> None:
    with pytest.raises(NotAllowed):
        take_inquiry(inquiry=aside, by=carol, now=NOW)
    as_user(dana).post(f"/inquiries/{aside.pk}/discard/")
    aside.refresh_from_db()
    assert (aside.fate, aside.lead) == (Fate.DISCARDED, None)
    assert "Ingrid" not in as_user(dana).get("/inquiries/").content.decode()


def test_ten_more_kept_aside_take_no_more_queries(
    web_form: WebForm,
    aside: Inquiry,
    dana: User,
    as_user: AsUser,
) -> None:
    client = as_user(dana)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/inquiries/")
        return len(queries)

    before = count()
    for number in range(10):
        receive_inquiry(
            form=web_form,
            said={**SAID, "name": f"Bot {number}"},
            way=Inquiry.Way.PAGE,
            doubts=[Doubt("trap", "x")],
            now=NOW,
        )
    assert count() == before


# Consent


def test_consent_is_kept_with_the_words_shown(web_form: WebForm, dana: User) -> None:
    WebForm.objects.update(consent_words="You may write to me.", consent_version=3)
    web_form.refresh_from_db()
    send(web_form, consent="on")
    send(web_form, name="Nils Berg", email="nils@other.com", phone="")
    agreed, not_agreed = Inquiry.objects.order_by("pk")
    assert (agreed.consent, agreed.consent_words, agreed.consent_version) == (
        True,
        "You may write to me.",
        3,
    )
    assert (not_agreed.consent, not_agreed.consent_version) == (False, 3)
    given = Consent.objects.get(channel="email")
    assert agreed.lead is not None
    assert (given.source, given.basis, given.given_at) == ("form", "consent", agreed.received_at)
    assert "You may write to me." in given.words
    assert "wording 3" in given.words
    assert given.contact == agreed.lead.contact


def test_words_that_changed_are_read_again(web_form: WebForm, dana: User) -> None:
    WebForm.objects.update(consent_words="New words.", consent_version=2)
    web_form.refresh_from_db()
    answer = send(web_form, consent="on", consent_version="1")
    assert answer.status_code == 422
    assert "These words have changed" in answer.content.decode()
    assert 'name="consent_version" value="2"' in answer.content.decode()


@pytest.mark.django_db
def test_nobody_sends_without_agreeing_where_one_must(web_form: WebForm) -> None:
    WebForm.objects.update(consent_words="You may write to me.", consent_required=True)
    assert send(web_form).status_code == 422


# The door for programs


@pytest.fixture
def key(web_form: WebForm, jennifer: User) -> str:
    return capture_actions.make_key(form=web_form, by=jennifer, now=NOW)


def call(key: str, body: Any = SAID, *, once: str = "", **headers: str) -> Any:
    if once:
        headers["Idempotency-Key"] = once
    return Client(headers={"Authorization": f"Key {key}", **headers}).post(
        "/api/v1/inquiries/", body, content_type="application/json"
    )


def test_a_program_brings_an_inquiry(web_form: WebForm, key: str, dana: User) -> None:
    answer = call(key, {**SAID, "page": "https://a.example/x", "consent_words": "Yes, write."})
    assert answer.status_code == 201
    inquiry = Inquiry.objects.get()
    assert answer.json() == {"id": inquiry.pk, "received_at": "2026-06-17T15:00:00Z"}
    assert (inquiry.way, inquiry.fate, inquiry.consent) == ("program", "new", True)
    assert inquiry.page == "https://a.example/x"


def test_the_same_request_is_answered_the_same(key: str, dana: User) -> None:
    once = str(uuid.uuid4())
    answers = [call(key, once=once) for _ in range(3)]
    assert {answer.content for answer in answers} == {answers[0].content}
    other = call(key, {**SAID, "name": "Somebody Else"}, once=once)
    assert other.status_code == 422
    assert "another request" in other.json()["detail"]
    assert Inquiry.objects.count() == 1


def test_a_known_sender_is_answered_as_a_new_one(key: str, nurtured_lead: Lead, dana: User) -> None:
    known = call(key, {**SAID, "email": nurtured_lead.contact.email})  # type: ignore[union-attr]
    new = call(key)
    assert (known.status_code, known.json().keys()) == (new.status_code, new.json().keys())


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"message": "Hello"}, 422, "Say who asks"),
        ({**SAID, "stage": "won"}, 400, "no such field"),
        ({**SAID, "name": "x" * 201}, 400, "no more than 200"),
        ({**SAID, "name": "a\0b"}, 400, "Null characters"),
        ([1], 400, "dictionary"),
        ("x" * 70_000, 413, "64 KB"),
    ],
)
def test_a_program_is_told_what_is_wrong(key: str, body: Any, code: int, words: str) -> None:
    answer = call(key, body if isinstance(body, str) else json.dumps(body))
    assert answer.status_code == code
    assert words in answer.content.decode()
    assert not Inquiry.objects.exists()


def test_a_key_opens_its_own_door_only(web_form: WebForm, key: str, jennifer: User) -> None:
    assert call("lfk_wrong").status_code == 401
    assert call("").status_code == 401
    assert (
        Client().post("/api/v1/inquiries/", {}, content_type="application/json")["WWW-Authenticate"]
        == "Key"
    )
    assert Client(headers={"Authorization": f"Key {key}"}).get("/api/v1/leads/").status_code == 401
    with time_machine.travel(NOW + timedelta(days=366), tick=False):
        assert call(key).status_code == 401
    capture_actions.close_form(form=web_form, by=jennifer, now=NOW)
    assert call(key).status_code == 401
    assert key not in str(WebForm.objects.values())


def test_what_a_program_brings_is_doubted_for_its_words(key: str) -> None:
    assert call(key, {**SAID, "message": "http://a http://b http://c"}).status_code == 201
    assert Inquiry.objects.get().fate == Fate.ASIDE


# At once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_words", [True, False])
def test_the_same_form_twice_at_once_makes_one_lead(
    web_form: WebForm, dana: User, same_words: bool
) -> None:
    barrier = threading.Barrier(6)

    def run(number: int) -> None:
        barrier.wait()
        try:
            receive(web_form, message="Same" if same_words else f"Word {number}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lead.objects.count() == 1
    assert Inquiry.objects.count() == (1 if same_words else 6)
    assert Touch.objects.count() == Inquiry.objects.count() - 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_one_inquiry(web_form: WebForm, dana: User, jennifer: User) -> None:
    key, once = capture_actions.make_key(form=web_form, by=jennifer, now=NOW), str(uuid.uuid4())
    codes: list[int] = []

    def run(number: int) -> None:
        try:
            body = {**SAID, "message": "One" if number % 2 else "Other"}
            codes.append(call(key, body, once=once).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] * 4 + [422] * 4
    assert Inquiry.objects.count() == 1


# Hostile words

NAUGHTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7|add:7 }}"


def test_nothing_that_is_typed_is_markup_anywhere(
    web_form: WebForm, dana: User, jennifer: User, as_user: AsUser
) -> None:
    WebForm.objects.update(
        **dict.fromkeys(("name", "heading", "intro", "button", "thanks"), NAUGHTY[:50]),
        consent_words=NAUGHTY,
        asks=[
            "name",
            "company",
            "title",
            "email",
            "phone",
            "country",
            "city",
            "website",
            "message",
        ],
    )
    web_form.refresh_from_db()
    fields = ("name", "company", "title", "country", "city", "website", "message")
    said: dict[str, Any] = dict.fromkeys(fields, NAUGHTY[:60])
    assert send(web_form, **said, phone="").status_code == 303
    inquiry = Inquiry.objects.get()
    pages = [
        send(web_form, **said, email=""),
        Client().get(f"/f/{web_form.token}/", headers={"referer": f"https://x/{NAUGHTY}"}),
        Client().get(f"/f/{web_form.token}/thanks/"),
        as_user(dana).get("/inquiries/"),
        as_user(jennifer).get("/settings/sources/"),
        as_user(jennifer).get(f"/settings/forms/{web_form.pk}/"),
        as_user(jennifer).get(f"/settings/forms/{web_form.pk}/edit/"),
    ]
    pages += [
        as_user(dana).get("/today/"),
        as_user(dana).get("/today/fresh/?known="),
        as_user(dana).get(f"/leads/{inquiry.lead_id}/"),
        as_user(dana).get(f"/leads/{inquiry.lead_id}/inquiries/"),
    ]
    for page in pages:
        assert page.status_code in {200, 422}
        assert not re.search(r"<script>alert|<img src=x", page.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"name=" + b"x" * 70_000,
        b"&".join(b"f%d=1" % n for n in range(2000)),
        b"name=%00&email=a%00@b.com",
        b"name=%ff%fe&email=%f0%28",
        b"--x\r\nbroken",
    ],
)
def test_no_body_is_too_strange(web_form: WebForm, body: bytes) -> None:
    kind = (
        "multipart/form-data; boundary=x"
        if body[:2] == b"--"
        else ("application/x-www-form-urlencoded")
    )
    answer = Client(raise_request_exception=False).post(
        f"/f/{web_form.token}/", body, content_type=kind
    )
    assert 400 <= answer.status_code < 500
    assert not Inquiry.objects.exists()


# In frames


@pytest.mark.django_db
def test_only_the_sites_named_may_frame_it(web_form: WebForm) -> None:
    answer = Client().get(f"/f/{web_form.token}/?embed=1")
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://www.example.com" in policy
    assert "form-action 'self' https://www.example.com" in policy
    assert "X-Frame-Options" not in answer
    assert 'class="brand"' not in answer.content.decode()
    assert "frame-ancestors 'none'" in Client().get("/login/")["Content-Security-Policy"]


def test_senders_are_led_back_to_a_page_of_theirs(web_form: WebForm, dana: User) -> None:
    WebForm.objects.update(thanks_url="https://www.example.com/thanks")
    assert send(web_form)["Location"] == "https://www.example.com/thanks"


@pytest.mark.django_db
def test_a_form_that_is_switched_off_takes_nothing(web_form: WebForm, jennifer: User) -> None:
    capture_actions.close_form(form=web_form, by=jennifer, now=NOW)
    assert send(web_form).status_code == 410
    capture_actions.reopen_form(form=web_form, by=jennifer)
    old = web_form.token
    capture_actions.renew_link(form=web_form, by=jennifer)
    assert Client().get(f"/f/{old}/").status_code == 404


# In Today


def test_who_asked_stands_first_for_an_hour(
    web_form: WebForm,
    nurtured_lead: Lead,
    dana: User,
    as_user: AsUser,
    stopped_clock: time_machine.Traveller,
) -> None:
    promise(
        lead=nurtured_lead,
        promised=Promised(NOW + timedelta(minutes=1), words="call"),
        by=dana,
        now=NOW - timedelta(days=1),
    )
    send(web_form)
    stopped_clock.shift(timedelta(minutes=4))
    page = as_user(dana).get("/today/")
    first = page.context["page"].due[0]
    assert (first.name, first.urgency.words) == ("Ingrid Berg", "Asked 4 min ago")
    stopped_clock.shift(timedelta(minutes=57))
    plan_changed()
    page = as_user(dana).get("/today/")
    assert page.context["page"].due[0].name != "Ingrid Berg"
    assert page.context["page"].due[1].urgency.words == "Fresh inquiry, waiting 1 h"


def test_answering_takes_it_from_the_top(web_form: WebForm, dana: User) -> None:
    receive(web_form)
    lead = Lead.objects.get()
    log_touch(
        lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW + timedelta(minutes=3)
    )
    lead.refresh_from_db()
    assert lead.next_touch_rank == Rank.ATTEMPT


def test_today_hears_of_it_without_reloading(
    web_form: WebForm,
    raw_lead: Lead,
    dana: User,
    sam: User,
    as_user: AsUser,
    stopped_clock: time_machine.Traveller,
) -> None:
    client = as_user(dana)
    made_at = int(NOW.timestamp() * 1000)
    assert f"since={made_at}" in client.get("/today/").content.decode()
    first = client.get(f"/today/fresh/?since={made_at}")
    assert "known=&quot;" not in first.content.decode()
    assert "Ingrid" not in first.content.decode()
    assert client.get("/today/fresh/?known=").status_code == 204
    stopped_clock.shift(timedelta(seconds=30))
    send(web_form)
    news = client.get("/today/fresh/?known=").content.decode()
    assert "Ingrid Berg" in news
    assert "asked just now" in news
    assert 'id="today" hx-swap-oob' in news
    (known,) = set(re.findall(r"known=([\d.,]+)", news))
    assert client.get(f"/today/fresh/?known={known}").status_code == 204
    assert as_user(sam).get("/today/fresh/?known=").status_code == 204
    assert Client().get("/today/fresh/?known=").status_code == 204


def test_asking_for_news_is_one_query(dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    with CaptureQueriesContext(connection) as queries:
        client.get("/today/fresh/?known=")
    ours = [q["sql"] for q in queries if "prospects_" in q["sql"]]
    assert len(ours) == 1


@pytest.mark.parametrize("text", ["", "x", "9" * 40, "-1", "١"])
def test_strange_questions_for_news(dana: User, as_user: AsUser, text: str) -> None:
    assert as_user(dana).get(f"/today/fresh/?since={text}").status_code == 200
