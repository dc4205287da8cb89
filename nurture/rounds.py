"""A specialist's round through today's queue: what they logged, what they skipped and why.

Kept in their session until their day is over, since it says nothing of the leads: whoever was
skipped is as due as before, and comes first tomorrow.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

KEY = "round"
MOST_KEPT = 400
"""Leads of one round; the oldest of a longer one are served again."""


@dataclass(frozen=True)
class Round:
    """Ids of leads: logged, in order; skipped, each with the reason in words."""

    logged: tuple[int, ...] = ()
    skipped: dict[int, str] = field(default_factory=dict)

    @property
    def handled(self) -> set[int]:
        """Whose turn is over for this time."""
        return {*self.logged, *self.skipped}


def round_of(session: MutableMapping[str, Any], now: datetime) -> Round:
    """The round of the day that `now` is in, in the reader's zone; an empty one on a new day."""
    kept = session.get(KEY)
    if not kept or kept["on"] != _day(now):
        return Round()
    skipped = {int(pk): why for pk, why in kept["skipped"].items()}
    return Round(tuple(kept["logged"]), skipped)


def remember_logged(session: MutableMapping[str, Any], lead_id: int, now: datetime) -> Round:
    """A touch was logged: the lead waits until all others had their turn."""
    past = round_of(session, now)
    logged = (*(pk for pk in past.logged if pk != lead_id), lead_id)
    skipped = {pk: why for pk, why in past.skipped.items() if pk != lead_id}
    return _keep(session, Round(logged[-MOST_KEPT:], skipped), now)


def remember_skipped(
    session: MutableMapping[str, Any], lead_id: int, why: str, now: datetime
) -> Round:
    """The lead is not served again today, unless opened by hand."""
    past = round_of(session, now)
    skipped = dict(list({**past.skipped, lead_id: why}.items())[-MOST_KEPT:])
    return _keep(session, Round(past.logged, skipped), now)


def forget(session: MutableMapping[str, Any], lead_id: int, now: datetime) -> Round:
    """What was logged or skipped of the lead was taken back: it is its turn again."""
    past = round_of(session, now)
    logged = tuple(pk for pk in past.logged if pk != lead_id)
    skipped = {pk: why for pk, why in past.skipped.items() if pk != lead_id}
    return _keep(session, Round(logged, skipped), now)


def _keep(session: MutableMapping[str, Any], made: Round, now: datetime) -> Round:
    session[KEY] = {
        "on": _day(now),
        "logged": list(made.logged),
        "skipped": {str(pk): why for pk, why in made.skipped.items()},
    }
    return made


def _day(now: datetime) -> str:
    return timezone.localtime(now).date().isoformat()
