"""Touches and what comes of them; cadences, the touches they plan, and what is sent."""

from nurture.models.cadences import Cadence, CadenceVersion, Enrolment, Step, Template
from nurture.models.planned import Engine, PlannedTouch, StateEvent, Submission
from nurture.models.touches import (
    AnswerEvidence,
    Attempt,
    Promise,
    Suppression,
    Touch,
)

__all__ = [
    "AnswerEvidence",
    "Attempt",
    "Cadence",
    "CadenceVersion",
    "Engine",
    "Enrolment",
    "PlannedTouch",
    "Promise",
    "StateEvent",
    "Step",
    "Submission",
    "Suppression",
    "Template",
    "Touch",
]
