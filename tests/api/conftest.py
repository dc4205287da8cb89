"""The API as people and programs use it, at a fixed time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from rest_framework.test import APIClient

from prospects.capture.actions import make_key
from prospects.models import Lead, WebForm
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


@pytest.fixture
def by_key(qualified_lead: Lead, jennifer: User) -> APIClient:
    """Who brings inquiries with the key of a form."""
    form = WebForm.objects.create(
        source=qualified_lead.source, team=qualified_lead.team, name="Contact", created_at=NOW
    )
    client = APIClient(raise_request_exception=False)
    key = make_key(form=form, by=jennifer, now=NOW)
    client.credentials(HTTP_AUTHORIZATION=f"Key {key}")
    return client
