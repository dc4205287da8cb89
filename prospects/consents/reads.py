"""What is known of addresses: suppressed or not, since when and why, and on what ground they are used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from prospects.consents.hashing import address_of, hash_of
from prospects.models import AddressKind, Consent, Contact, Release, Suppression


def suppressed_kinds(contact: Contact) -> frozenset[str]:
    """Which of a person’s telephone and email must be left alone: one query."""
    hashes = {
        hash_of(kind, address): str(kind)
        for kind in (AddressKind.PHONE, AddressKind.EMAIL)
        if (address := address_of(contact, kind))
    }
    if not hashes:
        return frozenset()
    found = Suppression.objects.filter(address_hash__in=hashes)
    return frozenset(hashes[hashed] for hashed in found.values_list("address_hash", flat=True))


@dataclass(frozen=True)
class Standing:
    """What is known of one address that somebody asked about."""

    address: str
    kind: str
    kind_label: str
    suppression: Suppression | None
    releases: tuple[Release, ...]
    consents: tuple[Consent, ...]


def standing_of(kind: str, address: str) -> Standing:
    """What is known of an address (normalised): three queries."""
    hashed = hash_of(kind, address)
    return Standing(
        address=address,
        kind=kind,
        kind_label=str(AddressKind(kind).label),
        suppression=Suppression.objects.select_related("by", "intake")
        .filter(channel=kind, address_hash=hashed)
        .first(),
        releases=tuple(
            Release.objects.select_related("by")
            .filter(channel=kind, address_hash=hashed)
            .order_by("-released_at")
        ),
        consents=tuple(
            Consent.objects.select_related("by", "withdrawn_by")
            .filter(channel=kind, address_hash=hashed)
            .order_by("-given_at", "-pk")
        ),
    )


@dataclass(frozen=True)
class ConsentRow:
    """One entry on a person’s page."""

    pk: int
    channel: str
    basis: str
    source: str
    words: str
    given_at: datetime
    expires_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_why: str
    by: str
    counts: bool
    is_for_now: bool
    """For the address that they have today."""


def consents_of(contact: Contact, now: datetime) -> tuple[ConsentRow, ...]:
    """What a person agreed to, the latest first; with what was said for addresses they had before."""
    hashes = {
        hash_of(kind, address) for kind in AddressKind if (address := address_of(contact, kind))
    }
    found = contact.consents.select_related("by").order_by("-given_at", "-pk")
    return tuple(
        ConsentRow(
            pk=consent.pk,
            channel=str(consent.get_channel_display()),
            basis=str(consent.get_basis_display()),
            source=str(consent.get_source_display()),
            words=consent.words,
            given_at=consent.given_at,
            expires_at=consent.expires_at,
            withdrawn_at=consent.withdrawn_at,
            withdrawn_why=consent.withdrawn_why,
            by=str(consent.by or ""),
            counts=consent.is_valid_at(now),
            is_for_now=consent.address_hash in hashes,
        )
        for consent in found
    )


@dataclass(frozen=True)
class SuppressionPage:
    """How many addresses are left alone, and what was released lately."""

    counts: tuple[tuple[str, str, int], ...]
    """Kind, why, how many."""
    releases: tuple[Release, ...]


MOST_RELEASES = 20


def suppression_page() -> SuppressionPage:
    """Two queries."""
    counted = (
        Suppression.objects.values_list("channel", "why")
        .annotate(count=Count("pk"))
        .order_by("channel", "why")
    )
    return SuppressionPage(
        counts=tuple(
            (str(AddressKind(kind).label), str(Suppression.Why(why).label), count)
            for kind, why, count in counted
        ),
        releases=tuple(
            Release.objects.select_related("by").order_by("-released_at", "-pk")[:MOST_RELEASES]
        ),
    )
