"""What the API says no to, and how: problem details, in words, and never a 500."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from rest_framework.test import APIClient

from handoff.actions import accept, hand_off
from nurture.cadences.enrolments import enrol
from nurture.models import Cadence
from prospects.models import Lead, Source
from team.models import User
from tests.api.test_fields import OFFERED
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]

STRANGE: list[Any] = [
    *(None, True, -1, 2**70, 1e300, [], {"a": 1}),
    *("", "\0", "x" * 20_000, "\ud83d", "<script>", "NaN", "1e99999", "９９"),
    *("0001-01-01", "9999-12-31", "1969-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
]


@pytest.fixture
def bodies(
    qualified_lead: Lead, fair: Source, dana: User, carol: User
) -> dict[tuple[str, str], dict[str, Any]]:
    """What every address that writes would take as it is, from Dana."""
    lead, talk = qualified_lead.pk, qualified_lead.touches.get(outcome="conversation").pk
    call, pain = {"channel": "phone", "outcome": "no_answer"}, {"attribute": "pain", "words": "x"}
    return {
        ("api-lead-list", "POST"): {"source": fair.pk, "company": {"name": "Skyline Foods"}},
        ("api-lead", "PATCH"): {"version": qualified_lead.version},
        ("api-lead-answers", "POST"): {**pain, "touch": talk},
        ("api-lead-promises", "POST"): {"due_at": "2026-07-01T15:00:00Z"},
        ("api-lead-touches", "POST"): call,
        ("api-lead-assign", "POST"): {"specialist": dana.pk},
        ("api-lead-disqualify", "POST"): {"reason": "no_need"},
        ("api-lead-hand-off", "POST"): {"rep": carol.pk},
        ("api-lead-screen-out", "POST"): {"reason": "student"},
        ("api-contact-list", "POST"): {"lead": lead, "last_name": "Berg"},
        ("api-touch-list", "POST"): {"lead": lead, **call},
        ("api-answer-list", "POST"): {"lead": lead, **pain},
        ("api-handoff-return", "POST"): {"reason": "too early"},
        ("api-handoff-result", "POST"): {"result": "won", "revenue": "1"},
    }


@pytest.mark.parametrize(
    ("name", "method"),
    sorted(door for door, fields in OFFERED.items() if fields and door[0] != "api-import-list"),
)
def test_no_value_of_any_field_brings_it_down(
    client_of: ClientOf,
    dana: User,
    carol: User,
    qualified_lead: Lead,
    make_lead: Callable[..., Lead],
    make_cadence: Callable[..., Cadence],
    ada: User,
    by_key: APIClient,
    bodies: dict[tuple[str, str], dict[str, Any]],
    name: str,
    method: str,
) -> None:
    lead = qualified_lead
    client = by_key if name == "api-inquiry-list" else client_of(dana)
    rows = {
        "api-lead": lead.pk,
        "api-company": lead.company_id,
        "api-contact": lead.contact_id,
        "api-touch": lead.touches.latest("pk").pk,
    }
    if name.startswith(("api-cadence", "api-enrolment", "api-planned")):
        enrolment = enrol(lead=make_lead(), cadence=make_cadence(("phone", 0)), by=dana, now=NOW)
        client = client_of(ada)
        rows |= {
            "api-cadence": enrolment.version.cadence_id,
            "api-enrolment": enrolment.pk,
            "api-planned": enrolment.planned.get().pk,
        }
    if name.startswith("api-handoff"):
        handoff = hand_off(lead=lead, rep=carol, by=dana, now=NOW)
        if name == "api-handoff-result":
            accept(handoff=handoff, by=carol, now=NOW)
        rows["api-handoff"], client = handoff.pk, client_of(carol)
    row = [pk for prefix, pk in rows.items() if name.startswith(prefix)]
    url = reverse(name, args=[] if name.endswith("-list") else row)
    send = getattr(client, method.lower())
    for nth, field in enumerate(sorted(OFFERED[name, method])):
        # Every value at every third field: those of one address are of few kinds.
        for value in STRANGE[nth % 3 :: 3] if len(OFFERED[name, method]) > 3 else STRANGE:
            body = json.dumps({**bodies.get((name, method), {}), field: value})
            with transaction.atomic():
                answer = send(url, data=body, content_type="application/json")
                transaction.set_rollback(True)
            assert answer.status_code < 500, (field, value)
            if answer.status_code >= 400:
                assert_problem(answer)


@pytest.mark.parametrize("value", STRANGE)
def test_no_filter_brings_it_down(client_of: ClientOf, ada: User, value: Any) -> None:
    client = client_of(ada)
    for name, fields in {
        "api-lead-list": ("q", "stage", "source", "specialist", "documented", "cursor"),
        "api-company-list": ("q", "domain", "cursor"),
        "api-contact-list": ("lead", "company", "cursor"),
        "api-touch-list": ("lead", "since", "until", "standing", "cursor"),
        "api-answer-list": ("lead", "cursor"),
        "api-handoff-list": ("lead", "live", "cursor"),
        "api-industry-list": ("q",),
        "api-person-list": ("role",),
    }.items():
        for field in fields:
            answer = client.get(reverse(name), {field: str(value).encode("utf-8", "replace")})
            assert answer.status_code in {200, 400}, (name, field)


def assert_problem(answer: Any) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == answer.status_code
    assert problem["detail"]


@pytest.mark.parametrize(
    ("sent", "media_type", "code"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b'"note"', "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"note": NaN}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"note=a", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
    ],
)
def test_a_body_that_is_no_json_is_told_so(
    client_of: ClientOf, dana: User, raw_lead: Lead, sent: bytes, media_type: str, code: int
) -> None:
    url = f"/api/v1/leads/{raw_lead.pk}/enter-program/"
    answer = client_of(dana).post(url, data=sent, content_type=media_type)
    assert answer.status_code == code
    assert_problem(answer)


@pytest.mark.parametrize(
    ("url", "method", "code"),
    [
        ("/api/v1/leads/999999/", "get", 404),
        ("/api/v1/leads/99999999999999999999999/", "get", 404),
        ("/api/v1/leads/-1/", "get", 404),
        ("/api/v1/leads", "get", 404),
        ("/api/v1/nowhere/", "get", 404),
        ("/api/v1/leads/", "delete", 405),
        ("/api/v1/leads/", "options", 405),
        ("/api/v1/leads/999999/touches/", "post", 404),
        ("/api/v1/leads/?cursor=x", "get", 400),
    ],
)
def test_an_address_that_is_none_is_told_so(
    client_of: ClientOf, dana: User, url: str, method: str, code: int
) -> None:
    answer = getattr(client_of(dana), method)(url)
    assert answer.status_code == code
    assert_problem(answer)


def test_html_is_no_answer_of_the_api(client_of: ClientOf, dana: User) -> None:
    answer = client_of(dana).get("/api/v1/leads/", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert_problem(answer)


def test_several_faults_are_told_at_once(client_of: ClientOf, dana: User, raw_lead: Lead) -> None:
    url = f"/api/v1/leads/{raw_lead.pk}/touches/"
    answer = client_of(dana).post(url, {"channel": "fax", "minutes": "long"})
    assert set(answer.json()["errors"]) == {"channel", "outcome", "minutes"}
    assert answer.json()["title"] == "Bad Request"
