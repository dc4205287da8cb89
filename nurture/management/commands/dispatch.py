"""`manage.py dispatch`: does what is due, without any broker."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from nurture.engine import turns
from nurture.engine.clock import engine_now
from nurture.engine.dispatching import dispatch
from nurture.letters.actions import write_down


class Command(BaseCommand):
    help = "Claims and performs the planned touches that are due: once, or until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="do it again and again, with this pause"
        )

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        while True:
            with turns.recorded(turns.DISPATCHING):
                counted = dispatch()
                write_down(now=engine_now())
            done = {str(state): count for state, count in counted.items() if state and count}
            if done or every is None:
                words = ", ".join(f"{state} {count}" for state, count in sorted(done.items()))
                self.stdout.write(words or "Nothing is due.")
            if every is None:
                return
            time.sleep(every)
