"""A prospect takes themselves out by the link in a mail: without a login, for ever, at once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from nurture.actions import log_touch
from nurture.engine.addresses import lock_address
from nurture.models import Submission, Suppression
from nurture.touching import Channel, Outcome
from prospects.actions import locked


@transaction.atomic
def opt_out(*, submission: Submission, now: datetime) -> None:
    """Never mail this address again. Asking twice, or from an old mail, is fine.

    The address is the one that the mail went to, whatever the contact's is today; after this commits
    no later transmission to it starts.
    """
    planned = submission.planned
    lead = locked(planned.lead)
    lock_address(submission.address_hash)
    _suppression, is_new = Suppression.objects.get_or_create(
        channel=Channel.EMAIL,
        address_hash=submission.address_hash,
        defaults={"why": Suppression.Why.UNSUBSCRIBED, "at": now},
    )
    if is_new:
        is_still_there = planned.contact.company_id == lead.company_id
        log_touch(
            lead=lead,
            contact=planned.contact if is_still_there else None,
            channel=Channel.EMAIL,
            outcome=Outcome.UNSUBSCRIBED,
            by=None,
            now=now,
        )
