"""What the tests of the specialist's pages share: the moment they are opened, and who opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.test import Client

from team.models import User
from tests.fixtures import NOW


@pytest.fixture
def at_now() -> Iterator[None]:
    """It is eleven in the morning in New York."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def as_user(at_now: None) -> Callable[[User], Client]:
    """A client in which somebody is logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in
