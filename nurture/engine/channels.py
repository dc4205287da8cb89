"""The outside world: how a message leaves. SMTP is spoken step by step, because the steps matter.

Everything up to the server's 354 may be abandoned at any moment and nothing was sent. Then the body
goes, then the final dot: from the dot on, only the server knows, until it answers.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from nurture.engine.crash_points import passing
from nurture.models import Submission

START_OF_BODY = 354
HARD_BOUNCES = frozenset({550, 551, 553})
"""Refusals of the recipient: the address does not work."""

_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class Reply:
    """What the other side said, or that it said nothing."""

    result: str
    """One of Submission.Result."""
    words: str
    is_hard_bounce: bool = False


class Unreachable(Exception):
    """There is no connection, or it was refused: nothing was sent, and it may be tried again."""


class Courier(Protocol):
    """Takes one message at a time; the two halves lie on either side of the commit that says so."""

    def announce(self, *, sender: str, recipient: str) -> Reply | None:
        """All that may be abandoned. Returns the refusal, or None: the other side waits for the body."""

    def transmit(self, message: bytes) -> Reply:
        """The body and its end. Never raises: what is not known is a reply too."""

    def abandon(self) -> None:
        """Break off before the body."""

    def close(self) -> None: ...


class SmtpCourier:
    """The mail server of the settings: one connection, kept for a batch, opened anew when it broke."""

    def __init__(self) -> None:
        self._connection: smtplib.SMTP | None = None

    def announce(self, *, sender: str, recipient: str) -> Reply | None:
        try:
            connection = self._connected()
            connection.rset()
            for code, words in (connection.mail(sender), connection.rcpt(recipient)):
                if code >= 400:
                    return _refusal(code, words)
            code, words = connection.docmd("DATA")
        except (OSError, smtplib.SMTPException) as wrong:
            self.abandon()
            raise Unreachable(str(wrong)) from wrong
        return None if code == START_OF_BODY else _refusal(code, words)

    def transmit(self, message: bytes) -> Reply:
        connection = self._connection
        if connection is None or connection.sock is None:
            return Reply(Submission.Result.NOT_SENT, _("the connection was gone"))
        body = _LEADING_DOT.sub(b"..", message)
        if not body.endswith(b"\r\n"):
            body += b"\r\n"
        half = len(body) // 2
        try:
            connection.sock.sendall(body[:half])
            passing("half of the body")
            connection.sock.sendall(body[half:])
        except OSError as wrong:
            self.abandon()
            return Reply(Submission.Result.NOT_SENT, str(wrong))
        try:
            connection.sock.sendall(b".\r\n")
            passing("after the dot")
            code, words = connection.getreply()
        except (OSError, smtplib.SMTPException) as wrong:
            self.abandon()
            return Reply(Submission.Result.UNKNOWN, str(wrong))
        if code < 300:
            return Reply(Submission.Result.ACCEPTED, _said(code, words))
        return _refusal(code, words)

    def abandon(self) -> None:
        """Without the final dot no server delivers: closing the connection is enough."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._connection.quit()
        self._connection = None

    def _connected(self) -> smtplib.SMTP:
        if self._connection is None:
            opened: smtplib.SMTP
            if settings.EMAIL_USE_SSL:
                opened = smtplib.SMTP_SSL(
                    settings.EMAIL_HOST,
                    settings.EMAIL_PORT,
                    timeout=settings.EMAIL_TIMEOUT,
                    context=ssl.create_default_context(),
                )
            else:
                opened = smtplib.SMTP(
                    settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT
                )
            if settings.EMAIL_USE_TLS:
                opened.starttls(context=ssl.create_default_context())
            opened.ehlo_or_helo_if_needed()
            if settings.EMAIL_HOST_USER:
                opened.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            self._connection = opened
        return self._connection


def _refusal(code: int, words: bytes) -> Reply:
    is_for_now = code < 500
    return Reply(
        Submission.Result.REFUSED_FOR_NOW if is_for_now else Submission.Result.REFUSED,
        _said(code, words),
        is_hard_bounce=code in HARD_BOUNCES,
    )


def _said(code: int, words: bytes) -> str:
    return f"{code} {words.decode(errors='replace')}"[:500]
