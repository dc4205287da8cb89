"""What a worker does of an import: reads it in batches, finds out who is who, files it, or undoes it.

The row of the import is the truth, the broker only the doorbell. A worker claims the row by a conditional
update and renews the claim with every batch, in the transaction that keeps the batch; so whatever a killed
worker had kept is where the next one goes on. Filing and undoing are one transaction each.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from prospects.imports import leads as imports
from prospects.imports import uploads
from prospects.imports.intake import LOCK, Counts, ImportRefused, Intake, Tally, close
from prospects.imports.staging import Position, Staging, staged_imports
from prospects.imports.statements import execute, fetch
from prospects.imports.undoing import forget_tracks, undo_rows
from prospects.models import Import, ImportState, RefusedRow, UploadPart
from prospects.models.intake import OPEN, RUNNING
from prospects.reading import mapping
from prospects.reading.tables import Unreadable
from team.people import team_of_imports

LEASE = timedelta(minutes=2)
"""A worker of whom nothing was heard for so long is gone."""
MOST_TRIES = 5
"""Workers that may come to nothing with one import before it is given up."""
KEPT_FOR = timedelta(days=1)
"""How long a file waits for the word that imports it."""


class Interrupted(Exception):
    """The import was cancelled, or is another worker's by now: what was not kept is dropped."""


class NotItsTurn(Exception):
    """Another import is being filed: this one is taken up again by the next tick."""


class StagingLost(Exception):
    """The database crashed, and its unlogged tables are empty: the file is read anew."""


def run_import(pk: int) -> None:
    """Do what is to be done of an import, as far as it goes. Whoever else has it is left alone."""
    claim = _claimed(pk)
    while claim is not None:
        record = Import.objects.select_related("by", "team").get(pk=pk)
        try:
            _take_step(record, claim)
        except Interrupted:
            break
        except NotItsTurn:
            _put_back(pk, claim)
            break
        except StagingLost:
            Import.objects.filter(pk=pk, claim=claim).update(state=ImportState.CHECKING)
        except (ImportRefused, Unreadable) as refused:
            _give_up(record, claim, str(refused))
            break
        except Exception:
            if _was_cancelled(pk):  # which stops the statement that is under way
                break
            Import.objects.filter(pk=pk, claim=claim).update(claim=None, claimed_until=None)
            raise
        claim = _claimed(pk, claim)
    clear_up(pk)


def waiting_imports(now: datetime) -> list[int]:
    """Those that a worker should take up."""
    return list(Import.objects.waiting(now).order_by("pk").values_list("pk", flat=True))


def clear_up(pk: int) -> None:
    """Delete what only an import under way needs, once it has ended."""
    record = Import.objects.filter(pk=pk).first()
    if record is not None and record.is_open:
        return
    with transaction.atomic():
        if record is not None and not record.finished_at:
            RefusedRow.objects.filter(intake=pk).delete()
        UploadPart.objects.filter(intake=pk).delete()
        Staging.of(pk).drop()


def sweep(now: datetime) -> None:
    """Give up files that nobody said a word about, and clear up behind whatever ended unseen."""
    Import.objects.filter(
        state__in=(ImportState.UPLOADED, ImportState.CHECKED), phase_at__lt=now - KEPT_FOR
    ).update(state=ImportState.CANCELLED)
    ended = UploadPart.objects.exclude(intake__state__in=OPEN).values_list("intake", flat=True)
    for pk in {*ended.distinct(), *staged_imports()}:
        clear_up(pk)
    forget_tracks(now)


# The claim


def _claimed(pk: int, mine: uuid.UUID | None = None) -> uuid.UUID | None:
    """Claim the import, or go on with it; None where there is nothing to do, or another has it.

    One that came to nothing again and again is given up.
    """
    now = timezone.now()
    due = Import.objects.filter(claim=mine) if mine else Import.objects.waiting(now)
    claim = mine or uuid.uuid4()
    found = due.filter(pk=pk, state__in=RUNNING)
    tries = F("tries") if mine else F("tries") + 1
    with transaction.atomic():
        if not (_is_free(pk) and found.update(claim=claim, claimed_until=now + LEASE, tries=tries)):
            _put_back(pk, claim)
            return None
    record = Import.objects.get(pk=pk)
    if record.tries > MOST_TRIES:
        _give_up(record, claim, _("It was tried %s times and never came to an end.") % MOST_TRIES)
        return None
    return claim


def _is_free(pk: int) -> bool:
    """Whether no transaction files or undoes it, however long ago its worker was heard of."""
    lock = fetch(
        "SELECT pg_try_advisory_xact_lock(%(turn)s, %(pk)s)", {"turn": LOCK, "pk": pk % 2**31}
    )
    return bool(lock[0][0])


def _put_back(pk: int, claim: uuid.UUID) -> None:
    """Leave it to whoever comes next."""
    Import.objects.filter(pk=pk, claim=claim).update(claim=None, claimed_until=None, tries=0)


def _renew(pk: int, claim: uuid.UUID, **progress: int) -> None:
    """Say that the worker lives and how far it came. Raises Interrupted: stop, and keep nothing."""
    still = Import.objects.filter(pk=pk, claim=claim)
    if not still.update(claimed_until=timezone.now() + LEASE, **progress):
        raise Interrupted


def _advance(record: Import, claim: uuid.UUID, state: str) -> None:
    """The last statement of a transaction: whoever lost the claim, or was cancelled, keeps nothing."""
    still = Import.objects.filter(pk=record.pk, claim=claim)
    if not still.update(
        state=state, phase_at=timezone.now(), step=0, tries=0, claim=claim, claimed_until=None
    ):
        raise Interrupted


def _give_up(record: Import, claim: uuid.UUID, why: str) -> None:
    """An import that cannot be taken leaves nothing but its row, which says why."""
    was_undoing = record.state == ImportState.UNDOING
    Import.objects.filter(pk=record.pk, claim=claim).update(
        state=ImportState.DONE if was_undoing else ImportState.REFUSED,
        problem=why,
        claim=None,
        claimed_until=None,
    )


def _was_cancelled(pk: int) -> bool:
    return Import.objects.filter(pk=pk, state=ImportState.CANCELLED).exists()


# The steps


def _take_step(record: Import, claim: uuid.UUID) -> None:
    if record.state == ImportState.UNDOING:
        _undo(record, claim)
    elif record.state == ImportState.FILING:
        _file(record, claim)
    else:
        _read(record, claim)
        _check(record, claim)


@contextmanager
def _intake(record: Import) -> Iterator[Intake]:
    """The file of the import, out of the database and into one that can be read."""
    with uploads.fetched(record) as path:
        table, columns = imports.prepare(path, mapping.LEADS, record.told, record.file_name)
        team = record.team or team_of_imports()
        yield Intake(record=record, team=team, table=table, columns=columns)


def _read(record: Import, claim: uuid.UUID) -> None:
    """Stage the rows from where the last worker stopped; each batch is kept when it is there."""
    staging = Staging.of(record.pk)
    with transaction.atomic():
        position = staging.begin()
        if position.line == 0:
            imports.make_tables(staging)
            RefusedRow.objects.filter(intake=record).delete()
            staging.mark(position)
        _renew(record.pk, claim, rows_staged=position.read)
    if position.is_complete:
        return
    with _intake(record) as intake:
        lines = _lines_of(intake.table.path) if intake.table.encoding else 0
        intake.line = position.line
        intake.counts = Counts(read=position.read, refused=position.refused)

        @contextmanager
        def keeping() -> Iterator[None]:
            with transaction.atomic():
                staging.enter()
                yield
                position.line, position.read = intake.line, intake.counts.read
                position.refused = intake.counts.refused
                staging.mark(position)
                expected = position.read * lines // max(1, position.line)
                _renew(
                    record.pk,
                    claim,
                    rows_staged=position.read,
                    rows_expected=max(expected, position.read) if lines else record.rows_expected,
                    tries=0,
                )

        intake.keeping = keeping
        imports.stage(intake, position)


def _lines_of(path: Path) -> int:
    """About how many lines a text has."""
    feeds = returns = 0
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
    return max(feeds, returns) + 1


def _check(record: Import, claim: uuid.UUID) -> None:
    """The dry run: everything that filing would find out, counted, and nothing written.

    An import that was confirmed before it was read goes on to its filing, which finds it out itself.
    """
    if record.confirmed_at is not None:
        _advance(record, claim, ImportState.FILING)
        return
    with transaction.atomic():
        tally, _position = _begin_settling(record)
        with transaction.atomic():
            refused = imports.settle(tally)
            transaction.set_rollback(True)
        _refuse(tally, refused)
        read = tally.counts.read
        counts = {
            **asdict(tally.counts),
            "opted_out": record.opted_out,
            "rows_expected": read,
            "rows_staged": read,
        }
        Import.objects.filter(pk=record.pk).update(**counts)
        _advance(record, claim, ImportState.CHECKED)


def _begin_settling(record: Import) -> tuple[Tally, Position]:
    position = Staging.of(record.pk).begin()
    if not position.is_complete:
        raise StagingLost
    execute(  # what was found out about rows when they were checked is found out anew
        "DELETE FROM prospects_refusedrow WHERE intake_id = %(intake)s"
        " AND line IN (SELECT line FROM staged_lead)",
        {"intake": record.pk},
    )
    counts = Counts(read=position.read, refused=position.refused)
    return Tally(record=record, team=record.team or team_of_imports(), counts=counts), position


def _refuse(tally: Tally, reasons: dict[int, str]) -> None:
    """Keep the rows that only the database could tell were wrong; the file is read for them."""
    if reasons:
        with _intake(tally.record) as intake:
            intake.counts = tally.counts
            intake.refuse_lines(reasons)


def _file(record: Import, claim: uuid.UUID) -> None:
    """Everything, in one transaction: it becomes visible as a whole or not at all.

    Holds the turn of imports and a lock of its own, by which cancelling finds the connection.
    """
    with _progress(record.pk) as tell, transaction.atomic():
        _take_turn(record.pk)
        _still_mine(record, claim)
        tally, position = _begin_settling(record)
        refused = imports.settle(tally)
        imports.write(tally, position, now=timezone.now(), told_of=tell)
        _refuse(tally, refused)
        close(tally)
        _advance(record, claim, ImportState.DONE)


def _undo(record: Import, claim: uuid.UUID) -> None:
    with transaction.atomic():
        _take_turn(record.pk)
        _still_mine(record, claim)
        undo_rows(record, now=timezone.now())
        _advance(record, claim, ImportState.UNDONE)


def _take_turn(pk: int) -> None:
    """Imports take turns; one whose turn it is not is taken up again by the next tick."""
    turn = fetch("SELECT pg_try_advisory_xact_lock(%(turn)s)", {"turn": LOCK})
    if not (turn[0][0] and _is_free(pk)):
        raise NotItsTurn


def _still_mine(record: Import, claim: uuid.UUID) -> None:
    """Another may have filed it while this worker waited."""
    mine = Import.objects.filter(pk=record.pk, claim=claim, state=record.state)
    if not mine.exists():
        raise Interrupted


def stop_filing(pk: int) -> bool:
    """Tell the connection that files this import to stop, if there is one."""
    stopped = fetch(
        """
        SELECT pg_cancel_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND classid = %(turn)s AND objid = %(pk)s AND objsubid = 2
           AND granted AND pid <> pg_backend_pid()
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        {"turn": LOCK, "pk": pk % 2**31},
    )
    return bool(stopped)


@contextmanager
def _progress(pk: int) -> Iterator[Callable[[int], None]]:
    """Tells how far a transaction came, on a connection of its own: others see it at once."""
    beside = connection.copy()

    def tell(step: int) -> None:
        with beside.cursor() as cursor:
            cursor.execute(
                "UPDATE prospects_import SET step = %s, claimed_until = %s WHERE id = %s",
                [step, timezone.now() + LEASE, pk],
            )

    try:
        yield tell
    finally:
        beside.close()
