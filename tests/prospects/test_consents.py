"""Consent and addresses left alone: what the actions and the pages do, and what the database refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from nurture.actions import plan_next, suppress
from nurture.reach import reachability
from nurture.tasks import plan_changed
from prospects.actions import ContactDetails, NotAllowed, edit_contact
from prospects.consents.actions import (
    record_consent,
    release,
    suppress_address,
    suppress_list,
    withdraw_consent,
)
from prospects.models import Consent, Lead, Release, Suppression
from team.models import User
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def consent_to(lead: Lead, by: User, expires_at: datetime | None = None) -> Consent:
    assert lead.contact is not None
    return record_consent(
        contact=lead.contact,
        channel="email",
        basis="consent",
        source="conversation",
        words="at the fair",
        given_at=NOW - DAY,
        expires_at=expires_at,
        by=by,
        now=NOW,
    )


def test_an_entry_stands_and_a_withdrawal_too(raw_lead: Lead, dana: User) -> None:
    consent = consent_to(raw_lead, dana)
    for change in ({"words": "else"}, {"given_at": NOW}, {"basis": "contract"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Consent.objects.filter(pk=consent.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        consent.delete()
    withdrawn = withdraw_consent(consent=consent, why="by phone", by=dana, now=NOW)
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by) == (NOW, dana)
    again = withdraw_consent(consent=consent, why="again", by=None, now=NOW + DAY)
    assert (again.withdrawn_at, again.withdrawn_why) == (NOW, "by phone")
    with pytest.raises(DatabaseError), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).update(withdrawn_at=None)


def test_what_is_recorded_is_what_the_answer_rests_on(raw_lead: Lead, dana: User) -> None:
    consent = consent_to(raw_lead, dana, expires_at=NOW + 90 * DAY)
    assert raw_lead.contact is not None
    (ground,) = reachability(raw_lead.contact, raw_lead.company, "email").grounds
    assert (ground.basis, ground.given_at) == ("consent", consent.given_at)
    assert ground.expires_at == consent.expires_at
    assert reachability(raw_lead.contact, raw_lead.company, "phone").grounds == ()


def test_consent_is_of_the_address_it_was_given_for(raw_lead: Lead, dana: User) -> None:
    consent_to(raw_lead, dana)
    assert raw_lead.contact is not None
    details = ContactDetails(email="maria@elsewhere.example")
    edit_contact(lead=raw_lead, contact=raw_lead.contact, details=details, by=dana, now=NOW)
    assert reachability(raw_lead.contact, raw_lead.company, "email").grounds == ()


def test_consent_lifts_no_suppression(raw_lead: Lead, dana: User) -> None:
    assert raw_lead.contact is not None
    suppress(contact=raw_lead.contact, channel="email", now=NOW)
    consent_to(raw_lead, dana)
    assert reachability(raw_lead.contact, raw_lead.company, "email").suppressed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"given_at": NOW + DAY}, "given_on"),
        ({"expires_at": NOW - 2 * DAY}, "expires_on"),
    ],
)
def test_nonsense_is_refused(
    raw_lead: Lead, dana: User, wrong: dict[str, object], field: str
) -> None:
    assert raw_lead.contact is not None
    said = {"channel": "email", "given_at": NOW - DAY, **wrong}
    with pytest.raises(ValidationError) as refusal:
        record_consent(
            contact=raw_lead.contact,
            basis="consent",
            source="paper",
            words="",
            by=dana,
            now=NOW,
            **said,  # type: ignore[arg-type]
        )
    assert field in refusal.value.message_dict


def test_an_address_that_is_closed_is_not_proposed(raw_lead: Lead, dana: User) -> None:
    assert raw_lead.contact is not None
    plan_next(lead=raw_lead, now=NOW)
    assert raw_lead.next_touch_channel == "phone"
    suppress(contact=raw_lead.contact, channel="phone", now=NOW)
    plan_next(lead=raw_lead, now=NOW)
    assert raw_lead.next_touch_channel == "email"
    suppress(contact=raw_lead.contact, channel="email", now=NOW)
    plan_next(lead=raw_lead, now=NOW)
    assert raw_lead.next_touch_channel == "other"
    assert "no address is left" in raw_lead.next_touch_why


def test_another_address_renews_the_plan(raw_lead: Lead, dana: User) -> None:
    assert raw_lead.contact is not None
    suppress(contact=raw_lead.contact, channel="phone", now=NOW)
    plan_next(lead=raw_lead, now=NOW)
    edit_contact(
        lead=raw_lead,
        contact=raw_lead.contact,
        details=ContactDetails(phone="+1 617 555 4444"),
        by=dana,
        now=NOW,
    )
    plan_changed()
    raw_lead.refresh_from_db()
    assert raw_lead.next_touch_channel == "phone"


def test_a_new_lead_with_a_closed_number_is_written_to(
    make_lead: Callable[..., Lead], dana: User
) -> None:
    suppress_address(
        kind="phone", address="+16175551001", why="do_not_call", source="list", by=dana, now=NOW
    )
    assert make_lead().next_touch_channel == "email"


# Lists, and releasing


def test_a_list_closes_and_plans_anew(raw_lead: Lead, jennifer: User, dana: User) -> None:
    numbers = ["+16175551001", "+16175559999", "+16175559999"]
    given = {"kind": "phone", "addresses": numbers, "why": "do_not_call", "note": "register"}
    assert suppress_list(**given, by=jennifer, now=NOW) == 2  # type: ignore[arg-type]
    assert suppress_list(**given, by=jennifer, now=NOW) == 0  # type: ignore[arg-type]
    plan_changed()
    raw_lead.refresh_from_db()
    assert raw_lead.next_touch_channel == "email"
    with pytest.raises(NotAllowed):
        suppress_list(**given, by=dana, now=NOW)  # type: ignore[arg-type]


def test_a_long_list_takes_one_lock(jennifer: User) -> None:
    numbers = [f"+1617555{number:04}" for number in range(1000)]
    new = suppress_list(
        kind="phone", addresses=numbers, why="do_not_call", note="register", by=jennifer, now=NOW
    )
    assert new == Suppression.objects.count() == 1000


def test_only_an_administrator_releases_and_says_why(
    raw_lead: Lead, dana: User, jennifer: User, ada: User
) -> None:
    assert raw_lead.contact is not None
    suppress(contact=raw_lead.contact, channel="email", now=NOW)
    suppression = Suppression.objects.get()
    for person in (dana, jennifer):
        with pytest.raises(NotAllowed):
            release(suppression=suppression, reason="please", by=person, now=NOW)
    with pytest.raises(ValidationError):
        release(suppression=suppression, reason="  ", by=ada, now=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        suppression.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Suppression.objects.update(at=NOW)
    released = release(suppression=suppression, reason="they wrote to us", by=ada, now=NOW)
    assert not Suppression.objects.exists()
    assert (released.by, released.why, released.suppressed_at) == (ada, "unsubscribed", NOW)
    for change in (
        lambda: Release.objects.all().delete(),
        lambda: Release.objects.update(reason="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    suppress(contact=raw_lead.contact, channel="email", now=NOW + DAY)
    assert Suppression.objects.count() == 1, "what was released can be closed again"


# The pages


@pytest.fixture
def as_dana(client: Client, dana: User) -> Client:
    client.force_login(dana)
    return client


def test_the_page_of_a_person(as_dana: Client, raw_lead: Lead) -> None:
    page = f"/leads/{raw_lead.pk}/contacts/{raw_lead.contact_id}/consents/"
    assert "Nothing is written down yet" in as_dana.get(page).content.decode()
    said = {"channel": "email", "basis": "consent", "source": "paper", "words": "card of the fair"}
    answer = as_dana.post(page, {**said, "given_on": "2999-01-01"})
    assert answer.status_code == 422
    assert "card of the fair" in answer.content.decode()
    answer = as_dana.post(page, {**said, "given_on": "2026-06-01", "expires_on": "2026-05-01"})
    assert answer.status_code == 422
    assert as_dana.post(page, {**said, "given_on": "2026-06-01"}).status_code == 302
    consent = Consent.objects.get()
    text = as_dana.get(page).content.decode()
    assert "card of the fair" in text
    withdraw = f"/leads/{raw_lead.pk}/consents/{consent.pk}/withdraw/"
    assert as_dana.get(withdraw).status_code == 200
    as_dana.post(withdraw, {"why": "on the phone"})
    assert "taken back" in as_dana.get(page).content.decode()


def test_a_person_is_left_alone_from_their_page(as_dana: Client, raw_lead: Lead) -> None:
    page = f"/leads/{raw_lead.pk}/contacts/{raw_lead.contact_id}/suppress/"
    assert as_dana.post(page, {"why": "asked"}).status_code == 422
    assert as_dana.post(page, {"channels": ["phone"], "why": "do_not_call"}).status_code == 302
    lead_page = as_dana.get(f"/leads/{raw_lead.pk}/").content.decode()
    assert "tel:" not in lead_page, "a number that must not be called is no link"
    assert "asked us not to" in lead_page
    plan_changed()
    today = as_dana.get("/today/").content.decode()
    assert "+1 617 555 1001" in today
    assert "asked us not to" in today
    assert "tel:" not in today


def test_an_address_is_looked_up(client: Client, jennifer: User, ada: User) -> None:
    client.force_login(jennifer)
    page = "/settings/suppressions/"
    assert "Nobody is left alone yet" in client.get(page).content.decode()
    assert client.post(page, {"address": "not an address"}).status_code == 422
    assert "not suppressed" in client.post(page, {"address": "A@B.example.com"}).content.decode()
    suppress_address(
        kind="email", address="a@b.example.com", why="complaint", source="mail", now=NOW
    )
    text = client.post(page, {"address": " A@b.example.com "}).content.decode()
    assert "Complained" in text
    assert "Release it" not in text
    client.force_login(ada)
    assert "Release it" in client.post(page, {"address": "a@b.example.com"}).content.decode()
    releasing = f"/settings/suppressions/{Suppression.objects.get().pk}/release/"
    assert client.post(releasing, {"reason": ""}).status_code == 422
    assert client.post(releasing, {"reason": "they asked for a quote"}).status_code == 302
    text = client.post(page, {"address": "a@b.example.com"}).content.decode()
    assert "they asked for a quote" in text


def test_a_list_is_pasted_or_sent_as_a_file(client: Client, jennifer: User) -> None:
    client.force_login(jennifer)
    page = "/settings/suppressions/add/"
    said = {"kind": "phone", "why": "do_not_call", "note": "register of June"}
    assert client.post(page, said).status_code == 422
    answer = client.post(page, {**said, "lines": "+1 617 555 1001\nrubbish"})
    assert answer.status_code == 422
    assert "rubbish" in answer.content.decode()
    lines = {"lines": "+1 617 555 1001\r\n(617) 555-1002; rubbish", "leave_out": "on"}
    assert client.post(page, {**said, **lines}).status_code == 302
    assert Suppression.objects.count() == 2
    file = SimpleUploadedFile("dnc.csv", b"name,number\nMaria,617 555 1003\nYlva,+16175551001\n")
    assert client.post(page, {**said, "file": file}).status_code == 302
    assert Suppression.objects.count() == 3
