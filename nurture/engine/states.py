"""The states of a planned touch and the only legal edges between them. Pure.

The database refuses any other edge and keeps the history (nurture.models.planned).
"""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PlannedState(TextChoices):
    PENDING = "pending", _("Planned")
    CLAIMED = "claimed", _("Being prepared")
    SUBMITTING = "submitting", _("Being sent")
    AWAITING_HUMAN = "awaiting_human", _("Waits for a person")
    UNCERTAIN = "uncertain", _("Uncertain")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")
    CANCELLED = "cancelled", _("Cancelled")


_S = PlannedState

EDGES: dict[str, frozenset[str]] = {
    _S.PENDING: frozenset({_S.CLAIMED, _S.AWAITING_HUMAN, _S.SKIPPED, _S.CANCELLED}),
    _S.CLAIMED: frozenset({_S.PENDING, _S.SUBMITTING, _S.SKIPPED, _S.CANCELLED}),
    _S.SUBMITTING: frozenset({_S.SENT, _S.PENDING, _S.FAILED, _S.UNCERTAIN}),
    _S.UNCERTAIN: frozenset({_S.SENT, _S.FAILED, _S.PENDING, _S.SKIPPED}),
    _S.AWAITING_HUMAN: frozenset({_S.SENT, _S.PENDING, _S.SKIPPED, _S.CANCELLED}),
    _S.SENT: frozenset(),
    _S.FAILED: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.CANCELLED: frozenset(),
}
"""From each state, where it may go. A touch begins as pending; from `submitting` no machine takes it
back unless the other side refused it for now or nothing of the message had left."""

HELD = frozenset({_S.CLAIMED, _S.SUBMITTING})
"""A dispatcher works on it, under a lease."""

OPEN = frozenset({_S.PENDING, _S.AWAITING_HUMAN}) | HELD
"""Still to happen: an active enrolment has exactly one of these, but for what is uncertain."""

ENDED = frozenset({_S.SENT, _S.FAILED, _S.SKIPPED, _S.CANCELLED})
"""Nothing comes after; each has its reason."""


def is_legal(from_state: str, to_state: str) -> bool:
    """Whether the edge exists; the empty state is that of a touch not planned yet."""
    return to_state == _S.PENDING if not from_state else to_state in EDGES[from_state]
