"""Brings a file of leads in: checked row by row, written in sets, as a whole or not at all.

The steps: `tables` reads, `mapping` names the columns, `lead_rows` checks, screens and judges each row,
COPY stages them, `resolving` finds out who is who, `filing` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from prospects import cells, mapping
from prospects.filing import file_rows
from prospects.intake import (
    CopyBuffer,
    ImportRefused,
    ImportResult,
    Intake,
    create_staging,
    execute,
    fetch,
    importing,
    result_of,
)
from prospects.lead_rows import (
    STAGED,
    STAGED_ANSWERS,
    STAGED_STEPS,
    Ground,
    LeadReader,
    Someone,
)
from prospects.models import (
    ImportKind,
    IndustryCode,
    Lead,
    Source,
    SourceKind,
    Standard,
)
from prospects.qualification import Terms
from prospects.reads import lists_of_organisation, market_of
from prospects.resolving import resolve
from prospects.tables import Table, Unreadable, open_table
from team.models import Organisation, Role, Team, User
from team.people import Directory, team_of_imports


def prepare(
    path: Path,
    catalogue: mapping.Catalogue,
    told: Mapping[str, Any] | None = None,
    name: str = "",
) -> tuple[Table, mapping.ColumnMap]:
    """Open a file and settle which of its columns is what. Refuses (ImportRefused) in words."""
    try:
        table = open_table(path, name)
        return table, mapping.settle(table.headers, catalogue, told)
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
    A dry run does the same and undoes it. Refuses (ImportRefused) a file that cannot be read or has
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
        now=now,
        dry_run=dry_run,
        most_rows=most_rows,
    ) as intake:
        sources = _stage(intake, _ground(team, now))
        _refuse_rows_of_others(intake, by)
        resolve()
        _count(intake)
        _name_sources(sources, told=source[:150], default=Path(table.name).stem[:150])
        file_rows(intake_id=intake.record.pk, now=now)
    return result_of(intake)


def _stage(intake: Intake, ground: Ground) -> dict[str, str]:
    """Read and copy the rows; returns the sources they name, lower case to how it was written."""
    create_staging("staged_lead", STAGED)
    create_staging("staged_step", STAGED_STEPS)
    create_staging("staged_answer", STAGED_ANSWERS)
    rows = CopyBuffer("staged_lead", tuple(STAGED))
    steps = CopyBuffer("staged_step", tuple(STAGED_STEPS))
    answers = CopyBuffer("staged_answer", tuple(STAGED_ANSWERS))
    reader = LeadReader(ground)

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

    intake.stage(read, (rows, steps, answers))
    execute("CREATE UNIQUE INDEX ON staged_lead (line)")
    execute("CREATE INDEX ON staged_step (line)")
    execute("ANALYZE staged_lead; ANALYZE staged_step; ANALYZE staged_answer")
    return reader.sources


def _name_sources(written: dict[str, str], *, told: str, default: str) -> None:
    """Fill `named_source`, the ids of the sources of rows that bring something, made where new.

    The empty key is the source of rows that name none: as `told`, else of new leads the `default`.
    """
    create_staging(
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


def _refuse_rows_of_others(intake: Intake, by: User | None) -> None:
    """A file changes no lead that the person who imports it may not see (an operator sees all)."""
    if by is None or by.role == Role.ADMIN:
        return
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
    refused = {
        line: _("%s is a lead of somebody else’s.") % name
        for line, name, pk in known
        if pk not in theirs
    }
    intake.refuse_lines(refused)
    for table in ("staged_lead", "staged_step", "staged_answer"):
        statement = f"DELETE FROM {table} WHERE line = ANY(%(lines)s)"  # noqa: S608 - our own tables
        execute(statement, {"lines": list(refused)})


def _count(intake: Intake) -> None:
    for fate, screened_out, count in fetch(
        """
        SELECT fate, row.stage = 'screened_out', count(*)
          FROM resolved JOIN staged_lead AS row USING (line)
         GROUP BY 1, 2
        """
    ):
        if fate == "new" and screened_out:
            intake.counts.screened_out += count
        elif fate == "new":
            intake.counts.created += count
        elif fate == "changed":
            intake.counts.updated += count
        else:
            intake.counts.duplicates += count


def _ground(team: Team, now: datetime) -> Ground:
    organisation = Organisation.current()
    standard = Standard.objects.in_force()
    directory = Directory(team)

    def specialist(words: str) -> Someone:
        user = directory.person(words, Role.SPECIALIST)
        return Someone(user.pk, user.team_id)

    return Ground(
        now=now,
        zone=organisation.zone,
        country=organisation.country,
        lists=lists_of_organisation(),
        market=market_of(organisation),
        terms=standard.terms if standard else Terms(),
        codes=dict(IndustryCode.objects.values_list("key", "title")),
        team_id=team.pk,
        specialist=specialist,
    )
