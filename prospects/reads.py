"""What pages, API and reports show of leads: frozen dataclasses, a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from prospects.models import (
    Company,
    Contact,
    Lead,
    Listing,
    RecordedAnswer,
    Source,
    Standard,
)
from prospects.models.lead import LeadQuerySet, headline
from prospects.qualification import (
    Assessment,
    Attribute,
    Fact,
    Horizon,
    Person,
    State,
    Terms,
    assess,
    engaged_fact,
    firmographics_fact,
    industry_fact,
    people_fact,
)
from prospects.screening.judging import Lists, Market
from prospects.stages import Stage
from team.addresses import addresses
from team.calendar import Calendar
from team.dates import clock, written
from team.models import Organisation, Role, Side, User
from team.templatetags.look import age

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise


def calendar_there(contact: Contact | None, company: Company | None, ours: Calendar) -> Calendar:
    """The working days where the prospect is; the organisation's own where that is not known."""
    zone = (contact.timezone if contact else "") or (company.timezone if company else "")
    country = company.country if company else ""
    return Calendar(zone=ZoneInfo(zone) if zone else ours.zone, country=country or ours.country)


def people_of(lead: Lead) -> QuerySet[Contact]:
    """The people of the lead's company and its own contact."""
    own = Q(pk=lead.contact_id) if lead.contact_id else Q(pk__in=[])
    same_company = Q(company=lead.company_id) if lead.company_id else Q(pk__in=[])
    return Contact.objects.filter(own | same_company)


def contacts_of(lead: Lead) -> list[Contact]:
    """Those people, the primary one first. In SQL: see docs/decisions/0051."""
    people = Contact.objects.raw(
        """
        SELECT * FROM prospects_contact
         WHERE id = %s OR company_id = %s ORDER BY last_name, first_name, id
        """,
        [lead.contact_id, lead.company_id],
    )
    return sorted(people, key=lambda contact: contact.pk != lead.contact_id)


def standing_answers(lead: Lead) -> list[RecordedAnswer]:
    """The answers that no later one superseded. In SQL: see docs/decisions/0051."""
    return list(
        RecordedAnswer.objects.raw(
            "SELECT * FROM prospects_recordedanswer WHERE lead_id = %s AND superseded_at IS NULL",
            [lead.pk],
        )
    )


def facts_of(lead: Lead, answers: Iterable[RecordedAnswer] | None = None) -> dict[str, Fact]:
    """What is known of the ten attributes, each from where it lives (two or three queries).

    `answers`: those that stand, where the caller has read them.
    """
    return (
        company_facts(lead.company)
        | contact_facts(contacts_of(lead))
        | answer_facts(standing_answers(lead) if answers is None else answers)
    )


def company_facts(company: Company | None) -> dict[str, Fact]:
    """Attributes 1 and 2; an empty answer without a company."""
    if company is None:
        return {}
    industry = company.industry
    return {
        Attribute.INDUSTRY: industry_fact(
            industry.code if industry else "",
            industry.title if industry else "",
            basis=company.industry_basis,
            since=company.industry_since,
        ),
        Attribute.FIRMOGRAPHICS: firmographics_fact(
            company.revenue,
            company.employees,
            company.locations,
            basis=company.firmographics_basis,
            since=company.firmographics_since,
        ),
    }


def contact_facts(contacts: Iterable[Contact]) -> dict[str, Fact]:
    """Attributes 3 and 5."""
    people = [
        Person(
            named=bool(contact.name),
            titled=bool(contact.title),
            buying_role=contact.buying_role,
            confirmed_at=contact.role_confirmed_at,
            known_at=contact.created_at,
            conversation_at=contact.conversation_at,
        )
        for contact in contacts
    ]
    return {Attribute.PEOPLE: people_fact(people), Attribute.ENGAGED: engaged_fact(people)}


def answer_facts(current: Iterable[RecordedAnswer]) -> dict[str, Fact]:
    """Attributes 4 and 6 to 10, of the answers that stand."""
    return {recorded.attribute: recorded.fact for recorded in current}


def assessment_of(
    lead: Lead, *, now: datetime, terms: Terms, facts: Mapping[str, Fact] | None = None
) -> Assessment:
    """The lead judged by the standard as of `now`. `facts`: where the caller has read them."""
    return assess(
        facts_of(lead) if facts is None else facts,
        outbound_touches=lead.outbound_touches,
        horizon=lead.horizon,
        terms=terms,
        now=now,
    )


# The list of leads

PAGE = 50
NEWEST = ("-activity_at", "-pk")
OLDEST = ("activity_at", "pk")


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after the lead of that activity and id, or, if `newer`, before it."""

    at: datetime
    pk: int
    newer: bool = False


@dataclass(frozen=True)
class LeadFilters:
    """What a list of leads is narrowed to; what is empty narrows nothing."""

    words: str = ""
    stage: str = ""
    source: int | None = None
    specialist: int | None = None
    unassigned: bool = False
    documented: int = 0
    """The least number of the ten attributes."""

    @property
    def any(self) -> bool:
        return self != LeadFilters()

    def narrow(self, leads: LeadQuerySet) -> LeadQuerySet:
        if self.stage:
            leads = leads.filter(stage=self.stage)
        if self.source is not None:
            leads = leads.filter(source=self.source)
        if self.specialist is not None:
            leads = leads.filter(specialist=self.specialist)
        if self.unassigned:
            leads = leads.filter(specialist__isnull=True)
        if self.documented:
            leads = leads.filter(documented__gte=self.documented)
        return leads.matching(self.words)


@dataclass(frozen=True)
class LeadRow:
    """One lead in a list, in words; times are the reader's."""

    pk: int
    url: str
    headline: str
    contact: str
    """The primary contact's name and title; only the title where the name is the headline."""
    stage: str
    source: str
    specialist: str
    rep: str
    """Who holds or closed it; empty while it is in the program."""
    documented: str
    """How many of the ten attributes."""
    next_on: str
    """When the next touch is planned, “due Jun 9”; empty where none is."""
    next_tone: str
    next_why: str
    active_at: str
    """The last activity, as machines read it, and how long ago that was."""
    active: str


@dataclass(frozen=True)
class LeadList:
    """One page of leads, the newest activity first, and what the list can be narrowed to."""

    rows: list[LeadRow]
    newer: Cursor | None
    older: Cursor | None
    sources: list[tuple[int, str]]
    specialists: list[tuple[int, str]]

    @property
    def shown(self) -> str:
        """How many stand here; of how many would cost more than the page."""
        count = len(self.rows)
        return ngettext("%s lead shown", "%s leads shown", count) % count


def lead_list(
    user: User, filters: LeadFilters, *, cursor: Cursor | None = None, now: datetime
) -> LeadList:
    """A page of the leads the person may see: three queries, and one more for a manager's teams.

    As quick with a million leads as with a thousand: nothing is counted, skipped or sorted whole.
    """
    found = leads_after(user, filters, cursor)
    more, found = len(found) > PAGE, found[:PAGE]
    if cursor and cursor.newer:
        found.reverse()
    newer, older = _neighbours(found, cursor, more=more)
    sources = list(Source.objects.order_by("name").values_list("pk", "name"))
    words = _Words(
        stages={value: str(label) for value, label in Stage.choices},
        sources=dict(sources),
        due=_("due"),
        address=addresses("lead-detail"),
        zone=timezone.get_current_timezone(),
        now=now,
    )
    return LeadList(
        rows=[_row(lead, words) for lead in found],
        newer=newer,
        older=older,
        sources=sources,
        specialists=_specialists(user, found),
    )


class FoundLead(NamedTuple):
    """What the list asks of a lead."""

    pk: int
    external_id: str | None
    stage: str
    source: int
    specialist_id: int | None
    specialist: str | None
    rep: str | None
    documented: int
    next_why: str
    next_at: datetime | None
    activity_at: datetime
    company: str | None
    first_name: str | None
    last_name: str | None
    title: str | None


# Written out, because composing it takes Django as long as everything else that the page does.
_FOUND = """
    SELECT lead.id, lead.external_id, lead.stage, lead.source_id, lead.specialist_id,
           (SELECT name FROM team_user WHERE id = lead.specialist_id),
           (SELECT name FROM team_user WHERE id = lead.rep_id),
           lead.documented, lead.next_touch_why, lead.next_touch_at, lead.activity_at,
           company.name, contact.first_name, contact.last_name, contact.title
      FROM ({heads}) AS head
      JOIN prospects_lead AS lead ON lead.id = head.id
      LEFT JOIN prospects_company AS company ON company.id = lead.company_id
      LEFT JOIN prospects_contact AS contact ON contact.id = lead.contact_id
     ORDER BY lead.activity_at {way}, lead.id {way}"""
_HEADS = """
    SELECT lead.id, lead.activity_at FROM prospects_lead AS lead
     WHERE {conditions} ORDER BY lead.activity_at {way}, lead.id {way} LIMIT %(limit)s"""
_OF_TEAMS = """
    SELECT found.id, found.activity_at
      FROM team_team AS team CROSS JOIN LATERAL ({heads}) AS found WHERE {teams}"""


def leads_after(user: User, filters: LeadFilters, cursor: Cursor | None) -> list[FoundLead]:
    """A page of the leads the person may see, and one more, in the order in which they are walked."""
    way = "ASC" if cursor and cursor.newer else "DESC"
    heads, asked = (
        _heads_by_words(user, filters, cursor)
        if filters.words
        else (_heads(user, filters, cursor, way), _asked(user, filters, cursor))
    )
    with connection.cursor() as database:
        database.execute(_FOUND.format(heads=heads, way=way), asked)
        return [FoundLead(*row) for row in database.fetchall()]


def _heads(user: User, filters: LeadFilters, cursor: Cursor | None, way: str) -> str:
    """The ids of the first page and one lead more, of those the person may see (`leads_of`).

    Each team's leads are walked along its own index and only their heads are merged. Asked for
    several teams at once, the planner walks through everybody's leads or sorts all of theirs, the
    worse the more there are. One specialist's have an index of their own.
    """
    conditions = _conditions(filters, cursor)

    def walk(whose: str) -> str:
        return _HEADS.format(conditions=" AND ".join([whose, *conditions]), way=way)

    if user.is_rep:
        return walk("lead.rep_id = %(user)s")
    if filters.specialist is not None:
        seen = "true" if user.role == Role.ADMIN else "lead.team_id = ANY(%(teams)s)"
        return walk(f"({seen} OR lead.specialist_id = %(user)s)" if user.is_specialist else seen)
    teams = "true" if user.role == Role.ADMIN else "team.id = ANY(%(teams)s)"
    walks = [_OF_TEAMS.format(heads=walk("lead.team_id = team.id"), teams=teams)]
    if user.is_specialist:
        walks.append(f"({walk('lead.specialist_id = %(user)s')})")
    merged = " UNION ".join(walks)
    return f"{merged} ORDER BY activity_at {way}, id {way} LIMIT %(limit)s"


def _conditions(filters: LeadFilters, cursor: Cursor | None) -> list[str]:
    """What `LeadFilters.narrow` says of leads, but for words, and where the page begins."""
    asked = {
        "lead.stage = %(stage)s": filters.stage,
        "lead.source_id = %(source)s": filters.source is not None,
        "lead.specialist_id = %(specialist)s": filters.specialist is not None,
        "lead.specialist_id IS NULL": filters.unassigned,
        "lead.documented >= %(documented)s": filters.documented,
        "(lead.activity_at, lead.id) < (%(at)s, %(pk)s)": cursor and not cursor.newer,
        "(lead.activity_at, lead.id) > (%(at)s, %(pk)s)": cursor and cursor.newer,
    }
    return [condition for condition, is_asked in asked.items() if is_asked]


def _asked(user: User, filters: LeadFilters, cursor: Cursor | None) -> dict[str, Any]:
    return {
        "stage": filters.stage,
        "source": filters.source,
        "specialist": filters.specialist,
        "documented": filters.documented,
        "user": user.pk,
        "teams": user.team_ids,
        "at": cursor.at if cursor else None,
        "pk": cursor.pk if cursor else None,
        "limit": PAGE + 1,
    }


def _heads_by_words(
    user: User, filters: LeadFilters, cursor: Cursor | None
) -> tuple[str, tuple[Any, ...]]:
    """The same where words are asked for: they are looked up in their own index first."""
    leads = _after(filters.narrow(Lead.objects.visible_to(user)), cursor)
    order = OLDEST if cursor and cursor.newer else NEWEST
    return leads.order_by(*order).values("id")[: PAGE + 1].query.sql_with_params()


def _after(leads: LeadQuerySet, cursor: Cursor | None) -> LeadQuerySet:
    if cursor is None:
        return leads
    if cursor.newer:
        beyond = Q(activity_at__gt=cursor.at) | Q(pk__gt=cursor.pk)
        return leads.filter(beyond, activity_at__gte=cursor.at)
    beyond = Q(activity_at__lt=cursor.at) | Q(pk__lt=cursor.pk)
    return leads.filter(beyond, activity_at__lte=cursor.at)


def _neighbours(
    found: list[FoundLead], cursor: Cursor | None, *, more: bool
) -> tuple[Cursor | None, Cursor | None]:
    """Where the newer and the older page begin; None where there is none."""
    if not found:
        return None, None
    first, last = found[0], found[-1]
    came_back = cursor is not None and cursor.newer
    has_newer = more if came_back else cursor is not None
    has_older = came_back or more
    return (
        Cursor(first.activity_at, first.pk, newer=True) if has_newer else None,
        Cursor(last.activity_at, last.pk) if has_older else None,
    )


def _specialists(user: User, leads: list[FoundLead]) -> list[tuple[int, str]]:
    """Who works here and whom the leads name: one query."""
    here = User.objects.visible_to(user).specialists().active()
    people = dict(here.values_list("pk", "name"))
    people |= {lead.specialist_id: lead.specialist or "" for lead in leads if lead.specialist_id}
    return sorted(people.items(), key=lambda person: (person[1].casefold(), person[0]))


class _Words(NamedTuple):
    """What the ids and keys in a list are called, in the reader's language, and their clock."""

    stages: dict[str, str]
    sources: dict[int, str]
    due: str
    address: Callable[[int], str]
    zone: tzinfo
    now: datetime


def _row(lead: FoundLead, words: _Words) -> LeadRow:
    person = f"{lead.first_name or ''} {lead.last_name or ''}".strip()
    beside = (person if lead.company else "", lead.title or "")
    next_on, is_due = "", False
    if lead.next_at:
        local, is_due = lead.next_at.astimezone(words.zone), lead.next_at <= words.now
        next_on = (
            f"{words.due} {written(local)}"
            if is_due
            else f"{written(local, 'D, M j')}, {clock(local)}"
        )
    return LeadRow(
        pk=lead.pk,
        url=words.address(lead.pk),
        headline=headline(lead.company or "", person, lead.external_id or "", lead.pk),
        contact=", ".join(filter(None, beside)),
        stage=words.stages[lead.stage],
        source=words.sources.get(lead.source, ""),
        specialist=lead.specialist or "",
        rep=lead.rep or "",
        documented=str(lead.documented),
        next_on=next_on,
        next_tone="due" if is_due else "",
        next_why=lead.next_why,
        active_at=lead.activity_at.isoformat(),
        active=age(lead.activity_at, words.now),
    )


def leads_with_address(user: User, *, email_key: str, phone_key: str) -> list[Lead]:
    """Up to five leads of somebody with this address, or of their company: two queries."""
    same = Q(pk__in=[])
    if email_key:
        same |= Q(email_key=email_key)
    if phone_key:
        same |= Q(phone_key=phone_key)
    people = list(Contact.objects.filter(same).values_list("pk", "company")[:100])
    of_them = Q(contact__in=[pk for pk, _company in people])
    of_company = Q(company__in=[company for _pk, company in people if company])
    found = Lead.objects.visible_to(user).filter(of_them | of_company)
    return list(found.select_related("company", "contact").order_by(*NEWEST)[:5])


# The standard


@dataclass(frozen=True)
class AttributeTerms:
    """What a version asks of one attribute, in words, and what the version in force asks instead."""

    label: StrOrPromise
    least: StrOrPromise
    shelf: StrOrPromise
    least_before: StrOrPromise
    shelf_before: StrOrPromise
    """Before: empty where nothing changes."""


@dataclass(frozen=True)
class Term:
    """One of the other terms."""

    label: StrOrPromise
    words: StrOrPromise
    before: StrOrPromise


@dataclass(frozen=True)
class Signature:
    """What one side has said to a version."""

    side: StrOrPromise
    by: str
    at: datetime | None
    could_sign: list[str]
    """Who may sign for this side; empty where nobody can yet."""


@dataclass(frozen=True)
class StandardVersion:
    """One version of the standard, in words."""

    standard: Standard
    attributes: list[AttributeTerms]
    terms: list[Term]
    signatures: list[Signature]


@dataclass(frozen=True)
class StandardPage:
    """What is in force, what is being drafted, and what came before."""

    in_force: StandardVersion | None
    draft: StandardVersion | None
    earlier: list[StandardVersion]
    may_sign: bool
    side: StrOrPromise
    """The side the reader stands for; empty: neither."""


def standard_page(user: User) -> StandardPage:
    """Every version of the standard, in words: two queries."""
    versions = list(
        Standard.objects.select_related("marketing_by", "sales_by").order_by("-version")
    )
    signatories: dict[str, list[str]] = {side: [] for side in Side.values}
    managers = User.objects.active().filter(role__in=(Role.MANAGER, Role.ADMIN))
    for name, side in managers.exclude(side="").order_by("name").values_list("name", "side"):
        signatories[side].append(name)
    signed = [v for v in versions if v.signed_at]
    in_force = signed[0] if signed else None
    draft = versions[0] if versions and versions[0].signed_at is None else None
    return StandardPage(
        in_force=_version(in_force, None, signatories) if in_force else None,
        draft=_version(draft, in_force, signatories) if draft else None,
        earlier=[
            _version(version, before, signatories)
            for version, before in zip(signed[1:], [*signed[2:], None], strict=False)
        ],
        may_sign=draft is not None and _may_sign(draft, user),
        side=Side(user.side).label if user.side else "",
    )


def _may_sign(draft: Standard, user: User) -> bool:
    signed = {Side.MARKETING: draft.marketing_by_id, Side.SALES: draft.sales_by_id}
    return bool(user.side) and user.pk not in signed.values() and signed[Side(user.side)] is None


def _version(
    standard: Standard, before: Standard | None, signatories: dict[str, list[str]]
) -> StandardVersion:
    """A version in words, with what it changes against the one `before` it."""
    was = before.terms if before else standard.terms
    terms = standard.terms

    def changed(now: StrOrPromise, then: StrOrPromise) -> StrOrPromise:
        return then if then != now else ""

    attributes = []
    for attribute in Attribute:
        asked, asked_before = terms.requirements[attribute], was.requirements[attribute]
        least, shelf = LEAST_WORDS[asked.least], _shelf(asked.shelf_days)
        attributes.append(
            AttributeTerms(
                label=attribute.label,
                least=least,
                shelf=shelf,
                least_before=changed(least, LEAST_WORDS[asked_before.least]),
                shelf_before=changed(shelf, _shelf(asked_before.shelf_days)),
            )
        )
    return StandardVersion(
        standard=standard,
        attributes=attributes,
        terms=[
            Term(label, words, changed(words, then))
            for label, words, then in zip(
                TERM_LABELS, _term_words(terms), _term_words(was), strict=True
            )
        ],
        signatures=[
            Signature(side.label, str(by or ""), at, signatories[side])
            for side, by, at in (
                (Side.MARKETING, standard.marketing_by, standard.marketing_at),
                (Side.SALES, standard.sales_by, standard.sales_at),
            )
        ],
    )


LEAST_WORDS: dict[str, StrOrPromise] = {
    State.CONFIRMED: gettext_lazy("they said so"),
    State.ASSUMED: gettext_lazy("our own research"),
}
TERM_LABELS = (
    gettext_lazy("Touches of ours before sales gets it"),
    gettext_lazy("They want to decide"),
    gettext_lazy("Attributes that make an MQL"),
)
HORIZON_WORDS = {
    Horizon.NEAR_TERM: gettext_lazy("near-term, within six months"),
    Horizon.LONG_TERM: gettext_lazy("long-term or sooner"),
    Horizon.UNKNOWN: gettext_lazy("whenever they want"),
}


def _shelf(days: int | None) -> str:
    return ngettext("%s day", "%s days", days) % days if days else _("for good")


def _term_words(terms: Terms) -> tuple[StrOrPromise, ...]:
    return (
        _("at least %s") % terms.least_touches,
        HORIZON_WORDS[Horizon(terms.least_horizon)],
        _("%s or more") % terms.mql_attributes,
    )


# What screening asks of the organisation


def lists_of_organisation() -> Lists:
    """The competitors and consultants that screening looks for."""
    found: dict[str, set[str]] = {}
    for listing in Listing.objects.all():
        found.setdefault(f"{listing.kind}_domains", set()).add(listing.domain)
        found.setdefault(f"{listing.kind}_names", set()).add(listing.name_key)
    return Lists(**{name: frozenset(values - {""}) for name, values in found.items()})


def market_of(organisation: Organisation) -> Market:
    """What the program is for, as screening asks it."""
    return Market(
        countries=frozenset(organisation.market_countries),
        naics=tuple(organisation.market_naics),
        min_employees=organisation.market_min_employees,
        max_employees=organisation.market_max_employees,
    )
