"""`manage.py run`: starts everything, says where, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import CommandError

from leadflow.management.commands import run
from prospects.models import IndustryCode
from team.models import User


@pytest.fixture
def start(
    tmp_path: Path, transactional_db: None, dana: User, paper_mills: IndustryCode
) -> Iterator[Callable[[int], "Run"]]:
    """Runs it on the database of the tests; as that has a user and a code, nothing is loaded."""
    runs: list[Run] = []

    def start(port: int) -> Run:
        runs.append(Run(port, tmp_path / "log"))
        return runs[-1]

    yield start
    for started in runs:
        started.process.kill()
        started.process.wait()


class Run:
    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run", "--port", str(port)],
                cwd=settings.BASE_DIR,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def output(self) -> str:
        return self.log.read_text()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None or self.process.returncode < 0, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.1)

    def children(self) -> set[int]:
        """Of the process and of their own; those that stay must be counted before it ends."""
        parents = {
            int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1])
            for stat in Path("/proc").glob("[0-9]*/stat")
            if stat.exists()
        }
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}

    def answer(self, path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return int(response.status)
        except HTTPError as error:
            return error.code
        except (URLError, ConnectionError):
            return 0


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_it_starts_all_says_where_and_stops_all(start, free_port: int) -> None:
    running = start(free_port)
    running.wait_for(lambda: "LeadFlow runs at" in running.output())
    assert f"http://localhost:{free_port}/" in running.output()
    assert "dana@northwind.example" in running.output()
    running.wait_for(lambda: running.answer("/readyz") == HTTPStatus.OK)
    children = running.children()
    assert len(children) >= 3
    os.killpg(running.process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
    assert running.process.wait(timeout=30) == 0, running.output()
    assert not [pid for pid in children if is_alive(pid)]


def test_killed_outright_it_leaves_no_orphan(start, free_port: int) -> None:
    running = start(free_port)
    running.wait_for(lambda: "LeadFlow runs at" in running.output())
    children = running.children()
    running.process.kill()
    running.wait_for(lambda: not [pid for pid in children if is_alive(pid)])


def test_a_taken_port_is_explained(free_port: int) -> None:
    advice = f"PORT={free_port + 1} make run"
    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(CommandError, match=advice):
        run.Command().choose_port(free_port)


def test_the_next_port_is_chosen_where_none_was_asked_for(
    free_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "DEFAULT_PORT", free_port)
    with socket.create_server(("127.0.0.1", free_port)):
        chosen = run.Command().choose_port(None)
    assert chosen > free_port
    assert re.search(f"Port {free_port} is taken; using {chosen}", capsys.readouterr().out)
