"""What people say of mail that matched nobody: whose it is, that it is nothing, that they want no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from nurture.actions import plan_next
from nurture.inbox.kinds import Kind
from nurture.inbox.matching import Match
from nurture.inbox.receiving import take_effect
from nurture.inbox.waiting import count_anew
from nurture.models import IncomingMail
from nurture.touching import Channel
from prospects.actions import NotAllowed, locked, refuse_reps
from prospects.consents.actions import suppress_address
from prospects.models import Contact, Lead, Suppression
from team.models import User

KEPT_FOR = timedelta(days=30)
"""How long the words of a mail are kept after it was decided; those of a reply stand in its touch."""
AT_ONCE = 5_000
MOST_REPLANNED = 20

Fate = IncomingMail.Fate


@transaction.atomic
def assign_mail(*, mail: IncomingMail, lead: Lead, by: User, now: datetime) -> IncomingMail:
    """It is this lead's: what it says takes effect as if it had been recognised.

    What no rule could tell the kind of counts as a reply. Refuses (NotAllowed) what is decided
    already.
    """
    mail = _waiting(mail, by)
    lead = locked(lead)
    if mail.kind in {Kind.BULK, Kind.UNREADABLE}:
        mail.kind = Kind.REPLY
    submission = mail.submission if _is_about(mail, lead) else None
    found = Match(
        is_sure=True,
        why=_("%s said so") % by,
        lead=lead,
        contact=_writer(mail, lead),
        submission=submission,
    )
    mail.submission, mail.contact, mail.why = submission, found.contact, found.why
    mail.decided_by, mail.decided_at = by, now
    about = found.contact.email_key if found.contact else ""
    take_effect(mail, found, about=about, status="", now=now)
    return _decided(mail)


def _is_about(mail: IncomingMail, lead: Lead) -> bool:
    return mail.submission is not None and mail.submission.planned.lead_id == lead.pk


def _writer(mail: IncomingMail, lead: Lead) -> Contact | None:
    """Of the lead's people the one whose address it is; of a report, the one that we wrote to."""
    if mail.kind in {Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE, Kind.COMPLAINT}:
        return lead.contact
    people = Contact.objects.filter(email_key=mail.sender).exclude(email_key="")
    theirs = [
        person
        for person in people.order_by("pk")[:20]
        if person.pk == lead.contact_id
        or (person.company_id is not None and person.company_id == lead.company_id)
    ]
    return theirs[0] if theirs else None


@transaction.atomic
def ignore_mail(*, mail: IncomingMail, by: User, now: datetime) -> IncomingMail:
    """It is nothing for us: out of sight. Refuses (NotAllowed) what is decided already."""
    mail = _waiting(mail, by)
    mail.fate, mail.decided_by, mail.decided_at = Fate.IGNORED, by, now
    return _decided(mail)


@transaction.atomic
def opt_out_sender(*, mail: IncomingMail, by: User, now: datetime) -> IncomingMail:
    """They want no more mail from us: the address that wrote is never mailed again.

    Refuses (NotAllowed) what is decided already, and what has no sender.
    """
    mail = _waiting(mail, by)
    if not mail.sender:
        raise NotAllowed(_("It does not say who sent it."))
    suppress_address(
        kind=Channel.EMAIL,
        address=mail.sender,
        why=Suppression.Why.UNSUBSCRIBED,
        source=Suppression.Source.MAIL,
        by=by,
        now=now,
    )
    mail.fate, mail.decided_by, mail.decided_at = Fate.OPTED_OUT, by, now
    mail = _decided(mail)
    for lead in Lead.objects.filter(contact__email_key=mail.sender).order_by("pk")[:MOST_REPLANNED]:
        plan_next(lead=locked(lead), now=now)
    return mail


def _waiting(mail: IncomingMail, by: User) -> IncomingMail:
    """The mail as it is now, locked."""
    refuse_reps(by)
    mail = (
        IncomingMail.objects.select_for_update(of=("self",))
        .select_related("submission__planned__lead")
        .get(pk=mail.pk)
    )
    if mail.fate != Fate.WAITING:
        raise NotAllowed(_("It is decided already: %s.") % mail.get_fate_display().lower())
    return mail


def _decided(mail: IncomingMail) -> IncomingMail:
    mail.save()
    transaction.on_commit(count_anew)
    return mail


def forget_words(*, now: datetime) -> int:
    """Take the words out of what was decided a month ago; returns of how many messages.

    A reply stands in its touch; what nobody needed is nobody's business any more.
    """
    old = (
        IncomingMail.objects.exclude(fate=Fate.WAITING)
        .filter(forgotten_at__isnull=True, taken_at__lt=now - KEPT_FOR)
        .exclude(decided_at__gt=now - KEPT_FOR)
        .order_by("taken_at")
        .values("pk")[:AT_ONCE]
    )
    return IncomingMail.objects.filter(pk__in=old).update(words="", forgotten_at=now)
