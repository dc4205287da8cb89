"""The life of a lead: its stages and the only legal steps between them (domain.md, section 3).

Pure. `prospects.actions.change_stage` is the one function that takes a step.
"""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Stage(TextChoices):
    RAW = "raw", _("Raw")
    SCREENED_OUT = "screened_out", _("Screened out")
    NURTURING = "nurturing", _("Nurturing")
    UNABLE_TO_QUALIFY = "unable_to_qualify", _("Unable to qualify")
    DISQUALIFIED = "disqualified", _("Disqualified")
    QUALIFIED = "qualified", _("Qualified")
    HANDED_OFF = "handed_off", _("Handed off")
    ACCEPTED = "accepted", _("Accepted")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class Disqualification(TextChoices):
    """Why a person closes a lead for good."""

    NO_NEED = "no_need", _("No need")
    NO_FIT = "no_fit", _("No fit")
    WENT_ELSEWHERE = "went_elsewhere", _("Went elsewhere")
    OUT_OF_BUSINESS = "out_of_business", _("Out of business")
    ASKED_TO_STOP = "asked_to_stop", _("Asked us to stop")
    OTHER = "other", _("Other")


NEW = ""
"""The `from` of a lead's first stage change: it did not exist before."""

STEPS: dict[str, frozenset[str]] = {
    NEW: frozenset({Stage.RAW}),
    Stage.RAW: frozenset({Stage.SCREENED_OUT, Stage.NURTURING, Stage.DISQUALIFIED}),
    Stage.SCREENED_OUT: frozenset({Stage.RAW}),
    Stage.NURTURING: frozenset({Stage.UNABLE_TO_QUALIFY, Stage.DISQUALIFIED, Stage.QUALIFIED}),
    Stage.QUALIFIED: frozenset({Stage.NURTURING, Stage.HANDED_OFF, Stage.DISQUALIFIED}),
    Stage.HANDED_OFF: frozenset({Stage.ACCEPTED, Stage.NURTURING}),
    Stage.ACCEPTED: frozenset({Stage.WON, Stage.LOST, Stage.NURTURING}),
    Stage.WON: frozenset(),
    Stage.UNABLE_TO_QUALIFY: frozenset({Stage.NURTURING}),
    Stage.DISQUALIFIED: frozenset({Stage.NURTURING}),
    Stage.LOST: frozenset({Stage.NURTURING}),
}

UNDER_DEVELOPMENT = frozenset({Stage.NURTURING, Stage.QUALIFIED})
WITH_SALES = frozenset({Stage.HANDED_OFF, Stage.ACCEPTED})
WORKED = frozenset({Stage.RAW, Stage.NURTURING, Stage.QUALIFIED})
"""Stages in which a specialist still has something to do."""
GIVEN_UP = frozenset({Stage.UNABLE_TO_QUALIFY, Stage.DISQUALIFIED, Stage.LOST})
"""Stages from which a lead can be revived."""

PATH = (Stage.RAW, Stage.NURTURING, Stage.QUALIFIED, Stage.HANDED_OFF, Stage.ACCEPTED, Stage.WON)
"""The straight road, as shown on top of a lead."""


class IllegalStep(Exception):
    """The lead cannot go from its stage to the one asked for."""

    def __init__(self, from_stage: str, to_stage: str) -> None:
        self.from_stage, self.to_stage = from_stage, to_stage
        super().__init__(
            f"A lead cannot go from “{Stage(from_stage).label if from_stage else 'new'}”"
            f" to “{Stage(to_stage).label}”."
        )


def check_step(from_stage: str, to_stage: str) -> None:
    """Refuse (IllegalStep) a step that section 3 of the domain does not list."""
    if to_stage not in STEPS[from_stage]:
        raise IllegalStep(from_stage, to_stage)
