"""A real SMTP server for the tests: keeps what arrives, and refuses, stalls or falls silent when told."""

from __future__ import annotations

import email
import email.policy
from asyncio import WriteTransport
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """What arrived, in order, and how the next messages are to be answered."""

    def __init__(self) -> None:
        self.arrived: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        """Answers to the next messages, first to last; "" hangs up after taking the message."""
        self.refuse_recipients: set[str] = set()
        self.port = 0

    def twice(self) -> list[str]:
        """The Message-IDs that arrived more than once."""
        counted = Counter(str(message["Message-ID"]) for message in self.arrived)
        return [message_id for message_id, times in counted.items() if times > 1]

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse_recipients:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250") or not answer:
            content = envelope.content
            assert isinstance(content, bytes)
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.arrived.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
        if not answer:
            assert isinstance(server.transport, WriteTransport)
            server.transport.abort()
        return answer or "250 never heard"


@contextmanager
def running(port: int) -> Iterator[MailServer]:
    """The server, on a port of this machine."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    server.port = port
    try:
        yield server
    finally:
        controller.stop()
