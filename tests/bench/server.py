"""The web server that is measured, and the clients that ask it: loopback only, a few seconds each."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """What so many clients got in some seconds: milliseconds, and CPU a request of the web server
    and of the processes of PostgreSQL that serve it (None where those are elsewhere)."""

    requests: int
    seconds: float
    p50: float
    p95: float
    cpu_ms: float
    database_ms: float | None

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str = ""


class Server:
    """One gunicorn process with four threads, on a free port of the loopback."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def worker(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def cpu_seconds(self) -> float:
        return cpu_seconds_of(self.worker())

    def measure(
        self, request: Callable[[int], Request], cookies: str, *, clients: int, seconds: float
    ) -> Sample:
        """Ask again and again for some seconds; an answer that is no success stops the bench."""
        self._ask_for(request, cookies, seconds=0.4)
        took: list[float] = []
        backends = database_processes()
        asked_before, before = sum(map(cpu_seconds_of, backends)), self.cpu_seconds()
        began = time.perf_counter()
        lanes = [
            threading.Thread(target=self._lane, args=(request, cookies, seconds, lane, took))
            for lane in range(clients)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        elapsed, cpu = time.perf_counter() - began, self.cpu_seconds() - before
        backends = database_processes()
        asked = sum(map(cpu_seconds_of, backends)) - asked_before
        if not took:
            sys.exit(f"No answer to {request(0).path}.")
        ordered = sorted(took)
        return Sample(
            requests=len(took),
            seconds=elapsed,
            p50=statistics.median(ordered),
            p95=ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
            cpu_ms=1000 * cpu / len(took),
            database_ms=1000 * asked / len(took) if backends else None,
        )

    def _ask_for(self, request: Callable[[int], Request], cookies: str, seconds: float) -> None:
        self._lane(request, cookies, seconds, 99, [])

    def _lane(
        self,
        request: Callable[[int], Request],
        cookies: str,
        seconds: float,
        lane: int,
        took: list[float],
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        deadline, turn = time.perf_counter() + seconds, lane * 7919
        while time.perf_counter() < deadline:
            turn += 1
            asked = request(turn)
            began = time.perf_counter()
            connection.request(asked.method, asked.path, asked.body or None, headers)
            answer = connection.getresponse()
            answer.read()
            took.append(1000 * (time.perf_counter() - began))
            if answer.status not in (200, 302):
                print(f"{asked.path} answered {answer.status}", file=sys.stderr)
                os._exit(1)
        connection.close()


def cpu_seconds_of(process: int) -> float:
    """What a process has used so far, by itself and by the system for it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def database_processes() -> list[int]:
    """The processes of PostgreSQL that serve the bench's database, where they are on this machine.

    The web server keeps its connections, so that one that is new was none before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in cursor.fetchall() if _is_postgres(pid)]


def _is_postgres(process: int) -> bool:
    name = Path(f"/proc/{process}/comm")
    return name.exists() and name.read_text().startswith("postgres")


@contextmanager
def serving() -> Iterator[Server]:
    """The server, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "BIND": f"127.0.0.1:{port}",
            "WEB_CONCURRENCY": "1",
            "WEB_THREADS": "8",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # its log is written, as in life, but nobody needs to read it
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(
                "The server did not start. What it says: BIND=127.0.0.1:8009 DJANGO_SETTINGS_MODULE=tests.bench.settings gunicorn"
            )
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    sys.exit("The server did not answer within a minute.")


def form(**fields: str) -> str:
    return urlencode(fields)
