"""Reads a mailbox by IMAP: what is new since the last look, each message once. The outside world.

How far we came is written in the transaction that takes a message in, so whatever dies at whatever
instant, the next look goes on at the right place. Nothing is moved or deleted; what we read is marked
as seen.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from nurture.engine.clock import engine_now
from nurture.engine.crash_points import passing
from nurture.inbox.kinds import Kind
from nurture.inbox.reading import MOST_BYTES, Received, read_message
from nurture.inbox.receiving import take_in
from nurture.models import Mailbox
from team.models import Organisation

AT_ONCE = 20
"""Messages asked for in one question."""
A_LOOK = timedelta(seconds=50)
"""How long one look lasts at most; the next goes on where it stopped."""
FIRST_LOOK = timedelta(days=30)
"""How far back a mailbox is read that we never read, or whose messages were numbered anew."""
CONNECT, READ = 15, 60
"""Seconds after which a server is given up."""
PORTS = {"imaps": 993, "imap+tls": 143, "imap": 143}
WRONG = (OSError, IMAPClientError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """Where a mailbox is, and who opens it."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        """What it is known by: the password may change."""
        return f"{self.user}@{self.host}/{self.folder}"[:250]


def account_of(url: str) -> Account:
    """From an address such as imaps://user:password@host:993/INBOX."""
    parts = urlsplit(url)
    return Account(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


def fetch_mail(url: str = "") -> int:
    """Take in what is new in the mailbox of the settings; returns how many messages.

    Does nothing where none is named. A server that is away is told on the inbox page and tried again.
    """
    url = url or settings.IMAP_URL
    if not url:
        return 0
    account = account_of(url)
    mailbox, _is_new = Mailbox.objects.get_or_create(name=account.name, defaults={"uidvalidity": 0})
    now = engine_now()
    try:
        with _opened(account) as server:
            taken = _look(server, mailbox, account.folder)
    except WRONG as wrong:
        words = str(wrong)[:250] or type(wrong).__name__
        Mailbox.objects.filter(pk=mailbox.pk, problem="").update(problem_since=now)
        Mailbox.objects.filter(pk=mailbox.pk).update(problem=words)
        log.warning("mailbox_unreadable", mailbox=mailbox.pk, kind=type(wrong).__name__)
        return 0
    Mailbox.objects.filter(pk=mailbox.pk).update(looked_at=now, problem="", problem_since=None)
    return taken


@contextmanager
def _opened(account: Account) -> Iterator[IMAPClient]:
    is_ssl = account.scheme == "imaps"
    server = IMAPClient(
        account.host,
        account.port,
        ssl=is_ssl,
        ssl_context=ssl.create_default_context() if is_ssl else None,
        timeout=SocketTimeout(connect=CONNECT, read=READ),
    )
    try:
        if account.scheme == "imap+tls":
            server.starttls(ssl.create_default_context())
        server.login(account.user, account.password)
        yield server
    finally:
        with suppress(*WRONG):  # all that we wanted is done, or broke off already
            server.logout()


def _look(server: IMAPClient, mailbox: Mailbox, folder: str) -> int:
    """Take in what is new, in the order in which it came."""
    began, taken = time.monotonic(), 0
    validity = int(server.select_folder(folder)[b"UIDVALIDITY"])
    uids = _new_uids(server, mailbox, validity)
    for start in range(0, len(uids), AT_ONCE):
        if time.monotonic() - began > A_LOOK.total_seconds():
            break
        some = uids[start : start + AT_ONCE]
        # As they came is not as they are numbered in the answer; what was deleted meanwhile is not in it.
        found = server.fetch(some, ["INTERNALDATE", f"BODY.PEEK[]<0.{MOST_BYTES}>"])
        # For people who look into the mailbox; how far we came is our own matter.
        server.add_flags(some, [SEEN], silent=True)
        for uid in some:
            taken += _take(mailbox, validity, uid, found.get(uid))
    return taken


def _new_uids(server: IMAPClient, mailbox: Mailbox, validity: int) -> list[int]:
    """What we have not taken in. Numbers mean something only together with their UIDVALIDITY."""
    mailbox.refresh_from_db()
    if mailbox.uidvalidity == validity:
        found = server.search(["UID", f"{mailbox.last_uid + 1}:*"])
        # “7:*” is never empty: where there is no 7, it is the last message.
        return sorted(uid for uid in found if uid > mailbox.last_uid)
    since = (engine_now() - FIRST_LOOK).date()
    uids = sorted(server.search(["SINCE", since]))
    Mailbox.objects.filter(pk=mailbox.pk).update(uidvalidity=validity, last_uid=0)
    return uids


def _take(mailbox: Mailbox, validity: int, uid: int, found: dict[bytes, Any] | None) -> int:
    """Take one message in and write down that we did, or that it is gone; returns 1 if it is new."""
    raw = next((value for key, value in (found or {}).items() if key.startswith(b"BODY[")), None)
    came_at = (found or {}).get(b"INTERNALDATE")
    try:
        taken = _taken(mailbox, validity, uid, raw, came_at)
    except (OperationalError, InterfaceError):
        raise  # the database, not the message: it is read again
    except Exception as wrong:
        log.exception("mail_not_taken_in", mailbox=mailbox.pk, uid=uid)
        unread = Received(
            kind=Kind.UNREADABLE,
            digest=f"{mailbox.pk}:{validity}:{uid}",
            words=type(wrong).__name__,
        )
        taken = _taken(mailbox, validity, uid, unread, came_at)
    passing("after a mail commits")
    return taken


@transaction.atomic
def _taken(
    mailbox: Mailbox,
    validity: int,
    uid: int,
    raw: bytes | Received | None,
    came_at: datetime | None,
) -> int:
    mailbox = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    if mailbox.uidvalidity != validity or mailbox.last_uid >= uid:
        return 0  # somebody else looked at the same time
    now = engine_now()
    taken = None
    if raw is not None:
        taken = take_in(
            received=read(raw, now) if isinstance(raw, bytes) else raw,
            origin=f"{mailbox.name[:230]} {validity} {uid}",
            received_at=_aware(came_at) or now,
            now=now,
        )
    mailbox.last_uid = uid
    mailbox.save(update_fields=["last_uid"])
    passing("before a mail commits")
    return int(taken is not None)


def read(raw: bytes, now: datetime) -> Received:
    """A message as the organisation reads it: its calendar, and its order of day and month."""
    ours = Organisation.current()
    return read_message(
        raw,
        received_on=now.astimezone(ours.calendar.zone).date(),
        month_first=ours.country == "US",
    )


def _aware(at: datetime | None) -> datetime | None:
    """IMAPClient gives the server's times on the clock of this machine, without its zone."""
    return at.astimezone(UTC) if at is not None else None
