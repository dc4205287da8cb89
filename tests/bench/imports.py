"""How fast files come in, against a bare COPY of the same rows."""

from __future__ import annotations

import csv
import io
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

from handoff.imports import import_handoffs
from nurture.imports import import_touches
from prospects.imports import import_leads
from tests.bank import write_history
from tests.shared import SHARED

HEADERS = (
    *("external_id", "company", "domain", "first_name", "last_name", "title", "email", "phone"),
    *("street", "city", "region", "postal_code", "country", "naics", "employees", "note"),
)
BANK = SHARED / "uci-bank-marketing" / "bank-full.csv"
BANK_ROWS = 6_000
"""So many of its 45,211 rows: the bench must end soon, and the rates do not depend on it."""


def report(rows: int) -> str:
    """The part of the report about imports."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        table = [_row(number) for number in range(rows)]
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADERS)
            writer.writerows(table)
        staged, stored = _copy_staged(table), _copy_stored(table)
        began = time.perf_counter()
        result = import_leads(path, dry_run=True)
        took = time.perf_counter() - began
        assert result.counts.created + result.counts.screened_out == rows
        told = (
            f"{rows:,} rows of {len(HEADERS)} columns; `import_leads` parses, checks, screens, finds"
            " duplicates and writes companies, contacts, leads and histories."
        )
        lines = [
            "## Imports",
            "",
            told,
            "",
            "| job | rows/s | × COPY, staged | × COPY, stored |",
            "|---|--:|--:|--:|",
        ]
        for name, seconds in (
            ("bare COPY into the staging table", staged),
            ("bare COPY into companies, contacts, leads", stored),
            ("import_leads", took),
        ):
            lines.append(
                f"| {name} | {rows / seconds:,.0f} | {seconds / staged:.1f} |"
                f" {seconds / stored:.2f} |"
            )
        lines += ["", *_bank(Path(folder)), ""]
    return "\n".join(lines)


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


def _copied(table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)", text
        )


def _copy_staged(table: Sequence[Sequence[object]]) -> float:
    with _undone():
        with connection.cursor() as cursor:
            described = ", ".join(f"{name} text" for name in HEADERS)
            cursor.execute(f"CREATE TEMPORARY TABLE bare ({described}) ON COMMIT DROP")
        began = time.perf_counter()
        _copied("bare", HEADERS, table)
        return time.perf_counter() - began


def _copy_stored(table: Sequence[Sequence[object]]) -> float:
    """The same rows as the tables want them, with their indexes, ready made."""
    now, far = "2026-01-01T00:00:00Z", 10_000_000
    with _undone():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO prospects_source (name, kind) VALUES ('bare', 'list') RETURNING id"
            )
            source = cursor.fetchone()[0]
            cursor.execute("SELECT min(id) FROM team_team")
            team = cursor.fetchone()[0]
        columns = {name: position for position, name in enumerate(HEADERS)}

        def cell(row: Sequence[object], name: str) -> object:
            return row[columns[name]]

        began = time.perf_counter()
        _copied(
            "prospects_company",
            (
                *("id", "name", "name_key", "domain", "industry_basis", "firmographics_basis"),
                *("employees", "country", "region", "city", "postal_code", "street", "timezone"),
                "created_at",
            ),
            [
                (
                    *(far + n, cell(row, "company"), f"bench{n}", cell(row, "domain"), '""', '""'),
                    *(cell(row, "employees"), "US", cell(row, "region"), cell(row, "city")),
                    *(cell(row, "postal_code"), cell(row, "street"), "UTC", now),
                )
                for n, row in enumerate(table)
            ],
        )
        _copied(
            "prospects_contact",
            (
                *("id", "company_id", "first_name", "last_name", "title", "buying_role", "email"),
                *("email_key", "phone", "phone_key", "timezone", "created_at"),
            ),
            [
                (
                    *(far + n, far + n, "Maria", cell(row, "last_name"), cell(row, "title")),
                    *("unknown", cell(row, "email"), cell(row, "email")),
                    *(cell(row, "phone"), f"+1617{n}", "UTC", now),
                )
                for n, row in enumerate(table)
            ],
        )
        _copied(
            "prospects_lead",
            (
                *("id", "external_id", "company_id", "contact_id", "source_id", "team_id"),
                *("assigned_why", "received_at", "horizon", "note", "version", "stage", "stage_at"),
                *("screening", "contradictions", "documented", "open_attributes"),
                *("outbound_touches", "complete_attempts", "next_touch_channel"),
                *("next_touch_rank", "next_touch_why", "activity_at", "search_text"),
            ),
            [
                (
                    *(far + n, cell(row, "external_id"), far + n, far + n, source, team, "-", now),
                    *("unknown", cell(row, "note"), 1, "raw", now, "[]", "{}", 0, "{}", 0, 0),
                    *("phone", 0, "-", now, f"{cell(row, 'company')} {cell(row, 'email')}".lower()),
                )
                for n, row in enumerate(table)
            ],
        )
        return time.perf_counter() - began


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
