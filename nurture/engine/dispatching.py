"""What a dispatcher does: claims what is due, asks everything again, hands it over, says how it went.

Any number may run at once, on any number of hosts. PostgreSQL is the only truth: a claim is committed
before any work, a submission before the first byte of the body, and no transaction is open while a
server is talked to. Whatever dies at whatever instant leaves a row that says how far it came.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nurture.actions import log_touch, plan_next, suppressible_address
from nurture.cadences.enrolling import advance, calendar_of, close, due, end
from nurture.contactability import address_hash
from nurture.engine import gates
from nurture.engine.addresses import lock_address
from nurture.engine.channels import Courier, Reply, SmtpCourier, Unreachable
from nurture.engine.clock import Now, engine_now
from nurture.engine.composing import compose, merge_values
from nurture.engine.crash_points import passing
from nurture.engine.messages import BadTemplate, Written, write
from nurture.engine.settling import note_sent
from nurture.engine.states import HELD, PlannedState
from nurture.engine.timing import Intent, next_window
from nurture.models import Engine, Enrolment, PlannedTouch, Step, Submission
from nurture.reach import reachability
from nurture.touching import Channel, Outcome
from prospects.actions import locked
from prospects.models import Lead
from prospects.stages import WORKED

BATCH = 20
LEASE = timedelta(minutes=5)
LOST_AFTER = timedelta(minutes=15)
"""A submission that nobody closed by then is uncertain: whoever had it is gone."""
MOST_TRIES = 8
PRESENTED_AT_ONCE = 200


@dataclass(frozen=True)
class Claim:
    """A planned touch that is ours until its lease ends."""

    pk: int
    lease: uuid.UUID


def dispatch(courier: Courier | None = None) -> Counter[str]:
    """Do all that is due now, once; returns how many touches went to which state.

    Needs no broker. Does nothing while the engine is paused, but for what died half-way.
    """
    done: Counter[str] = Counter()
    done.update(reap())
    if is_paused():
        return done
    done.update(present_to_people())
    if courier is None:
        if not settings.EMAIL_HOST:
            return done
        courier = SmtpCourier()
    try:
        while claims := claim():
            for claimed in claims:
                done[handle(claimed, courier)] += 1
    finally:
        courier.close()
    return done


def is_paused() -> bool:
    return Engine.objects.filter(pk=1, paused_at__isnull=False).exists()


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
        PlannedTouch.objects.select_for_update(of=("self",), skip_locked=True)
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
    if never := gates.never_contactable(reach):
        close(planned, PlannedState.SKIPPED, now=now, reason=never)
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


def handle(claimed: Claim, courier: Courier) -> str:
    """Carry one claimed email through; returns the state it came to, empty if it was ours no more."""
    planned = _held(claimed)
    if planned is None:
        return ""
    now = engine_now()
    if now > planned.not_after:
        calendar = calendar_of(planned.lead, planned.contact)
        intent = next_window(now, str(planned.pk), calendar)
        return _put_back(claimed, intent, _("its time had passed: planned anew"))
    situation, written = _situation(planned, now)
    decision = gates.decide(situation, calendar=calendar_of(planned.lead, planned.contact), now=now)
    if not isinstance(decision, gates.Go):
        return _obey(claimed, decision)
    assert written is not None
    passing("after rendering")
    token = secrets.token_urlsafe(32)
    message = compose(planned, written, unsubscribe_token=token)
    try:
        refusal = courier.announce(sender=message.sender, recipient=planned.contact.email_key)
    except Unreachable as wrong:
        return _try_later(claimed, str(wrong))
    if refusal is not None:
        if refusal.result == Submission.Result.REFUSED_FOR_NOW:
            return _try_later(claimed, refusal.words)
        return _refused_at_the_door(claimed, refusal)
    submission = _open_submission(claimed, written, token, message.message_id)
    if isinstance(submission, str):
        courier.abandon()
        return submission
    passing("after the submitting commit")
    reply = courier.transmit(message.content)
    passing("before the result commits")
    return _close_submission(claimed, submission, reply)


def _held(claimed: Claim, *, lock: bool = False) -> PlannedTouch | None:
    """The touch, while the claim on it holds; with `lock`, to be moved on in this transaction."""
    touches = PlannedTouch.objects.select_related(
        "step__template", "enrolment", "lead__company", "contact__company", "lead__specialist"
    )
    if lock:
        touches = touches.select_for_update(of=("self",))
    return touches.filter(
        pk=claimed.pk, state__in=HELD, lease=claimed.lease, lease_until__gt=Now()
    ).first()


def _situation(planned: PlannedTouch, now: datetime) -> tuple[gates.Situation, Written | None]:
    template = planned.step.template
    assert template is not None  # the database holds it for what a machine does
    written, hindrance = None, ""
    try:
        written = write(template.subject, template.body, merge_values(planned, now))
        hindrance = written.hindrance
    except BadTemplate as wrong:
        hindrance = str(wrong)
    lead, contact = planned.lead, planned.contact
    earlier = Submission.objects.filter(
        planned__contact=contact, opened_at__gt=now - gates.WEEK
    ).exclude(
        result__in=(
            Submission.Result.REFUSED,
            Submission.Result.REFUSED_FOR_NOW,
            Submission.Result.NOT_SENT,
        )
    )
    situation = gates.Situation(
        stage=lead.stage,
        is_enrolled=planned.enrolment.ended_at is None,
        is_theirs=contact.pk == lead.contact_id or contact.company_id == lead.company_id,
        reach=reachability(contact, lead.company, planned.channel),
        sent_at=tuple(earlier.values_list("opened_at", flat=True)),
        hindrance=hindrance,
    )
    return situation, written


def _lock_lead(planned_pk: int) -> None:
    """Nobody logs, hands off, merges or stops this lead until we have said that we submit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM prospects_lead WHERE id ="
            " (SELECT lead_id FROM nurture_plannedtouch WHERE id = %s) FOR NO KEY UPDATE",
            [planned_pk],
        )


@transaction.atomic
def _open_submission(
    claimed: Claim, written: Written, token: str, message_id: str
) -> Submission | str:
    """Ask everything again under the locks and say that we submit; else the state it came to."""
    _lock_lead(claimed.pk)
    planned = _held(claimed, lock=True)
    if planned is None:
        return ""
    hashed = address_hash(
        settings.SUPPRESSION_KEY,
        Channel.EMAIL,
        suppressible_address(planned.contact, Channel.EMAIL),
    )
    lock_address(hashed)
    now = engine_now()
    situation, rewritten = _situation(planned, now)
    decision = gates.decide(situation, calendar=calendar_of(planned.lead, planned.contact), now=now)
    if isinstance(decision, gates.Go) and rewritten != written:
        decision = gates.Later(now, _("what it says changed meanwhile"))
    if not isinstance(decision, gates.Go):
        return _obey(claimed, decision)
    if is_paused():
        return _obey(claimed, gates.Later(planned.due_at, _("the engine was paused")))
    planned.state = PlannedState.SUBMITTING
    planned.lease_until = now + LOST_AFTER
    planned.tries += 1
    planned.save(update_fields=["state", "lease_until", "tries"])
    return Submission.objects.create(
        planned=planned,
        number=planned.tries,
        lease=claimed.lease,
        opened_at=now,
        message_id=message_id,
        unsubscribe_token=token,
        address_hash=hashed,
        template=planned.step.template,
        subject=written.subject[:250],
        body=written.body,
        body_sha256=hashlib.sha256(written.body.encode()).hexdigest(),
    )


@transaction.atomic
def _close_submission(claimed: Claim, submission: Submission, reply: Reply) -> str:
    """Say how it went. A result that comes after the reaper spoke is evidence for `settle`."""
    _lock_lead(claimed.pk)
    planned = (
        PlannedTouch.objects.select_for_update(of=("self",))
        .select_related("step", "enrolment", "lead__company", "contact__company")
        .get(pk=claimed.pk)
    )
    now = engine_now()
    if planned.state == PlannedState.UNCERTAIN and reply.result == Submission.Result.ACCEPTED:
        note_sent(planned, submission, words=reply.words, now=now, by=None)
        return str(planned.state)
    if planned.state != PlannedState.SUBMITTING or planned.lease != claimed.lease:
        return ""
    match reply.result:
        case Submission.Result.ACCEPTED:
            note_sent(planned, submission, words=reply.words, now=now, by=None)
        case Submission.Result.REFUSED:
            _close(submission, reply.result, reply.words, now)
            _fail(planned, reply, now)
        case Submission.Result.UNKNOWN:
            _close(submission, reply.result, reply.words, now)
            _move(planned, PlannedState.UNCERTAIN, reply.words)
        case _:
            _close(submission, reply.result, reply.words, now)
            if planned.tries >= MOST_TRIES:
                _fail(planned, reply, now)
            else:
                wait_until = _back_off(planned, now)
                _move(planned, PlannedState.PENDING, reply.words, due_at=wait_until)
                _plan_lead(planned, now)
    return str(planned.state)


def _fail(planned: PlannedTouch, reply: Reply, now: datetime) -> None:
    """Refused for good. Where the address itself is refused, it is not used again."""
    close(planned, PlannedState.FAILED, now=now, reason=reply.words or _("refused"))
    _after_refusal(planned, reply, now)


def _after_refusal(planned: PlannedTouch, reply: Reply, now: datetime) -> None:
    if reply.is_hard_bounce:
        log_touch(
            lead=planned.lead,
            contact=planned.contact,
            channel=Channel.EMAIL,
            outcome=Outcome.BOUNCED,
            by=None,
            now=now,
            note=reply.words,
        )
    advance(planned, done_on=planned.due_on, now=now)
    _plan_lead(planned, now)


def _plan_lead(planned: PlannedTouch, now: datetime) -> None:
    """What is next for the lead has changed; it is read anew, as logging may have written to it."""
    plan_next(lead=locked(planned.lead), now=now)


@transaction.atomic
def _refused_at_the_door(claimed: Claim, reply: Reply) -> str:
    """The server would not take it for this address, before anything was said."""
    _lock_lead(claimed.pk)
    planned = _held(claimed, lock=True)
    if planned is None:
        return ""
    now = engine_now()
    close(planned, PlannedState.SKIPPED, now=now, reason=reply.words)
    _after_refusal(planned, reply, now)
    return str(planned.state)


@transaction.atomic
def _obey(claimed: Claim, decision: gates.Decision) -> str:
    """Do what a gate decided with a touch of ours."""
    _lock_lead(claimed.pk)
    planned = _held(claimed, lock=True)
    if planned is None:
        return ""
    now = engine_now()
    match decision:
        case gates.Later(at, why):
            _move(planned, PlannedState.PENDING, why, due_at=at)
        case gates.Skip(why):
            close(planned, PlannedState.SKIPPED, now=now, reason=why)
            advance(planned, done_on=planned.due_on, now=now)
        case gates.Cancel(why):
            close(planned, PlannedState.CANCELLED, now=now, reason=why)
            end(planned.enrolment, Enrolment.End.LEFT_PROGRAM, now=now)
    _plan_lead(planned, now)
    return str(planned.state)


@transaction.atomic
def _put_back(claimed: Claim, intent: Intent, why: str) -> str:
    _lock_lead(claimed.pk)
    planned = _held(claimed, lock=True)
    if planned is None:
        return ""
    _move(planned, PlannedState.PENDING, why, **due(intent))
    _plan_lead(planned, engine_now())
    return str(planned.state)


@transaction.atomic
def _try_later(claimed: Claim, words: str) -> str:
    """Nothing was sent: back into the plan, a while later each time; after the last try it fails."""
    _lock_lead(claimed.pk)
    planned = _held(claimed, lock=True)
    if planned is None:
        return ""
    now = engine_now()
    planned.tries += 1
    if planned.tries >= MOST_TRIES:
        close(planned, PlannedState.SKIPPED, now=now, reason=words)
        advance(planned, done_on=planned.due_on, now=now)
    else:
        _move(planned, PlannedState.PENDING, words, due_at=_back_off(planned, now))
    PlannedTouch.objects.filter(pk=planned.pk).update(tries=planned.tries)
    _plan_lead(planned, now)
    return str(planned.state)


def _back_off(planned: PlannedTouch, now: datetime) -> datetime:
    """Two minutes, four, eight … to four hours, with jitter so that they do not come back at once."""
    minutes = min(2 ** max(planned.tries, 1), 240)
    return now + timedelta(minutes=minutes * (0.75 + secrets.randbelow(500) / 1000))


def _move(planned: PlannedTouch, state: PlannedState, reason: str, **columns: object) -> None:
    """Give the lease up and move the touch to a state in which it waits."""
    planned.state = state
    planned.reason = reason[:250]
    planned.moved_by = None
    planned.lease = planned.lease_until = None
    for name, value in columns.items():
        setattr(planned, name, value)
    planned.save(update_fields=["state", "reason", "moved_by", "lease", "lease_until", *columns])


def _close(submission: Submission, result: str, words: str, now: datetime) -> None:
    submission.result = result
    submission.reply = words[:500]
    submission.closed_at = now
    submission.save(update_fields=["result", "reply", "closed_at"])


# What died half-way


@transaction.atomic
def reap() -> Counter[str]:
    """Take back what a dispatcher that died had claimed; what it was sending becomes uncertain.

    A lease absurdly far ahead means that the clock went back: it counts as over.
    """
    passing("in the reaper")
    now = engine_now()
    over = Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LOST_AFTER)
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
