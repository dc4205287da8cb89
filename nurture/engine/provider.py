"""A message leaves by a provider's HTTP API (django-anymail), behind the same protocol as SMTP.

Here nothing may be abandoned once the request is on its way: everything happens in `transmit`, after
the commit that says so. An answer that was lost is not known, as with SMTP.
"""

from __future__ import annotations

import email
import email.policy
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import requests
from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.translation import gettext as _
from urllib3.exceptions import NewConnectionError

from nurture.engine.channels import Reply
from nurture.engine.crash_points import passing
from nurture.inbox.mentions import MENTION
from nurture.models import Submission

HEADERS = ("Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "X-LeadFlow-Lead")
NOT_NOW = frozenset({401, 402, 403, 408, 425, 429, 503})
"""Answers that say: not taken, and that it is not the message's fault."""


class ProviderCourier:
    """The provider of the settings: one session, kept for a batch."""

    def __init__(self) -> None:
        self._backend: Any = None

    def announce(self, *, sender: str, recipient: str) -> Reply | None:
        """Nothing can be said beforehand: a provider hears of a message when it gets it."""
        return None

    def transmit(self, message: bytes) -> Reply:
        mail = as_mail(message)
        try:
            if self._backend is None:
                name = f"anymail.backends.{settings.EMAIL_PROVIDER}.EmailBackend"
                self._backend = get_connection(name)
                self._backend.open()
            self._backend.send_messages([mail])
            passing("after the dot")
        except AnymailError as wrong:
            reply = reply_of(wrong)
            if reply.result == Submission.Result.UNKNOWN:
                self.abandon()
            return reply
        except (requests.RequestException, OSError) as wrong:
            self.abandon()
            return Reply(Submission.Result.UNKNOWN, _said(wrong))
        status = mail.anymail_status  # type: ignore[attr-defined]
        if getattr(status.esp_response, "status_code", 200) >= 400:
            return Reply(Submission.Result.REFUSED, _said_by(status.esp_response))
        words = f"{settings.EMAIL_PROVIDER} {status.message_id}"
        return Reply(Submission.Result.ACCEPTED, words[:500])

    def abandon(self) -> None:
        """What a broken session leaves is not used again."""
        self.close()

    def close(self) -> None:
        if self._backend is not None:
            with suppress(requests.RequestException, OSError):
                self._backend.close()
        self._backend = None


def as_mail(message: bytes) -> EmailMultiAlternatives:
    """The same message for a provider: it writes the MIME parts itself."""
    read = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    text, page = read.get_body(("plain",)), read.get_body(("html",))
    mail = EmailMultiAlternatives(
        subject=str(read["Subject"]),
        body=text.get_content() if text else "",
        from_email=str(read["From"]),
        to=[str(read["To"])],
        headers={name: str(read[name]) for name in HEADERS if read[name]},
    )
    if page is not None:
        mail.attach_alternative(page.get_content(), "text/html")
    # What a provider gives back with each report, whatever it made of the Message-ID.
    if read["Message-ID"]:
        mail.metadata = {MENTION: str(read["Message-ID"]).strip("<>")}  # type: ignore[attr-defined]
    if settings.EMAIL_PROVIDER == "postmark":
        mail.extra_headers["X-PM-KeepID"] = "true"  # answers then name our Message-ID
    return mail


def reply_of(wrong: AnymailError) -> Reply:
    """What an error says about the message: refused, refused for now, never sent, or not known."""
    result = Submission.Result
    if isinstance(wrong, AnymailRecipientsRefused):
        told = wrong.email_message.anymail_status.status if wrong.email_message else set()
        return Reply(result.REFUSED, _said(wrong), is_hard_bounce="invalid" in (told or set()))
    if isinstance(wrong, AnymailSerializationError | AnymailUnsupportedFeature):
        return Reply(result.REFUSED, _said(wrong))
    if isinstance(wrong, AnymailConfigurationError) or _never_connected(wrong):
        return Reply(result.NOT_SENT, _said(wrong))
    code = getattr(wrong, "status_code", None)
    if code in NOT_NOW:
        return Reply(result.REFUSED_FOR_NOW, _said(wrong))
    if code is not None and 400 <= code < 500:
        return Reply(result.REFUSED, _said(wrong))
    return Reply(result.UNKNOWN, _said(wrong))


def _never_connected(wrong: Exception) -> bool:
    """Whether the request cannot have reached anybody: its name or its port did not answer."""
    if isinstance(wrong, requests.ConnectTimeout):
        return True
    cause = wrong.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(reason, NewConnectionError)


def _said_by(response: Any) -> str:
    return f"{response.status_code} {response.text}"[:500]


def _said(wrong: Exception) -> str:
    return (" ".join(str(wrong).split()) or _("no answer"))[:500]
