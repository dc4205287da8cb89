"""`manage.py load_industry_codes`: the tables of NAICS 2022 and SIC 1987."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from prospects.industries import load_industry_codes


class Command(BaseCommand):
    help = "Load the industry codes of NAICS 2022 and SIC 1987; loading them again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{load_industry_codes():,} industry codes.")
