"""Makes a token with which a program uses the API as a person."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from knox.models import AuthToken

from team.models import User

LONGEST = 366


class Command(BaseCommand):
    help = (
        "Prints a token for the API, once: only a hash of it is kept. Whoever has it may do what the"
        " person may. revoke_tokens takes all of a person's tokens back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the person")
        parser.add_argument("--days", type=int, default=90, help="until it expires (90)")

    def handle(self, *args: Any, **options: Any) -> None:
        email, days = options["email"].strip().lower(), options["days"]
        person = User.objects.active().filter(email=email).first()
        if person is None:
            raise CommandError(f"Nobody who works here has the address {email}.")
        if not 1 <= days <= LONGEST:
            raise CommandError(f"A token lasts 1 to {LONGEST} days; {days} is none of these.")
        kept, token = AuthToken.objects.create(person, expiry=timedelta(days=days))
        self.stderr.write(
            f"A token of {person.name}, until {kept.expiry:%Y-%m-%d %H:%M} UTC. It is shown only now:"
        )
        self.stdout.write(token)
