"""Cadences, the mail server they write to, and the engine's clock. Loaded as a plugin by tests/conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from nurture.cadences.enrolments import publish
from nurture.models import Cadence, Step, Template
from nurture.touching import Channel
from team.models import Organisation, User
from tests.fixtures import NOW
from tests.mail_server import MailServer, running


def shift_to(instant: datetime) -> None:
    """The engine's clock, which is the database's, shows this from now on: for everybody.

    Here at once; in other processes from their next connection on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM %s - statement_timestamp()) || ' seconds'", [instant]
        )
        (shift,) = cursor.fetchone()
        cursor.execute("SELECT set_config('leadflow.clock_shift', %s, false)", [shift])
        cursor.execute(
            f"ALTER DATABASE {connection.settings_dict['NAME']} SET leadflow.clock_shift = %s",
            [shift],
        )


@pytest.fixture
def clock_at_now(db: None) -> Iterator[None]:
    """The engine's clock shows NOW."""
    shift_to(NOW)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('leadflow.clock_shift', '', false)")
        cursor.execute(
            f"ALTER DATABASE {connection.settings_dict['NAME']} RESET leadflow.clock_shift"
        )


@pytest.fixture
def mail_server(free_port: int, settings: Settings) -> Iterator[MailServer]:
    """A real SMTP server, to which the engine's mail goes."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port
    with running(free_port) as server:
        yield server


@pytest.fixture
def posting_address(organisation: Organisation) -> Organisation:
    """The organisation as it must be for automatic mail."""
    organisation.mail_from = "program@northwind.example"
    organisation.postal_address = "1 Canal Street\nBoston, MA 02110"
    organisation.save()
    return organisation


@pytest.fixture
def make_cadence(dana: User) -> Callable[..., Cadence]:
    """Publish a cadence of steps: ("email", 0), ("phone", 2) …, emails by machine, the rest by a person."""

    def make(*steps: tuple[str, int], name: str = "First contact", **fields: Any) -> Cadence:
        cadence = Cadence.objects.create(name=name, created_at=NOW, **fields)
        publish(
            cadence=cadence,
            steps=[
                Step(
                    position=position,
                    channel=channel,
                    after_days=days,
                    performer="machine" if channel == Channel.EMAIL else "person",
                    template=template(f"{name} {position}") if channel == Channel.EMAIL else None,
                )
                for position, (channel, days) in enumerate(steps, 1)
            ],
            by=dana,
            now=NOW,
        )
        return cadence

    return make


def template(name: str, subject: str = "Drives at {{ company }}", body: str = "") -> Template:
    return Template.objects.create(
        name=name,
        subject=subject,
        body=body
        or "Hello {{ first_name }},\n\nhow do you keep line 3 running?\n\n{{ specialist }}",
        created_at=NOW,
    )
