"""What a dispatcher does: claims what is due in batches, decides each batch, sends what goes.

Any number may run at once, on any number of hosts. PostgreSQL is the only truth: a claim is committed
before any work, a submission before the first byte of the body, and no transaction is open while a
server is talked to. Whatever dies at whatever instant leaves a row that says how far it came.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.actions import plan_next
from nurture.cadences.enrolling import advance, close, end
from nurture.contactability import never_contactable
from nurture.engine import gates
from nurture.engine.breaker import mail_may_go
from nurture.engine.channels import Courier
from nurture.engine.clock import engine_now
from nurture.engine.couriers import couriers_of_settings
from nurture.engine.crash_points import passing
from nurture.engine.deciding import Claim, Going, decide_batch, move_on
from nurture.engine.running import may_work
from nurture.engine.states import PlannedState
from nurture.engine.submitting import LOST_AFTER, submit
from nurture.models import Enrolment, PlannedTouch, Step, Submission
from nurture.models.cadences import BATCH_CHANNELS
from nurture.reach import reachability
from prospects.models import Lead
from prospects.stages import WORKED

BATCH = 200
"""Claimed and decided together. What a batch costs is spread over so many; a host that dies holds up
no more; and with fewer a second host has its share sooner."""
LEASE = timedelta(minutes=5)
SENDING_FOR = LEASE / 2
"""Past this after it was claimed, what is left of a batch is put back: leases never run out at work."""
PRESENTED_AT_ONCE = 200


def dispatch(couriers: Sequence[Courier] = ()) -> Counter[str]:
    """Do all that is due now, once; returns how many touches went to which state.

    Needs no broker. Does nothing while the engine is paused, but for what died half-way. `couriers`:
    as many messages are under way at once; by default MAIL_CONNECTIONS of the settings' way.
    """
    done: Counter[str] = Counter()
    done.update(reap())
    if not may_work(engine_now()):
        return done
    done.update(present_to_people())
    couriers = couriers or couriers_of_settings()
    if not couriers:
        return done
    try:
        with ThreadPoolExecutor(len(couriers)) as threads:
            while mail_may_go(engine_now()) and (claims := claim()):
                done.update(carry_out(claims, couriers, threads))
    finally:
        for courier in couriers:
            courier.close()
    return done


def carry_out(
    claims: Sequence[Claim], couriers: Sequence[Courier], threads: Executor | None = None
) -> Counter[str]:
    """Decide a batch that was claimed and send what goes; returns how many came to which state.

    One courier sends here and now; several need threads, one each, with a connection to the database
    of its own. A touch that is ours no more comes to no state.
    """
    until = monotonic() + SENDING_FOR.total_seconds()
    found, done = decide_batch(claims)
    going = deque(found)
    send = partial(_send, going, until=until)
    if threads is None or len(couriers) == 1:
        done.update(send(couriers[0]))
    else:
        for states in threads.map(partial(_send_in_thread, send), couriers):
            done.update(states)
    words = _("the mail server was slow: put back")
    done.update(move_on({left.claim: gates.Later(left.planned.due_at, words) for left in going}))
    return done


def _send(going: deque[Going], courier: Courier, *, until: float) -> Counter[str]:
    """Take one after the other, as others may at the same time, until none or no time is left."""
    done: Counter[str] = Counter()
    while monotonic() < until:
        try:
            next_one = going.popleft()
        except IndexError:
            break
        done[submit(next_one, courier)] += 1
    return done


def _send_in_thread(send: Callable[[Courier], Counter[str]], courier: Courier) -> Counter[str]:
    try:
        return send(courier)
    finally:
        connection.close()  # the thread's own: nobody else would


# What a person does


def present_to_people() -> Counter[str]:
    """Bring what is due by a person to their queue; returns how many went to which state."""
    done: Counter[str] = Counter()
    while states := _present_batch():
        done.update(states)
    return done


@transaction.atomic
def _present_batch() -> list[str]:
    now = engine_now()
    ids = list(
        PlannedTouch.objects.filter(
            state=PlannedState.PENDING,
            performer=Step.Performer.PERSON,
            due_at__lte=now,
            enrolment__paused_at__isnull=True,
            enrolment__version__cadence__paused_at__isnull=True,
        )
        .order_by("due_at")
        .values_list("pk", "lead")[:PRESENTED_AT_ONCE]
    )
    # The lead before its planned touch: the order in which logging takes them too.
    leads = {
        lead.pk: lead
        for lead in Lead.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("company", "contact__company")
        .filter(pk__in=[lead for _pk, lead in ids])
    }
    planned_touches = (
        PlannedTouch.objects.select_for_update(
            of=("enrolment", "self"), skip_locked=True, no_key=True
        )
        .select_related("enrolment", "step", "contact__company")
        .filter(pk__in=[pk for pk, lead in ids if lead in leads], state=PlannedState.PENDING)
    )
    return [_present(planned, leads[planned.lead_id], now) for planned in planned_touches]


def _present(planned: PlannedTouch, lead: Lead, now: datetime) -> str:
    planned.lead = lead
    if lead.stage not in WORKED:
        end(
            planned.enrolment,
            Enrolment.End.LEFT_PROGRAM,
            now=now,
            words=_("the lead is %s") % lead.get_stage_display().lower(),
        )
        return PlannedState.CANCELLED
    reach = reachability(planned.contact, lead.company, planned.channel)
    if never := never_contactable(reach, now):
        close(planned, PlannedState.SKIPPED, now=now, reason=never.why)
        advance(planned, done_on=planned.due_on, now=now)
    else:
        planned.state = PlannedState.AWAITING_HUMAN
        planned.save(update_fields=["state"])
    plan_next(lead=lead, now=now)
    return str(planned.state)


# What a machine does

_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT planned.id
          FROM nurture_plannedtouch AS planned
          JOIN nurture_enrolment AS enrolment ON enrolment.id = planned.enrolment_id
          JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
          JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
         WHERE planned.state = 'pending' AND planned.performer = 'machine'
           AND planned.channel = 'email' AND planned.due_at <= leadflow_now()
           AND enrolment.paused_at IS NULL AND cadence.paused_at IS NULL
           AND NOT EXISTS (SELECT FROM nurture_engine WHERE paused_at IS NOT NULL)
         ORDER BY planned.due_at, planned.id
           FOR UPDATE OF planned SKIP LOCKED
         LIMIT %(batch)s
    )
    UPDATE nurture_plannedtouch AS planned
       SET state = 'claimed', lease = gen_random_uuid(), lease_until = leadflow_now() + %(seconds)s * interval '1 second',
           epoch = planned.epoch + 1, reason = '', moved_by_id = NULL
      FROM due WHERE planned.id = due.id
    RETURNING planned.id, planned.lease
"""


def claim(batch: int = BATCH) -> list[Claim]:
    """Take what is due, so that nobody else does; committed before any work begins."""
    passing("before the claim commits")
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"batch": batch, "seconds": LEASE.total_seconds()})
        claims = [Claim(*row) for row in cursor.fetchall()]
    if claims:
        passing("after the claim commits")
    return claims


# What died half-way


@transaction.atomic
def reap() -> Counter[str]:
    """Take back what a dispatcher that died had claimed; what it was sending becomes uncertain.

    A lease absurdly far ahead means that the clock went back: it counts as over. Letters lie in a pile
    until a person posts it, however long (nurture.letters).
    """
    passing("in the reaper")
    now = engine_now()
    over = Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LOST_AFTER)
    over &= ~Q(channel__in=BATCH_CHANNELS)
    claimed = PlannedTouch.objects.filter(
        pk__in=PlannedTouch.objects.select_for_update(skip_locked=True)
        .filter(over, state=PlannedState.CLAIMED)
        .values("pk")
    ).update(
        state=PlannedState.PENDING,
        reason=_("its dispatcher was lost"),
        lease=None,
        lease_until=None,
    )
    lost = [
        planned.pk
        for planned in PlannedTouch.objects.select_for_update(skip_locked=True).filter(
            over, state=PlannedState.SUBMITTING
        )
    ]
    words = _("whoever sent it was lost before it heard the answer")
    Submission.objects.filter(planned__in=lost, result="").update(
        result=Submission.Result.UNKNOWN, reply=words, closed_at=now
    )
    PlannedTouch.objects.filter(pk__in=lost).update(
        state=PlannedState.UNCERTAIN, reason=words, lease=None, lease_until=None
    )
    return Counter({PlannedState.PENDING: claimed, PlannedState.UNCERTAIN: len(lost)})
