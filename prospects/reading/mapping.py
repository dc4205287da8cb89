"""Which column of a file is which of our fields, and how its cells are written: proposed, or told.

Pure. The catalogue knows our own names (domain.md, section 10) and what other people call them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from prospects.reading import cells, dates

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
        "date created",
        "created on",
        "created time",
        "received on",
        "date received",
        "erstellt am",
        "eingang",
        "date de creation",
        "fecha de creación",
    ),
    "entered_program_at": ("entered program",),
    "source": (
        "lead source",
        "original source",
        "original traffic source",
        "account source",
        "lead origin",
        "origin",
        "quelle",
        "herkunft",
        "origine",
        "origen",
        "fuente",
        "campaign source",
    ),
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
        "organisation name",
        "company account",
        "account",
        "firm",
        "firma",
        "unternehmen",
        "société",
        "entreprise",
        "raison sociale",
        "empresa",
        "azienda",
        "bedrijf",
        "partner name",
    ),
    "domain": (
        "website",
        "website url",
        "company domain name",
        "company domain",
        "web site",
        "url",
        "web page",
        "web",
        "homepage",
        "webseite",
        "site web",
        "sitio web",
        "sito web",
        "internet",
    ),
    "naics": (
        "naics code",
        "naics 2022",
        "naics code 2022",
    ),
    "sic": ("sic code", "sic 1987"),
    "revenue": (
        "annual revenue",
        "company revenue",
        "turnover",
        "yearly revenue",
        "sales revenue",
        "annual sales",
        "umsatz",
        "chiffre d affaires",
        "ingresos",
        "fatturato",
        "omzet",
    ),
    "employees": (
        "number of employees",
        "no of employees",
        "employee count",
        "company size",
        "numberofemployees",
        "headcount",
        "staff",
        "number of staff",
        "no employees",
        "employee number",
        "mitarbeiter",
        "anzahl mitarbeiter",
        "effectif",
        "nombre de salariés",
        "empleados",
        "dipendenti",
    ),
    "locations": ("number of locations", "sites"),
    "country": (
        "country region",
        "country code",
        "billing country",
        "mailing country",
        "nation",
        "land",
        "pays",
        "país",
        "pais",
        "paese",
        "business country region",
    ),
    "region": (
        "state",
        "state region",
        "state province",
        "province",
        "billing state",
        "mailing state",
        "county",
        "state or province",
        "bundesland",
        "région",
        "provincia",
        "business state",
    ),
    "city": (
        "town",
        "billing city",
        "mailing city",
        "ort",
        "stadt",
        "ville",
        "ciudad",
        "città",
        "cidade",
        "plaats",
        "business city",
    ),
    "postal_code": (
        "zip",
        "zip code",
        "postcode",
        "billing postal code",
        "mailing postal code",
        "postal",
        "zip postal code",
        "plz",
        "postleitzahl",
        "code postal",
        "código postal",
        "codigo postal",
        "business postal code",
    ),
    "street": (
        "street address",
        "address",
        "address 1",
        "billing street",
        "mailing street",
        "street 1",
        "mailing address",
        "straße",
        "strasse",
        "anschrift",
        "adresse",
        "rue",
        "calle",
        "dirección",
        "indirizzo",
        "business street",
    ),
    "first_name": (
        "firstname",
        "given name",
        "forename",
        "fname",
        "vorname",
        "prénom",
        "prenom",
        "nombre",
        "nome",
        "voornaam",
    ),
    "last_name": (
        "lastname",
        "surname",
        "family name",
        "lname",
        "nachname",
        "familienname",
        "nom",
        "nom de famille",
        "apellido",
        "apellidos",
        "cognome",
        "achternaam",
    ),
    "full_name": (
        "name",
        "contact name",
        "person",
        "full name",
        "contact person",
        "ansprechpartner",
        "nom complet",
        "nombre completo",
        "naam",
    ),
    "title": (
        "job title",
        "position",
        "job position",
        "role",
        "function",
        "designation",
        "position title",
        "berufsbezeichnung",
        "funktion",
        "fonction",
        "poste",
        "cargo",
        "puesto",
        "functie",
    ),
    "buying_role": (
        "contact role",
        "decision role",
        "role in purchase",
    ),
    "email": (
        "email address",
        "e mail",
        "e mail address",
        "mail",
        "emails",
        "work email",
        "e mail 1",
        "email 1",
        "contact email",
        "business email",
        "primary email",
        "mail address",
        "e mail adresse",
        "courriel",
        "adresse email",
        "correo",
        "correo electrónico",
        "correo electronico",
        "e mailadres",
    ),
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
        "phone no",
        "phone 1",
        "main phone",
        "primary phone",
        "cell",
        "cell phone",
        "cellphone",
        "telefon",
        "telefonnummer",
        "tel nr",
        "handy",
        "mobil",
        "téléphone",
        "telephone number",
        "teléfono",
        "telefono",
        "móvil",
        "portable",
        "telefoon",
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
    "note": (
        "notes",
        "description",
        "comments",
        "comment",
        "message",
        "remarks",
        "details",
        "bemerkung",
        "bemerkungen",
        "notiz",
        "notizen",
        "anmerkung",
        "commentaire",
        "commentaires",
        "notas",
        "comentarios",
    ),
    "environment": (),
    "pain": ("business pain", "pain points"),
    "decision_process": (),
    "decision_on": ("decision date",),
    "budget": (),
    "competition": ("competitors",),
    "compelling_event": (),
    "compelling_event_on": ("compelling event date",),
    # What they do not want. No column of this kind is left out: see REFUSALS.
    "no_email": (
        "has opted out of email",
        "email opt out",
        "e mail opt out",
        "opted out of email",
        "opted out of all email",
        "unsubscribed from all email",
        "opted out of email marketing information",
        "opted out of email one to one",
        "email opted out",
        "do not email",
        "do not e mail",
        "unsubscribed",
        "email unsubscribed",
        "opt out",
        "opted out",
        "blacklisted",
        "is blacklisted",
        "blacklist",
        "email blacklisted",
        "keine e mails",
        "newsletter abgemeldet",
    ),
    "no_calls": (
        "do not call",
        "do not phone",
        "donotcall",
        "call opt out",
        "phone opt out",
        "dnc",
        "phone blacklisted",
        "keine anrufe",
        "ne pas appeler",
    ),
    "no_post": ("do not mail", "do not post", "no mail", "mail opt out", "keine post"),
    "no_contact": ("do not contact", "do not disturb", "werbesperre", "ne pas contacter"),
}

REFUSALS: Mapping[str, tuple[str, ...]] = {
    "no_email": ("email",),
    "no_calls": ("phone",),
    "no_post": ("letter",),
    "no_contact": ("phone", "email", "letter"),
}
"""The fields that say what somebody does not want, each with the kinds of address that it closes."""

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


# How the cells of a column are written

DATE_FIELDS = frozenset(
    {
        *("received_at", "entered_program_at", "stage_at", "expected_close", "decision_on"),
        *("compelling_event_on", "occurred_at", "handed_off_at", "accepted_at", "returned_at"),
        "result_at",
    }
)
AMOUNT_FIELDS = frozenset({"revenue", "potential_revenue", "budget", "minutes", "cost"})
JOINED_FIELDS = frozenset({"note", *REFUSALS})
"""Of several columns all are kept; of other fields the first that has something counts."""

QUOTED = ("'=", "'+", "'-", "'@")
"""How our own files write a cell that a spreadsheet would take for a formula."""


@dataclass(frozen=True)
class Writing:
    """How the cells of one column are written, as far as that must be known to read them."""

    dates: str = ""
    """The order of dates in three numbers, of dates.ORDERS."""
    decimals: str = ""
    """The decimal sign: a point or a comma."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What a cell means, by how it is written (lower case); empty: it says nothing."""

    def translator(self, name: str) -> Callable[[str], str] | None:
        """What turns a cell of the field `name` into plain writing; None where it is plain."""
        if self.values:
            meant = self.values
            return lambda cell: meant.get(cell.lower(), cell)
        if self.dates and name in DATE_FIELDS:
            order = self.dates
            return lambda cell: dates.plain(cell, order)
        if self.decimals and name in AMOUNT_FIELDS:
            sign = self.decimals
            return lambda cell: cells.plain_number(cell, sign)
        return None


@dataclass(frozen=True)
class ColumnMap:
    """Which columns feed which field: the first of them that has something in a row counts."""

    columns: Mapping[str, tuple[int, ...]]
    used: Mapping[str, str]
    ignored: tuple[str, ...]
    writings: Mapping[int, Writing] = field(default_factory=dict)
    """By column, where its cells are not written plainly."""

    def extractor(self) -> Callable[[Sequence[str]], dict[str, str]]:
        """What picks the values of a row out of its cells: field to text that is not blank."""
        plan = [
            (name, index, self.writings.get(index, PLAIN).translator(name))
            for name, indexes in self.columns.items()
            for index in indexes
        ]
        # Most columns are plain and the only one of their field: for them the short way.
        is_plain = [len(self.columns[name]) == 1 and how is None for name, _index, how in plan]
        alone = [part[:2] for part, plain in zip(plan, is_plain, strict=True) if plain]
        others = [part for part, plain in zip(plan, is_plain, strict=True) if not plain]

        def values_of(row: Sequence[str]) -> dict[str, str]:
            width = len(row)
            found: dict[str, str] = {}
            for name, index in alone:
                if index < width and (cell := row[index].strip()):
                    found[name] = unquoted(cell) if cell[0] == "'" else cell
            for name, index, translate in others:
                if index >= width or (name in found and name not in JOINED_FIELDS):
                    continue
                cell = unquoted(row[index].strip())
                if cell and translate is not None:
                    cell = translate(cell)
                if cell:
                    found[name] = f"{found[name]}\n{cell}" if name in found else cell
            return found

        return values_of

    def in_full(self, headers: Sequence[str]) -> dict[str, Any]:
        """All of it as it may be told: of every heading, so that nothing is left to be proposed."""
        full: dict[str, Any] = {}
        for index, header in enumerate(headers):
            writing = self.writings.get(index, PLAIN)
            parts = {
                "dates": writing.dates,
                "decimals": writing.decimals,
                "values": dict(writing.values),
            }
            said = {name: part for name, part in parts.items() if part}
            name = self.used.get(header)
            full[header] = {"field": name, **said} if said else name
        return full


PLAIN = Writing()


def unquoted(cell: str) -> str:
    """The cell without the apostrophe that keeps it from running as a formula."""
    return cell[1:] if cell.startswith(QUOTED) else cell


def heading(words: str) -> str:
    """How a heading is compared: lower case words, those run together by capitals taken apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", words)
    plain = " ".join(re.findall(r"\w+", apart.lower().replace("_", " ")))
    return plain.removesuffix(" c").strip()


def propose(headers: Sequence[str], catalogue: Catalogue) -> dict[str, str]:
    """The field that each heading seems to mean: our own names first, then what others call them."""
    ranked: dict[str, tuple[int, int, str]] = {}
    for field_name, names in catalogue.items():
        for rank, name in enumerate((heading(field_name), *names)):
            found = (min(rank, 1), rank, field_name)
            for spelling in (name, name.replace(" ", "")):
                ranked[spelling] = min(ranked.get(spelling, found), found)
    return {
        header: ranked[key][2]
        for header in headers
        if (key := heading(header)) in ranked or (key := key.replace(" ", "")) in ranked
    }


def settle(
    headers: Sequence[str],
    catalogue: Catalogue,
    told: Mapping[str, Any] | None = None,
    proposed: Mapping[str, str | None] | None = None,
) -> ColumnMap:
    """The mapping of a file: what was told, else what was `proposed` (by default from the headings).

    Told is, by heading, a field; null: leave the column out; or what is known of the column:
    `{"field": "received_at", "dates": "dmy", "decimals": ",", "values": {"gogle": "Google"}}`, each
    part as needed. Told the other way round, field to heading, is understood too. Refuses (BadMapping)
    headings that the file does not have and fields that there are not.
    """
    chosen: dict[str, str | None] = dict(
        propose(headers, catalogue) if proposed is None else proposed
    )
    said = by_heading(headers, catalogue, told or {})
    chosen |= {header: part["field"] for header, part in said.items() if "field" in part}
    columns: dict[str, list[tuple[int, int]]] = {}
    used: dict[str, str] = {}
    for index, header in enumerate(headers):
        if field_name := chosen.get(header):
            rank = _rank(header, field_name, catalogue)
            columns.setdefault(field_name, []).append((rank, index))
            used[header] = field_name
    return ColumnMap(
        columns={name: tuple(i for _r, i in sorted(found)) for name, found in columns.items()},
        used=used,
        ignored=tuple(header for header in headers if header not in used),
        writings={
            index: writing
            for index, header in enumerate(headers)
            if (writing := _writing(said.get(header, {}))) != PLAIN
        },
    )


def _rank(header: str, field_name: str, catalogue: Catalogue) -> int:
    names = (heading(field_name), *catalogue[field_name])
    return names.index(heading(header)) if heading(header) in names else 0


def _writing(part: Mapping[str, Any]) -> Writing:
    values = part.get("values") or {}
    return Writing(
        dates=part.get("dates") or "",
        decimals=part.get("decimals") or "",
        values={cell.strip().lower(): meant or "" for cell, meant in values.items()},
    )


def by_heading(
    headers: Sequence[str], catalogue: Catalogue, told: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What was told, by heading, each as its parts. Refuses (BadMapping) as `settle` does."""
    is_reversed = (
        all(key in catalogue for key in told)
        and all(value in headers for value in told.values() if value and isinstance(value, str))
        and not all(key in headers for key in told)
    )
    if is_reversed:
        told = {header: name for name, header in told.items() if isinstance(header, str) and header}
    if missing := [header for header in told if header not in headers]:
        raise BadMapping(_("The file has no column “%s”.") % missing[0])
    return {header: _parts(header, part, catalogue) for header, part in told.items()}


def _parts(header: str, part: Any, catalogue: Catalogue) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        part = {"field": part}
    wrong = _("“%s” is told what is not understood: see the guide on imports.") % header
    if part.keys() - {"field", "dates", "decimals", "values"}:
        raise BadMapping(wrong)
    name = part.get("field")
    if name and not (isinstance(name, str) and name in catalogue):
        known = ", ".join(catalogue)
        raise BadMapping(
            _("There is no field “%(field)s”. There are: %(known)s.")
            % {"field": name, "known": known}
        )
    values = part.get("values") or {}
    fits = (
        part.get("dates") in (None, "", *dates.ORDERS)
        and part.get("decimals") in (None, "", ".", ",")
        and isinstance(values, Mapping)
        and all(isinstance(meant, str | None) for meant in values.values())
    )
    if not fits:
        raise BadMapping(wrong)
    return {**part, "field": name or None} if "field" in part else dict(part)
