"""What merging does with each row that refers to a lead, a contact or a company.

There is no default: a foreign key that is not named here fails a test, so that whoever adds one decides.
The keys are "app.Model.field", because the apps above are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class How(Enum):
    """What becomes of a row of the record that goes away."""

    MOVE = auto()
    """It belongs to the record that is kept from now on."""
    ANEW = auto()
    """It follows from others and is deleted; whoever writes such rows writes them anew."""
    DROP = auto()
    """It tells of the one record alone and is deleted; undoing brings it back."""
    OWN = auto()
    """`prospects.duplicates.merge_actions` has a rule of its own for it."""


@dataclass(frozen=True)
class Rule:
    """How, and the triggers (pgtrigger's names) that must stand aside for it in a merge alone."""

    how: How
    past: tuple[str, ...] = ()


MOVE, ANEW, DROP, OWN = Rule(How.MOVE), Rule(How.ANEW), Rule(How.DROP), Rule(How.OWN)

RULES: dict[str, Rule] = {
    # to a company
    "prospects.Contact.company": MOVE,
    "prospects.DuplicatePair.first_company": OWN,
    "prospects.DuplicatePair.second_company": OWN,
    "prospects.Lead.company": MOVE,
    "prospects.Merged.company": MOVE,
    "prospects.NameKey.company": ANEW,
    # to a contact
    "nurture.Enrolment.contact": MOVE,
    "nurture.IncomingMail.contact": MOVE,
    "nurture.PlannedTouch.contact": MOVE,
    "nurture.Promise.contact": MOVE,
    "nurture.Touch.contact": Rule(How.MOVE, past=("nurture.Touch:touches_stand",)),
    "prospects.Consent.contact": Rule(
        How.MOVE, past=("prospects.Consent:consents_stand", "prospects.Consent:withdrawn_stands")
    ),
    "prospects.DuplicatePair.first_contact": OWN,
    "prospects.DuplicatePair.second_contact": OWN,
    "prospects.Lead.contact": MOVE,
    "prospects.Merged.contact": MOVE,
    # to a lead
    "handoff.Handoff.lead": MOVE,
    "nurture.Attempt.lead": ANEW,
    "nurture.Enrolment.lead": MOVE,
    "nurture.FilledLead.lead": DROP,
    "nurture.IncomingMail.lead": MOVE,
    "nurture.PlannedTouch.lead": MOVE,
    "nurture.Promise.lead": MOVE,
    "nurture.Touch.lead": Rule(How.MOVE, past=("nurture.Touch:touches_stand",)),
    "prospects.Arrival.lead": MOVE,
    "prospects.Assignment.lead": Rule(How.MOVE, past=("prospects.Assignment:append_only",)),
    "prospects.Inquiry.lead": MOVE,
    "prospects.KeptLead.lead": DROP,
    "prospects.Merged.lead": MOVE,
    "prospects.Overruling.lead": MOVE,
    "prospects.RecordedAnswer.lead": Rule(
        How.OWN, past=("prospects.RecordedAnswer:answers_stand",)
    ),
    "prospects.RescreenedLead.lead": DROP,
    "prospects.StageChange.lead": Rule(How.OWN, past=("prospects.StageChange:append_only",)),
}

UNDOING = (
    "prospects.Assignment:never_deleted",
    "prospects.StageChange:never_deleted",
)
"""Triggers that stand aside when a merge is undone: the steps and assignments that it made go again."""


def triggers_past() -> list[str]:
    """Every trigger that merging must pass."""
    return sorted({trigger for rule in RULES.values() for trigger in rule.past})
