"""A file of leads by upload: tried, imported, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from prospects.models import Import, Lead
from team.models import Team, User

ClientOf = Callable[[User], APIClient]
IMPORTS = "/api/v1/imports/"
FAIR = b"""\
id,company,first_name,last_name,email
A1,Halden Paper,Maria,Lindqvist,maria@halden.example
A2,Skyline Foods,Joan,Reyes,joan@skyline.example
"""


def send(client: APIClient, content: bytes = FAIR, key: str = "", **body: Any) -> Any:
    file = SimpleUploadedFile("fair.csv", content)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(IMPORTS, {"file": file, **body}, format="multipart", headers=headers)


def test_a_file_is_tried_and_then_imported(client_of: ClientOf, dana: User, sam: User) -> None:
    client = client_of(dana)
    tried = send(client, dry_run="true")
    assert (tried.status_code, tried.json()["id"], tried.json()["created"]) == (200, None, 2)
    assert not Import.objects.exists()
    done = send(client, source="Trade fair")
    assert (done.status_code, done.json()["created"], done.json()["refused"]) == (201, 2, 0)
    assert Lead.objects.get(external_id="A1").source.name == "Trade fair"
    assert client.get(f"{IMPORTS}{done.json()['id']}/").json()["refused_rows"] == []
    assert len(client.get(IMPORTS).json()["results"]) == 1
    assert client_of(sam).get(IMPORTS).json()["results"] == []
    assert client_of(sam).get(f"{IMPORTS}{done.json()['id']}/").status_code == 404


def test_the_same_request_imports_once(client_of: ClientOf, dana: User) -> None:
    client, key = client_of(dana), "3f0f2a0e-7c3b-4b57-8d27-1f2b3f7a9c11"
    first, second = send(client, key=key), send(client, key=key)
    assert first.json() == second.json()
    assert Import.objects.count() == 1
    assert send(client, FAIR + b"A3,X,,,\n", key=key).status_code == 422


@pytest.mark.parametrize(
    ("content", "body", "code"),
    [
        (b"", {}, 400),
        (b"\x00\x01\x02", {}, 422),
        (FAIR, {"mapping": "email"}, 400),
        (FAIR, {"mapping": json.dumps(["email"])}, 400),
        (FAIR, {"mapping": json.dumps({"email": ["x"]})}, 400),
        (FAIR, {"mapping": json.dumps({"no such heading": "email"})}, 422),
        (FAIR, {"mapping": json.dumps({"email": "no such field"})}, 422),
        (FAIR, {"stage": "won"}, 400),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    client_of: ClientOf,
    dana: User,
    content: bytes,
    body: dict[str, Any],
    code: int,
) -> None:
    answer = send(client_of(dana), content, **body)
    assert (answer.status_code, bool(answer.json()["detail"])) == (code, True)
    assert not Lead.objects.exists()


def test_imports_are_for_who_works_in_the_program(
    client_of: ClientOf,
    carol: User,
    charlie: User,
    dana: User,
    south: Team,
) -> None:
    assert send(client_of(carol)).status_code == 403
    assert send(client_of(charlie)).status_code == 400  # of no team
    assert send(client_of(dana), team=south.pk).status_code == 400
    assert client_of(dana).post(IMPORTS, {"file": "fair.csv"}).status_code == 415
    assert not Lead.objects.exists()


def test_a_file_changes_no_lead_of_another_team(client_of: ClientOf, dana: User, sam: User) -> None:
    send(client_of(dana))
    theirs = (
        b"id,company,email,note\nA1,Evil,eve@evil.example,mine now\nB1,Voith,v@voith.example,\n"
    )
    done = send(client_of(sam), theirs)
    assert (done.json()["created"], done.json()["updated"], done.json()["refused"]) == (1, 0, 1)
    (refused,) = client_of(sam).get(f"{IMPORTS}{done.json()['id']}/").json()["refused_rows"]
    assert (refused["line"], "A1" in refused["reasons"][0]) == (2, True)
    lead = Lead.objects.select_related("company", "contact").get(external_id="A1")
    assert lead.company is not None
    assert lead.contact is not None
    assert (lead.company.name, lead.contact.email) == ("Halden Paper", "maria@halden.example")
    assert "mine" not in lead.note
