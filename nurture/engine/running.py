"""The engine's switches: pause everything or only the mail, and go on.

Every turn is kept with who did it and why. A database that is a copy of the one that the engine ran
in (restored from a backup, cloned for a test) starts paused: what was sent after the copy was made
is not known in it, and must not be sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext as _

from nurture.engine.notice import note_paused
from nurture.engine.spreading import spread_overdue
from nurture.models import Cadence, Engine, SwitchEvent
from prospects.actions import NotAllowed
from team.models import User

What = SwitchEvent.What
Turned = SwitchEvent.Turned
Cause = SwitchEvent.Cause

WHY_MAX = 250
_COLUMNS = {
    What.EVERYTHING: ("paused_at", "paused_by", "why"),
    What.MAIL: ("mail_paused_at", "mail_paused_by", "mail_why"),
}
# The cluster, the database in it, and its timeline, which changes when a backup is rolled forward
# or a standby takes over. None of them changes in a restart or a crash.
_STANDING = """
    SELECT paused_at IS NOT NULL, mail_paused_at IS NOT NULL, home, here
      FROM (SELECT system_identifier || '/' || oid || '/'
                   || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS here
              FROM pg_control_system(), pg_database WHERE datname = current_database()) AS now_in
      LEFT JOIN nurture_engine AS engine ON engine.id = 1
"""

logger = structlog.get_logger(__name__)


def may_work(now: datetime) -> bool:
    """Whether anything may be done at all: one statement. Pauses in a database that is a copy."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        is_paused, _mail, home, here = cursor.fetchone()
    if home != here:
        return _move_in(home or "", here, now)
    return not is_paused


def mail_is_off() -> bool:
    """Whether everything or the mail is paused: one row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM nurture_engine WHERE id = 1"
            " AND (paused_at IS NOT NULL OR mail_paused_at IS NOT NULL)"
        )
        return cursor.fetchone() is not None


@transaction.atomic
def pause(*, what: str = What.EVERYTHING, by: User, why: str, now: datetime) -> None:
    """Nothing is claimed or sent any more; what is being sent at this moment runs to its end.

    `what`: everything, or mail alone, while calls go on. Refuses (NotAllowed) who manages nothing
    and who gives no reason; one that is paused stays as it is.
    """
    _refuse(by, why)
    turn_off(What(what), cause=Cause.PERSON, by=by, why=why, now=now)


@transaction.atomic
def resume(*, what: str = What.EVERYTHING, by: User, why: str, now: datetime) -> None:
    """Go on. What missed its time is spread over the time to come, not sent in a burst.

    For mail it closes the circuit breaker: what came of mail until now counts no more. Refuses
    (NotAllowed) who manages nothing and who gives no reason.
    """
    _refuse(by, why)
    what = What(what)
    engine = Engine.objects.select_for_update().filter(pk=1).first()
    at, who, words = _COLUMNS[what]
    if engine is None or getattr(engine, at) is None:
        return
    columns: dict[str, Any] = {at: None, who: None, words: ""}
    if what == What.MAIL:
        columns |= {"mail_judged_from": now, "mail_holds_until": None}
    Engine.objects.filter(pk=1).update(**columns)
    SwitchEvent.objects.create(what=what, turned=Turned.ON, by=by, why=why[:WHY_MAX], at=now)
    spread_overdue(paused_at=getattr(engine, at), now=now)
    transaction.on_commit(note_paused)


def turn_off(what: What, *, cause: Cause, by: User | None, why: str, now: datetime) -> bool:
    """Pause, whoever asks; returns whether it ran until now. In the caller's transaction."""
    Engine.objects.get_or_create(pk=1)
    at, who, words = _COLUMNS[what]
    columns: dict[str, Any] = {at: now, who: by, words: why[:WHY_MAX]}
    if not Engine.objects.filter(pk=1, **{f"{at}__isnull": True}).update(**columns):
        return False
    SwitchEvent.objects.create(
        what=what, turned=Turned.OFF, cause=cause, by=by, why=why[:WHY_MAX], at=now
    )
    transaction.on_commit(note_paused)
    logger.warning("engine_paused", what=str(what), cause=str(cause))
    return True


def note_cadence(cadence: Cadence, turned: Turned, *, by: User, why: str, now: datetime) -> None:
    """Keep who paused a cadence, or resumed it, and why; in the caller's transaction."""
    SwitchEvent.objects.create(
        what=What.CADENCE, cadence=cadence, turned=turned, by=by, why=why[:WHY_MAX], at=now
    )


@transaction.atomic
def _move_in(home: str, here: str, now: datetime) -> bool:
    """The first time it remembers where it runs; elsewhere it pauses. Returns whether to go on."""
    Engine.objects.get_or_create(pk=1)
    engine = Engine.objects.select_for_update().get(pk=1)
    if engine.home == home:
        Engine.objects.filter(pk=1).update(home=here)
        if home:
            why = _("This database is a copy. What was sent since it was made is not known in it.")
            turn_off(What.EVERYTHING, cause=Cause.RESTORED, by=None, why=why, now=now)
            return False
    return engine.paused_at is None


def _refuse(by: User, why: str) -> None:
    if not by.manages:
        raise NotAllowed(_("Only managers and administrators may pause or resume it."))
    if not why.strip():
        raise NotAllowed(_("Say why, so that the next one knows."))
