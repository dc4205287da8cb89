"""Writes resolved rows of a leads file into the tables: new leads, and what merged rows add to old ones.

Set-based. What a merged row knows fills blanks and is never lost: what differs is kept in words with
its Arrival. A row known by its external id that says something new overwrites what the file said before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects.imports.lead_rows import HANDOFF_NOT_KNOWN
from prospects.imports.resolving import HAS_PERSON
from prospects.imports.statements import execute, fetch
from prospects.imports.verdicts import rejudge

OVERWRITES = "(said.overwrites AND company.edited_at IS NULL)"
"""A row known by its id replaces what its file said before, but not what a person wrote since."""

STEPS = (
    gettext_lazy("companies"),
    gettext_lazy("people"),
    gettext_lazy("leads"),
    gettext_lazy("histories"),
    gettext_lazy("leads that were known"),
    gettext_lazy("verdicts"),
    gettext_lazy("what follows"),
)
"""What is written, in this order; the last is not this module's."""


def file_rows(
    *, intake_id: int, now: datetime, told_of: Callable[[int], None] | None = None
) -> None:
    """Write everything that `resolved` and the staging tables say.

    Call it with the known leads locked (`lock_known_leads`). `told_of` hears the number of each step.
    """
    tell = told_of or _nobody
    given = {
        "intake": intake_id,
        "now": now,
        "unknown_handoff": HANDOFF_NOT_KNOWN,
        "by_file": _("named in the file"),
    }
    tell(1)
    _mark_company_use()
    _stay_where_a_person_wrote()
    _insert_companies(given)
    _fill_companies()
    tell(2)
    _insert_contacts(given)
    _find_shared_companies()
    tell(3)
    _insert_leads(given)
    tell(4)
    _insert_history("resolved.fate = 'new'")
    _insert_answers(given)
    if fetch("SELECT EXISTS (SELECT 1 FROM resolved WHERE fate IN ('merged', 'changed'))")[0][0]:
        tell(5)
        _write_changed_leads(given)
        _write_contacts_of_known(given)
        _fill_contacts()
        _fill_leads()
        _keep_arrivals(given)
        _rewrite_histories(given)
    tell(6)
    _judge_again(now)


def _nobody(step: int) -> None:
    """Nobody wants to hear how far it came."""


def lock_known_leads() -> None:
    """Lock the leads that rows are merged into or change; people who edit those wait."""
    fetch(
        """
        SELECT count(*) FROM (
            SELECT id FROM prospects_lead
             WHERE id IN (SELECT lead_id FROM resolved WHERE fate IN ('merged', 'changed'))
             ORDER BY id FOR NO KEY UPDATE
        ) AS locked
        """
    )


# Companies


def _mark_company_use() -> None:
    """A merged row brings its company along only where the lead has none."""
    execute(
        """
        UPDATE resolved SET company_id = NULL
          FROM prospects_lead AS lead
         WHERE lead.id = resolved.lead_id AND resolved.fate = 'merged'
           AND lead.company_id IS NOT NULL AND lead.company_id <> resolved.company_id
        """
    )
    execute(
        """
        UPDATE resolved
           SET company_id = chief.company_id, company_is_new = chief.company_is_new
          FROM resolved AS chief
         WHERE chief.line = resolved.leader AND resolved.leader <> resolved.line
           AND resolved.fate = 'merged' AND chief.fate = 'new'
           AND chief.company_id IS NOT NULL
        """
    )


def _stay_where_a_person_wrote() -> None:
    """A lead whose company a person wrote stays with it, whatever its row calls it now."""
    execute(
        """
        UPDATE resolved SET company_id = lead.company_id, company_is_new = false
          FROM prospects_lead AS lead JOIN prospects_company AS company ON company.id = lead.company_id
         WHERE lead.id = resolved.lead_id AND resolved.fate = 'changed'
           AND company.edited_at IS NOT NULL
        """
    )


def _insert_companies(given: dict[str, Any]) -> None:
    execute(
        """
        INSERT INTO prospects_company (
            id, name, name_key, domain, naics_id, sic_id, industry_basis, industry_since,
            revenue, employees, locations, firmographics_basis, firmographics_since,
            country, region, city, postal_code, street, timezone, created_at
        )
        SELECT DISTINCT ON (resolved.company_id)
               resolved.company_id, COALESCE(row.company, row.domain),
               COALESCE(row.name_key, regexp_replace(row.domain, '[^a-z0-9]', '', 'g')),
               COALESCE(row.domain, ''), row.naics, row.sic,
               CASE WHEN COALESCE(row.naics, row.sic) IS NULL THEN '' ELSE 'imported' END,
               CASE WHEN COALESCE(row.naics, row.sic) IS NOT NULL THEN row.received_at END,
               row.revenue, row.employees, row.locations,
               CASE WHEN COALESCE(row.revenue, row.employees, row.locations) IS NULL
                    THEN '' ELSE 'imported' END,
               CASE WHEN COALESCE(row.revenue, row.employees, row.locations) IS NOT NULL
                    THEN row.received_at END,
               COALESCE(row.country, ''), COALESCE(row.region, ''), COALESCE(row.city, ''),
               COALESCE(row.postal_code, ''), COALESCE(row.street, ''),
               COALESCE(row.timezone, ''), LEAST(row.received_at, %(now)s)
          FROM resolved JOIN staged_lead AS row USING (line)
         WHERE resolved.company_is_new AND resolved.company_id IS NOT NULL
           AND resolved.fate <> 'same'
         ORDER BY resolved.company_id, resolved.line
        """,
        given,
    )


def _fill_companies() -> None:
    """What further rows know of a company; a changed row overwrites, the others fill blanks.

    Nothing overwrites what a person wrote, found out or was told.
    """
    blanks = [
        f"{column} = CASE WHEN company.{column} = '' OR {OVERWRITES}"
        f" THEN COALESCE(said.{column}, company.{column}) ELSE company.{column} END"
        for column in ("domain", "country", "region", "city", "postal_code", "street", "timezone")
    ]
    nulls = [
        f"{column} = CASE WHEN company.{column} IS NULL"
        f" OR ({OVERWRITES} AND company.{basis} IN ('', 'imported'))"
        f" THEN COALESCE(said.{source}, company.{column}) ELSE company.{column} END"
        for column, source, basis in (
            ("naics_id", "naics", "industry_basis"),
            ("sic_id", "sic", "industry_basis"),
            ("revenue", "revenue", "firmographics_basis"),
            ("employees", "employees", "firmographics_basis"),
            ("locations", "locations", "firmographics_basis"),
        )
    ]
    first = [
        f"(array_agg(row.{column} ORDER BY row.line) FILTER (WHERE row.{column} IS NOT NULL))[1]"
        f" AS {column}"
        for column in (
            "company",
            "name_key",
            "domain",
            "country",
            "region",
            "city",
            "postal_code",
            "street",
            "timezone",
            "naics",
            "sic",
            "revenue",
            "employees",
            "locations",
        )
    ]
    execute(
        f"""
        WITH said AS (
            SELECT resolved.company_id, bool_or(resolved.fate = 'changed') AS overwrites,
                   min(row.received_at) AS received_at, {", ".join(first)}
              FROM resolved JOIN staged_lead AS row USING (line)
             WHERE resolved.fate <> 'same' AND resolved.company_id IN (
                       SELECT company_id FROM resolved WHERE fate <> 'same'
                        GROUP BY company_id
                       HAVING count(*) > 1 OR NOT bool_and(company_is_new))
             GROUP BY resolved.company_id
        )
        UPDATE prospects_company AS company
           SET {", ".join(blanks + nulls)},
               name = CASE WHEN company.name = company.domain
                           THEN COALESCE(said.company, company.name) ELSE company.name END,
               name_key = CASE WHEN company.name = company.domain
                               THEN COALESCE(said.name_key, company.name_key)
                               ELSE company.name_key END,
               industry_basis = CASE
                   WHEN company.industry_basis = '' AND COALESCE(said.naics, said.sic) IS NOT NULL
                   THEN 'imported' ELSE company.industry_basis END,
               industry_since = COALESCE(company.industry_since,
                   CASE WHEN COALESCE(said.naics, said.sic) IS NOT NULL THEN said.received_at END),
               firmographics_basis = CASE
                   WHEN company.firmographics_basis = ''
                    AND COALESCE(said.revenue, said.employees, said.locations) IS NOT NULL
                   THEN 'imported' ELSE company.firmographics_basis END,
               firmographics_since = COALESCE(company.firmographics_since,
                   CASE WHEN COALESCE(said.revenue, said.employees, said.locations) IS NOT NULL
                        THEN said.received_at END)
          FROM said
         WHERE company.id = said.company_id
        """  # noqa: S608 - column names above
    )


# New leads and their people


def _insert_contacts(given: dict[str, Any]) -> None:
    execute(_CONTACTS + "WHERE resolved.fate = 'new' AND resolved.contact_is_new", given)


_CONTACTS = """
    INSERT INTO prospects_contact (
        id, company_id, first_name, last_name, title, buying_role, email, email_key, phone,
        phone_key, timezone, created_at
    )
    SELECT resolved.contact_id, resolved.company_id, COALESCE(row.first_name, ''),
           COALESCE(row.last_name, ''), COALESCE(row.title, ''), row.buying_role,
           COALESCE(row.email, ''), COALESCE(row.email_key, ''), COALESCE(row.phone, ''),
           COALESCE(row.phone_key, ''), COALESCE(row.timezone, ''),
           LEAST(row.received_at, %(now)s)
      FROM resolved
      JOIN staged_lead AS row USING (line)
"""


def _find_shared_companies() -> None:
    """Companies of which more than one person is known: each of their leads is found by all names.

    `has_roles`: their people may document an attribute together. `is_plain`: nothing has accents, so
    that SQL can write what `keys.search_text` would.
    """
    execute("DROP TABLE IF EXISTS shared_company")
    execute(
        """
        CREATE TEMPORARY TABLE shared_company ON COMMIT DROP AS
        SELECT company_id, words, has_roles, words ~ '^[ -~]*$' AND company.name ~ '^[ -~]*$' AS is_plain
          FROM (SELECT contact.company_id,
                       string_agg(concat_ws(' ',
                           NULLIF(btrim(contact.first_name || ' ' || contact.last_name), ''),
                           NULLIF(contact.email, ''), NULLIF(contact.phone, ''),
                           NULLIF(contact.phone_key, '')), ' ' ORDER BY contact.id) AS words,
                       bool_or(contact.buying_role <> 'unknown') AS has_roles
                  FROM prospects_contact AS contact
                 WHERE contact.company_id IN (
                           SELECT company_id FROM resolved WHERE fate <> 'same'
                       )
                 GROUP BY contact.company_id
                HAVING count(*) > 1) AS known
          JOIN prospects_company AS company ON company.id = company_id
        """
    )
    execute("ANALYZE shared_company")


def _insert_leads(given: dict[str, Any]) -> None:
    execute(
        """
        INSERT INTO prospects_lead (
            id, external_id, row_digest, company_id, contact_id, source_id, team_id, specialist_id,
            assigned_why, intake_id, received_at, horizon, potential_revenue, expected_close_on,
            note, version, stage, stage_at, entered_program_at, mql_at, qualified_at, screening,
            contradictions, documented, open_attributes, reassess_at, outbound_touches,
            complete_attempts, next_touch_channel, next_touch_rank, next_touch_why, activity_at,
            search_text
        )
        SELECT resolved.lead_id, row.external_id, row.digest, resolved.company_id,
               resolved.contact_id, named_source.id, row.team_id, row.specialist_id,
               COALESCE(row.assigned_why, ''), %(intake)s, row.received_at, 'unknown',
               row.potential_revenue, row.expected_close_on, COALESCE(row.note, ''), 1, row.stage,
               row.stage_at, row.entered_program_at, row.mql_at, row.qualified_at, row.screening,
               row.contradictions, row.documented, row.open_attributes, row.reassess_at, 0, 0, '',
               0, '', row.activity_at,
               CASE WHEN shared.company_id IS NULL THEN COALESCE(row.search_text, '')
                    ELSE lower(concat_ws(' ', row.external_id, company.name,
                                         NULLIF(company.domain, ''), shared.words)) END
          FROM resolved
          JOIN staged_lead AS row USING (line)
          JOIN named_source ON named_source.key = COALESCE(row.source, '')
          LEFT JOIN shared_company AS shared ON shared.company_id = resolved.company_id
          LEFT JOIN prospects_company AS company ON company.id = shared.company_id
         WHERE resolved.fate = 'new'
         ORDER BY resolved.line
        """,
        given,
    )


def _insert_history(condition: str) -> None:
    """`recorded_at` is the transaction's own instant, by which its undoing knows these rows."""
    execute(
        f"""
        INSERT INTO prospects_stagechange
               (lead_id, from_stage, to_stage, at, reason, note, brought_along, recorded_at)
        SELECT resolved.lead_id, COALESCE(step.from_stage, ''), step.to_stage, step.at,
               COALESCE(step.reason, ''), COALESCE(step.note, ''), step.brought_along, now()
          FROM staged_step AS step JOIN resolved USING (line)
         WHERE {condition}
         ORDER BY step.line, step.ordinal
        """  # noqa: S608 - the conditions are those of this module
    )


def _insert_answers(given: dict[str, Any]) -> None:
    """Answers fill blanks; those of a changed row replace what an import had said, never a person's."""
    execute(
        """
        UPDATE prospects_recordedanswer AS answer SET superseded_at = %(now)s
          FROM staged_answer AS said JOIN resolved USING (line)
         WHERE resolved.fate = 'changed' AND answer.lead_id = resolved.lead_id
           AND answer.attribute = said.attribute AND answer.superseded_at IS NULL
           AND answer.basis = 'imported'
           AND (answer.words, answer.on, answer.amount, answer.nobody) IS DISTINCT FROM
               (COALESCE(said.words, ''), said.on_day, said.amount, said.nobody)
        """,
        given,
    )
    execute(
        """
        INSERT INTO prospects_recordedanswer
               (lead_id, attribute, words, "on", amount, nobody, basis, since, evidence,
                recorded_at, contradicted)
        SELECT DISTINCT ON (resolved.lead_id, said.attribute)
               resolved.lead_id, said.attribute, COALESCE(said.words, ''), said.on_day, said.amount,
               said.nobody, 'imported', said.since, left(intake.file_name, 250), %(now)s, ''
          FROM staged_answer AS said
          JOIN resolved USING (line)
          JOIN prospects_import AS intake ON intake.id = %(intake)s
         WHERE resolved.fate <> 'same' AND NOT EXISTS (
                   SELECT 1 FROM prospects_recordedanswer AS known
                    WHERE known.lead_id = resolved.lead_id AND known.attribute = said.attribute
                      AND known.superseded_at IS NULL
               )
         ORDER BY resolved.lead_id, said.attribute, said.line
        """,
        given,
    )


# Leads we had, and rows that turned out to be one of the file's own


def _write_changed_leads(given: dict[str, Any]) -> None:
    """What a row known by its id says anew; what a person edited or gave to somebody stands."""
    execute(
        """
        UPDATE prospects_lead AS lead
           SET row_digest = row.digest,
               company_id = COALESCE(resolved.company_id, lead.company_id),
               received_at = CASE WHEN row.received_given THEN row.received_at
                                  ELSE lead.received_at END,
               source_id = COALESCE(
                   (SELECT id FROM named_source WHERE key = row.source), lead.source_id),
               specialist_id = CASE
                   WHEN lead.specialist_id IS NULL OR lead.assigned_why = %(by_file)s
                   THEN COALESCE(row.specialist_id, lead.specialist_id)
                   ELSE lead.specialist_id END,
               assigned_why = CASE
                   WHEN lead.specialist_id IS NULL AND row.specialist_id IS NOT NULL
                   THEN %(by_file)s ELSE lead.assigned_why END,
               potential_revenue = CASE
                   WHEN lead.version > 1 THEN COALESCE(lead.potential_revenue, row.potential_revenue)
                   ELSE COALESCE(row.potential_revenue, lead.potential_revenue) END,
               expected_close_on = CASE
                   WHEN lead.version > 1 THEN COALESCE(lead.expected_close_on, row.expected_close_on)
                   ELSE COALESCE(row.expected_close_on, lead.expected_close_on) END,
               screening = CASE  -- what a person said of it stands
                   WHEN lead.screening @? '$[*] ? (exists (@.by) || @.weight == "overruled")'
                   THEN lead.screening ELSE row.screening END,
               activity_at = GREATEST(lead.activity_at, row.activity_at)
          FROM resolved JOIN staged_lead AS row USING (line)
         WHERE lead.id = resolved.lead_id AND resolved.fate = 'changed'
        """,
        given,
    )


def _write_contacts_of_known(given: dict[str, Any]) -> None:
    """People for leads that had none; new details of those that a changed row tells of."""
    execute(
        f"""
        WITH first AS (
            SELECT DISTINCT ON (resolved.lead_id) resolved.line
              FROM resolved
              JOIN staged_lead AS row USING (line)
              JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
             WHERE resolved.fate IN ('merged', 'changed') AND lead.contact_id IS NULL
               AND {HAS_PERSON}
             ORDER BY resolved.lead_id, resolved.line
        )
        UPDATE resolved
           SET contact_id = nextval(pg_get_serial_sequence('prospects_contact', 'id')),
               contact_is_new = true
          FROM first WHERE first.line = resolved.line
        """  # noqa: S608
    )
    execute(_CONTACTS + "WHERE resolved.fate <> 'new' AND resolved.contact_is_new", given)
    execute(
        """
        UPDATE prospects_lead AS lead SET contact_id = resolved.contact_id
          FROM resolved
         WHERE resolved.fate <> 'new' AND resolved.contact_is_new AND lead.id = resolved.lead_id
        """
    )
    overwritten = ", ".join(
        f"{column} = COALESCE(row.{column}, contact.{column})"
        for column in ("first_name", "last_name", "title", "timezone")
    )
    execute(
        f"""
        UPDATE prospects_contact AS contact
           SET {overwritten},
               company_id = COALESCE(lead.company_id, contact.company_id),
               email = COALESCE(row.email, contact.email),
               email_key = CASE WHEN row.email IS NULL THEN contact.email_key
                                ELSE COALESCE(row.email_key, '') END,
               phone = COALESCE(row.phone, contact.phone),
               phone_key = CASE WHEN row.phone IS NULL THEN contact.phone_key
                                ELSE COALESCE(row.phone_key, '') END,
               buying_role = CASE WHEN row.buying_role = 'unknown'
                                    OR contact.role_confirmed_at IS NOT NULL
                                  THEN contact.buying_role ELSE row.buying_role END
          FROM resolved
          JOIN staged_lead AS row USING (line)
          JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
         WHERE resolved.fate = 'changed' AND contact.id = lead.contact_id
           AND contact.edited_at IS NULL
        """  # noqa: S608 - column names above
    )


def _fill_contacts() -> None:
    columns = ("first_name", "last_name", "title", "timezone", "email", "phone")
    first = ", ".join(
        f"(array_agg(row.{column} ORDER BY row.line) FILTER (WHERE row.{condition} IS NOT NULL))[1]"
        f" AS {column}"
        for column, condition in (
            *((name, name) for name in columns),
            ("email_key", "email"),
            ("phone_key", "phone"),
        )
    )
    names = "contact.first_name = '' AND contact.last_name = ''"
    execute(
        f"""
        WITH said AS (
            SELECT lead.contact_id,
                   (array_agg(row.buying_role ORDER BY row.line)
                       FILTER (WHERE row.buying_role <> 'unknown'))[1] AS buying_role, {first}
              FROM resolved
              JOIN staged_lead AS row USING (line)
              JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
              JOIN prospects_contact AS known ON known.id = lead.contact_id
             WHERE resolved.fate = 'merged'
                OR (resolved.fate = 'changed' AND known.edited_at IS NOT NULL)
             GROUP BY lead.contact_id
        )
        UPDATE prospects_contact AS contact
           SET first_name = CASE WHEN {names} THEN COALESCE(said.first_name, '')
                                 ELSE contact.first_name END,
               last_name = CASE WHEN {names} THEN COALESCE(said.last_name, '')
                                ELSE contact.last_name END,
               title = CASE WHEN contact.title = '' THEN COALESCE(said.title, '')
                            ELSE contact.title END,
               timezone = CASE WHEN contact.timezone = '' THEN COALESCE(said.timezone, '')
                               ELSE contact.timezone END,
               buying_role = CASE WHEN contact.buying_role = 'unknown'
                                  THEN COALESCE(said.buying_role, 'unknown')
                                  ELSE contact.buying_role END,
               email = CASE WHEN contact.email = '' THEN COALESCE(said.email, '')
                            ELSE contact.email END,
               email_key = CASE WHEN contact.email = '' THEN COALESCE(said.email_key, '')
                                ELSE contact.email_key END,
               phone = CASE WHEN contact.phone = '' THEN COALESCE(said.phone, '')
                            ELSE contact.phone END,
               phone_key = CASE WHEN contact.phone = '' THEN COALESCE(said.phone_key, '')
                                ELSE contact.phone_key END
          FROM said
         WHERE contact.id = said.contact_id
        """  # noqa: S608 - column names above
    )


def _fill_leads() -> None:
    execute(
        """
        WITH said AS (
            SELECT resolved.lead_id, min(resolved.company_id) AS company_id,
                   min(row.specialist_id) AS specialist_id,
                   (array_agg(row.potential_revenue ORDER BY row.line)
                       FILTER (WHERE row.potential_revenue IS NOT NULL))[1] AS potential_revenue,
                   min(row.expected_close_on) AS expected_close_on
              FROM resolved JOIN staged_lead AS row USING (line)
             WHERE resolved.fate = 'merged'
             GROUP BY resolved.lead_id
        )
        UPDATE prospects_lead AS lead
           SET company_id = COALESCE(lead.company_id, said.company_id),
               specialist_id = COALESCE(lead.specialist_id, said.specialist_id),
               potential_revenue = COALESCE(lead.potential_revenue, said.potential_revenue),
               expected_close_on = COALESCE(lead.expected_close_on, said.expected_close_on)
          FROM said
         WHERE lead.id = said.lead_id
           AND (lead.company_id IS NULL OR lead.specialist_id IS NULL
                OR lead.potential_revenue IS NULL OR lead.expected_close_on IS NULL)
        """
    )
    execute(
        """
        WITH said AS (
            SELECT resolved.lead_id, string_agg(row.note, E'\\n' ORDER BY row.line) AS note
              FROM resolved
              JOIN staged_lead AS row USING (line)
              JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
             WHERE resolved.fate IN ('merged', 'changed') AND row.note IS NOT NULL
               AND position(row.note IN lead.note) = 0
             GROUP BY resolved.lead_id
        )
        UPDATE prospects_lead AS lead
           SET note = CASE WHEN lead.note = '' THEN said.note ELSE lead.note || E'\\n' || said.note END
          FROM said
         WHERE lead.id = said.lead_id
        """
    )


def _keep_arrivals(given: dict[str, Any]) -> None:
    """The source, id and differing words of every merged row.

    Of a changed row the words that differ from what a person wrote, and that therefore stands.
    """
    execute(
        """
        WITH came AS (
            SELECT row.line, resolved.lead_id, row.received_at,
                   COALESCE(named_source.id, lead.source_id) AS source_id,
                   CASE WHEN row.external_id IS DISTINCT FROM lead.external_id
                        THEN row.external_id END AS external_id,
                   concat_ws('; ',
                       CASE WHEN row.company IS NOT NULL AND row.name_key <> company.name_key
                            THEN 'company: ' || row.company END,
                       CASE WHEN row.person_key IS NOT NULL
                             AND lower(concat_ws(' ', row.first_name, row.last_name))
                                 <> lower(btrim(contact.first_name || ' ' || contact.last_name))
                            THEN 'name: ' || concat_ws(' ', row.first_name, row.last_name) END,
                       CASE WHEN lower(row.title) <> lower(contact.title)
                            THEN 'title: ' || row.title END,
                       CASE WHEN COALESCE(row.email_key, lower(row.email))
                                 <> COALESCE(NULLIF(contact.email_key, ''), lower(contact.email))
                            THEN 'email: ' || row.email END,
                       CASE WHEN COALESCE(row.phone_key, row.phone)
                                 <> COALESCE(NULLIF(contact.phone_key, ''), contact.phone)
                            THEN 'phone: ' || row.phone END,
                       CASE WHEN row.street <> company.street THEN 'street: ' || row.street END,
                       CASE WHEN row.potential_revenue <> lead.potential_revenue
                            THEN 'potential revenue: ' || row.potential_revenue END,
                       CASE WHEN row.stage_given AND lead.row_digest <> row.digest
                            THEN 'stage: ' || row.stage || ' '
                                 || to_char(row.stage_at, 'YYYY-MM-DD') END
                   ) AS differs,
                   lead.source_id AS lead_source_id
              FROM resolved
              JOIN staged_lead AS row USING (line)
              JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
              LEFT JOIN prospects_contact AS contact ON contact.id = lead.contact_id
              LEFT JOIN prospects_company AS company ON company.id = lead.company_id
              LEFT JOIN named_source
                ON named_source.key = COALESCE(row.source, '') AND named_source.is_told
             WHERE resolved.fate = 'merged'
                OR (resolved.fate = 'changed'
                    AND (lead.version > 1 OR contact.edited_at IS NOT NULL
                         OR company.edited_at IS NOT NULL))
        )
        INSERT INTO prospects_arrival
               (lead_id, source_id, external_id, received_at, differs, intake_id)
        SELECT lead_id, source_id, external_id, min(received_at), differs, %(intake)s
          FROM (SELECT DISTINCT ON (COALESCE(external_id, line::text)) *
                  FROM came ORDER BY COALESCE(external_id, line::text), line) AS once
         WHERE (external_id IS NOT NULL OR differs <> '' OR source_id <> lead_source_id)
           AND NOT EXISTS (
                   SELECT 1 FROM prospects_arrival AS known
                    WHERE known.external_id = once.external_id
                       OR (known.lead_id = once.lead_id AND known.source_id = once.source_id
                           AND known.external_id IS NOT DISTINCT FROM once.external_id
                           AND known.differs = once.differs)
               )
         GROUP BY lead_id, source_id, external_id, differs
        """,
        given,
    )


def _rewrite_histories(given: dict[str, Any]) -> None:
    """A changed row may tell a history anew, unless people or a handoff have gone on since."""
    execute("DROP TABLE IF EXISTS retold")
    execute(
        """
        CREATE TEMPORARY TABLE retold ON COMMIT DROP AS
        SELECT resolved.line, resolved.lead_id, row.stage, row.stage_at, row.entered_program_at,
               row.qualified_at, row.contradictions
          FROM resolved JOIN staged_lead AS row USING (line)
         WHERE resolved.fate = 'changed' AND row.stage_given
           AND NOT EXISTS (
                   SELECT 1 FROM prospects_stagechange AS change
                    WHERE change.lead_id = resolved.lead_id AND change.superseded_at IS NULL
                      AND (NOT change.brought_along OR change.to_stage = 'handed_off')
               )
           AND (SELECT array_agg((to_stage, at)::text ORDER BY at, id)
                  FROM prospects_stagechange
                 WHERE lead_id = resolved.lead_id AND superseded_at IS NULL)
               IS DISTINCT FROM
               (SELECT array_agg((step.to_stage::varchar, step.at)::text ORDER BY step.ordinal)
                  FROM staged_step AS step WHERE step.line = resolved.line)
        """
    )
    execute(
        """
        UPDATE prospects_stagechange SET superseded_at = %(now)s
         WHERE superseded_at IS NULL AND lead_id IN (SELECT lead_id FROM retold)
        """,
        given,
    )
    _insert_history("resolved.line IN (SELECT line FROM retold)")
    execute(
        """
        UPDATE prospects_lead AS lead
           SET stage = retold.stage, stage_at = retold.stage_at, rep_id = NULL,
               entered_program_at = COALESCE(retold.entered_program_at, lead.entered_program_at),
               qualified_at = COALESCE(retold.qualified_at, lead.qualified_at),
               contradictions = retold.contradictions
          FROM retold
         WHERE lead.id = retold.lead_id
        """
    )


def _judge_again(now: datetime) -> None:
    """Verdicts and search texts of leads that rest on more than their own row."""
    ids = fetch(
        """
        SELECT lead_id FROM resolved WHERE fate IN ('merged', 'changed')
        UNION
        SELECT resolved.lead_id
          FROM resolved
          JOIN staged_lead AS row USING (line)
          JOIN prospects_company AS company ON company.id = resolved.company_id
          LEFT JOIN shared_company AS shared ON shared.company_id = company.id
         WHERE resolved.fate = 'new'
           AND (shared.has_roles OR NOT shared.is_plain
                OR (COALESCE(row.naics, row.sic), row.received_at)
                   IS DISTINCT FROM (COALESCE(company.naics_id, company.sic_id),
                                     COALESCE(company.industry_since, row.received_at))
                OR (row.revenue, row.employees, row.locations, row.received_at)
                   IS DISTINCT FROM (company.revenue, company.employees, company.locations,
                                     COALESCE(company.firmographics_since, row.received_at)))
        UNION
        SELECT lead.id
          FROM prospects_lead AS lead
         WHERE lead.company_id IN (SELECT company_id FROM resolved WHERE fate <> 'same')
           AND NOT EXISTS (SELECT 1 FROM resolved WHERE lead_id = lead.id AND fate = 'new')
        """
    )
    rejudge([pk for (pk,) in ids], now=now)
