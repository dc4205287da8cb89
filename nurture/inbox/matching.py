"""Whose a message is: by what it answers, then by who wrote it. A fixed number of questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from nurture.inbox.kinds import Kind
from nurture.inbox.reading import Received
from nurture.models import IncomingMail, Submission, Touch
from nurture.touching import Channel, Direction
from prospects.consents.hashing import hash_of
from prospects.models import Contact, Lead
from team.models import User

REPORTED_WITHIN = timedelta(days=7)
"""How old a message of ours may be that a report names by the address alone."""
STRANGER_WITHIN = timedelta(days=1)
MOST = 20
REPORTS = frozenset(
    {
        Kind.HARD_BOUNCE,
        Kind.SOFT_BOUNCE,
        Kind.DELAYED,
        Kind.DELIVERED,
        Kind.COMPLAINT,
        Kind.OPT_OUT,
    }
)
"""Written by machines about a message of ours; who is named as the sender says nothing."""


@dataclass(frozen=True)
class Match:
    """Whose a message is, or may be."""

    is_sure: bool
    why: str
    """How it was found, or what is in doubt: in words."""
    lead: Lead | None = None
    contact: Contact | None = None
    """Who wrote it, or whose address it is about; None for somebody of theirs whom we do not have."""
    submission: Submission | None = None
    """The message of ours that it is about."""


def sure(
    why: str, lead: Lead, contact: Contact | None = None, submission: Submission | None = None
) -> Match:
    """It is theirs."""
    return Match(is_sure=True, why=why, lead=lead, contact=contact, submission=submission)


def doubt(
    why: str,
    lead: Lead | None = None,
    contact: Contact | None = None,
    submission: Submission | None = None,
) -> Match:
    """A person decides; `lead` is what they are asked first."""
    return Match(is_sure=False, why=why, lead=lead, contact=contact, submission=submission)


def match(received: Received, *, now: datetime) -> Match:
    """Find the lead that a message belongs to; without one, or in doubt, a person decides."""
    submission = _submission_of(received, now)
    if received.kind in REPORTS:
        return _of_report(received, submission)
    if submission is not None:
        return _of_thread(received, submission, now)
    return _of_sender(received)


def _submission_of(received: Received, now: datetime) -> Submission | None:
    """The message of ours that it answers or reports on: its opt-out, its thread, its address."""
    submissions = Submission.objects.select_related(
        "planned__lead__company", "planned__lead__contact", "planned__contact__company"
    )
    if received.token:
        return submissions.filter(unsubscribe_token=received.token).first()
    if received.mentions:
        found = {
            submission.message_id: submission
            for submission in submissions.filter(message_id__in=received.mentions).order_by("pk")
        }
        nearest = (found[one] for one in received.mentions if one in found)
        if (submission := next(nearest, None)) is not None:
            return submission
    if received.kind in REPORTS and received.about:
        hashed = hash_of(Channel.EMAIL, received.about)
        lately = submissions.filter(address_hash=hashed, opened_at__gt=now - REPORTED_WITHIN)
        return lately.order_by("-opened_at").first()
    return None


def _of_report(received: Received, submission: Submission | None) -> Match:
    """A report on a message of ours. It must name the address: a Message-ID alone can be guessed."""
    if submission is None:
        return doubt(_("it is about no message of ours"))
    planned = submission.planned
    if not received.about:
        return doubt(
            _("it does not say whose address it is about"),
            planned.lead,
            submission=submission,
        )
    if hash_of(Channel.EMAIL, received.about) != submission.address_hash:
        return doubt(
            _("it is about an address we did not write to"), planned.lead, submission=submission
        )
    contact = planned.contact if planned.contact.email_key == received.about else None
    return sure(_("it is about our message to them"), planned.lead, contact, submission)


def _of_thread(received: Received, submission: Submission, now: datetime) -> Match:
    """An answer to a message of ours, from whomever: a stranger may answer for one lead, not for many."""
    lead, to = submission.planned.lead, submission.planned.contact
    if received.token or received.sender in {to.email_key, ""}:
        why = _("it answers our message to them")
        return sure(why, lead, to, submission)
    if contact := _colleague(received.sender, lead):
        return sure(_("a colleague answers our message"), lead, contact, submission)
    if _is_ours(received.sender):
        return doubt(_("one of us sent it on"), lead, submission=submission)
    if received.kind == Kind.UNSUBSCRIBE:
        return doubt(_("another address than we wrote to asks it"), lead, submission=submission)
    if not _is_of_company(received.sender, lead, to) and _answers_for_others(received, lead, now):
        why = _("a stranger who answered for another lead too")
        return doubt(why, lead, submission=submission)
    why = _("it answers our message, from another address")
    return sure(why, lead, submission=submission)


def _colleague(address: str, lead: Lead) -> Contact | None:
    of_lead = Q(pk=lead.contact_id)
    if lead.company_id is not None:
        of_lead |= Q(company=lead.company_id)
    return Contact.objects.filter(of_lead, email_key=address).order_by("pk").first()


def _is_ours(address: str) -> bool:
    return User.objects.filter(email=address).exists()


def _is_of_company(address: str, lead: Lead, to: Contact) -> bool:
    """Whether it is their company's domain, as we have it or as their own address says."""
    domain = address.rpartition("@")[2]
    ours = {to.email_key.rpartition("@")[2], lead.company.domain if lead.company else ""}
    return bool(domain) and domain in ours


def _answers_for_others(received: Received, lead: Lead, now: datetime) -> bool:
    lately = IncomingMail.objects.filter(
        sender=received.sender, received_at__gt=now - STRANGER_WITHIN, lead__isnull=False
    )
    return lately.exclude(lead=lead).exists()


def _of_sender(received: Received) -> Match:
    """By the address alone; of several leads the one that was last written to."""
    if not received.sender:
        return doubt(_("it has no sender"))
    if _is_ours(received.sender):
        return doubt(_("one of us sent it"))
    contacts = list(Contact.objects.filter(email_key=received.sender).order_by("pk")[:MOST])
    if not contacts:
        return doubt(_("nobody has this address"))
    by_contact = Q(contact__in=contacts)
    companies = [contact.company_id for contact in contacts if contact.company_id is not None]
    leads = list(
        Lead.objects.filter(by_contact | Q(company__in=companies))
        .select_related("company", "contact")
        .order_by("-activity_at", "-pk")[:MOST]
    )
    if not leads:
        return doubt(_("they belong to no lead"))
    lead, why = _one_of(leads, contacts)
    contact = next((one for one in contacts if _belongs(one, lead)), None)
    if received.kind in {Kind.BULK, Kind.UNREADABLE}:
        return doubt(str(Kind(received.kind).label), lead, contact)
    if not why:
        return doubt(_("they are in several leads"), lead, contact)
    return sure(why, lead, contact)


def _one_of(leads: list[Lead], contacts: list[Contact]) -> tuple[Lead, str]:
    """The lead, and how it was chosen; without a word where none is more likely than another."""
    if len(leads) == 1:
        return leads[0], _("by their address")
    by_pk = {lead.pk: lead for lead in leads}
    written = dict(
        Touch.objects.standing()
        .filter(lead__in=leads, contact__in=contacts, direction=Direction.OUT)
        .values_list("lead")
        .annotate(last=Max("occurred_at"))
    )
    if written:
        last = max(written.values())
        latest = [pk for pk, at in written.items() if at == last]
        if len(latest) == 1:
            return by_pk[latest[0]], _("by their address; of their leads the one last written to")
    ids = {contact.pk for contact in contacts}
    theirs = [lead for lead in leads if lead.contact_id in ids]
    if len(theirs) == 1:
        return theirs[0], _("by their address")
    return (theirs or leads)[0], ""


def _belongs(contact: Contact, lead: Lead) -> bool:
    same_company = contact.company_id is not None and contact.company_id == lead.company_id
    return contact.pk == lead.contact_id or same_company
