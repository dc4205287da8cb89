"""Small histories, written as they would stand in the database after years of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from handoff.models import Handoff
from nurture.attempts import regroup
from nurture.models import Touch
from prospects.models import Lead, Source, StageChange
from prospects.stages import NEW, Stage
from reports.periods import Period
from team.models import Team, User
from tests.fixtures import NOW

NEW_YORK = ZoneInfo("America/New_York")
JUNE = Period.parse("2026-06", NEW_YORK)
MAY = JUNE.previous


def at(text: str) -> datetime:
    """An instant by the clock in New York: at("06-01 00:00"), of 2026 unless it names a year."""
    if text.count("-") == 1:
        text = f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.fixture
def lived(fair: Source, northeast: Team, dana: User) -> Callable[..., Lead]:
    """A lead with the life given: lived(("raw", "05-03 09:00"), ("nurturing", "05-04 09:00")).

    A third value of a step is its reason.
    """

    def write(
        *steps: tuple[str, ...],
        team: Team = northeast,
        source: Source = fair,
        mql: str = "",
        rep: User | None = None,
        specialist: User | None = dana,
    ) -> Lead:
        came_to: dict[str, datetime] = {}
        for stage, when, *_reason in steps:
            came_to.setdefault(stage, at(when))
        last_stage, last_at = steps[-1][0], at(steps[-1][1])
        lead = Lead.objects.create(
            source=source,
            team=team,
            specialist=specialist,
            rep=rep,
            received_at=at(steps[0][1]),
            entered_program_at=came_to.get(Stage.NURTURING),
            qualified_at=came_to.get(Stage.QUALIFIED),
            mql_at=at(mql) if mql else None,
            stage=last_stage,
            stage_at=last_at,
            activity_at=last_at,
        )
        from_stage = NEW
        for stage, when, *reason in steps:
            StageChange.objects.create(
                lead=lead,
                from_stage=from_stage,
                to_stage=stage,
                at=at(when),
                reason=reason[0] if reason else "",
                brought_along=True,
            )
            from_stage = stage
        return lead

    return write


@pytest.fixture
def handed(carol: User, dana: User) -> Callable[..., Handoff]:
    """A handoff of a lead: handed(lead, "06-02 10:00", accepted="06-02 13:00")."""

    def write(
        lead: Lead,
        when: str,
        *,
        accepted: str = "",
        returned: str = "",
        overdue: str = "",
        won: str = "",
        lost: str = "",
        potential: int = 100_000,
        revenue: int | None = None,
        rep: User | None = None,
    ) -> Handoff:
        def instant(text: str) -> datetime | None:
            return at(text) if text else None

        count = Handoff.objects.count()
        return Handoff.objects.create(
            lead=lead,
            rep=rep or carol,
            specialist=dana,
            handed_off_at=at(when),
            accept_by=at(when) + timedelta(days=1),
            accepted_at=instant(accepted),
            returned_at=instant(returned),
            overdue_at=instant(overdue),
            result="won" if won else "lost" if lost else "",
            result_at=instant(won or lost),
            revenue=None if revenue is None else Decimal(revenue),
            potential_revenue=Decimal(potential),
            touches_before=7,
            documented=10,
            external_id=f"handoff-{count}",
        )

    return write


@pytest.fixture
def touched(dana: User) -> Callable[..., None]:
    """Touches of a lead: touched(lead, ("phone", "no_answer", "06-02 10:00"), …), grouped in attempts."""

    def write(lead: Lead, *made: tuple[str, str, str], by: User | None = dana) -> None:
        for channel, outcome, when in made:
            Touch.objects.create(
                lead=lead,
                channel=channel,
                outcome=outcome,
                direction="in" if outcome == "replied" else "out",
                occurred_at=at(when),
                by=by,
            )
        regroup([lead.pk])

    return write


@pytest.fixture
def at_now() -> Iterator[None]:
    """The clock of the pages stands at NOW, in June 2026."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def as_(client: Client, at_now: None) -> Callable[[User], Client]:
    """The browser of that person."""

    def log_in(user: User) -> Client:
        client.force_login(user)
        return client

    return log_in
