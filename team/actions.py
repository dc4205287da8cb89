"""What changes the organisation because a manager asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from django.core.exceptions import PermissionDenied
from django.db import transaction

from team.models import Territory, User
from team.territories import Area


@dataclass(frozen=True)
class PersonSettings:
    """How much somebody may have, what they are for, and when they are away."""

    capacity: int
    lead_capacity: int
    daily_touches: int
    languages: tuple[str, ...]
    away_from: date | None
    away_until: date | None
    areas: tuple[Area, ...]

    @property
    def fingerprint(self) -> str:
        """Tells whether somebody else has changed anything."""
        return sha256(repr(self).encode()).hexdigest()


class SettingsChanged(Exception):
    """Somebody else saved in between; `current` is what stands now."""

    def __init__(self, current: PersonSettings) -> None:
        self.current = current
        super().__init__()


def settings_of(person: User) -> PersonSettings:
    """What is set for a person: one query."""
    return PersonSettings(
        capacity=person.capacity,
        lead_capacity=person.lead_capacity,
        daily_touches=person.daily_touches,
        languages=tuple(person.languages),
        away_from=person.away_from,
        away_until=person.away_until,
        areas=tuple(territory.area for territory in person.territories.order_by("pk")),
    )


@transaction.atomic
def set_person(*, person: User, settings: PersonSettings, seen: str, by: User) -> User:
    """Write a person's settings, unless others stand now than when its fingerprint was `seen` (SettingsChanged).

    Refuses (PermissionDenied) who does not manage them.
    """
    if not by.manages or not User.objects.visible_to(by).filter(pk=person.pk).exists():
        raise PermissionDenied
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    current = settings_of(person)
    if current.fingerprint != seen:
        raise SettingsChanged(current)
    person.capacity = settings.capacity
    person.lead_capacity = settings.lead_capacity
    person.daily_touches = settings.daily_touches
    person.languages = list(settings.languages)
    person.away_from, person.away_until = settings.away_from, settings.away_until
    person.save(
        update_fields=[
            "capacity",
            "lead_capacity",
            "daily_touches",
            "languages",
            "away_from",
            "away_until",
        ]
    )
    if settings.areas != current.areas:
        _write_areas(person, settings.areas)
    return person


def _write_areas(person: User, areas: Sequence[Area]) -> None:
    person.territories.all().delete()
    Territory.objects.bulk_create(
        Territory(
            person=person,
            country=area.country,
            region=area.region,
            naics_prefix=area.naics_prefix,
            min_employees=area.min_employees,
            max_employees=area.max_employees,
        )
        for area in areas
    )
