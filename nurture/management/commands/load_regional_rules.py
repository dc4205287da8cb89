"""`manage.py load_regional_rules`: what the law of some places asks, as far as LeadFlow ships it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nurture.contacting.shipped import load_shipped_rules


class Command(BaseCommand):
    help = "Load the regional rules that LeadFlow ships, where they are not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        count = load_shipped_rules(now=timezone.now())
        if options["verbosity"]:
            self.stdout.write(f"{count} regional rules.")
