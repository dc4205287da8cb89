"""A qualified lead goes to one rep, with a frozen dossier."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from handoff.actions import AlreadySettled, accept, hand_off, report_result, return_to_program
from handoff.dossier import Word, from_json
from handoff.models import Dossier, Handoff
from nurture.actions import log_touch
from prospects.actions import NotAllowed, StaleVersion
from prospects.stages import Stage
from tests.fixtures import NOW


def test_the_lead_goes_to_the_rep(qualified_lead, standard, carol, dana):
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    qualified_lead.refresh_from_db()
    assert (qualified_lead.stage, qualified_lead.rep) == (Stage.HANDED_OFF, carol)
    assert qualified_lead.next_touch_at is None
    assert (handoff.rep, handoff.by, handoff.specialist) == (carol, dana, dana)
    assert handoff.standard == standard
    assert (handoff.touches_before, handoff.documented) == (8, 10)
    assert (handoff.potential_revenue, handoff.expected_close_on) == (
        Decimal(420000),
        date(2026, 9, 15),
    )
    assert handoff.proposed_why == (
        "their territory: US · room for 8 of 8 · none handed to them yet"
    )


def test_the_clock_counts_working_hours(qualified_lead, carol, dana):
    # Thursday, June 18; the 19th is a holiday in the United States.
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW + timedelta(days=1))
    assert handoff.accept_by == NOW + timedelta(days=5)


def test_the_stage_history_says_who(qualified_lead, carol, dana):
    hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    change = qualified_lead.stage_changes.latest("at", "id")
    assert (change.to_stage, change.by, change.at) == (Stage.HANDED_OFF, dana, NOW)


def test_the_dossier_is_frozen_as_it_stood(qualified_lead, carol, dana):
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    (frozen,) = handoff.dossiers.all()
    dossier = from_json(frozen.body)
    assert (frozen.version, frozen.frozen_at, dossier.frozen_at) == (1, NOW, NOW)
    assert dossier.headline == "Halden Paper: Line 3 stops twice a week"
    assert [(p.name, p.role) for p in dossier.people] == [
        ("Maria Lindqvist1", "decision_maker"),
        ("Ylva Holm", "influencer"),
    ]
    assert all(known.documented for known in dossier.known)
    assert len(dossier.known) == 10
    assert len(dossier.history) == qualified_lead.touches.count()
    talk = dossier.history[0]
    assert talk.note == "We lose two shifts a week to one drive."
    assert set(talk.documented) == {
        "environment", "pain", "process", "budget", "competition", "urgency",
    }  # fmt: skip
    assert dossier.pain.touch == talk.touch
    assert dossier.hot_buttons[0].touch == talk.touch


def test_what_happens_later_is_not_in_it(qualified_lead, carol, dana):
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    before = handoff.dossiers.get().body
    log_touch(
        lead=qualified_lead, channel="email", outcome="replied", by=dana, now=NOW, note="Hello"
    )
    assert handoff.dossiers.get().body == before


def test_a_dossier_cannot_be_changed(handed):
    with pytest.raises(DatabaseError), transaction.atomic():
        Dossier.objects.update(body={})
    with pytest.raises(DatabaseError), transaction.atomic():
        Dossier.objects.all().delete()


def test_the_word_of_who_hands_over(qualified_lead, carol, dana):
    word = Word(
        headline="Line 3 must run", said="Call Maria early.", hot_buttons=("Not the price",)
    )
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW, word=word)
    dossier = from_json(handoff.dossiers.get().body)
    assert dossier.headline == "Line 3 must run"
    assert dossier.word == replace(word, by="Dana Whitfield", at=NOW)
    assert [(b.words, b.evidence) for b in dossier.hot_buttons] == [
        ("Not the price", "Dana Whitfield")
    ]


def test_revenue_and_close_are_confirmed(qualified_lead, carol, dana):
    handoff = hand_off(
        lead=qualified_lead,
        rep=carol,
        by=dana,
        now=NOW,
        potential_revenue=Decimal(500000),
        expected_close_on=date(2026, 10, 1),
        version=qualified_lead.version,
    )
    qualified_lead.refresh_from_db()
    for row in (handoff, qualified_lead):
        assert row.potential_revenue == Decimal(500000)
        assert row.expected_close_on == date(2026, 10, 1)
    assert from_json(handoff.dossiers.get().body).potential_revenue == Decimal(500000)


def test_a_stale_form_is_refused(qualified_lead, carol, dana):
    with pytest.raises(StaleVersion):
        hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW, version=0)
    assert not Handoff.objects.exists()


# Refusals


def test_only_a_qualified_lead(almost_ready, carol, dana):
    with pytest.raises(NotAllowed, match="Only a qualified lead"):
        hand_off(lead=almost_ready, rep=carol, by=dana, now=NOW)


def test_a_second_time_says_who_has_it(handed, luis, dana):
    with pytest.raises(AlreadySettled, match="It was handed to Carol Barrett already"):
        hand_off(lead=handed.lead, rep=luis, by=dana, now=NOW)
    assert Handoff.objects.count() == 1


def test_the_gate_is_asked_again(qualified_lead, carol, dana):
    """A fact went stale, and the tick has not come by yet."""
    with pytest.raises(NotAllowed, match=r"The gate has closed: .*Decision process.* anew"):
        hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW + timedelta(days=95))
    qualified_lead.refresh_from_db()
    assert qualified_lead.stage == Stage.QUALIFIED


def test_not_to_a_specialist(qualified_lead, sam, dana):
    with pytest.raises(NotAllowed, match="Sam Ortiz is no rep who works here"):
        hand_off(lead=qualified_lead, rep=sam, by=dana, now=NOW)


@pytest.mark.parametrize("fields", [{"is_active": False}, {"email": None}])
def test_not_to_somebody_who_left(qualified_lead, carol, dana, fields):
    type(carol).objects.filter(pk=carol.pk).update(**fields)
    with pytest.raises(NotAllowed, match="Carol Barrett is no rep who works here"):
        hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)


def test_not_by_a_rep(qualified_lead, carol, luis):
    with pytest.raises(NotAllowed, match="by a specialist or a manager"):
        hand_off(lead=qualified_lead, rep=carol, by=luis, now=NOW)


@pytest.fixture
def full_carol(carol):
    carol.capacity = 0
    carol.save()
    return carol


def test_not_over_capacity(qualified_lead, full_carol, dana):
    with pytest.raises(NotAllowed, match=r"is full: 0 of 0 live. A manager may decide so."):
        hand_off(lead=qualified_lead, rep=full_carol, by=dana, now=NOW)


def test_a_specialists_reason_is_not_a_managers_word(qualified_lead, full_carol, dana):
    with pytest.raises(NotAllowed, match="A manager may decide so"):
        hand_off(lead=qualified_lead, rep=full_carol, by=dana, now=NOW, override="please")


@pytest.mark.parametrize("override", ["", "   "])
def test_a_manager_needs_a_reason(qualified_lead, full_carol, victor, override):
    with pytest.raises(NotAllowed, match="Say why it should be one more"):
        hand_off(lead=qualified_lead, rep=full_carol, by=victor, now=NOW, override=override)


def test_a_managers_word(qualified_lead, full_carol, victor):
    handoff = hand_off(
        lead=qualified_lead, rep=full_carol, by=victor, now=NOW, override="She knows the mill"
    )
    assert handoff.proposed_why.startswith("their territory: US · full: 0 of 0 live")
    change = qualified_lead.stage_changes.latest("at", "id")
    assert change.note == "She knows the mill"


@pytest.mark.parametrize("end", ["returned", "lost"])
def test_what_has_ended_takes_no_place(handed, carol, dana, make_lead, end):
    """The last free place is free again once the rep returned or closed what was in it."""
    carol.capacity = 1
    carol.save()
    if end == "returned":
        return_to_program(handoff=handed, wrong_attributes=[], reason="not mine", by=carol, now=NOW)
        log_touch(lead=handed.lead, channel="email", outcome="sent", by=dana, now=NOW)
        again = hand_off(lead=handed.lead, rep=carol, by=dana, now=NOW)
        (earlier,) = from_json(again.dossiers.get().body).earlier
        assert (earlier.rep, earlier.ended, earlier.reason) == (
            "Carol Barrett", "returned", "not mine",
        )  # fmt: skip
        assert Handoff.objects.filter(lead=handed.lead).count() == 2
    else:
        accept(handoff=handed, by=carol, now=NOW)
        report_result(handoff=handed, result="lost", lost_reason="price", by=carol, now=NOW)
        assert Handoff.objects.live().count() == 0
