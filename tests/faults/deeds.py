"""What a process does that is killed in the middle: once by a dispatcher, once by a person.

Each names its rows by number, as it runs in a process of its own. Done again after the crash, as
people and ticks do, it must have happened once.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from handoff.actions import hand_off
from nurture.actions import log_touch
from nurture.cadences.enrolments import enrol
from nurture.duplicates.merging import merge_leads
from nurture.engine.clock import engine_now
from nurture.engine.crash_points import passing
from nurture.engine.dispatching import dispatch
from nurture.engine.opting_out import opt_out
from nurture.imports import import_touches
from nurture.models import Cadence, Submission
from nurture.tasks import dispatch_due, plan_changed, plan_overtaken
from nurture.touching import Channel, Outcome
from prospects.actions import NotAllowed
from prospects.duplicates.merge_actions import Wishes
from prospects.models import Lead
from team.models import User


def dispatch_once() -> None:
    dispatch()


def enrol_one(lead: int, cadence: int, by: int) -> None:
    """A second time it is refused in words: the lead is in it already."""
    try:
        enrol(
            lead=Lead.objects.get(pk=lead),
            cadence=Cadence.objects.get(pk=cadence),
            by=User.objects.get(pk=by),
            now=engine_now(),
        )
    except NotAllowed:
        return
    passing("between commit and wake-up")


def log_one(lead: int, channel: str, outcome: str, by: int, key: str) -> None:
    """The form's key makes a second time the first one again."""
    log_touch(
        lead=Lead.objects.get(pk=lead),
        channel=Channel(channel),
        outcome=Outcome(outcome),
        by=User.objects.get(pk=by),
        now=engine_now(),
        idempotency_key=uuid.UUID(key),
    )


def merge_two(first: int, second: int, by: int) -> None:
    found = Lead.objects.in_bulk([first, second])
    if len(found) == 2:
        merge_leads(
            first=found[first],
            second=found[second],
            wishes=Wishes(),
            by=User.objects.get(pk=by),
            now=engine_now(),
        )


def hand_off_one(lead: int, rep: int, by: int) -> None:
    try:
        hand_off(
            lead=Lead.objects.get(pk=lead),
            rep=User.objects.get(pk=rep),
            by=User.objects.get(pk=by),
            now=engine_now(),
        )
    except NotAllowed:
        return


def opt_out_of(submission: int) -> None:
    opt_out(submission=Submission.objects.get(pk=submission), now=engine_now())


def opt_out_by_word(lead: int) -> None:
    """They say it, and somebody writes it down."""
    log_touch(
        lead=Lead.objects.get(pk=lead),
        channel=Channel.EMAIL,
        outcome=Outcome.UNSUBSCRIBED,
        by=None,
        now=engine_now(),
    )


def import_touches_of(path: str) -> None:
    import_touches(Path(path), now=engine_now())


def tick() -> None:
    """What beat rings for, once, without a broker."""
    plan_changed()
    plan_overtaken()
    dispatch_due()
