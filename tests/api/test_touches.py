"""Touches, promises, answers and the gate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from nurture.actions import log_touch
from nurture.models import Promise, Touch
from prospects.models import Lead
from prospects.stages import Stage
from team.models import User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
CALL = {"channel": "phone", "outcome": "no_answer"}
TALK = {"channel": "phone", "outcome": "conversation", "minutes": "11.5", "note": "two lines stop"}


def test_a_touch_is_written_down_and_the_lead_follows(
    client_of: ClientOf, dana: User, raw_lead: Lead
) -> None:
    url = f"/api/v1/leads/{raw_lead.pk}/touches/"
    answer = client_of(dana).post(url, {**TALK, "occurred_at": "2026-06-17T10:30:00-04:00"})
    assert answer.status_code == 201
    touch = answer.json()
    assert touch["occurred_at"] == "2026-06-17T14:30:00Z"
    assert (touch["direction"], touch["is_conversation"], touch["minutes"]) == (
        "out",
        True,
        "11.50",
    )
    assert touch["contact"]["id"] == raw_lead.contact_id
    lead = client_of(dana).get(f"/api/v1/leads/{raw_lead.pk}/").json()
    assert (lead["stage"], lead["outbound_touches"]) == ("nurturing", 1)
    (attempt,) = client_of(dana).get(f"/api/v1/leads/{raw_lead.pk}/attempts/").json()
    assert (attempt["number"], attempt["called"], attempt["lacking"]) == (1, True, [])


def test_what_happened_before_the_lead_was_written_down_may_still_be_logged(
    client_of: ClientOf, dana: User, make_lead: Callable[..., Lead]
) -> None:
    lead = make_lead(now=NOW)
    url = f"/api/v1/leads/{lead.pk}/touches/"
    answer = client_of(dana).post(url, {**CALL, "occurred_at": "2026-06-16T15:00:00Z"})
    assert answer.status_code == 201
    lead.refresh_from_db()
    assert (lead.stage, lead.entered_program_at) == (Stage.NURTURING, NOW)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, 400, "channel"),
        ({"channel": "fax", "outcome": "sent"}, 400, "channel"),
        ({"channel": "phone", "outcome": "sent"}, 422, "outcome"),
        ({**CALL, "occurred_at": "2026-06-17T15:00:00"}, 400, "occurred_at"),  # no offset
        ({**CALL, "occurred_at": "2026-06-18T15:00:00Z"}, 422, "occurred_at"),  # tomorrow
        ({**CALL, "occurred_at": "yesterday"}, 400, "occurred_at"),
        ({**CALL, "minutes": "-1"}, 400, "minutes"),
        ({**CALL, "minutes": "Infinity"}, 400, "minutes"),
        ({**CALL, "note": "a\0b"}, 400, "note"),
        ({**CALL, "note": ["a"]}, 400, "note"),
        ({**CALL, "by": 1}, 400, "by"),
        ({**CALL, "promised": {"words": "in July"}}, 400, "promised"),
        (
            {**CALL, "promised": {"due_at": "2026-07-01T15:00:00Z", "kept_at": None}},
            400,
            "promised",
        ),
        ({**CALL, "contact": 2**70}, 400, "contact"),
        ({**CALL, "supersedes": 0}, 400, "supersedes"),
    ],
)
def test_what_is_not_in_order_is_told_by_field(
    client_of: ClientOf, dana: User, raw_lead: Lead, body: dict[str, Any], code: int, field: str
) -> None:
    answer = client_of(dana).post(f"/api/v1/leads/{raw_lead.pk}/touches/", body)
    assert (answer.status_code, field in answer.json()["errors"]) == (code, True)
    assert not Touch.objects.exists()


def test_a_touch_is_with_somebody_of_the_lead(
    client_of: ClientOf, dana: User, sam: User, make_lead: Callable[..., Lead]
) -> None:
    lead, other = make_lead(), make_lead()
    foreign = make_lead(by=sam, team=sam.team)
    url = f"/api/v1/leads/{lead.pk}/touches/"
    wrong = client_of(dana).post(url, {**CALL, "contact": other.contact_id})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["contact"])
    unseen = client_of(dana).post(url, {**CALL, "contact": foreign.contact_id})
    unheard_of = client_of(dana).post(url, {**CALL, "contact": 999_999})
    assert unseen.status_code == unheard_of.status_code == 400  # and nothing tells them apart


def test_a_wrong_entry_is_corrected_once(
    client_of: ClientOf, dana: User, raw_lead: Lead, make_lead: Callable[..., Lead]
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{raw_lead.pk}/touches/"
    first = client.post(url, CALL).json()
    other = make_lead()
    elsewhere = {**CALL, "supersedes": first["id"]}
    assert client.post(f"/api/v1/leads/{other.pk}/touches/", elsewhere).status_code == 422
    correction = {**CALL, "outcome": "busy", "supersedes": first["id"]}
    assert client.post(url, correction).json()["supersedes"] == first["id"]
    assert client.post(url, correction).status_code == 422
    assert client.get(f"/api/v1/touches/{first['id']}/").json()["superseded_at"] is not None
    standing = client.get(f"{url}?standing=true").json()["results"]
    assert [touch["outcome"] for touch in standing] == ["busy"]


def test_a_touch_logged_by_mistake_is_taken_back(
    client_of: ClientOf, dana: User, jennifer: User, raw_lead: Lead
) -> None:
    touch = client_of(dana).post("/api/v1/touches/", {"lead": raw_lead.pk, **CALL}).json()
    url = f"/api/v1/touches/{touch['id']}/take-back/"
    assert client_of(jennifer).post(url).status_code == 403
    assert client_of(dana).post(url, {"why": "a slip"}).status_code == 400
    assert client_of(dana).post(url).json()["outbound_touches"] == 0


def test_touches_are_read_by_time_and_lead(
    client_of: ClientOf,
    dana: User,
    nurtured_lead: Lead,
    make_lead: Callable[..., Lead],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client, other = client_of(dana), make_lead()
    log_touch(lead=other, channel="phone", outcome="no_answer", by=dana, now=NOW)

    def outcomes(query: str) -> list[int]:
        return [touch["lead"] for touch in client.get(f"/api/v1/touches/{query}").json()["results"]]

    assert outcomes("") == [other.pk, nurtured_lead.pk]
    assert outcomes(f"?lead={nurtured_lead.pk}") == [nurtured_lead.pk]
    assert outcomes("?since=2026-06-01T00:00:00Z") == [other.pk]
    assert outcomes("?until=2026-06-01T00:00:00-04:00") == [nurtured_lead.pk]
    with django_assert_max_num_queries(6) as few:
        outcomes("")
    for day in range(10):
        log_touch(
            lead=other, channel="phone", outcome="no_answer", by=dana, now=NOW - timedelta(days=day)
        )
    with django_assert_max_num_queries(6) as many:
        assert len(outcomes("")) == 12
    assert len(many) == len(few)


def test_a_promise_is_kept_in_sight(client_of: ClientOf, dana: User, nurtured_lead: Lead) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{nurtured_lead.pk}/promises/"
    given = {"due_at": "2026-07-01T15:00:00Z", "words": "call me in July"}
    assert client.post(url, given).status_code == 201
    assert client.post(url, {"due_at": "2026-06-01T15:00:00Z"}).status_code == 422
    assert [promise["words"] for promise in client.get(url).json()] == ["call me in July"]
    lead = client.get(f"/api/v1/leads/{nurtured_lead.pk}/").json()
    assert lead["next_touch"]["at"] == "2026-07-01T15:00:00Z"
    call = {**CALL, "promised": {"due_at": "2026-08-03T13:00:00Z", "channel": "email"}}
    client.post(f"/api/v1/leads/{nurtured_lead.pk}/touches/", call)
    assert Promise.objects.latest("pk").channel == "email"


def test_the_last_answer_opens_the_gate(
    client_of: ClientOf, dana: User, almost_ready: Lead
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{almost_ready.pk}/answers/"
    gate = client.get(url).json()
    assert (gate["passes"], gate["open_attributes"]) == (False, ["urgency"])
    urgency = next(f for f in gate["attributes"] if f["attribute"] == "urgency")
    assert (urgency["state"], bool(urgency["question"])) == ("unknown", True)
    talk = almost_ready.touches.get(outcome="conversation")
    said = {"attribute": "urgency", "words": "The October shutdown", "on": "2026-10-01"}
    assert client.post(url, said).json()["passes"] is False  # our own research
    answer = client.post("/api/v1/answers/", {"lead": almost_ready.pk, **said, "touch": talk.pk})
    assert (answer.status_code, answer.json()["passes"]) == (201, True)
    almost_ready.refresh_from_db()
    assert almost_ready.stage == Stage.QUALIFIED
    latest, first, *_rest = client.get(f"/api/v1/answers/?lead={almost_ready.pk}").json()["results"]
    assert (latest["basis"], latest["touch"], latest["superseded_at"]) == ("touch", talk.pk, None)
    assert (first["basis"], first["touch"], first["superseded_at"] is None) == (
        "research",
        None,
        False,
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"attribute": "industry", "words": "Paper"}, 422),  # derived
        ({"attribute": "mood", "words": "good"}, 400),
        ({"attribute": "budget", "amount": "a lot"}, 400),
        ({"attribute": "budget", "amount": "1e30"}, 400),
        ({"attribute": "process", "on": "soon"}, 400),
        ({"attribute": "pain", "words": "x", "basis": "touch"}, 400),
    ],
)
def test_an_answer_that_is_none_is_refused(
    client_of: ClientOf, dana: User, nurtured_lead: Lead, body: dict[str, Any], code: int
) -> None:
    url = f"/api/v1/leads/{nurtured_lead.pk}/answers/"
    assert client_of(dana).post(url, body).status_code == code
    assert not nurtured_lead.answers.exists()


def test_only_their_word_confirms(client_of: ClientOf, dana: User, nurtured_lead: Lead) -> None:
    unanswered = nurtured_lead.touches.get()
    said = {"attribute": "pain", "words": "Line 3 stops", "touch": unanswered.pk}
    answer = client_of(dana).post(f"/api/v1/leads/{nurtured_lead.pk}/answers/", said)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["touch"])
