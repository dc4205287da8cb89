"""Brings a file of leads in: checked row by row, written in sets, as a whole or not at all.

The steps: `tables` reads, `mapping` names the columns, `lead_rows` checks, screens and judges each row,
COPY stages them, `resolving` finds out who is who, `filing` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from prospects.consents.from_files import count_refusals, obey_refusals
from prospects.imports import layouts
from prospects.imports.filing import file_rows, lock_known_leads
from prospects.imports.intake import (
    ImportRefused,
    ImportResult,
    Intake,
    Tally,
    importing,
    result_of,
    take_turn,
)
from prospects.imports.lead_rows import (
    STAGED,
    STAGED_ANSWERS,
    STAGED_REFUSALS,
    STAGED_STEPS,
    Ground,
    LeadReader,
    Someone,
)
from prospects.imports.resolving import resolve
from prospects.imports.staging import TEMPORARY, Position, Staging, analyze
from prospects.imports.statements import CopyBuffer, execute, fetch
from prospects.imports.tracking import begin_tracking, keep_track
from prospects.models import (
    Import,
    ImportKind,
    IndustryCode,
    Lead,
    Source,
    SourceKind,
    Standard,
)
from prospects.qualification import Terms
from prospects.reading import cells, mapping
from prospects.reading.tables import Table, Unreadable, open_table
from prospects.reads import lists_of_organisation, market_of
from prospects.routing.assigning import follow_import
from prospects.screening.mail_domains import dead_domains
from team.models import Organisation, Role, Team, User
from team.people import Directory, team_of_imports

WORK_MEMORY = "64MB"
"""For sorting and matching the rows of one import; what does not fit is done on disk."""


def prepare(
    path: Path,
    catalogue: mapping.Catalogue,
    told: Mapping[str, Any] | None = None,
    name: str = "",
) -> tuple[Table, mapping.ColumnMap]:
    """Open a file and settle which of its columns is what. Refuses (ImportRefused) in words."""
    try:
        table = open_table(path, name)
        return table, layouts.columns_of(table, catalogue, told)
    except (Unreadable, mapping.BadMapping) as wrong:
        raise ImportRefused(str(wrong)) from wrong


def import_leads(
    path: Path,
    *,
    by: User | None = None,
    team: Team | None = None,
    source: str = "",
    told: Mapping[str, Any] | None = None,
    name: str = "",
    dry_run: bool = False,
    most_rows: int | None = None,
    now: datetime | None = None,
) -> ImportResult:
    """Import one CSV or XLSX file of leads (domain.md, section 10). Returns what became of its rows.

    `source` is for rows that name none (default: the file's name); `told` maps headings to fields;
    `name` is what the file is called if not by its path; `team` gets the rows of nobody in particular.
    A dry run finds out the same of every row, and writes nothing. Refuses (ImportRefused) a file that cannot be read or has
    more than `most_rows` rows, and a person of no team; refuses rows about leads that `by` may not see.
    """
    now = now or timezone.now()
    if by is not None and by.role != Role.ADMIN and by.team is None and team is None:
        raise ImportRefused(_("You are in no team yet: ask an administrator to put you in one."))
    table, columns = prepare(path, mapping.LEADS, told, name)
    with importing(
        kind=ImportKind.LEADS,
        table=table,
        columns=columns,
        by=by,
        team=(team := team or (by.team if by else None) or team_of_imports()),
        source=source,
        now=now,
        dry_run=dry_run,
        most_rows=most_rows,
    ) as intake:
        position = Position()
        make_tables(TEMPORARY)
        stage(intake, position)
        take_turn()
        refused = settle(intake)
        if not dry_run:
            write(intake, position, now=now)
        intake.refuse_lines(refused)
    return result_of(intake)


# The steps; a job (prospects.imports.jobs) takes them one by one


def make_tables(staging: Staging) -> None:
    staging.create("staged_lead", STAGED)
    staging.create("staged_step", STAGED_STEPS)
    staging.create("staged_answer", STAGED_ANSWERS)
    staging.create("staged_refusal", STAGED_REFUSALS)


def stage(intake: Intake, position: Position) -> None:
    """Read and copy the rows behind `position`, which is kept up to date."""
    people = _PeopleNamed(Directory(intake.team), position.people)
    reader = LeadReader(_ground(intake.record, people.specialist))
    reader.sources = position.sources
    rows = CopyBuffer("staged_lead", tuple(STAGED))
    steps = CopyBuffer("staged_step", tuple(STAGED_STEPS))
    answers = CopyBuffer("staged_answer", tuple(STAGED_ANSWERS))
    refusals = CopyBuffer("staged_refusal", tuple(STAGED_REFUSALS))

    def read(line: int, values: dict[str, str]) -> None:
        row = reader.read(line, values)
        rows.add(row.staged())
        for ordinal, step in enumerate(row.steps):
            steps.add(
                (
                    line,
                    ordinal,
                    step.from_stage,
                    step.to_stage,
                    step.at,
                    step.reason,
                    step.note,
                    row.stage_given,
                )
            )
        for attribute, answer in row.answers.items():
            answers.add(
                (
                    line,
                    str(attribute),
                    answer.words,
                    answer.on,
                    answer.amount,
                    answer.nobody,
                    row.received_at,
                )
            )

        for kind, why in row.refusals.items():
            refusals.add((line, kind, why))

    intake.stage(read, (rows, steps, answers, refusals))
    with intake.keeping():
        execute("SET LOCAL default_statistics_target = 10")  # enough for tables joined by line
        execute("CREATE UNIQUE INDEX ON staged_lead (line)")
        execute("CREATE INDEX ON staged_step (line)")
        analyze("staged_lead", "staged_step", "staged_answer")
        position.is_complete = True


def settle(tally: Tally) -> dict[int, str]:
    """Find out who is who and count; returns why which lines are refused after all.

    Writes nothing but staging tables: a dry run ends here.
    """
    execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'; SET LOCAL jit = off")
    refused = _rows_of_others(tally.record.by)
    for table in (
        ("staged_lead", "staged_step", "staged_answer", "staged_refusal") if refused else ()
    ):
        statement = f"DELETE FROM {table} WHERE line = ANY(%(lines)s)"  # noqa: S608 - our own tables
        execute(statement, {"lines": list(refused)})
    resolve()
    _count(tally)
    tally.record.opted_out = count_refusals()
    return refused


def write(
    tally: Tally,
    position: Position,
    *,
    now: datetime,
    told_of: Callable[[int], None] | None = None,
) -> None:
    """Write the settled rows, and what follows from them. `told_of` hears which step begins."""
    record = tally.record
    record.filed_at = fetch("SELECT now()")[0][0]
    lock_known_leads()
    begin_tracking()
    _make_people(Directory(tally.team), position.people)
    _name_sources(position.sources, told=record.source, default=Path(record.file_name).stem[:150])
    file_rows(intake_id=record.pk, now=now, told_of=told_of)
    _follow_up(intake_id=record.pk, now=now)
    keep_track(intake_id=record.pk)
    obey_refusals(intake_id=record.pk, by=record.by, now=now)


def _follow_up(*, intake_id: int, now: datetime) -> None:
    """What new leads set off, in the same transaction and in sets.

    The table `resolved` says of every row its `fate` ("new": a lead was made) and its `lead_id`.
    """
    follow_import(intake_id=intake_id, now=now)


class _PeopleNamed:
    """The specialists a file names. Whoever nobody knows yet is made when the file is filed."""

    def __init__(self, directory: Directory, unknown: list[str]) -> None:
        self.directory = directory
        self.unknown = unknown
        self._found = {
            words.casefold(): Someone(-number, None) for number, words in enumerate(unknown, 1)
        }

    def specialist(self, words: str) -> Someone:
        key = words.casefold()
        if key not in self._found:
            user = self.directory.known(words, Role.SPECIALIST)
            if user is None:
                self.unknown.append(words)
                self._found[key] = Someone(-len(self.unknown), None)
            else:
                self._found[key] = Someone(user.pk, user.team_id)
        return self._found[key]


def _make_people(directory: Directory, unknown: Sequence[str]) -> None:
    """Put real people in the place of those that were staged by number."""
    TEMPORARY.create("named_person", {"number": "bigint", "id": "bigint", "team_id": "bigint"})
    for number, words in enumerate(unknown, start=1):
        user = directory.person(words, Role.SPECIALIST)
        execute(
            "INSERT INTO named_person VALUES (%(number)s, %(id)s, %(team)s)",
            {"number": -number, "id": user.pk, "team": user.team_id},
        )
    if not unknown:
        return
    execute(
        """
        UPDATE staged_lead AS row
           SET specialist_id = person.id, team_id = COALESCE(person.team_id, row.team_id)
          FROM named_person AS person
         WHERE person.number = row.specialist_id
        """
    )


def _name_sources(written: dict[str, str], *, told: str, default: str) -> None:
    """Fill `named_source`, the ids of the sources of rows that bring something, made where new.

    The empty key is the source of rows that name none: as `told`, else of new leads the `default`.
    """
    TEMPORARY.create(
        "named_source", {"key": "text PRIMARY KEY", "id": "bigint", "is_told": "boolean"}
    )
    needed = fetch(
        """
        SELECT DISTINCT COALESCE(row.source, '')
          FROM resolved JOIN staged_lead AS row USING (line)
         WHERE resolved.fate = 'new'
            OR (resolved.fate <> 'same' AND (row.source IS NOT NULL OR %(is_told)s))
        """,
        {"is_told": bool(told)},
    )
    ids = {name.lower(): pk for pk, name in Source.objects.values_list("pk", "name")}
    for (key,) in needed:
        name = written[key] if key else told or default
        if name.lower() not in ids:
            kind = cells.spelling(name)
            known = kind if kind in SourceKind.values else SourceKind.OTHER
            ids[name.lower()] = Source.objects.create(name=name, kind=known).pk
        execute(
            "INSERT INTO named_source VALUES (%(key)s, %(id)s, %(is_told)s)",
            {"key": key, "id": ids[name.lower()], "is_told": bool(key or told)},
        )


def _rows_of_others(by: User | None) -> dict[int, str]:
    """Lines about leads that the person who imports may not see, each with why (an operator sees all)."""
    if by is None or by.role == Role.ADMIN:
        return {}
    known = fetch(
        """
        SELECT row.line, row.external_id, COALESCE(lead.id, arrival.lead_id)
          FROM staged_lead AS row
          LEFT JOIN prospects_lead AS lead USING (external_id)
          LEFT JOIN prospects_arrival AS arrival USING (external_id)
         WHERE lead.id IS NOT NULL OR arrival.id IS NOT NULL
        """
    )
    visible = Lead.objects.visible_to(by).filter(pk__in=[pk for _line, _name, pk in known])
    theirs = set(visible.values_list("pk", flat=True))
    return {
        line: _("%s is a lead of somebody else’s.") % name
        for line, name, pk in known
        if pk not in theirs
    }


def _count(tally: Tally) -> None:
    for fate, screened_out, count in fetch(
        """
        SELECT fate, row.stage = 'screened_out', count(*)
          FROM resolved JOIN staged_lead AS row USING (line)
         GROUP BY 1, 2
        """
    ):
        if fate == "new" and screened_out:
            tally.counts.screened_out += count
        elif fate == "new":
            tally.counts.created += count
        elif fate == "changed":
            tally.counts.updated += count
        else:
            tally.counts.duplicates += count


def _ground(record: Import, specialist: Callable[[str], Someone]) -> Ground:
    """Rows are read as of the import's own beginning, however often it was interrupted."""
    organisation = Organisation.current()
    standard = Standard.objects.in_force()
    return Ground(
        now=record.started_at,
        zone=organisation.zone,
        country=organisation.country,
        lists=lists_of_organisation(),
        market=market_of(organisation),
        terms=standard.terms if standard else Terms(),
        codes=dict(IndustryCode.objects.values_list("key", "title")),
        team_id=record.team_id or 0,
        specialist=specialist,
        dead_domains=dead_domains(),
    )
