"""`manage.py import_handoffs FILE`: bring in to whom leads went and what came of it (section 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handoff.imports import import_handoffs
from prospects.imports.command import ImportCommand
from prospects.imports.intake import ImportResult


class Command(ImportCommand):
    help = "Import handoffs of known leads from a CSV or XLSX file, as a whole or not at all."

    def run(
        self, path: Path, *, source: str, told: dict[str, Any] | None, dry_run: bool
    ) -> ImportResult:
        return import_handoffs(path, told=told, dry_run=dry_run)
