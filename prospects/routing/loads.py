"""Who has how much, and for what they are: what the choice of a specialist rests on.

Asked through two indexes of open leads (`lead_load`, and the last assignment of each person), and for
a choice only as far as it matters: nobody's leads are counted beyond their capacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from prospects.imports.statements import fetch
from prospects.models import Company
from prospects.routing.choosing import SpecialistNow
from prospects.stages import WORKED
from team.models import Organisation
from team.territories import Area, LeadProfile, is_away_on

OPEN = ", ".join(f"'{stage}'" for stage in sorted(WORKED))


@dataclass(frozen=True)
class Day:
    """Today in the organisation's zone, and the instants at which it and the next seven days end."""

    on: date
    ends_at: datetime
    week_ends_at: datetime


def day_of(now: datetime, organisation: Organisation) -> Day:
    local = now.astimezone(organisation.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return Day(
        local.date(),
        ends_at=timezone.make_aware(
            (midnight + timedelta(days=1)).replace(tzinfo=None), organisation.zone
        ),
        week_ends_at=timezone.make_aware(
            (midnight + timedelta(days=7)).replace(tzinfo=None), organisation.zone
        ),
    )


def profile_of(company: Company | None) -> LeadProfile:
    """Where a lead's company is and what it does, as territories ask it."""
    if company is None:
        return LeadProfile()
    return LeadProfile(
        country=company.country,
        region=company.region,
        naics=company.naics.code if company.naics else "",
        employees=company.employees,
    )


@dataclass(frozen=True)
class Load:
    """A specialist, what they have on hand, and what is due with them within seven days."""

    now: SpecialistNow
    due_this_week: int
    away_from: date | None
    is_away_later: bool
    """They will be, and are not yet."""
    works_here: bool


_LOADS = f"""
    SELECT person.id, person.name, person.team_id, person.is_active, person.languages,
           person.lead_capacity, person.daily_touches, person.away_from, person.away_until,
           (SELECT count(*) FROM (
               SELECT FROM prospects_lead WHERE specialist_id = person.id AND stage IN ({OPEN})
                LIMIT CASE WHEN %(most)s THEN person.lead_capacity END) AS open_lead),
           (SELECT count(*) FROM (
               (SELECT FROM prospects_lead WHERE specialist_id = person.id AND stage IN ({OPEN})
                   AND next_touch_at < %(day_ends)s
                 LIMIT CASE WHEN %(most)s THEN person.daily_touches END)
               UNION ALL
               (SELECT FROM prospects_lead WHERE specialist_id = person.id AND stage IN ({OPEN})
                   AND next_touch_at IS NULL
                 LIMIT CASE WHEN %(most)s THEN person.daily_touches END)) AS due),
           CASE WHEN %(most)s THEN 0 ELSE
               (SELECT count(*) FROM prospects_lead
                 WHERE specialist_id = person.id AND stage IN ({OPEN})
                   AND next_touch_at >= %(day_ends)s AND next_touch_at < %(week_ends)s) END,
           COALESCE((SELECT id FROM prospects_assignment WHERE to_person_id = person.id
                      ORDER BY id DESC LIMIT 1), 0),
           (SELECT json_agg(json_build_array(country, region, naics_prefix, min_employees,
                                             max_employees) ORDER BY id)
              FROM team_territory WHERE person_id = person.id)
      FROM team_user AS person
     WHERE person.id = ANY(%(people)s)
     ORDER BY person.name, person.id"""  # noqa: S608 - the stages are ours


def loads_of(people: Iterable[int], day: Day, *, most: bool = False) -> list[Load]:
    """The load of these specialists, by name; one query.

    `most`: only whether they are full matters, so nothing is counted beyond that, nor the week.
    """
    rows = fetch(
        _LOADS,
        {
            "people": list(people),
            "most": most,
            "day_ends": day.ends_at,
            "week_ends": day.week_ends_at,
        },
    )
    return [
        Load(
            now=SpecialistNow(
                person=pk,
                name=name,
                team=team,
                areas=tuple(Area(*area) for area in areas or ()),
                languages=frozenset(languages),
                open_leads=open_leads,
                lead_capacity=lead_capacity,
                due_today=due_today,
                daily_touches=daily_touches,
                is_away=not works_here or is_away_on(day.on, away_from, away_until),
                away_until=away_until,
                turn=turn,
            ),
            due_this_week=due_today + due_later,
            away_from=away_from,
            is_away_later=away_from is not None and away_from > day.on,
            works_here=works_here,
        )
        for (
            pk,
            name,
            team,
            works_here,
            languages,
            lead_capacity,
            daily_touches,
            away_from,
            away_until,
            open_leads,
            due_today,
            due_later,
            turn,
            areas,
        ) in rows
    ]
