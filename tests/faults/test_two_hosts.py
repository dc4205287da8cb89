"""Two dispatchers on two hosts, each with a network and an address of its own, share what is due."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings

from nurture.cadences.enrolments import enrol
from nurture.engine.invariants import violations
from nurture.models import Cadence, PlannedTouch, Submission
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("posting_address", "clock_at_now"),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None,
        reason="making networks needs root and iproute2",
    ),
]
DUE = 12
HOSTS = (("10.201.77.1", "10.201.77.2"), ("10.201.77.5", "10.201.77.6"))
"""Of each network: our end, where the mail server listens, and the dispatcher's."""
DISPATCHER = """
from concurrent.futures import ThreadPoolExecutor

import django

django.setup()
from nurture.engine.channels import SmtpCourier
from nurture.engine.dispatching import carry_out, claim

print("ready", flush=True)
input()
couriers = [SmtpCourier(), SmtpCourier()]
with ThreadPoolExecutor(2) as threads:
    while claims := claim(2):
        carry_out(claims, couriers, threads)
"""
"""What `manage.py dispatch` does, two at a time and from a sign on: neither is done before the other
has begun. It is told nothing of the other."""


class Door:
    """A mail server that keeps which address brought which message, and takes its time."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(0.1)
        assert isinstance(envelope.content, bytes)
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        assert server.transport is not None
        address, _port = server.transport.get_extra_info("peername")
        self.came.append((address, str(message_id)))
        return "250 OK"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def a_host(number: int) -> Iterator[str]:
    """A network namespace with an address of its own, connected to us by a wire; its name."""
    ours, theirs = HOSTS[number]
    name, wire, end = (f"lf{os.getpid()}{part}{number}" for part in "nwe")
    try:
        ip("netns", "add", name)
        ip("link", "add", wire, "type", "veth", "peer", "name", end, "netns", name)
    except subprocess.CalledProcessError as refused:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        pytest.skip(f"no networks can be made here: {refused.stderr.decode().strip()}")
    try:
        ip("address", "add", f"{ours}/30", "dev", wire)
        ip("link", "set", wire, "up")
        ip("-n", name, "address", "add", f"{theirs}/30", "dev", end)
        ip("-n", name, "link", "set", end, "up")
        yield name
    finally:
        ip("netns", "del", name)  # the wire goes with it


def dispatcher(host: str, mail_server: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["ip", "netns", "exec", host, sys.executable, "-c", DISPATCHER],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "EMAIL_URL": f"smtp://{mail_server}",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_they_share_the_work_without_being_told_of_each_other(
    make_lead: Callable[..., Lead],
    dana: User,
    make_cadence: Callable[..., Cadence],
    free_port: int,
) -> None:
    if not settings.DATABASES["default"]["HOST"].startswith("/"):
        pytest.skip("the database is asked through its socket, which every network reaches")
    cadence = make_cadence(("email", 0), ("phone", 2))
    for _lead in range(DUE):
        enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    door = Door()
    with ExitStack() as stack:
        hosts = [stack.enter_context(a_host(number)) for number in range(len(HOSTS))]
        controller = Controller(door, hostname="0.0.0.0", port=free_port)  # noqa: S104 - of the wires
        controller.start()
        stack.callback(controller.stop)
        dispatchers = [
            dispatcher(host, f"{ours}:{free_port}")
            for host, (ours, _theirs) in zip(hosts, HOSTS, strict=True)
        ]
        for each in dispatchers:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in dispatchers:
            _go(each)
        for each in dispatchers:
            assert each.wait(60) == 0
    counted = Counter(address for address, _message in door.came)
    assert set(counted) == {theirs for _ours, theirs in HOSTS}
    assert min(counted.values()) >= DUE // 4
    assert len({message for _address, message in door.came}) == len(door.came) == DUE
    assert PlannedTouch.objects.filter(state="sent").count() == DUE
    assert Submission.objects.filter(result="accepted").count() == DUE
    assert violations() == []


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
