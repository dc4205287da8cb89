"""What every import has in common: the file and its mapping, staging, counts, refused rows.

A file is one transaction: it is taken as a whole or not at all, and a dry run is the same, undone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from prospects.mapping import ColumnMap
from prospects.models import Import, RefusedRow
from prospects.tables import Row, Table, Unreadable
from team.models import Team, User

BATCH = 5000
"""Rows that are read, then copied, at a time."""

LOCK = 4_015_500
"""Imports take turns: two at once could both find that a lead is not known yet."""

LOCK_TAKEN = "55P03"


class ImportRefused(Exception):
    """The whole file cannot be imported; nothing was written. Says why."""


class BadRow(Exception):
    """One row cannot be taken; `reasons` says what is wrong with it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = [reason[:250] for reason in reasons]
        super().__init__("; ".join(self.reasons))


@dataclass
class Counts:
    """What became of the rows read: the others add up to `read`."""

    read: int = 0
    created: int = 0
    updated: int = 0
    duplicates: int = 0
    screened_out: int = 0
    refused: int = 0


@dataclass(frozen=True)
class ImportResult:
    """What an import did, or on a dry run would do."""

    counts: Counts
    record: Import
    """Not in the database after a dry run."""
    columns: ColumnMap
    encoding: str
    refused: list[tuple[int, list[str]]]
    """The first few refused rows: line and reasons."""

    def as_json(self) -> dict[str, int]:
        return asdict(self.counts)


REFUSED_SHOWN = 20


class CopyBuffer:
    """Rows on their way into a table by COPY.

    None and the empty string both arrive as NULL, but in the columns `texts` as the empty string.
    """

    def __init__(self, table: str, columns: Sequence[str], texts: Sequence[str] = ()) -> None:
        never_null = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
        self._command = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv{never_null})"
        self._start_anew()

    def _start_anew(self) -> None:
        self._text = io.StringIO()
        self.add = csv.writer(self._text).writerow

    def flush(self) -> None:
        if not self._text.tell():
            return
        self._text.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(self._command, self._text)
        self._start_anew()


Values = dict[str, str]


@dataclass
class Intake:
    """One file on its way in."""

    record: Import
    table: Table
    columns: ColumnMap
    most_rows: int | None = None
    counts: Counts = field(default_factory=Counts)
    first_refused: list[tuple[int, list[str]]] = field(default_factory=list)

    def stage(self, read: Callable[[int, Values], None], buffers: Sequence[CopyBuffer]) -> None:
        """Give each row's values to `read`, which fills the buffers or raises BadRow."""
        refused: list[RefusedRow] = []
        values_of = self._extractor()
        for row in self.table.rows():
            self.counts.read += 1
            if self.most_rows is not None and self.counts.read > self.most_rows:
                raise ImportRefused(
                    _("The file has more than %s rows: import it with manage.py import_leads.")
                    % f"{self.most_rows:,}"
                )
            try:
                if len(row.cells) > len(self.table.headers):
                    self._check_width(row)
                read(row.line, values_of(row.cells))
            except BadRow as bad:
                refused.append(self._refused(row, bad.reasons))
            if self.counts.read % BATCH == 0:
                self._flush(buffers, refused)
        self._flush(buffers, refused)

    def _extractor(self) -> Callable[[Sequence[str]], Values]:
        plan = list(self.columns.columns.items())

        def values_of(cells: Sequence[str]) -> Values:
            width = len(cells)
            found: Values = {}
            for name, indexes in plan:
                for index in indexes:
                    if index < width and (cell := cells[index].strip()):
                        found[name] = cell
                        break
            return found

        return values_of

    def _check_width(self, row: Row) -> None:
        if any(cell.strip() for cell in row.cells[len(self.table.headers) :]):
            raise BadRow([_("more cells than there are headings: is a comma or a quote missing?")])

    def _refused(self, row: Row, reasons: Sequence[str]) -> RefusedRow:
        extra = range(1, len(row.cells) - len(self.table.headers) + 1)
        headers = [*self.table.headers, *(f"+{number}" for number in extra)]
        cells = [
            [header, cell.replace("\x00", "")]
            for header, cell in zip(headers, row.cells, strict=False)
        ]
        return RefusedRow(intake=self.record, line=row.line, cells=cells, reasons=list(reasons))

    def _flush(self, buffers: Sequence[CopyBuffer], refused: list[RefusedRow]) -> None:
        for buffer in buffers:
            buffer.flush()
        self._write_refused(refused)
        refused.clear()

    def _write_refused(self, refused: Sequence[RefusedRow]) -> None:
        RefusedRow.objects.bulk_create(refused)
        self.counts.refused += len(refused)
        for row in refused[: REFUSED_SHOWN - len(self.first_refused)]:
            self.first_refused.append((row.line, row.reasons))

    def refuse_lines(self, reasons: Mapping[int, str]) -> None:
        """Refuse rows that only the database could tell were wrong; the file is read once more."""
        if not reasons:
            return
        found = (row for row in self.table.rows() if row.line in reasons)
        waiting: list[RefusedRow] = []
        for row in found:
            waiting.append(self._refused(row, [reasons[row.line][:250]]))
            if len(waiting) == BATCH:
                self._write_refused(waiting)
                waiting.clear()
        self._write_refused(waiting)


@contextmanager
def importing(
    *,
    kind: str,
    table: Table,
    columns: ColumnMap,
    by: User | None,
    team: Team,
    now: datetime,
    dry_run: bool,
    most_rows: int | None = None,
) -> Iterator[Intake]:
    """The transaction of one file. Refuses (ImportRefused) to wait long for another import."""
    try:
        with transaction.atomic():
            _take_turn()
            record = Import.objects.create(
                kind=kind,
                file_name=table.name[:255],
                sha256=table.sha256(),
                team=team,
                by=by,
                mapping=dict(columns.used),
                headers_ignored=list(columns.ignored),
                started_at=now,
            )
            intake = Intake(record, table, columns, most_rows)
            yield intake
            _close(intake)
            if dry_run:
                transaction.set_rollback(True)
    except Unreadable as broken:
        raise ImportRefused(str(broken)) from broken


def _take_turn() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != LOCK_TAKEN:
            raise
        raise ImportRefused(_("Another import is running. Try again when it is done.")) from error


def _close(intake: Intake) -> None:
    for name, count in asdict(intake.counts).items():
        setattr(intake.record, name, count)
    intake.record.finished_at = timezone.now()
    intake.record.save()


def result_of(intake: Intake) -> ImportResult:
    return ImportResult(
        counts=intake.counts,
        record=intake.record,
        columns=intake.columns,
        encoding=intake.table.encoding or "xlsx",
        refused=intake.first_refused,
    )


def execute(statement: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def fetch(statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def create_staging(table: str, columns: Mapping[str, str]) -> None:
    """A temporary table that lives as long as the transaction (`columns`: name to type)."""
    execute(f"DROP TABLE IF EXISTS {table}")
    described = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    execute(f"CREATE TEMPORARY TABLE {table} ({described}) ON COMMIT DROP")
