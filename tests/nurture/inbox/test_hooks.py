"""Reports of mail providers, posted to the running page as they sign them."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from nurture.models import IncomingMail, Touch
from nurture.touching import Channel, Outcome
from prospects.consents.hashing import hash_of
from prospects.models import Contact, Lead, Suppression
from tests.mails import MARIA, reply

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
]
SECRET = "hooks:a secret of more than twenty characters"
BASIC = "Basic " + b64encode(SECRET.encode()).decode()
KEY = "key-of-mailgun-for-the-tests"


def name_postmark(settings: Settings) -> None:
    settings.EMAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "POSTMARK_SERVER_TOKEN": "token"}


@pytest.fixture
def postmark(settings: Settings) -> Callable[..., int]:
    """Post a report as Postmark does; it is the provider from then on: our own mail went by SMTP."""

    def post(event: dict[str, Any], what: str = "tracking", secret: str = BASIC) -> int:
        name_postmark(settings)
        return (
            Client(raise_request_exception=False)
            .post(
                f"/hooks/postmark/{what}/",
                json.dumps(event),
                content_type="application/json",
                headers={"Authorization": secret} if secret else {},
            )
            .status_code
        )

    return post


def bounced(mention: str, **fields: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "ID": 4323372036854775807,
        "Email": MARIA,
        "BouncedAt": "2026-06-17T15:30:00Z",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Description": "The server was unable to deliver your message",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"leadflow": mention.strip("<>")},
        **fields,
    }


def test_a_bounce_takes_effect_once(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
) -> None:
    for _again in range(3):
        assert postmark(bounced(ours)) == 200
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is not None
    assert Touch.objects.filter(outcome=Outcome.BOUNCED).count() == 1
    assert IncomingMail.objects.count() == 1


def test_a_soft_bounce_does_not(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
) -> None:
    assert postmark(bounced(ours, Type="SoftBounce", Details="smtp;452 4.2.2 mailbox full")) == 200
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is None


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 42}, "complaint"),
        (
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Recipient": MARIA,
                "ChangedAt": "2026-06-17T15:30:00Z",
            },
            "unsubscribed",
        ),
    ],
)
def test_who_complains_or_opts_out_at_the_provider_is_left_alone(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
    event: dict[str, Any],
    why: str,
) -> None:
    for _again in range(2):
        assert postmark({**bounced(ours), **event}) == 200
    suppression = Suppression.objects.get(address_hash=hash_of(Channel.EMAIL, MARIA))
    assert suppression.why == why
    assert Touch.objects.filter(outcome=Outcome.UNSUBSCRIBED).count() == 1


def test_what_was_delivered_was_sent(
    postmark: Callable[..., int],
    uncertain: Any,
) -> None:
    mention = uncertain.submissions.get().message_id
    event = {
        "RecordType": "Delivery",
        "Recipient": MARIA,
        "DeliveredAt": "2026-06-17T15:30:00Z",
        "Metadata": {"leadflow": mention.strip("<>")},
    }
    for _again in range(2):
        assert postmark(event) == 200
    uncertain.refresh_from_db()
    assert uncertain.state == "sent"
    assert not IncomingMail.objects.exists()


def test_what_was_opened_leaves_no_trace(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
) -> None:
    event = {"RecordType": "Open", "Recipient": MARIA, "Metadata": {"leadflow": ours.strip("<>")}}
    assert postmark(event) == 200
    assert Touch.objects.filter(lead=written_to).count() == 1
    assert not IncomingMail.objects.exists()


def test_a_reply_comes_in_by_the_provider(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
) -> None:
    event = {
        "FromFull": {"Email": MARIA},
        "RawEmail": reply(to=ours).decode(),
        "MessageID": "22c74902-a0c1-4511-804f2-341342852c90",
    }
    for _again in range(2):
        assert postmark(event, "inbound") == 200
    assert Touch.objects.get(outcome=Outcome.REPLIED).note == "Yes, call me on Thursday."


@pytest.mark.parametrize("secret", ["", "Basic d3Jvbmc6d3Jvbmc=", "Bearer x", "Basic !"])
def test_without_the_secret_nothing_happens(
    postmark: Callable[..., int],
    written_to: Lead,
    ours: str,
    secret: str,
) -> None:
    assert postmark(bounced(ours), secret=secret) == 400
    assert not IncomingMail.objects.exists()


@pytest.mark.parametrize(
    "event", [{}, {"RecordType": None}, {"RecordType": "Bounce", "BouncedAt": "never"}, {"x": []}]
)
def test_no_report_is_an_error_of_ours(postmark: Callable[..., int], event: dict[str, Any]) -> None:
    for what in ("tracking", "inbound"):
        assert postmark(event, what) < 500


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/mailgun/tracking/",
        "/hooks/postmark/other/",
        "/hooks/nobody/tracking/",
    ],
)
def test_of_another_provider_there_is_no_page(settings: Settings, path: str) -> None:
    name_postmark(settings)
    assert Client().post(path, headers={"Authorization": BASIC}).status_code == 404


def test_providers_may_ask_whether_it_is_there(settings: Settings) -> None:
    name_postmark(settings)
    assert Client().head("/hooks/postmark/tracking/").status_code == 200
    assert Client().get("/hooks/postmark/tracking/").status_code == 405


# A provider that signs


@pytest.fixture
def mailgun(settings: Settings) -> Callable[..., int]:
    """Post a report as Mailgun signs it."""

    def post(event: dict[str, Any], key: str = KEY, secret: str = BASIC) -> int:
        settings.EMAIL_PROVIDER = "mailgun"
        settings.ANYMAIL = {
            "WEBHOOK_SECRET": SECRET,
            "MAILGUN_API_KEY": "api",
            "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
        }
        stamp, token = "1781708400", "06c96bafc3f42a66b9edd546347a2fe18dc23461fe80dc52f0"
        signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        signed = {"timestamp": stamp, "token": token, "signature": signature}
        return (
            Client(raise_request_exception=False)
            .post(
                "/hooks/mailgun/tracking/",
                json.dumps({"signature": signed, "event-data": event}),
                content_type="application/json",
                headers={"Authorization": secret} if secret else {},
            )
            .status_code
        )

    return post


def failed(mention: str) -> dict[str, Any]:
    return {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "id": "pVqXGJWhTzysS9GpwF2hlQ",
        "timestamp": 1781708400.5,
        "recipient": MARIA,
        "user-variables": {"leadflow": mention.strip("<>")},
        "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
        "message": {"headers": {"message-id": mention.strip("<>")}},
    }


def test_a_signed_report_takes_effect(
    mailgun: Callable[..., int],
    written_to: Lead,
    ours: str,
) -> None:
    assert mailgun(failed(ours)) == 200
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is not None


@pytest.mark.parametrize(("key", "secret"), [("another key", BASIC), (KEY, "")])
def test_a_wrong_signature_or_secret_is_refused(
    mailgun: Callable[..., int],
    written_to: Lead,
    ours: str,
    key: str,
    secret: str,
) -> None:
    assert mailgun(failed(ours), key, secret) == 400
    assert Contact.objects.get(last_name="Lindqvist1").email_invalid_at is None
