"""Takes in what people ask through a form, and what a person says of what was kept aside.

One verb for the page and for programs: who is known already is found, revived, and given a touch;
who is not becomes a raw lead, screened and routed as every other. The sender never learns which.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from nurture.actions import log_touch
from nurture.touching import Channel, Outcome
from prospects import actions as prospects
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, NotAllowed
from prospects.capture.inquiry import SAME_AGAIN_WITHIN, Doubt, Sender, digest_of, read_sender
from prospects.capture.reads import Known, known_sender
from prospects.consents.actions import record_consent
from prospects.models import Arrival, Contact, Fate, Inquiry, Lead, WebForm
from prospects.models import Consent as Given
from prospects.stages import Stage
from team.models import Organisation, User


@dataclass(frozen=True)
class Consent:
    """The words that stood beside the form, and whether the sender agreed to them."""

    given: bool = False
    words: str = ""
    version: int | None = None


NO_CONSENT = Consent()


@transaction.atomic
def receive_inquiry(
    *,
    form: WebForm,
    said: Mapping[str, str],
    way: str,
    now: datetime,
    doubts: Sequence[Doubt] = (),
    consent: Consent = NO_CONSENT,
    page: str = "",
    idempotency_key: uuid.UUID | None = None,
) -> Inquiry:
    """Keep what was sent, as it was typed; make a lead of it, or find theirs, unless there are doubts.

    The same words through the same form within a day, and the same `idempotency_key`, are the same
    inquiry again; that its words are the same too is for the caller to check. Senders with one
    address, and the same words, take turns: twice at once makes one lead.
    """
    sender, digest = read_sender(said, _home()), digest_of(form.pk, said)
    _take_turns(
        f"key {form.pk} {idempotency_key}" if idempotency_key else "",
        f"digest {digest}",
        f"email {sender.email_key}" if sender.email_key else "",
        f"phone {sender.phone_key}" if sender.phone_key else "",
    )
    earlier = _sent_before(form, digest, idempotency_key, now)
    if earlier is not None:
        return earlier
    inquiry = Inquiry(
        form=form,
        received_at=now,
        way=way,
        said=dict(said),
        page=page[:500],
        digest=digest,
        idempotency_key=idempotency_key,
        fate=Fate.ASIDE,
        suspicions=[{"rule": str(doubt.rule), "words": doubt.words} for doubt in doubts],
        consent=consent.given and bool(consent.words),
        consent_words=consent.words,
        consent_version=consent.version if consent.words else None,
    )
    if not doubts:
        _take_in(inquiry, sender, now)
    inquiry.save()
    return inquiry


@transaction.atomic
def take_inquiry(*, inquiry: Inquiry, by: User, now: datetime) -> Inquiry:
    """A person's word that what was kept aside is no spam: it is taken in as if it had just come.

    It asked when it was sent; so its first hour is counted from then. Refuses (NotAllowed) a rep, and
    an inquiry about which somebody decided already.
    """
    inquiry = _undecided(inquiry, by)
    sender = read_sender(inquiry.said, _home())
    _take_turns(f"email {sender.email_key}", f"phone {sender.phone_key}")
    _take_in(inquiry, sender, now)
    _decide(inquiry, by, now)
    return inquiry


@transaction.atomic
def discard_inquiry(*, inquiry: Inquiry, by: User, now: datetime) -> Inquiry:
    """A person's word that it is spam: it stays on record, and nobody is asked again.

    Refuses (NotAllowed) a rep, and an inquiry about which somebody decided already.
    """
    inquiry = _undecided(inquiry, by)
    inquiry.fate = Fate.DISCARDED
    _decide(inquiry, by, now)
    return inquiry


def _home() -> str:
    return Organisation.current().country


def _undecided(inquiry: Inquiry, by: User) -> Inquiry:
    prospects.refuse_reps(by)
    inquiry = (
        Inquiry.objects.select_for_update(of=("self",)).select_related("form").get(pk=inquiry.pk)
    )
    if inquiry.fate != Fate.ASIDE:
        raise NotAllowed(_("Somebody has decided about this already."))
    return inquiry


def _decide(inquiry: Inquiry, by: User, now: datetime) -> None:
    inquiry.decided_by, inquiry.decided_at = by, now
    inquiry.save(update_fields=["fate", "lead", "screened_out", "decided_by", "decided_at"])


def _take_turns(*names: str) -> None:
    """Wait until nobody else takes in the same; until the transaction ends they wait for us.

    Always in one order, so that two never wait for each other.
    """
    numbers = sorted(
        int.from_bytes(hashlib.sha256(f"inquiry {name}".encode()).digest()[:8], "big", signed=True)
        for name in set(names)
        if name
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS number", [numbers]
        )


def _sent_before(
    form: WebForm, digest: str, key: uuid.UUID | None, now: datetime
) -> Inquiry | None:
    theirs = Inquiry.objects.filter(form=form)
    if key is not None and (earlier := theirs.filter(idempotency_key=key).first()):
        return earlier
    recently = theirs.filter(digest=digest, received_at__gt=now - SAME_AGAIN_WITHIN)
    return recently.order_by("-pk").first()


def _take_in(inquiry: Inquiry, sender: Sender, now: datetime) -> None:
    """Make a lead of it, or a touch of the lead they have, and say which on the inquiry."""
    form, known = inquiry.form, known_sender(sender)
    if known is not None and known.lead.stage != Stage.WON:
        inquiry.fate, inquiry.lead = Fate.KNOWN, known.lead
        _keep_consent(inquiry, known.contact, sender, now)
        _ask_again(known, inquiry, sender, now)
        return
    inquiry.fate = Fate.NEW
    inquiry.lead = prospects.create_lead(
        source=form.source,
        team=form.team,
        company=CompanyDetails() if known else _company(sender),
        contact=ContactDetails() if known else _contact(sender),
        known=known.contact if known else None,  # who bought has another need, and is nobody new
        details=LeadDetails(note=sender.message or None),
        by=None,
        now=now,
        asked_at=inquiry.received_at,
    )
    inquiry.screened_out = inquiry.lead.stage == Stage.SCREENED_OUT
    _keep_consent(inquiry, inquiry.lead.contact, sender, now)


def _keep_consent(inquiry: Inquiry, contact: Contact | None, sender: Sender, now: datetime) -> None:
    """What they agreed to counts for the addresses that they typed. It lifts no suppression."""
    if not inquiry.consent or contact is None:
        return
    words = _("Form “%(form)s”, wording %(version)s: %(words)s") % {
        "form": inquiry.form.name,
        "version": inquiry.consent_version,
        "words": inquiry.consent_words,
    }
    for channel, address in (("email", sender.email_key), ("phone", sender.phone_key)):
        if address:
            record_consent(
                contact=contact,
                channel=channel,
                address=address,
                basis=Given.Basis.CONSENT,
                source=Given.Source.FORM,
                words=words,
                given_at=min(inquiry.received_at, now),
                by=None,
                now=now,
            )


def _ask_again(known: Known, inquiry: Inquiry, sender: Sender, now: datetime) -> None:
    """They are known: the source counts once more, and they were in touch with us."""
    Arrival.objects.create(
        lead=known.lead,
        source=inquiry.form.source,
        received_at=inquiry.received_at,
        differs=_differences(known.contact, sender),
    )
    Lead.objects.filter(pk=known.lead.pk).update(asked_at=inquiry.received_at)
    log_touch(
        lead=known.lead,
        channel=Channel.WEB,
        outcome=Outcome.FORM,
        occurred_at=inquiry.received_at,
        contact=known.contact,
        note=sender.message,
        by=None,
        now=now,
    )


def _company(sender: Sender) -> CompanyDetails:
    """What they say of their company; its domain stands in for a name that they did not say."""
    name = sender.company or sender.domain
    return CompanyDetails(
        name=name or None,
        domain=sender.domain or None,
        country=sender.country or None,
        city=sender.city or None,
    )


def _contact(sender: Sender) -> ContactDetails:
    return ContactDetails(
        first_name=sender.first_name or None,
        last_name=sender.last_name or None,
        title=sender.title or None,
        email=sender.email or None,
        phone=sender.phone_key or sender.phone or None,  # as it was typed it stands in the inquiry
    )


def _differences(contact: Contact, sender: Sender) -> str:
    """What they say otherwise than we have it, in words; nothing of ours is overwritten by a form."""
    pairs = (
        (_("name"), contact.name, f"{sender.first_name} {sender.last_name}".strip()),
        (_("title"), contact.title, sender.title),
        (_("email"), contact.email, sender.email),
        (_("phone"), contact.phone, sender.phone),
        (_("company"), contact.company.name if contact.company else "", sender.company),
    )
    return "; ".join(
        f"{name}: {theirs}"
        for name, ours, theirs in pairs
        if theirs and theirs.casefold() != ours.casefold()
    )
