"""What the coming working days will bring, and how many leads may begin on each. Pure.

Days are counted as working days from today: 0 is today, 1 the next working day. A step falls so many
working days after the one before, as if each were done on its day; where a prospect has a holiday that
we do not have, it falls a day later than is said here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_STEPS = 200
"""Of one lead within the days looked at: a cadence that follows itself without a wait has no end."""


class Kind(NamedTuple):
    """What is done: on which channel, and whether a person does it."""

    channel: str
    by_person: bool


@dataclass(frozen=True)
class CourseStep:
    kind: Kind
    after_days: int


@dataclass(frozen=True)
class Course:
    """The steps of one track of a cadence, and the course that a lead goes on to after the last."""

    steps: tuple[CourseStep, ...]
    then: Hashable = None


@dataclass(frozen=True)
class Standing:
    """So many leads of one specialist that wait for the same step on the same day."""

    person: int
    course: Hashable
    step: int
    """Index among the steps of the course."""
    day: int
    count: int


class Falls(NamedTuple):
    """A touch of a lead, so many working days after it began or after its open step."""

    day: int
    kind: Kind


@dataclass
class Projector:
    """Follows leads through courses for so many working days; each way is walked once."""

    courses: Mapping[Hashable, Course]
    days: int
    _walked: dict[tuple[Hashable, int], tuple[Falls, ...]] = field(default_factory=dict)

    def from_step(self, course: Hashable, step: int) -> tuple[Falls, ...]:
        """The open step, on day 0, and what follows it."""
        key = (course, step)
        if key not in self._walked:
            self._walked[key] = tuple(self._walk(course, step))
        return self._walked[key]

    def from_start(self, course: Hashable) -> tuple[Falls, ...]:
        """What a lead brings that begins on day 0."""
        steps = self.courses[course].steps
        if not steps:
            return ()
        wait = steps[0].after_days
        falls = (Falls(wait + day, kind) for day, kind in self.from_step(course, 0))
        return tuple(fall for fall in falls if fall.day < self.days)

    def _walk(self, course: Hashable, step: int) -> Iterable[Falls]:
        day, is_first = 0, True
        for _turn in range(MOST_STEPS):
            steps = self.courses[course].steps if course in self.courses else ()
            if step >= len(steps):
                following = self.courses[course].then if course in self.courses else None
                if following not in self.courses or not self.courses[following].steps:
                    return
                course, step = following, 0
                continue
            day += 0 if is_first else steps[step].after_days
            if day >= self.days:
                return
            yield Falls(day, steps[step].kind)
            step, is_first = step + 1, False

    def project(self, standings: Iterable[Standing]) -> dict[int, list[Counter[Kind]]]:
        """Touches by specialist and day."""
        found: dict[int, list[Counter[Kind]]] = defaultdict(
            lambda: [Counter() for _day in range(self.days)]
        )
        for standing in standings:
            if standing.day >= self.days:
                continue
            of_person = found[standing.person]
            for offset, kind in self.from_step(standing.course, standing.step):
                day = standing.day + offset
                if day < self.days:
                    of_person[day][kind] += standing.count
        return dict(found)


def by_people(falls: Iterable[Falls], days: int) -> list[int]:
    """How many touches by a person each day has of one lead."""
    wave = [0] * days
    for day, kind in falls:
        if kind.by_person:
            wave[day] += 1
    return wave


def most_new(load: Sequence[int], wave: Sequence[int], capacity: Sequence[int | None]) -> int:
    """How many leads may begin on day 0, so that on no day there is more to do than can be done.

    `load`: touches by a person that each day has already; `wave`: those that one more lead brings;
    `capacity`: how many can be done that day, None for a day that does not count (they are away).
    Who is away on day 0 begins with nobody. A lead that asks nothing of a person has room always.
    """
    if capacity[0] is None:
        return 0
    rooms = [
        (most - load[day]) // needs
        for day, (needs, most) in enumerate(zip(wave, capacity, strict=True))
        if needs and most is not None
    ]
    return max(0, min(rooms, default=UNBOUNDED))


UNBOUNDED = 10**9


def paced(
    load: Sequence[int], wave: Sequence[int], capacity: Sequence[int | None], waiting: int
) -> list[int]:
    """On which days how many of those who wait begin, each day as many as there is room for."""
    load, days = list(load), len(load)
    begins = [0] * days
    for day in range(days):
        if not waiting:
            break
        rest = days - day
        begins[day] = min(waiting, most_new(load[day:], wave[:rest], capacity[day:]))
        waiting -= begins[day]
        for offset in range(rest):
            load[day + offset] += begins[day] * wave[offset]
    return begins


def added(falls: Iterable[Falls], begins: Sequence[int]) -> list[Counter[Kind]]:
    """The touches that leads bring which begin on these days."""
    days = len(begins)
    found: list[Counter[Kind]] = [Counter() for _day in range(days)]
    walked = list(falls)
    for first, count in enumerate(begins):
        if not count:
            continue
        for offset, kind in walked:
            if first + offset < days:
                found[first + offset][kind] += count
    return found
