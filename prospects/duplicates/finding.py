"""Finds companies and people that may be one, when they are written: a question to indexes, no scan.

What a write touched is compared with who shares a key with it (prospects.duplicates.likeness); what is alike
becomes a pair that a person decides about (DuplicatePair). Any number of rows costs a fixed number of
statements per thousand; a key that dozens share says nothing and is not followed far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from prospects.duplicates.likeness import (
    likeness_of_companies,
    likeness_of_people,
    sought_keys,
    stored_keys,
)
from prospects.models import Company, DuplicateSearch, Import, ImportKind, Lead, Likeness
from prospects.screening.mail_domains import note_mail_domains

BATCH = 1000
MOST_OF_A_KEY = 20
"""How many of those who share a key are looked at."""
SWITCHBOARD = 4
"""A phone number of so many people is their company's."""

Found = dict[tuple[int, int], set[str]]
"""Reasons by pair, the lesser id first."""


@transaction.atomic
def look_for_duplicates(
    *,
    companies: Sequence[int] = (),
    contacts: Sequence[int] = (),
    now: datetime,
    renamed: bool = False,
) -> int:
    """Compare these companies and contacts with the others; returns how many new pairs there are.

    Call it after they were written, in the same transaction. `renamed`: they were known before, so
    pairs that nobody has decided about and that no longer hold are dropped.
    """
    found = 0
    for some in _batches(sorted(set(companies))):
        alike = _alike_companies(some)
        if renamed:
            _drop_what_no_longer_holds("company", some, alike)
        found += _keep_pairs("company", alike, now)
        paired = {pk for pair in alike for pk in pair}.intersection(some)
        contacts = [*contacts, *_people_of(sorted(paired))]
    for some in _batches(sorted(set(contacts))):
        alike = _alike_contacts(some)
        if renamed:
            _drop_what_no_longer_holds("contact", some, alike)
        found += _keep_pairs("contact", alike, now)
    return found


def look_through_imports(*, now: datetime) -> int:
    """Compare what finished imports wrote with everybody else; returns how many pairs were found.

    Apart from the import itself, which thus takes no longer; each import is one transaction.
    """
    done = DuplicateSearch.objects.filter(intake=OuterRef("pk"))
    waiting = Import.objects.filter(
        ~Exists(done), kind=ImportKind.LEADS, finished_at__isnull=False
    ).order_by("pk")
    return sum(_look_through(intake, now) for intake in waiting)


@transaction.atomic
def _look_through(intake: Import, now: datetime) -> int:
    search, is_first = DuplicateSearch.objects.get_or_create(
        intake=intake, defaults={"searched_at": now, "found": 0}
    )
    if not is_first:
        return 0
    for leads in _leads_of(intake):
        people = [contact for _pk, _company, contact in leads if contact]
        note_mail_domains(people)
        search.found += look_for_duplicates(
            companies=[company for _pk, company, _contact in leads if company],
            contacts=people,
            now=now,
        )
    search.save(update_fields=["found"])
    return search.found


def _leads_of(intake: Import) -> Iterator[Sequence[tuple[int, int | None, int | None]]]:
    after = 0
    of_import = Lead.objects.filter(intake=intake).order_by("pk")
    while leads := list(
        of_import.filter(pk__gt=after).values_list("pk", "company", "contact")[:BATCH]
    ):
        after = leads[-1][0]
        yield leads


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


# Companies


def _alike_companies(ids: list[int]) -> Found:
    """Who is like these; writes the keys by which others will find them."""
    names = dict(Company.objects.filter(pk__in=ids).values_list("pk", "name"))
    _store_keys(names)
    sought = [(pk, key) for pk, name in names.items() for key in sought_keys(name)]
    found: Found = defaultdict(set)
    for pk, other, other_name in _fetch(
        _SHARING_A_KEY, [pk for pk, _key in sought], [key for _pk, key in sought], MOST_OF_A_KEY
    ):
        if how := likeness_of_companies(names[pk], other_name):
            found[_in_order(pk, other)].add(how)
    for pk, other in _fetch(_SHARING_A_DOMAIN, MOST_OF_A_KEY, ids):
        found[_in_order(pk, other)].add(Likeness.WEBSITE)
    return found


def _store_keys(names: dict[int, str]) -> None:
    stored = [(pk, key) for pk, name in names.items() for key in stored_keys(name)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH gone AS (DELETE FROM prospects_namekey WHERE company_id = ANY(%s))
            INSERT INTO prospects_namekey (company_id, key)
            SELECT * FROM unnest(%s::bigint[], %s::text[])
            """,
            [list(names), [pk for pk, _key in stored], [key for _pk, key in stored]],
        )


_SHARING_A_KEY = """
    SELECT DISTINCT mine.id, other.id, other.name
      FROM unnest(%s::bigint[], %s::text[]) AS mine (id, key)
     CROSS JOIN LATERAL (
               SELECT company_id FROM prospects_namekey AS stored
                WHERE stored.key = mine.key AND stored.company_id <> mine.id
                LIMIT %s
           ) AS sharing
      JOIN prospects_company AS other ON other.id = sharing.company_id
"""
_SHARING_A_DOMAIN = """
    SELECT mine.id, other.id
      FROM prospects_company AS mine
     CROSS JOIN LATERAL (
               SELECT id FROM prospects_company AS other
                WHERE other.domain = mine.domain AND other.domain <> '' AND other.id <> mine.id
                LIMIT %s
           ) AS other
     WHERE mine.id = ANY(%s) AND mine.domain <> ''
"""

# People


def _people_of(companies: list[int]) -> list[int]:
    """The people of companies that turned out to be like others."""
    if not companies:
        return []
    return [pk for (pk,) in _fetch(_PEOPLE, companies, 10 * BATCH)]


_PEOPLE = "SELECT id FROM prospects_contact WHERE company_id = ANY(%s) LIMIT %s"


def _alike_contacts(ids: list[int]) -> Found:
    found: Found = defaultdict(set)
    for pk, other, first, last, other_first, other_last in _fetch(_NEAR_BY_NAME, ids):
        if how := likeness_of_people((first, last), (other_first, other_last)):
            found[_in_order(pk, other)].add(how)
    for pk, other in _fetch(_SHARING_AN_EMAIL, MOST_OF_A_KEY, ids):
        found[_in_order(pk, other)].add(Likeness.EMAIL)
    by_phone = defaultdict(list)
    for pk, other, *names in _fetch(_SHARING_A_PHONE, SWITCHBOARD, ids):
        by_phone[pk].append((other, names))
    for pk, others in by_phone.items():
        for other, (first, last, other_first, other_last) in others:
            how = likeness_of_people((first, last), (other_first, other_last))
            if how or len(others) + 1 < SWITCHBOARD:
                found[_in_order(pk, other)].add(how or Likeness.PHONE)
    return found


_NEAR_BY_NAME = """
    SELECT mine.id, other.id, mine.first_name, mine.last_name, other.first_name, other.last_name
      FROM prospects_contact AS mine
     CROSS JOIN LATERAL (
               SELECT mine.company_id AS id
                UNION ALL
               SELECT second_company_id FROM prospects_duplicatepair
                WHERE first_company_id = mine.company_id AND different_at IS NULL
                UNION ALL
               SELECT first_company_id FROM prospects_duplicatepair
                WHERE second_company_id = mine.company_id AND different_at IS NULL
           ) AS near
      JOIN prospects_contact AS other
        ON other.company_id = near.id AND lower(other.last_name) = lower(mine.last_name)
       AND other.id <> mine.id
     WHERE mine.id = ANY(%s) AND mine.company_id IS NOT NULL AND mine.last_name <> ''
"""
_SHARING_AN_EMAIL = """
    SELECT mine.id, other.id
      FROM prospects_contact AS mine
     CROSS JOIN LATERAL (
               SELECT id FROM prospects_contact AS other
                WHERE other.email_key = mine.email_key AND other.email_key <> ''
                  AND other.id <> mine.id
                LIMIT %s
           ) AS other
     WHERE mine.id = ANY(%s) AND mine.email_key <> ''
"""
_SHARING_A_PHONE = """
    SELECT mine.id, other.id, mine.first_name, mine.last_name, other.first_name, other.last_name
      FROM prospects_contact AS mine
     CROSS JOIN LATERAL (
               SELECT * FROM prospects_contact AS other
                WHERE other.phone_key = mine.phone_key AND other.phone_key <> ''
                  AND other.id <> mine.id
                  -- Each with an address at another place: two people and a slip of the finger.
                  AND (mine.email_key = '' OR other.email_key = ''
                       OR split_part(mine.email_key, '@', 2) = split_part(other.email_key, '@', 2))
                LIMIT %s
           ) AS other
     WHERE mine.id = ANY(%s) AND mine.phone_key <> ''
"""

# Pairs


def _in_order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _keep_pairs(kind: str, found: Found, now: datetime) -> int:
    """Write the pairs that are not known yet; what a person called different stays so."""
    if not found:
        return 0
    pairs = sorted(found)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO prospects_duplicatepair
                   (first_{kind}_id, second_{kind}_id, reasons, found_at)
            SELECT first, second, string_to_array(reasons, ' '), %s
              FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS pair (first, second, reasons)
                ON CONFLICT DO NOTHING
            """,  # noqa: S608 - "company" or "contact"
            [
                now,
                [first for first, _second in pairs],
                [second for _first, second in pairs],
                [" ".join(sorted(found[pair])) for pair in pairs],
            ],
        )
        return int(cursor.rowcount)


def _drop_what_no_longer_holds(kind: str, ids: list[int], found: Found) -> None:
    pairs = sorted(found)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM prospects_duplicatepair
             WHERE (first_{kind}_id = ANY(%(ids)s) OR second_{kind}_id = ANY(%(ids)s))
               AND different_at IS NULL
               AND (first_{kind}_id, second_{kind}_id) NOT IN (
                       SELECT * FROM unnest(%(first)s::bigint[], %(second)s::bigint[])
                   )
            """,  # noqa: S608 - "company" or "contact"
            {
                "ids": ids,
                "first": [first for first, _second in pairs],
                "second": [second for _first, second in pairs],
            },
        )


def _fetch(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
