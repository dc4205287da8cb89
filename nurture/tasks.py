"""What runs by the clock: leads whose next touch was never chosen, or chosen before things changed.

Prospects knows nothing of touches: a lead that came in, entered the program or changed its stage
there is found here, within a minute. So is a plan that time alone has overtaken.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from nurture.absence.actions import follow_absences
from nurture.actions import plan_next
from nurture.cadence import DECISION_IS_NEAR, Rank
from nurture.cadences.enrolling import stop
from nurture.engine import invariants
from nurture.engine.clock import engine_now
from nurture.engine.counting import tally_hours
from nurture.engine.dispatching import dispatch
from nurture.engine.notice import note_paused
from nurture.engine.turns import forget_hosts
from nurture.filling.jobs import go_on, waiting_fillings
from nurture.filling.rules import take_by_rules
from nurture.inbox import mailboxes
from nurture.inbox.actions import forget_words
from nurture.inbox.receiving import settle_uncertain
from nurture.inbox.waiting import count_anew
from nurture.letters.actions import write_down
from nurture.models import Attempt, Enrolment, Promise
from prospects.first_touch import FIRST_HOUR
from prospects.models import Lead, RecordedAnswer
from prospects.qualification import Attribute
from prospects.stages import Stage

BATCH = 200
FILLS_FOR = timedelta(minutes=5)
"""How long one turn of filling goes on; the next tick takes up what is left."""


@shared_task
def plan_changed() -> int:
    """Plan the leads that have no plan or one for another stage, or whose first hour is over."""
    return _plan_all(without_plan()) + _plan_all(hour_is_over(timezone.now()))


@shared_task
def plan_overtaken() -> int:
    """Plan anew whose attempt closed incomplete or whose decision came near; returns how many."""
    return _plan_all(overtaken(timezone.now()))


@shared_task
def dispatch_due() -> dict[str, int]:
    """Do what is due of what is planned. Any number of these may run at once."""
    note_paused()
    end_left(engine_now())
    return {str(state): count for state, count in dispatch().items()}


@shared_task
def verify() -> int:
    """Ask the engine's invariants: what is broken stands in the log, and as a failure on its page."""
    return invariants.verify()


@shared_task
def fill_cadences() -> int:
    """Put leads into cadences by rule, and go on with the jobs; returns how many batches and leads."""
    began, done = timezone.now(), take_by_rules(now=engine_now())
    for pk in waiting_fillings(engine_now()):
        while timezone.now() - began < FILLS_FOR and go_on(pk, now=engine_now()):
            done += 1
    return done


@shared_task
def follow_absent() -> int:
    """Carry out what is chosen for who is away, from the first day to the return; returns how many."""
    return follow_absences(engine_now())


@shared_task
def tally() -> int:
    """Count what came of the hours that are over; returns how many hours."""
    forget_hosts(timezone.now())
    return tally_hours(engine_now())


@shared_task
def fetch_mail() -> int:
    """Take in what came into the mailbox, and settle what it says of messages of unknown fate."""
    taken = mailboxes.fetch_mail()
    settle_uncertain(now=engine_now())
    count_anew()
    return taken


@shared_task
def forget_mail() -> int:
    """Take the words out of mail that was decided long ago; returns of how many."""
    return forget_words(now=engine_now())


@shared_task
def write_down_posted() -> int:
    """Log the letters of posted batches that are not touches yet: what a lost request left."""
    return write_down(now=engine_now())


@transaction.atomic
def end_left(now: datetime) -> int:
    """Stop the cadences of leads that left the program by a step of prospects or of a handoff."""
    left = ~Q(lead__stage__in=(Stage.RAW, Stage.NURTURING))
    qualified = Q(lead__stage=Stage.QUALIFIED)
    return stop(left & qualified, Enrolment.End.QUALIFIED, now=now) + stop(
        left & ~qualified, Enrolment.End.LEFT_PROGRAM, now=now
    )


def without_plan() -> Q:
    """Worked leads of somebody that were never planned, or not since they became (un)qualified."""
    qualified = Q(stage=Stage.QUALIFIED)
    ready = Q(next_touch_rank=Rank.READY)
    above = Q(next_touch_rank__in=(Rank.INQUIRY, Rank.PROMISE))
    return (
        Q(next_touch_at__isnull=True, specialist__isnull=False)
        | (qualified & ~ready & ~above & Q(next_touch_at__isnull=False))
        | (~qualified & ready)
    )


def hour_is_over(now: datetime) -> Q:
    """Inquiries that stood on top for their first hour and are late now."""
    return Q(next_touch_rank=Rank.INQUIRY, next_touch_at__lt=now - FIRST_HOUR)


def overtaken(now: datetime) -> Q:
    """Plans that finish an attempt whose window closed, or do not know that a decision came near."""
    attempts = Attempt.objects.filter(
        lead=OuterRef("pk"), completed_at__isnull=True, closes_at__gt=now
    )
    decisions = RecordedAnswer.objects.filter(
        lead=OuterRef("pk"),
        attribute=Attribute.PROCESS,
        superseded_at__isnull=True,
        on__range=(now.date(), (now + DECISION_IS_NEAR).date()),
    )
    promises = Promise.objects.open().filter(lead=OuterRef("pk"), due_at__lte=now)
    return (
        Q(~Exists(attempts), next_touch_rank=Rank.ATTEMPT)
        | Q(Exists(decisions), next_touch_rank__in=(Rank.FOLLOW_UP, Rank.LONG_TERM))
        | Q(~Exists(decisions), next_touch_rank=Rank.DECISION_NEAR)
        | Q(Exists(promises), next_touch_rank=Rank.READY)
        | Q(stage=Stage.QUALIFIED, next_touch_rank=Rank.PROMISE, next_touch_at__gt=now)
    )


def _plan_all(which: Q) -> int:
    """In batches by id, so that a lead whose plan stays as it is does not come round again."""
    total, after = 0, 0
    while pks := _plan_batch(which, after):
        total, after = total + len(pks), pks[-1]
    return total


@transaction.atomic
def _plan_batch(which: Q, after: int) -> list[int]:
    now = timezone.now()
    leads = (
        Lead.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("company", "contact__company")
        .filter(which, stage__in=(Stage.RAW, Stage.NURTURING, Stage.QUALIFIED), pk__gt=after)
        .order_by("pk")[:BATCH]
    )
    for lead in leads:
        plan_next(lead=lead, now=now)
    return [lead.pk for lead in leads]
