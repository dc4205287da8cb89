"""Messages of which only the receiver knows whether they arrived: the evidence, and settling many.

After an outage there may be hundreds with one answer, found in the mail server's log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from nurture.engine.settling import settle
from nurture.engine.states import PlannedState
from nurture.models import PlannedTouch, Submission
from prospects.actions import NotAllowed
from team.models import User

PAGE = 50
MOST_AT_ONCE = 200
"""Settled with one press: as many as a page may take the time for."""


@dataclass(frozen=True)
class Uncertain:
    """One of them, with all that helps to find out."""

    pk: int
    lead_pk: int
    lead: str
    to: str
    address: str
    """As it is now; the message went to the one of then."""
    subject: str
    submitted_at: datetime
    reply: str
    """The last words of the server, or ours about its silence."""
    message_id: str


class UncertainPage(NamedTuple):
    rows: tuple[Uncertain, ...]
    after: int | None
    """The id to go on from; None where there are no more."""


class Settled(NamedTuple):
    """What came of settling many."""

    done: int
    refused: int


def uncertain_page(user: User, *, after: int = 0, size: int = PAGE) -> UncertainPage:
    """Those that the reader may see, the first planned first: two queries."""
    ids = list(
        PlannedTouch.objects.visible_to(user)
        .filter(state=PlannedState.UNCERTAIN, pk__gt=after)
        .order_by("pk")
        .values_list("pk", flat=True)[: size + 1]
    )
    latest = (
        Submission.objects.filter(planned__in=ids[:size])
        .select_related("planned__lead__company", "planned__lead__contact", "planned__contact")
        .order_by("planned", "-number")
        .distinct("planned")
    )
    rows = tuple(
        Uncertain(
            pk=submission.planned_id,
            lead_pk=submission.planned.lead_id,
            lead=str(submission.planned.lead),
            to=str(submission.planned.contact),
            address=submission.planned.contact.email,
            subject=submission.subject,
            submitted_at=submission.opened_at,
            reply=submission.reply or submission.planned.reason,
            message_id=submission.message_id,
        )
        for submission in latest
    )
    return UncertainPage(rows, ids[size - 1] if len(ids) > size else None)


def settle_many(*, planned: Sequence[int], fate: str, why: str, by: User, now: datetime) -> Settled:
    """Say of many what became of them, each in a transaction of its own.

    `planned`: ids; what the person may not see is left out like what somebody settled meanwhile.
    Refuses (NotAllowed) what `settle` refuses of all of them: who may not, an unknown fate, no word.
    """
    done, words = 0, ""
    touches = PlannedTouch.objects.visible_to(by).select_related("lead")
    for touch in touches.filter(pk__in=planned[:MOST_AT_ONCE]).order_by("pk"):
        try:
            settle(planned=touch, fate=fate, why=why, by=by, now=now)
        except NotAllowed as refused:
            words = str(refused)
        else:
            done += 1
    if words and not done:
        raise NotAllowed(words)
    return Settled(done, len(planned) - done)
