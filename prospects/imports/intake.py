"""What every import has in common: the file and its mapping, staging, counts, refused rows.

A file is one transaction: it is taken as a whole or not at all, and a dry run is the same, undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from prospects.imports.staging import TEMPORARY
from prospects.imports.statements import CopyBuffer
from prospects.models import Import, ImportState, RefusedRow
from prospects.reading.mapping import ColumnMap
from prospects.reading.tables import Row, Table, Unreadable
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


Values = dict[str, str]


@dataclass(kw_only=True)
class Tally:
    """An import and what became of its rows so far."""

    record: Import
    team: Team
    counts: Counts = field(default_factory=Counts)


@dataclass(kw_only=True)
class Intake(Tally):
    """One file on its way in."""

    table: Table
    columns: ColumnMap
    most_rows: int | None = None
    first_refused: list[tuple[int, list[str]]] = field(default_factory=list)
    keeping: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered whenever a batch is written: a job commits it there, and says how far it came."""
    line: int = 0
    """Of the file, the last that a row was read of."""

    def stage(self, read: Callable[[int, Values], None], buffers: Sequence[CopyBuffer]) -> None:
        """Give each row's values to `read`, which fills the buffers or raises BadRow.

        Begins below `line`, up to which a worker before this one has read.
        """
        refused: list[RefusedRow] = []
        values_of = self.columns.extractor()
        for row in self.table.rows(after=self.line):
            self.line = row.line
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
        with self.keeping():
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
    source: str = "",
    most_rows: int | None = None,
) -> Iterator[Intake]:
    """The transaction of one file, from its reading to its filing."""
    try:
        with transaction.atomic():
            record = Import.objects.create(
                kind=kind,
                file_name=table.name[:255],
                sha256=table.sha256(),
                team=team,
                by=by,
                mapping=dict(columns.used),
                headers_ignored=list(columns.ignored),
                source=source,
                encoding=table.encoding,
                delimiter=table.delimiter,
                started_at=now,
            )
            intake = Intake(
                record=record, team=team, table=table, columns=columns, most_rows=most_rows
            )
            yield intake
            close(intake)
            if dry_run:
                transaction.set_rollback(True)
    except Unreadable as broken:
        raise ImportRefused(str(broken)) from broken


def take_turn() -> None:
    """Wait for the imports before this one, until the transaction ends.

    Refuses (ImportRefused) to wait for long.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != LOCK_TAKEN:
            raise
        raise ImportRefused(_("Another import is running. Try again when it is done.")) from error


def close(tally: Tally) -> None:
    """Write the counts and the end."""
    record, counts = tally.record, asdict(tally.counts)
    for name, count in counts.items():
        setattr(record, name, count)
    record.finished_at = timezone.now()
    record.state = ImportState.DONE
    record.save(update_fields=[*counts, "opted_out", "finished_at", "filed_at", "state"])


def result_of(intake: Intake) -> ImportResult:
    return ImportResult(
        counts=intake.counts,
        record=intake.record,
        columns=intake.columns,
        encoding=intake.table.encoding or "xlsx",
        refused=intake.first_refused,
    )


def create_staging(table: str, columns: Mapping[str, str]) -> None:
    """A temporary table that lives as long as the transaction (`columns`: name to type)."""
    TEMPORARY.create(table, columns)
