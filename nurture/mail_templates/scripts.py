"""What a person says in a touch that a cadence planned: its script, filled in for whom they call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from nurture.engine.composing import days_of_touches, values_for
from nurture.engine.messages import DAY_OF, fields_of, shown
from nurture.engine.states import PlannedState
from nurture.models import PlannedTouch, Step
from nurture.touching import Channel
from prospects.models import Lead
from team.models import Organisation

SPOKEN = (Channel.PHONE, Channel.VOICEMAIL)
"""Channels whose templates are said, not sent."""


def raw_script(channel: str, script: str, template: str) -> str:
    """What a step gives a person to say, before it is filled in: its template's words, its own."""
    spoken = template if channel in SPOKEN else ""
    return "\n\n".join(filter(None, (spoken.strip(), script.strip())))


def mentions_days(raw: str) -> bool:
    """Whether it takes a question to the database to fill it in."""
    return not set(fields_of(raw)).isdisjoint(DAY_OF.values())


def script_for(
    raw: str, lead: Lead, zone: ZoneInfo, now: datetime, *, organisation: Organisation
) -> str:
    """A script filled in for the lead's contact; one query where it mentions an earlier touch."""
    days = days_of_touches([lead.pk])[lead.pk] if mentions_days(raw) else {}
    return _filled(raw, lead, zone, now, organisation=organisation, days=days)


def scripts_due(
    leads: Collection[int], now: datetime, *, organisation: Organisation
) -> dict[int, str]:
    """What is said in the touches that wait for a person, by lead: two queries at most."""
    if not leads:
        return {}
    planned_touches = PlannedTouch.objects.filter(
        lead__in=leads, state=PlannedState.AWAITING_HUMAN, performer=Step.Performer.PERSON
    ).select_related(
        "step__template", "lead__company", "lead__source", "lead__specialist", "lead__contact"
    )
    raw = {
        planned: raw_script(
            planned.channel,
            planned.step.script,
            planned.step.template.body if planned.step.template else "",
        )
        for planned in planned_touches
    }
    asking = {planned.lead_id for planned, words in raw.items() if mentions_days(words)}
    days = days_of_touches(asking) if asking else {}
    return {
        planned.lead_id: _filled(
            words,
            planned.lead,
            ZoneInfo(planned.zone),
            now,
            organisation=organisation,
            days=days.get(planned.lead_id, {}),
        )
        for planned, words in raw.items()
        if words
    }


def _filled(
    raw: str,
    lead: Lead,
    zone: ZoneInfo,
    now: datetime,
    *,
    organisation: Organisation,
    days: Mapping[str, datetime],
) -> str:
    values = values_for(lead, lead.contact, zone, now, organisation=organisation, days=days)
    return shown(raw, values)
