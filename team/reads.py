"""What the pages about the organisation show: the people, what they may have, what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from team.languages import language_name
from team.models import Role, User
from team.territories import grouped


@dataclass(frozen=True)
class PersonRow:
    """One specialist or rep, with their settings in words."""

    pk: int
    name: str
    role: str
    capacity: str
    languages: str
    territories: tuple[str, ...]
    absence: str
    is_away: bool


@dataclass(frozen=True)
class TeamPeople:
    team: str
    people: tuple[PersonRow, ...]


def people_seen(user: User, today: date) -> list[TeamPeople]:
    """The specialists and reps whom a manager answers for, by team: three queries.

    `today`: in the organisation's zone, for who is away.
    """
    people = (
        User.objects.visible_to(user)
        .active()
        .filter(role__in=(Role.SPECIALIST, Role.REP))
        .select_related("team")
        .prefetch_related("territories")
        .order_by("team__name", "-role", "name", "pk")
    )
    found: dict[str, list[PersonRow]] = {}
    for person in people:
        team = person.team.name if person.team else _("In no team")
        found.setdefault(team, []).append(_row(person, today))
    return [TeamPeople(team, tuple(rows)) for team, rows in found.items()]


def _row(person: User, today: date) -> PersonRow:
    return PersonRow(
        pk=person.pk,
        name=person.name,
        role=str(Role(person.role).label),
        capacity=_capacity(person),
        languages=_languages(person),
        territories=tuple(
            group.words for group in grouped(t.area for t in person.territories.all())
        ),
        absence=absence_in_words(person, today),
        is_away=person.is_away_on(today),
    )


def _languages(person: User) -> str:
    if person.is_rep:
        return ""
    return ", ".join(sorted(map(language_name, person.languages))) or _("any")


def _capacity(person: User) -> str:
    if person.is_rep:
        return (
            ngettext("%s live opportunity", "%s live opportunities", person.capacity)
            % person.capacity
        )
    return _("%(leads)s open leads, %(touches)s touches a day") % {
        "leads": f"{person.lead_capacity:,}",
        "touches": person.daily_touches,
    }


def absence_in_words(person: User, today: date) -> str:
    """ "away Jul 1 to Jul 14"; empty where no absence is coming or going on."""
    start, end = person.away_from, person.away_until
    if start is None or (end is not None and end < today):
        return ""
    words = {"start": date_format(start, "M j"), "end": date_format(end, "M j") if end else ""}
    return _("away %(start)s to %(end)s") % words if end else _("away from %(start)s on") % words
