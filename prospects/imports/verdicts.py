"""The stored verdicts of many leads at once, for imports: what `actions.reassess` does for one.

It never takes a step: the gate binds what people do, not what is brought along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from psycopg2.extras import execute_values

from prospects.keys import search_text
from prospects.models import Contact, Lead, RecordedAnswer, Standard
from prospects.qualification import Terms, assess
from prospects.reads import answer_facts, company_facts, contact_facts
from prospects.stages import Stage

BATCH = 2000


def rejudge(lead_ids: Sequence[int], *, now: datetime) -> None:
    """Write the verdicts and search texts of these leads anew: five queries for every 2,000."""
    standard = Standard.objects.in_force()
    terms = standard.terms if standard else Terms()
    for start in range(0, len(lead_ids), BATCH):
        _rejudge_batch(lead_ids[start : start + BATCH], terms, now)


def _rejudge_batch(lead_ids: Sequence[int], terms: Terms, now: datetime) -> None:
    leads = list(
        Lead.objects.filter(pk__in=lead_ids)
        .select_related("company__naics", "company__sic", "contact")
        .order_by("pk")
    )
    of_company: dict[int, list[Contact]] = defaultdict(list)
    companies = {lead.company_id for lead in leads if lead.company_id}
    for contact in Contact.objects.filter(company__in=companies).order_by("pk"):
        of_company[contact.company_id or 0].append(contact)
    answers: dict[int, list[RecordedAnswer]] = defaultdict(list)
    for answer in RecordedAnswer.objects.filter(lead__in=lead_ids, superseded_at__isnull=True):
        answers[answer.lead_id].append(answer)
    rows: list[tuple[object, ...]] = []
    for lead in leads:
        people = list(of_company.get(lead.company_id or 0, ()))
        if lead.contact is not None and lead.contact not in people:
            people.append(lead.contact)
        verdict = assess(
            company_facts(lead.company) | contact_facts(people) | answer_facts(answers[lead.pk]),
            outbound_touches=lead.outbound_touches,
            horizon=lead.horizon,
            terms=terms,
            now=now,
        )
        passed = lead.stage not in (Stage.RAW, Stage.SCREENED_OUT)
        is_mql = passed and verdict.documented >= terms.mql_attributes
        rows.append(
            (
                lead.pk,
                verdict.documented,
                list(verdict.open_attributes),
                verdict.changes_at,
                lead.mql_at or (now if is_mql else None),
                search_text_of(lead, people),
            )
        )
    _write(rows)


def search_text_of(lead: Lead, people: Sequence[Contact]) -> str:
    """What a lead is found by: its ids and names, and those of everybody at its company."""
    return search_text(
        lead.external_id or "",
        lead.company.name if lead.company else "",
        lead.company.domain if lead.company else "",
        *(part for p in people for part in (p.name, p.email, p.phone, p.phone_key)),
    )


def _write(rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            """
            UPDATE prospects_lead AS lead
               SET documented = said.documented, open_attributes = said.open_attributes,
                   reassess_at = said.reassess_at, mql_at = said.mql_at,
                   search_text = said.search_text
              FROM (VALUES %s) AS said
                   (id, documented, open_attributes, reassess_at, mql_at, search_text)
             WHERE lead.id = said.id
               AND (lead.documented, lead.open_attributes, lead.reassess_at, lead.mql_at,
                    lead.search_text)
                   IS DISTINCT FROM
                   (said.documented, said.open_attributes, said.reassess_at, said.mql_at,
                    said.search_text)
            """,
            rows,
            template="(%s, %s::smallint, %s::varchar[], %s::timestamptz, %s::timestamptz, %s)",
            page_size=len(rows) or 1,
        )
