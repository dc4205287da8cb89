"""`make run`: the whole application on one machine, for looking at and for working on it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command

from leadflow import demo
from leadflow.tasks import tick
from prospects.models import IndustryCode

DEFAULT_PORT = 8000
PORTS_TRIED = 20
START_SECONDS = 60
STOP_SECONDS = 15


class Command(BaseCommand):
    help = "Sets up the database, then runs web server, Celery worker and beat until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=os.environ.get("PORT"),
            help=f"where to listen on 127.0.0.1; else the first free one from {DEFAULT_PORT}",
        )

    def handle(self, *args: Any, port: int | None, **options: Any) -> None:
        chosen = self.choose_port(port)
        self.set_up()
        # From here on each of the three ways to be told to stop does the same.
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(stop, _interrupt)
        processes = [_start(command, chosen) for command in COMMANDS]
        try:
            self.wait_for_web(chosen, processes)
            tick.delay()  # so that /readyz need not wait for beat's first turn
            self.greet(chosen)
            self.watch(processes)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(stop, signal.SIG_IGN)
            _stop(processes)
            for server in settings.EMBEDDED_SERVICES:
                server.leave()
                server.wait_until_stopped()
        self.stdout.write("Stopped. `make run` goes on where this ended.")

    def choose_port(self, asked: int | None) -> int:
        """The port asked for, or the first free one; a taken port is said, never fought for."""
        if asked is not None:
            if not _is_free(asked):
                raise CommandError(
                    f"Port {asked} is taken by another program. Stop that, or choose another:"
                    f" PORT={asked + 1} make run"
                )
            return asked
        for port in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED):
            if _is_free(port):
                if port != DEFAULT_PORT:
                    self.stdout.write(f"Port {DEFAULT_PORT} is taken; using {port} instead.")
                return port
        raise CommandError(
            f"Ports {DEFAULT_PORT} to {DEFAULT_PORT + PORTS_TRIED - 1} are taken."
            " Choose one yourself: PORT=9000 make run"
        )

    def set_up(self) -> None:
        """All of it may be repeated: a set-up that was interrupted is completed by the next."""
        call_command("migrate", verbosity=0)
        if not IndustryCode.objects.exists():
            call_command("load_industry_codes")
        call_command("load_regional_rules", verbosity=0)
        if not get_user_model().objects.exists():
            self.stdout.write("An empty database: loading the demo …")
            call_command("seed_demo")

    def wait_for_web(self, port: int, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            _raise_if_ended(processes)
            with suppress(URLError, ConnectionError, TimeoutError):
                urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                return
            time.sleep(0.1)
        raise CommandError(f"The web server did not answer within {START_SECONDS} s.")

    def greet(self, port: int) -> None:
        self.stdout.write(self.style.SUCCESS(f"\nLeadFlow runs at http://localhost:{port}/"))
        for person in demo.people_present():
            self.stdout.write(f"  {person.role.label:12} {person.login}   {demo.PASSWORD}")
        self.stdout.write("Ctrl-C stops it.\n\n")

    def watch(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        while True:
            _raise_if_ended(processes)
            time.sleep(0.5)


# Root is who a container runs as; Celery's page of warning about it would bury where to log in.
AS_ROOT = ["-W", "ignore:You're running the worker with superuser privileges"]
CELERY = [sys.executable, *AS_ROOT, "-m", "celery", "--quiet", "-A", "leadflow"]
COMMANDS = [
    [sys.executable, "-m", "gunicorn"],
    [*CELERY, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-mingle"],
    [*CELERY, "beat", "--loglevel", "INFO"],
]


def _start(command: list[str], port: int) -> subprocess.Popen[bytes]:
    # Each follows this process should it be killed; each has a session of its own, as Ctrl-C would
    # otherwise reach the worker twice, which to Celery means "drop your tasks".
    follow = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    return subprocess.Popen(
        [*follow, *command],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PORT": str(port)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        # Whatever the leader left behind in its session.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _raise_if_ended(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for command, process in zip(COMMANDS, processes, strict=True):
        if process.poll() is not None:
            raise CommandError(f"`{' '.join(command[1:])}` ended; its last lines are above.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
