"""The invariants, asked by a person and by night: silence when all holds, an error when one does not."""

from __future__ import annotations

from collections.abc import Callable

import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from nurture.cadences.enrolments import enrol
from nurture.engine.invariants import INVARIANTS, Broken
from nurture.models import Cadence, PlannedTouch, StateEvent
from nurture.tasks import verify
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]


@pytest.fixture
def planned(nurtured_lead: Lead, dana: User, make_cadence: Callable[..., Cadence]) -> PlannedTouch:
    cadence = make_cadence(("phone", 2), ("email", 2))
    return enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW).planned.get()


def test_all_holds(planned: PlannedTouch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify() == len(INVARIANTS)
    call_command("verify_touches")
    assert "invariants hold" in capsys.readouterr().out


def test_one_is_broken(planned: PlannedTouch, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody shortened the history, past the triggers that forbid it."""
    with pgtrigger.ignore("nurture.StateEvent:state_events_stand"):
        StateEvent.objects.all().delete()
    assert not StateEvent.objects.exists()
    with pytest.raises(Broken, match="the last event is not its state"):
        verify()
    with pytest.raises(CommandError, match="1 of"):
        call_command("verify_touches")
    assert f"the last event is not its state: {planned.pk}" in capsys.readouterr().err
