"""Brings a file of handoffs in: to whom leads went, and what came of it.

Each row becomes a Handoff without a dossier; the history of its lead is told anew from all of them
(handoff.histories). What contradicts itself is taken and flagged.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from handoff.histories import tell_anew
from prospects.imports.intake import (
    BadRow,
    ImportResult,
    Intake,
    Values,
    create_staging,
    importing,
    result_of,
    take_turn,
)
from prospects.imports.leads import prepare
from prospects.imports.statements import CopyBuffer, execute, fetch
from prospects.models import ImportKind
from prospects.reading import cells, mapping
from prospects.reading.cells import BadCell
from team.models import Organisation, Role, Team, User
from team.people import Directory, team_of_imports

T = TypeVar("T")

STAGED = {
    "line": "bigint",
    "external_id": "text",
    "lead": "text",
    "rep_id": "bigint",
    "specialist_id": "bigint",
    "handed_off_at": "timestamptz",
    "accepted_at": "timestamptz",
    "returned_at": "timestamptz",
    "return_reason": "text",
    "potential_revenue": "numeric",
    "expected_close_on": "date",
    "result": "text",
    "result_at": "timestamptz",
    "revenue": "numeric",
    "lost_reason": "text",
}

REQUIRED = ("external_id", "lead", "rep", "handed_off_at")

RESULTS = {
    "won": "won",
    "closed_won": "won",
    "lost": "lost",
    "closed_lost": "lost",
    "stalled": "stalled",
}


class HandoffReader:
    """Reads one row of a handoffs file after the other."""

    def __init__(self, zone: zoneinfo.ZoneInfo, person: Callable[..., User]) -> None:
        self.zone = zone
        self.person = person

    def read(self, line: int, values: Values) -> tuple[Any, ...]:
        """The row as it will be staged. Refuses (BadRow) what cannot be taken, with every reason."""
        if missing := [name for name in REQUIRED if name not in values]:
            raise BadRow([_("no %s") % ", ".join(missing)])
        problems: list[str] = []

        def take(name: str, parse: Callable[[str], T], blank: T) -> T:
            try:
                return parse(values[name]) if name in values else blank
            except BadCell as bad:
                problems.append(f"{name}: {bad}")
                return blank

        def instant(name: str) -> datetime | None:
            return take(name, lambda cell: cells.instant(cell, self.zone), None)

        def money(name: str) -> Decimal | None:
            return take(name, cells.amount, None)

        result = take("result", lambda cell: cells.choice(cell, RESULTS), "")
        facts = (
            instant("handed_off_at"),
            instant("accepted_at"),
            instant("returned_at"),
            take("return_reason", cells.text, ""),
            money("potential_revenue"),
            take("expected_close", cells.day, None),
            result,
            instant("result_at"),
            money("revenue"),
            take("lost_reason", lambda cell: cells.line(cell, 250), ""),
        )
        external_id = take("external_id", lambda cell: cells.line(cell, 100), "")
        if ("result" in values) != ("result_at" in values):
            problems.append(_("a result needs its date, and a date its result"))
        if problems:
            raise BadRow(problems)
        rep = self.person(values["rep"], Role.REP, values.get("rep_manager", ""))
        specialist = values.get("specialist")
        return (
            line,
            external_id,
            values["lead"],
            rep.pk,
            self.person(specialist, Role.SPECIALIST).pk if specialist else None,
            *facts,
        )


def import_handoffs(
    path: Path,
    *,
    by: User | None = None,
    team: Team | None = None,
    told: Mapping[str, Any] | None = None,
    name: str = "",
    dry_run: bool = False,
    now: datetime | None = None,
) -> ImportResult:
    """Import one file of handoffs (domain.md, section 10), each known by its id in the other system.

    Their leads must be known by their external id. Reps and managers who are not known are made
    without a login, a rep in the team of the manager. A known handoff of which the file says
    something new is updated; a blank cell says nothing. A dry run does the same and undoes it.
    """
    now = now or timezone.now()
    table, columns = prepare(path, mapping.HANDOFFS, told, name)
    with importing(
        kind=ImportKind.HANDOFFS,
        table=table,
        columns=columns,
        by=by,
        team=(team := team or (by.team if by else None) or team_of_imports()),
        now=now,
        dry_run=dry_run,
    ) as intake:
        _stage(intake, Directory(team))
        take_turn()
        _resolve()
        _refuse(intake)
        _write()
        _count(intake)
        leads = fetch("SELECT DISTINCT lead_id FROM handed WHERE fate IN ('new', 'changed')")
        tell_anew([pk for (pk,) in leads], now=now)
    return result_of(intake)


def _stage(intake: Intake, directory: Directory) -> None:
    create_staging("staged_handoff", STAGED)
    buffer = CopyBuffer("staged_handoff", tuple(STAGED))
    reader = HandoffReader(Organisation.current().zone, directory.person)
    intake.stage(lambda line, values: buffer.add(reader.read(line, values)), (buffer,))
    execute("ANALYZE staged_handoff")


SAID = """
    COALESCE(row.{0}, known.{0}) IS DISTINCT FROM known.{0}
"""

COMPARED = (
    "rep_id",
    "specialist_id",
    "handed_off_at",
    "accepted_at",
    "returned_at",
    "return_reason",
    "potential_revenue",
    "expected_close_on",
    "result",
    "result_at",
    "revenue",
    "lost_reason",
)


def _resolve() -> None:
    """What becomes of each row. `fate`: new, changed, known, repeated, or why it is refused.

    A lead is with one rep at a time: of handoffs that have not ended, the latest counts.
    """
    execute("DROP TABLE IF EXISTS handed")
    differs = " OR ".join(SAID.format(column) for column in COMPARED)
    execute(
        f"""
        CREATE TEMPORARY TABLE handed ON COMMIT DROP AS
        SELECT row.line, COALESCE(known.lead_id, lead.id, arrival.lead_id) AS lead_id,
               known.id AS known_id,
               COALESCE(row.returned_at, known.returned_at) IS NULL
                   AND COALESCE(row.result, known.result, '') = '' AS is_live,
               CASE
                   WHEN COALESCE(lead.id, arrival.lead_id) IS NULL THEN 'no_lead'
                   WHEN row_number() OVER (PARTITION BY row.external_id ORDER BY row.line) > 1
                        THEN 'repeated'
                   WHEN known.id IS NULL THEN 'new'
                   WHEN known.lead_id <> COALESCE(lead.id, arrival.lead_id) THEN 'other_lead'
                   WHEN {differs} THEN 'changed'
                   ELSE 'known'
               END AS fate
          FROM staged_handoff AS row
          LEFT JOIN prospects_lead AS lead ON lead.external_id = row.lead
          LEFT JOIN prospects_arrival AS arrival ON arrival.external_id = row.lead
          LEFT JOIN handoff_handoff AS known ON known.external_id = row.external_id
        """  # noqa: S608 - column names above
    )
    execute(
        """
        UPDATE handed SET fate = 'still_live'
          FROM (SELECT handed.line,
                       row_number() OVER (
                           PARTITION BY handed.lead_id ORDER BY row.handed_off_at DESC, row.line DESC
                       ) AS place
                  FROM handed JOIN staged_handoff AS row USING (line)
                 WHERE handed.is_live AND handed.fate IN ('new', 'changed', 'known')) AS live
         WHERE live.line = handed.line AND handed.fate IN ('new', 'changed')
           AND (live.place > 1 OR EXISTS (
                   SELECT 1 FROM handoff_handoff AS other
                    WHERE other.lead_id = handed.lead_id AND other.returned_at IS NULL
                      AND other.result_at IS NULL AND other.id IS DISTINCT FROM handed.known_id
                      AND NOT EXISTS (
                              SELECT 1 FROM handed AS ends
                               WHERE ends.known_id = other.id AND NOT ends.is_live
                          )
               ))
        """
    )


def _refuse(intake: Intake) -> None:
    words = {
        "no_lead": _("no lead is known by the id “%s”: import the leads first"),
        "other_lead": _("this handoff was imported before for another lead than “%s”"),
        "still_live": _("“%s” is with a rep already: a handoff must end before the next"),
    }
    refused = fetch(
        """
        SELECT line, fate, row.lead
          FROM handed JOIN staged_handoff AS row USING (line)
         WHERE fate IN ('no_lead', 'other_lead', 'still_live')
        """
    )
    intake.refuse_lines({line: words[fate] % lead for line, fate, lead in refused})


def _write() -> None:
    changed = ", ".join(f"{column} = COALESCE(row.{column}, known.{column})" for column in COMPARED)
    execute(
        f"""
        UPDATE handoff_handoff AS known SET {changed}
          FROM handed JOIN staged_handoff AS row USING (line)
         WHERE handed.fate = 'changed' AND known.id = handed.known_id
        """  # noqa: S608 - column names above
    )
    execute(
        """
        INSERT INTO handoff_handoff
               (lead_id, rep_id, specialist_id, proposed_why, handed_off_at, accepted_at,
                returned_at, return_reason, wrong_attributes, potential_revenue, expected_close_on,
                result, result_at, revenue, lost_reason, touches_before, documented, external_id,
                contradictions)
        SELECT handed.lead_id, row.rep_id, COALESCE(row.specialist_id, lead.specialist_id), '',
               row.handed_off_at, row.accepted_at, row.returned_at,
               COALESCE(row.return_reason, ''), '{}',
               COALESCE(row.potential_revenue, lead.potential_revenue),
               COALESCE(row.expected_close_on, lead.expected_close_on), COALESCE(row.result, ''),
               row.result_at, row.revenue, COALESCE(row.lost_reason, ''),
               (SELECT count(*) FROM nurture_touch AS touch
                 WHERE touch.lead_id = handed.lead_id AND touch.direction = 'out'
                   AND touch.superseded_at IS NULL AND touch.occurred_at <= row.handed_off_at),
               0, row.external_id, '{}'
          FROM handed
          JOIN staged_handoff AS row USING (line)
          JOIN prospects_lead AS lead ON lead.id = handed.lead_id
         WHERE handed.fate = 'new'
         ORDER BY row.handed_off_at, row.line
        """
    )


def _count(intake: Intake) -> None:
    for fate, count in fetch("SELECT fate, count(*) FROM handed GROUP BY fate"):
        if fate == "new":
            intake.counts.created += count
        elif fate == "changed":
            intake.counts.updated += count
        elif fate in ("known", "repeated"):
            intake.counts.duplicates += count
