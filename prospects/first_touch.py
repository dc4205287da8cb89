"""What to do first with somebody who came in: call, and within the hour if they asked us themselves.

Pure. It stands here, below the rest of the cadence (nurture.cadence), so that a lead is planned in the
transaction that takes it in: a fresh inquiry must not wait for a tick (domain.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

INQUIRY, FRESH = 1, 3
"""Ranks of nurture.cadence.Rank: in its first hour an inquiry comes before what is promised."""
FIRST_HOUR = timedelta(hours=1)
"""A fresh inquiry is answered within it (domain.md, section 4); after it, it is late."""


@dataclass(frozen=True)
class NextTouch:
    """When the lead is due, on which channel, where it ranks in the queue, and why in words."""

    at: datetime
    channel: str
    rank: int
    why: str


def first_touch(
    *,
    received_at: datetime,
    asked_at: datetime | None,
    can_call: bool,
    can_email: bool,
    now: datetime,
) -> NextTouch:
    """The first touch of somebody whom nobody has answered yet.

    `asked_at`: when they asked us by themselves; None for a lead that somebody brought.
    """
    channel = first_channel(can_call=can_call, can_email=can_email)
    if asked_at is None:
        return NextTouch(received_at, channel, FRESH, _("came in, nobody was in touch yet"))
    rank = INQUIRY if now - asked_at <= FIRST_HOUR else FRESH
    return NextTouch(asked_at, channel, rank, _("they asked us, nobody has answered yet"))


def first_channel(*, can_call: bool, can_email: bool) -> str:
    """Call where there is a number, else write, else post a letter (nurture.touching.Channel)."""
    if can_call:
        return "phone"
    return "email" if can_email else "letter"
