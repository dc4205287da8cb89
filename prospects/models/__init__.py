"""Companies, contacts, leads, what is known of them, and how they came in."""

from prospects.models.company import Company, Contact, IndustryCode, IndustrySystem
from prospects.models.intake import Import, ImportKind, Listing, RefusedRow
from prospects.models.knowledge import RecordedAnswer, Standard
from prospects.models.lead import Arrival, Lead, Source, SourceCost, SourceKind, StageChange

__all__ = [
    "Arrival",
    "Company",
    "Contact",
    "Import",
    "ImportKind",
    "IndustryCode",
    "IndustrySystem",
    "Lead",
    "Listing",
    "RecordedAnswer",
    "RefusedRow",
    "Source",
    "SourceCost",
    "SourceKind",
    "StageChange",
    "Standard",
]
