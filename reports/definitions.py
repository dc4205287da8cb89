"""What each figure means, as its page says it (domain.md, section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy
from django.utils.translation import pgettext_lazy as pgettext


@dataclass(frozen=True)
class Definition:
    """`title` follows a number ("14 new prospects"); `words` say what counts, and as of when."""

    title: Any
    words: Any
    adds_up: str = ""
    """The field whose sum is the figure, where it is an amount."""


DEFINITIONS: dict[str, Definition] = {
    "leads_received": Definition(
        gettext_lazy("Leads received"), gettext_lazy("Leads that were received in the month.")
    ),
    "leads_screened_out": Definition(
        gettext_lazy("Leads screened out"),
        gettext_lazy("Leads received in the month that were screened out by its end."),
    ),
    "new_prospects": Definition(
        gettext_lazy("New prospects"),
        gettext_lazy("Leads that entered the program in the month, for the first time."),
    ),
    "under_development": Definition(
        gettext_lazy("Under development"),
        gettext_lazy("Leads that were nurturing or qualified at the end of the month."),
    ),
    "mqls": Definition(
        gettext_lazy("MQLs"),
        gettext_lazy(
            "Leads that passed screening and had enough attributes documented, for the first time, "
            "in the month."
        ),
    ),
    "qualified": Definition(
        pgettext("leads", "Qualified"),
        gettext_lazy("Leads that met the standard for the first time in the month."),
    ),
    "handed_off": Definition(
        pgettext("leads", "Handed to sales"),
        gettext_lazy(
            "Handoffs to a rep made in the month. A lead handed off twice is listed twice."
        ),
    ),
    "potential_revenue": Definition(
        gettext_lazy("Potential revenue"),
        gettext_lazy("What the handoffs made in the month may bring, as the reps were told."),
        adds_up="potential_revenue",
    ),
    "accepted": Definition(
        pgettext("handoffs", "Accepted"),
        gettext_lazy("Handoffs made in the month that the rep had accepted by its end."),
    ),
    "returned": Definition(
        pgettext("handoffs", "Returned"),
        gettext_lazy("Handoffs made in the month that the rep had returned by its end."),
    ),
    "overdue": Definition(
        pgettext("handoffs", "Overdue"),
        gettext_lazy(
            "Handoffs made in the month that were overdue at its end: the time to accept had "
            "passed, and the rep had said nothing."
        ),
    ),
    "won": Definition(
        pgettext("opportunities", "Won"),
        gettext_lazy("Opportunities that a rep reported as won in the month."),
    ),
    "won_revenue": Definition(
        gettext_lazy("Won revenue"),
        gettext_lazy("What the opportunities bring that a rep reported as won in the month."),
        adds_up="revenue",
    ),
    "lost": Definition(
        pgettext("opportunities", "Lost"),
        gettext_lazy("Opportunities that a rep reported as lost in the month."),
    ),
    "disqualified": Definition(
        pgettext("leads", "Disqualified"),
        gettext_lazy("Leads that were disqualified in the month."),
    ),
    "unable_to_qualify": Definition(
        pgettext("leads", "Unable to qualify"),
        gettext_lazy("Leads that were given up in the month, as unable to qualify."),
    ),
    "touches": Definition(
        gettext_lazy("Touches"),
        gettext_lazy("Touches that happened in the month, in both directions."),
    ),
    "conversations": Definition(
        gettext_lazy("Conversations"),
        gettext_lazy("Two-way touches of the month: they spoke or wrote to us."),
    ),
    "leads_worked": Definition(
        gettext_lazy("Leads worked"), gettext_lazy("Leads that we touched in the month.")
    ),
    "attempts": Definition(
        gettext_lazy("Connect attempts"),
        gettext_lazy(
            "Connect attempts opened in the month. One is complete when it had a call, a voicemail "
            "and an email, or a conversation, by the end of the month."
        ),
    ),
    "attempt_reached": Definition(
        gettext_lazy("Leads that got the attempt"),
        gettext_lazy("Leads that got this attempt in the twelve months to the end of the month."),
    ),
    "attempt_conversations": Definition(
        gettext_lazy("Conversations at the attempt"),
        gettext_lazy(
            "Attempts of the twelve months to the end of the month at which a conversation happened."
        ),
    ),
    "attempt_won": Definition(
        gettext_lazy("Won after the attempt"),
        gettext_lazy(
            "Opportunities won in the twelve months to the end of the month, whose last attempt "
            "before was this one."
        ),
    ),
    "received_screened_out": Definition(
        gettext_lazy("Screened out so far"),
        gettext_lazy("Leads received in the month that are screened out today."),
    ),
    "received_mql": Definition(
        gettext_lazy("MQLs so far"),
        gettext_lazy("Leads received in the month that became MQLs until today."),
    ),
    "received_qualified_by_end": Definition(
        gettext_lazy("Qualified by the end of the month"),
        gettext_lazy("Leads received in the month that qualified by its end."),
    ),
    "received_qualified": Definition(
        gettext_lazy("Qualified so far"),
        gettext_lazy("Leads received in the month that qualified until today."),
    ),
    "received_handed_off": Definition(
        gettext_lazy("Handed to sales so far"),
        gettext_lazy("Leads received in the month that were handed to a rep until today."),
    ),
    "received_won": Definition(
        gettext_lazy("Won so far"),
        gettext_lazy("Leads received in the month that were won until today."),
    ),
    "conversion_12m": Definition(
        gettext_lazy("Won within 12 months"),
        gettext_lazy(
            "Leads that qualified at least 12 months before the end of the month and were won "
            "within 12 months of qualifying."
        ),
    ),
    "conversion_12m_qualified": Definition(
        gettext_lazy("Qualified 12 months ago or earlier"),
        gettext_lazy("Leads that qualified at least 12 months before the end of the month."),
    ),
    "live": Definition(
        gettext_lazy("Live opportunities"),
        gettext_lazy("Handoffs that are with a rep today: not returned, not closed."),
    ),
    "waiting": Definition(
        gettext_lazy("Waiting for a rep"),
        gettext_lazy("Leads that are qualified today and not yet with a rep."),
    ),
}
