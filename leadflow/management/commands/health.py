"""`manage.py health`: what /readyz says, for the health checks of containers without a web server."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from leadflow.health import read_health


class Command(BaseCommand):
    help = (
        "Tells whether database, broker and dispatcher are well; exits with 1 where they are not."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        health = read_health(timezone.now())
        told = json.dumps(asdict(health))
        if not health.is_ready:
            raise CommandError(told)
        self.stdout.write(told)
