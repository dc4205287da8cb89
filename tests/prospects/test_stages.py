"""The life of a lead is exactly the table of domain.md, section 3, in code and in the database."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from prospects import actions
from prospects.models import Lead, StageChange
from prospects.stages import NEW, IllegalStep, Stage, check_step
from team.models import User
from tests.fixtures import NOW

LEGAL = {
    (NEW, "raw"),
    ("raw", "screened_out"),
    ("screened_out", "raw"),
    ("raw", "nurturing"),
    ("nurturing", "unable_to_qualify"),
    ("raw", "disqualified"),
    ("nurturing", "disqualified"),
    ("qualified", "disqualified"),
    ("nurturing", "qualified"),
    ("qualified", "nurturing"),
    ("qualified", "handed_off"),
    ("handed_off", "accepted"),
    ("handed_off", "nurturing"),
    ("accepted", "won"),
    ("accepted", "lost"),
    ("accepted", "nurturing"),
    ("unable_to_qualify", "nurturing"),
    ("disqualified", "nurturing"),
    ("lost", "nurturing"),
}
ALL = list(itertools.product([NEW, *Stage.values], Stage.values))


@pytest.mark.parametrize(("from_stage", "to_stage"), ALL)
def test_every_pair(from_stage: str, to_stage: str) -> None:
    if (from_stage, to_stage) in LEGAL:
        check_step(from_stage, to_stage)
    else:
        with pytest.raises(IllegalStep):
            check_step(from_stage, to_stage)


def test_the_database_refuses_the_same_pairs(raw_lead: Lead) -> None:
    refused = set()
    for from_stage, to_stage in ALL:
        try:
            with transaction.atomic():
                StageChange.objects.create(
                    lead=raw_lead, from_stage=from_stage, to_stage=to_stage, at=NOW
                )
        except IntegrityError:
            refused.add((from_stage, to_stage))
    assert set(ALL) - refused == LEGAL


def test_a_step_is_appended_to_the_history(raw_lead: Lead, dana: User) -> None:
    lead = actions.enter_program(lead=raw_lead, by=dana, now=NOW, note="looks good")
    assert (lead.stage, lead.entered_program_at) == (Stage.NURTURING, NOW)
    history = StageChange.objects.filter(lead=lead).order_by("at", "id")
    assert list(history.values_list("from_stage", "to_stage", "by")) == [
        ("", "raw", dana.pk),
        ("raw", "nurturing", dana.pk),
    ]


def test_a_step_of_a_clock_that_went_back_is_still_the_last(raw_lead: Lead, dana: User) -> None:
    with transaction.atomic():
        lead = actions.locked(raw_lead)
        before = lead.stage_at
        actions.enter_program(lead=lead, now=before - timedelta(hours=1), by=dana)
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_at) == (Stage.NURTURING, before)


def test_entering_again_keeps_the_first_date(raw_lead: Lead, dana: User) -> None:
    lead = actions.enter_program(lead=raw_lead, by=dana, now=NOW)
    lead = actions.disqualify(lead=lead, reason="no_need", by=dana, now=NOW)
    lead = actions.revive(lead=lead, by=dana, now=NOW)
    assert lead.entered_program_at == NOW


def test_stage_cannot_be_edited_past_the_history(raw_lead: Lead) -> None:
    with pytest.raises(IntegrityError, match="follows its history"), transaction.atomic():
        Lead.objects.filter(pk=raw_lead.pk).update(stage=Stage.WON)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_history_is_append_only(raw_lead: Lead, change: str) -> None:
    history = StageChange.objects.filter(lead=raw_lead)
    with (
        pytest.raises(Exception, match=r"(?i)cannot (update|delete)|pgtrigger"),
        transaction.atomic(),
    ):
        history.update(note="never happened") if change == "update" else history.delete()
    assert history.get().note == ""


def test_a_stale_lead_takes_no_step(raw_lead: Lead, dana: User) -> None:
    """A lead loaded before somebody else moved it must not be moved from where it was."""
    with transaction.atomic():
        seen_before = actions.locked(raw_lead)
        actions.screen_out(lead=raw_lead, reason="student", by=dana, now=NOW)
        with pytest.raises(IllegalStep):
            actions.change_stage(lead=seen_before, to_stage=Stage.NURTURING, now=NOW, by=dana)


def test_screened_out_may_be_overruled(raw_lead: Lead, dana: User) -> None:
    lead = actions.screen_out(lead=raw_lead, reason="student", by=dana, now=NOW)
    lead = actions.restore(lead=lead, by=dana, now=NOW, note="a professor with a lab")
    assert lead.stage == Stage.RAW
    last = lead.stage_changes.latest("id")
    assert (last.reason, last.note) == ("restored", "a professor with a lab")
