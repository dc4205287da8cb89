"""Takes back every token of a person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from knox.models import AuthToken

from team.models import User


class Command(BaseCommand):
    help = "Takes back every token of a person; what uses them is refused from then on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the person")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        person = User.objects.filter(email=email).first()
        if person is None:
            raise CommandError(f"Nobody has the address {email}.")
        count, _by_model = AuthToken.objects.filter(user=person).delete()
        self.stdout.write(f"Tokens of {person.name} taken back: {count}.")
