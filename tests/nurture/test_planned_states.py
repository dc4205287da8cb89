"""The states of a planned touch: the database takes the legal edges, refuses every other, keeps all."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from nurture.cadences.enrolments import enrol
from nurture.engine.states import EDGES, ENDED, HELD, PlannedState, is_legal
from nurture.models import Cadence, PlannedTouch, StateEvent, Touch
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def planned(nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]) -> PlannedTouch:
    enrolment = enrol(
        lead=nurtured_lead, cadence=make_cadence(("email", 0), ("phone", 2)), by=dana, now=NOW
    )
    return enrolment.planned.get()


def put(planned: PlannedTouch, state: str) -> None:
    """Move it there with the columns that the state asks for, past all code of ours."""
    held = state in HELD
    touch = Touch.objects.filter(lead=planned.lead).first() if state == PlannedState.SENT else None
    with transaction.atomic():
        PlannedTouch.objects.filter(pk=planned.pk).update(
            state=state,
            reason="because",
            lease=uuid.uuid4() if held else None,
            lease_until=NOW + timedelta(minutes=5) if held else None,
            ended_at=NOW if state in ENDED else None,
            touch=touch,
        )


PATHS: dict[str, tuple[str, ...]] = {
    PlannedState.PENDING: (),
    PlannedState.CLAIMED: ("claimed",),
    PlannedState.SUBMITTING: ("claimed", "submitting"),
    PlannedState.UNCERTAIN: ("claimed", "submitting", "uncertain"),
    PlannedState.AWAITING_HUMAN: ("awaiting_human",),
    PlannedState.SENT: ("claimed", "submitting", "sent"),
    PlannedState.FAILED: ("claimed", "submitting", "failed"),
    PlannedState.SKIPPED: ("skipped",),
    PlannedState.CANCELLED: ("cancelled",),
}


@pytest.mark.parametrize(
    ("start", "goal"),
    [(a, b) for a, b in itertools.product(PlannedState.values, repeat=2) if a != b],
)
def test_the_database_takes_legal_edges_and_refuses_the_others(
    planned: PlannedTouch, start: str, goal: str
) -> None:
    for state in PATHS[start]:
        put(planned, state)
    if is_legal(start, goal):
        put(planned, goal)
    else:
        with pytest.raises(DatabaseError):
            put(planned, goal)
    history = list(planned.events.order_by("number").values_list("from_state", "to_state"))
    walked = ["", "pending", *PATHS[start], *([goal] if is_legal(start, goal) else [])]
    assert history == list(itertools.pairwise(walked))


def test_every_state_has_its_edges_and_every_end_is_an_end() -> None:
    assert set(EDGES) == set(PlannedState.values)
    assert {state for state, ends in EDGES.items() if not ends} == ENDED


def test_a_touch_begins_as_pending(planned: PlannedTouch) -> None:
    planned.pk, planned.occurrence, planned.state = None, 2, PlannedState.AWAITING_HUMAN
    with pytest.raises(IntegrityError), transaction.atomic():
        planned.save(force_insert=True)


def test_a_step_is_never_planned_twice(planned: PlannedTouch) -> None:
    planned.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        planned.save(force_insert=True)


@pytest.mark.parametrize("statement", ["DELETE FROM", "UPDATE"])
def test_the_history_stands(planned: PlannedTouch, statement: str) -> None:
    sql = f"{statement} nurture_stateevent"
    if statement == "UPDATE":
        sql += " SET reason = 'never happened'"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert StateEvent.objects.filter(planned=planned).count() == 1


def test_a_planned_touch_is_not_deleted(planned: PlannedTouch) -> None:
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        PlannedTouch.objects.filter(pk=planned.pk).delete()


@pytest.mark.parametrize(
    ("state", "columns"),
    [
        ("claimed", {}),  # without a lease
        ("skipped", {"ended_at": NOW, "reason": ""}),  # without a reason
        ("cancelled", {"ended_at": None, "reason": "because"}),  # without an end
    ],
)
def test_what_a_state_asks_for_is_asked_by_the_database(
    planned: PlannedTouch, state: str, columns: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PlannedTouch.objects.filter(pk=planned.pk).update(state=state, **columns)
