"""What people do with a file of leads: upload it, name its columns, import it, cancel, undo.

Each changes the row of the import; the work itself is a worker's (prospects.imports.jobs), but for files
so small that nobody need wait for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from prospects.actions import NotAllowed
from prospects.imports import layouts, uploads
from prospects.imports.intake import Counts, ImportRefused
from prospects.imports.jobs import clear_up, stop_filing
from prospects.imports.staging import Staging
from prospects.imports.undoing import can_be_undone
from prospects.models import Import, ImportKind, ImportState, RefusedRow
from prospects.reading import mapping
from prospects.reading.proposing import Choice, Question, Unanswered, Understanding, answered
from prospects.reading.tables import Table, Unreadable, open_table
from team.models import Role, Team, User

SMALL_FILE = 256 * 1024
"""Bytes that are read while the person waits; larger files are a worker's."""
SMALL_UNDO = 2_000
"""Leads that are taken back while the person waits."""


NOTHING_READ = {"rows_staged": 0, **asdict(Counts())}


class NotPossible(Exception):
    """The import has gone on to where this cannot be done any more, in words."""


def may_decide(record: Import, by: User) -> bool:
    """Whoever uploaded the file, and managers of the team."""
    return record.by_id == by.pk or by.manages


@transaction.atomic
def upload(
    *,
    file: UploadedFile,
    by: User,
    now: datetime,
    source: str = "",
    team: Team | None = None,
    told: Mapping[str, Any] | None = None,
) -> Import:
    """Keep a file that can be read; nothing is imported yet. Refuses (ImportRefused) all others.

    What it seems to hold, and what only a person can say of it, is kept with it.
    """
    team = team or by.team
    if team is None and by.role != Role.ADMIN:
        raise ImportRefused(_("You are in no team yet: ask an administrator to put you in one."))
    with uploads.on_disk(file) as path:
        table, found = _understood(path, uploads.name_of(file), told)
        record = Import.objects.create(
            kind=ImportKind.LEADS,
            state=ImportState.UPLOADED,
            file_name=table.name[: uploads.NAME],
            size=file.size or 0,
            sha256=table.sha256(),
            team=team,
            by=by,
            source=source[:150],
            encoding=table.encoding,
            delimiter=table.delimiter,
            started_at=now,
            phase_at=now,
        )
        _write_understanding(record, table, found, told)
        record.save()
        uploads.keep(record, path)
    return record


@transaction.atomic
def name_columns(
    *, record: Import, told: Mapping[str, Any], answers: Mapping[str, str], by: User
) -> list[Question]:
    """Say which column is which field (`told`), and answer questions by their keys.

    Returns what must still be answered. Refuses (ImportRefused) what does not fit the file.
    """
    record = _locked(record, by, ImportState.UPLOADED, ImportState.CHECKED)
    said: Mapping[str, Any] = told
    for question in questions_of(record):
        if answer := answers.get(question.key):
            said = answered(said, question, answer)
    with uploads.fetched(record) as path:
        table, found = _understood(path, record.file_name, said)
    _write_understanding(record, table, found, said)
    record.state = ImportState.UPLOADED
    record.save()
    return list(found.open_questions)


def questions_of(record: Import) -> list[Question]:
    """What is asked of its columns."""
    return [
        Question(
            **{
                **question,
                "examples": tuple(question["examples"]),
                "choices": tuple(Choice(**choice) for choice in question["choices"]),
            }
        )
        for question in record.understanding.get("questions", [])
    ]


def _understood(
    path: Path, name: str, told: Mapping[str, Any] | None
) -> tuple[Table, Understanding]:
    try:
        table = open_table(path, name)
        return table, layouts.understood(ImportKind.LEADS, table, told)
    except (Unreadable, mapping.BadMapping) as wrong:
        raise ImportRefused(str(wrong)) from wrong


def _write_understanding(
    record: Import, table: Table, found: Understanding, told: Mapping[str, Any] | None
) -> None:
    record.understanding = {
        "told": dict(told or {}),
        "columns": [asdict(proposal) for proposal in found.proposals],
        "questions": [asdict(question) for question in found.questions],
        "remarks": list(table.remarks),
        "system": found.system,
    }
    record.told = found.columns.in_full(table.headers)
    record.mapping = dict(found.columns.used)
    record.headers_ignored = list(found.columns.ignored)
    record.rows_expected = found.rows


@transaction.atomic
def check(*, record: Import, by: User, now: datetime, confirmed: bool = False) -> Import:
    """Have the file read and counted: the dry run.

    `confirmed`: it need not wait for another word. Refuses (NotPossible) an import that has gone on, and
    one of which must be asked first.
    """
    record = _locked(record, by, ImportState.UPLOADED, ImportState.CHECKED)
    if asked := [question for question in questions_of(record) if question.required]:
        raise NotPossible(str(Unanswered(asked)))
    RefusedRow.objects.filter(intake=record).delete()
    Staging.of(record.pk).drop()
    record.rows_staged = 0
    record.confirmed_at = now if confirmed else None
    _go_on(record, ImportState.CHECKING, now)
    if confirmed:
        _remember(record, by, now)
    return record


@transaction.atomic
def confirm(*, record: Import, by: User, now: datetime) -> Import:
    """Have the file imported that was checked. Pressed twice, it is imported once (NotPossible)."""
    record = _locked(record, by, ImportState.CHECKED)
    record.confirmed_at = now
    _go_on(record, ImportState.FILING, now)
    _remember(record, by, now)
    return record


def _remember(record: Import, by: User, now: datetime) -> None:
    """What a person said of the columns holds for the next file of the same layout."""
    headers = [column["column"] for column in record.understanding["columns"]]
    told = record.understanding["told"]
    layouts.remember(kind=record.kind, headers=headers, told=told, by=by, now=now)


def cancel(*, record: Import, by: User) -> None:
    """Stop it wherever it is: nothing of it remains. Refuses (NotPossible) one that has ended.

    Its row is not locked before: filing holds no lock on it until its last moment, and then it is done.
    """
    if not may_decide(record, by):
        raise NotAllowed(_("Only %s or a manager can do that.") % (record.by or _("an operator")))
    open_states = (
        ImportState.UPLOADED,
        ImportState.CHECKING,
        ImportState.CHECKED,
        ImportState.FILING,
    )
    stopped = Import.objects.filter(pk=record.pk, state__in=open_states).update(
        state=ImportState.CANCELLED, claim=None, claimed_until=None, **NOTHING_READ
    )
    if not stopped:
        raise NotPossible(_("It has come to its end already."))
    if not stop_filing(record.pk) and record.claimed_until is None:
        clear_up(record.pk)


@transaction.atomic
def undo(*, record: Import, by: User, now: datetime) -> Import:
    """Have taken back what it made and restored what it changed. Refuses (NotPossible) what is over."""
    record = _locked(record, by, ImportState.DONE)
    if not can_be_undone(record, now):
        raise NotPossible(_("It cannot be undone any more."))
    record.undone_by, record.problem = by, ""
    _go_on(record, ImportState.UNDOING, now)
    return record


def is_small(record: Import) -> bool:
    """Whether the next piece of work is done while the person waits."""
    if record.state == ImportState.UNDOING:
        return record.read <= SMALL_UNDO
    return record.size <= SMALL_FILE


def _locked(record: Import, by: User, *states: str) -> Import:
    record = (
        Import.objects.select_for_update(of=("self",))
        .select_related("by", "team")
        .get(pk=record.pk)
    )
    if not may_decide(record, by):
        raise NotAllowed(_("Only %s or a manager can do that.") % (record.by or _("an operator")))
    if record.state not in states:
        raise NotPossible(_("It has gone on since: look again."))
    return record


def _go_on(record: Import, state: str, now: datetime) -> None:
    """Leave it to a worker from here on."""
    record.state, record.phase_at = state, now
    record.claim, record.claimed_until, record.tries, record.step = None, None, 0, 0
    record.save()
