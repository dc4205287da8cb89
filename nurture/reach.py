"""How a person can be reached, and whether they may be now: contactability from what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture import wording
from nurture.actions import suppressible_address
from nurture.contactability import (
    Contactable,
    Reachability,
    Verdict,
    address_channel,
    address_hash,
    may_contact,
)
from nurture.models import Suppression
from nurture.touching import Channel
from prospects.models import Company, Contact
from team.calendar import Calendar

CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.LETTER)
"""The channels that have an address of their own."""

Suppressed = Collection[tuple[int, str]]
"""The ids of contacts, each with a channel on which they must not be contacted."""


@dataclass(frozen=True)
class Reach:
    """One address of one person, and whether it may be used now."""

    channel: str
    shown: str
    """As it is read: the number, the address, the town; empty where there is none."""
    link: str
    """What the device opens: `tel:…`, `mailto:…`; empty where there is nothing to open."""
    verdict: Verdict
    words: str
    """“may call”, “not before 9:00 am”: times are theirs."""

    @property
    def label(self) -> str:
        """The channel, for an address that is not known: “Phone”."""
        return str(LABELS[Channel(self.channel)])

    @property
    def tone(self) -> str:
        """The color of the words (docs/look.md)."""
        if self.verdict.allowed:
            return "on"
        return "late" if self.verdict.answer in NEVER else ""


LABELS = {
    Channel.PHONE: gettext_lazy("Phone"),
    Channel.EMAIL: gettext_lazy("Email"),
    Channel.LETTER: gettext_lazy("Letter"),
}
NEVER = frozenset({Contactable.SUPPRESSED, Contactable.INVALID})


def suppressed_among(contacts: Iterable[Contact]) -> Suppressed:
    """Which of these people must not be contacted on which channel: one query for all of them.

    Their companies should be at hand: the hash of a street is made of them.
    """
    hashes = {
        (contact.pk, str(channel)): address_hash(settings.SUPPRESSION_KEY, channel, address)
        for contact in contacts
        for channel in CHANNELS
        if (address := suppressible_address(contact, channel))
    }
    if not hashes:
        return frozenset()
    found = set(
        Suppression.objects.filter(address_hash__in=set(hashes.values())).values_list(
            "address_hash", flat=True
        )
    )
    return frozenset(address for address, hashed in hashes.items() if hashed in found)


def may_be_contacted(
    contact: Contact | None,
    company: Company | None,
    channel: str,
    *,
    suppressed: Suppressed,
    calendar: Calendar,
    now: datetime,
) -> Verdict:
    """The one answer for a person and a channel; what needs no address may always be done."""
    kind = address_channel(channel)
    if kind not in CHANNELS:
        return Verdict(Contactable.YES, "")
    is_suppressed = contact is not None and (contact.pk, str(kind)) in suppressed
    reach = _reachability(contact, company, channel, is_suppressed=is_suppressed)
    return may_contact(reach, calendar=calendar, now=now)


def reachability(contact: Contact, company: Company | None, channel: str) -> Reachability:
    """What is known of one address, asked now: what an automatic touch must rest on. One query."""
    address = suppressible_address(contact, channel)
    kind = address_channel(channel)
    hashed = address_hash(settings.SUPPRESSION_KEY, kind, address)
    is_suppressed = bool(address) and Suppression.objects.filter(address_hash=hashed).exists()
    return _reachability(contact, company, channel, is_suppressed=is_suppressed)


def _reachability(
    contact: Contact | None, company: Company | None, channel: str, *, is_suppressed: bool
) -> Reachability:
    has_address, invalid_at, invalid_why = False, None, ""
    if contact is not None:
        match address_channel(channel):
            case Channel.PHONE:
                has_address, invalid_at = bool(contact.phone_key), contact.phone_invalid_at
                invalid_why = _("wrong number")
            case Channel.EMAIL:
                has_address, invalid_at = bool(contact.email_key), contact.email_invalid_at
                invalid_why = _("bounced")
            case Channel.LETTER:
                has_address = company is not None and company.has_postal_address
                invalid_at, invalid_why = contact.address_invalid_at, _("came back")
    return Reachability(
        channel=channel,
        has_address=has_address,
        suppressed=is_suppressed,
        invalid=invalid_at is not None,
        invalid_why=invalid_why,
    )


def reaches_of(
    contact: Contact,
    company: Company | None,
    *,
    suppressed: Suppressed,
    calendar: Calendar,
    now: datetime,
    channels: Iterable[Channel] = CHANNELS,
) -> tuple[Reach, ...]:
    """How the person can be reached by phone, email and letter."""

    def reach(channel: Channel) -> Reach:
        shown, link = _address(contact, company, channel)
        verdict = may_be_contacted(
            contact, company, channel, suppressed=suppressed, calendar=calendar, now=now
        )
        words = wording.contactable_in_words(verdict, channel, calendar.zone, now)
        if shown and verdict.answer == Contactable.NO_ADDRESS:
            words = _("not valid")
        return Reach(str(channel), shown, link, verdict, words)

    return tuple(reach(channel) for channel in channels)


def _address(contact: Contact, company: Company | None, channel: Channel) -> tuple[str, str]:
    match channel:
        case Channel.PHONE:
            return contact.phone, f"tel:{contact.phone_key}" if contact.phone_key else ""
        case Channel.EMAIL:
            return contact.email, f"mailto:{contact.email_key}" if contact.email_key else ""
        case _:
            if company is None or not company.has_postal_address:
                return "", ""
            return _("Letter to %s") % company.city, ""
