"""Undoes an import: takes back what it made and restores what it changed, in sets, as a whole.

A lead that somebody has worked on since stays as it is and is listed (KeptLead), with everything it
rests on. What counts as work is asked of the database's own foreign keys: whatever hangs on a lead and
is not named in OWN here keeps it, so a table that is added tomorrow is heeded without a word here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import transaction
from django.db.models import ManyToOneRel, Model
from django.utils.translation import gettext as _

from prospects.imports.staging import TEMPORARY, analyze
from prospects.imports.statements import execute, fetch
from prospects.imports.tracking import COMPANY, CONTACT, LEAD, OF_LEAD
from prospects.imports.verdicts import rejudge
from prospects.models import (
    Company,
    Contact,
    Import,
    ImportChanged,
    ImportCreated,
    ImportState,
    Lead,
    Source,
)
from team.models import User

UNDO_FOR = timedelta(days=30)
"""So long what an import made and changed is kept."""

LIFTED = (
    "prospects.StageChange:never_deleted",
    "prospects.RecordedAnswer:answers_are_kept",
    "prospects.Assignment:never_deleted",
)
"""The triggers that keep histories: lifted here alone, for rows that the import itself wrote."""

OWN = {
    "prospects.StageChange": "one.by_id IS NULL AND one.recorded_at = %(filed_at)s",
    "prospects.RecordedAnswer": "one.by_id IS NULL AND one.basis = 'imported'",
    "prospects.Assignment": "one.rule IN ('file', 'turn')",
    "prospects.Arrival": "one.intake_id IS NOT DISTINCT FROM %(intake)s",
    "prospects.KeptLead": "true",
    "prospects.DuplicatePair": "one.different_at IS NULL",
    "prospects.NameKey": "true",
    "prospects.RescreenedLead": "one.done_at IS NULL",
    "nurture.FilledLead": "one.result <> 'enrolled'",
}
"""What hangs on leads, people and companies without anybody's doing, each with what says so of a row."""

EDITED, WORKED_ON, TOLD_AGAIN = "edited", "worked_on", "told_again"


@dataclass(frozen=True)
class Undoing:
    """What undoing an import would come to."""

    taken_back: int
    restored: int
    kept: int


@dataclass(frozen=True)
class Hanging:
    """A column that refers to a row of another table."""

    model: type[Model]
    column: str

    @property
    def label(self) -> str:
        return self.model._meta.label  # noqa: SLF001

    @property
    def table(self) -> str:
        return self.model._meta.db_table  # noqa: SLF001


def hanging_on(model: type[Model]) -> Iterator[Hanging]:
    """Every column of every app that refers to the model."""
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001
        if isinstance(relation, ManyToOneRel) and relation.field.column:
            yield Hanging(relation.related_model, relation.field.column)  # type: ignore[arg-type]


def words_of(why: str) -> str:
    """Why a lead was left alone, for a person."""
    known = {
        EDITED: _("was edited since"),
        WORKED_ON: _("was worked on since"),
        TOLD_AGAIN: _("a later import told more of it"),
        "prospects.StageChange": _("came to another stage since"),
        "prospects.RecordedAnswer": _("has answers since"),
        "prospects.Assignment": _("was given to somebody since"),
    }
    if why in known:
        return known[why]
    return _("has %s since") % str(apps.get_model(why)._meta.verbose_name_plural).lower()  # noqa: SLF001


def can_be_undone(record: Import, now: datetime) -> bool:
    """A month long; and of leads only: touches and handoffs are facts that others rest on."""
    return (
        record.state == ImportState.DONE
        and record.filed_at is not None
        and record.filed_at > now - UNDO_FOR
        and (record.created_rows.exists() or record.changed_rows.exists())
    )


def forget_tracks(now: datetime) -> None:
    """Delete what was kept for undoing, once its time is over."""
    old = now - UNDO_FOR
    ImportCreated.objects.filter(intake__filed_at__lt=old).delete()
    ImportChanged.objects.filter(intake__filed_at__lt=old).delete()


def what_undoing_does(record: Import) -> Undoing:
    """The counts, without doing it."""
    with transaction.atomic():
        _gather(record)
        counted = _counted()
        transaction.set_rollback(True)
    return counted


def undo_rows(record: Import, *, now: datetime) -> Undoing:
    """Undo all that can be. Call it in a transaction, in the turn of imports.

    Leads are locked first: whoever works on one meanwhile waits, and finds it gone or as it was.
    """
    given = {"intake": record.pk, "filed_at": record.filed_at}
    fetch(
        f"""
        SELECT count(*) FROM (
            SELECT id FROM {LEAD}
             WHERE id IN (SELECT unnest(ids) FROM prospects_importcreated
                           WHERE intake_id = %(intake)s AND "table" = '{LEAD}'
                          UNION ALL
                          SELECT row FROM prospects_importchanged
                           WHERE intake_id = %(intake)s AND "table" = '{LEAD}')
             ORDER BY id FOR UPDATE
        ) AS locked
        """,  # noqa: S608 - table names above
        given,
    )
    _gather(record)
    execute(
        """
        INSERT INTO prospects_keptlead (intake_id, lead_id, why)
        SELECT %(intake)s, id, why FROM undone_lead WHERE why IS NOT NULL
        """,
        given,
    )
    _delete_leads(given)
    _restore(given)
    _delete_unused(given)
    changed = fetch(
        """
        SELECT id FROM undone_lead WHERE NOT is_made AND why IS NULL
        UNION
        SELECT lead.id FROM prospects_lead AS lead
         WHERE lead.company_id IN (SELECT id FROM undone_company)
        """
    )
    rejudge([pk for (pk,) in changed], now=now)
    counted = _counted()
    Import.objects.filter(pk=record.pk).update(
        undone_at=now,
        taken_back=counted.taken_back,
        restored=counted.restored,
        kept=counted.kept,
    )
    ImportCreated.objects.filter(intake=record.pk).delete()
    ImportChanged.objects.filter(intake=record.pk).delete()
    return counted


def _counted() -> Undoing:
    counts = fetch(
        """
        SELECT count(*) FILTER (WHERE is_made AND why IS NULL),
               count(*) FILTER (WHERE NOT is_made AND why IS NULL),
               count(why)
          FROM undone_lead
        """
    )
    return Undoing(*counts[0])


# Which leads


def _gather(record: Import) -> None:
    """Fill `undone_lead`: every lead that the import made or changed, and why it stays, if it does.

    Beside it `made_row`, whatever it made, and `undone_company`, whose leads are to be judged anew.
    """
    given = {"intake": record.pk, "filed_at": record.filed_at}
    TEMPORARY.create("made_row", {"name": "text", "id": "bigint"})
    execute(
        """
        INSERT INTO made_row
        SELECT "table", unnest(ids) FROM prospects_importcreated WHERE intake_id = %(intake)s
        """,
        given,
    )
    execute("CREATE INDEX ON made_row (name, id)")
    TEMPORARY.create(
        "undone_lead", {"id": "bigint PRIMARY KEY", "is_made": "boolean", "why": "text"}
    )
    execute(
        f"""
        INSERT INTO undone_lead
        SELECT lead.id, true FROM made_row AS made JOIN {LEAD} AS lead USING (id)
         WHERE made.name = '{LEAD}'
        """  # noqa: S608 - table names above
    )
    for table, column in ((LEAD, "id"), (CONTACT, "contact_id")):
        execute(
            f"""
            INSERT INTO undone_lead
            SELECT lead.id, false
              FROM prospects_importchanged AS changed
              JOIN {LEAD} AS lead ON lead.{column} = changed.row
             WHERE changed.intake_id = %(intake)s AND changed."table" = '{table}'
            ON CONFLICT DO NOTHING
            """,  # noqa: S608 - table names above
            given,
        )
    TEMPORARY.create("undone_company", {"id": "bigint"})
    execute(
        f"""
        INSERT INTO undone_company
        SELECT lead.company_id FROM undone_lead JOIN {LEAD} AS lead USING (id)
         WHERE lead.company_id IS NOT NULL
        UNION
        SELECT row FROM prospects_importchanged
         WHERE intake_id = %(intake)s AND "table" = '{COMPANY}'
        """,  # noqa: S608 - table names above
        given,
    )
    analyze("made_row", "undone_lead", "undone_company")
    _mark_told_again(given)
    _mark_worked_on(given)


def _mark_told_again(given: dict[str, Any]) -> None:
    for later in (
        f"""SELECT 1 FROM prospects_importchanged AS later
             WHERE later."table" = '{LEAD}' AND later.row = lead.id""",  # noqa: S608
        "SELECT 1 FROM prospects_arrival AS later WHERE later.lead_id = lead.id",
    ):
        _mark(TOLD_AGAIN, f"EXISTS ({later} AND later.intake_id > %(intake)s)", given)


def _mark_worked_on(given: dict[str, Any]) -> None:
    for hanging in hanging_on(Lead):
        own = OWN.get(hanging.label, "false")
        _mark(
            hanging.label,
            f"""
            undone.is_made AND EXISTS (
                SELECT 1 FROM {hanging.table} AS one
                 WHERE one.{hanging.column} = lead.id AND NOT ({own}))
            """,  # noqa: S608 - our own tables
            given,
        )
    _mark(EDITED, "undone.is_made AND lead.version > 1", given)
    for table, column in ((CONTACT, "contact_id"), (COMPANY, "company_id")):
        _mark(
            EDITED,
            f"""
            EXISTS (SELECT 1 FROM {table} AS one
                     WHERE one.id = lead.{column}
                       AND (one.edited_at > %(filed_at)s
                            OR (one.edited_at IS NOT NULL
                                AND EXISTS (SELECT 1 FROM made_row AS made
                                             WHERE made.name = '{table}' AND made.id = one.id))))
            """,  # noqa: S608 - table names above
            given,
        )
    _mark(
        WORKED_ON,
        """
        undone.is_made AND lead.activity_at IS DISTINCT FROM
            GREATEST(lead.received_at, lead.entered_program_at, lead.stage_at)
        """,
        given,
    )
    for table, column in ((LEAD, "id"), (CONTACT, "contact_id")):
        _mark(
            WORKED_ON,
            f"""
            EXISTS (SELECT 1 FROM prospects_importchanged AS changed
                      JOIN {table} AS one ON one.id = changed.row
                     WHERE changed.intake_id = %(intake)s AND changed."table" = '{table}'
                       AND changed.row = lead.{column} AND {CHANGED_SINCE})
            """,  # noqa: S608 - table names above
            given,
        )


CHANGED_SINCE = """
    EXISTS (SELECT 1 FROM jsonb_each(changed.after) AS left_as
             WHERE to_jsonb(one)->left_as.key IS DISTINCT FROM left_as.value)
"""


def _mark(why: str, condition: str, given: dict[str, Any]) -> None:
    execute(
        f"""
        UPDATE undone_lead AS undone SET why = %(why)s
          FROM {LEAD} AS lead
         WHERE lead.id = undone.id AND undone.why IS NULL AND ({condition})
        """,  # noqa: S608 - the conditions of this module
        {**given, "why": why},
    )


# Doing it


def _delete_leads(given: dict[str, Any]) -> None:
    """The leads that go, with what hangs on them, which is the import's own; and its arrivals."""
    gone = "(SELECT id FROM undone_lead WHERE is_made AND why IS NULL)"
    _delete_own(Lead, gone)
    execute(f"DELETE FROM {LEAD} WHERE id IN {gone}")  # noqa: S608 - table names above
    execute(
        "DELETE FROM prospects_arrival WHERE intake_id = %(intake)s"
        " AND lead_id NOT IN (SELECT id FROM undone_lead WHERE why IS NOT NULL)",
        given,
    )


def _delete_own(model: type[Model], ids: str) -> None:
    """Of rows that go: what hangs on them without anybody's doing."""
    for hanging in hanging_on(model):
        if hanging.label in OWN:
            _lifted(f"DELETE FROM {hanging.table} WHERE {hanging.column} IN {ids}")  # noqa: S608


def _lifted(statement: str) -> None:
    """A statement past the triggers of LIFTED; without parameters, as theirs are put before it."""
    with pgtrigger.ignore(*LIFTED):
        execute(statement)


def _restore(given: dict[str, Any]) -> None:
    """The rows that were changed, of leads that nobody worked on since, as they were before."""
    kept = "(SELECT id FROM undone_lead WHERE why IS NOT NULL)"
    for table in OF_LEAD:
        _lifted(
            f"""
            DELETE FROM {table} AS one USING made_row AS made
             WHERE made.name = '{table}' AND one.id = made.id AND one.lead_id NOT IN {kept}
            """  # noqa: S608 - table names above
        )
        execute(
            f"""
            UPDATE {table} AS one
               SET superseded_at = (changed.before->>'superseded_at')::timestamptz
              FROM prospects_importchanged AS changed
             WHERE changed.intake_id = %(intake)s AND changed."table" = '{table}'
               AND one.id = changed.row AND one.lead_id NOT IN {kept}
            """,  # noqa: S608 - table names above; the triggers let `superseded_at` change
            given,
        )
    for model, leads in (
        (Company, f"SELECT 1 FROM {LEAD} AS lead WHERE lead.company_id = one.id"),  # noqa: S608
        (Contact, f"SELECT 1 FROM {LEAD} AS lead WHERE lead.contact_id = one.id"),  # noqa: S608
        (Lead, f"SELECT 1 FROM {LEAD} AS lead WHERE lead.id = one.id"),  # noqa: S608
    ):
        table = model._meta.db_table  # noqa: SLF001
        columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]  # noqa: SLF001
        named = ", ".join(f'"{column}"' for column in columns)
        restored = ", ".join(f'was."{column}"' for column in columns)
        execute(
            f"""
            UPDATE {table} AS one SET ({named}) = (
                SELECT {restored} FROM jsonb_populate_record(one, changed.before) AS was)
              FROM prospects_importchanged AS changed
             WHERE changed.intake_id = %(intake)s AND changed."table" = '{table}'
               AND one.id = changed.row AND NOT {CHANGED_SINCE}
               AND NOT EXISTS ({leads} AND lead.id IN {kept})
            """,  # noqa: S608 - table names above
            given,
        )


UNTOUCHED = {
    Contact: "it.edited_at IS NULL",
    Company: "it.edited_at IS NULL",
    Source: "true",
    User: "it.last_login IS NULL AND it.password LIKE '!%%'",
}
"""Nobody wrote it since: a colleague without a login, say."""


def _delete_unused(given: dict[str, Any]) -> None:
    """People, companies, sources and colleagues that the import made and that nothing needs now."""
    for model, untouched in UNTOUCHED.items():
        table = model._meta.db_table  # noqa: SLF001
        needed = "".join(
            f" AND NOT EXISTS (SELECT 1 FROM {hanging.table} AS one"  # noqa: S608
            f" WHERE one.{hanging.column} = it.id AND NOT ({OWN.get(hanging.label, 'false')}))"
            for hanging in hanging_on(model)
        )
        TEMPORARY.create("unused_row", {"id": "bigint PRIMARY KEY"})
        execute(
            f"""
            INSERT INTO unused_row
            SELECT it.id FROM made_row AS made JOIN {table} AS it USING (id)
             WHERE made.name = '{table}' AND {untouched}{needed}
            """,  # noqa: S608 - our own tables
            given,
        )
        analyze("unused_row")
        _delete_own(model, "(SELECT id FROM unused_row)")
        execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM unused_row)")  # noqa: S608
