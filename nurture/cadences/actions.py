"""What managers do with a cadence itself: write and publish it, pause it, archive it; and filling it.

Putting one lead into a cadence, and taking it out, is in `enrolments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from nurture.cadences.enrolling import published
from nurture.cadences.enrolments import enrol, publish
from nurture.models import Cadence, Step
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import User

BATCH = 100
"""Leads put into a cadence in one transaction."""


class Filled(NamedTuple):
    """What came of putting many leads into a cadence."""

    done: int
    refused: int


def refuse_but_managers(by: User) -> None:
    """Refuse (NotAllowed) whoever does not manage: a cadence is the whole organisation's."""
    if not by.manages:
        raise NotAllowed(_("Only managers and administrators may change a cadence."))


@transaction.atomic
def write_cadence(
    *, cadence: Cadence, steps: Sequence[Step], seen: int, by: User, now: datetime
) -> bool:
    """Save a cadence and publish its steps as a new version; returns whether there is a new one.

    `seen`: number of the version that was changed, 0 for none. Where the steps are those of that
    version, only the name and the rest are saved. Refuses (NotAllowed) who does not manage, and
    who would undo a version that came meanwhile; (ValidationError) what `publish` refuses, and a
    name that is taken.
    """
    refuse_but_managers(by)
    is_new = cadence.pk is None
    if not is_new:
        Cadence.objects.select_for_update().get(pk=cadence.pk)
    standing = None if is_new else published(cadence)
    if standing is not None and standing.number != seen:
        raise NotAllowed(
            _("Version %s was published meanwhile. Open the page anew and change that.")
            % standing.number
        )
    try:
        with transaction.atomic():
            if is_new:
                cadence.created_at = now
                cadence.save()
            else:
                cadence.save(update_fields=["name", "about", "repeats", "then"])
    except IntegrityError as taken:
        raise ValidationError({"name": _("There is a cadence of this name already.")}) from taken
    if standing is not None and _plan(standing.steps.all()) == _plan(steps):
        return False
    publish(cadence=cadence, steps=steps, by=by, now=now)
    return True


def _plan(steps: Iterable[Step]) -> list[tuple[object, ...]]:
    return sorted(
        (
            step.track,
            step.position,
            step.channel,
            step.after_days,
            step.at,
            step.performer,
            step.template_id or 0,
            step.script,
        )
        for step in steps
    )


def pause_cadence(*, cadence: Cadence, by: User, now: datetime) -> None:
    """Hold everything planned in it until it is resumed."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk, paused_at=None).update(paused_at=now)


def resume_cadence(*, cadence: Cadence, by: User) -> None:
    """Go on. What is past its time meanwhile is planned anew, not sent at once."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk).update(paused_at=None)


def archive_cadence(*, cadence: Cadence, by: User, now: datetime) -> None:
    """Take no more leads into it; those under way go on to its end."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk, archived_at=None).update(archived_at=now)


def reopen_cadence(*, cadence: Cadence, by: User) -> None:
    """Take leads into it again."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk).update(archived_at=None)


def fill(*, cadence: Cadence, leads: Sequence[int], by: User, now: datetime) -> Filled:
    """Put many leads into a cadence, a batch in a transaction; who changed meanwhile is left out.

    Not one transaction: what is done stays done if the process ends. `leads`: their ids.
    """
    done = 0
    for start in range(0, len(leads), BATCH):
        with transaction.atomic():
            batch = Lead.objects.filter(pk__in=leads[start : start + BATCH])
            for lead in batch.order_by("pk"):
                try:
                    enrol(lead=lead, cadence=cadence, by=by, now=now)
                except NotAllowed:
                    continue
                done += 1
    return Filled(done, len(leads) - done)
