"""What the pages of imports show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prospects.imports.filing import STEPS
from prospects.imports.undoing import words_of
from prospects.models import Import, ImportState, KeptLead, RefusedRow
from prospects.models.lead import headline

READING = 90
"""Of a hundred parts of checking; the rest finds out who is known already."""
UP_TO = (2, 15, 25, 60, 75, 80, 90)
"""Of a hundred parts of filing, how many are done when each step begins."""


@dataclass(frozen=True)
class Progress:
    """How far a worker is. `percent` is None where nothing can be said."""

    title: str
    percent: int | None
    words: str


@dataclass(frozen=True)
class Kept:
    """A lead that undoing left alone."""

    pk: int
    headline: str
    why: str


def progress_of(record: Import, now: datetime) -> Progress:
    """What is being done, how fast, and how much longer it takes."""
    if record.claimed_until is None:
        return Progress(_title(record), 0, _("Waits for its turn. It begins within a minute."))
    if record.claimed_until < now:
        gone = _("The worker that had it stopped. Another goes on where it was within a minute.")
        return Progress(_title(record), 0, gone)
    took = max((now - (record.phase_at or now)).total_seconds(), 0.001)
    if record.state == ImportState.UNDOING:
        return Progress(_title(record), None, _("All of it, or nothing: this takes a moment."))
    if record.state == ImportState.FILING:
        return _filing(record, took)
    done, expected = record.rows_staged, max(record.rows_expected, record.rows_staged)
    if not done:
        return Progress(_title(record), 0, _("Opening the file."))
    if done >= expected:
        return Progress(
            _title(record), READING, _("All rows are read. Finding out who is known already.")
        )
    rate = done / took
    words = _("%(done)s of about %(all)s rows, %(rate)s a second, %(left)s left.") % {
        "done": intcomma(done),
        "all": intcomma(expected),
        "rate": intcomma(round(rate)),
        "left": _span((expected - done) / rate / READING * 100),
    }
    return Progress(_title(record), done * READING // expected, words)


def _filing(record: Import, took: float) -> Progress:
    if not record.step:
        return Progress(_title(record), 0, _("Finding out who is known already."))
    percent = UP_TO[min(record.step, len(UP_TO)) - 1]
    words = _("%(rows)s rows. Writing %(what)s, %(left)s left.") % {
        "rows": intcomma(record.rows_staged),
        "what": STEPS[min(record.step, len(STEPS)) - 1],
        "left": _span(took / max(percent, 5) * (100 - percent)),
    }
    return Progress(_title(record), percent, words)


def _title(record: Import) -> str:
    return {
        ImportState.CHECKING: _("Reading the file"),
        ImportState.FILING: _("Importing"),
        ImportState.UNDOING: _("Undoing"),
    }[ImportState(record.state)]


def _span(seconds: float) -> str:
    if seconds < 60:
        rounded = max(5, round(seconds / 5) * 5)
        return ngettext("about %s second", "about %s seconds", rounded) % rounded
    minutes = round(seconds / 60)
    return ngettext("about %s minute", "about %s minutes", minutes) % minutes


def sum_of(record: Import) -> list[tuple[int, str]]:
    """The counts, in the order in which they add up: what was read first."""
    return [
        (record.read, _("read")),
        (record.created, _("created")),
        (record.updated, _("updated")),
        (record.duplicates, _("duplicates")),
        (record.screened_out, _("screened out")),
        (record.refused, _("refused")),
    ]


def kept_leads(record: Import, after: int, most: int) -> list[Kept]:
    """Leads that undoing left alone, by number, from behind `after` on; one more than `most`."""
    rows = KeptLead.objects.filter(intake=record, lead_id__gt=after).select_related(
        "lead__company", "lead__contact"
    )
    return [
        Kept(
            row.lead_id,
            headline(
                row.lead.company.name if row.lead.company else "",
                row.lead.contact.name if row.lead.contact else "",
                row.lead.external_id or "",
                row.lead_id,
            ),
            words_of(row.why),
        )
        for row in rows.order_by("lead_id")[: most + 1]
    ]


def refused_table(record: Import) -> tuple[list[str], Iterator[list[str]]]:
    """The refused rows as they stood, and why in a last column; no heading where there are none."""
    rows = RefusedRow.objects.filter(intake=record).order_by("line")
    first = rows.first()
    if first is None:
        return [], iter(())
    headers = [header for header, _cell in first.cells]
    return [*headers, _("Refused because")], _cells_of(headers, rows.iterator(1000))


def _cells_of(headers: list[str], rows: Iterator[RefusedRow]) -> Iterator[list[str]]:
    for row in rows:
        cells = dict(row.cells)
        yield [*(cells.get(header, "") for header in headers), "; ".join(row.reasons)]
