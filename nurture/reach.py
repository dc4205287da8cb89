"""How a person can be reached, and whether they may be now: contactability from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture import wording
from nurture.contactability import (
    NEVER,
    Contactable,
    Ground,
    Hours,
    Reachability,
    Verdict,
    address_channel,
    may_contact,
    never_contactable,
)
from nurture.regions import OurLimits, RuleBook, in_force_on, rule_of
from nurture.touching import Channel
from prospects.consents.hashing import address_of, hash_of
from prospects.imports.statements import fetch
from prospects.models import Company, Contact
from team.calendar import Calendar

CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.LETTER)
"""The channels that have an address of their own."""


@dataclass(frozen=True)
class Suppressed:
    """What is known against and for contacting some people: read once for all of them."""

    addresses: frozenset[tuple[int, str]] = frozenset()
    """Ids of contacts, each with a channel whose address must not be used."""
    grounds: Mapping[tuple[int, str], tuple[Ground, ...]] = field(default_factory=dict)
    book: RuleBook = field(default_factory=RuleBook)

    def __contains__(self, address: tuple[int, str]) -> bool:
        return address in self.addresses


NOBODY = Suppressed()


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


def suppressed_among(contacts: Iterable[Contact]) -> Suppressed:
    """What is known of these people's addresses, and the limits where they are: one query for all.

    Suppressions, consents, the regional rules in force today, and the organisation's own limits. Their
    companies should be at hand: the hash of a street is made of them, and rules are of their country.
    """
    people = list(contacts)
    hashes = {
        (contact.pk, str(channel)): hash_of(channel, address)
        for contact in people
        for channel in CHANNELS
        if (address := address_of(contact, channel))
    }
    if not hashes:
        return NOBODY
    countries = {contact.company.country for contact in people if contact.company}
    ((suppressed, consents, rules, ours, today),) = fetch(
        _KNOWN, {"hashes": list(set(hashes.values())), "countries": ["", *countries]}
    )
    found = set(suppressed)
    grounds: dict[str, list[Ground]] = {}
    for hashed, basis, given_at, expires_at, withdrawn_at in consents:
        grounds.setdefault(hashed, []).append(
            Ground(
                basis,
                datetime.fromisoformat(given_at),
                expires_at=_instant(expires_at),
                withdrawn_at=_instant(withdrawn_at),
            )
        )
    return Suppressed(
        addresses=frozenset(address for address, hashed in hashes.items() if hashed in found),
        grounds={
            address: tuple(grounds[hashed])
            for address, hashed in hashes.items()
            if hashed in grounds
        },
        book=_book(rules, ours, today),
    )


_KNOWN = """
    SELECT ARRAY(SELECT address_hash FROM prospects_suppression
                  WHERE address_hash = ANY(%(hashes)s)),
           COALESCE((SELECT json_agg(json_build_array(
                                address_hash, basis, given_at, expires_at, withdrawn_at))
                       FROM prospects_consent WHERE address_hash = ANY(%(hashes)s)), '[]'),
           COALESCE((SELECT json_agg(rule) FROM nurture_regionalrule AS rule
                      WHERE country = ANY(%(countries)s)
                         OR country = (SELECT country FROM team_organisation WHERE id = 1)), '[]'),
           (SELECT json_build_array(country, opens, closes, weekdays, touches_a_day,
                                    touches_a_week, postal_address <> '')
              FROM team_organisation WHERE id = 1),
           leadflow_now()::date
"""


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _book(rules: list[dict[str, object]], ours: list[object] | None, today: date) -> RuleBook:
    in_force = tuple(in_force_on(today, map(rule_of, rules)))
    if ours is None:  # nobody has set anything up yet
        return RuleBook(rules=in_force)
    country, opens, closes, weekdays, a_day, a_week, has_postal_address = ours
    hours = Hours(
        time.fromisoformat(str(opens)),
        time.fromisoformat(str(closes)),
        frozenset(weekdays),  # type: ignore[call-overload]
    )
    limits = OurLimits(hours, int(str(a_day)), int(str(a_week)), bool(has_postal_address))
    return RuleBook(limits, in_force, str(country))


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
    if address_channel(channel) not in CHANNELS:
        return Verdict(Contactable.YES, "")
    reach = reachability_among(contact, company, channel, suppressed)
    return may_contact(reach, calendar=calendar, now=now)


def usable_channels(
    contact: Contact | None, company: Company | None, *, suppressed: Suppressed, now: datetime
) -> frozenset[str]:
    """The channels on which the person may be contacted, if perhaps not now."""
    return frozenset(
        str(channel)
        for channel in CHANNELS
        if never_contactable(reachability_among(contact, company, channel, suppressed), now) is None
    )


def is_shut(contact: Contact | None, company: Company | None, usable: frozenset[str]) -> bool:
    """Whether no channel is left (`usable`) to a person of whom there are addresses."""
    if contact is None or usable:
        return False
    has_street = company is not None and company.has_postal_address
    return bool(contact.phone_key or contact.email_key) or has_street


def reachability(contact: Contact, company: Company | None, channel: str) -> Reachability:
    """What is known of one address, asked now: what an automatic touch must rest on. One query."""
    return reachability_among(contact, company, channel, suppressed_among([contact]))


def reachability_among(
    contact: Contact | None, company: Company | None, channel: str, suppressed: Suppressed
) -> Reachability:
    """The same, where it is known who is suppressed: for many people at once."""
    kind = address_channel(channel)
    has_address, invalid_at, invalid_why = False, None, ""
    if contact is not None:
        match kind:
            case Channel.PHONE:
                has_address, invalid_at = bool(contact.phone_key), contact.phone_invalid_at
                invalid_why = _("wrong number")
            case Channel.EMAIL:
                has_address, invalid_at = bool(contact.email_key), contact.email_invalid_at
                invalid_why = _("bounced")
            case Channel.LETTER:
                has_address = company is not None and company.has_postal_address
                invalid_at, invalid_why = contact.address_invalid_at, _("came back")
    address = (contact.pk if contact else 0, str(kind))
    return Reachability(
        channel=channel,
        has_address=has_address,
        suppressed=address in suppressed,
        invalid=invalid_at is not None,
        invalid_why=invalid_why,
        grounds=suppressed.grounds.get(address, ()),
        limits=suppressed.book.limits(
            country=company.country if company else "",
            region=company.region if company else "",
            channel=str(kind),
        ),
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
        if verdict.answer in NEVER:  # nothing to press where nothing may be pressed
            link = ""
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
