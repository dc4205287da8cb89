"""How many messages wait for a person, as the navigation shows it: counted when it changes, not when read."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import Count

from nurture.models import IncomingMail
from team.models import Role, User

KEY = "inbox.waiting"
NOBODY = "nobody"


def count_anew() -> None:
    """Count what waits, by the team that it may concern. Also done by the clock: Redis forgets."""
    waiting = IncomingMail.objects.waiting()
    by_team = dict(waiting.values_list("lead__team").annotate(count=Count("pk")).order_by())
    counts = {NOBODY if team is None else str(team): count for team, count in by_team.items()}
    cache.set(KEY, counts, timeout=None)


def waiting_for(user: User) -> int:
    """How many the person may decide, from the last count; never asks the database for more than teams."""
    counts: dict[str, int] = cache.get(KEY) or {}
    if not counts or not user.works_leads:
        return 0
    if user.role == Role.ADMIN:
        return sum(counts.values())
    teams = user.team_ids
    if not teams:
        return 0
    return counts.get(NOBODY, 0) + sum(counts.get(str(team), 0) for team in teams)
