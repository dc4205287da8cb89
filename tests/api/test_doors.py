"""Who gets in: tokens, sessions with their CSRF token, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from rest_framework.test import APIClient

from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

ClientOf = Callable[[User], APIClient]
LEADS = "/api/v1/leads/"


def token_of(person: User, **options: int) -> str:
    out = StringIO()
    call_command("create_token", person.email, stdout=out, stderr=StringIO(), **options)
    return out.getvalue().strip()


def ask(authorization: str) -> tuple[int, str]:
    answer = APIClient(raise_request_exception=False).get(
        LEADS, headers={"Authorization": authorization}
    )
    return answer.status_code, answer.headers["Content-Type"]


def test_a_token_opens_what_its_person_may_see(dana: User, sam: User, raw_lead: Lead) -> None:
    client = APIClient()
    for person, count in ((dana, 1), (sam, 0)):
        client.credentials(HTTP_AUTHORIZATION=f"Token {token_of(person)}")
        assert len(client.get(LEADS).json()["results"]) == count


def test_only_a_hash_of_it_is_kept(dana: User) -> None:
    token = token_of(dana)
    kept = AuthToken.objects.get()
    assert token not in {kept.digest, kept.token_key}
    assert token.startswith(kept.token_key)


def test_a_token_ends(dana: User) -> None:
    token = token_of(dana, days=2)
    with time_machine.travel(NOW + timedelta(days=1, hours=23), tick=False):
        assert ask(f"Token {token}")[0] == 200
    with time_machine.travel(NOW + timedelta(days=2, minutes=1), tick=False):
        assert ask(f"Token {token}")[0] == 401
    token = token_of(dana)
    call_command("revoke_tokens", dana.email, stdout=StringIO())
    assert ask(f"Token {token}")[0] == 401


def test_who_left_is_let_in_no_more(dana: User) -> None:
    token = token_of(dana)
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert ask(f"Token {token}")[0] == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "authorization",
    [
        "Token",
        "Token ",
        "Token a b",
        "Token no-such",
        "Token " + "0" * 64,
        "Token ÿ",
        "Token a\x00",
        "Token €".encode().decode("latin-1"),
        "Basic ZGFuYTpkYW5h",
        "Bearer x",
        "",
    ],
)
def test_everybody_else_is_asked_who_they_are(authorization: str) -> None:
    assert ask(authorization) == (401, "application/problem+json")


def test_a_session_needs_its_csrf_token(dana: User, raw_lead: Lead) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(dana)
    url = f"{LEADS}{raw_lead.pk}/enter-program/"
    refused = client.post(url)
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)
    page = client.get("/api/docs/?script=")  # where the reader gets it from
    token = page.content.decode().split('request.headers["X-CSRFTOKEN"] = "')[1].split('"')[0]
    assert client.post(url, headers={"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"email": "nobody@northwind.example"}, {"days": 0}, {"days": 400}]
)
def test_the_command_says_what_is_wrong(dana: User, wrong: dict[str, object]) -> None:
    options = {"email": dana.email, "days": 90, **wrong}
    with pytest.raises(CommandError, match=r"Nobody|days"):
        call_command("create_token", options.pop("email"), **options)
