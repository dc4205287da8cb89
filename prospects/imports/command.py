"""What the commands import_leads, import_touches and import_handoffs have in common."""

from __future__ import annotations

import json
from abc import abstractmethod
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prospects.imports.intake import ImportRefused, ImportResult


class ImportCommand(BaseCommand):
    """Reads its options, runs the import, says what became of the rows."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV or XLSX file")
        parser.add_argument(
            "--map",
            type=Path,
            metavar="FILE.json",
            help='which heading is which field: {"E-Mail": "email"}',
        )
        parser.add_argument("--source", default="", help="the source of leads that name none")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="the counts as JSON, nothing else")

    @abstractmethod
    def run(
        self, path: Path, *, source: str, told: dict[str, Any] | None, dry_run: bool
    ) -> ImportResult:
        """Import the file."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.run(
                options["file"],
                source=options["source"],
                told=_told(options["map"]),
                dry_run=options["dry_run"],
            )
        except ImportRefused as refused:
            raise CommandError(str(refused)) from refused
        if options["json"]:
            self.stdout.write(json.dumps(result.as_json()))
        else:
            self.stdout.write(in_words(result, dry_run=options["dry_run"]))


def _told(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = _("%(path)s is no mapping: %(why)s.") % {"path": path, "why": error}
        raise CommandError(message) from error
    if not isinstance(told, dict):
        raise CommandError(_('%s is no mapping: expected {"heading": "field"}.') % path)
    return told


def in_words(result: ImportResult, *, dry_run: bool) -> str:
    """The counts, the columns left out and the first refused rows, for a person at a terminal."""
    counts = result.counts
    lines = [
        ngettext("%s row read", "%s rows read", counts.read) % f"{counts.read:,}",
        *(
            f"  {count:>9,}  {words}"
            for count, words in (
                (counts.created, _("created")),
                (counts.updated, _("updated")),
                (counts.duplicates, _("known already (duplicates)")),
                (counts.screened_out, _("screened out")),
                (counts.refused, _("refused")),
            )
        ),
    ]
    if result.record.opted_out:
        lines.append(
            ngettext(
                "%s of these rows says not to contact somebody: the address is left alone.",
                "%s of these rows say not to contact somebody: the addresses are left alone.",
                result.record.opted_out,
            )
            % f"{result.record.opted_out:,}"
        )
    if result.columns.ignored:
        lines.append(_("Columns left out: %s") % ", ".join(result.columns.ignored))
    lines += [
        _("Line %(line)s refused: %(why)s") % {"line": line, "why": "; ".join(reasons)}
        for line, reasons in result.refused
    ]
    if counts.refused > len(result.refused):
        lines.append(_("… and %s more.") % f"{counts.refused - len(result.refused):,}")
    if dry_run:
        lines.append(_("Nothing was changed: this was a dry run."))
    return "\n".join(lines)
