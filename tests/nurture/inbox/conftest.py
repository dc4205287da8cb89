"""A lead that was written to, and a message whose fate is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from nurture.cadences.enrolments import enrol
from nurture.engine.dispatching import dispatch
from nurture.engine.states import PlannedState
from nurture.models import Cadence, PlannedTouch, Submission, Touch
from nurture.touching import Outcome
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW
from tests.mail_server import MailServer


@pytest.fixture
def cadence(make_cadence: Callable[..., Cadence]) -> Cadence:
    return make_cadence(("email", 0), ("phone", 2), ("email", 3))


@pytest.fixture
def written_to(
    make_lead: Callable[..., Lead], dana: User, cadence: Cadence, mail_server: MailServer
) -> Lead:
    """The first message of a cadence went out to Maria; a call is planned next."""
    lead = make_lead()
    enrol(lead=lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    assert Touch.objects.filter(lead=lead, outcome=Outcome.SENT).count() == 1
    lead.refresh_from_db()
    return lead


@pytest.fixture
def ours(written_to: Lead) -> str:
    return Submission.objects.get(planned__lead=written_to).message_id


@pytest.fixture
def uncertain(
    make_lead: Callable[..., Lead], dana: User, cadence: Cadence, mail_server: MailServer
) -> PlannedTouch:
    mail_server.answers = [""]  # taken, and the answer is lost
    enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
    dispatch()
    return PlannedTouch.objects.get(state=PlannedState.UNCERTAIN)
