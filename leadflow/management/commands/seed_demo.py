"""Loads the demo: a year of a program, and three people to look at it as."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone, translation

from leadflow import demo
from nurture.cadences.shipped import load_shipped_cadences
from prospects.industries import load_industry_codes
from prospects.models import IndustryCode, Lead

ARRIVES = time(11, 0)
"""When the visitor comes, on a day that was named: late morning, where the organisation is."""


@contextmanager
def _no_log_of_statements() -> Iterator[None]:
    """While DEBUG is on, Django keeps the text of each statement: of 60,000, for nobody to read."""
    debug, settings.DEBUG = settings.DEBUG, False
    try:
        yield
    finally:
        settings.DEBUG = debug


@contextmanager
def _without_savepoints() -> Iterator[None]:
    """The load is taken or left as a whole, so the savepoints of its 6,000 verbs serve nobody.

    To PostgreSQL each is a transaction of its own, whose locks on a lead it lists one by one: a fifth
    of the time. Django asks this feature of the database before it sets one.
    """
    features = connection.features
    features.uses_savepoints = False
    try:
        yield
    finally:
        features.uses_savepoints = True


class Command(BaseCommand):
    help = "Loads the demo into an empty database: 2,000 leads, and what became of them in a year."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="the day on which the demo ends; the same day gives the same demo",
        )

    def handle(self, *args: Any, today: date | None, **options: Any) -> None:
        from leadflow.demo.year import Year  # noqa: PLC0415 - only whoever loads the demo needs Faker

        if get_user_model().objects.exists() or Lead.objects.exists():
            raise CommandError(
                "There are people or leads in this database already, and the demo must not mix with"
                " them. Name an empty database in DATABASE_URL."
            )
        now = timezone.now().replace(second=0, microsecond=0)
        if today is not None:
            named = datetime.combine(today, ARRIVES, ZoneInfo(demo.TIMEZONE))
            if named > now:
                raise CommandError(f"{today} is still to come; the demo ends today or earlier.")
            now = named
        with (
            _no_log_of_statements(),
            transaction.atomic(),
            _without_savepoints(),
            translation.override("en-us"),
        ):
            if not IndustryCode.objects.exists():
                load_industry_codes()
            load_shipped_cadences(now=now)
            Year(now).play()
        self.stdout.write(f"The demo is loaded: {Lead.objects.count():,} leads. Log in as")
        for person in demo.people_present():
            self.stdout.write(f"  {person.role.label:12} {person.login}   {demo.PASSWORD}")
