"""A mailbox read over real IMAP: each message once, in order, whatever dies in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from nurture.inbox.kinds import Kind
from nurture.inbox.mailboxes import account_of, fetch_mail
from nurture.models import IncomingMail, Mailbox, Touch
from nurture.touching import Outcome
from prospects.models import Lead
from tests.imap_server import ImapServer, running
from tests.mails import reply

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address"),
]


@pytest.fixture
def imap_server(settings: Settings) -> Iterator[ImapServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with running(port) as server:
        settings.IMAP_URL = server.url
        yield server


def numbered(*numbers: int) -> list[bytes]:
    return [
        reply(f"Number {number}.", to="", message_id=f"<{number}@halden1.example>")
        for number in numbers
    ]


def notes() -> list[str]:
    return list(
        Touch.objects.filter(outcome=Outcome.REPLIED).order_by("pk").values_list("note", flat=True)
    )


def test_each_message_is_taken_in_once_and_marked_as_seen(
    imap_server: ImapServer, make_lead: Callable[..., Lead]
) -> None:
    make_lead()
    imap_server.deliver(*numbered(1, 2))
    assert fetch_mail() == 2
    assert imap_server.unseen() == []
    assert fetch_mail() == 0
    imap_server.deliver(*numbered(3))
    assert fetch_mail() == 1
    assert notes() == ["Number 1.", "Number 2.", "Number 3."]
    mailbox = Mailbox.objects.get()
    assert (mailbox.problem, mailbox.looked_at is not None) == ("", True)


def test_what_was_read_by_a_person_counts_too(
    imap_server: ImapServer, make_lead: Callable[..., Lead]
) -> None:
    make_lead()
    imap_server.deliver(*numbered(1))
    with imap_server.opened() as client:
        client.add_flags(client.search(["ALL"]), [b"\\Seen"])
    assert fetch_mail() == 1


def test_a_message_that_is_gone_is_passed_over(imap_server: ImapServer) -> None:
    imap_server.deliver(*numbered(1, 2, 3))
    with imap_server.opened() as client:
        second = client.search(["ALL"])[1]
    imap_server.delete(second)
    assert fetch_mail() == 2


def test_a_mailbox_numbered_anew_repeats_nothing(
    imap_server: ImapServer, make_lead: Callable[..., Lead]
) -> None:
    make_lead()
    imap_server.deliver(*numbered(1, 2))
    fetch_mail()
    Mailbox.objects.update(uidvalidity=1)
    imap_server.deliver(*numbered(3))
    assert fetch_mail() == 1
    assert notes() == ["Number 1.", "Number 2.", "Number 3."]


def test_a_hostile_message_keeps_no_other_from_coming(
    imap_server: ImapServer, make_lead: Callable[..., Lead]
) -> None:
    make_lead()
    imap_server.deliver(b"\x00\xff" * 500, *numbered(1), b"Subject: " + b"\xed\xa0\x80" * 50)
    assert fetch_mail() == 3
    assert notes() == ["Number 1."]


def test_a_message_we_fail_on_waits_and_the_next_comes(
    imap_server: ImapServer, make_lead: Callable[..., Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own mistake, played: reading the first one fails."""
    make_lead()
    imap_server.deliver(*numbered(1, 2))
    from nurture.inbox import mailboxes

    whole = mailboxes.read

    def read(raw: bytes, now: object) -> object:
        if b"Number 1." in raw:
            raise KeyError("played")
        return whole(raw, now)  # type: ignore[arg-type]

    monkeypatch.setattr(mailboxes, "read", read)
    assert fetch_mail() == 2
    assert notes() == ["Number 2."]
    assert IncomingMail.objects.waiting().get().kind == Kind.UNREADABLE


@pytest.mark.parametrize("crash_at", ["before a mail commits", "after a mail commits"])
def test_killed_half_way_nothing_comes_twice_and_nothing_is_lost(
    imap_server: ImapServer, make_lead: Callable[..., Lead], crash_at: str
) -> None:
    make_lead()
    imap_server.deliver(*numbered(1, 2, 3))
    deaths = 0
    while fetching(imap_server, crash_at) == -signal.SIGKILL:
        deaths += 1
        if deaths == 2:
            break
    assert deaths == 2
    assert fetching(imap_server) == 0
    assert notes() == ["Number 1.", "Number 2.", "Number 3."]
    assert imap_server.unseen() == []


def fetching(server: ImapServer, crash_at: str = "") -> int:
    """`manage.py fetch_mail` as a process of its own; returns how it ended."""
    return subprocess.run(
        [sys.executable, "manage.py", "fetch_mail"],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "IMAP_URL": server.url,
            "LEADFLOW_CRASH_AT": crash_at,
        },
        check=False,
        timeout=120,
    ).returncode


def test_a_server_that_is_away_is_told(settings: Settings, free_port: int) -> None:
    settings.IMAP_URL = f"imap://me:secret@127.0.0.1:{free_port}/INBOX"
    assert fetch_mail() == 0
    mailbox = Mailbox.objects.get()
    assert mailbox.problem
    assert "secret" not in f"{mailbox.problem}{mailbox.name}"
    with pytest.raises(CommandError):
        call_command("fetch_mail")


def test_a_wrong_password_is_told(imap_server: ImapServer, settings: Settings) -> None:
    settings.IMAP_URL = imap_server.url.replace("demopass", "wrong")
    assert fetch_mail() == 0
    assert Mailbox.objects.get().problem


def test_without_a_mailbox_nothing_is_read(settings: Settings) -> None:
    settings.IMAP_URL = ""
    assert fetch_mail() == 0
    assert not Mailbox.objects.exists()
    with pytest.raises(CommandError):
        call_command("fetch_mail")


@pytest.mark.parametrize(
    ("url", "name", "port"),
    [
        ("imaps://me:p%40ss@mail.example/INBOX", "me@mail.example/INBOX", 993),
        ("imaps://me%40x.example:p@mail.example:1993", "me@x.example@mail.example/INBOX", 1993),
        ("imap+tls://me:p@mail.example/Program/Replies", "me@mail.example/Program/Replies", 143),
    ],
)
def test_the_address_of_a_mailbox(url: str, name: str, port: int) -> None:
    account = account_of(url)
    assert (account.name, account.port) == (name, port)
