"""Cadences, enrolments, planned touches and the engine over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from nurture.cadences.enrolments import enrol
from nurture.models import Cadence, Engine, Enrolment, PlannedTouch, SwitchEvent
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
V1 = "/api/v1"
STEPS = [
    {"channel": "phone", "after_days": 0},
    {"channel": "voicemail", "after_days": 2, "at": "10:00"},
    {"channel": "phone", "after_days": 20, "track": "not_now"},
]
KEY = {"Idempotency-Key": "7a9de2dc-4f6b-4b7c-9d4f-5d1f7f1a0c11"}


@pytest.fixture
def enrolled(
    make_lead: Callable[..., Lead], make_cadence: Callable[..., Cadence], dana: User
) -> Enrolment:
    cadence = make_cadence(("email", 0), ("phone", 2))
    return enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))


def test_a_cadence_is_written_read_and_published_anew(
    client_of: ClientOf, jennifer: User, dana: User
) -> None:
    client = client_of(jennifer)
    sent = {"name": "Trade fair", "steps": STEPS}
    first = client.post(f"{V1}/cadences/", sent, headers=KEY)
    again = client.post(f"{V1}/cadences/", sent, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    cadence = first.json()
    assert cadence["id"] == again.json()["id"]
    assert cadence["version"] == 1
    assert [(step["track"], step["position"]) for step in cadence["steps"]] == [
        ("main", 1),
        ("main", 2),
        ("not_now", 1),
    ]
    url = f"{V1}/cadences/{cadence['id']}/"
    changed = client.put(url, {**sent, "steps": STEPS[:1], "version": 1}).json()
    assert (changed["version"], len(changed["steps"])) == (2, 1)
    assert client.put(url, {**sent, "version": 1}).status_code == 403  # published meanwhile
    assert client.post(f"{V1}/cadences/", {"name": "Empty", "steps": []}).status_code == 400
    assert client.post(f"{V1}/cadences/", sent).status_code == 422  # the name is taken
    seen = client_of(dana).get(f"{V1}/cadences/").json()["results"]
    assert [row["name"] for row in seen] == ["Trade fair"]
    assert client_of(dana).post(f"{url}pause/").status_code == 403


def test_a_cadence_is_paused_with_a_reason(
    client_of: ClientOf, jennifer: User, enrolled: Enrolment
) -> None:
    url = f"{V1}/cadences/{enrolled.version.cadence_id}/"
    client = client_of(jennifer)
    assert client.post(f"{url}pause/", {"why": "new words"}).json()["paused_at"]
    event = SwitchEvent.objects.get()
    assert (event.cadence_id, event.by, event.why) == (
        enrolled.version.cadence_id,
        jennifer,
        "new words",
    )
    assert client.post(f"{url}resume/").json()["paused_at"] is None
    assert client.post(f"{url}archive/").json()["archived_at"]
    assert client.get(f"{V1}/cadences/").json()["results"] == []
    assert len(client.get(f"{V1}/cadences/?archived=true").json()["results"]) == 1
    assert client.post(f"{url}reopen/").json()["archived_at"] is None


def test_a_lead_goes_in_once_and_out_again(
    client_of: ClientOf, dana: User, raw_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    client = client_of(dana)
    sent = {"lead": raw_lead.pk, "cadence": make_cadence(("phone", 0)).pk, "why": "from the fair"}
    first = client.post(f"{V1}/enrolments/", sent, headers=KEY)
    again = client.post(f"{V1}/enrolments/", sent, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    refused = client.post(f"{V1}/enrolments/", sent)
    assert refused.status_code == 403
    assert "already" in refused.json()["detail"]
    url = f"{V1}/enrolments/{first.json()['id']}/"
    assert client.post(f"{url}pause/").json()["paused_at"]
    assert client.post(f"{url}resume/").json()["paused_at"] is None
    assert client.post(f"{url}stop/", {"why": "they called"}).json()["end"] == "stopped"
    listed = client.get(f"{V1}/enrolments/?lead={raw_lead.pk}").json()["results"]
    assert [row["why"] for row in listed] == ["from the fair"]
    assert client.get(f"{V1}/enrolments/?active=true").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("?state=pending", 1),
        ("?state=sent", 0),
        ("?channel=email", 1),
        ("?channel=phone", 0),
        ("?due_before=2026-06-17T15:00:00Z", 1),
        ("?due_before=2026-06-01T15:00:00Z", 0),
    ],
)
def test_planned_touches_are_found(
    client_of: ClientOf, dana: User, sam: User, enrolled: Enrolment, query: str, count: int
) -> None:
    url = f"{V1}/planned-touches/{query}"
    assert len(client_of(dana).get(url).json()["results"]) == count
    assert client_of(sam).get(url).json()["results"] == []


@pytest.mark.parametrize(
    "query",
    [
        "?state=sent&due_before=2026-06-17T15:00:00Z",
        "?state=nowhere",
        "?cursor=x",
        "?cursor=2026-06-17T15:00:00~5",
        "?cursor=2026-06-17T15:00:00Z~5",
        "?due_before=2026-06-17T15:00:00Z&cursor=5",
        "?due_before=2026-06-17",
        "?cursor=99999999999999999999",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    client_of: ClientOf, dana: User, query: str
) -> None:
    assert client_of(dana).get(f"{V1}/planned-touches/{query}").status_code == 400


def test_what_is_due_is_turned_page_by_page_and_costs_the_same(
    client_of: ClientOf,
    dana: User,
    enrolled: Enrolment,
    make_lead: Callable[..., Lead],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    for _number in range(6):
        enrol(lead=make_lead(), cadence=enrolled.version.cadence, by=dana, now=NOW)
    monkeypatch.setattr("nurture.engine.api.PAGE", 3)
    client, found = client_of(dana), []
    url: str | None = f"{V1}/planned-touches/?due_before=2026-07-01T00:00:00Z"
    while url:
        with django_assert_max_num_queries(7):
            page = client.get(url).json()
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    expected = PlannedTouch.objects.filter(state="pending").order_by("due_at", "pk")
    assert found == list(expected.values_list("pk", flat=True))
    assert len(found) == 7


def test_one_planned_touch_has_its_history(
    client_of: ClientOf, dana: User, enrolled: Enrolment
) -> None:
    planned = enrolled.planned.get()
    shown = client_of(dana).get(f"{V1}/planned-touches/{planned.pk}/").json()
    assert (shown["state"], shown["cadence"]["name"]) == ("pending", "First contact")
    assert [event["to_state"] for event in shown["events"]] == ["pending"]
    assert shown["submissions"] == []
    assert shown["verdict"]
    assert {"yes"} <= {asked["answer"] for asked in shown["asked_now"]}
    known = client_of(dana).post(
        f"{V1}/planned-touches/{planned.pk}/settle/", {"fate": "leave", "why": "x"}
    )
    assert known.status_code == 403


def test_the_engine_is_paused_and_goes_on(
    client_of: ClientOf, jennifer: User, enrolled: Enrolment
) -> None:
    client = client_of(jennifer)
    status = client.get(f"{V1}/engine/").json()
    assert status["due"] == [
        {
            "channel": "email",
            "performer": "machine",
            "count": 1,
            "oldest": enrolled.planned.get().due_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    ]
    assert client.post(f"{V1}/engine/pause/").status_code == 400
    paused = client.post(f"{V1}/engine/pause/", {"why": "a new server"}).json()
    assert (paused["everything"]["by"]["name"], paused["everything"]["why"]) == (
        jennifer.name,
        "a new server",
    )
    assert client.post(f"{V1}/engine/resume/", {"why": "it runs"}).json()["everything"] == {
        "paused_at": None,
        "by": None,
        "why": "",
    }
    client.post(f"{V1}/engine/pause/", {"what": "mail", "why": "a complaint"})
    engine = Engine.objects.get()
    assert (engine.paused_at, engine.mail_paused_at) == (None, NOW)
    assert client.get(f"{V1}/engine/uncertain/").json() == {"next": None, "results": []}
