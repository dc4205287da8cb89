"""The API as people and programs use it, at a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from rest_framework.test import APIClient

from team.models import User
from tests.fixtures import NOW


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """The API as somebody uses it: client_of(dana).get("/api/v1/leads/")."""

    def of(person: User) -> APIClient:
        client = APIClient(raise_request_exception=False)
        client.force_login(person)
        return client

    return of
