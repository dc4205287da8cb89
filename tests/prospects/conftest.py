"""Who looks at the pages about leads, and many leads at once."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from prospects.models import Lead, Source
from team.models import Team, User
from tests.fixtures import NOW


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


@pytest.fixture
def many_leads(fair: Source) -> Callable[..., list[Lead]]:
    """So many leads of a team at once, a minute apart, as an import leaves them."""

    def make(count: int, team: Team, **fields: object) -> list[Lead]:
        return Lead.objects.bulk_create(
            Lead(
                **{
                    "source": fair,
                    "team": team,
                    "external_id": f"{team.name}-{Lead.objects.count()}-{number}",
                    "received_at": NOW,
                    "stage_at": NOW,
                    "activity_at": NOW - timedelta(minutes=number),
                    **fields,
                }
            )
            for number in range(count)
        )

    return make
