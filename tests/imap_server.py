"""A real IMAP server for the tests (pymap), in a process of its own, with one mailbox."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imapclient import SEEN, IMAPClient

PATIENCE = 20


class ImapServer:
    """Where it is, and what is done in it as its owner would."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"imap://demouser:demopass@127.0.0.1:{port}/INBOX"

    @contextmanager
    def opened(self) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", self.port, ssl=False, timeout=PATIENCE) as client:
            client.login("demouser", "demopass")
            client.select_folder("INBOX")
            yield client

    def deliver(self, *messages: bytes) -> None:
        with self.opened() as client:
            for message in messages:
                client.append("INBOX", message)

    def delete(self, uid: int) -> None:
        with self.opened() as client:
            client.delete_messages([uid])
            client.expunge()

    def unseen(self) -> list[int]:
        with self.opened() as client:
            return list(client.search(["NOT", SEEN.decode().strip("\\").upper()]))


@contextmanager
def running(port: int) -> Iterator[ImapServer]:
    """The server, on a port of this machine; its mailbox is new each time it starts."""
    command = shutil.which("pymap", path=str(Path(sys.executable).parent))
    assert command is not None
    process = subprocess.Popen(
        [
            *(command, "--host", "127.0.0.1", "--port", str(port), "--no-tls"),
            *("--no-service", "managesieve", "dict"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    message = "The IMAP server of the tests did not start."
    raise RuntimeError(message)
