"""A prospect takes themselves out by the link in a mail: without a login, for ever, at once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from nurture.actions import log_touch
from nurture.engine.crash_points import passing
from nurture.models import Submission, Touch
from nurture.touching import Channel, Outcome
from prospects.actions import locked
from prospects.consents.hashing import lock_address
from prospects.models import Suppression


@transaction.atomic
def opt_out(
    *,
    submission: Submission,
    now: datetime,
    why: str = Suppression.Why.UNSUBSCRIBED,
    source: str = Suppression.Source.LINK,
    note: str = "",
) -> Touch | None:
    """Never mail this address again. Asking twice, or from an old mail, is fine.

    The address is the one that the mail went to, whatever the contact's is today; after this commits
    no later transmission to it starts. Returns the touch, or None where they had asked before.
    """
    planned = submission.planned
    lead = locked(planned.lead)
    lock_address(submission.address_hash)
    _suppression, is_new = Suppression.objects.get_or_create(
        channel=Channel.EMAIL,
        address_hash=submission.address_hash,
        defaults={"why": why, "at": now, "source": source},
    )
    passing("in an unsubscribe")
    if not is_new:
        return None
    is_still_there = planned.contact.company_id == lead.company_id
    return log_touch(
        lead=lead,
        contact=planned.contact if is_still_there else None,
        channel=Channel.EMAIL,
        outcome=Outcome.UNSUBSCRIBED,
        by=None,
        now=now,
        note=note,
        is_by_unknown=not is_still_there,
    )
