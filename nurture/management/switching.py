"""What `pause_engine` and `resume_engine` share: what, by whom, and why."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management import BaseCommand, CommandError

from nurture.engine.clock import engine_now
from nurture.models import SwitchEvent
from prospects.actions import NotAllowed
from team.models import User


class SwitchCommand(BaseCommand):
    turn: ClassVar[Callable[..., None]]
    done: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--by", required=True, metavar="EMAIL", help="a manager or administrator"
        )
        parser.add_argument("--why", required=True, metavar="WORDS", help="kept in the history")
        parser.add_argument(
            "--mail", action="store_true", help="only mail that goes by itself, not everything"
        )

    def handle(self, *args: Any, by: str, why: str, mail: bool, **options: Any) -> None:
        what = SwitchEvent.What.MAIL if mail else SwitchEvent.What.EVERYTHING
        try:
            person = User.objects.active().get(email=by.strip().lower())
            self.turn(what=what, by=person, why=why, now=engine_now())
        except User.DoesNotExist:
            raise CommandError(f"Nobody active has the address {by}.") from None
        except NotAllowed as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(self.done)
