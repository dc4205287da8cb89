"""The rules of merging: which lead goes on, how two histories become one, which value is preset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import pytest
from django.apps import apps
from django.db.models import ManyToManyField

from prospects.duplicates.merge_actions import references_to
from prospects.duplicates.merge_fields import FIELDS, OTHERWISE
from prospects.duplicates.merge_rules import RULES
from prospects.duplicates.merging import (
    RANK,
    PastStep,
    Standing,
    Value,
    goes_on,
    joined,
    prefers_first,
    why_not,
)
from prospects.models import Company, Contact, Lead
from prospects.stages import Disqualification, Stage

DAY = timedelta(days=1)
T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(stage: str, day: int = 0, reason: str = "") -> Standing:
    return Standing(stage, reason, T0 + day * DAY)


STOP = at(Stage.DISQUALIFIED, 3, Disqualification.ASKED_TO_STOP)


@pytest.mark.parametrize(
    ("kept", "other"),
    [
        (at(Stage.RAW), at(Stage.SCREENED_OUT)),
        (at(Stage.LOST), at(Stage.RAW)),
        (at(Stage.NURTURING), at(Stage.RAW)),
        (at(Stage.NURTURING), at(Stage.LOST)),
        (at(Stage.NURTURING), at(Stage.UNABLE_TO_QUALIFY)),
        (at(Stage.QUALIFIED), at(Stage.NURTURING)),
        (at(Stage.HANDED_OFF), at(Stage.QUALIFIED)),
        (at(Stage.ACCEPTED), at(Stage.DISQUALIFIED)),
        (at(Stage.WON), at(Stage.LOST)),
        (at(Stage.WON), at(Stage.RAW)),
        (STOP, at(Stage.RAW)),
        (STOP, at(Stage.NURTURING)),
        (STOP, at(Stage.QUALIFIED)),
        (at(Stage.LOST, 9), at(Stage.DISQUALIFIED, 5)),
        (at(Stage.DISQUALIFIED, 9), at(Stage.UNABLE_TO_QUALIFY, 5)),
        (at(Stage.WON), STOP),
    ],
)
def test_the_further_lead_goes_on(kept: Standing, other: Standing) -> None:
    assert goes_on(kept, other)
    assert not goes_on(other, kept)
    assert why_not(kept, other) == why_not(other, kept) == ""


def test_of_two_in_one_stage_the_first_goes_on() -> None:
    assert goes_on(at(Stage.RAW, 5), at(Stage.RAW, 1))
    assert goes_on(at(Stage.RAW, 1), at(Stage.RAW, 5))


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        (at(Stage.HANDED_OFF), at(Stage.HANDED_OFF), "Reps hold both"),
        (at(Stage.ACCEPTED), at(Stage.HANDED_OFF), "Reps hold both"),
        (at(Stage.WON), at(Stage.WON), "Both were won"),
        (at(Stage.WON), at(Stage.NURTURING), "a lead of its own"),
        (at(Stage.WON), at(Stage.QUALIFIED), "a lead of its own"),
        (at(Stage.WON), at(Stage.ACCEPTED), "a lead of its own"),
        (STOP, at(Stage.ACCEPTED), "asked us to stop"),
    ],
)
def test_what_cannot_be_one_is_refused_in_words(one: Standing, other: Standing, word: str) -> None:
    assert word in why_not(one, other)
    assert word in why_not(other, one)


def test_every_pair_of_stages_has_an_answer() -> None:
    assert set(RANK) == set(Stage.values)
    for one, other in product(Stage.values, repeat=2):
        assert goes_on(at(one), at(other, 1)) or goes_on(at(other, 1), at(one))


def past(first_key: int, *steps: tuple[int, str], reason: str = "") -> list[PastStep]:
    made, stage = [], ""
    for key, (day, to_stage) in enumerate(steps, first_key):
        made.append(PastStep(key, stage, to_stage, T0 + day * DAY, reason))
        stage = to_stage
    return made


S = Stage


@pytest.mark.parametrize(
    ("one", "other", "joint"),
    [
        # a duplicate that came later and got nowhere leaves no trace in the history
        (
            past(1, (0, S.RAW), (1, S.NURTURING)),
            past(11, (5, S.RAW)),
            [(0, S.RAW), (1, S.NURTURING)],
        ),
        # one that came earlier begins it
        (
            past(1, (5, S.RAW), (6, S.NURTURING)),
            past(11, (0, S.RAW)),
            [(0, S.RAW), (6, S.NURTURING)],
        ),
        # the further stage counts at every instant
        (
            past(1, (0, S.RAW), (1, S.NURTURING)),
            past(11, (3, S.RAW), (4, S.NURTURING), (8, S.QUALIFIED)),
            [(0, S.RAW), (1, S.NURTURING), (8, S.QUALIFIED)],
        ),
        # who was given up here was still talked to there
        (
            past(1, (0, S.RAW), (1, S.NURTURING), (4, S.UNABLE_TO_QUALIFY)),
            past(11, (3, S.RAW), (3, S.NURTURING)),
            [(0, S.RAW), (1, S.NURTURING)],
        ),
        # given up first, and come again later
        (
            past(1, (0, S.RAW), (1, S.NURTURING), (4, S.UNABLE_TO_QUALIFY)),
            past(11, (9, S.RAW), (10, S.NURTURING)),
            [(0, S.RAW), (1, S.NURTURING), (4, S.UNABLE_TO_QUALIFY), (10, S.NURTURING)],
        ),
        # the later of two endings
        (
            past(1, (0, S.RAW), (1, S.NURTURING), (4, S.UNABLE_TO_QUALIFY)),
            past(11, (2, S.RAW), (3, S.DISQUALIFIED)),
            [(0, S.RAW), (1, S.NURTURING), (4, S.UNABLE_TO_QUALIFY)],
        ),
        # screened out there, raw here
        (
            past(1, (2, S.RAW)),
            past(11, (0, S.RAW), (0, S.SCREENED_OUT)),
            [(0, S.RAW), (0, S.SCREENED_OUT), (2, S.RAW)],
        ),
    ],
)
def test_two_histories_become_one(
    one: list[PastStep], other: list[PastStep], joint: list[tuple[int, str]]
) -> None:
    for sides in ((one, other), (other, one)):
        steps = joined(*sides)
        assert [((step.cause.at - T0) // DAY, step.to_stage) for step in steps] == joint
        assert steps[0].from_stage == ""
        assert all(a.to_stage == b.from_stage for a, b in pairwise(steps))


def test_a_step_that_both_took_is_told_once_and_ends_where_the_kept_one_is() -> None:
    one = past(1, (0, S.RAW), (1, S.NURTURING), (9, S.QUALIFIED), (9, S.HANDED_OFF))
    other = past(11, (0, S.RAW), (1, S.NURTURING), (7, S.QUALIFIED))
    steps = joined(one, other)
    assert [step.to_stage for step in steps] == [S.RAW, S.NURTURING, S.QUALIFIED, S.HANDED_OFF]
    assert steps[2].cause.key == 13


NEW, OLD = T0 + 9 * DAY, T0


@pytest.mark.parametrize(
    ("wins", "loses"),
    [
        (Value("a", "touch", OLD), Value("b", "research", NEW)),
        (Value("a", "research", NEW), Value("b", "research", OLD)),
        (Value("a", "imported", OLD), Value("", "touch", NEW)),
        (Value("a", "", OLD), Value("b", "touch", NEW, usable=False)),
        (Value(("", "b"), "", None), Value(("", ""), "touch", NEW)),
        (Value("a"), Value(None)),
        (Value(("Maria", "Lind"), "", OLD), Value(("M.", "Lind"), "", NEW)),
        (Value(("1 Mill St", "Boston", "US"), "", OLD), Value(("", "Boston", "US"), "", NEW)),
        (Value("decision_maker", "", OLD), Value("unknown", "", NEW)),
    ],
)
def test_confirmed_before_assumed_newer_before_older_filled_before_empty(
    wins: Value, loses: Value
) -> None:
    assert prefers_first(wins, loses)
    assert not prefers_first(loses, wins)


KINDS = (Lead, Contact, Company)


def test_every_reference_to_a_record_that_can_be_merged_has_a_rule() -> None:
    """Whoever adds a foreign key to a lead, a contact or a company decides what merging does to it."""
    found = {
        f"{model._meta.label}.{name}"
        for kind in KINDS
        for model, name, _column in references_to(kind)
    }
    assert not found - RULES.keys(), (
        f"Merging has no rule for {sorted(found - RULES.keys())}: say in prospects/duplicates/merge_rules.py"
        " what becomes of these rows when the record they refer to goes into another."
    )
    assert not RULES.keys() - found, f"No such reference any more: {RULES.keys() - found}"


def test_nothing_refers_to_such_a_record_in_another_way() -> None:
    """A generic relation or a many-to-many would be missed by the test above, and by merging."""
    for model in apps.get_models():
        for field in model._meta.get_fields(include_hidden=True):
            assert type(field).__name__ not in ("GenericForeignKey", "GenericRelation"), field
            assert not (isinstance(field, ManyToManyField) and field.related_model in KINDS), field


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_is_chosen_or_has_a_rule(kind: type) -> None:
    chosen = {column.removesuffix("_id") for field in FIELDS[kind] for column in field.columns}
    columns = {field.name for field in kind._meta.concrete_fields}  # type: ignore[attr-defined]
    missing = columns - chosen - OTHERWISE[kind].keys()
    assert not missing, (
        f"Say in prospects/duplicates/merge_fields.py what merging does to {missing}"
    )
    assert not chosen & OTHERWISE[kind].keys()
    assert not (chosen | OTHERWISE[kind].keys()) - columns
