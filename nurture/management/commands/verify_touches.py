"""`manage.py verify_touches`: asks every invariant of the engine; exits with 1 where one is broken."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from nurture.engine.invariants import INVARIANTS, violations


class Command(BaseCommand):
    help = "Checks that no planned touch is in a state that must not be."

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations()
        for violation in found:
            ids = ", ".join(map(str, violation.planned))
            self.stderr.write(f"{violation.what}: {ids}")
        if found:
            raise CommandError(f"{len(found)} of {len(INVARIANTS)} invariants are broken.")
        self.stdout.write(f"All {len(INVARIANTS)} invariants hold.")
