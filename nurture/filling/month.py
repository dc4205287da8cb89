"""The coming month by specialist: what is planned, what more there would be, and what they can do.

Counted by step and day, never lead by lead: five queries, however many leads there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from nurture.cadence import Rank
from nurture.filling.projecting import (
    Course,
    CourseStep,
    Falls,
    Kind,
    Projector,
    Standing,
    added,
    by_people,
    most_new,
    paced,
)
from nurture.models import CadenceVersion, Step
from nurture.touching import Channel
from prospects.imports.statements import fetch
from prospects.routing.loads import Day, day_of
from prospects.stages import WORKED
from team.calendar import Calendar
from team.models import Organisation, User
from team.territories import is_away_on

DAYS = 20
"""Working days that are looked ahead: four weeks."""
FOLLOWED_UP = (Rank.INQUIRY, Rank.PROMISE, Rank.READY, Rank.DECISION_NEAR, Rank.FOLLOW_UP)
"""What is due beside the cadences and cannot wait for them; first attempts can."""
PROMISED = Kind("promised", by_person=True)
"""Touches that no cadence plans: promises and what follows a conversation."""


@dataclass(frozen=True)
class Ahead:
    """The working days from today on, and the instants that today ends and that they all end."""

    days: tuple[date, ...]
    today: Day

    def index_of(self, day: date) -> int:
        """The first of these days that is not before it; past the last: as many as there are."""
        return next((i for i, each in enumerate(self.days) if each >= day), len(self.days))


def ahead_of(now: datetime, organisation: Organisation, days: int = DAYS) -> Ahead:
    today, calendar = day_of(now, organisation), organisation.calendar
    found = [calendar.working_day_on_or_after(today.on)]
    while len(found) < days:
        found.append(calendar.add_working_days(found[-1], 1))
    return Ahead(tuple(found), today)


@dataclass(frozen=True)
class PersonAhead:
    """One specialist: what each day has, by kind, and how much they can do (None: they are away)."""

    pk: int
    name: str
    capacity: tuple[int | None, ...]
    planned: tuple[Counter[Kind], ...]
    made_today: int

    @property
    def load(self) -> list[int]:
        """Touches by a person on each day; today's with those that are made."""
        load = [work_of(day) for day in self.planned]
        load[0] += self.made_today
        return load


@dataclass(frozen=True)
class Month:
    """Of several specialists; `courses` are those of the cadences under way and of the one asked for."""

    ahead: Ahead
    people: tuple[PersonAhead, ...]
    projector: Projector

    def room_today(self, falls: Iterable[Falls]) -> dict[int, int]:
        """How many leads each may begin with today, of a cadence that brings these touches."""
        wave = by_people(falls, len(self.ahead.days))
        return {person.pk: most_new(person.load, wave, person.capacity) for person in self.people}

    def begins(
        self, falls: Sequence[Falls], waiting: Mapping[int, int], *, is_paced: bool
    ) -> dict[int, list[int]]:
        """On which days how many leads of each would begin: with room, or all of them today."""
        days = len(self.ahead.days)
        wave = by_people(falls, days)
        return {
            person.pk: (
                paced(person.load, wave, person.capacity, waiting.get(person.pk, 0))
                if is_paced
                else [waiting.get(person.pk, 0), *[0] * (days - 1)]
            )
            for person in self.people
        }


def work_of(day: Counter[Kind]) -> int:
    """Touches by a person among those of a day."""
    return sum(count for kind, count in day.items() if kind.by_person)


def course_of(version: CadenceVersion) -> Hashable:
    """The key of the way that new leads go."""
    return version.pk, str(Step.Track.MAIN)


def month_of(
    people: Sequence[User],
    now: datetime,
    organisation: Organisation,
    *,
    version: CadenceVersion | None = None,
) -> Month:
    """What the coming days have for these specialists. `version`: a cadence that may be asked for too."""
    ahead = ahead_of(now, organisation)
    ids = [person.pk for person in people]
    open_steps = _open_steps(ids)
    versions = {row[1] for row in open_steps} | ({version.pk} if version else set())
    courses, places = _courses(versions)
    projector = Projector(courses, len(ahead.days))
    planned = projector.project(
        Standing(
            person=person,
            course=(version_pk, track),
            step=places[step],
            day=ahead.index_of(due_on),
            count=count,
        )
        for person, version_pk, track, step, due_on, count in open_steps
    )
    empty: tuple[Counter[Kind], ...] = tuple(Counter() for _day in ahead.days)
    promised = _promised(ids, ahead, organisation.calendar)
    made = _made_today(ids, ahead.today)
    return Month(
        ahead=ahead,
        people=tuple(
            PersonAhead(
                pk=person.pk,
                name=person.name,
                capacity=tuple(
                    None
                    if is_away_on(day, person.away_from, person.away_until)
                    else person.daily_touches
                    for day in ahead.days
                ),
                planned=tuple(
                    day + Counter({PROMISED: count})
                    for day, count in zip(
                        planned.get(person.pk, empty), promised[person.pk], strict=True
                    )
                ),
                made_today=made.get(person.pk, 0),
            )
            for person in people
        ),
        projector=projector,
    )


def added_by(
    month: Month, falls: Sequence[Falls], begins: Mapping[int, list[int]]
) -> dict[int, list[Counter[Kind]]]:
    """What leads bring that begin so, by specialist and day."""
    return {person: added(falls, days) for person, days in begins.items()}


def _open_steps(people: Sequence[int]) -> list[tuple[int, int, str, int, date, int]]:
    """Leads that wait for a step, counted by specialist, version, track, step and day."""
    return fetch(
        """
        SELECT lead.specialist_id, enrolment.version_id, enrolment.track, planned.step_id,
               planned.due_on, count(*)
          FROM prospects_lead AS lead
          JOIN nurture_enrolment AS enrolment
            ON enrolment.lead_id = lead.id AND enrolment.ended_at IS NULL
           AND enrolment.paused_at IS NULL
          JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
          JOIN nurture_cadence AS cadence
            ON cadence.id = version.cadence_id AND cadence.paused_at IS NULL
          JOIN nurture_plannedtouch AS planned
            ON planned.enrolment_id = enrolment.id AND planned.ended_at IS NULL
           AND planned.state <> 'uncertain'
         WHERE lead.specialist_id = ANY(%(people)s) AND lead.stage = ANY(%(worked)s)
         GROUP BY 1, 2, 3, 4, 5
        """,
        {"people": list(people), "worked": sorted(WORKED)},
    )


def _courses(versions: Iterable[int]) -> tuple[dict[Hashable, Course], dict[int, int]]:
    """The ways through these versions and through what follows them; and each step's place in its own."""
    newest = """
        SELECT DISTINCT ON (cadence_id) id, cadence_id FROM nurture_cadenceversion
         WHERE published_at IS NOT NULL ORDER BY cadence_id, number DESC"""
    rows = fetch(
        f"""
        WITH newest AS ({newest}),
        wanted AS (
            SELECT id FROM nurture_cadenceversion WHERE id = ANY(%(versions)s)
            UNION SELECT id FROM newest
        )
        SELECT version.id, step.track, step.id, step.channel, step.performer, step.after_days,
               following.id
          FROM nurture_cadenceversion AS version
          JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
          LEFT JOIN nurture_cadence AS other
            ON other.id = cadence.then_id AND other.archived_at IS NULL
          LEFT JOIN newest AS following ON following.cadence_id = other.id
          JOIN nurture_step AS step ON step.version_id = version.id
         WHERE version.id IN (SELECT id FROM wanted)
         ORDER BY version.id, step.track, step.position
        """,  # noqa: S608 - our own words
        {"versions": list(versions)},
    )
    steps: dict[Hashable, list[CourseStep]] = {}
    then: dict[Hashable, Hashable] = {}
    places: dict[int, int] = {}
    for version, track, pk, channel, performer, after_days, following in rows:
        key = (version, track)
        of_course = steps.setdefault(key, [])
        places[pk] = len(of_course)
        kind = Kind(channel, by_person=performer == Step.Performer.PERSON)
        of_course.append(CourseStep(kind, after_days))
        then[key] = (following, str(Step.Track.MAIN)) if following else None
    return {key: Course(tuple(found), then[key]) for key, found in steps.items()}, places


def _promised(people: Sequence[int], ahead: Ahead, calendar: Calendar) -> dict[int, list[int]]:
    """By specialist: touches due on each day that no cadence plans; today's with the overdue ones."""
    found = {person: [0] * len(ahead.days) for person in people}
    rows = fetch(
        """
        SELECT specialist_id, (next_touch_at AT TIME ZONE %(zone)s)::date, count(*)
          FROM prospects_lead
         WHERE specialist_id = ANY(%(people)s) AND stage = ANY(%(worked)s)
           AND next_touch_rank = ANY(%(ranks)s)
           AND (next_touch_at AT TIME ZONE %(zone)s)::date <= %(last)s
         GROUP BY 1, 2
        """,
        {
            "people": list(people),
            "worked": sorted(WORKED),
            "ranks": list(FOLLOWED_UP),
            "zone": calendar.zone.key,
            "last": ahead.days[-1],
        },
    )
    for person, day, count in rows:
        found[person][ahead.index_of(day)] += count
    return found


def _made_today(people: Sequence[int], today: Day) -> dict[int, int]:
    """Touches that each made since midnight."""
    return dict(
        fetch(
            """
            SELECT by_id, count(*) FROM nurture_touch
             WHERE by_id = ANY(%(people)s) AND superseded_at IS NULL AND direction = 'out'
               AND occurred_at >= %(day_ends)s - interval '1 day' AND occurred_at < %(day_ends)s
             GROUP BY 1
            """,
            {"people": list(people), "day_ends": today.ends_at},
        )
    )


CHANNELS = (Channel.PHONE, Channel.VOICEMAIL, Channel.EMAIL, Channel.LETTER, Channel.DIRECT_MAIL)
