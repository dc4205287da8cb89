"""To whom a qualified lead goes (domain.md, section 8). Pure: plain values in and out.

By territory, the most specific match first; then by free capacity; then by who waited longest.
A rep who is full stays on the list, behind everybody with room: it takes a manager's word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from team.territories import Area, LeadProfile, best_area

OUTSIDE, UNASSIGNED = -2, -1
"""How well reps fit whose territory does not hold the lead, or who have none. One that does hold it
counts the things it names, from 0."""


@dataclass(frozen=True)
class RepNow:
    """A rep as the choice sees them. `live`: opportunities handed off or accepted, not yet closed."""

    rep: int
    name: str
    capacity: int
    live: int = 0
    areas: tuple[Area, ...] = ()
    last_handoff_at: datetime | None = None
    """None: never got one, so they waited longest."""


@dataclass(frozen=True)
class Proposal:
    """A rep the lead could go to, best first. `why` is at most a line; `free` is never negative."""

    rep: int
    name: str
    why: str
    free: int
    capacity: int
    live: int
    in_territory: bool

    @property
    def is_full(self) -> bool:
        return self.free == 0


def propose(lead: LeadProfile, reps: Iterable[RepNow], now: datetime) -> list[Proposal]:
    """All reps, in the order in which the lead should be offered to them."""
    ranked = sorted(
        ((rep, best_area(lead, rep.areas)) for rep in reps), key=lambda pair: _order(*pair)
    )
    return [_proposal(rep, area, now) for rep, area in ranked]


def free_of(capacity: int, live: int) -> int:
    """How many more a rep may be given without a manager's word."""
    return max(0, capacity - live)


def _fit(rep: RepNow, area: Area | None) -> tuple[int, int]:
    if area is not None:
        return area.specificity
    # Nobody said where they sell: before those of whom we know that it is elsewhere.
    return (UNASSIGNED, 0) if not rep.areas else (OUTSIDE, 0)


def _order(rep: RepNow, area: Area | None) -> tuple[bool, int, int, int, bool, float, int]:
    free = free_of(rep.capacity, rep.live)
    named, finely = _fit(rep, area)
    last = rep.last_handoff_at
    return (
        free == 0,
        -named,
        -finely,
        -free,
        last is not None,
        last.timestamp() if last else 0,
        rep.rep,
    )


def _proposal(rep: RepNow, area: Area | None, now: datetime) -> Proposal:
    free = free_of(rep.capacity, rep.live)
    return Proposal(
        rep=rep.rep,
        name=rep.name,
        why=" · ".join((_territory_in_words(rep, area), _room(rep, free), _waited(rep, now))),
        free=free,
        capacity=rep.capacity,
        live=rep.live,
        in_territory=area is not None,
    )


def _territory_in_words(rep: RepNow, area: Area | None) -> str:
    if area is not None:
        return _("their territory: %s") % area.words
    return _("outside their territory") if rep.areas else _("no territory set")


def _room(rep: RepNow, free: int) -> str:
    if free == 0:
        return _("full: %(live)s of %(capacity)s live") % {
            "live": rep.live,
            "capacity": rep.capacity,
        }
    return _("room for %(free)s of %(capacity)s") % {"free": free, "capacity": rep.capacity}


def _waited(rep: RepNow, now: datetime) -> str:
    if rep.last_handoff_at is None:
        return _("none handed to them yet")
    days = max(0, (now - rep.last_handoff_at).days)
    if days == 0:
        return _("the last one today")
    return ngettext("the last one %s day ago", "the last one %s days ago", days) % days
