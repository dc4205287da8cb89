"""`manage.py load_cadences`: the three cadences that LeadFlow ships."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from nurture.cadences.shipped import load_shipped_cadences


class Command(BaseCommand):
    help = "Load the cadences that LeadFlow ships, where there is none at all."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{load_shipped_cadences(now=timezone.now())} cadences.")
