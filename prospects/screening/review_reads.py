"""What the pages of screening show: the doubtful leads one by one, and who was screened out lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prospects.heads import heads
from prospects.models import Company, Contact, Lead, StageChange
from prospects.reads import NEWEST, Cursor
from prospects.screening.judging import FLAGS, Rule, Weight
from prospects.screening.overruling import findings_of
from prospects.stages import Stage
from team.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

WAITING = 15
OUT = 50
NEWEST_RECEIVED = ("-received_at", "-pk")
LONGEST_NOTE = 400
REASONS = tuple(rule for rule in Rule if rule not in FLAGS)
"""What a lead may be screened out for, in the order of the keys 1 to 6."""


@dataclass(frozen=True)
class Known:
    """One thing we know, with its name."""

    label: str
    words: str


@dataclass(frozen=True)
class DoubtfulLead:
    """A lead that waits for a look: why, and what we know."""

    pk: int
    headline: str
    person: str
    doubts: list[tuple[str, str]]
    """The rule in words, and what it found."""
    rules: list[str]
    """The rules that doubt it, in words."""
    others: list[str]
    """What else screening found: flags, and what was overruled before."""
    known: list[Known]
    note: str
    received_at: datetime
    source: str
    cursor: Cursor


@dataclass(frozen=True)
class ReviewPage:
    """The lead to decide on now, and those that come after it."""

    current: DoubtfulLead | None
    waiting: list[DoubtfulLead]
    more: bool
    """Whether still others wait beyond these."""


def review_page(
    user: User, *, after: Cursor | None = None, chosen: int | None = None
) -> ReviewPage:
    """The doubtful leads that the person may see, the newest first: one query.

    `after` leaves out those up to a place, `chosen` brings one of the others up first.
    """
    doubtful = Lead.objects.doubtful()
    if after is not None:
        beyond = Q(received_at__lt=after.at) | Q(pk__lt=after.pk)
        doubtful = doubtful.filter(beyond, received_at__lte=after.at)
    found = heads(user, doubtful, NEWEST_RECEIVED, WAITING + 2)
    leads = list(found.select_related("company__naics", "company__sic", "contact", "source"))
    more, leads = len(leads) > WAITING + 1, leads[: WAITING + 1]
    leads.sort(key=lambda lead: lead.pk != chosen)
    rows = [_doubtful(lead) for lead in leads]
    return ReviewPage(current=rows[0] if rows else None, waiting=rows[1:], more=more)


def _doubtful(lead: Lead) -> DoubtfulLead:
    findings = findings_of(lead)
    doubts = [reason for reason in findings if reason.weight == Weight.DOUBT]
    contact = lead.contact or Contact()
    person = ", ".join(filter(None, (contact.name, contact.title)))
    headline = lead.headline
    return DoubtfulLead(
        pk=lead.pk,
        headline=headline,
        person=contact.title if contact.name == headline else person,
        doubts=[(str(Rule(reason.rule).label), reason.words) for reason in doubts],
        rules=list(dict.fromkeys(str(Rule(reason.rule).label) for reason in doubts)),
        others=[reason.words for reason in findings if reason.weight != Weight.DOUBT],
        known=_known(lead, contact, lead.company or Company()),
        note=Truncator(lead.note).chars(LONGEST_NOTE),
        received_at=lead.received_at,
        source=lead.source.name,
        cursor=Cursor(lead.received_at, lead.pk),
    )


def _known(lead: Lead, contact: Contact, company: Company) -> list[Known]:
    industry = company.industry
    size = [
        ngettext("%s person", "%s people", company.employees) % f"{company.employees:,}"
        if company.employees is not None
        else "",
        f"{company.revenue:,.0f} {_('a year')}" if company.revenue is not None else "",
    ]
    told = (
        (_("Company"), company.name if company.name != lead.headline else ""),
        (_("Web site"), company.domain),
        (_("Industry"), str(industry) if industry else ""),
        (_("Size"), ", ".join(filter(None, size))),
        (_("Place"), ", ".join(filter(None, (company.street, company.postal_code, company.place)))),
        (_("Email"), contact.email),
        (_("Phone"), contact.phone),
    )
    return [Known(label, words) for label, words in told if words]


# Who was screened out


@dataclass(frozen=True)
class ScreenedOutLead:
    """A lead that was screened out, by whom and why."""

    pk: int
    headline: str
    person: str
    rule: str
    words: str
    by: str
    """Empty: a rule."""
    at: datetime


@dataclass(frozen=True)
class ScreenedOutPage:
    """Those screened out, the latest first, of one reason or all."""

    rows: list[ScreenedOutLead]
    older: Cursor | None


def screened_out_page(
    user: User, *, rule: str = "", after: Cursor | None = None
) -> ScreenedOutPage:
    """A page of those screened out that the person may see: two queries."""
    out = (
        Lead.objects.screened_out_for(rule)
        if rule
        else Lead.objects.filter(stage=Stage.SCREENED_OUT)
    )
    if after is not None:
        beyond = Q(activity_at__lt=after.at) | Q(pk__lt=after.pk)
        out = out.filter(beyond, activity_at__lte=after.at)
    leads = list(heads(user, out, NEWEST, OUT + 1).select_related("company", "contact"))
    more, leads = len(leads) > OUT, leads[:OUT]
    last = leads[-1] if more else None
    changes = _last_changes([lead.pk for lead in leads])
    return ScreenedOutPage(
        rows=[_screened_out(lead, changes[lead.pk]) for lead in leads if lead.pk in changes],
        older=Cursor(last.activity_at, last.pk) if last else None,
    )


def _last_changes(lead_ids: list[int]) -> dict[int, StageChange]:
    changes = StageChange.objects.filter(
        lead__in=lead_ids, to_stage=Stage.SCREENED_OUT, superseded_at__isnull=True
    )
    return {change.lead_id: change for change in changes.select_related("by").order_by("at", "id")}


LABELS: dict[str, StrOrPromise] = dict(Rule.choices)


def _screened_out(lead: Lead, change: StageChange) -> ScreenedOutLead:
    person = lead.contact.name if lead.contact else ""
    return ScreenedOutLead(
        pk=lead.pk,
        headline=lead.headline,
        person="" if person == lead.headline else person,
        rule=str(LABELS.get(change.reason) or change.reason.replace("_", " ")),
        words=change.note,
        by=str(change.by or ""),
        at=change.at,
    )
