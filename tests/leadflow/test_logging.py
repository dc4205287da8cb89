"""Logs: one request id on every line, and nothing about a person but the user's id."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from leadflow import logs
from leadflow.urls import urlpatterns as real_urlpatterns

PERSON = {
    "email": "ann.o'neil+x@mail.example.com",
    "ip": "203.0.113.7",
    "agent": "AnnsBrowser/1.0",
    "token": "t0k3n-of-ann",
}


@login_not_required
def talk(request: HttpRequest, token: str, number: int) -> HttpResponse:
    logging.getLogger("plain").warning("wrote to %s", PERSON["email"])
    structlog.get_logger("structured").info("wrote", to=[PERSON["email"]])
    return HttpResponse()


@login_not_required
def fail(request: HttpRequest) -> HttpResponse:
    row = f"duplicate key\nDETAIL:  Key (name)=(Ann) already exists; {PERSON['email']}"
    raise IntegrityError(row)


urlpatterns = [
    *real_urlpatterns,
    path("talk/<str:token>/<int:number>/", talk),
    path("fail/", fail),
]


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What production would print from here on, a dictionary a line."""
    config = logs.configure("INFO", json=True)["formatters"]["structured"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=config["processors"], foreign_pre_chain=config["foreign_pre_chain"]
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.fixture
def get(client: Client, settings) -> Callable[[str], Any]:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False

    def get(path: str) -> Any:
        return client.get(
            path,
            {"email": PERSON["email"]},
            REMOTE_ADDR=PERSON["ip"],
            headers={"user-agent": PERSON["agent"], "x-request-id": "chosen by a stranger"},
        )

    return get


def test_every_line_of_a_request_has_the_id_that_the_response_tells(lines, get) -> None:
    response = get(f"/talk/{PERSON['token']}/7/")
    assert response.status_code == HTTPStatus.OK
    written = lines()
    assert [line["event"] for line in written] == ["wrote to (email)", "wrote", "request_finished"]
    assert {line["request_id"] for line in written} == {response["X-Request-ID"]}
    assert response["X-Request-ID"] != "chosen by a stranger"


def test_a_request_is_told_by_its_route_and_numbers(lines, get) -> None:
    get(f"/talk/{PERSON['token']}/7/")
    assert lines()[-1]["request"] == "GET /talk/<str:token>/<int:number>/ number=7"


@pytest.mark.parametrize(
    "path", [f"/talk/{PERSON['token']}/7/", "/fail/", f"/no/such/{PERSON['token']}/"]
)
def test_no_line_says_who_it_was(lines, get, path: str) -> None:
    get(path)
    written = json.dumps(lines())
    assert written != "[]"
    for fact in [*PERSON.values(), "(Ann)"]:
        assert fact not in written


def test_a_failure_is_logged_once_with_its_traceback(lines, get) -> None:
    response = get("/fail/")
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    (line,) = lines()
    assert line["event"] == "request_failed"
    assert line["request_id"] == response["X-Request-ID"]
    assert "IntegrityError: duplicate key" in line["exception"]
    assert "DETAIL: (hidden)" in line["exception"]


def test_no_logger_prints_past_the_mask() -> None:
    """One that neither propagates nor has a handler prints by Python's last resort: whole paths, and
    tracebacks with what they quote."""
    configured = logs.configure("INFO", json=True)["loggers"]
    silent = [name for name, of in configured.items() if not of["propagate"]]
    assert silent
    assert all(configured[name]["handlers"] for name in silent)


def test_the_user_is_told_by_id_only(lines, get, client: Client, dana) -> None:
    client.force_login(dana)
    get("/talk/x/1/")
    assert lines()[-1]["user_id"] == dana.pk
    assert dana.email not in json.dumps(lines())


def test_development_prints_for_people() -> None:
    config = logs.configure("INFO", json=False)
    renderer = config["formatters"]["structured"]["processors"][-1]
    assert isinstance(renderer, structlog.dev.ConsoleRenderer)
