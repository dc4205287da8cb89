"""Companies, contacts, leads, what is known of them, and how they came in."""

from prospects.models.assignment import Assignment, AssignmentRule, Rebalancing
from prospects.models.capture import Asked, Fate, Inquiry, WebForm
from prospects.models.company import Company, Contact, IndustryCode, IndustrySystem
from prospects.models.consent import AddressKind, Consent, Release, Suppression
from prospects.models.duplicates import (
    DuplicatePair,
    DuplicateSearch,
    Likeness,
    Merge,
    MergeChange,
    Merged,
    NameKey,
)
from prospects.models.intake import (
    Import,
    ImportChanged,
    ImportCreated,
    ImportKind,
    ImportState,
    KeptLead,
    RefusedRow,
    UploadPart,
)
from prospects.models.knowledge import RecordedAnswer, Standard
from prospects.models.layout import Layout
from prospects.models.lead import Arrival, Lead, Source, SourceCost, SourceKind, StageChange
from prospects.models.maildomain import MailDomain
from prospects.models.screening import (
    Listing,
    Outcome,
    Overruling,
    RescreenedLead,
    Rescreening,
)

__all__ = [
    "AddressKind",
    "Arrival",
    "Asked",
    "Assignment",
    "AssignmentRule",
    "Company",
    "Consent",
    "Contact",
    "DuplicatePair",
    "DuplicateSearch",
    "Fate",
    "Import",
    "ImportChanged",
    "ImportCreated",
    "ImportKind",
    "ImportState",
    "IndustryCode",
    "IndustrySystem",
    "Inquiry",
    "KeptLead",
    "Layout",
    "Lead",
    "Likeness",
    "Listing",
    "MailDomain",
    "Merge",
    "MergeChange",
    "Merged",
    "NameKey",
    "Outcome",
    "Overruling",
    "Rebalancing",
    "RecordedAnswer",
    "RefusedRow",
    "Release",
    "RescreenedLead",
    "Rescreening",
    "Source",
    "SourceCost",
    "SourceKind",
    "StageChange",
    "Standard",
    "Suppression",
    "UploadPart",
    "WebForm",
]
