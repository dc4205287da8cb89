"""Messages that leave by a provider's API: what each answer, and no answer, means."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from nurture.cadences.enrolments import enrol
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.models import Cadence, PlannedTouch, Submission
from prospects.models import Contact, Lead
from team.models import User
from tests.fixtures import NOW
from tests.mails import MARIA

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
GOOD = {
    "To": MARIA,
    "SubmittedAt": "2026-06-17T15:00:00Z",
    "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
    "ErrorCode": 0,
    "Message": "OK",
}
INACTIVE = (
    "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: "
    f"{MARIA}. Inactive recipients are ones that have generated a hard bounce or a spam complaint."
)


class Provider:
    """Postmark's API, played: keeps what it was given and answers as told."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = 200
        self.answer: dict[str, Any] | None = GOOD
        """None: hangs up after taking the message."""


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    played = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            played.got.append(json.loads(self.rfile.read(length)))
            if played.answer is None:
                self.connection.close()
                return
            body = json.dumps(played.answer).encode()
            self.send_response(played.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EMAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": 5,
        "IGNORE_UNSUPPORTED_FEATURES": True,
    }
    yield played
    server.shutdown()
    server.server_close()


@pytest.fixture
def planned(
    make_lead: Callable[..., Lead], make_cadence: Callable[..., Cadence], dana: User
) -> PlannedTouch:
    lead = make_lead()
    cadence = make_cadence(("email", 0), ("phone", 2))
    enrol(lead=lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    return PlannedTouch.objects.get()


def test_a_message_leaves_whole_and_can_be_recognised(
    planned: PlannedTouch, provider: Provider
) -> None:
    dispatch()
    planned.refresh_from_db()
    assert planned.state == "sent"
    (got,) = provider.got
    submission = Submission.objects.get()
    headers = {header["Name"]: header["Value"] for header in got["Headers"]}
    assert headers["Message-ID"] == submission.message_id
    assert submission.unsubscribe_token in headers["List-Unsubscribe"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert got["Metadata"] == {"leadflow": submission.message_id.strip("<>")}
    assert got["To"].endswith(f"<{MARIA}>")
    assert got["From"] == "Dana Whitfield <program@northwind.example>"
    assert "line 3" in got["TextBody"]
    assert "line 3" in got["HtmlBody"]
    assert violations() == []


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [
        (422, {"ErrorCode": 300, "Message": "Invalid 'From' address"}, "failed"),
        (422, {"ErrorCode": 406, "Message": INACTIVE}, "failed"),
        (422, {"ErrorCode": 406, "Message": "Inactive, in other words"}, "failed"),
        (401, {"ErrorCode": 10, "Message": "Bad token"}, "pending"),
        (429, {"ErrorCode": 429, "Message": "Too many"}, "pending"),
        (503, {}, "pending"),
        (500, {}, "uncertain"),
        (502, {}, "uncertain"),
        (200, {"unheard": "of"}, "uncertain"),
        (200, None, "uncertain"),
    ],
)
def test_what_an_answer_means(
    planned: PlannedTouch,
    provider: Provider,
    status: int,
    answer: dict[str, Any] | None,
    state: str,
) -> None:
    provider.status, provider.answer = status, answer
    dispatch()
    planned.refresh_from_db()
    assert planned.state == state
    assert len(provider.got) == 1
    dispatch()
    assert len(provider.got) == 1  # never again on our own initiative, or not at once
    assert violations() == []


def test_a_provider_that_is_away_got_nothing(
    planned: PlannedTouch, provider: Provider, settings: Settings, free_port: int
) -> None:
    settings.ANYMAIL = {
        **settings.ANYMAIL,
        "POSTMARK_API_URL": f"http://127.0.0.1:{free_port}/",
    }
    dispatch()
    planned.refresh_from_db()
    assert planned.state == "pending"
    assert Submission.objects.get().result == "not_sent"


def test_nobody_is_called_dead_for_our_mistake(planned: PlannedTouch, provider: Provider) -> None:
    provider.status, provider.answer = 422, {"ErrorCode": 300, "Message": "Invalid 'From' address"}
    dispatch()
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is None
