"""How fast files come in, against a bare COPY of the same rows."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

if __name__ == "__main__":
    django.setup()
    for service in settings.EMBEDDED_SERVICES:
        service.ensure()

from handoff.imports import import_handoffs
from nurture.imports import import_touches
from prospects.imports.actions import check, upload
from prospects.imports.actions import undo as take_back
from prospects.imports.jobs import run_import
from prospects.imports.leads import import_leads
from prospects.models import Lead, Source
from team.models import Role, Team, User
from tests.bank import write_history
from tests.shared import SHARED

HEADERS = (
    *("external_id", "company", "domain", "first_name", "last_name", "title", "email", "phone"),
    *("street", "city", "region", "postal_code", "country", "naics", "employees", "note"),
)
BANK = SHARED / "uci-bank-marketing" / "bank-full.csv"
BANK_ROWS = 6_000
"""So many of its 45,211 rows: the bench must end soon, and the rates do not depend on it."""


SAMPLE_PAGE = "/leads/"


@dataclass(frozen=True)
class Run:
    """What importing one file cost."""

    looked: float
    """Seconds until the file was kept and its columns understood."""
    took: float
    """Seconds of the job, from the first row read to the last one visible."""
    memory: int
    """Bytes that the process held at most, above what it held before."""
    pages: list[float]
    """Milliseconds of pages that were asked for meanwhile."""
    undone: float
    """Seconds of taking it back; 0 where it was not."""


def report(rows: int, known: int) -> str:
    """The part of the report about imports: into an empty database, and into one of `known` leads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADERS)
            writer.writerows(map(_row, range(rows)))
        idle = _asked(5)
        bare = _copy_stored(rows)
        empty = _imported(path, undo=True)
        print(f"Making {known:,} leads …")
        _grow_to(known)
        bare_full = _copy_stored(rows)
        full = _imported(path, undo=False)
        told = (
            f"{rows:,} rows of {len(HEADERS)} columns, read, checked, screened, compared with what is"
            " known, and written as companies, contacts, leads and histories, with what undoing needs."
            " The floor is a bare COPY of the same rows, ready made, into the same tables with their"
            " indexes and foreign keys."
        )
        lines = ["## Imports", "", told, ""]
        lines += ["| job | rows/s | × COPY | memory MB |", "|---|--:|--:|--:|"]
        for name, seconds, floor, memory in (
            ("bare COPY, empty database", bare, bare, 0),
            ("import, empty database", empty.took, bare, empty.memory),
            (f"bare COPY, {known:,} leads", bare_full, bare_full, 0),
            (f"import, {known:,} leads", full.took, bare_full, full.memory),
            ("undoing it", empty.undone, bare, 0),
        ):
            held = f"{memory / 1e6:,.0f}" if memory else ""
            lines.append(f"| {name} | {rows / seconds:,.0f} | {seconds / floor:.2f} | {held} |")
        lines += [
            "",
            (
                f"Per row the import is {full.took / empty.took:.2f} × as slow with {known:,} leads there"
                f" as with none; bare COPY {bare_full / bare:.2f} ×. Before, {empty.looked:.1f} s go into"
                " keeping the file and understanding its columns."
            ),
            "",
            (
                f"The list of leads, asked for all the while: p50 {_quantile(full.pages, 0.5):.0f} ms, p95"
                f" {_quantile(full.pages, 0.95):.0f} ms, at most {max(full.pages):.0f} ms"
                f" ({len(full.pages)} samples; idle and empty {_quantile(idle, 0.5):.0f} ms)."
            ),
            "",
            *_bank(Path(folder)),
            "",
        ]
    return "\n".join(lines)


def _imported(path: Path, *, undo: bool) -> Run:
    """Import the file in a process of its own, as a worker would; ask for a page meanwhile."""
    command = [sys.executable, "-m", "tests.bench.imports", str(path), *(["undo"] if undo else [])]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    pages: list[float] = []
    while worker.poll() is None:
        pages += _asked(1)
        time.sleep(0.2)
    output, _errors = worker.communicate()
    assert worker.returncode == 0
    return Run(**json.loads(output.splitlines()[-1]), pages=pages)


def _asked(times: int) -> list[float]:
    """Milliseconds of a page, in this process."""
    client = Client()
    client.force_login(User.objects.get(name="Marketing"))
    client.get(SAMPLE_PAGE, headers={"host": "localhost"})
    found = []
    for _ in range(times):
        began = time.perf_counter()
        assert client.get(SAMPLE_PAGE, headers={"host": "localhost"}).status_code == 200
        found.append((time.perf_counter() - began) * 1000)
    return found


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def most_memory() -> int:
    """Bytes that this process held at most (its parent's are not among them, as in getrusage)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _work(path: Path, *, undo: bool) -> None:
    """One import in this process; prints what it cost."""
    now = timezone.now()
    ada = User.objects.filter(role=Role.ADMIN).first() or User.objects.create_user(
        None, name="Ada", role=Role.ADMIN
    )
    team = Team.objects.earliest("pk")
    held = most_memory()
    began = time.perf_counter()
    with path.open("rb") as file:
        record = upload(file=File(file, "leads.csv"), by=ada, team=team, now=now)  # type: ignore[arg-type]
    record = check(record=record, by=ada, now=now, confirmed=True)
    looked = time.perf_counter() - began
    began = time.perf_counter()
    run_import(record.pk)
    took = time.perf_counter() - began
    record.refresh_from_db()
    assert record.created + record.screened_out == record.read, record.problem
    most = most_memory()
    undone = 0.0
    if undo:
        began = time.perf_counter()
        run_import(take_back(record=record, by=ada, now=timezone.now()).pk)
        undone = time.perf_counter() - began
        assert not Lead.objects.exists()
    cost = {"looked": looked, "took": took, "memory": most - held, "undone": undone}
    print(json.dumps(cost))


def _row(number: int) -> tuple[object, ...]:
    return (
        *(f"L{number}", f"Bench Company {number}", f"bench{number}.example", "Maria"),
        *(f"Lindqvist{number}", "Plant Manager", f"m.l{number}@bench{number}.example"),
        f"+1 617 {200 + number // 10_000:03} {number % 10_000:04}",
        *(f"{number} Mill Street", "Boston", "Massachusetts", "02101", "US", "322120"),
        *(20 + number % 900, "Asked for a comparison with what they have."),
    )


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


QUOTED = {
    "prospects_company": ", FORCE_NOT_NULL (industry_basis, firmographics_basis)",
    "prospects_contact": "",
    "prospects_lead": "",
    "prospects_stagechange": ", FORCE_NOT_NULL (from_stage, reason, note)",
}
"""Columns in which an empty cell is an empty text."""


def _copied(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> float:
    """Seconds of the COPY itself."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.cursor.copy_expert(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv{QUOTED[table]})", text
        )
        return time.perf_counter() - began


def _grow_to(known: int) -> None:
    """Fill the database with leads like those of the file, but others."""
    _copy_stored(known, stay=True)
    with connection.cursor() as cursor:
        for table in ("company", "contact", "lead"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('prospects_{table}', 'id'), max(id))"  # noqa: S608
                f" FROM prospects_{table}"
            )
        cursor.execute("VACUUM ANALYZE")


PORTION = 50_000
"""Rows that are made ready at a time."""


def _copy_stored(rows: int, *, stay: bool = False) -> float:
    """Seconds of copying the same rows as the tables want them, with their indexes, ready made."""
    with transaction.atomic() if stay else _undone():
        took = sum(
            _copy_portion([_row(n + FAR * stay) for n in range(start, min(start + PORTION, rows))])
            for start in range(0, rows, PORTION)
        )
        began = time.perf_counter()
        with connection.cursor() as cursor:  # the foreign keys, which would be asked at the commit
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return took + time.perf_counter() - began


FAR = 10_000_000
"""The ids and numbers of leads that are there already begin here."""


def _copy_portion(table: Sequence[Sequence[object]]) -> float:
    now = "2026-01-01T00:00:00Z"
    source = Source.objects.get_or_create(name="bare", kind="list")[0].pk
    team = Team.objects.earliest("pk").pk
    specialist = User.objects.filter(role=Role.SPECIALIST).earliest("pk").pk
    rows = [(int(str(row[0])[1:]) + FAR, dict(zip(HEADERS, row, strict=True))) for row in table]
    found = ("external_id", "company", "domain", "first_name", "last_name", "email", "phone")
    took = _copied(
        "prospects_company",
        (
            *("id", "name", "name_key", "domain", "industry_basis", "firmographics_basis"),
            *("employees", "country", "region", "city", "postal_code", "street", "timezone"),
            "created_at",
        ),
        (
            (
                *(n, row["company"], f"benchcompany{n}", row["domain"], "", "", row["employees"]),
                *("US", row["region"], row["city"], row["postal_code"], row["street"], "UTC", now),
            )
            for n, row in rows
        ),
    )
    took += _copied(
        "prospects_contact",
        (
            *("id", "company_id", "first_name", "last_name", "title", "buying_role", "email"),
            *("email_key", "phone", "phone_key", "timezone", "created_at"),
        ),
        (
            (
                *(n, n, row["first_name"], row["last_name"], row["title"], "unknown"),
                *(row["email"], row["email"], row["phone"], f"+1617{n}", "UTC", now),
            )
            for n, row in rows
        ),
    )
    took += _copied(
        "prospects_lead",
        (
            *("id", "external_id", "company_id", "contact_id", "source_id", "team_id"),
            *("specialist_id", "assigned_why", "received_at", "horizon", "note", "version"),
            *("stage", "stage_at", "screening", "contradictions", "documented"),
            *("open_attributes", "outbound_touches", "complete_attempts"),
            *("next_touch_channel", "next_touch_rank", "next_touch_why", "activity_at"),
            "search_text",
        ),
        (
            (
                *(n, row["external_id"], n, n, source, team, specialist, "-", now, "unknown"),
                *(row["note"], 1, "raw", now, "[]", "{}", 0, "{}", 0, 0, "phone", 0, "-", now),
                " ".join(str(row[name]) for name in found).lower(),
            )
            for n, row in rows
        ),
    )
    took += _copied(
        "prospects_stagechange",
        ("lead_id", "from_stage", "to_stage", "at", "reason", "note", "brought_along"),
        ((n, "", "raw", now, "", "", False) for n, _row in rows),
    )
    return took


def _bank(folder: Path) -> list[str]:
    """The history of a program brought along: leads, touches, handoffs."""
    if not BANK.exists():
        return ["The bank's history was not measured: its file is not here."]
    part = folder / "bank.csv"
    with BANK.open() as whole:
        part.write_text(
            "".join(line for _n, line in zip(range(BANK_ROWS + 1), whole, strict=False))
        )
    files = write_history(part, folder)
    lines = [
        f"A history brought along, the first {BANK_ROWS:,} people of the UCI bank marketing file:",
        "",
        "| file | rows | rows/s |",
        "|---|--:|--:|",
    ]
    with _undone():
        for name, load, path in zip(
            ("leads", "touches", "handoffs"),
            (import_leads, import_touches, import_handoffs),
            files,
            strict=True,
        ):
            began = time.perf_counter()
            read = load(path).counts.read
            lines.append(f"| {name} | {read:,} | {read / (time.perf_counter() - began):,.0f} |")
    return lines


if __name__ == "__main__":
    _work(Path(sys.argv[1]), undo="undo" in sys.argv[2:])
