"""`manage.py import_leads FILE`: bring in leads (domain.md, sections 4 and 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prospects.imports.command import ImportCommand
from prospects.imports.intake import ImportResult
from prospects.imports.leads import import_leads


class Command(ImportCommand):
    help = "Import leads from a CSV or XLSX file: screened, duplicates merged, as a whole or not at all."

    def run(
        self, path: Path, *, source: str, told: dict[str, Any] | None, dry_run: bool
    ) -> ImportResult:
        return import_leads(path, source=source, told=told, dry_run=dry_run)
