"""Obeys what an imported file says that people do not want: their addresses are suppressed with it.

In the import's own transaction, as its last step. A file only ever adds: nothing in it, and no undoing
of it, takes a suppression away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prospects.consents.actions import forget_plans
from prospects.consents.hashing import address_of, hash_of, lock_every_address
from prospects.imports.statements import fetch
from prospects.models import AddressKind, Contact, Suppression
from team.models import User

BATCH = 5000


def count_refusals() -> int:
    """How many rows of the staged file say that somebody is not to be contacted in some way."""
    ((count,),) = fetch(
        "SELECT count(DISTINCT line) FROM staged_refusal JOIN staged_lead USING (line)"
    )
    return int(count)


def obey_refusals(*, intake_id: int, by: User | None, now: datetime) -> None:
    """Suppress the addresses of every row that says so: the row's own, and those that we have of them.

    Call it last in the transaction that files the rows (`resolved`, `staged_lead`): from here on it
    holds every address, so that nothing is sent that did not see what the file says.
    """
    refusals = fetch(
        """
        SELECT refusal.channel, refusal.why, row.email_key, row.phone_key,
               COALESCE(lead.contact_id, resolved.contact_id)
          FROM staged_refusal AS refusal
          JOIN staged_lead AS row USING (line)
          JOIN resolved USING (line)
          LEFT JOIN prospects_lead AS lead ON lead.id = resolved.lead_id
         ORDER BY refusal.line
        """
    )
    suppress_from_file(refusals, intake_id=intake_id, by=by, now=now)


Refusal = tuple[str, str, str | None, str | None, int | None]
"""Kind of address, why, the email and the number that the row gives, and the id of whom it is about."""


def suppress_from_file(
    refusals: list[Refusal], *, intake_id: int, by: User | None, now: datetime
) -> None:
    """Suppress what rows of a file refuse; the last thing that its transaction does."""
    if not refusals:
        return
    lock_every_address()
    ((late,),) = fetch("SELECT clock_timestamp() - transaction_timestamp()")
    for start in range(0, len(refusals), BATCH):
        _suppress(refusals[start : start + BATCH], intake_id, by, now + max(late, timedelta()))


def _suppress(
    refusals: list[Refusal],
    intake_id: int,
    by: User | None,
    at: datetime,
) -> None:
    people = Contact.objects.select_related("company").in_bulk(
        {pk for *_said, pk in refusals if pk is not None}
    )
    found: dict[tuple[str, str], str] = {}
    for kind, why, email_key, phone_key, pk in refusals:
        for address in _addresses(kind, email_key, phone_key, people.get(pk) if pk else None):
            found.setdefault((kind, address), why)
    Suppression.objects.bulk_create(
        [
            Suppression(
                channel=kind,
                address_hash=hash_of(kind, address),
                why=why,
                at=at,
                source=Suppression.Source.IMPORT,
                by=by,
                intake_id=intake_id,
            )
            for (kind, address), why in found.items()
        ],
        ignore_conflicts=True,
    )
    for kind in (AddressKind.EMAIL, AddressKind.PHONE):
        forget_plans(kind, [address for known, address in found if known == kind])


def _addresses(
    kind: str, email_key: str | None, phone_key: str | None, contact: Contact | None
) -> Iterator[str]:
    said = {AddressKind.EMAIL: email_key, AddressKind.PHONE: phone_key}.get(AddressKind(kind))
    if said:
        yield said
    if contact is not None and (known := address_of(contact, kind)):
        yield known
