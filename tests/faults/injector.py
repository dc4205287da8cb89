"""`make faults`: everything is killed at random while the engine works; then every invariant is asked.

Three dispatchers, two beats, a worker and two crowds of people, on a durable PostgreSQL and a Redis
of their own, against an SMTP server that refuses, stalls and loses its answers. Ends with 1 where
anything was sent twice or lost, or an invariant is broken. `--seed` makes the choices the same again;
what the kernel does between them stays chance.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    os.environ.setdefault("FAULTS_FOLDER", str(Path("var").resolve() / f"faults-{os.getpid()}"))
    import django

    django.setup()

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from leadflow.embedded import Postgres, home
from nurture.engine.clock import engine_now
from nurture.engine.invariants import INVARIANTS
from nurture.engine.states import ENDED, PlannedState
from nurture.models import Engine, Enrolment, PlannedTouch, StateEvent, Submission
from prospects.models import Suppression
from tests.faults import deeds, world
from tests.faults.actors import act
from tests.faults.clock import FastClock
from tests.faults.order import BY_ORDER, note_order
from tests.faults.planted import PLANTED
from tests.faults.processes import SMTP_TIMEOUT, ended, started
from tests.faults.questions import Arrived, AtTheServer, ask_the_server
from tests.faults.settings import FAULTS_FOLDER, POSTGRES, REDIS
from tests.mail_server import CUT, HANGS_UP, STALLS, MailServer
from tests.mail_server import running as serving

CREW = ("dispatcher",) * 3 + ("beat",) * 2 + ("worker",) + ("people",) * 2
TO_KILL = {"dispatcher": 6, "worker": 3, "people": 2, "beat": 1}
"""How often who is killed: who sends dies most."""
SECONDS_A_HALF_DAY = 6.0
SPEED = 20.0
"""Engine seconds to a real one: a lease of five minutes is over after fifteen seconds."""
HOUR = timedelta(hours=1)
MOST_HALF_DAYS = 60


class MoodyServer(MailServer):
    """Answers as it likes; in the end, well."""

    def __init__(self, chance: random.Random, arrivals: Path) -> None:
        super().__init__()
        self.chance = chance
        self.is_moody = True
        self.stalls_for = 2 * SMTP_TIMEOUT
        self.whole: list[Arrived] = []
        self.file = arrivals.open("a", buffering=1)
        self.said_ill: Counter[str] = Counter()

    def answer(self, verb: str) -> str:
        if not self.is_moody or self.chance.random() > (0.12 if verb == "." else 0.03):
            return "250 OK"
        ill = ["451 4.3.0 Later", "554 5.7.1 No", STALLS, HANGS_UP]
        if verb == "RCPT":
            ill.append("550 5.1.1 No such mailbox")
        if verb == "DATA":
            ill.append(CUT)
        answer = self.chance.choices(ill, weights=[4, 1, 1, 3, 1][: len(ill)])[0]
        self.said_ill[f"{verb} {answer[:3] or 'hangs up'}"] += 1
        return answer

    def keep(self, message: EmailMessage, recipients: list[str]) -> None:
        part = message.get_body(("plain",))
        assert part is not None
        arrived = Arrived(str(message["Message-ID"]), tuple(recipients), str(part.get_content()))
        self.whole.append(arrived)
        self.file.write(f"{arrived.message_id}\n")


class Database:
    """A durable PostgreSQL that can be crashed: "immediate" shutdown, then recovery from its log."""

    def __init__(self, server: Postgres) -> None:
        self.server = server
        server._make_folder()
        self.lock: IO[bytes] = (server.folder / "keeper.lock").open("ab")
        self.start()

    def start(self) -> None:
        self.server.prepare()
        self.process = self.server._start(self.lock)
        deadline = time.monotonic() + 60
        while not self.server.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("PostgreSQL did not start.")
            time.sleep(0.05)

    def crash(self) -> None:
        connection.close()
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        self.start()

    def stop(self) -> None:
        connection.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


@dataclass
class Report:
    """What was done to it, and what came of it."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    stops: int = 0
    restarts: int = 0
    flushes: int = 0
    shifts: int = 0
    half_days: int = 0
    died_alone: int = 0
    """Ended by itself, as a service was away; started anew, as in production."""
    seconds: float = 0.0
    states: dict[str, int] = field(default_factory=dict)
    arrived: int = 0
    submissions: int = 0
    uncertain_ever: int = 0
    suppressed: int = 0
    ill: dict[str, int] = field(default_factory=dict)
    deeds: dict[str, int] = field(default_factory=dict)
    left_open: list[int] = field(default_factory=list)
    broken: dict[str, list[int]] = field(default_factory=dict)
    server: AtTheServer = field(default_factory=lambda: AtTheServer([], [], []))
    errors: str = ""

    @property
    def is_good(self) -> bool:
        return not (self.broken or self.server or self.left_open or self.errors)

    def __str__(self) -> str:
        rows = [
            ("seed", self.seed),
            ("seconds", round(self.seconds)),
            ("kill -9", f"{sum(self.kills.values())} {dict(self.kills)}"),
            ("SIGSTOP and SIGCONT", self.stops),
            ("crashes of PostgreSQL", self.restarts),
            ("FLUSHALL of Redis", self.flushes),
            ("shifts of the clock by ±1 h", self.shifts),
            ("half days that passed", self.half_days),
            ("processes lost with the database", self.died_alone),
            ("ill answers of the server", f"{sum(self.ill.values())} {self.ill}"),
            ("deeds of people", f"{sum(self.deeds.values())} {self.deeds}"),
            ("planned touches", f"{sum(self.states.values())} {self.states}"),
            ("submissions", self.submissions),
            ("arrived", self.arrived),
            ("ever uncertain", self.uncertain_ever),
            ("addresses suppressed", self.suppressed),
            ("arrived twice", f"{len(self.server.twice)} {self.server.twice[:5]}"),
            ("lost", f"{len(self.lost)} {self.lost[:5]}"),
            ("arrived, but not known", f"{len(self.server.not_ours)} {self.server.not_ours[:5]}"),
            ("invariants broken", f"{len(self.broken)} {self.broken}"),
            ("errors", self.errors or 0),
        ]
        return "\n".join(f"{name + ':':34}{value}" for name, value in rows)

    @property
    def lost(self) -> list[Any]:
        """Said to be sent and never arrived, or with no end after everything was over."""
        return [*self.server.never_arrived, *self.left_open]


class Injector:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.chance = random.Random(options.seed)  # noqa: S311 - repeatable on purpose
        self.report = Report(options.seed)
        self.folder: Path = FAULTS_FOLDER
        self.crew: list[tuple[str, BaseProcess]] = []
        self.asleep: list[tuple[float, BaseProcess]] = []

    def run(self) -> Report:
        begun = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for folder in {self.folder, home(self.folder)}:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.database = Database(POSTGRES)
            stack.callback(self.database.stop)
            REDIS.ensure()
            stack.callback(REDIS.leave)
            call_command("migrate", verbosity=0)
            note_order()
            self.clock = FastClock(world.START, SPEED)
            world.build(self.options.leads)
            port = _free_port()
            moods = random.Random(self.options.seed + 1)  # noqa: S311
            self.server = MoodyServer(moods, self.folder / "arrivals")
            stack.enter_context(serving(port, self.server))
            stack.callback(self.kill_all)
            for role in CREW:
                self.hire(role)
            self.shake()
            self.kill_all()
            self.drain()
            self.ask()
        self.report.seconds = time.monotonic() - begun
        return self.report

    # Faults

    def shake(self) -> None:
        deadline = time.monotonic() + self.options.minutes * 60
        next_half_day = time.monotonic() + SECONDS_A_HALF_DAY
        faults = {
            self.kill: 60,
            self.put_to_sleep: 12,
            self.shift_clock: 6,
            self.crash_database: 1,
            self.flush_redis: 1,
        }
        while self.report.kills.total() < self.options.kills and time.monotonic() < deadline:
            time.sleep(min(self.chance.expovariate(1 / self.options.gap), 2.0))
            self.wake()
            self.replace_the_lost()
            if time.monotonic() > next_half_day:
                self.retried(self.clock.go_on)
                self.report.half_days += 1
                next_half_day = time.monotonic() + SECONDS_A_HALF_DAY
            (fault,) = self.chance.choices(list(faults), weights=list(faults.values()))
            fault()
        if not self.report.restarts:
            self.crash_database()

    def hire(self, role: str) -> None:
        seed = self.chance.getrandbits(32)
        process = started(act, role, seed, self.options.plant, port=self.server.port)
        self.crew.append((role, process))

    def kill(self) -> None:
        weights = [TO_KILL[role] for role, _process in self.crew]
        role, process = self.chance.choices(self.crew, weights=weights)[0]
        process.kill()
        process.join()
        self.crew.remove((role, process))
        self.report.kills[role] += 1
        self.hire(role)

    def put_to_sleep(self) -> None:
        """Some for longer than a lease: they wake up with what is no longer theirs."""
        _role, process = self.chance.choice(self.crew)
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, signal.SIGSTOP)
            seconds = self.chance.choice((0.3, 1.0, 4.0, 20.0))
            self.asleep.append((time.monotonic() + seconds, process))
            self.report.stops += 1

    def wake(self, *, all_of_them: bool = False) -> None:
        for until, process in list(self.asleep):
            if all_of_them or until < time.monotonic():
                self.asleep.remove((until, process))
                if process.is_alive() and process.pid is not None:
                    os.kill(process.pid, signal.SIGCONT)

    def replace_the_lost(self) -> None:
        for role, process in list(self.crew):
            if not process.is_alive():
                self.crew.remove((role, process))
                self.report.died_alone += 1
                self.hire(role)

    def shift_clock(self) -> None:
        self.retried(self.clock.shift, self.chance.choice((-HOUR, timedelta(0), HOUR)))
        self.report.shifts += 1

    def crash_database(self) -> None:
        self.database.crash()
        self.report.restarts += 1

    def flush_redis(self) -> None:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.flushall()
        self.report.flushes += 1

    def kill_all(self) -> None:
        for _role, process in self.crew:
            process.kill()
            process.join()
        self.crew.clear()
        self.asleep.clear()

    def retried(self, do: Any, *given: Any) -> None:
        """Ours is a connection like any other: after a crash it is opened anew."""
        try:
            do(*given)
        except DatabaseError:
            connection.close()
            do(*given)

    # Afterwards

    def drain(self) -> None:
        """The faults are over, the server is well: what a machine has to do is done, day after day."""
        self.server.is_moody = False
        self.clock.shift(timedelta(0))
        Engine.objects.update(
            paused_at=None,
            paused_by=None,
            why="",
            mail_paused_at=None,
            mail_paused_by=None,
            mail_why="",
        )
        Enrolment.objects.active().update(paused_at=None)
        machines = PlannedTouch.objects.filter(performer="machine").exclude(
            state__in=[*ENDED, PlannedState.UNCERTAIN]
        )
        for _ in range(MOST_HALF_DAYS):
            ended(deeds.tick, port=self.server.port)
            if not machines.exists():
                break
            self.clock.go_on()
        ended(deeds.tick, port=self.server.port)  # what the last mails brought people to do
        waiting = PlannedTouch.objects.exclude(state=PlannedState.AWAITING_HUMAN)
        people = waiting.filter(performer="person", state=PlannedState.PENDING)
        left = waiting.exclude(state__in=[*ENDED, PlannedState.UNCERTAIN]).exclude(
            pk__in=people.filter(due_at__gt=engine_now())
        )
        self.report.left_open = list(left.values_list("pk", flat=True))
        for planned in left.values("pk", "state", "channel", "performer", "due_at", "reason")[:5]:
            sys.stderr.write(f"left open at {engine_now()}: {planned}\n")
        if self.report.left_open:
            sys.stderr.write(f"the engine: {list(Engine.objects.values())}\n")

    def ask(self) -> None:
        report = self.report
        with connection.cursor() as cursor:
            for what, question in (INVARIANTS | BY_ORDER).items():
                cursor.execute(question)
                if rows := cursor.fetchall():
                    report.broken[what] = [pk for (pk,) in rows]
        assert BY_ORDER.keys() <= INVARIANTS.keys(), "an invariant was renamed"
        report.server = ask_the_server(self.server.whole)
        report.arrived = len(self.server.whole)
        report.ill = dict(self.server.said_ill)
        report.states = dict(
            sorted(Counter(PlannedTouch.objects.values_list("state", flat=True)).items())
        )
        report.submissions = Submission.objects.count()
        report.uncertain_ever = StateEvent.objects.filter(to_state=PlannedState.UNCERTAIN).count()
        report.suppressed = Suppression.objects.count()
        deeds_log, errors = self.folder / "deeds.log", self.folder / "errors.log"
        if deeds_log.exists():
            report.deeds = dict(Counter(deeds_log.read_text().splitlines()).most_common())
        if errors.exists():
            report.errors = errors.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    told = argparse.ArgumentParser(prog="make faults", description=__doc__)
    told.add_argument("--kills", type=int, default=40)
    told.add_argument("--minutes", type=float, default=5, help="at most, of faults")
    told.add_argument("--leads", type=int, default=60)
    told.add_argument("--gap", type=float, default=0.25, help="seconds between faults, on average")
    told.add_argument("--seed", type=int, default=int(time.time()))
    told.add_argument("--plant", default="", choices=["", *PLANTED], help="a fault to be found")
    told.add_argument("--json", type=Path, help="write what came of it here, too")
    options = told.parse_args()
    report = Injector(options).run()
    sys.stdout.write(f"{report}\n")
    if options.json:
        options.json.write_text(
            json.dumps(
                {
                    "good": report.is_good,
                    "kills": report.kills.total(),
                    "restarts": report.restarts,
                    "arrived": report.arrived,
                    "twice": report.server.twice,
                    "lost": report.lost,
                    "broken": report.broken,
                }
            )
        )
    sys.exit(0 if report.is_good else 1)


if __name__ == "__main__":
    main()
