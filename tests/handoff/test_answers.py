"""What the rep makes of a handoff: accepts, returns, reports; and the clock that goes by."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from handoff.actions import (
    AlreadySettled,
    accept,
    freeze_again,
    hand_off,
    mark_overdue,
    report_result,
    return_to_program,
)
from handoff.models import Handoff, HandoffState
from handoff.tasks import mark_overdue as tick
from nurture.actions import log_touch
from nurture.models import Promise
from prospects.actions import NotAllowed, terms_in_force
from prospects.qualification import ANSWERED, Attribute, State
from prospects.reads import assessment_of, facts_of
from prospects.stages import Stage
from tests.fixtures import NOW


def stage_of(handoff: Handoff) -> str:
    handoff.lead.refresh_from_db()
    return handoff.lead.stage


# Accept


def test_accepting_owes_a_first_call(handed, carol):
    handoff = accept(handoff=handed, by=carol, now=NOW)
    assert (handoff.state, stage_of(handoff)) == (HandoffState.ACCEPTED, Stage.ACCEPTED)
    # Thursday the 18th, then Monday the 22nd, for Friday is a holiday: until its end in New York.
    assert handoff.first_call_by == datetime(2026, 6, 23, 4, tzinfo=UTC)
    assert handoff.lead.rep == carol


def test_a_second_accept_says_so(accepted, carol):
    with pytest.raises(AlreadySettled, match="You accepted it already: Jun 17"):
        accept(handoff=accepted, by=carol, now=NOW)
    assert accepted.lead.stage_changes.filter(to_stage=Stage.ACCEPTED).count() == 1


@pytest.mark.parametrize("who", ["dana", "luis", "victor", "ada"])
def test_only_the_rep_answers(handed, who, request):
    by = request.getfixturevalue(who)
    with pytest.raises(NotAllowed, match="Only Carol Barrett can accept it"):
        accept(handoff=handed, by=by, now=NOW)
    with pytest.raises(NotAllowed, match="Only Carol Barrett can return it"):
        return_to_program(handoff=handed, wrong_attributes=[], reason="x", by=by, now=NOW)
    with pytest.raises(NotAllowed, match="Only Carol Barrett can report the result"):
        report_result(handoff=handed, result="lost", lost_reason="x", by=by, now=NOW)
    assert stage_of(handed) == Stage.HANDED_OFF


def test_an_overdue_one_may_still_be_accepted(handed, carol):
    later = NOW + timedelta(days=9)
    mark_overdue(later)
    assert accept(handoff=handed, by=carol, now=later).state == HandoffState.ACCEPTED


# Return


@pytest.fixture
def returned(handed, carol):
    return return_to_program(
        handoff=handed,
        wrong_attributes=["pain", "budget"],
        reason="They have no money.",
        by=carol,
        now=NOW,
    )


def test_a_return_goes_back_to_the_specialist(returned, dana):
    assert (returned.state, stage_of(returned)) == (HandoffState.RETURNED, Stage.NURTURING)
    assert returned.wrong_attributes == ["pain", "budget"]
    lead = returned.lead
    assert (lead.rep, lead.specialist) == (None, dana)
    assert lead.next_touch_at is not None
    assert lead.next_touch_why == "ask: What does it cost you when it goes wrong?"


def test_what_was_wrong_is_contradicted(returned):
    facts = facts_of(returned.lead)
    assert facts["pain"].contradicted == "Carol Barrett: They have no money."
    assert facts["budget"].contradicted
    assert not facts["urgency"].contradicted
    stage_of(returned)
    assert set(returned.lead.open_attributes) == {"pain", "budget"}


@pytest.mark.parametrize("attribute", Attribute.values)
def test_the_gate_stays_closed_whichever_was_wrong(handed, carol, dana, attribute):
    return_to_program(handoff=handed, wrong_attributes=[attribute], reason="", by=carol, now=NOW)
    lead = handed.lead
    log_touch(lead=lead, channel="email", outcome="sent", by=dana, now=NOW)
    lead.refresh_from_db()
    assert lead.stage == Stage.NURTURING
    assert attribute in lead.open_attributes
    if attribute in ANSWERED:
        stated = facts_of(lead)[Attribute(attribute)]
        assert stated.contradicted == "Carol Barrett: found it wrong"
        assert State.CONTRADICTED in lead_states(lead)


def lead_states(lead) -> set[str]:
    assessment = assessment_of(lead, now=NOW, terms=terms_in_force())
    return {finding.state for finding in assessment.findings.values()}


def test_a_reason_alone_is_enough(handed, carol):
    handoff = return_to_program(
        handoff=handed, wrong_attributes=[], reason="Not my territory", by=carol, now=NOW
    )
    assert (handoff.return_reason, handoff.wrong_attributes) == ("Not my territory", [])


RETURNS = {
    "nothing said": ([], "  ", "Name what was wrong"),
    "none of the ten": (["charm"], "", "“charm” is none of the ten"),
}


@pytest.mark.parametrize(("wrong", "reason", "words"), RETURNS.values(), ids=RETURNS.keys())
def test_a_return_says_why(handed, carol, wrong, reason, words):
    with pytest.raises(ValidationError, match=words):
        return_to_program(handoff=handed, wrong_attributes=wrong, reason=reason, by=carol, now=NOW)
    assert stage_of(handed) == Stage.HANDED_OFF


def test_a_second_return_says_so(returned, carol):
    with pytest.raises(AlreadySettled, match="You returned it already"):
        return_to_program(handoff=returned, wrong_attributes=[], reason="x", by=carol, now=NOW)


def test_what_was_returned_is_not_accepted(returned, carol):
    with pytest.raises(NotAllowed, match="It was returned: Jun 17"):
        accept(handoff=returned, by=carol, now=NOW)


def test_what_was_accepted_is_not_returned(accepted, carol):
    with pytest.raises(NotAllowed, match="report how it went"):
        return_to_program(handoff=accepted, wrong_attributes=[], reason="x", by=carol, now=NOW)


# Result


def test_won(accepted, carol):
    handoff = report_result(
        handoff=accepted, result="won", revenue=Decimal(395000), by=carol, now=NOW
    )
    assert (handoff.state, handoff.revenue, handoff.result_at) == ("won", Decimal(395000), NOW)
    assert stage_of(handoff) == Stage.WON
    assert handoff.lead.rep == carol


def test_lost(accepted, carol):
    handoff = report_result(
        handoff=accepted, result="lost", lost_reason=" The price ", by=carol, now=NOW
    )
    assert (handoff.state, handoff.lost_reason) == ("lost", "The price")
    assert stage_of(handoff) == Stage.LOST
    change = handoff.lead.stage_changes.latest("at", "id")
    assert (change.reason, change.note) == ("lost", "The price")


def test_stalled_comes_back_on_its_day(accepted, carol, dana):
    handoff = report_result(
        handoff=accepted,
        result="stalled",
        back_on=date(2026, 9, 1),
        note="Budget frozen",
        by=carol,
        now=NOW,
    )
    assert (handoff.state, handoff.back_on) == ("stalled", date(2026, 9, 1))
    assert stage_of(handoff) == Stage.NURTURING
    promise = Promise.objects.get(lead=handoff.lead)
    # Nine in the morning where they are: New York, as theirs is not known.
    assert promise.due_at == datetime(2026, 9, 1, 13, tzinfo=UTC)
    assert promise.words == "stalled with Carol Barrett: Budget frozen"
    assert handoff.lead.next_touch_at == promise.due_at
    assert (handoff.lead.rep, handoff.lead.specialist) == (None, dana)


RESULTS = {
    "won without revenue": ({"result": "won"}, "revenue", "Won: say how much"),
    "won nothing": ({"result": "won", "revenue": Decimal(0)}, "revenue", "Won: say how much"),
    "lost without a reason": (
        {"result": "lost", "lost_reason": " "},
        "lost_reason",
        "Lost: say why",
    ),
    "stalled for ever": ({"result": "stalled"}, "back_on", "Stalled: name a day"),
    "stalled until today": (
        {"result": "stalled", "back_on": date(2026, 6, 17)},
        "back_on",
        "Stalled: name a day",
    ),
    "neither": ({"result": "maybe"}, "result", "won, lost or stalled"),
}


@pytest.mark.parametrize(("said", "field", "words"), RESULTS.values(), ids=RESULTS.keys())
def test_a_result_says_what_it_needs(accepted, carol, said, field, words):
    with pytest.raises(ValidationError) as refusal:
        report_result(handoff=accepted, by=carol, now=NOW, **said)
    (message,) = refusal.value.message_dict[field]
    assert words in message
    assert stage_of(accepted) == Stage.ACCEPTED


def test_no_result_before_it_is_accepted(handed, carol):
    with pytest.raises(NotAllowed, match="Accept it first"):
        report_result(handoff=handed, result="won", revenue=Decimal(1), by=carol, now=NOW)


def test_a_second_result_says_so(accepted, carol):
    report_result(handoff=accepted, result="won", revenue=Decimal(1), by=carol, now=NOW)
    with pytest.raises(AlreadySettled, match="You reported it already, as won: Jun 17"):
        report_result(handoff=accepted, result="lost", lost_reason="x", by=carol, now=NOW)
    accepted.refresh_from_db()
    assert accepted.result == "won"


# The clock


def test_overdue_is_marked_once(handed):
    assert mark_overdue(handed.accept_by - timedelta(seconds=1)) == 0
    assert mark_overdue(handed.accept_by) == 1
    handed.refresh_from_db()
    assert (handed.state, handed.overdue_at) == (HandoffState.OVERDUE, handed.accept_by)
    assert mark_overdue(handed.accept_by + timedelta(days=1)) == 0
    handed.refresh_from_db()
    assert handed.overdue_at == handed.accept_by


def test_answered_ones_are_never_overdue(accepted):
    assert mark_overdue(NOW + timedelta(days=30)) == 0


def test_the_tick(handed):
    Handoff.objects.update(accept_by=datetime(2020, 1, 1, tzinfo=UTC))
    assert tick() == 1
    assert tick() == 0


def test_marking_costs_one_statement(handed, django_assert_num_queries):
    with django_assert_num_queries(1):
        mark_overdue(NOW + timedelta(days=9))


# The next version


def test_a_new_version_keeps_the_earlier_one(handed, dana):
    log_touch(lead=handed.lead, channel="email", outcome="replied", by=dana, now=NOW, note="Soon!")
    dossier = freeze_again(handoff=handed, by=dana, now=NOW)
    assert [d.version for d in handed.dossiers.order_by("version")] == [1, 2]
    first, second = (d.body for d in handed.dossiers.order_by("version"))
    assert len(second["history"]) == len(first["history"]) + 1
    assert dossier.frozen_at == NOW


def test_nothing_new_no_version(handed, dana):
    with pytest.raises(AlreadySettled, match="Nothing has changed"):
        freeze_again(handoff=handed, by=dana, now=NOW)


def test_no_version_once_closed(returned, dana):
    with pytest.raises(NotAllowed, match="It was returned"):
        freeze_again(handoff=returned, by=dana, now=NOW)


def test_handed_over_again_after_a_stall(accepted, carol, luis, dana):
    report_result(handoff=accepted, result="stalled", back_on=date(2026, 7, 1), by=carol, now=NOW)
    later = datetime(2026, 7, 1, 14, tzinfo=UTC)
    log_touch(lead=accepted.lead, channel="phone", outcome="conversation", by=dana, now=later)
    accepted.lead.refresh_from_db()
    assert accepted.lead.stage == Stage.QUALIFIED
    again = hand_off(lead=accepted.lead, rep=luis, by=dana, now=later)
    assert again.state == HandoffState.WAITING
    accepted.refresh_from_db()
    assert accepted.state == HandoffState.STALLED
