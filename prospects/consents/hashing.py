"""How an address is remembered without keeping it: its normal form and the keyed hash of that."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.db import connection

from prospects.models import AddressKind, Contact

EVERYBODY = 0x5E77_1E
"""The number of the lock that a file of refusals takes alone, and all others together."""


def address_hash(secret: str, channel: str, address: str) -> str:
    """The keyed hash under which a suppressed address is remembered, even after erasure."""
    return hmac.new(secret.encode(), f"{channel}:{address}".encode(), hashlib.sha256).hexdigest()


def hash_of(kind: str, address: str) -> str:
    """`address_hash` under the key of this installation. `address`: normalised."""
    return address_hash(settings.SUPPRESSION_KEY, kind, address)


def address_of(contact: Contact, kind: str) -> str:
    """The normalised address of a person; empty where there is none. Reads their company."""
    match kind:
        case AddressKind.PHONE:
            return contact.phone_key
        case AddressKind.EMAIL:
            return contact.email_key
        case AddressKind.LETTER:
            company = contact.company
            place = (
                (company.street, company.postal_code, company.city, company.country)
                if company
                else ()
            )
            return "|".join((contact.name, *place)).lower() if any(place) else ""
        case _:
            return ""


def lock_address(hashed: str) -> None:
    """Hold an address (its keyed hash) until this transaction ends: who opts out and who submits take turns.

    A file of refusals waits for all who hold any address, and they for it: a lock for each of a
    million addresses would be too many.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(%s), pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [EVERYBODY, hashed],
        )


def lock_every_address() -> None:
    """Wait until nobody holds any address; until this transaction ends, whoever wants one waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVERYBODY])
