"""`make bench`: what LeadFlow costs, as ratios to floors measured in the same run, on this machine.

`make bench ARGS=--write` keeps the result in docs/performance.md. It makes and drops a database of its
own, listens on the loopback only, and ends by itself within about eight minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.server import Sample

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

import django
import psycopg2
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

SMALL, LARGE = 1_000, 100_000
IMPORTED = 20_000
PAST = 1_000_000
MAILS = 2_000
SECONDS = 3.0
RESULTS = "docs/performance.md"


@dataclass(frozen=True)
class Page:
    """One job: its name, how it is asked for, as whom, and the floor it is compared with."""

    name: str
    request: Callable[[int], Any]
    cookies: str
    floor: str


def main() -> None:
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--write", action="store_true", help=f"keep the result in {RESULTS}")
    options.add_argument("--leads", type=int, default=LARGE, help="how many leads are many")
    options.add_argument("--seconds", type=float, default=SECONDS, help="of each sample")
    options.add_argument("--only", choices=("pages", "imports", "engine"), help="a part of it")
    options.add_argument("--rows", type=int, default=IMPORTED, help="how many rows to import")
    options.add_argument("--known", type=int, default=LARGE, help="into how many leads")
    options.add_argument("--due", type=int, default=LARGE, help="how much is due at one instant")
    options.add_argument("--past", type=int, default=PAST, help="how many touches lie behind")
    options.add_argument("--mails", type=int, default=MAILS, help="how many mails to send")
    asked = options.parse_args()
    django.setup()
    for service in settings.EMBEDDED_SERVICES:
        service.ensure()
    try:
        report = _measure(asked)
    finally:
        _drop_database()
    print(report)
    if asked.write:
        (settings.BASE_DIR / RESULTS).write_text(report)


def _maintain(statement: str) -> None:
    """Run one statement from beside the database that it is about."""
    database = settings.DATABASES["default"]
    beside = psycopg2.connect(
        dbname="postgres",
        user=database.get("USER") or None,
        password=database.get("PASSWORD") or None,
        host=database.get("HOST") or None,
        port=database.get("PORT") or None,
        **{
            name: value
            for name, value in database.get("OPTIONS", {}).items()
            if name in ("host", "port")
        },
    )
    beside.autocommit = True
    with beside.cursor() as cursor:
        cursor.execute(statement)
    beside.close()


def _drop_database() -> None:
    connection.close()
    _maintain(f"DROP DATABASE IF EXISTS {settings.DATABASES['default']['NAME']} WITH (FORCE)")


def _measure(asked: argparse.Namespace) -> str:
    """Each part begins with a database of its own: what imports leave would be in the pages."""
    from tests.bench import engine, imports

    load = os.getloadavg()[0]
    parts = []
    if asked.only in (None, "imports"):
        _set_up()
        print(f"Importing {asked.rows:,} rows …")
        parts.append(imports.report(asked.rows, asked.known))
    if asked.only in (None, "engine"):
        _set_up()
        parts.append(engine.report(asked.due, asked.past, asked.mails))
    if asked.only in (None, "pages"):
        _set_up()
        parts.append(_pages(asked.leads, asked.seconds))
    return "\n".join([_head(load), *parts])


def _set_up() -> None:
    """A new database with the industry codes and the people of the bench."""
    from tests.bench import data

    print("Setting up …")
    _drop_database()
    _maintain(f"CREATE DATABASE {settings.DATABASES['default']['NAME']}")
    call_command("migrate", verbosity=0)
    call_command("load_industry_codes", verbosity=0)
    data.people()


def _pages(many: int, seconds: float) -> str:
    from tests.bench import data
    from tests.bench.server import serving

    found: dict[Any, Sample] = {}
    for leads in (SMALL, many):
        print(f"Making {leads:,} leads …")
        data.grow_to(leads)
        with serving() as server:
            pages = _jobs(leads)
            floors = {page.name: page for page in pages if not page.floor}
            for page in pages:
                if page.floor:  # right before, so that a neighbour who comes or goes bears on both
                    floor = floors[page.floor]
                    found[leads, page.name, "floor"] = server.measure(
                        floor.request, floor.cookies, clients=1, seconds=seconds
                    )
                for clients in (1, 8):
                    sample = server.measure(
                        page.request, page.cookies, clients=clients, seconds=seconds
                    )
                    found[leads, page.name, clients] = sample
                    print(
                        f"{leads:>9,}  {page.name:28} {clients} client(s)  {sample.rate:7.1f}/s"
                        f"  p50 {sample.p50:6.1f} ms  p95 {sample.p95:6.1f} ms"
                        f"  CPU {sample.cpu_ms:5.1f} ms"
                        f"  PostgreSQL {_ms(sample.database_ms)} ms"
                    )
    return _table(found, pages, many, seconds)


def _jobs(leads: int) -> list[Page]:
    from tests.bench.server import Request, form

    dana, manager = _session("Specialist 0 0"), _session("Marketing")
    token = "b" * 32
    own = _ids("nurturing")
    listed = "/leads/?stage=nurturing&documented=4"  # both fill a page with a thousand leads, too
    month = timezone.now().replace(day=1) - timedelta(days=1)

    def lead(turn: int) -> str:
        return f"/leads/{own[turn % len(own)]}/"

    def touch(turn: int) -> Request:
        what = ("phone-no_answer-out", "voicemail-left-out", "email-sent-out")[turn % 3]
        body = form(csrfmiddlewaretoken=token, outcome=what, key=str(uuid.uuid4()))
        return Request("POST", f"{lead(turn)}touches/", body)

    def get(path: str) -> Callable[[int], Request]:
        return lambda _turn: Request("GET", path)

    return [
        Page("floor: 50 rows as HTML", get("/floor/list/"), "", ""),
        Page(
            "floor: one row as HTML",
            lambda turn: Request("GET", f"/floor/{own[turn % len(own)]}/"),
            "",
            "",
        ),
        Page("list of leads", get("/leads/"), dana, "floor: 50 rows as HTML"),
        Page("list, two filters", get(listed), dana, "floor: 50 rows as HTML"),
        Page(
            "a lead's page",
            lambda turn: Request("GET", lead(turn)),
            dana,
            "floor: 50 rows as HTML",
        ),
        Page("Today", get("/today/"), dana, "floor: 50 rows as HTML"),
        Page(
            "log a touch",
            touch,
            f"{dana}; csrftoken={token}",
            "floor: one row as HTML",
        ),
        Page(
            "a month's report", get(f"/reports/{month:%Y-%m}/"), manager, "floor: 50 rows as HTML"
        ),
    ]


def _ids(stage: str) -> list[int]:
    """Leads of the first specialist in a stage."""
    from prospects.models import Lead
    from team.models import User

    person = User.objects.get(name="Specialist 0 0")
    found = Lead.objects.filter(specialist=person, stage=stage).order_by("pk")
    return list(found.values_list("pk", flat=True)[:500])


def _session(name: str) -> str:
    """The cookie of somebody who is logged in."""
    from django.contrib.sessions.backends.cached_db import SessionStore

    from team.models import User

    user = User.objects.get(name=name)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _head(load: float) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"""# Performance

Written by `make bench ARGS=--write`. Machines differ: read the ratios, which compare with floors that
were measured in the same run on the same server, not the milliseconds.

Measured on {timezone.now():%B %-d, %Y}: {os.cpu_count()} cores ({processor}), Linux, Python
{platform.python_version()}, Django {django.__version__}, PostgreSQL {version} without durability (as in
the tests). When it began, {load:.1f} processes wanted to run: what neighbours took is in the figures.
"""


def _table(found: dict[Any, Any], pages: list[Page], many: int, seconds: float) -> str:
    told = (
        f"One gunicorn process with eight threads on the loopback, {seconds:g} s a sample, at"
        f" {SMALL:,} and at {many:,} leads with ten touches each. CPU is the web server's and"
        " PostgreSQL's, in milliseconds a request with one client. “× floor” is the web server's CPU"
        " against that of the floor, asked right before; with PostgreSQL's, in brackets. “Growth” is"
        f" the same at {many:,} leads over that at {SMALL:,}."
    )
    pages_told = (
        "The floor is one indexed query by a cursor and four columns of 50 rows, or one row, in a"
        " template of one line, and nobody is logged in. Every page looks up its reader and session"
        " and draws the navigation. The list has 50 rows of seven columns, its chips and its menus;"
        " a lead's page everything on one lead with ten touches and its form; *Today* 50 due leads"
        " of a queue of some 70 or 7,000 and what waits beside it; the month, as a manager of four"
        " teams sees it, its figures and four handoffs at 1,000 leads, 50 of 400 at 100,000."
    )
    heading = (
        f"| job | p50 / p95 ms at {SMALL:,} | p50 / p95 ms at {many:,} | CPU ms, web + PostgreSQL"
        " | requests/s, 1 and 8 clients | × floor | growth |"
    )
    lines = [
        "## Pages",
        "",
        told,
        "",
        pages_told,
        "",
        heading,
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for page in pages:
        small, one = found[SMALL, page.name, 1], found[many, page.name, 1]
        eight = found[many, page.name, 8]
        against = found.get((many, page.name, "floor"))
        ratio = f"{_ratio(one, against)} × {_short(page.floor)}" if against else "1"
        lines.append(
            f"| {page.name} | {small.p50:.1f} / {small.p95:.1f} | {one.p50:.1f} / {one.p95:.1f}"
            f" | {one.cpu_ms:.1f} + {_ms(one.database_ms)} | {one.rate:.0f}, {eight.rate:.0f}"
            f" | {ratio} | {_ratio(one, small)} |"
        )
    return "\n".join([*lines, ""])


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _ratio(one: Sample, other: Sample) -> str:
    """Of the web server's CPU and, in brackets, with PostgreSQL's."""
    web = f"{one.cpu_ms / other.cpu_ms:.2f}"
    if one.database_ms is None or other.database_ms is None:
        return web
    both = (one.cpu_ms + one.database_ms) / (other.cpu_ms + other.database_ms)
    return f"{web} ({both:.2f})"


def _short(floor: str) -> str:
    return "50 rows" if "50" in floor else "one row"


if __name__ == "__main__":
    main()
