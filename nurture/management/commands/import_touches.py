"""`manage.py import_touches FILE`: bring in the touches of leads that are known (domain.md, section 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nurture.imports import import_touches
from prospects.imports.command import ImportCommand
from prospects.imports.intake import ImportResult


class Command(ImportCommand):
    help = "Import touches of known leads from a CSV or XLSX file, as a whole or not at all."

    def run(
        self, path: Path, *, source: str, told: dict[str, Any] | None, dry_run: bool
    ) -> ImportResult:
        return import_touches(path, told=told, dry_run=dry_run)
