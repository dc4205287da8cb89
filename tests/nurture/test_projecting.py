"""What the coming days bring, and how many leads may begin: the heart, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

import pytest

from nurture.filling.projecting import (
    UNBOUNDED,
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

CALL, MAIL = Kind("phone", by_person=True), Kind("email", by_person=False)


def course(*steps: tuple[Kind, int], then: str | None = None) -> Course:
    return Course(tuple(CourseStep(kind, days) for kind, days in steps), then)


FIRST = course((CALL, 0), (MAIL, 1), (CALL, 3), then="later")
LATER = course((MAIL, 2), (CALL, 2), then="later")
COURSES: dict[Hashable, Course] = {
    "first": FIRST,
    "later": LATER,
    "empty": course(),
    "at once": course((CALL, 0)),
}


@pytest.mark.parametrize(
    ("key", "step", "days", "expected"),
    [
        ("first", 0, 5, [(0, CALL), (1, MAIL), (4, CALL)]),
        ("first", 1, 5, [(0, MAIL), (3, CALL)]),
        ("first", 0, 4, [(0, CALL), (1, MAIL)]),
        # After the last step comes the cadence that is named for it, again and again.
        ("first", 2, 9, [(0, CALL), (2, MAIL), (4, CALL), (6, MAIL), (8, CALL)]),
        ("empty", 0, 5, []),
        ("unknown", 0, 5, []),
    ],
)
def test_a_lead_walks_from_its_open_step(
    key: str, step: int, days: int, expected: list[tuple[int, Kind]]
) -> None:
    assert list(Projector(COURSES, days).from_step(key, step)) == expected


def test_a_cadence_that_follows_itself_without_a_wait_ends_somewhere() -> None:
    courses: dict[Hashable, Course] = {"at once": course((CALL, 0), then="at once")}
    assert 1 < len(Projector(courses, 5).from_step("at once", 0)) <= 200


def test_an_empty_cadence_that_follows_itself_brings_nothing() -> None:
    assert Projector({"empty": course(then="empty")}, 5).from_start("empty") == ()


def test_a_beginner_waits_for_the_first_step() -> None:
    assert Projector(COURSES, 4).from_start("later") == (Falls(2, MAIL),)


def test_standings_add_up_by_person_and_day() -> None:
    found = Projector(COURSES, 5).project(
        [
            Standing(person=1, course="first", step=0, day=0, count=10),
            Standing(person=1, course="first", step=2, day=0, count=5),
            Standing(person=2, course="first", step=1, day=3, count=2),
            Standing(person=2, course="first", step=1, day=9, count=2),
        ]
    )
    assert found == {
        1: [
            Counter({CALL: 15}),
            Counter({MAIL: 10}),
            Counter({MAIL: 5}),
            Counter(),
            Counter({CALL: 15}),
        ],
        2: [Counter(), Counter(), Counter(), Counter({MAIL: 2}), Counter()],
    }


def test_only_what_people_do_is_work() -> None:
    falls = (Falls(0, CALL), Falls(0, CALL), Falls(1, MAIL), Falls(2, CALL))
    assert by_people(falls, 4) == [2, 0, 1, 0]


@pytest.mark.parametrize(
    ("load", "wave", "capacity", "room"),
    [
        ([0, 0, 0], [2, 0, 1], [60, 60, 60], 30),
        ([0, 0, 50], [2, 0, 1], [60, 60, 60], 10),
        ([50, 0, 0], [2, 0, 1], [60, 60, 60], 5),
        ([60, 0, 0], [2, 0, 1], [60, 60, 60], 0),
        ([75, 0, 0], [2, 0, 1], [60, 60, 60], 0),  # more than can be done already
        ([75, 0, 0], [0, 0, 1], [60, 60, 60], 60),  # today asks nothing of them
        ([0, 99, 0], [2, 0, 1], [60, 60, 60], 30),  # that day brings nothing
        ([0, 0, 99], [2, 0, 1], [60, 60, None], 30),  # a day away does not count
        ([0, 0, 0], [2, 0, 1], [None, 60, 60], 0),  # who is away begins with nobody
        ([0, 0, 0], [0, 0, 0], [60, 60, 60], UNBOUNDED),
    ],
)
def test_room_is_that_of_the_fullest_day(
    load: list[int], wave: list[int], capacity: list[int | None], room: int
) -> None:
    assert most_new(load, wave, capacity) == room


def test_who_waits_begins_as_soon_as_there_is_room_and_never_above_it() -> None:
    load, wave, capacity = [50, 0, 20, 0, 0, 0], [2, 0, 1, 0, 0, 0], [60] * 6
    begins = paced(load, wave, capacity, 60)
    assert begins == [5, 30, 17, 8, 0, 0]
    for day, counts in enumerate(added([Falls(0, CALL), Falls(0, CALL), Falls(2, CALL)], begins)):
        assert load[day] + counts[CALL] <= 60


def test_nobody_more_begins_than_waits() -> None:
    assert paced([0, 0], [1, 0], [60, 60], 7) == [7, 0]
    assert paced([0, 0], [0, 0], [60, 60], 7) == [7, 0]
    assert sum(paced([0, 0], [1, 1], [60, 60], 700)) == 60
