"""What becomes of two records that are one: the rules a person is offered, and may overrule.

Pure. Which of two leads goes on (domain.md, section 3), how two histories become one, and which of
two values is preset: confirmed before assumed, newer before older, filled before empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from prospects.qualification import Basis
from prospects.stages import WITH_SALES, Disqualification, Stage

UNDO_FOR = timedelta(days=30)
"""How long a merge can be undone; then its journal is forgotten."""

RANK: dict[str, int] = {
    Stage.SCREENED_OUT: 1,
    Stage.RAW: 2,
    Stage.UNABLE_TO_QUALIFY: 3,
    Stage.DISQUALIFIED: 3,
    Stage.LOST: 3,
    Stage.NURTURING: 4,
    Stage.QUALIFIED: 5,
    Stage.HANDED_OFF: 7,
    Stage.ACCEPTED: 8,
    Stage.WON: 9,
}
"""The further stage goes on. Given up lies before the program: whom one of two is still talking to is
not given up; and after raw: a person has judged already, and may revive it."""
ASKED_TO_STOP = 6
"""Goes before everything in the program: the strictest word of a person counts."""

IN_PROGRAM = frozenset({Stage.NURTURING, Stage.QUALIFIED})


def rank(stage: str, reason: str = "") -> int:
    """How far a lead in that stage is; 0 for one that does not exist yet."""
    if stage == Stage.DISQUALIFIED and reason == Disqualification.ASKED_TO_STOP:
        return ASKED_TO_STOP
    return RANK.get(stage, 0)


@dataclass(frozen=True)
class Standing:
    """Where a lead stands: its stage, why and since when it is in it."""

    stage: str
    reason: str
    since: datetime


def goes_on(one: Standing, other: Standing) -> bool:
    """Whether the first is the one that goes on; of two equally far, the one that came there later.

    Of two in the same stage the first.
    """
    ranks = rank(one.stage, one.reason), rank(other.stage, other.reason)
    if ranks[0] != ranks[1]:
        return ranks[0] > ranks[1]
    return one.stage == other.stage or one.since >= other.since


def why_not(one: Standing, other: Standing) -> str:
    """Why two leads cannot become one, in words; empty: they can."""
    stages = {one.stage, other.stage}
    if one.stage in WITH_SALES and other.stage in WITH_SALES:
        return _(
            "Reps hold both of them. One must be returned or closed first: two reps cannot work one"
            " opportunity."
        )
    if one.stage == other.stage == Stage.WON:
        return _("Both were won: these are two needs, not one twice.")
    if Stage.WON in stages and stages & (WITH_SALES | IN_PROGRAM):
        return _(
            "One of them was won, and the other is being worked: a new need is a lead of its own."
            " You can merge the people or the companies instead."
        )
    asked = ASKED_TO_STOP in {rank(one.stage, one.reason), rank(other.stage, other.reason)}
    if asked and stages & WITH_SALES:
        return _("They asked us to stop, and a rep holds the other lead: settle that with the rep.")
    return ""


# Two histories


@dataclass(frozen=True)
class PastStep:
    """One step of a history that was: `key` is its own id."""

    key: int
    from_stage: str
    to_stage: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class JoinedStep:
    """One step of the history of both: what led to it, and between which stages."""

    cause: PastStep
    from_stage: str
    to_stage: str

    @property
    def is_as_it_was(self) -> bool:
        return (self.from_stage, self.to_stage) == (self.cause.from_stage, self.cause.to_stage)


def joined(one: Sequence[PastStep], other: Sequence[PastStep]) -> list[JoinedStep]:
    """The history of two leads that were one all along.

    At every instant the further of the two stages counts, as it does now; so a past month has the
    lead once, where it was furthest, and the history ends where the lead that goes on is.
    `one`, `other`: each unbroken and in its order. Of equally far stages the later counts.
    """
    order = sorted(
        [
            (step.at, side, place, step)
            for side, steps in enumerate((one, other))
            for place, step in enumerate(steps)
        ],
        key=lambda entry: entry[:3],
    )
    at_side = ["", ""]
    ranks = [0, 0]
    joint: list[JoinedStep] = []
    stands = ""
    for _at, side, _place, step in order:
        at_side[side], ranks[side] = step.to_stage, rank(step.to_stage, step.reason)
        leads = side if ranks[side] >= ranks[1 - side] else 1 - side
        if at_side[leads] != stands:
            joint.append(JoinedStep(step, stands, at_side[leads]))
            stands = at_side[leads]
    return joint


# Values


@dataclass(frozen=True)
class Value:
    """One side's value of a field (or of several that belong together), and what it rests on."""

    value: Any
    basis: str = ""
    since: datetime | None = None
    usable: bool = True
    """An address that bounced or cannot be read is not."""

    @property
    def fullness(self) -> int:
        """How much it says: each part that is there, an initial half as much as a name."""
        parts = self.value if isinstance(self.value, tuple) else (self.value,)
        said = [str(part).strip(". ") for part in parts if part not in (None, "", "unknown", False)]
        return sum(2 if len(words) > 1 else 1 for words in said)

    @property
    def is_empty(self) -> bool:
        return self.fullness == 0


LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def prefers_first(first: Value, second: Value) -> bool:
    """Which value is preset: filled before empty, usable before dead, confirmed, fuller, newer."""

    def weight(value: Value) -> tuple[bool, bool, bool, int, datetime]:
        return (
            not value.is_empty,
            value.usable,
            value.basis == Basis.TOUCH,
            value.fullness if isinstance(value.value, tuple) and len(value.value) > 1 else 0,
            value.since or LONG_AGO,
        )

    return weight(first) >= weight(second)
