"""The life of a print batch: made, changed, posted, come back; by people who press at once too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction

from nurture.actions import log_touch, suppress
from nurture.cadences.enrolments import stop_enrolment
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.engine.running import pause
from nurture.letters.actions import (
    cancel_batch,
    make_batch,
    mark_posted,
    mark_returned,
    posted_all_the_same,
    take_out,
    write_down,
)
from nurture.letters.checking import must_go
from nurture.models import Cadence, Enrolment, Letter, PlannedTouch, PrintBatch, Touch
from prospects.actions import NotAllowed, change_stage
from prospects.models import Company, Contact
from prospects.stages import Stage
from team.models import Organisation, User
from tests.cadences import shift_to
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]
LATER = NOW + timedelta(hours=1)
TODAY = NOW.date()
DueLetter = Callable[..., Enrolment]


def post(batch: PrintBatch, by: User, *, expected: int = 3, on: date = TODAY) -> None:
    """Say that it was posted, and write its touches down."""
    mark_posted(
        batch=batch, posted_on=on, cost_each=Decimal("0.95"), expected=expected, by=by, now=LATER
    )
    write_down(now=LATER)


def states(batch: PrintBatch) -> list[str]:
    """Of its planned touches, in the order of the pile."""
    return list(batch.letters.order_by("number").values_list("planned__state", flat=True))


def test_a_batch_is_frozen_in_the_order_of_the_post(batch: PrintBatch, dana: User) -> None:
    letters = list(batch.letters.order_by("number"))
    assert [letter.address.split("\n")[-1] for letter in letters] == [
        "Portland, ME 04101",
        "Portland, ME 10001",
        "Portland, ME 60601",
    ]
    first = letters[0]
    assert first.code == f"{batch.pk}-1"
    assert first.body == (
        f"Dear {first.recipient},\n\na letter about line 3 at {first.planned.lead.company}."
        "\n\nDana Whitfield"
    )
    assert (first.template.name, first.signed_by) == ("first letter", "Dana Whitfield")
    assert batch.size == 3
    assert states(batch) == ["claimed"] * 3
    assert batch.letterhead == "Northwind Drives\n1 Canal Street\nBoston, MA 02110"
    assert violations() == []


def test_what_is_printed_is_not_printed_again_nor_reaped(batch: PrintBatch, dana: User) -> None:
    assert make_batch(channel="letter", by=dana, now=NOW).batch is None
    shift_to(NOW + timedelta(days=40))
    dispatch()
    assert states(batch) == ["claimed"] * 3
    assert violations() == []


def test_letters_that_wait_for_a_batch_are_not_stuck(due_letter: DueLetter) -> None:
    due_letter()
    shift_to(NOW + timedelta(days=3))
    dispatch()
    assert PlannedTouch.objects.get().state == "pending"
    assert violations() == []


def test_only_so_many_and_the_longest_due_first(due_letter: DueLetter, dana: User) -> None:
    first, second = due_letter(), due_letter()
    PlannedTouch.objects.filter(enrolment=second).update(due_at=NOW - timedelta(days=9))
    made = make_batch(channel="letter", by=dana, now=NOW, most=1)
    assert made.batch is not None
    assert made.batch.letters.get().planned.enrolment == second
    assert PlannedTouch.objects.get(enrolment=first).state == "pending"


def test_each_prints_what_they_see(due_letter: DueLetter, dana: User, sam: User) -> None:
    due_letter()
    assert make_batch(channel="letter", by=sam, now=NOW).batch is None
    assert make_batch(channel="direct_mail", by=dana, now=NOW).batch is None
    assert make_batch(channel="letter", by=dana, now=NOW).batch is not None


def suppress_street(enrolment: Enrolment) -> None:
    contact = Contact.objects.select_related("company").get(pk=enrolment.contact_id)
    suppress(contact=contact, channel="letter", now=NOW)


@pytest.mark.parametrize(
    ("spoil", "state", "follows", "why"),
    [
        (suppress_street, "skipped", "phone", "asked us not to"),
        (
            lambda e: Company.objects.filter(leads=e.lead).update(street=""),
            "skipped",
            "phone",
            "no address",
        ),
        (
            lambda e: Contact.objects.filter(pk=e.contact_id).update(address_invalid_at=NOW),
            "skipped",
            "phone",
            "came back",
        ),
        (
            lambda e: Contact.objects.filter(pk=e.contact_id).update(first_name=""),
            "skipped",
            "phone",
            "nothing is known for: first name",
        ),
        (
            lambda e: change_stage(lead=e.lead, to_stage=Stage.QUALIFIED, now=NOW, by=None),
            "cancelled",
            "",
            "the lead is qualified",
        ),
    ],
)
def test_what_a_gate_refuses_is_not_printed(
    due_letter: DueLetter,
    dana: User,
    spoil: Callable[[Enrolment], object],
    state: str,
    follows: str,
    why: str,
) -> None:
    good, bad = due_letter(), due_letter()
    spoil(bad)
    made = make_batch(channel="letter", by=dana, now=NOW)
    assert made.batch is not None
    assert made.batch.letters.get().planned.enrolment == good
    assert dict(made.left_out) == {why: 1}
    refused = bad.planned.order_by("pk")[0]
    assert (refused.state, refused.reason) == (state, why)
    assert list(bad.planned.filter(state="pending").values_list("channel", flat=True)) == (
        [follows] if follows else []
    )
    assert violations() == []


def test_nothing_is_printed_while_paused_or_without_a_sender(
    due_letter: DueLetter, dana: User, carol: User, ada: User
) -> None:
    due_letter()
    with pytest.raises(NotAllowed):
        make_batch(channel="letter", by=carol, now=NOW)
    Organisation.objects.update(postal_address="")
    with pytest.raises(NotAllowed, match="postal address"):
        make_batch(channel="letter", by=dana, now=NOW)
    Organisation.objects.update(postal_address="1 Canal Street")
    pause(by=ada, why="stop", now=NOW)
    with pytest.raises(NotAllowed, match="paused"):
        make_batch(channel="letter", by=dana, now=NOW)


# Posted


def test_posted_is_a_touch_with_its_cost_and_the_call_counts_from_arrival(
    batch: PrintBatch, dana: User
) -> None:
    post(batch, dana)
    letter = batch.letters.order_by("number")[0]
    touch = letter.posted
    assert touch is not None
    assert (touch.channel, touch.outcome, touch.direction) == ("letter", "posted", "out")
    assert touch.cost == Decimal("0.95")
    assert touch.occurred_at == datetime(2026, 6, 17, 16, tzinfo=UTC)  # noon in New York
    assert touch.by is None
    assert letter.code in touch.note
    planned = letter.planned
    assert (planned.state, planned.touch, planned.moved_by) == ("sent", touch, dana)
    assert [event.to_state for event in planned.events.order_by("number")] == [
        "pending",
        "claimed",
        "submitting",
        "sent",
    ]
    call = planned.enrolment.planned.get(channel="phone")
    # Wednesday; Juneteenth is none of the four days in the post; two working days after arrival.
    assert call.due_on == date(2026, 6, 26)
    planned.lead.refresh_from_db()
    assert planned.lead.next_touch_at == call.due_at
    assert violations() == []


def test_posting_keeps_no_promise_and_gives_the_lead_to_nobody(
    batch: PrintBatch, dana: User
) -> None:
    lead = batch.letters.order_by("number")[0].planned.lead
    lead.specialist = None
    lead.save(update_fields=["specialist"])
    post(batch, dana)
    lead.refresh_from_db()
    assert lead.specialist is None


def test_it_is_posted_once(batch: PrintBatch, dana: User) -> None:
    post(batch, dana)
    with pytest.raises(NotAllowed, match="posted already"):
        post(batch, dana)
    assert write_down(now=LATER) == 0
    assert Touch.objects.filter(outcome="posted").count() == 3


@pytest.mark.parametrize(
    ("posted_on", "expected", "why"),
    [
        (NOW.date() - timedelta(days=1), 3, "on the day of its letters"),
        (NOW.date() + timedelta(days=1), 3, "in the future"),
        (NOW.date(), 2, "another one now: 3 letters"),
    ],
)
def test_what_can_not_be_so_is_refused(
    batch: PrintBatch, dana: User, posted_on: date, expected: int, why: str
) -> None:
    with pytest.raises(NotAllowed, match=why):
        post(batch, dana, expected=expected, on=posted_on)
    batch.refresh_from_db()
    assert batch.posted_on is None


def test_whoever_talks_to_us_comes_out_of_the_pile(batch: PrintBatch, dana: User) -> None:
    letter = batch.letters.order_by("number")[0]
    log_touch(lead=letter.planned.lead, channel="phone", outcome="conversation", by=dana, now=LATER)
    assert states(batch) == ["cancelled", "claimed", "claimed"]
    assert [(each.letter, each.why) for each in must_go(batch, LATER)] == [
        (letter, "They talked to us")
    ]
    with pytest.raises(NotAllowed, match="2 letters"):
        post(batch, dana, expected=3)
    post(batch, dana, expected=2)
    letter.refresh_from_db()
    assert (letter.posted, letter.out_why) == (None, "They talked to us")
    assert violations() == []


def test_it_went_to_the_post_all_the_same(batch: PrintBatch, dana: User) -> None:
    letter = batch.letters.order_by("number")[0]
    stop_enrolment(enrolment=letter.planned.enrolment, by=dana, now=LATER)
    post(batch, dana, expected=2)
    for _twice in range(2):
        letter = posted_all_the_same(letter=letter, by=dana, now=LATER)
    assert letter.posted is not None
    assert letter.planned.lead.touches.filter(outcome="posted").count() == 1
    assert letter.planned.state == "cancelled"
    assert violations() == []


def test_who_opts_out_or_moves_comes_out_of_the_pile(batch: PrintBatch, dana: User) -> None:
    opted_out, moved, _stays = batch.letters.order_by("number")
    suppress_street(opted_out.planned.enrolment)
    Company.objects.filter(leads=moved.planned.lead).update(street="1 Elm Street")
    found = {each.letter: each.why for each in must_go(batch, LATER)}
    assert found == {opted_out: "asked us not to", moved: "their address changed"}
    post(batch, dana, expected=1)
    assert states(batch) == ["skipped", "pending", "sent"]
    anew = make_batch(channel="letter", by=dana, now=LATER).batch
    assert anew is not None
    assert "1 Elm Street" in anew.letters.get().address
    assert violations() == []


def test_taken_out_by_hand(batch: PrintBatch, dana: User) -> None:
    later, never, _stays = batch.letters.order_by("number")
    take_out(letter=later, again=True, why="", by=dana, now=LATER)
    take_out(letter=never, again=False, why="met them at the fair", by=dana, now=LATER)
    assert states(batch) == ["pending", "skipped", "claimed"]
    assert never.planned.enrolment.planned.filter(state="pending").get().channel == "phone"
    with pytest.raises(NotAllowed, match="out already"):
        take_out(letter=later, again=True, why="", by=dana, now=LATER)
    post(batch, dana, expected=1)
    assert violations() == []


def test_a_cancelled_batch_gives_its_letters_back(batch: PrintBatch, dana: User) -> None:
    due_at = set(PlannedTouch.objects.values_list("due_at", flat=True))
    cancel_batch(batch=batch, by=dana, now=LATER)
    assert states(batch) == ["pending"] * 3
    assert set(PlannedTouch.objects.values_list("due_at", flat=True)) == due_at
    with pytest.raises(NotAllowed, match="was cancelled"):
        post(batch, dana)
    anew = make_batch(channel="letter", by=dana, now=LATER).batch
    assert anew is not None
    assert anew.size == 3
    assert violations() == []


def test_nothing_is_left_of_it(batch: PrintBatch, dana: User) -> None:
    for letter in batch.letters.all():
        take_out(letter=letter, again=True, why="", by=dana, now=LATER)
    with pytest.raises(NotAllowed, match="No letter is left"):
        post(batch, dana, expected=0)


# Came back


def test_what_came_back_makes_the_address_invalid(batch: PrintBatch, dana: User) -> None:
    post(batch, dana)
    letter = batch.letters.order_by("number")[0]
    for _twice in range(2):
        mark_returned(letter=letter, by=dana, now=LATER)
    contact, lead = letter.planned.contact, letter.planned.lead
    contact.refresh_from_db()
    assert contact.address_invalid_at == LATER
    assert lead.touches.filter(outcome="returned", direction="in").count() == 1
    assert violations() == []


def test_what_came_back_revives_nothing(batch: PrintBatch, dana: User) -> None:
    post(batch, dana)
    letter = batch.letters.order_by("number")[0]
    lead = letter.planned.lead
    change_stage(lead=lead, to_stage=Stage.DISQUALIFIED, reason="no_need", now=LATER, by=dana)
    mark_returned(letter=letter, by=dana, now=LATER)
    lead.refresh_from_db()
    assert lead.stage == "disqualified"


def test_an_address_that_changed_meanwhile_stays_in_use(batch: PrintBatch, dana: User) -> None:
    post(batch, dana)
    letter = batch.letters.order_by("number")[0]
    Company.objects.filter(leads=letter.planned.lead).update(street="1 Elm Street")
    mark_returned(letter=letter, by=dana, now=LATER)
    contact = letter.planned.contact
    contact.refresh_from_db()
    assert contact.address_invalid_at is None


def test_only_what_was_posted_comes_back(batch: PrintBatch, dana: User) -> None:
    with pytest.raises(NotAllowed, match="not posted"):
        mark_returned(letter=batch.letters.all()[0], by=dana, now=LATER)


# What the database refuses


def test_a_letter_lies_in_one_pile(batch: PrintBatch) -> None:
    letter = batch.letters.order_by("number")[0]
    letter.pk, letter.number = None, 99
    with pytest.raises(IntegrityError, match="letter_in_one_pile"), transaction.atomic():
        letter.save()


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: Letter.objects.filter(batch=batch).update(body="other words"),
        lambda batch: Letter.objects.filter(batch=batch).delete(),
        lambda batch: PrintBatch.objects.filter(pk=batch.pk).update(letterhead="Somebody else"),
        lambda batch: batch.letters.update(number=99),
    ],
)
def test_what_was_written_stands(batch: PrintBatch, change: Callable[[PrintBatch], object]) -> None:
    with pytest.raises(InternalError), transaction.atomic():
        change(batch)


def test_what_is_posted_stands(batch: PrintBatch, dana: User) -> None:
    post(batch, dana)
    with pytest.raises(InternalError), transaction.atomic():
        PrintBatch.objects.filter(pk=batch.pk).update(posted_on=date(2026, 1, 1))


def test_a_planted_fault_is_found(batch: PrintBatch, dana: User) -> None:
    """A claim without a pile, which nobody would ever print, does not go unnoticed."""
    Letter.objects.filter(batch=batch, number=1).update(
        out_at=LATER, out_why="lost", out_by=dana.pk
    )
    assert [violation.what for violation in violations()] == ["a letter that lies in no pile"]


def test_a_paused_cadence_prints_nothing(
    due_letter: DueLetter, letter_cadence: Cadence, dana: User
) -> None:
    due_letter()
    Cadence.objects.update(paused_at=NOW)
    assert make_batch(channel="letter", by=dana, now=NOW).batch is None
