"""Touches and what comes of them; cadences, the touches they plan, and what is sent."""

from nurture.models.absence import Absence, ShiftedTouch
from nurture.models.cadences import Cadence, CadenceVersion, Enrolment, Step, Template
from nurture.models.filling import EnrolmentRule, FilledLead, Filling
from nurture.models.inbox import IncomingMail, Mailbox
from nurture.models.letters import Letter, PrintBatch
from nurture.models.operations import PeriodicWork, SwitchEvent, Tally
from nurture.models.planned import Engine, PlannedTouch, StateEvent, Submission
from nurture.models.regions import RegionalRule
from nurture.models.touches import (
    AnswerEvidence,
    Attempt,
    Promise,
    Touch,
)

__all__ = [
    "Absence",
    "AnswerEvidence",
    "Attempt",
    "Cadence",
    "CadenceVersion",
    "Engine",
    "Enrolment",
    "EnrolmentRule",
    "FilledLead",
    "Filling",
    "IncomingMail",
    "Letter",
    "Mailbox",
    "PeriodicWork",
    "PlannedTouch",
    "PrintBatch",
    "Promise",
    "RegionalRule",
    "ShiftedTouch",
    "StateEvent",
    "Step",
    "Submission",
    "SwitchEvent",
    "Tally",
    "Template",
    "Touch",
]
