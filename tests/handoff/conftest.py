"""Handoffs that the tests of this app speak of."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from handoff.actions import accept, hand_off
from handoff.models import Handoff
from prospects.models import Lead
from team.models import User
from tests.fixtures import NOW


@pytest.fixture
def handed(qualified_lead: Lead, carol: User, dana: User) -> Handoff:
    """Halden Paper, handed to Carol an hour ago; she has not answered."""
    return hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW - timedelta(hours=1))


@pytest.fixture
def accepted(handed: Handoff, carol: User) -> Handoff:
    """Carol accepted half an hour ago."""
    return accept(handoff=handed, by=carol, now=NOW - timedelta(minutes=30))


@pytest.fixture
def at_now() -> Iterator[None]:
    """The clock of the pages stands at NOW, in whose story the leads live."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def as_(client: Client, at_now: None) -> Callable[[User], Client]:
    """The browser of that person."""

    def log_in(user: User) -> Client:
        client.force_login(user)
        return client

    return log_in
