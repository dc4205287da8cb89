"""Takes in what came by mail: one message becomes one row, together with all that follows from it.

In one transaction, so that it happens once: whoever reads the same message again finds its row.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from nurture.actions import log_touch
from nurture.cadences.enrolling import advance, close
from nurture.engine.opting_out import opt_out
from nurture.engine.settling import note_sent
from nurture.engine.states import PlannedState
from nurture.inbox.kinds import Kind
from nurture.inbox.matching import Match, match
from nurture.inbox.reading import OURS, Received
from nurture.inbox.waiting import count_anew
from nurture.models import IncomingMail, PlannedTouch, Submission, Touch
from nurture.touching import Channel, Direction, Outcome
from prospects.actions import locked
from prospects.consents.actions import suppress_address
from prospects.models import Lead, Suppression
from team.models import Organisation

SOFT_BOUNCES = 3
SOFT_BOUNCES_WITHIN = timedelta(days=30)
"""So many messages that came back “for now” within so long: the address does not work."""

Fate = IncomingMail.Fate


@transaction.atomic
def take_in(
    *, received: Received, origin: str, received_at: datetime, now: datetime
) -> IncomingMail | None:
    """Keep a message and do what follows from it; None where it was taken in before.

    `origin`: where it was read, the same whenever it is read again. `received_at`: when it came.
    """
    take_turns(received.digest)
    before = IncomingMail.objects.filter(digest=received.digest)
    if before.exists() or IncomingMail.objects.filter(origin=origin).exists():
        return None
    mail = IncomingMail(
        origin=origin,
        digest=received.digest,
        kind=received.kind,
        received_at=min(received_at, now),
        taken_at=now,
        sender=received.sender,
        sender_name=received.sender_name,
        subject=received.subject,
        words=received.words,
        returns_on=received.returns_on,
    )
    if OURS.fullmatch(received.message_id) and received.sender == Organisation.current().mail_from:
        mail.fate, mail.why = Fate.OURS, _("we sent it")
    else:
        found = match(received, now=now)
        mail.lead, mail.contact, mail.submission = found.lead, found.contact, found.submission
        mail.why = found.why[:250]
        if found.is_sure:
            take_effect(mail, found, about=received.about, status=received.status, now=now)
        elif received.kind in {Kind.DELIVERED, Kind.DELAYED}:
            mail.fate = Fate.IGNORED
        else:
            mail.fate = Fate.WAITING
    mail.save()
    if mail.fate == Fate.WAITING:
        transaction.on_commit(count_anew)
    return mail


def take_turns(digest: str) -> None:
    """Two that read the same message at once: the second finds the row of the first."""
    number = int.from_bytes(hashlib.sha256(digest.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def take_effect(
    mail: IncomingMail, found: Match, *, about: str, status: str, now: datetime
) -> None:
    """Do what a message means for its lead, on every channel at once, and say so on `mail`.

    The caller saves it. `about`: the address of a bounce or a complaint.
    """
    assert found.lead is not None
    lead = locked(found.lead)
    mail.fate, mail.lead = Fate.MATCHED, lead
    has_failed = mail.kind in {Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE}
    if found.submission is not None and mail.kind != Kind.DELAYED:
        settle_by_evidence(found.submission, lead, mail, has_failed=has_failed, now=now)
    match mail.kind:
        case Kind.DELAYED | Kind.DELIVERED:
            pass
        case Kind.HARD_BOUNCE | Kind.SOFT_BOUNCE:
            _bounce(mail, found, lead, status=status, now=now)
        case Kind.COMPLAINT | Kind.OPT_OUT | Kind.UNSUBSCRIBE:
            _leave_alone(mail, found, lead, about=about, now=now)
        case Kind.AUTO_REPLY:
            mail.touch = _touch(mail, found, lead, Outcome.AUTO_REPLY, now=now)
        case _:
            # Who writes to us waits for an answer, as who asks through a form: it stands on top.
            if lead.asked_at is None or lead.asked_at < mail.received_at:
                Lead.objects.filter(pk=lead.pk).update(asked_at=mail.received_at)
            mail.touch = _touch(mail, found, lead, Outcome.REPLIED, now=now)


def settle_by_evidence(
    submission: Submission, lead: Lead, mail: IncomingMail, *, has_failed: bool, now: datetime
) -> bool:
    """Where the fate of our message is not known, what came in says it; returns whether it did.

    The caller has locked the lead.
    """
    planned = (
        PlannedTouch.objects.select_for_update(of=("self",))
        .select_related("step", "enrolment__lead", "contact__company", "lead__company")
        .filter(pk=submission.planned_id, state=PlannedState.UNCERTAIN)
        .first()
    )
    if planned is None:
        return False
    words = f"{mail.get_kind_display()}: {mail.sender or mail.origin}"[:250]
    if not has_failed:
        note_sent(planned, submission, words=words, now=now, by=None)
        return True
    Submission.objects.filter(pk=submission.pk).update(
        result=Submission.Result.REFUSED, reply=words, closed_at=submission.closed_at or now
    )
    planned.lead = lead
    close(planned, PlannedState.FAILED, now=now, reason=words)
    advance(planned, done_on=planned.due_on, now=now)
    return True


def _touch(
    mail: IncomingMail, found: Match, lead: Lead, outcome: Outcome, *, now: datetime, note: str = ""
) -> Touch:
    words = note or mail.words
    if found.contact is None:
        who = f"{mail.sender_name} <{mail.sender}>".strip()
        words = _("From %(who)s:\n\n%(words)s") % {"who": who, "words": words}
    return log_touch(
        lead=lead,
        contact=found.contact,
        channel=Channel.EMAIL,
        direction=Direction.IN,
        outcome=outcome,
        occurred_at=mail.received_at,
        by=None,
        now=now,
        note=words,
        is_by_unknown=found.contact is None,
        returns_on=mail.returns_on,
    )


def _bounce(mail: IncomingMail, found: Match, lead: Lead, *, status: str, now: datetime) -> None:
    """Take the address out of use: at once where it is dead, else when messages keep coming back."""
    if found.contact is None:
        mail.why = _("the address is not theirs any more")
        return
    before = IncomingMail.objects.filter(fate=Fate.MATCHED, contact=found.contact)
    if found.contact.email_invalid_at is not None and (
        before.filter(kind=Kind.HARD_BOUNCE, submission=found.submission).exists()
    ):
        mail.fate, mail.why = Fate.REPEATED, _("we were told before")
        return
    note = f"{status} {mail.words or mail.subject}".strip()[:500]
    if mail.kind == Kind.SOFT_BOUNCE:
        lately = before.filter(
            kind=Kind.SOFT_BOUNCE, received_at__gt=mail.received_at - SOFT_BOUNCES_WITHIN
        )
        messages = set(lately.values_list("submission", flat=True))
        if len(messages | {mail.submission_id}) < SOFT_BOUNCES:
            return
        note = _("%(count)s messages came back. The last: %(note)s") % {
            "count": SOFT_BOUNCES,
            "note": note,
        }
    mail.touch = _touch(mail, found, lead, Outcome.BOUNCED, now=now, note=note)


def _leave_alone(
    mail: IncomingMail, found: Match, lead: Lead, *, about: str, now: datetime
) -> None:
    """Never mail them again: the address that our mail went to, and the one that asks."""
    is_complaint = mail.kind == Kind.COMPLAINT
    why = Suppression.Why.COMPLAINT if is_complaint else Suppression.Why.UNSUBSCRIBED
    note = _("They marked our message as unwanted.") if is_complaint else mail.words[:500]
    is_new = False
    for address in sorted({mail.sender if mail.kind == Kind.UNSUBSCRIBE else about} - {""}):
        if found.submission is None or found.contact is not None:
            is_new = suppress_address(
                kind=Channel.EMAIL,
                address=address,
                why=why,
                source=Suppression.Source.MAIL,
                now=now,
            )
    if found.submission is not None:
        mail.touch = opt_out(
            submission=found.submission,
            now=now,
            why=why,
            source=Suppression.Source.MAIL,
            note=note,
        )
    if mail.touch is None and is_new:
        mail.touch = _touch(mail, found, lead, Outcome.UNSUBSCRIBED, now=now, note=note)
    elif mail.touch is None:
        mail.fate, mail.why = Fate.REPEATED, _("they had asked before")


@transaction.atomic
def note_delivered(*, mention: str, words: str, now: datetime) -> bool:
    """A provider says that a message of ours arrived; returns whether that settled its fate.

    Keeps nothing: said again it changes nothing.
    """
    submission = (
        Submission.objects.select_related("planned__lead")
        .filter(message_id=mention, planned__state=PlannedState.UNCERTAIN)
        .order_by("-number")
        .first()
    )
    if submission is None:
        return False
    lead = locked(submission.planned.lead)
    mail = IncomingMail(kind=Kind.DELIVERED, origin=words)
    return settle_by_evidence(submission, lead, mail, has_failed=False, now=now)


@transaction.atomic
def settle_uncertain(*, now: datetime) -> int:
    """Settle what became uncertain after its answer had come in; returns how many."""
    settled = 0
    answers = (
        IncomingMail.objects.filter(
            submission__planned__state=PlannedState.UNCERTAIN, fate=Fate.MATCHED
        )
        .exclude(kind=Kind.DELAYED)
        .select_related("submission__planned__lead")
        .order_by("pk")[:50]
    )
    for mail in answers:
        assert mail.submission is not None
        lead = locked(mail.submission.planned.lead)
        has_failed = mail.kind in {Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE}
        settled += settle_by_evidence(mail.submission, lead, mail, has_failed=has_failed, now=now)
    return settled
