"""What became of the uncertain: a person looks, and says so."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.actions import log_sent, plan_next
from nurture.cadences.enrolling import advance, close
from nurture.engine.states import PlannedState
from nurture.engine.timing import LATEST
from nurture.models import PlannedTouch, Submission
from prospects.actions import NotAllowed, locked, refuse_reps
from team.models import User


class Fate(TextChoices):
    ARRIVED = "arrived", gettext_lazy("It did arrive")
    AGAIN = "again", gettext_lazy("It did not: send it again")
    LEAVE = "leave", gettext_lazy("Leave it, and go on with the next step")


def note_sent(
    planned: PlannedTouch, submission: Submission, *, words: str, now: datetime, by: User | None
) -> None:
    """A message was accepted: a touch like any other, and the next step is planned with it.

    The caller has locked the lead and the touch. `words` is the server's answer, or how a person
    (`by`) knows.
    """
    submission.result, submission.reply = Submission.Result.ACCEPTED, words[:500]
    submission.closed_at = submission.closed_at or now
    submission.save(update_fields=["result", "reply", "closed_at"])
    log_sent(
        planned=planned,
        occurred_at=submission.opened_at,
        note=submission.subject,
        now=now,
        reason=words if by else "",
        by=by,
    )


@transaction.atomic
def settle(*, planned: PlannedTouch, fate: str, why: str, by: User, now: datetime) -> PlannedTouch:
    """Say what became of a touch whose fate is not known. Refuses (NotAllowed) one that is known.

    `fate`: one of Fate; `why` is kept in its history.
    """
    refuse_reps(by)
    lead = locked(planned.lead)
    planned = (
        PlannedTouch.objects.select_for_update(of=("enrolment", "self"), no_key=True)
        .select_related("step", "enrolment__lead", "contact__company", "lead__company")
        .get(pk=planned.pk)
    )
    if planned.state != PlannedState.UNCERTAIN:
        raise NotAllowed(_("It is settled already: %s.") % planned.get_state_display().lower())
    if not why.strip():
        raise NotAllowed(_("Say how you know."))
    match fate:
        case Fate.ARRIVED:
            submission = planned.submissions.order_by("-number")[0]
            note_sent(planned, submission, words=why, now=now, by=by)
        case Fate.AGAIN:
            planned.state = PlannedState.PENDING
            planned.reason, planned.moved_by = why[:250], by
            planned.due_at, planned.not_after = now, now + LATEST
            planned.save(update_fields=["state", "reason", "moved_by", "due_at", "not_after"])
        case Fate.LEAVE:
            close(planned, PlannedState.SKIPPED, now=now, reason=why, by=by)
            advance(planned, done_on=planned.due_on, now=now)
        case _:
            raise NotAllowed(_("“%s” is none of the three answers.") % fate)
    if fate != Fate.ARRIVED:
        plan_next(lead=lead, now=now)
    return planned
