"""Who a sender is, and what the pages of sources, their forms and their costs show.

Frozen dataclasses, a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from prospects import keys
from prospects.capture.inquiry import Sender
from prospects.models import Asked, Contact, Fate, Inquiry, Lead, Source, SourceCost, WebForm
from prospects.stages import GIVEN_UP, WITH_SALES, WORKED, Stage
from team.models import User

COUNTED_FOR = timedelta(days=30)
MOST_SHOWN = 50
MOST_LOOKED_AT = 20
MOST_NAMES = 200
_LOOKED_AT = ("company_id", "first_name", "last_name", "email_key")
"""Most senders are nobody we know: the rest of a person is read when one is found."""


class Known(NamedTuple):
    """Somebody we have, and the lead that their asking is about."""

    contact: Contact
    lead: Lead


def known_sender(sender: Sender) -> Known | None:
    """The certain duplicate of a sender (domain.md, section 4); two or three indexed queries.

    The same email address; the same phone, unless the names differ; the same name at the same company,
    by its domain or its name. Of several leads the one that is worked, else the last that was active.
    """
    contact = _same_address(sender) or _same_name(sender)
    if contact is None:
        return None
    about_them = Q(contact=contact)
    if contact.company_id is not None:
        about_them |= Q(company=contact.company_id)
    leads = Lead.objects.filter(about_them).order_by("-activity_at", "-pk")[:MOST_LOOKED_AT]
    best = min(
        leads, key=lambda lead: (_order(lead.stage), lead.contact_id != contact.pk), default=None
    )
    return Known(contact, best) if best is not None else None


def _order(stage: str) -> int:
    in_order = (WORKED, WITH_SALES, GIVEN_UP, {Stage.SCREENED_OUT}, {Stage.WON})
    return next(number for number, stages in enumerate(in_order) if stage in stages)


def _same_address(sender: Sender) -> Contact | None:
    same = Q(pk__in=[])
    if sender.email_key:
        same |= Q(email_key=sender.email_key)
    if sender.phone_key:
        same |= Q(phone_key=sender.phone_key)
    found = Contact.objects.filter(same).only(*_LOOKED_AT).order_by("pk")[:MOST_LOOKED_AT]
    name = keys.person_key(sender.first_name, sender.last_name)
    for contact in sorted(found, key=lambda contact: contact.email_key != sender.email_key):
        if sender.email_key and contact.email_key == sender.email_key:
            return contact
        theirs = keys.person_key(contact.first_name, contact.last_name)
        if not name or not theirs or name == theirs:
            return contact
    return None


def _same_name(sender: Sender) -> Contact | None:
    company = Q(pk__in=[])
    if sender.domain:
        company |= Q(company__domain=sender.domain)
    if company_key := keys.company_key(sender.company):
        company |= Q(company__name_key=company_key)
    name = keys.person_key(sender.first_name, sender.last_name)
    if not (sender.first_name and sender.last_name and (sender.domain or company_key)):
        return None
    found = Contact.objects.filter(company).only(*_LOOKED_AT).order_by("pk")[:MOST_NAMES]
    return next((c for c in found if keys.person_key(c.first_name, c.last_name) == name), None)


# Sources and their forms


@dataclass(frozen=True)
class FormRow:
    """One form, and what came through it in the last thirty days."""

    form: WebForm
    received: int
    aside: int
    """Of them: still waiting for a person's word."""
    screened_out: int


@dataclass(frozen=True)
class SourceRow:
    """One source, its forms that the reader may see, and its cost of the last twelve months."""

    source: Source
    forms: tuple[FormRow, ...]
    cost: Decimal


@dataclass(frozen=True)
class SourcesPage:
    sources: tuple[SourceRow, ...]
    aside: int
    """Inquiries that wait for a word, “50” at most."""


def sources_page(user: User, now: datetime) -> SourcesPage:
    """All sources, those with forms first: five queries, however many there are."""
    forms = list(WebForm.objects.visible_to(user).select_related("team").order_by("name", "pk"))
    counts = counts_of(forms, now)
    by_source: dict[int, list[FormRow]] = {}
    for form in forms:
        by_source.setdefault(form.source_id, []).append(_form_row(form, counts))
    year_ago = (now - timedelta(days=365)).date()
    costs = dict(
        SourceCost.objects.filter(month_on__gt=year_ago)
        .values_list("source")
        .annotate(sum=Sum("amount"))
    )
    rows = [
        SourceRow(source, tuple(by_source.get(source.pk, ())), costs.get(source.pk, Decimal(0)))
        for source in Source.objects.order_by("name")
    ]
    aside = Inquiry.objects.visible_to(user).aside().order_by("-received_at", "-pk")
    return SourcesPage(
        sources=tuple(sorted(rows, key=lambda row: not row.forms)),
        aside=len(aside.values_list("pk")[:MOST_SHOWN]),
    )


def form_row(form: WebForm, now: datetime) -> FormRow:
    """One form with its counts: one query."""
    return _form_row(form, counts_of([form], now))


def counts_of(forms: list[WebForm], now: datetime) -> Mapping[int, tuple[int, int, int]]:
    """Received, kept aside and screened out through each form in the last thirty days: one query."""
    counted = (
        Inquiry.objects.filter(form__in=forms, received_at__gt=now - COUNTED_FOR)
        .values("form")
        .annotate(
            received=Count("pk"),
            aside=Count("pk", filter=Q(fate=Fate.ASIDE)),
            screened_out=Count("pk", filter=Q(screened_out=True)),
        )
        .values_list("form", "received", "aside", "screened_out")
    )
    return {pk: (received, aside, out) for pk, received, aside, out in counted}


def _form_row(form: WebForm, counts: Mapping[int, tuple[int, int, int]]) -> FormRow:
    return FormRow(form, *counts.get(form.pk, (0, 0, 0)))


# Inquiries


@dataclass(frozen=True)
class SaidField:
    """One field as it was typed."""

    label: str
    value: str


@dataclass(frozen=True)
class InquiryRow:
    """What somebody sent, field by field, and why it was kept aside."""

    inquiry: Inquiry
    said: tuple[SaidField, ...]
    message: str
    doubts: tuple[str, ...]


def inquiries_aside(user: User) -> list[InquiryRow]:
    """Those that wait for a person's word, the newest first, fifty at most: one query."""
    found = Inquiry.objects.visible_to(user).aside().select_related("form__source")
    return [inquiry_row(inquiry) for inquiry in found.order_by("-received_at", "-pk")[:MOST_SHOWN]]


def inquiries_of(lead: Lead) -> list[InquiryRow]:
    """What came in for this lead, as it was typed, the newest first: one query."""
    found = Inquiry.objects.filter(lead=lead).select_related("form__source")
    return [inquiry_row(inquiry) for inquiry in found.order_by("-received_at", "-pk")[:MOST_SHOWN]]


def inquiry_row(inquiry: Inquiry) -> InquiryRow:
    said = [
        SaidField(str(field.label), str(inquiry.said[field]))
        for field in Asked
        if inquiry.said.get(field) and field != Asked.MESSAGE
    ]
    return InquiryRow(
        inquiry,
        tuple(said),
        str(inquiry.said.get(Asked.MESSAGE, "")),
        tuple(reason["words"] for reason in inquiry.suspicions),
    )


# Costs


@dataclass(frozen=True)
class CostRow:
    """What a source cost in a month, and in the month before; None where nobody said."""

    source: Source
    amount: Decimal | None
    before: Decimal | None


def costs_of(month_on: date) -> list[CostRow]:
    """Every source with its cost in the month that begins on that day: two queries."""
    before_on = (month_on - timedelta(days=1)).replace(day=1)
    said = {
        (source, on): amount
        for source, on, amount in SourceCost.objects.filter(
            month_on__in=[month_on, before_on]
        ).values_list("source", "month_on", "amount")
    }
    return [
        CostRow(source, said.get((source.pk, month_on)), said.get((source.pk, before_on)))
        for source in Source.objects.order_by("name")
    ]
