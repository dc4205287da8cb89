"""Brings a file of touches in: checked row by row, written in sets, and the attempts they make with them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from nurture.attempts import regroup
from nurture.engine.crash_points import passing
from nurture.touching import ARRIVED, OUTCOMES, Channel, Direction
from prospects import keys
from prospects.consents.from_files import suppress_from_file
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
from prospects.imports.verdicts import rejudge
from prospects.models import ImportKind
from prospects.reading import cells, mapping
from prospects.reading.cells import BadCell
from team.models import Organisation, Role, Team, User
from team.people import Directory, team_of_imports

STAGED = {
    "line": "bigint",
    "external_id": "text",
    "lead": "text",
    "channel": "text",
    "direction": "text",
    "outcome": "text",
    "occurred_at": "timestamptz",
    "by_id": "bigint",
    "contact_email": "text",
    "email_key": "text",
    "minutes": "numeric",
    "cost": "numeric",
    "note": "text",
}

REQUIRED = ("external_id", "lead", "channel", "outcome", "occurred_at")

CHANNELS = {
    cells.spelling(words): str(value)
    for value, label in Channel.choices
    for words in (value, str(label))
} | {"phone_call": "phone", "mail": "email", "e_mail": "email", "mailing": "direct_mail"}

DIRECTIONS = {
    "out": "out",
    "outbound": "out",
    "outgoing": "out",
    "in": "in",
    "inbound": "in",
    "incoming": "in",
}


@lru_cache(maxsize=4096)
def _what(channel_words: str, outcome_words: str, direction_words: str) -> tuple[str, str, str]:
    """Channel, outcome and direction; an outcome that comes from them is inbound unless said else."""
    channel = cells.choice(channel_words, CHANNELS)
    known = {
        cells.spelling(words): str(outcome)
        for outcome in OUTCOMES[channel]
        for words in (outcome, str(outcome.label))
    }
    outcome = cells.choice(outcome_words, known)
    if direction_words:
        return channel, outcome, cells.choice(direction_words, DIRECTIONS)
    return channel, outcome, Direction.IN if outcome in ARRIVED else Direction.OUT


class TouchReader:
    """Reads one row of a touches file after the other; `person` finds who a name is."""

    def __init__(self, zone: zoneinfo.ZoneInfo, person: Callable[[str], int]) -> None:
        self.zone = zone
        self.person = person

    def read(self, line: int, values: Values) -> tuple[Any, ...]:
        """The row as it will be staged. Refuses (BadRow) what cannot be taken."""
        if missing := [name for name in REQUIRED if name not in values]:
            raise BadRow([_("no %s") % ", ".join(missing)])
        try:
            channel, outcome, direction = _what(
                values["channel"], values["outcome"], values.get("direction", "")
            )
            email = values.get("contact_email", "")
            by = values.get("by", "")
            return (
                line,
                cells.line(values["external_id"], 100),
                values["lead"],
                channel,
                direction,
                outcome,
                cells.instant(values["occurred_at"], self.zone),
                self.person(by) if by else None,
                email,
                keys.email_key(email) if email else "",
                cells.amount(values["minutes"], 6) if "minutes" in values else None,
                cells.amount(values["cost"], 9) if "cost" in values else None,
                cells.text(values.get("note", "")),
            )
        except BadCell as bad:
            raise BadRow([str(bad)]) from bad


def import_touches(
    path: Path,
    *,
    by: User | None = None,
    team: Team | None = None,
    told: Mapping[str, Any] | None = None,
    name: str = "",
    dry_run: bool = False,
    now: datetime | None = None,
) -> ImportResult:
    """Import one file of touches (domain.md, section 10), each known by its id in the other system.

    Their leads must be known, by their own external id or that of a row merged into them. People named
    in `by` are made without a login where they are not known. A known touch is a duplicate; one told
    otherwise than before is refused, as touches are never changed. A dry run does the same and undoes it.
    """
    now = now or timezone.now()
    table, columns = prepare(path, mapping.TOUCHES, told, name)
    with importing(
        kind=ImportKind.TOUCHES,
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
        leads = _locked_leads()
        _insert()
        passing("in an import")
        _count(intake)
        regroup(leads)
        rejudge(_with_conversations(), now=now)
        intake.record.opted_out = _obey_unsubscribed(intake, now)
    return result_of(intake)


def _obey_unsubscribed(intake: Intake, now: datetime) -> int:
    """Who unsubscribed, as the file says, is left alone, though the touch was known before."""
    refusals = fetch(
        """
        SELECT 'email', 'unsubscribed', row.email_key, NULL, touch.contact_id
          FROM touched
          JOIN staged_touch AS row USING (line)
          JOIN nurture_touch AS touch ON touch.external_id = row.external_id
         WHERE row.outcome = 'unsubscribed' AND touched.fate IN ('new', 'known')
        """
    )
    suppress_from_file(refusals, intake_id=intake.record.pk, by=intake.record.by, now=now)
    return len(refusals)


def _stage(intake: Intake, directory: Directory) -> None:
    create_staging("staged_touch", STAGED)
    buffer = CopyBuffer("staged_touch", tuple(STAGED))
    reader = TouchReader(
        Organisation.current().zone, lambda words: directory.person(words, Role.SPECIALIST).pk
    )
    intake.stage(lambda line, values: buffer.add(reader.read(line, values)), (buffer,))
    execute("ANALYZE staged_touch")


def _resolve() -> None:
    """What becomes of each row. `fate`: new, known, repeated (in the file), or why it is refused."""
    execute("DROP TABLE IF EXISTS touched")
    execute(
        """
        CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
        SELECT row.line, COALESCE(lead.id, arrival.lead_id) AS lead_id,
               CASE
                   WHEN COALESCE(lead.id, arrival.lead_id) IS NULL THEN 'no_lead'
                   WHEN touch.id IS NOT NULL AND
                        (touch.lead_id, touch.channel, touch.direction, touch.outcome,
                         touch.occurred_at, touch.minutes, touch.cost)
                        IS DISTINCT FROM
                        (COALESCE(lead.id, arrival.lead_id), row.channel, row.direction,
                         row.outcome, row.occurred_at, row.minutes, row.cost) THEN 'differs'
                   WHEN touch.id IS NOT NULL THEN 'known'
                   WHEN row_number() OVER (PARTITION BY row.external_id ORDER BY row.line) > 1
                        THEN 'repeated'
                   ELSE 'new'
               END AS fate
          FROM staged_touch AS row
          LEFT JOIN prospects_lead AS lead ON lead.external_id = row.lead
          LEFT JOIN prospects_arrival AS arrival ON arrival.external_id = row.lead
          LEFT JOIN nurture_touch AS touch ON touch.external_id = row.external_id
        """
    )
    execute("CREATE UNIQUE INDEX ON touched (line)")
    execute("ANALYZE touched")


def _refuse(intake: Intake) -> None:
    words = {
        "no_lead": _("no lead is known by the id “%s”: import the leads first"),
        "differs": _("“%s” was imported before with other facts; a touch is never changed"),
    }
    refused = fetch(
        """
        SELECT line, fate, CASE WHEN fate = 'no_lead' THEN row.lead ELSE row.external_id END
          FROM touched JOIN staged_touch AS row USING (line)
         WHERE fate IN ('no_lead', 'differs')
        """
    )
    intake.refuse_lines({line: words[fate] % id_ for line, fate, id_ in refused})


def _locked_leads() -> list[int]:
    """The leads that get touches; whoever logs one by hand meanwhile waits, so that none is missed."""
    found = fetch(
        """
        SELECT id FROM prospects_lead
         WHERE id IN (SELECT lead_id FROM touched WHERE fate = 'new')
         ORDER BY id FOR NO KEY UPDATE
        """
    )
    return [pk for (pk,) in found]


def _insert() -> None:
    """The contact is the one of that email at the lead's company, else the lead's own."""
    execute(
        """
        INSERT INTO nurture_touch
               (lead_id, contact_id, channel, direction, outcome, occurred_at, by_id, note, minutes,
                cost, external_id)
        SELECT touched.lead_id,
               CASE WHEN row.contact_email IS NULL THEN lead.contact_id
                    ELSE (SELECT min(contact.id) FROM prospects_contact AS contact
                           WHERE contact.email_key = row.email_key AND contact.email_key <> ''
                             AND (contact.id = lead.contact_id
                                  OR contact.company_id = lead.company_id)) END,
               row.channel, row.direction, row.outcome, row.occurred_at, row.by_id,
               COALESCE(row.note, ''), row.minutes, row.cost, row.external_id
          FROM touched
          JOIN staged_touch AS row USING (line)
          JOIN prospects_lead AS lead ON lead.id = touched.lead_id
         WHERE touched.fate = 'new'
         ORDER BY touched.lead_id, row.occurred_at, row.line
        """
    )
    execute("ANALYZE nurture_touch")


def _count(intake: Intake) -> None:
    for fate, count in fetch("SELECT fate, count(*) FROM touched GROUP BY fate"):
        if fate == "new":
            intake.counts.created += count
        elif fate in ("known", "repeated"):
            intake.counts.duplicates += count


def _with_conversations() -> list[int]:
    """Leads whose verdict the new touches may change: somebody who decides spoke with us."""
    found = fetch(
        """
        SELECT DISTINCT lead.id
          FROM touched
          JOIN prospects_lead AS touched_lead ON touched_lead.id = touched.lead_id
          JOIN prospects_contact AS contact
            ON contact.conversation_at IS NOT NULL AND contact.buying_role = 'decision_maker'
           AND (contact.id = touched_lead.contact_id OR contact.company_id = touched_lead.company_id)
          JOIN prospects_lead AS lead
            ON lead.id = touched_lead.id OR lead.company_id = contact.company_id
         WHERE touched.fate = 'new'
        """
    )
    return [pk for (pk,) in found]
