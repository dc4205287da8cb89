"""How one touch that goes is carried through: announced, said under the locks, transmitted, closed.

No transaction is open while a server is talked to. What is committed before the first byte of the
body says that we submit; from then on nothing puts it back but a definite answer.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from nurture.actions import log_touch, plan_next, suppressible_address
from nurture.cadences.enrolling import advance, close
from nurture.engine import gates
from nurture.engine.channels import Courier, Reply, Unreachable
from nurture.engine.clock import Now, engine_now
from nurture.engine.composing import compose
from nurture.engine.crash_points import passing
from nurture.engine.deciding import Claim, Going, Verdict, move_on, verdict_on
from nurture.engine.running import mail_is_off
from nurture.engine.settling import note_sent
from nurture.engine.situations import AT_HAND, SHARED, read_cases
from nurture.engine.states import HELD, PlannedState
from nurture.models import PlannedTouch, Submission
from nurture.touching import Channel, Outcome
from prospects.actions import locked
from prospects.consents.hashing import address_hash, lock_address
from team.models import Organisation

LOST_AFTER = timedelta(minutes=15)
"""A submission that nobody closed by then is uncertain: whoever had it is gone."""
MOST_TRIES = 8


def submit(going: Going, courier: Courier) -> str:
    """Carry one touch through; returns the state it came to, empty if it was ours no more."""
    claim, planned = going.claim, going.planned
    passing("after rendering")
    token = secrets.token_urlsafe(32)
    message = compose(
        planned, going.written, organisation=going.organisation, unsubscribe_token=token
    )
    try:
        refusal = courier.announce(sender=message.sender, recipient=planned.contact.email_key)
    except Unreachable as wrong:
        return _try_later(claim, str(wrong))
    if refusal is not None:
        if refusal.result == Submission.Result.REFUSED_FOR_NOW:
            return _try_later(claim, refusal.words)
        return _refused_at_the_door(claim, refusal)
    submission = _open_submission(going, token, message.message_id)
    if isinstance(submission, str):
        courier.abandon()
        return submission
    passing("after the submitting commit")
    reply = courier.transmit(message.content)
    passing("before the result commits")
    return _close_submission(claim, submission, reply)


def _held(claim: Claim) -> PlannedTouch | None:
    """The touch, while the claim on it holds, locked to be moved on in this transaction."""
    return (
        PlannedTouch.objects.select_related(*AT_HAND, *SHARED)
        .select_for_update(of=("self",))
        .filter(pk=claim.pk, state__in=HELD, lease=claim.lease, lease_until__gt=Now())
        .first()
    )


def _lock_lead(planned_pk: int) -> None:
    """Nobody logs, hands off, merges or stops this lead until we have said that we submit.

    The enrolment too, as a colleague's reply stops it without holding this lead. Where the lead was
    merged while we waited for it, the one that it went into.
    """
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                """
                SELECT 1 FROM nurture_plannedtouch AS planned
                  JOIN prospects_lead AS lead ON lead.id = planned.lead_id
                  JOIN nurture_enrolment AS enrolment ON enrolment.id = planned.enrolment_id
                 WHERE planned.id = %s FOR NO KEY UPDATE OF lead, enrolment
                """,
                [planned_pk],
            )
            if cursor.fetchone():
                return


@transaction.atomic
def _open_submission(going: Going, token: str, message_id: str) -> Submission | str:
    """Ask everything again under the locks and say that we submit; else the state it came to."""
    claim = going.claim
    _lock_lead(claim.pk)
    planned = _held(claim)
    if planned is None:
        return ""
    hashed = address_hash(
        settings.SUPPRESSION_KEY,
        Channel.EMAIL,
        suppressible_address(planned.contact, Channel.EMAIL),
    )
    lock_address(hashed)
    organisation = Organisation.current()
    now = engine_now()
    (case,) = read_cases([planned], organisation=organisation, now=now)
    verdict: Verdict | None = verdict_on(case, now)
    if verdict is None and case.written != going.written:
        verdict = gates.Later(now, _("what it says changed meanwhile"))
    if verdict is None and mail_is_off():
        verdict = gates.Later(planned.due_at, _("the engine was paused"))
    if verdict is not None:
        return "".join(move_on({claim: verdict}))
    planned.state = PlannedState.SUBMITTING
    planned.lease_until = now + LOST_AFTER
    planned.tries += 1
    planned.save(update_fields=["state", "lease_until", "tries"])
    written = going.written
    return Submission.objects.create(
        planned=planned,
        number=planned.tries,
        lease=claim.lease,
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
def _close_submission(claim: Claim, submission: Submission, reply: Reply) -> str:
    """Say how it went. A result that comes after the reaper spoke is evidence for `settle`."""
    _lock_lead(claim.pk)
    planned = (
        PlannedTouch.objects.select_for_update(of=("self",))
        .select_related("step", "enrolment", "lead__company", "contact__company")
        .get(pk=claim.pk)
    )
    now = engine_now()
    if planned.state == PlannedState.UNCERTAIN and reply.result == Submission.Result.ACCEPTED:
        note_sent(planned, submission, words=reply.words, now=now, by=None)
        return str(planned.state)
    if planned.state != PlannedState.SUBMITTING or planned.lease != claim.lease:
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
def _refused_at_the_door(claim: Claim, reply: Reply) -> str:
    """The server would not take it for this address, before anything was said."""
    _lock_lead(claim.pk)
    planned = _held(claim)
    if planned is None:
        return ""
    now = engine_now()
    close(planned, PlannedState.SKIPPED, now=now, reason=reply.words)
    _after_refusal(planned, reply, now)
    return str(planned.state)


@transaction.atomic
def _try_later(claim: Claim, words: str) -> str:
    """Nothing was sent: back into the plan, a while later each time; after the last try it fails."""
    _lock_lead(claim.pk)
    planned = _held(claim)
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
