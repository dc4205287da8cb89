"""Which column of a file is which of our fields: proposed from the headings, or told.

Pure. The catalogue knows our own names (domain.md, section 10) and those that Salesforce, HubSpot and
Krayin write into their exports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

Catalogue = Mapping[str, tuple[str, ...]]
"""Our fields, each with the headings it goes by elsewhere, the likeliest first."""


class BadMapping(Exception):
    """What was told of the columns does not fit the file; says in words how."""


LEADS: Catalogue = {
    "external_id": ("lead id", "record id", "id", "contact id", "lead number"),
    "received_at": (
        "received",
        "created date",
        "create date",
        "created at",
        "created",
        "lead created",
    ),
    "entered_program_at": ("entered program",),
    "source": ("lead source", "original source", "original traffic source", "account source"),
    "stage": (),
    "stage_at": (),
    "reason": (),
    "specialist": (),
    "company": (
        "company name",
        "account name",
        "organization",
        "organisation",
        "organization name",
        "employer",
        "business name",
        "company account",
    ),
    "domain": (
        "website",
        "website url",
        "company domain name",
        "company domain",
        "web site",
        "url",
    ),
    "naics": ("naics code", "naics 2022"),
    "sic": ("sic code", "sic 1987"),
    "revenue": ("annual revenue", "company revenue", "turnover"),
    "employees": (
        "number of employees",
        "no of employees",
        "employee count",
        "company size",
        "numberofemployees",
        "headcount",
    ),
    "locations": ("number of locations", "sites"),
    "country": ("country region", "country code", "billing country", "mailing country", "nation"),
    "region": (
        "state",
        "state region",
        "state province",
        "province",
        "billing state",
        "mailing state",
        "county",
    ),
    "city": ("town", "billing city", "mailing city"),
    "postal_code": ("zip", "zip code", "postcode", "billing postal code", "mailing postal code"),
    "street": ("street address", "address", "address 1", "billing street", "mailing street"),
    "first_name": ("firstname", "given name", "forename"),
    "last_name": ("lastname", "surname", "family name"),
    "full_name": ("name", "contact name", "person", "full name"),
    "title": ("job title", "position", "job position", "role", "function"),
    "buying_role": ("contact role",),
    "email": ("email address", "e mail", "e mail address", "mail", "emails", "work email"),
    "phone": (
        "phone number",
        "mobile phone",
        "mobile phone number",
        "mobile",
        "telephone",
        "tel",
        "work phone",
        "contact numbers",
        "business phone",
    ),
    "timezone": ("time zone",),
    "potential_revenue": (
        "amount",
        "deal value",
        "lead value",
        "opportunity amount",
        "deal amount",
    ),
    "expected_close": ("expected close date", "close date"),
    "note": ("notes", "description", "comments", "comment", "message"),
    "environment": (),
    "pain": ("business pain", "pain points"),
    "decision_process": (),
    "decision_on": ("decision date",),
    "budget": (),
    "competition": ("competitors",),
    "compelling_event": (),
    "compelling_event_on": ("compelling event date",),
}

TOUCHES: Catalogue = {
    "external_id": ("id", "activity id", "call id", "touch id"),
    "lead": ("lead id", "lead external id", "who id"),
    "channel": ("type", "activity type"),
    "direction": ("call direction",),
    "outcome": ("result", "call outcome"),
    "occurred_at": ("date", "activity date", "occurred", "time"),
    "by": ("owner", "user", "assigned to", "specialist"),
    "contact_email": ("email",),
    "minutes": ("duration minutes",),
    "cost": (),
    "note": ("notes", "description", "comments", "subject"),
}

HANDOFFS: Catalogue = {
    "external_id": ("id", "handoff id", "opportunity id"),
    "lead": ("lead id", "lead external id"),
    "rep": ("sales rep", "owner", "opportunity owner"),
    "rep_manager": ("manager", "regional manager"),
    "specialist": (),
    "handed_off_at": ("handed off", "created date", "created at"),
    "accepted_at": ("accepted",),
    "returned_at": ("returned",),
    "return_reason": (),
    "potential_revenue": ("amount", "expected revenue"),
    "expected_close": ("close date", "expected close date"),
    "result": (),
    "result_at": ("closed at", "closed date"),
    "revenue": ("won revenue", "won amount"),
    "lost_reason": ("loss reason",),
}


@dataclass(frozen=True)
class ColumnMap:
    """Which columns feed which field: the first of them that has something in a row counts."""

    columns: Mapping[str, tuple[int, ...]]
    used: Mapping[str, str]
    ignored: tuple[str, ...]


def heading(words: str) -> str:
    """How a heading is compared: lower case words, those run together by capitals taken apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", words)
    plain = " ".join(re.findall(r"\w+", apart.lower().replace("_", " ")))
    return plain.removesuffix(" c").strip()


def propose(headers: Sequence[str], catalogue: Catalogue) -> dict[str, str]:
    """The field that each heading seems to mean: our own names first, then what others call them."""
    ranked: dict[str, tuple[int, int, str]] = {}
    for field, names in catalogue.items():
        for rank, name in enumerate((heading(field), *names)):
            found = (min(rank, 1), rank, field)
            for spelling in (name, name.replace(" ", "")):
                ranked[spelling] = min(ranked.get(spelling, found), found)
    return {
        header: ranked[key][2]
        for header in headers
        if (key := heading(header)) in ranked or (key := key.replace(" ", "")) in ranked
    }


def settle(
    headers: Sequence[str], catalogue: Catalogue, told: Mapping[str, Any] | None = None
) -> ColumnMap:
    """The mapping of a file: what was told (heading to field; null: leave out), the rest proposed.

    Told the other way round, field to heading, is understood too. Refuses (BadMapping) headings that
    the file does not have and fields that there are not.
    """
    chosen: dict[str, str | None] = dict(propose(headers, catalogue))
    if told:
        chosen |= _checked(headers, catalogue, told)
    columns: dict[str, list[tuple[int, int]]] = {}
    used: dict[str, str] = {}
    for index, header in enumerate(headers):
        if field := chosen.get(header):
            columns.setdefault(field, []).append((_rank(header, field, catalogue), index))
            used[header] = field
    return ColumnMap(
        columns={field: tuple(i for _r, i in sorted(found)) for field, found in columns.items()},
        used=used,
        ignored=tuple(header for header in headers if header not in used),
    )


def _rank(header: str, field: str, catalogue: Catalogue) -> int:
    names = (heading(field), *catalogue[field])
    return names.index(heading(header)) if heading(header) in names else 0


def _checked(
    headers: Sequence[str], catalogue: Catalogue, told: Mapping[str, Any]
) -> dict[str, str | None]:
    is_reversed = (
        all(key in catalogue for key in told)
        and all(value in headers for value in told.values() if value)
        and not all(key in headers for key in told)
    )
    if is_reversed:
        told = {header: field for field, header in told.items() if header}
    if missing := [header for header in told if header not in headers]:
        raise BadMapping(_("The file has no column “%s”.") % missing[0])
    for field in told.values():
        if field and field not in catalogue:
            known = ", ".join(catalogue)
            raise BadMapping(
                _("There is no field “%(field)s”. There are: %(known)s.")
                % {"field": field, "known": known}
            )
    return {header: field or None for header, field in told.items()}
