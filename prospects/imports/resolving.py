"""Who is who: which rows of a staged leads file are somebody we have, and which are one person twice.

Set-based: a fixed number of statements for any number of rows (and a few rounds where rows are linked
in chains). The rules are those of domain.md, section 4, `duplicate`; what is not certain stays apart.
"""

from __future__ import annotations

from prospects.imports.staging import TEMPORARY
from prospects.imports.statements import execute, fetch

RESOLVED = {
    "line": "bigint",
    "fate": "text",
    "lead_id": "bigint",
    "company_id": "bigint",
    "company_is_new": "boolean NOT NULL DEFAULT false",
    "contact_id": "bigint",
    "contact_is_new": "boolean NOT NULL DEFAULT false",
    "leader": "bigint",
}
"""What is found out about each row. `fate`:

- `new`: becomes a lead; - `same`: known by its external id, and nothing in the row is new;
- `changed`: known by its external id, and the row says something new; - `merged`: another row, or a
lead we have, is the same person. `leader` is the row that stands for several.
"""

HAS_PERSON = """
    (row.person_key IS NOT NULL OR row.email IS NOT NULL OR row.phone IS NOT NULL
     OR row.title IS NOT NULL)
"""

AFTER_ALL, BEFORE_ALL = 2**40, -(2**40)


def resolve() -> None:
    """Fill `resolved` from `staged_lead`: every row gets a fate, and the ids it goes to."""
    TEMPORARY.create("resolved", RESOLVED)
    _find_by_external_id()
    execute("CREATE UNIQUE INDEX ON resolved (line)")
    execute("ANALYZE resolved")
    _find_companies()
    _name_new_companies()
    _find_contacts()
    _find_leads_of_contacts()
    _find_by_digest()
    _link_rows()
    _decide()


def _find_by_external_id() -> None:
    execute(
        """
        INSERT INTO resolved (line, lead_id, fate)
        SELECT row.line, COALESCE(lead.id, arrival.lead_id),
               CASE WHEN lead.row_digest = row.digest THEN 'same'
                    WHEN lead.id IS NOT NULL AND row_number() OVER (
                             PARTITION BY lead.id ORDER BY row.line
                         ) = 1 THEN 'changed'
                    WHEN lead.id IS NOT NULL OR arrival.id IS NOT NULL THEN 'merged'
               END
          FROM staged_lead AS row
          LEFT JOIN prospects_lead AS lead ON lead.external_id = row.external_id
          LEFT JOIN prospects_arrival AS arrival ON arrival.external_id = row.external_id
        """
    )


def _find_companies() -> None:
    """By the domain that was given for it, else by its name unless that has another domain.

    A company that nobody has named yet is also found by the domain of an email address.
    """
    execute(
        """
        UPDATE resolved SET company_id = found.id
          FROM (SELECT row.line, min(company.id) AS id
                  FROM staged_lead AS row
                  JOIN prospects_company AS company
                    ON company.domain = row.domain AND company.domain <> ''
                 WHERE row.domain_given OR row.name_key IS NULL
                 GROUP BY row.line) AS found
         WHERE found.line = resolved.line AND fate IS DISTINCT FROM 'same'
        """
    )
    execute(
        """
        UPDATE resolved SET company_id = found.id
          FROM (SELECT row.line, min(company.id) AS id
                  FROM staged_lead AS row
                  JOIN prospects_company AS company ON company.name_key = row.name_key
                 WHERE NOT row.domain_given OR company.domain = ''
                 GROUP BY row.line) AS found
         WHERE found.line = resolved.line AND company_id IS NULL AND fate IS DISTINCT FROM 'same'
        """
    )
    execute(
        """
        UPDATE resolved SET company_id = found.id
          FROM (SELECT row.line, min(company.id) AS id
                  FROM staged_lead AS row
                  JOIN prospects_company AS company
                    ON company.domain = row.domain AND company.domain <> ''
                 WHERE company.name = company.domain
                 GROUP BY row.line) AS found
         WHERE found.line = resolved.line AND company_id IS NULL AND fate IS DISTINCT FROM 'same'
        """
    )


def _name_new_companies() -> None:
    """Give the companies that only the file knows their ids, the same to all rows of one company."""
    execute(
        """
        WITH needed AS (
            SELECT row.line, row.name_key, row.domain AS any_domain,
                   CASE WHEN row.domain_given OR row.name_key IS NULL THEN row.domain END AS domain
              FROM staged_lead AS row JOIN resolved USING (line)
             WHERE resolved.company_id IS NULL AND resolved.fate IS DISTINCT FROM 'same'
               AND (row.name_key IS NOT NULL OR row.domain IS NOT NULL)
        ), by_domain AS (
            SELECT domain, min(line) AS leader FROM needed WHERE domain IS NOT NULL GROUP BY domain
        ), by_name AS (
            SELECT name_key, COALESCE(min(by_domain.leader), min(needed.line)) AS leader
              FROM needed LEFT JOIN by_domain USING (domain)
             WHERE name_key IS NOT NULL
             GROUP BY name_key
        ), named AS (
            SELECT line, any_domain, COALESCE(by_domain.leader, by_name.leader) AS leader
              FROM needed
              LEFT JOIN by_domain USING (domain)
              LEFT JOIN by_name USING (name_key)
             WHERE name_key IS NOT NULL
        ), led AS (
            SELECT line, leader FROM named
            UNION ALL
            SELECT needed.line, COALESCE(min(named.leader), min(by_domain.leader))
              FROM needed
              LEFT JOIN named USING (any_domain)
              LEFT JOIN by_domain ON by_domain.domain = needed.domain
             WHERE needed.name_key IS NULL
             GROUP BY needed.line
        ), numbered AS (
            SELECT leader, nextval(pg_get_serial_sequence('prospects_company', 'id')) AS id
              FROM (SELECT DISTINCT leader FROM led ORDER BY leader) AS leaders
        )
        UPDATE resolved SET company_id = numbered.id, company_is_new = true
          FROM led JOIN numbered USING (leader)
         WHERE led.line = resolved.line
        """
    )


SAME_NAME_OR_NONE = """
    (row.person_key IS NULL OR (contact.first_name = '' AND contact.last_name = '')
     OR (lower(contact.last_name) = lower(COALESCE(row.last_name, ''))
         AND (contact.first_name = '' OR row.first_name IS NULL
              OR left(lower(contact.first_name), 1) = left(lower(row.first_name), 1))))
"""
"""Two people may share a switchboard's number: one number means one person unless the names differ."""


def _find_contacts() -> None:
    """The person of each row that is not known yet: by email, by phone, by name at the company."""
    for condition in (
        "contact.email_key = row.email_key AND contact.email_key <> ''",
        "contact.phone_key = row.phone_key AND contact.phone_key <> '' AND " + SAME_NAME_OR_NONE,
        """contact.company_id = resolved.company_id
           AND row.person_key IS NOT NULL
           AND lower(btrim(contact.first_name || ' ' || contact.last_name))
               = lower(concat_ws(' ', row.first_name, row.last_name))""",
    ):
        execute(
            f"""
            UPDATE resolved SET contact_id = found.id
              FROM (SELECT row.line, min(contact.id) AS id
                      FROM staged_lead AS row
                      JOIN resolved USING (line)
                      JOIN prospects_contact AS contact ON {condition}
                     WHERE resolved.fate IS NULL AND resolved.contact_id IS NULL
                     GROUP BY row.line) AS found
             WHERE found.line = resolved.line
            """  # noqa: S608 - the conditions are those above
        )


def _find_leads_of_contacts() -> None:
    """The lead a known person belongs to: their own, else the first of their company."""
    for condition in (
        "lead.contact_id = contact.id",
        "lead.company_id = contact.company_id",
    ):
        execute(
            f"""
            UPDATE resolved SET lead_id = found.id, fate = 'merged'
              FROM (SELECT resolved.line, min(lead.id) AS id
                      FROM resolved
                      JOIN prospects_contact AS contact ON contact.id = resolved.contact_id
                      JOIN prospects_lead AS lead ON {condition}
                     WHERE resolved.fate IS NULL
                     GROUP BY resolved.line) AS found
             WHERE found.line = resolved.line
            """  # noqa: S608 - the conditions are those above
        )


def _find_by_digest() -> None:
    """A row without an id that is to the letter one imported before is that row, whoever it is."""
    execute(
        """
        UPDATE resolved SET lead_id = found.id, fate = 'merged'
          FROM (SELECT row.line, min(lead.id) AS id
                  FROM staged_lead AS row
                  JOIN resolved USING (line)
                  JOIN prospects_lead AS lead ON lead.row_digest = row.digest
                 WHERE resolved.fate IS NULL AND row.external_id IS NULL
                   AND lead.external_id IS NULL
                 GROUP BY row.line) AS found
         WHERE found.line = resolved.line
        """
    )


def _link_rows() -> None:
    """Rows of the file that are one person get one `leader`: the first that passes screening.

    A row that is a known lead already leads; chains (A shares a phone with B, B an email with C) are
    followed to their end.
    """
    TEMPORARY.create("link", {"line": "bigint", "key": "text"})
    execute(
        """
        INSERT INTO link
        WITH keyed AS (
            SELECT row.line, said.key
              FROM staged_lead AS row
              JOIN resolved USING (line)
             CROSS JOIN LATERAL (VALUES
                 ('id ' || row.external_id),
                 ('email ' || row.email_key),
                 ('phone ' || row.phone_key || ' '
                     || lower(left(row.first_name, 1)) || ' ' || lower(row.last_name)),
                 ('name ' || row.person_key || ' at ' || resolved.company_id),
                 ('name ' || row.person_key || ' at ' || row.domain),
                 (CASE WHEN row.phone_key IS NULL
                       THEN 'name ' || row.person_key || ' on ' || row.phone END),
                 (CASE WHEN row.person_key IS NULL THEN 'nobody at ' || row.phone_key END)
             ) AS said (key)
             WHERE said.key IS NOT NULL
            UNION ALL
            SELECT min(row.line), 'nobody at ' || row.phone_key
              FROM staged_lead AS row
             WHERE row.person_key IS NOT NULL AND row.phone_key IN (
                       SELECT phone_key FROM staged_lead WHERE person_key IS NULL
                   )
             GROUP BY row.phone_key
        )
        SELECT DISTINCT line, key FROM keyed WHERE key IN (
            SELECT key FROM keyed GROUP BY key HAVING count(*) > 1
        )
        """
    )
    if not fetch("SELECT EXISTS (SELECT 1 FROM link)")[0][0]:
        return
    execute("CREATE INDEX ON link (key); CREATE INDEX ON link (line); ANALYZE link")
    TEMPORARY.create("label", {"line": "bigint PRIMARY KEY", "least": "bigint"})
    execute(
        """
        INSERT INTO label
        SELECT line, line + CASE WHEN lead_id IS NOT NULL THEN %(before)s
                                 WHEN passes THEN 0 ELSE %(after)s END
          FROM (SELECT DISTINCT line FROM link) AS linked
          JOIN resolved USING (line) JOIN staged_lead USING (line)
        """,
        {"before": BEFORE_ALL, "after": AFTER_ALL},
    )
    while _spread_labels():
        pass
    execute(
        """
        UPDATE resolved
           SET leader = label.least - CASE WHEN label.least < 0 THEN %(before)s
                                           WHEN label.least > %(after)s THEN %(after)s
                                           ELSE 0 END
          FROM label
         WHERE label.line = resolved.line
        """,
        {"before": BEFORE_ALL, "after": AFTER_ALL},
    )


def _spread_labels() -> int:
    return execute(
        """
        WITH of_key AS (
            SELECT key, min(least) AS least FROM link JOIN label USING (line) GROUP BY key
        ), of_line AS (
            SELECT line, min(least) AS least FROM link JOIN of_key USING (key) GROUP BY line
        )
        UPDATE label SET least = of_line.least
          FROM of_line
         WHERE of_line.line = label.line AND of_line.least < label.least
        """
    )


def _decide() -> None:
    """Who is nobody's duplicate is new, with a person if the row tells of one; the rest follow."""
    execute(
        f"""
        UPDATE resolved
           SET fate = 'new',
               lead_id = nextval(pg_get_serial_sequence('prospects_lead', 'id')),
               contact_id = CASE WHEN resolved.contact_id IS NULL AND {HAS_PERSON}
                                 THEN nextval(pg_get_serial_sequence('prospects_contact', 'id'))
                                 ELSE resolved.contact_id END,
               contact_is_new = resolved.contact_id IS NULL AND {HAS_PERSON}
          FROM staged_lead AS row
         WHERE row.line = resolved.line
           AND resolved.fate IS NULL AND (resolved.leader IS NULL OR resolved.leader = resolved.line)
        """  # noqa: S608 - the condition is the one above
    )
    execute(
        """
        UPDATE resolved SET fate = 'merged', lead_id = chief.lead_id
          FROM resolved AS chief
         WHERE resolved.fate IS NULL AND chief.line = resolved.leader
        """
    )
    execute("CREATE INDEX ON resolved (lead_id)")
    execute("CREATE INDEX ON resolved (company_id)")
    execute("ANALYZE resolved")
