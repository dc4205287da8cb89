"""What the gates must know of any number of planned touches, read in a fixed number of questions.

The same reading serves a batch that was just claimed and the one touch whose submission is about to
be said: what is asked before is what is asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.contactability import WEEK
from nurture.engine import gates
from nurture.engine.composing import days_of_touches, merge_values
from nurture.engine.messages import BadTemplate, Written, rests_on_touches, write
from nurture.models import PlannedTouch, Submission
from nurture.reach import reachability_among, suppressed_among
from prospects.reads import calendar_there
from team.calendar import Calendar
from team.models import Organisation

NOT_HEARD = (
    Submission.Result.REFUSED,
    Submission.Result.REFUSED_FOR_NOW,
    Submission.Result.NOT_SENT,
)
"""Results of submissions that nobody has received: they count towards no cap."""

AT_HAND = ("enrolment", "lead__company", "contact")
"""Joined to each planned touch: what hardly two of a batch share."""
SHARED = ("step__template", "lead__source", "lead__specialist")
"""Asked for once a batch, as most of its planned touches share it."""


@dataclass(frozen=True)
class Case:
    """One planned touch with everything that the decision on it rests on."""

    planned: PlannedTouch
    situation: gates.Situation
    calendar: Calendar
    """Of the prospect's place."""
    written: Written | None
    """The message as it would go out; None where its template can not be used."""

    def decide(self, now: datetime) -> gates.Decision:
        return gates.decide(self.situation, calendar=self.calendar, now=now)


def read_cases(
    planned_touches: Sequence[PlannedTouch], *, organisation: Organisation, now: datetime
) -> list[Case]:
    """The case of each, in their order. `now`: the engine's.

    They come with AT_HAND joined and SHARED at hand; three questions more, however many they are.
    """
    for planned in planned_touches:
        if planned.contact.company_id == planned.lead.company_id:
            planned.contact.company = planned.lead.company  # read with the lead
    suppressed = suppressed_among({planned.contact for planned in planned_touches})
    heard = _heard_at(planned_touches, now)
    days = days_of_touches(
        {planned.lead_id for planned in planned_touches if _rests_on_touches(planned)}
    )
    cases = []
    for planned in planned_touches:
        lead, contact = planned.lead, planned.contact
        values = merge_values(planned, now, organisation=organisation, days=days[planned.lead_id])
        written, hindrance = _written(planned, values)
        situation = gates.Situation(
            stage=lead.stage,
            is_enrolled=planned.enrolment.ended_at is None,
            is_theirs=contact.pk == lead.contact_id or contact.company_id == lead.company_id,
            reach=reachability_among(contact, lead.company, planned.channel, suppressed),
            sent_at=tuple(heard[contact.pk]),
            hindrance=hindrance,
        )
        calendar = calendar_there(contact, lead.company, organisation.calendar)
        cases.append(Case(planned, situation, calendar, written))
    return cases


def _rests_on_touches(planned: PlannedTouch) -> bool:
    template = planned.step.template
    return template is not None and rests_on_touches(f"{template.subject}\n{template.body}")


def _written(planned: PlannedTouch, values: dict[str, str]) -> tuple[Written | None, str]:
    """The message to one person, and what is wrong with it."""
    template = planned.step.template
    assert template is not None  # the database holds it for what a machine does
    try:
        written = write(template.subject, template.body, values)
    except BadTemplate as wrong:
        return None, str(wrong)
    return written, written.hindrance


def _heard_at(
    planned_touches: Iterable[PlannedTouch], now: datetime
) -> defaultdict[int, list[datetime]]:
    """When each contact got an automatic touch within the last week, by the contact's id."""
    heard: defaultdict[int, list[datetime]] = defaultdict(list)
    contacts = {planned.contact_id for planned in planned_touches}
    for contact, opened_at in (
        Submission.objects.filter(planned__contact__in=contacts, opened_at__gt=now - WEEK)
        .exclude(result__in=NOT_HEARD)
        .values_list("planned__contact", "opened_at")
    ):
        heard[contact].append(opened_at)
    return heard
