"""“Not now”: a day that was agreed, or the cadence's own steps for it; on the lead's page, in the
touch form and over the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from nurture.actions import Promised, take_back_touch
from nurture.cadences.enrolments import enrol, publish
from nurture.cadences.putting_off import log_not_now, put_off
from nurture.engine.invariants import violations
from nurture.models import Cadence, Enrolment, Promise, Step, Touch
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeCadence = Callable[..., Cadence]
IN_MARCH = "2027-03-04T15:00"


@pytest.fixture
def with_track(jennifer: User) -> Cadence:
    """A call, and after “not now” another in eight weeks."""
    cadence = Cadence.objects.create(name="First contact", created_at=NOW)
    steps = [
        Step(track="main", position=1, channel="phone", after_days=0),
        Step(track="main", position=2, channel="phone", after_days=3),
        Step(track="not_now", position=1, channel="phone", after_days=40),
    ]
    publish(cadence=cadence, steps=steps, by=jennifer, now=NOW)
    return cadence


@pytest.fixture
def under_way(with_track: Cadence, raw_lead: Lead, dana: User) -> Lead:
    enrol(lead=raw_lead, cadence=with_track, by=dana, now=NOW - timedelta(days=1))
    raw_lead.refresh_from_db()
    return raw_lead


def typed(outcome: str = "email-replied-in", **own: Any) -> dict[str, Any]:
    return {"outcome": outcome, "not_now": "on", "key": str(uuid.uuid4()), **own}


def active(lead: Lead) -> list[tuple[str, str]]:
    rows = Enrolment.objects.active().filter(lead=lead)
    return [(row.track, row.planned.get(ended_at=None).step.channel) for row in rows]


def test_without_a_day_the_lead_goes_on_with_the_steps_for_it(under_way: Lead, dana: User) -> None:
    put_off(lead=under_way, by=dana, now=NOW)
    assert active(under_way) == [("not_now", "phone")]
    first = Enrolment.objects.get(lead=under_way, track="main")
    assert first.end == Enrolment.End.REPLY
    put_off(lead=under_way, by=dana, now=NOW + timedelta(minutes=1))
    assert Enrolment.objects.filter(lead=under_way).count() == 2
    assert violations() == []


def test_with_a_day_the_cadence_ends_and_the_promise_stands(under_way: Lead, dana: User) -> None:
    due_at = NOW + timedelta(days=200)
    put_off(lead=under_way, by=dana, now=NOW, promised=Promised(due_at, words="call me in January"))
    assert active(under_way) == []
    under_way.refresh_from_db()
    assert (under_way.next_touch_at, under_way.next_touch_why) == (due_at, "call me in January")
    assert violations() == []


def test_where_the_cadence_has_no_such_steps_a_day_is_needed(
    make_cadence: MakeCadence, raw_lead: Lead, dana: User
) -> None:
    with pytest.raises(ValidationError, match="It was in no cadence"):
        put_off(lead=raw_lead, by=dana, now=NOW)
    enrol(lead=raw_lead, cadence=make_cadence(("phone", 0)), by=dana, now=NOW)
    with pytest.raises(ValidationError, match="has no steps for “not now”"):
        put_off(lead=raw_lead, by=dana, now=NOW)
    assert active(raw_lead) == [("main", "phone")]


def test_who_is_not_developed_is_not_put_off(
    qualified_lead: Lead, make_lead: Callable[..., Lead], dana: User, carol: User
) -> None:
    with pytest.raises(NotAllowed, match="qualified"):
        put_off(lead=qualified_lead, by=dana, now=NOW)
    with pytest.raises(NotAllowed):
        put_off(lead=make_lead(), by=carol, now=NOW)


# In the touch form


def test_it_is_said_while_the_reply_is_logged(under_way: Lead, dana: User, as_user: AsUser) -> None:
    answer = as_user(dana).post(f"/leads/{under_way.pk}/touches/", typed(), follow=True)
    assert answer.status_code == 200
    assert active(under_way) == [("not_now", "phone")]
    assert Touch.objects.get(lead=under_way).outcome == "replied"


def test_a_day_in_the_touch_form_is_a_promise(under_way: Lead, dana: User, as_user: AsUser) -> None:
    as_user(dana).post(
        f"/leads/{under_way.pk}/touches/",
        typed("phone-conversation-out", promised_at=IN_MARCH, promised_words="in March"),
    )
    assert active(under_way) == []
    assert Promise.objects.get(lead=under_way).words == "in March"


def test_nobody_who_was_not_reached_said_so(under_way: Lead, dana: User, as_user: AsUser) -> None:
    answer = as_user(dana).post(
        f"/leads/{under_way.pk}/touches/", typed("phone-no_answer-out", note="kept")
    )
    assert answer.status_code == 422
    assert "talked to us" in str(answer.context["form"].errors["not_now"])
    assert "kept" in answer.content.decode()
    assert not Touch.objects.filter(lead=under_way).exists()


def test_what_can_not_be_put_off_is_not_logged_either(
    raw_lead: Lead, dana: User, as_user: AsUser
) -> None:
    answer = as_user(dana).post(f"/leads/{raw_lead.pk}/touches/", typed())
    assert answer.status_code == 422
    assert "say when to come back" in str(answer.context["form"].errors["promised_at"])
    assert not Touch.objects.filter(lead=raw_lead).exists()


def test_a_form_sent_twice_puts_off_once(under_way: Lead, dana: User, as_user: AsUser) -> None:
    client, form = as_user(dana), typed()
    for _time in range(2):
        client.post(f"/leads/{under_way.pk}/touches/", form)
    assert Enrolment.objects.filter(lead=under_way).count() == 2


def test_taking_the_touch_back_ends_what_it_began(under_way: Lead, dana: User) -> None:
    touch = log_not_now(lead=under_way, by=dana, now=NOW, channel="email", outcome="replied")
    take_back_touch(touch=touch, by=dana, now=NOW + timedelta(seconds=20))
    assert active(under_way) == []
    assert violations() == []


# The page


def test_the_page_offers_it_by_a_key(under_way: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    said = client.get(f"/leads/{under_way.pk}/").content.decode()
    assert f'href="/leads/{under_way.pk}/not-now/"' in said
    assert 'name="not_now"' in said
    answer = client.post(f"/leads/{under_way.pk}/not-now/", {"promised_at": IN_MARCH})
    assert answer.status_code == 302
    assert Promise.objects.filter(lead=under_way).exists()


def test_a_day_gone_by_is_refused_beside_its_field(
    under_way: Lead, dana: User, as_user: AsUser
) -> None:
    answer = as_user(dana).post(
        f"/leads/{under_way.pk}/not-now/",
        {"promised_at": "2026-01-02T10:00", "promised_words": "kept"},
    )
    assert answer.status_code == 422
    assert "time to come" in str(answer.context["form"].errors["promised_at"])
    assert "kept" in answer.content.decode()


def test_reps_and_closed_leads_are_not_offered_it(
    qualified_lead: Lead, dana: User, as_user: AsUser
) -> None:
    said = as_user(dana).get(f"/leads/{qualified_lead.pk}/").content.decode()
    assert "not-now" not in said
    assert 'name="not_now"' not in said


# The API


def test_the_api_puts_off_too(under_way: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    answer = client.post(
        f"/api/v1/leads/{under_way.pk}/not-now/", {}, content_type="application/json"
    )
    assert answer.status_code == 200
    assert active(under_way) == [("not_now", "phone")]
    answer = client.post(
        f"/api/v1/leads/{under_way.pk}/not-now/",
        {"promised": {"due_at": "2027-03-04T15:00:00Z", "words": "in March"}},
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert active(under_way) == []
