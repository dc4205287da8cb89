"""Two people at the same instant, on two real connections: one wins, the other gets words."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from handoff.actions import accept, hand_off, report_result, return_to_program
from handoff.models import Handoff
from nurture.actions import document, log_touch
from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, NotAllowed
from prospects.qualification import Attribute
from prospects.stages import Stage
from tests.fixtures import ANSWERS, NOW

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """What each came to, all let loose at one moment, each on a connection of its own."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(timeout=10)
        try:
            return act()
        except NotAllowed as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def second_lead(qualified_lead, make_lead, dana, paper_mills):
    """Another qualified lead, of another company."""
    lead = make_lead("Varberg Board")
    actions.edit_company(
        lead=lead,
        details=CompanyDetails(naics=paper_mills, revenue=Decimal(1), employees=9, locations=1),
        by=dana,
        now=NOW - timedelta(days=50),
    )
    lead.refresh_from_db()
    actions.add_contact(
        lead=lead,
        details=ContactDetails(last_name="Ek", title="IT", buying_role="influencer"),
        by=dana,
        now=NOW - timedelta(days=20),
        confirmed_at=NOW - timedelta(days=20),
    )
    for days in range(10, 17):
        log_touch(
            lead=lead, channel="email", outcome="sent", by=dana, now=NOW - timedelta(days=days)
        )
    talk = log_touch(
        lead=lead, channel="phone", outcome="conversation", by=dana, now=NOW - timedelta(days=2)
    )
    actions.edit_lead(
        lead=lead,
        details=LeadDetails(horizon="near_term"),
        version=lead.version,
        by=dana,
        now=NOW,
    )
    for attribute, answer in ANSWERS.items():
        document(lead=lead, attribute=attribute, answer=answer, by=dana, now=NOW, touch=talk)
    lead.refresh_from_db()
    assert lead.stage == Stage.QUALIFIED
    return lead


@pytest.mark.parametrize("round_", range(3))
def test_the_last_free_place_goes_to_one_lead(
    qualified_lead, second_lead, carol, dana, jennifer, round_
):
    carol.capacity = 1
    carol.save()
    results = at_once(
        lambda: hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW),
        lambda: hand_off(lead=second_lead, rep=carol, by=jennifer, now=NOW),
    )
    assert sorted(isinstance(result, Handoff) for result in results) == [False, True]
    (refusal,) = (result for result in results if isinstance(result, str))
    assert refusal.startswith("Carol Barrett is full: 1 of 1 live.")
    assert Handoff.objects.live().filter(rep=carol).count() == 1


def test_one_lead_goes_to_one_rep(qualified_lead, carol, luis, dana, jennifer):
    results = at_once(
        lambda: hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW),
        lambda: hand_off(lead=qualified_lead, rep=luis, by=jennifer, now=NOW),
    )
    (winner,) = (result for result in results if isinstance(result, Handoff))
    (refusal,) = (result for result in results if isinstance(result, str))
    assert refusal == f"It was handed to {winner.rep.name} already."
    qualified_lead.refresh_from_db()
    assert qualified_lead.rep == winner.rep


def test_accepting_twice_at_once(handed, carol):
    results = at_once(*[lambda: accept(handoff=handed, by=carol, now=NOW)] * 4)
    assert sum(isinstance(result, Handoff) for result in results) == 1
    assert {r for r in results if isinstance(r, str)} == {
        "You accepted it already: Jun 17, 3:00 p.m."
    }


def test_accepting_and_returning_at_once(handed, carol):
    results = at_once(
        lambda: accept(handoff=handed, by=carol, now=NOW),
        lambda: return_to_program(
            handoff=handed, wrong_attributes=["pain"], reason="", by=carol, now=NOW
        ),
    )
    assert sum(isinstance(result, Handoff) for result in results) == 1
    handed.refresh_from_db()
    handed.lead.refresh_from_db()
    assert (handed.state, handed.lead.stage) in [
        ("accepted", Stage.ACCEPTED),
        ("returned", Stage.NURTURING),
    ]


def test_winning_and_losing_at_once(accepted, carol):
    results = at_once(
        lambda: report_result(
            handoff=accepted, result="won", revenue=Decimal(9), by=carol, now=NOW
        ),
        lambda: report_result(handoff=accepted, result="lost", lost_reason="x", by=carol, now=NOW),
    )
    assert sum(isinstance(result, Handoff) for result in results) == 1
    accepted.refresh_from_db()
    accepted.lead.refresh_from_db()
    assert accepted.result == accepted.lead.stage


def test_a_fact_contradicted_at_the_same_instant(qualified_lead, carol, dana):
    """Either the handoff comes first and the lead is with sales, or the gate closes and refuses it."""
    results = at_once(
        lambda: hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW),
        lambda: actions.contradict_answer(
            lead=qualified_lead, attribute=Attribute.BUDGET, why="no", by=dana, now=NOW
        ),
    )
    qualified_lead.refresh_from_db()
    handed_off = isinstance(results[0], Handoff)
    assert qualified_lead.stage == (Stage.HANDED_OFF if handed_off else Stage.NURTURING)
