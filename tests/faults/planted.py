"""Two faults planted on purpose, in the injector's processes only: it must find both."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from nurture.engine import dispatching, submitting
from nurture.engine.channels import Courier
from nurture.engine.clock import Now, engine_now
from nurture.engine.deciding import Going
from nurture.engine.situations import Case
from nurture.engine.states import PlannedState
from nurture.models import PlannedTouch, Submission


def requeue_what_is_stuck() -> None:
    """A reaper that puts back into the queue what was being sent, as if it had not been."""
    reap = dispatching.reap

    def careless() -> Counter[str]:
        with transaction.atomic():
            stuck = PlannedTouch.objects.select_for_update(skip_locked=True).filter(
                state=PlannedState.SUBMITTING, lease_until__lt=Now()
            )
            pks = [planned.pk for planned in stuck]
            Submission.objects.filter(planned__in=pks, result="").update(
                result=Submission.Result.NOT_SENT, closed_at=engine_now()
            )
            PlannedTouch.objects.filter(pk__in=pks).update(
                state=PlannedState.PENDING, reason="stuck", lease=None, lease_until=None
            )
        return reap()

    dispatching.reap = careless


def decide_before_locking() -> None:
    """A dispatcher that asks the gates when it reads its batch, and not again when it submits."""
    submit = submitting.submit

    def careless(going: Going, courier: Courier) -> str:
        time.sleep(0.1)  # what a slow template or server takes
        return submit(going, courier)

    dispatching.submit = careless
    submitting.verdict_on = everything_goes


def everything_goes(case: Case, now: datetime) -> None:
    """Every gate says yes."""


PLANTED: dict[str, Callable[[], None]] = {
    "requeue": requeue_what_is_stuck,
    "unlocked": decide_before_locking,
}
