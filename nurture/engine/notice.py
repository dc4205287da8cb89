"""Whether the engine is paused, as every page of a manager says it: noted when it changes, not asked."""

from __future__ import annotations

from django.core.cache import cache

from nurture.models import Engine, SwitchEvent

KEY = "engine.paused"


def note_paused() -> None:
    """Keep what is paused for the pages to read. Also done by the clock: Redis forgets."""
    engine = Engine.objects.filter(pk=1).only("paused_at", "mail_paused_at").first()
    paused = ""
    if engine is not None and engine.paused_at is not None:
        paused = str(SwitchEvent.What.EVERYTHING)
    elif engine is not None and engine.mail_paused_at is not None:
        paused = str(SwitchEvent.What.MAIL)
    cache.set(KEY, paused, timeout=None)


def what_is_paused() -> SwitchEvent.What | None:
    """Everything, or the mail alone, if either was when it was last noted; never asks the database."""
    paused = cache.get(KEY)
    return SwitchEvent.What(paused) if paused else None
