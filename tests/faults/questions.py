"""What is asked after a fault, of the database and of the server that mail arrived at.

`nurture.engine.invariants` are the first seventeen; these are the eighteenth and nineteenth, which
only the receiving side can answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from nurture.engine.states import PlannedState
from nurture.models import StateEvent, Submission
from nurture.touching import Channel
from prospects.consents.hashing import address_hash


@dataclass(frozen=True)
class Arrived:
    """One message as the receiving server took it."""

    message_id: str
    recipients: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class AtTheServer:
    """What the two sides say of each other; all three are empty when all is well."""

    twice: list[str]
    """Message-IDs that arrived more often than we sent them on a person's word."""
    never_arrived: list[str]
    """What was said to be accepted, and is not there."""
    not_ours: list[str]
    """Arrivals that we know nothing of, that were said not to be sent, or of somebody else."""

    def __bool__(self) -> bool:
        return bool(self.twice or self.never_arrived or self.not_ours)


def ask_the_server(arrived: Iterable[Arrived]) -> AtTheServer:
    """Compare what arrived with what was submitted (sending.md, invariants 18 and 19)."""
    messages = list(arrived)
    times = Counter(message.message_id for message in messages)
    submissions: dict[str, list[Submission]] = {}
    for submission in Submission.objects.exclude(message_id="").order_by("pk"):
        submissions.setdefault(submission.message_id, []).append(submission)
    again = Counter(
        StateEvent.objects.filter(
            from_state=PlannedState.UNCERTAIN, to_state=PlannedState.PENDING, by__isnull=False
        ).values_list("planned", flat=True)
    )

    def most(message_id: str) -> int:
        tries = submissions.get(message_id, [])
        return 1 + (again[tries[0].planned_id] if tries else 0)

    return AtTheServer(
        twice=[id_ for id_, count in times.items() if count > most(id_)],
        never_arrived=[
            id_
            for id_, tries in submissions.items()
            if id_ not in times and any(t.result == Submission.Result.ACCEPTED for t in tries)
        ],
        not_ours=[
            message.message_id
            for message in messages
            if not _is_theirs(message, submissions.get(message.message_id, []))
        ],
    )


def _is_theirs(message: Arrived, tries: list[Submission]) -> bool:
    """One recipient, whose address it was submitted to, and the very words that we kept."""
    if len(message.recipients) != 1:
        return False
    hashed = address_hash(settings.SUPPRESSION_KEY, Channel.EMAIL, message.recipients[0].lower())
    text = _plain(message.text)
    return any(
        submission.address_hash == hashed
        and _plain(submission.body) in text
        and submission.unsubscribe_token in message.text
        and submission.result in (Submission.Result.ACCEPTED, Submission.Result.UNKNOWN, "")
        for submission in tries
    )


def _plain(text: str) -> str:
    return " ".join(text.split())
