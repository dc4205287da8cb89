"""What an import made and changed, kept so that it can be undone (prospects.imports.undoing).

Made rows are kept as ids, a thousand a row. Of changed ones the columns that differ are kept as they
were and as the import left them; the columns of DERIVED follow from others and are judged anew.
"""

from __future__ import annotations

from prospects.imports.staging import TEMPORARY
from prospects.imports.statements import execute

LEAD, CONTACT, COMPANY = "prospects_lead", "prospects_contact", "prospects_company"
STAGE_CHANGE, ANSWER = "prospects_stagechange", "prospects_recordedanswer"
SOURCE, PERSON = "prospects_source", "team_user"

DERIVED = {
    LEAD: (
        *("documented", "open_attributes", "reassess_at", "search_text"),
        *("next_touch_at", "next_touch_channel", "next_touch_rank", "next_touch_why"),
    )
}
WATCHED = {
    LEAD: ("activity_at", "outbound_touches", "specialist_id", "stage_at", "version"),
    CONTACT: ("edited_at",),
    COMPANY: ("edited_at",),
}
"""What tells that somebody has worked on a row since, kept though the import left it as it was."""

OF_LEAD = (STAGE_CHANGE, ANSWER)

IDS_A_ROW = 1000


def begin_tracking() -> None:
    """Remember how everything stands that the rows in `resolved` may change.

    Call it with the known leads locked: what hangs on them is then the import's alone.
    """
    TEMPORARY.create("known_row", {"name": "text", "id": "bigint", "image": "jsonb"})
    execute(
        f"""
        INSERT INTO known_row
        SELECT '{LEAD}', lead.id, to_jsonb(lead)
          FROM {LEAD} AS lead
         WHERE lead.id IN (SELECT lead_id FROM resolved WHERE fate IN ('merged', 'changed'))
        """  # noqa: S608 - table names above
    )
    execute(
        f"""
        INSERT INTO known_row
        SELECT '{COMPANY}', company.id, to_jsonb(company)
          FROM {COMPANY} AS company
         WHERE company.id IN (SELECT company_id FROM resolved
                               WHERE fate <> 'same' AND NOT company_is_new)
            OR company.id IN (SELECT (image->>'company_id')::bigint FROM known_row)
        """  # noqa: S608 - table names above
    )
    execute(
        f"""
        INSERT INTO known_row
        SELECT '{LEAD}', lead.id, to_jsonb(lead)
          FROM {LEAD} AS lead
         WHERE lead.company_id IN (SELECT id FROM known_row WHERE name = '{COMPANY}')
           AND lead.id NOT IN (SELECT id FROM known_row WHERE name = '{LEAD}')
        """  # noqa: S608 - table names above
    )
    execute(
        f"""
        INSERT INTO known_row
        SELECT '{CONTACT}', contact.id, to_jsonb(contact)
          FROM {CONTACT} AS contact
         WHERE contact.id IN (SELECT (image->>'contact_id')::bigint FROM known_row
                               WHERE name = '{LEAD}')
        """  # noqa: S608 - table names above
    )
    for table in OF_LEAD:
        execute(
            f"""
            INSERT INTO known_row
            SELECT '{table}', one.id, jsonb_build_object('superseded_at', one.superseded_at)
              FROM {table} AS one
             WHERE one.lead_id IN (SELECT id FROM known_row WHERE name = '{LEAD}')
            """  # noqa: S608 - table names above
        )
    for table in (SOURCE, PERSON):
        execute(
            f"INSERT INTO known_row SELECT '{table}', id, '{{}}' FROM {table}"  # noqa: S608 - above
        )
    execute("CREATE INDEX ON known_row (name, id)")
    execute("ANALYZE known_row")


def keep_track(*, intake_id: int) -> None:
    """Keep what the import made and changed. Call it last, when everything is written."""
    made = {
        LEAD: "SELECT lead_id AS id FROM resolved WHERE fate = 'new'",
        CONTACT: "SELECT contact_id AS id FROM resolved WHERE contact_is_new",
        COMPANY: "SELECT DISTINCT company_id AS id FROM resolved"
        " WHERE company_is_new AND company_id IS NOT NULL AND fate <> 'same'",
        SOURCE: f"SELECT id FROM named_source WHERE {_UNKNOWN.format(SOURCE, 'named_source')}",  # noqa: S608
        PERSON: f"SELECT DISTINCT id FROM named_person"  # noqa: S608
        f" WHERE {_UNKNOWN.format(PERSON, 'named_person')}",
    }
    for table in OF_LEAD:
        made[table] = (
            f"SELECT id FROM {table} AS one WHERE {_UNKNOWN.format(table, 'one')}"  # noqa: S608
            f" AND lead_id IN (SELECT id FROM known_row WHERE name = '{LEAD}')"
        )
    for table, ids in made.items():
        _keep_made(intake_id, table, ids)
    for table in (LEAD, CONTACT, COMPANY, *OF_LEAD):
        _keep_changed(intake_id, table)


_UNKNOWN = "NOT EXISTS (SELECT 1 FROM known_row WHERE name = '{0}' AND known_row.id = {1}.id)"


def _keep_made(intake_id: int, table: str, ids: str) -> None:
    execute(
        f"""
        INSERT INTO prospects_importcreated (intake_id, "table", ids)
        SELECT %(intake)s, '{table}', array_agg(id)
          FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / {IDS_A_ROW} AS part
                  FROM ({ids}) AS made) AS parted
         GROUP BY part
        """,  # noqa: S608 - the statements above
        {"intake": intake_id},
    )


def _keep_changed(intake_id: int, table: str) -> None:
    execute(
        f"""
        INSERT INTO prospects_importchanged (intake_id, "table", row, before, after)
        SELECT %(intake)s, '{table}', known.id,
               (SELECT COALESCE(jsonb_object_agg(key, value), '{{}}') FROM jsonb_each(known.image)
                 WHERE key <> ALL(%(derived)s) AND now.image->key IS DISTINCT FROM value),
               (SELECT jsonb_object_agg(key, value) FROM jsonb_each(now.image)
                 WHERE known.image ? key
                   AND (key = ANY(%(watched)s)
                        OR (key <> ALL(%(derived)s)
                            AND known.image->key IS DISTINCT FROM value)))
          FROM known_row AS known
          JOIN (SELECT id, to_jsonb(one) AS image FROM {table} AS one) AS now USING (id)
         WHERE known.name = '{table}' AND known.image - %(derived)s::text[] IS DISTINCT FROM
               CASE WHEN %(is_partial)s
                    THEN jsonb_build_object('superseded_at', now.image->'superseded_at')
                    ELSE now.image - %(derived)s::text[] END
        """,  # noqa: S608 - table names above
        {
            "intake": intake_id,
            "derived": list(DERIVED.get(table, ())),
            "watched": list(WATCHED.get(table, ())),
            "is_partial": table in OF_LEAD,
        },
    )
