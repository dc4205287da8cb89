"""What changes on what ground people may be contacted: suppressing, releasing, consenting, withdrawing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from prospects.actions import NotAllowed, refuse_reps
from prospects.consents.hashing import address_of, hash_of, lock_address, lock_every_address
from prospects.imports.statements import execute
from prospects.models import AddressKind, Consent, Contact, Release, Suppression
from prospects.stages import WORKED
from team.models import Role, User

LOCKED_ONE_BY_ONE = 100
"""Addresses of a list up to which each has a lock of its own; a longer list takes the one for all."""


@transaction.atomic
def suppress_address(
    *,
    kind: str,
    address: str,
    why: str,
    now: datetime,
    source: str,
    by: User | None = None,
    note: str = "",
) -> bool:
    """Never use an address (normalised) again; returns whether it was not suppressed before."""
    hashed = hash_of(kind, address)
    lock_address(hashed)
    _suppression, is_new = Suppression.objects.get_or_create(
        channel=kind,
        address_hash=hashed,
        defaults={"why": why, "at": now, "source": source, "by": by, "note": note},
    )
    return is_new


@transaction.atomic
def suppress_list(
    *, kind: str, addresses: Iterable[str], why: str, note: str, by: User, now: datetime
) -> int:
    """Suppress a list of addresses (normalised), and plan anew whom it concerns; returns how many are new.

    Refuses (NotAllowed) who does not manage: a list reaches beyond one's own leads.
    """
    if not by.manages:
        raise NotAllowed(_("Only a manager or an administrator takes in a list."))
    wanted = sorted(set(addresses))
    hashes = sorted(hash_of(kind, address) for address in wanted)
    if len(hashes) > LOCKED_ONE_BY_ONE:
        lock_every_address()
    else:
        for hashed in hashes:
            lock_address(hashed)
    before = Suppression.objects.filter(channel=kind, address_hash__in=hashes).count()
    Suppression.objects.bulk_create(
        [
            Suppression(
                channel=kind,
                address_hash=hashed,
                why=why,
                at=now,
                source=Suppression.Source.LIST,
                by=by,
                note=note,
            )
            for hashed in hashes
        ],
        ignore_conflicts=True,
        batch_size=5000,
    )
    forget_plans(kind, wanted)
    return len(hashes) - before


@transaction.atomic
def release(*, suppression: Suppression, reason: str, by: User, now: datetime) -> Release:
    """Let an address be used again. Kept for ever: who, when, why, and what it was suppressed for.

    Refuses (NotAllowed) who is no administrator, (ValidationError) one without a reason.
    """
    if by.role != Role.ADMIN:
        raise NotAllowed(_("Only an administrator releases an address."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it may be used again.")})
    lock_address(suppression.address_hash)
    suppression = Suppression.objects.select_for_update().get(pk=suppression.pk)
    released = Release.objects.create(
        suppression_id=suppression.pk,
        channel=suppression.channel,
        address_hash=suppression.address_hash,
        why=suppression.why,
        suppressed_at=suppression.at,
        released_at=now,
        by=by,
        reason=reason.strip()[:250],
    )
    suppression.delete()
    return released


def forget_plans(kind: str, addresses: Iterable[str]) -> int:
    """Have the next touch of everybody with one of these addresses chosen anew, within a minute."""
    column = {AddressKind.EMAIL: "email_key", AddressKind.PHONE: "phone_key"}.get(AddressKind(kind))
    if column is None:
        return 0
    return execute(
        f"""
        UPDATE prospects_lead SET next_touch_at = NULL
         WHERE contact_id IN (SELECT id FROM prospects_contact
                               WHERE {column} = ANY(%(addresses)s) AND {column} <> '')
           AND stage = ANY(%(worked)s) AND next_touch_at IS NOT NULL
        """,  # noqa: S608 - the columns above
        {"addresses": list(addresses), "worked": [str(stage) for stage in WORKED]},
    )


@transaction.atomic
def record_consent(
    *,
    contact: Contact,
    channel: str,
    basis: str,
    source: str,
    words: str,
    given_at: datetime,
    by: User | None,
    now: datetime,
    expires_at: datetime | None = None,
    address: str = "",
) -> Consent:
    """Write down on what ground an address of a person may be used. It lifts no suppression.

    `address`: normalised; empty: the one that we have of them on that channel. Refuses (NotAllowed) a rep, (ValidationError) a person without such an address, a day to come, and
    an end before the beginning.
    """
    refuse_reps(by)
    address = address or address_of(contact, channel)
    if not address:
        raise ValidationError({"channel": _("They have no such address that works.")})
    if given_at > now:
        raise ValidationError({"given_on": _("It was given on a day that has come.")})
    if expires_at is not None and expires_at <= given_at:
        raise ValidationError({"expires_on": _("It ends after it was given.")})
    hashed = hash_of(channel, address)
    lock_address(hashed)
    return Consent.objects.create(
        contact=contact,
        channel=channel,
        address_hash=hashed,
        basis=basis,
        source=source,
        words=words.strip()[:1000],
        given_at=given_at,
        expires_at=expires_at,
        by=by,
        recorded_at=now,
    )


@transaction.atomic
def withdraw_consent(*, consent: Consent, why: str, by: User | None, now: datetime) -> Consent:
    """They took it back: from now on it counts no more, nor does what was given before it.

    Doing it twice is fine. Refuses (NotAllowed) a rep.
    """
    refuse_reps(by)
    lock_address(consent.address_hash)
    Consent.objects.filter(pk=consent.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=now, withdrawn_by=by, withdrawn_why=why.strip()[:250]
    )
    consent.refresh_from_db()
    return consent


@transaction.atomic
def leave_alone(
    *,
    contact: Contact,
    channels: Iterable[str],
    why: str,
    note: str,
    by: User,
    now: datetime,
) -> None:
    """Suppress addresses of one person; the next touch of whoever has them is chosen anew.

    Refuses (NotAllowed) a rep.
    """
    refuse_reps(by)
    for kind in sorted(channels):
        if address := address_of(contact, kind):
            suppress_address(
                kind=kind,
                address=address,
                why=why,
                now=now,
                source=Suppression.Source.PERSON,
                by=by,
                note=note,
            )
            forget_plans(kind, [address])
