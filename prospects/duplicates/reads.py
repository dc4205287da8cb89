"""What pages show of possible duplicates: pairs to decide about, two records side by side, leads alike.

A fixed number of queries each; nobody is shown what they may not see, not even that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from prospects.duplicates.likeness import likeness_of_companies, likeness_of_people, sought_keys
from prospects.duplicates.merge_fields import Difference, answer_differences, differences
from prospects.models import (
    Company,
    Contact,
    DuplicatePair,
    IndustryCode,
    Lead,
    Likeness,
    Merge,
    NameKey,
    RecordedAnswer,
    Source,
)
from prospects.qualification import BuyingRole, Horizon
from prospects.reads import NEWEST
from team.models import User

SHOWN = 20
WALKED = 500
"""Open pairs, the newest, among which a reader's are looked for first."""
LEADS_OF_A_SIDE = 3
LEADS_ALIKE = 5
MOST_ALIKE = 50
"""Companies of a like name that are looked at while somebody types one."""


# Pairs


@dataclass(frozen=True)
class PairLine:
    """A pair in the list."""

    pk: int
    names: str
    kind: str
    reasons: str
    found_at: datetime


@dataclass(frozen=True)
class LeadLine:
    """A lead of one side."""

    pk: int
    headline: str
    stage: str
    specialist: str


@dataclass(frozen=True)
class Side:
    """One of two, in words."""

    name: str
    known: tuple[tuple[str, str], ...]
    leads: tuple[LeadLine, ...]
    more_leads: bool


@dataclass(frozen=True)
class Pair:
    """Two that may be one, side by side."""

    pk: int
    kind: str
    reasons: tuple[str, ...]
    sides: tuple[Side, Side]
    found_at: datetime


@dataclass(frozen=True)
class DuplicatePage:
    """The pair to decide about, and those that wait behind it."""

    current: Pair | None
    rows: list[PairLine]
    more: bool


KINDS = {Company: gettext_lazy("Companies"), Contact: gettext_lazy("People")}


def pairs_of(user: User) -> Any:
    """The open pairs that the person may decide about, with both sides."""
    return (
        DuplicatePair.objects.open()
        .visible_to(user)
        .select_related(
            *(f"{side}_company" for side in ("first", "second")),
            *(f"{side}_contact__company" for side in ("first", "second")),
        )
    )


def duplicate_page(user: User, *, asked: int | None = None) -> DuplicatePage:
    """The newest pairs; the one that is `asked` for, else the first, side by side."""
    found = _newest(user)
    current = next((pair for pair in found if pair.pk == asked), None)
    if current is None and asked is not None:
        current = pairs_of(user).filter(pk=asked).first()
    if current is None and found:
        current = found[0]
    return DuplicatePage(
        current=_pair(current, user) if current else None,
        rows=[_line(pair) for pair in found[:SHOWN] if pair != current],
        more=len(found) > SHOWN,
    )


def _newest(user: User) -> list[DuplicatePair]:
    """The newest pairs that the person may decide about, and one more than are shown.

    Who sees much finds them among the newest of all. Asked for all at once, every lead that they see
    would be gathered first: that is quick only for who sees little, and so comes second.
    """
    newest = DuplicatePair.objects.open().order_by("-found_at", "-pk")
    ids = list(newest.values_list("pk", flat=True)[:WALKED])
    seen = pairs_of(user).order_by("-found_at", "-pk")
    found = list(seen.filter(pk__in=ids)[: SHOWN + 1])
    if len(found) > SHOWN or len(ids) < WALKED:
        return found
    return list(seen[: SHOWN + 1])


def sides_of(pair: DuplicatePair) -> tuple[Company, Company] | tuple[Contact, Contact]:
    """The two records."""
    if pair.first_company is not None:
        assert pair.second_company is not None
        return pair.first_company, pair.second_company
    assert pair.first_contact is not None
    assert pair.second_contact is not None
    return pair.first_contact, pair.second_contact


def _line(pair: DuplicatePair) -> PairLine:
    first, second = sides_of(pair)
    return PairLine(
        pair.pk,
        _("%(first)s and %(second)s") % {"first": first, "second": second},
        str(KINDS[type(first)]),
        ", ".join(_reasons(pair)),
        pair.found_at,
    )


def _reasons(pair: DuplicatePair) -> tuple[str, ...]:
    return tuple(str(Likeness(reason).label) for reason in pair.reasons)


def _pair(pair: DuplicatePair, user: User) -> Pair:
    first, second = sides_of(pair)
    return Pair(
        pk=pair.pk,
        kind=str(KINDS[type(first)]),
        reasons=_reasons(pair),
        sides=(_side(first, user), _side(second, user)),
        found_at=pair.found_at,
    )


def _side(record: Company | Contact, user: User) -> Side:
    leads = leads_of(record, user)
    known: tuple[tuple[Any, Any], ...]
    if isinstance(record, Company):
        known = (
            (_("Web site"), record.domain),
            (_("Place"), record.place),
            (_("Street"), record.street),
            (_("Employees"), f"{record.employees:,}" if record.employees is not None else ""),
        )
    else:
        known = (
            (_("Title"), record.title),
            (_("Company"), record.company.name if record.company else ""),
            (_("Email"), record.email),
            (_("Phone"), record.phone),
        )
    return Side(
        name=str(record),
        known=tuple((str(label), str(words)) for label, words in known if words),
        leads=tuple(_lead_line(lead) for lead in leads[:LEADS_OF_A_SIDE]),
        more_leads=len(leads) > LEADS_OF_A_SIDE,
    )


def leads_of(record: Company | Contact, user: User) -> list[Lead]:
    """The leads of a company or a person that the reader may see, a few of them."""
    of_record = Q(company=record) if isinstance(record, Company) else Q(contact=record)
    leads = Lead.objects.visible_to(user).filter(of_record)
    return list(
        leads.select_related("company", "contact", "specialist").order_by(*NEWEST)[
            : LEADS_OF_A_SIDE + 1
        ]
    )


def _lead_line(lead: Lead) -> LeadLine:
    person = lead.contact.name if lead.contact and lead.company else ""
    return LeadLine(
        lead.pk,
        f"{lead.headline}, {person}" if person else lead.headline,
        lead.get_stage_display(),
        str(lead.specialist or _("nobody yet")),
    )


# Two records, field by field


@dataclass(frozen=True)
class Option:
    """A field in which two records differ, both values in words; the key tells of what it is."""

    key: str
    label: str
    first: str
    second: str
    prefers_first: bool


def options_between(kind: type, first: Any, second: Any) -> list[Option]:
    """What can be chosen between two companies, contacts or leads: one query for codes and sources."""
    found = differences(kind, first, second)
    names = _names_of(found)
    return [_option(difference, names) for difference in found]


def answer_options(first: Lead, second: Lead) -> list[Option]:
    """What can be chosen between the answers of two leads: one query."""
    sides: dict[int, dict[str, RecordedAnswer]] = {first.pk: {}, second.pk: {}}
    for answer in RecordedAnswer.objects.filter(
        lead__in=[first.pk, second.pk], superseded_at__isnull=True
    ):
        sides[answer.lead_id][answer.attribute] = answer
    return [_option(found, {}) for found in answer_differences(sides[first.pk], sides[second.pk])]


def _names_of(found: Iterable[Difference]) -> dict[Any, str]:
    """What ids and codes are called."""
    keys = {
        difference.key: [
            part for value in (difference.first, difference.second) for part in value.value
        ]
        for difference in found
    }
    names: dict[Any, str] = {}
    if "industry" in keys:
        codes = IndustryCode.objects.filter(pk__in=[key for key in keys["industry"] if key])
        names |= {code.pk: str(code) for code in codes}
    if "source" in keys:
        names |= dict(Source.objects.filter(pk__in=keys["source"]).values_list("pk", "name"))
    names |= {value: str(label) for value, label in (*BuyingRole.choices, *Horizon.choices)}
    return names


def _option(difference: Difference, names: dict[Any, str]) -> Option:
    def words(parts: Any) -> str:
        if not isinstance(parts, tuple):
            return ""
        said = [_in_words(part, names) for part in parts]
        if difference.key == "firmographics":
            said = _size(*parts)
        return (" " if difference.key == "name" else ", ").join(filter(None, said))

    return Option(
        difference.key,
        str(difference.label),
        words(difference.first.value),
        words(difference.second.value),
        difference.prefers_first,
    )


def _size(revenue: Decimal | None, employees: int | None, locations: int | None) -> list[str]:
    """What a company's figures are called."""
    return [
        _("%s revenue") % f"{revenue:,.0f}" if revenue is not None else "",
        ngettext("%(n)s employee", "%(n)s employees", employees) % {"n": f"{employees:,}"}
        if employees is not None
        else "",
        ngettext("%(n)s location", "%(n)s locations", locations) % {"n": f"{locations:,}"}
        if locations is not None
        else "",
    ]


def _in_words(part: Any, names: dict[Any, str]) -> str:
    if part is None or part == "" or part is False:
        return ""
    if part is True:
        return _("nobody")
    if part in names:
        return names[part]
    if hasattr(part, "year"):
        return str(date_format(part, "M j, Y"))
    if isinstance(part, str):
        return part
    return str(number_format(part, decimal_pos=0, force_grouping=True))


def are_one_company(first: Company, second: Company) -> bool:
    """Whether two companies are preset as one: their names are alike, or their web site is one."""
    same_site = bool(first.domain) and first.domain == second.domain
    return same_site or likeness_of_companies(first.name, second.name) is not None


def are_one_person(first: Contact, second: Contact) -> bool:
    """Whether two people are preset as one: by name, email address or phone; or one is nameless."""
    names = [(contact.first_name, contact.last_name) for contact in (first, second)]
    same_address = any(
        getattr(first, key) and getattr(first, key) == getattr(second, key)
        for key in ("email_key", "phone_key")
    )
    nameless = not (first.name and second.name)
    return same_address or nameless or likeness_of_people(*names) is not None


# Leads that are like one


@dataclass(frozen=True)
class Typed:
    """What somebody has typed of a lead so far; addresses as keys."""

    company: str = ""
    domain: str = ""
    first_name: str = ""
    last_name: str = ""
    email_key: str = ""
    phone_key: str = ""


def leads_alike(user: User, typed: Typed, *, but: int | None = None) -> list[Lead]:
    """Up to five leads that may be the one somebody types, of those they may see: four queries."""
    companies, contacts = _companies_alike(typed), _contacts_alike(typed)
    if not companies and not contacts:
        return []
    found = Lead.objects.visible_to(user).filter(
        Q(company__in=companies | {company for _pk, company in contacts if company})
        | Q(contact__in=[pk for pk, _company in contacts])
    )
    if but is not None:
        found = found.exclude(pk=but)
    return list(found.select_related("company", "contact").order_by(*NEWEST)[:LEADS_ALIKE])


def _companies_alike(typed: Typed) -> set[int]:
    """By name, through the keys that were written with it, and by web site."""
    found: set[int] = set()
    if typed.company:
        keys = NameKey.objects.filter(key__in=sought_keys(typed.company))
        names = keys.values_list("company", "company__name")[:MOST_ALIKE]
        found = {pk for pk, name in names if likeness_of_companies(typed.company, name)}
    if typed.domain:
        same = Company.objects.filter(domain=typed.domain)
        found.update(same.values_list("pk", flat=True)[:MOST_ALIKE])
    return found


def _contacts_alike(typed: Typed) -> list[tuple[int, int | None]]:
    same = Q()
    if typed.email_key:
        same |= Q(email_key=typed.email_key)
    if typed.phone_key:
        same |= Q(phone_key=typed.phone_key)
    if not same:
        return []
    return list(Contact.objects.filter(same).values_list("pk", "company")[:MOST_ALIKE])


def leads_like(lead: Lead, user: User) -> list[Lead]:
    """Other leads that may be this one."""
    company, contact = lead.company or Company(), lead.contact or Contact()
    typed = Typed(
        company=company.name,
        domain=company.domain,
        email_key=contact.email_key,
        phone_key=contact.phone_key,
    )
    return leads_alike(user, typed, but=lead.pk)


def leads_found(lead: Lead, user: User, words: str) -> list[Lead]:
    """Other leads that words find, to merge with this one."""
    found = Lead.objects.visible_to(user).matching(words).exclude(pk=lead.pk)
    return list(found.select_related("company", "contact").order_by(*NEWEST)[:SHOWN])


# Merges


@dataclass(frozen=True)
class MergeLine:
    """A merge that was done."""

    pk: int
    words: str
    by: str
    at: datetime
    lead: int | None
    is_undone: bool
    may_be_undone: bool


def recent_merges(user: User, since: datetime) -> list[MergeLine]:
    """What was merged since, as far as the person sees what is left of it: two queries."""
    merges = Merge.objects.visible_to(user).filter(at__gte=since).select_related("by")
    return [
        MergeLine(
            merge.pk,
            merge.words,
            str(merge.by),
            merge.at,
            next((gone.lead_id for gone in merge.merged.all() if gone.lead_id), None),
            merge.undone_at is not None,
            merge.undone_at is None and merge.forgotten_at is None,
        )
        for merge in merges.prefetch_related("merged").order_by("-at", "-pk")[: 5 * SHOWN]
    ]
