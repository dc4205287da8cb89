"""A real SMTP server for the tests: keeps what arrives, and refuses, stalls or falls silent when told."""

from __future__ import annotations

import asyncio
import email
import email.policy
from asyncio import WriteTransport
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HANGS_UP = ""
"""An answer that is none: the connection is gone. To the final dot: after taking the message."""
STALLS = "stall"
"""An answer that does not come, and then the connection is gone."""
CUT = "cut"
"""To DATA only: the server asks for the body, and is gone before it is whole."""


class MailServer:
    """What arrived, in order, and how the next messages are to be answered."""

    def __init__(self) -> None:
        self.arrived: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        """Answers to the next messages, first to last; HANGS_UP after taking the message."""
        self.earlier: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        """Answers to what is said before the body, by verb, first to last."""
        self.stalls_for = 5.0
        """Seconds, longer than the client waits."""
        self.refuse_recipients: set[str] = set()
        self.port = 0

    def twice(self) -> list[str]:
        """The Message-IDs that arrived more than once."""
        counted = Counter(str(message["Message-ID"]) for message in self.arrived)
        return [message_id for message_id, times in counted.items() if times > 1]

    def answer(self, verb: str) -> str:
        """What is said to a verb, or to the final dot ("."); "250 OK" where nothing is told."""
        told = self.answers if verb == "." else self.earlier[verb]
        return told.pop(0) if told else "250 OK"

    def keep(self, message: EmailMessage, recipients: list[str]) -> None:
        """A message is whole: from now on it has arrived, whatever the client hears."""
        self.arrived.append(message)
        self.recipients.append(recipients)

    async def said(self, server: SMTP, verb: str) -> str:
        """The answer, after a stall where it is one."""
        answer = self.answer(verb)
        if answer == STALLS:
            await asyncio.sleep(self.stalls_for)
            answer = HANGS_UP
        if answer == HANGS_UP and verb != ".":
            hang_up(server)
        return answer

    async def handle_MAIL(  # noqa: N802 - the names that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.said(server, "MAIL")
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer or "421 never heard"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse_recipients:
            return "550 5.1.1 No such mailbox"
        answer = await self.said(server, "RCPT")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer or "421 never heard"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answer(".")
        if answer.startswith("250") or answer in (HANGS_UP, STALLS):
            content = envelope.content
            assert isinstance(content, bytes)
            message = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.keep(message, list(envelope.rcpt_tos))
        if answer == STALLS:
            await asyncio.sleep(self.stalls_for)
        if answer in (HANGS_UP, STALLS):
            hang_up(server)
            return "250 never heard"
        return answer


def hang_up(server: SMTP) -> None:
    """Close the connection at once, with nothing said."""
    if server.transport is not None:
        assert isinstance(server.transport, WriteTransport)
        server.transport.abort()


class _Speaker(SMTP):
    """Asks what to answer to DATA too, before the body."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the name that aiosmtpd calls
        mail_server = self.event_handler
        assert isinstance(mail_server, MailServer)
        answer = await mail_server.said(self, "DATA")
        if answer == CUT:
            await self.push("354 Go on")
            hang_up(self)
        elif answer.startswith("250"):
            await super().smtp_DATA(arg)
        elif answer:
            await self.push(answer)


class _Door(Controller):
    def factory(self) -> SMTP:
        return _Speaker(self.handler, **self.SMTP_kwargs)


@contextmanager
def running(port: int, server: MailServer | None = None) -> Iterator[MailServer]:
    """The server, on a port of this machine."""
    server = server or MailServer()
    controller = _Door(server, hostname="127.0.0.1", port=port)
    controller.start()
    server.port = port
    try:
        yield server
    finally:
        controller.stop()
