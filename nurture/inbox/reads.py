"""What the inbox shows: what waits for a person, one message, the leads it may belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.models import IncomingMail, Mailbox
from prospects.models import Contact, Lead
from prospects.models.lead import LeadQuerySet
from prospects.models.visibility import leads_of
from team.models import User

SHOWN = 50
MOST_FOUND = 10
OPENING = 140
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One message that waits."""

    pk: int
    kind: str
    who: str
    subject: str
    opening: str
    """The first words."""
    received_at: datetime
    why: str


@dataclass(frozen=True)
class Inbox:
    rows: tuple[Row, ...]
    next_url: str
    """“?after=…”; empty at the end."""
    first_url: str
    problems: tuple[tuple[str, str, datetime | None], ...]
    """Mailboxes that cannot be read: which, why, since when; for who manages."""
    is_reading: bool
    """Whether any mailbox was ever read."""


def inbox(user: User, after: str = "") -> Inbox:
    """What waits that the person may decide, the newest first: two queries."""
    mails = IncomingMail.objects.visible_to(user).waiting().order_by("-received_at", "-pk")
    at, pk = _place(after)
    if at is not None:
        mails = mails.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=pk))
    found = list(mails[: SHOWN + 1])
    mailboxes = list(Mailbox.objects.order_by("name"))
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    return Inbox(
        rows=tuple(_row(mail) for mail in found[:SHOWN]),
        next_url=f"?after={int(last.received_at.timestamp() * 1e6)}.{last.pk}" if last else "",
        first_url="?" if at is not None else "",
        problems=tuple(
            (box.name, box.problem, box.problem_since)
            for box in mailboxes
            if box.problem and user.manages
        ),
        is_reading=bool(mailboxes),
    )


def _place(after: str) -> tuple[datetime | None, int]:
    """Where a page begins, as its address says it; the beginning where it says nothing."""
    micros, _dot, pk = after.partition(".")
    are_numbers = all(
        part.isascii() and part.isdecimal() and len(part) < 18 for part in (micros, pk)
    )
    if not are_numbers:
        return None, 0
    try:
        return EPOCH + timedelta(microseconds=int(micros)), int(pk)
    except OverflowError:
        return None, 0


def _row(mail: IncomingMail) -> Row:
    return Row(
        pk=mail.pk,
        kind=mail.get_kind_display(),
        who=mail.sender_name or mail.sender or _("no sender"),
        subject=str(mail),
        opening=" ".join(mail.words.split())[:OPENING],
        received_at=mail.received_at,
        why=mail.why,
    )


def leads_for(mail: IncomingMail, user: User, words: str) -> list[Lead]:
    """The leads it may belong to, of those the person sees: what words find, else what is near."""
    leads: LeadQuerySet = Lead.objects.select_related("company", "contact", "specialist")
    if words:
        matching = leads.visible_to(user).matching(words)
        return list(matching.order_by("-activity_at", "-pk")[:MOST_FOUND])
    near = Q(pk=mail.lead_id) if mail.lead_id else Q(pk__in=[])
    people = (
        Contact.objects.filter(email_key=mail.sender) if mail.sender else Contact.objects.none()
    )
    near |= Q(contact__in=people)
    companies = [one.company_id for one in people[:MOST_FOUND] if one.company_id is not None]
    if companies:
        near |= Q(company__in=companies)
    found = list(leads.filter(near, leads_of(user)).order_by("-activity_at", "-pk")[:MOST_FOUND])
    return sorted(found, key=lambda lead: lead.pk != mail.lead_id)
