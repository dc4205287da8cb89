"""Idempotency-Key: the same request however often sent is done once and answered the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from handoff.models import Handoff
from nurture.models import Promise, Touch
from prospects.models import Contact, Lead, Source
from team.models import KeyedRequest, User
from team.tasks import forget_keys
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
KEY = "3f0f2a0e-7c3b-4b57-8d27-1f2b3f7a9c11"
OTHER_KEY = "9b2c6f8e-2d5a-4d0e-9a34-5b8e1c7d2f60"
CALL = {"channel": "phone", "outcome": "no_answer"}


def send(client: APIClient, url: str, body: dict[str, Any], key: str = KEY) -> Any:
    return client.post(url, body, headers={"Idempotency-Key": key})


def test_every_way_of_making_something_takes_a_key(
    client_of: ClientOf, dana: User, carol: User, qualified_lead: Lead, fair: Source
) -> None:
    lead, client = f"/api/v1/leads/{qualified_lead.pk}", client_of(dana)
    requests: list[tuple[str, dict[str, Any], Any]] = [
        ("/api/v1/leads/", {"source": fair.pk, "company": {"name": "Skyline"}}, Lead),
        ("/api/v1/contacts/", {"lead": qualified_lead.pk, "last_name": "Berg"}, Contact),
        ("/api/v1/touches/", {"lead": qualified_lead.pk, **CALL}, Touch),
        (f"{lead}/touches/", CALL, Touch),
        (f"{lead}/promises/", {"due_at": "2026-07-01T15:00:00Z"}, Promise),
        (f"{lead}/hand-off/", {"rep": carol.pk}, Handoff),
    ]
    for url, body, model in requests:
        before, key = model.objects.count(), str(uuid.uuid4())
        first, second = send(client, url, body, key), send(client, url, body, key)
        assert (first.status_code, second.status_code) == (201, 201), url
        assert first.json()["id"] == second.json()["id"]
        assert model.objects.count() == before + 1


def test_another_body_or_address_with_the_same_key_is_refused(
    client_of: ClientOf, dana: User, raw_lead: Lead, make_lead: Callable[..., Lead]
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{raw_lead.pk}/touches/"
    assert send(client, url, CALL).status_code == 201
    assert send(client, url, {**CALL, "outcome": "busy"}).status_code == 422
    assert send(client, f"/api/v1/leads/{make_lead().pk}/touches/", CALL).status_code == 422
    assert send(client, url, CALL, OTHER_KEY).status_code == 201
    assert Touch.objects.count() == 2


def test_a_key_belongs_to_who_sent_it(
    client_of: ClientOf, dana: User, jennifer: User, raw_lead: Lead
) -> None:
    url = f"/api/v1/leads/{raw_lead.pk}/touches/"
    assert send(client_of(dana), url, CALL).status_code == 201
    assert send(client_of(jennifer), url, CALL).status_code == 201
    assert Touch.objects.count() == 2


def test_what_was_refused_may_be_sent_again(
    client_of: ClientOf, dana: User, raw_lead: Lead
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{raw_lead.pk}/touches/"
    assert send(client, url, {"channel": "phone", "outcome": "sent"}).status_code == 422
    assert not KeyedRequest.objects.exists()
    assert send(client, url, CALL).status_code == 201


def test_a_key_is_a_uuid(client_of: ClientOf, dana: User, raw_lead: Lead) -> None:
    answer = send(client_of(dana), f"/api/v1/leads/{raw_lead.pk}/touches/", CALL, "first try")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


def test_the_answer_is_not_for_who_lost_sight_of_it(
    client_of: ClientOf, dana: User, sam: User, raw_lead: Lead
) -> None:
    client, url = client_of(dana), f"/api/v1/leads/{raw_lead.pk}/touches/"
    assert send(client, url, CALL).status_code == 201
    Lead.objects.update(specialist=sam, team=sam.team)
    assert send(client, url, CALL).status_code == 404


def test_keys_are_forgotten_when_nobody_sends_again(dana: User) -> None:
    for days in (1, 31):
        asked_at = NOW - timedelta(days=days)
        KeyedRequest.objects.create(by=dana, key=uuid.uuid4(), asked_at=asked_at)
    assert forget_keys() == 1
    assert KeyedRequest.objects.get().asked_at == NOW - timedelta(days=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["touches", "hand-off"])
def test_twenty_at_once_make_one(
    client_of: ClientOf, dana: User, carol: User, qualified_lead: Lead, what: str
) -> None:
    url = f"/api/v1/leads/{qualified_lead.pk}/{what}/"
    body = CALL if what == "touches" else {"rep": carol.pk}
    made_before = Touch.objects.count()
    clients = [client_of(dana) for _ in range(20)]

    def ask(client: APIClient) -> tuple[int, Any]:
        try:
            answer = send(client, url, body)
            return answer.status_code, answer.json().get("id")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, clients))
    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert (Touch.objects.count() - made_before, Handoff.objects.count()) in {(1, 0), (0, 1)}
