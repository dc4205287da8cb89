"""What managers do with a cadence itself: write and publish it, pause it, archive it.

Putting one lead into a cadence, and taking it out, is in `enrolments`; many, in `nurture.filling`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from nurture.cadences.enrolling import published
from nurture.cadences.enrolments import publish
from nurture.engine.running import Turned, note_cadence
from nurture.engine.spreading import spread_overdue
from nurture.models import Cadence, Step
from prospects.actions import NotAllowed
from team.models import User


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


@transaction.atomic
def pause_cadence(*, cadence: Cadence, by: User, now: datetime, why: str = "") -> None:
    """Hold everything planned in it until it is resumed. `why` is kept with who did it."""
    refuse_but_managers(by)
    if Cadence.objects.filter(pk=cadence.pk, paused_at=None).update(paused_at=now):
        note_cadence(cadence, Turned.OFF, by=by, why=why, now=now)


@transaction.atomic
def resume_cadence(*, cadence: Cadence, by: User, now: datetime, why: str = "") -> None:
    """Go on. What missed its time meanwhile is spread over the time to come, not sent at once."""
    refuse_but_managers(by)
    paused = Cadence.objects.select_for_update().get(pk=cadence.pk)
    if paused.paused_at is None:
        return
    Cadence.objects.filter(pk=cadence.pk).update(paused_at=None)
    note_cadence(cadence, Turned.ON, by=by, why=why, now=now)
    spread_overdue(paused_at=paused.paused_at, now=now, cadence=cadence)


def archive_cadence(*, cadence: Cadence, by: User, now: datetime) -> None:
    """Take no more leads into it; those under way go on to its end."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk, archived_at=None).update(archived_at=now)


def reopen_cadence(*, cadence: Cadence, by: User) -> None:
    """Take leads into it again."""
    refuse_but_managers(by)
    Cadence.objects.filter(pk=cadence.pk).update(archived_at=None)
