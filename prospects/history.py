"""The history of a lead's stages as built from dates that were brought along (domain.md, section 10).

Pure. What files say may contradict itself; the chain that comes out is always unbroken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from prospects.stages import NEW, Stage


@dataclass(frozen=True)
class Event:
    """A lead came to a stage at an instant."""

    at: datetime
    to_stage: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One row of the history."""

    from_stage: str
    to_stage: str
    at: datetime
    reason: str = ""
    note: str = ""


def chain(received_at: datetime, events: Iterable[Event]) -> list[Step]:
    """The unbroken history that the events make, in their order, starting raw at `received_at`.

    An event dated before the one it follows takes place at the same instant as that one, and its note
    keeps the date that was given; an event that leads to the stage the lead is in already is left out.
    """
    steps = [Step(NEW, Stage.RAW, received_at)]
    for event in events:
        last = steps[-1]
        if event.to_stage == last.to_stage:
            continue
        note = event.note
        if event.at < last.at:
            given = _("Given as %s.") % f"{event.at:%Y-%m-%d %H:%M}"
            note = f"{note} {given}".strip()
        steps.append(
            Step(last.to_stage, event.to_stage, max(event.at, last.at), event.reason, note)
        )
    return steps


def in_order(groups: Iterable[list[Event]]) -> list[Event]:
    """Events of several groups by the date on which each group begins, each group's own order kept."""
    ordered = sorted((group for group in groups if group), key=lambda group: group[0].at)
    return [event for group in ordered for event in group]
