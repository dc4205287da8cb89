"""Logging a touch: what it writes, what it leads to, what it refuses, and that it happens once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, transaction

from nurture.actions import (
    Promised,
    disqualify,
    document,
    give_up,
    log_touch,
    plan_next,
    promise,
    take_back_touch,
)
from nurture.cadence import Rank
from nurture.models import Promise, Touch
from nurture.touching import OUTCOMES, Channel, Outcome
from prospects import actions as prospects
from prospects.actions import ContactDetails, NotAllowed
from prospects.models import Contact, Lead, Suppression
from prospects.qualification import Answer, Attribute, BuyingRole, State
from prospects.reads import assessment_of
from prospects.stages import Stage
from team.models import User
from tests.fixtures import ANSWERS, NOW

ALL_OUTCOMES = [(channel, str(o)) for channel, outcomes in OUTCOMES.items() for o in outcomes]


def call(lead: Lead, by: User, outcome: str = Outcome.NO_ANSWER, **fields: object) -> Touch:
    return log_touch(lead=lead, channel=Channel.PHONE, outcome=outcome, by=by, now=NOW, **fields)  # type: ignore[arg-type]


def test_the_first_touch_brings_the_lead_into_the_program(raw_lead: Lead, dana: User) -> None:
    call(raw_lead, dana)
    raw_lead.refresh_from_db()
    assert (raw_lead.stage, raw_lead.entered_program_at) == (Stage.NURTURING, NOW)
    assert raw_lead.outbound_touches == 1
    assert raw_lead.next_touch_channel == Channel.VOICEMAIL
    assert raw_lead.next_touch_why == "attempt 1 of 6: voicemail and email missing"


@pytest.mark.parametrize(("channel", "outcome"), ALL_OUTCOMES)
def test_every_outcome_can_be_logged(
    raw_lead: Lead, dana: User, channel: str, outcome: str
) -> None:
    touch = log_touch(lead=raw_lead, channel=channel, outcome=outcome, by=dana, now=NOW)
    assert Touch.objects.standing().get(lead=raw_lead) == touch


def test_an_outcome_of_another_channel_is_refused_in_words(raw_lead: Lead, dana: User) -> None:
    with pytest.raises(ValidationError, match="ends in one of: left voicemail, mailbox full"):
        log_touch(lead=raw_lead, channel=Channel.VOICEMAIL, outcome=Outcome.SENT, by=dana, now=NOW)
    assert not Touch.objects.exists()


def test_a_touch_of_tomorrow_is_refused(raw_lead: Lead, dana: User) -> None:
    with pytest.raises(ValidationError, match="after it happened"):
        call(raw_lead, dana, occurred_at=NOW + timedelta(days=1))


def test_what_happened_earlier_joins_its_attempt(nurtured_lead: Lead, dana: User) -> None:
    """Written down late, a voicemail belongs to the attempt of its own day."""
    earlier = nurtured_lead.touches.get().occurred_at + timedelta(minutes=5)
    log_touch(
        lead=nurtured_lead,
        channel=Channel.VOICEMAIL,
        outcome=Outcome.LEFT,
        by=dana,
        now=NOW,
        occurred_at=earlier,
    )
    attempt = nurtured_lead.attempts.get()
    assert (attempt.called, attempt.left_voicemail, attempt.emailed) == (True, True, False)


def test_the_same_key_logs_once(raw_lead: Lead, dana: User) -> None:
    key = uuid.uuid4()
    first = call(raw_lead, dana, idempotency_key=key)
    assert call(raw_lead, dana, idempotency_key=key) == first
    assert raw_lead.touches.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_at_once_log_once(raw_lead: Lead, dana: User) -> None:
    key = uuid.uuid4()
    failures: list[Exception] = []

    def click() -> None:
        try:
            call(raw_lead, dana, idempotency_key=key)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(20)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert failures == []
    assert raw_lead.touches.count() == 1


def test_touches_are_facts(nurtured_lead: Lead) -> None:
    touches = Touch.objects.filter(lead=nurtured_lead)
    with pytest.raises(DatabaseError), transaction.atomic():
        touches.update(note="something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        touches.delete()


def test_a_correction_supersedes(nurtured_lead: Lead, dana: User) -> None:
    wrong = nurtured_lead.touches.get()
    right = log_touch(
        lead=nurtured_lead,
        channel=Channel.PHONE,
        outcome=Outcome.CONVERSATION,
        by=dana,
        now=NOW,
        occurred_at=wrong.occurred_at,
        supersedes=wrong,
    )
    nurtured_lead.refresh_from_db()
    assert list(Touch.objects.standing()) == [right]
    assert nurtured_lead.outbound_touches == 1
    assert nurtured_lead.conversation_at == wrong.occurred_at


def test_taking_back(raw_lead: Lead, dana: User, sam: User) -> None:
    touch = call(raw_lead, dana, outcome=Outcome.CONVERSATION)
    just_after = touch.recorded_at + timedelta(seconds=30)
    with pytest.raises(NotAllowed):
        take_back_touch(touch=touch, by=sam, now=just_after)
    with pytest.raises(NotAllowed):
        take_back_touch(touch=touch, by=dana, now=touch.recorded_at + timedelta(minutes=2))
    lead = take_back_touch(touch=touch, by=dana, now=just_after)
    assert not Touch.objects.standing().exists()
    assert (lead.outbound_touches, lead.conversation_at) == (0, None)
    assert lead.attempts.count() == 0
    assert Contact.objects.get(leads=raw_lead).conversation_at is None


@pytest.mark.parametrize(
    ("channel", "outcome", "field"),
    [
        (Channel.PHONE, Outcome.WRONG_NUMBER, "phone_invalid_at"),
        (Channel.EMAIL, Outcome.BOUNCED, "email_invalid_at"),
        (Channel.LETTER, Outcome.RETURNED, "address_invalid_at"),
    ],
)
def test_dead_addresses_are_remembered(
    raw_lead: Lead, dana: User, channel: str, outcome: str, field: str
) -> None:
    log_touch(lead=raw_lead, channel=channel, outcome=outcome, by=dana, now=NOW)
    assert getattr(Contact.objects.get(leads=raw_lead), field) == NOW


def test_unsubscribing_suppresses_for_ever(raw_lead: Lead, dana: User) -> None:
    for _ in range(2):
        log_touch(
            lead=raw_lead, channel=Channel.EMAIL, outcome=Outcome.UNSUBSCRIBED, by=dana, now=NOW
        )
    suppression = Suppression.objects.get()
    assert suppression.channel == Channel.EMAIL
    assert raw_lead.contact is not None
    assert raw_lead.contact.email_key not in suppression.address_hash
    with pytest.raises(DatabaseError), transaction.atomic():
        suppression.delete()


def test_asked_to_stop_ends_every_channel(nurtured_lead: Lead, dana: User) -> None:
    promise(lead=nurtured_lead, promised=Promised(NOW + timedelta(days=3)), by=dana, now=NOW)
    lead = disqualify(lead=nurtured_lead, reason="asked_to_stop", by=dana, now=NOW)
    assert lead.stage == Stage.DISQUALIFIED
    assert set(Suppression.objects.values_list("channel", flat=True)) == {
        "phone",
        "email",
        "letter",
    }
    assert not Promise.objects.open().exists()
    lead.refresh_from_db()
    assert lead.next_touch_at is None


def test_a_promise_outranks_and_is_kept_by_the_touch(nurtured_lead: Lead, dana: User) -> None:
    due = NOW + timedelta(days=5)
    promise(lead=nurtured_lead, promised=Promised(due, words="call me on Monday"), by=dana, now=NOW)
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_rank == Rank.PROMISE
    assert (nurtured_lead.next_touch_at, nurtured_lead.next_touch_why) == (due, "call me on Monday")
    log_touch(
        lead=nurtured_lead, channel=Channel.PHONE, outcome=Outcome.NO_ANSWER, by=dana, now=due
    )
    nurtured_lead.refresh_from_db()
    assert Promise.objects.get().kept_at == due
    assert nurtured_lead.next_touch_rank == Rank.ATTEMPT


def test_giving_up(nurtured_lead: Lead, dana: User, jennifer: User) -> None:
    with pytest.raises(NotAllowed, match="0 so far"):
        give_up(lead=nurtured_lead, by=dana, now=NOW)
    with pytest.raises(NotAllowed):
        give_up(lead=nurtured_lead, by=jennifer, now=NOW)
    for week in range(6):
        for channel, outcome in (
            (Channel.PHONE, Outcome.NO_ANSWER),
            (Channel.VOICEMAIL, Outcome.LEFT),
            (Channel.EMAIL, Outcome.SENT),
        ):
            log_touch(
                lead=nurtured_lead,
                channel=channel,
                outcome=outcome,
                by=dana,
                now=NOW - timedelta(days=7 * (6 - week)),
            )
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_rank == Rank.GIVE_UP
    lead = give_up(lead=nurtured_lead, by=dana, now=NOW)
    assert lead.stage == Stage.UNABLE_TO_QUALIFY


def test_a_manager_may_give_up_early_with_a_reason(nurtured_lead: Lead, jennifer: User) -> None:
    lead = give_up(lead=nurtured_lead, by=jennifer, now=NOW, override="the plant is closed")
    change = lead.stage_changes.latest("id")
    assert (change.reason, change.note) == ("manager_decided", "the plant is closed")


def test_they_come_back_by_themselves(nurtured_lead: Lead, dana: User) -> None:
    disqualify(lead=nurtured_lead, reason="no_need", by=dana, now=NOW)
    log_touch(lead=nurtured_lead, channel=Channel.EMAIL, outcome=Outcome.REPLIED, by=dana, now=NOW)
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.stage == Stage.NURTURING


def test_the_tenth_answer_qualifies_the_lead(almost_ready: Lead, dana: User) -> None:
    assert (almost_ready.stage, almost_ready.documented) == (Stage.NURTURING, 9)
    assert almost_ready.open_attributes == [Attribute.URGENCY]
    assert almost_ready.mql_at is not None
    talk = almost_ready.touches.filter(outcome=Outcome.CONVERSATION).get()
    document(
        lead=almost_ready,
        attribute=Attribute.URGENCY,
        answer=ANSWERS[Attribute.URGENCY],
        by=dana,
        now=NOW,
        touch=talk,
    )
    almost_ready.refresh_from_db()
    assert (almost_ready.stage, almost_ready.documented) == (Stage.QUALIFIED, 10)
    assert almost_ready.qualified_at == NOW
    assert almost_ready.next_touch_rank == Rank.READY
    change = almost_ready.stage_changes.latest("id")
    assert (change.by, change.reason) == (None, "gate_passed")


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_do_not_both_miss_the_tenth(almost_ready: Lead, dana: User) -> None:
    talk = almost_ready.touches.filter(outcome=Outcome.CONVERSATION).get()
    prospects.contradict_answer(
        lead=almost_ready, attribute=Attribute.BUDGET, why="frozen", by=dana, now=NOW
    )
    ready = threading.Barrier(2)

    def answer(attribute: Attribute) -> None:
        ready.wait()
        document(
            lead=almost_ready,
            attribute=attribute,
            answer=ANSWERS[attribute],
            by=dana,
            now=NOW,
            touch=talk,
        )
        connections.close_all()

    both = [
        threading.Thread(target=answer, args=[attribute])
        for attribute in (Attribute.BUDGET, Attribute.URGENCY)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    almost_ready.refresh_from_db()
    assert almost_ready.stage == Stage.QUALIFIED


def test_a_contradicted_fact_closes_the_gate(qualified_lead: Lead, dana: User) -> None:
    prospects.contradict_answer(
        lead=qualified_lead, attribute=Attribute.BUDGET, why="capex is frozen", by=dana, now=NOW
    )
    qualified_lead.refresh_from_db()
    assert qualified_lead.stage == Stage.NURTURING
    assert qualified_lead.open_attributes == [Attribute.BUDGET]


def test_only_their_word_confirms(
    nurtured_lead: Lead, make_lead: Callable[..., Lead], dana: User
) -> None:
    no_answer = nurtured_lead.touches.get()
    elsewhere = call(make_lead(), dana, outcome=Outcome.CONVERSATION)
    for touch in (no_answer, elsewhere):
        with pytest.raises(ValidationError, match="Only a conversation"):
            document(
                lead=nurtured_lead,
                attribute=Attribute.PAIN,
                answer=Answer(words="it stops"),
                by=dana,
                now=NOW,
                touch=touch,
            )
    assessment = document(
        lead=nurtured_lead,
        attribute=Attribute.PAIN,
        answer=Answer(words="it stops"),
        by=dana,
        now=NOW,
    )
    assert assessment.findings[Attribute.PAIN].state == State.ASSUMED


@pytest.mark.parametrize("attribute", ["industry", "firmographics", "people", "engaged"])
def test_a_derived_attribute_cannot_be_ticked(
    nurtured_lead: Lead, dana: User, attribute: str
) -> None:
    with pytest.raises(ValidationError, match="cannot be ticked"):
        document(
            lead=nurtured_lead,
            attribute=Attribute(attribute),
            answer=Answer(words="yes"),
            by=dana,
            now=NOW,
        )


def test_who_decides_changes_who_was_engaged(nurtured_lead: Lead, dana: User) -> None:
    """Attribute 5 is derived: learn that the one we talked to decides nothing, and it is open."""
    call(nurtured_lead, dana, outcome=Outcome.CONVERSATION)
    lead = Lead.objects.get(pk=nurtured_lead.pk)
    terms = prospects.terms_in_force()
    assert assessment_of(lead, now=NOW, terms=terms).findings[Attribute.ENGAGED].documented
    assert lead.contact is not None
    prospects.edit_contact(
        lead=lead,
        contact=lead.contact,
        details=ContactDetails(buying_role=BuyingRole.USER),
        by=dana,
        now=NOW,
    )
    lead.refresh_from_db()
    assert Attribute.ENGAGED in lead.open_attributes


def test_earlier_answers_stay(nurtured_lead: Lead, dana: User) -> None:
    for words in ("Excel", "SAP"):
        document(
            lead=nurtured_lead,
            attribute=Attribute.ENVIRONMENT,
            answer=Answer(words=words),
            by=dana,
            now=NOW,
        )
    answers = nurtured_lead.answers.order_by("pk")
    assert [(a.words, a.superseded_at) for a in answers] == [("Excel", NOW), ("SAP", None)]
    with pytest.raises(DatabaseError), transaction.atomic():
        answers.update(words="nothing")


def test_minutes_and_words_of_the_evidence(nurtured_lead: Lead, dana: User) -> None:
    talk = call(nurtured_lead, dana, outcome=Outcome.CONVERSATION, minutes=Decimal("11.00"))
    document(
        lead=nurtured_lead,
        attribute=Attribute.PAIN,
        answer=Answer(words="it stops"),
        by=dana,
        now=NOW,
        touch=talk,
    )
    recorded = nurtured_lead.answers.get()
    assert recorded.evidence == "call, Jun 17, 11 min"
    assert recorded.resting_on.touch == talk


def test_planning_twice_changes_nothing(nurtured_lead: Lead) -> None:
    nurtured_lead.refresh_from_db()
    before = (nurtured_lead.next_touch_at, nurtured_lead.next_touch_why)
    plan_next(lead=nurtured_lead, now=nurtured_lead.touches.get().occurred_at)
    assert (nurtured_lead.next_touch_at, nurtured_lead.next_touch_why) == before
