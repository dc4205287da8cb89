"""What people do with letters on paper: make a batch, take letters out, say it was posted, or came back.

A letter in a batch is *claimed*: whatever stops a cadence takes it back at once, as long as nobody has
said that it was posted. That word is written on the batch first; the touches follow from it, in
portions, and any number of times without harm.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.actions import log_touch, plan_next, suppressible_address
from nurture.cadences.enrolling import advance, calendar_of, close
from nurture.engine import gates
from nurture.engine.crash_points import passing
from nurture.engine.deciding import Claim, move_on
from nurture.engine.situations import AT_HAND, SHARED, Case, read_cases
from nurture.engine.states import PlannedState
from nurture.letters.addressing import Place, address_lines, pile_order
from nurture.letters.arriving import arrives_on
from nurture.letters.checking import MustGo, must_go
from nurture.models import Engine, Letter, PlannedTouch, PrintBatch, Step
from nurture.models.planned import PlannedTouchQuerySet
from nurture.touching import Channel, Outcome
from prospects.actions import NotAllowed, locked, refuse_reps
from prospects.consents.hashing import hash_of
from team.models import Organisation, User

MOST_LETTERS = 1000
"""In one batch: a long afternoon of folding."""
HELD_FOR = timedelta(days=3650)
"""A pile waits for a person; no reaper takes its letters back."""
AT_ONCE = 50
"""Letters that are written down as touches in one transaction."""
NOON = time(12)


@dataclass(frozen=True)
class Made:
    """What came of making a batch."""

    batch: PrintBatch | None
    left_out: Counter[str]
    """Letters that were not written, by reason."""


def due_letters(user: User, now: datetime) -> PlannedTouchQuerySet:
    """What waits to be printed, of the leads that somebody sees. `now`: the engine's."""
    return PlannedTouch.objects.visible_to(user).filter(
        state=PlannedState.PENDING,
        performer=Step.Performer.MACHINE,
        channel__in=(Channel.LETTER, Channel.DIRECT_MAIL),
        due_at__lte=now,
        enrolment__paused_at__isnull=True,
        enrolment__version__cadence__paused_at__isnull=True,
    )


@transaction.atomic
def make_batch(*, channel: str, by: User, now: datetime, most: int = MOST_LETTERS) -> Made:
    """Write and freeze the letters that are due, the longest due first; at most so many.

    Two people who press at once get different letters. What a gate refuses is skipped with its reason,
    and its cadence goes on. `now`: the engine's. Refuses (NotAllowed) while the engine is paused, and
    without a postal address of ours, which stands on every letter.
    """
    refuse_reps(by)
    organisation = Organisation.current()
    if not organisation.postal_address.strip():
        raise NotAllowed(
            _(
                "Our own postal address is not known yet. An administrator writes it in the settings."
            )
        )
    if Engine.objects.filter(pk=1, paused_at__isnull=False).exists():
        raise NotAllowed(_("The engine is paused: nothing is printed until it goes on."))
    lease = uuid.uuid4()
    claimed = _claim(channel, lease, by=by, now=now, most=min(most, MOST_LETTERS))
    going: list[Case] = []
    refused: dict[Claim, gates.Later | gates.Skip | gates.Cancel] = {}
    for case in read_cases(claimed, organisation=organisation, now=now):
        decision = case.decide(now)
        if isinstance(decision, gates.Go):
            going.append(case)
        else:
            refused[Claim(case.planned.pk, lease)] = decision
    left_out = Counter(decision.why for decision in refused.values())
    move_on(refused)
    if not going:
        return Made(None, left_out)
    batch = PrintBatch.objects.create(
        channel=channel,
        team=by.team,
        by=by,
        made_at=now,
        dated_on=now.astimezone(organisation.zone).date(),
        letterhead=f"{organisation.name}\n{organisation.postal_address.strip()}",
        answer_to=organisation.mail_from,
        country=organisation.country,
        lease=lease,
        size=len(going),
    )
    Letter.objects.bulk_create(_letters(batch, going))
    passing("before a print batch commits")
    return Made(batch, left_out)


def _claim(
    channel: str, lease: uuid.UUID, *, by: User, now: datetime, most: int
) -> list[PlannedTouch]:
    """Take what is due, so that nobody else does. What somebody works on at this moment is left."""
    planned_touches = list(
        due_letters(by, now)
        .filter(channel=channel)
        .select_related(*AT_HAND)
        .select_for_update(of=("lead", "enrolment", "self"), skip_locked=True, no_key=True)
        .order_by("due_at", "pk")[:most]
    )
    held = {
        "state": PlannedState.CLAIMED,
        "lease": lease,
        "lease_until": now + HELD_FOR,
        "reason": "",
    }
    PlannedTouch.objects.filter(pk__in=[planned.pk for planned in planned_touches]).update(
        **held, moved_by=by, epoch=F("epoch") + 1
    )
    for planned in planned_touches:
        for column, value in held.items():
            setattr(planned, column, value)
    prefetch_related_objects(planned_touches, *SHARED)
    return planned_touches


def _letters(batch: PrintBatch, cases: Iterable[Case]) -> list[Letter]:
    """Each as it will be printed, in the order of the pile."""
    written = [(case, _place(case.planned)) for case in cases]
    written.sort(
        key=lambda each: pile_order(
            each[1].country, each[1].postal_code, from_country=batch.country
        )
    )
    letters = []
    for number, (case, place) in enumerate(written, 1):
        planned, words = case.planned, case.written
        assert words is not None  # a gate refuses what can not be written
        specialist = planned.lead.specialist
        letters.append(
            Letter(
                batch=batch,
                number=number,
                planned=planned,
                template=planned.step.template,
                recipient=place.name,
                address="\n".join(address_lines(place, from_country=batch.country)),
                address_hash=_hash_of(planned),
                subject=words.subject[:250],
                body=words.body.strip(),
                body_sha256=hashlib.sha256(words.body.strip().encode()).hexdigest(),
                signed_by=specialist.get_full_name() if specialist else "",
            )
        )
    return letters


def _place(planned: PlannedTouch) -> Place:
    company = planned.lead.company
    assert company is not None  # a gate refuses whoever has no address
    return Place(
        name=planned.contact.name,
        company=company.name,
        street=company.street,
        city=company.city,
        region=company.region,
        postal_code=company.postal_code,
        country=company.country,
    )


def _hash_of(planned: PlannedTouch) -> str:
    return hash_of(Channel.LETTER, suppressible_address(planned.contact, Channel.LETTER))


# Before it is posted


@transaction.atomic
def take_out(*, letter: Letter, again: bool, why: str, by: User, now: datetime) -> Letter:
    """Take a letter out of a pile that is not posted yet.

    `again`: it is printed with a later batch; else it is left out, and the cadence goes on with its
    next step. Refuses (NotAllowed) what is out, posted or cancelled already.
    """
    refuse_reps(by)
    batch = _waiting(letter.batch)
    letter = Letter.objects.select_for_update(of=("self",)).get(pk=letter.pk)
    if letter.out_at is not None:
        raise NotAllowed(_("It is out already: %s.") % letter.out_why)
    why = why.strip() or _("taken out by hand")
    planned = PlannedTouch.objects.get(pk=letter.planned_id)
    decision = gates.Later(planned.due_at, why) if again else gates.Skip(why)
    move_on({Claim(planned.pk, batch.lease): decision})
    _mark_out([letter], why, by=by, now=now)
    return letter


@transaction.atomic
def cancel_batch(*, batch: PrintBatch, by: User, now: datetime) -> PrintBatch:
    """Give up a batch that is not posted: its letters wait for another one."""
    refuse_reps(by)
    batch = _waiting(batch)
    words = _("its print batch was cancelled")
    PlannedTouch.objects.filter(lease=batch.lease, state=PlannedState.CLAIMED).update(
        state=PlannedState.PENDING, reason=words, moved_by=by, lease=None, lease_until=None
    )
    batch.letters.inside().update(out_at=now, out_by=by, out_why=words)
    batch.cancelled_at, batch.cancelled_by = now, by
    batch.save(update_fields=["cancelled_at", "cancelled_by"])
    return batch


def _waiting(batch: PrintBatch) -> PrintBatch:
    """The batch, locked. Refuses (NotAllowed) one that is posted or cancelled."""
    batch = PrintBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.cancelled_at is not None:
        raise NotAllowed(_("This batch was cancelled."))
    if batch.posted_on is not None:
        raise NotAllowed(_("This batch is posted already."))
    return batch


def _mark_out(letters: Iterable[Letter], why: str, *, by: User | None, now: datetime) -> None:
    for letter in letters:
        letter.out_at, letter.out_by, letter.out_why = now, by, why[:250]
        letter.save(update_fields=["out_at", "out_by", "out_why"])


# The post


@transaction.atomic
def mark_posted(
    *,
    batch: PrintBatch,
    posted_on: date,
    cost_each: Decimal | None,
    expected: int,
    by: User,
    now: datetime,
) -> PrintBatch:
    """Write down that a batch was posted on a day, by the calendar of the organisation.

    `expected`: how many letters the person saw in the pile. Everything is asked again: what may not be
    sent any more must have been taken out, so where the pile is another one now this is refused
    (NotAllowed), and they look again. The touches follow: see `write_down`.
    """
    refuse_reps(by)
    batch = _waiting(batch)
    zone = Organisation.current().zone
    if not batch.dated_on <= posted_on <= now.astimezone(zone).date():
        raise NotAllowed(_("It is posted on the day of its letters or later, not in the future."))
    gone = must_go(batch, now)
    left = batch.letters.inside().count() - len(gone)
    if left != expected:
        raise NotAllowed(
            ngettext(
                "The pile is another one now: %s letter. Look again at what must come out of it.",
                "The pile is another one now: %s letters. Look again at what must come out of it.",
                left,
            )
            % left
        )
    if not left:
        raise NotAllowed(_("No letter is left in it: cancel it."))
    _leave_out(batch, gone, now)
    batch.posted_on, batch.posted_at, batch.posted_by = posted_on, now, by
    batch.cost_each = cost_each
    batch.save(update_fields=["posted_on", "posted_at", "posted_by", "cost_each"])
    return batch


def _leave_out(batch: PrintBatch, gone: Sequence[MustGo], now: datetime) -> None:
    """What may not be sent any more does not count as posted, each for its reason."""
    move_on(
        {
            Claim(each.letter.planned_id, batch.lease): each.decision
            for each in gone
            if each.decision is not None
        }
    )
    for each in gone:
        _mark_out([each.letter], each.why, by=None, now=now)


def write_down(*, now: datetime, batch: PrintBatch | None = None, most: int | None = None) -> int:
    """Log the letters of posted batches as touches, and plan what follows each; returns how many.

    In portions, each a transaction: whoever dies half-way leaves the rest to the next, and any number
    may do it at once. `batch`: only this one's.
    """
    total = 0
    while most is None or total < most:
        written = _write_down_some(batch, now)
        if not written:
            break
        total += written
    return total


@transaction.atomic
def _write_down_some(batch: PrintBatch | None, now: datetime) -> int:
    letters = (
        Letter.objects.to_write_down()
        .select_related("batch", "planned", "template")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("batch", "number")
    )
    if batch is not None:
        letters = letters.filter(batch=batch)
    portion = list(letters[:AT_ONCE])
    for letter in portion:
        _note_posted(letter, now)
        passing("between two letters that are written down")
    return len(portion)


def _note_posted(letter: Letter, now: datetime) -> None:
    """A letter was posted: a touch like any other. What follows counts from the day it arrives."""
    batch = letter.batch
    lead = locked(letter.planned.lead)
    planned = (
        PlannedTouch.objects.select_for_update(of=("self",))
        .select_related("step", "enrolment", "contact__company")
        .get(pk=letter.planned_id)
    )
    planned.lead = lead
    is_ours = planned.state == PlannedState.CLAIMED and planned.lease == batch.lease
    if is_ours:
        planned.state, planned.moved_by = PlannedState.SUBMITTING, batch.posted_by
        planned.save(update_fields=["state", "moved_by"])
    is_theirs = planned.contact.company_id == lead.company_id
    touch = log_touch(
        lead=lead,
        contact=planned.contact if is_theirs else None,
        channel=batch.channel,
        outcome=Outcome.POSTED,
        by=None,
        now=now,
        occurred_at=_instant_of_posting(batch),
        note=_("%(template)s, letter %(code)s")
        % {"template": letter.template.name, "code": letter.code},
        cost=batch.cost_each,
    )
    letter.posted = touch
    letter.save(update_fields=["posted"])
    if not is_ours:
        return
    close(planned, PlannedState.SENT, now=now, by=batch.posted_by, touch=touch)
    assert batch.posted_on is not None
    calendar = calendar_of(touch.lead, planned.contact)
    arrived_on = arrives_on(batch.posted_on, from_country=batch.country, calendar=calendar)
    advance(planned, done_on=arrived_on, now=now)
    plan_next(lead=touch.lead, now=now)


def _instant_of_posting(batch: PrintBatch) -> datetime:
    """Noon of the day on which it was posted; not before it was made, nor after somebody said so."""
    assert batch.posted_on is not None
    assert batch.posted_at is not None
    noon = datetime.combine(batch.posted_on, NOON, Organisation.current().zone)
    return min(max(noon, batch.made_at), batch.posted_at)


@transaction.atomic
def posted_all_the_same(*, letter: Letter, by: User, now: datetime) -> Letter:
    """A letter that was to come out of the pile went to the post with it: what happened is a fact.

    It is a touch from then on; its cadence does not go on from it. Refuses (NotAllowed) a letter that
    was not taken out of a posted batch.
    """
    refuse_reps(by)
    letter = (
        Letter.objects.select_for_update(of=("self",))
        .select_related("batch", "planned", "template")
        .get(pk=letter.pk)
    )
    if letter.batch.posted_on is None or letter.out_at is None:
        raise NotAllowed(_("Only a letter that was left out of a posted batch."))
    if letter.posted_id is None:
        _note_posted(letter, now)
    return letter


@transaction.atomic
def mark_returned(*, letter: Letter, by: User, now: datetime) -> Letter:
    """A letter came back: the address on it is not used again. A closed lead stays closed.

    Where they have another address by now, that one stays in use. Twice is once. Refuses (NotAllowed)
    a letter that was not posted.
    """
    refuse_reps(by)
    letter = (
        Letter.objects.select_for_update(of=("self",))
        .select_related("batch", "planned__lead", "planned__contact__company")
        .get(pk=letter.pk)
    )
    if letter.posted_id is None:
        raise NotAllowed(_("It was not posted, as far as we know."))
    if letter.returned_at is not None:
        return letter
    letter.returned_at, letter.returned_by = now, by
    letter.save(update_fields=["returned_at", "returned_by"])
    planned = letter.planned
    lead = locked(planned.lead)
    contact = planned.contact
    if contact.company_id != lead.company_id:
        return letter  # they left the company: nothing is learned of anybody there
    was_invalid_at = contact.address_invalid_at
    log_touch(
        lead=lead,
        contact=contact,
        channel=letter.batch.channel,
        outcome=Outcome.RETURNED,
        by=None,
        now=now,
        note=_("letter %s") % letter.code,
    )
    if _hash_of(planned) != letter.address_hash:
        type(contact).objects.filter(pk=contact.pk).update(address_invalid_at=was_invalid_at)
    return letter
