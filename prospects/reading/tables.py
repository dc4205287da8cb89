"""Reads a file of any kind as a stream of rows, its headings found wherever they stand.

What kind it is tells its content, never its name. No database here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from prospects.reading import delimited, workbooks
from prospects.reading.rows import LARGEST_FILE, MOST_COLUMNS, MOST_ROWS, Row, Unreadable

__all__ = ["Row", "Table", "Unreadable", "as_csv", "harmless", "open_table"]

ABOVE = 20
"""So many rows may stand above the headings."""
FILLED = 0.6
"""The share of the widest row's cells that the headings fill; titles above them fill fewer."""
CHUNK = 1024 * 1024

NO_TABLES = (
    (b"%PDF", gettext_lazy("This is a PDF: save the table in it as CSV or XLSX.")),
    (b"\x1f\x8b", gettext_lazy("This is an archive (.gz), not a table: unpack it first.")),
    (b"BEGIN:VCARD", gettext_lazy("These are visiting cards (vCard): export them as CSV.")),
)
PAGE = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|head|body)", re.IGNORECASE)
NO_HEADING = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}|https?://\S+|\+\d[\d ().-]{7,}", re.IGNORECASE)
"""Addresses, which stand under headings and are never one."""


@dataclass(frozen=True)
class Table:
    """A file whose headings have been read; `rows` reads it through, as often as asked."""

    path: Path
    name: str
    headers: tuple[str, ...]
    first: int
    """The line of the file from which on its rows are read: the one below the headings."""
    heading_cells: tuple[str, ...]
    """The headings as they were written, which some files repeat on every page; else empty."""
    source: delimited.Dialect | workbooks.Unpacked
    remarks: tuple[str, ...] = ()
    """What was noticed about the file, in words."""

    @property
    def encoding(self) -> str:
        """Empty for a workbook."""
        return self.source.encoding if isinstance(self.source, delimited.Dialect) else ""

    @property
    def delimiter(self) -> str:
        """Empty for a workbook."""
        return self.source.delimiter if isinstance(self.source, delimited.Dialect) else ""

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows below the headings, and below the line `after`; blank ones are passed over.

        Raises Unreadable where the file breaks, and beyond the most rows that are read.
        """
        headings = list(self.heading_cells)
        first = max(self.first, after + 1)
        # A file is passed over quickly: some microseconds a row, against hundreds to take one in.
        rows = itertools.dropwhile(lambda row: row.line < first, _rows_of(self.path, self.source))
        for count, row in enumerate(rows, start=1):
            if row.cells == headings:
                continue
            if count > MOST_ROWS:
                raise Unreadable(_("The file has more than %s rows.") % f"{MOST_ROWS:,}")
            yield row

    def sha256(self) -> str:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def open_table(path: Path, name: str = "") -> Table:
    """Find out how a file is written and read its headings. Raises Unreadable, in words."""
    if not path.is_file():
        raise Unreadable(_("There is no file %s.") % path)
    if path.stat().st_size > LARGEST_FILE:
        most = f"{LARGEST_FILE // 1024**3} GB"
        raise Unreadable(_("The file is larger than %s: divide it.") % most)
    with path.open("rb") as file:
        start = file.read(delimited.SAMPLE_BYTES)
    if not start.strip(b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(_("The file is empty."))
    source: delimited.Dialect | workbooks.Unpacked
    if workbooks.is_workbook(start):
        source = workbooks.unpack(path, start)
    else:
        _check_start(start)
        source = delimited.dialect_of(path, start)
    rows = list(itertools.islice(_rows_of(path, source), ABOVE))
    place = _place_of_headings(rows)
    if place is None:
        raise Unreadable(_("The file is empty."))
    cells = rows[place].cells
    is_heading = not any(NO_HEADING.fullmatch(cell.strip()) for cell in cells)
    return Table(
        path=path,
        name=name or path.name,
        headers=_headers(cells if is_heading else [""] * len(cells)),
        first=rows[place].line + is_heading,
        heading_cells=tuple(cells) if is_heading else (),
        source=source,
        remarks=tuple(_remarks(source, above=place, is_heading=is_heading)),
    )


def _rows_of(path: Path, source: delimited.Dialect | workbooks.Unpacked) -> Iterator[Row]:
    if isinstance(source, workbooks.Unpacked):
        yield from source.rows()
        return
    with path.open("rb") as file:
        yield from delimited.rows_of(file, source)


def _check_start(start: bytes) -> None:
    for mark, words in NO_TABLES:
        if start.startswith(mark):
            raise Unreadable(str(words))
    if PAGE.match(start):
        raise Unreadable(
            _(
                "This is a web page or XML, whatever its name: open it in a spreadsheet, save as CSV."
            )
        )


def _remarks(
    source: delimited.Dialect | workbooks.Unpacked, *, above: int, is_heading: bool
) -> Iterator[str]:
    if isinstance(source, workbooks.Unpacked) and source.others:
        yield _("The sheet “%(sheet)s” is read; left out: %(others)s.") % {
            "sheet": source.sheet,
            "others": ", ".join(source.others),
        }
    if isinstance(source, delimited.Dialect) and source.damaged:
        yield _("Some characters are damaged, and shown as “�”.")
    if above:
        words = ngettext(
            "%s row above the headings is passed over.",
            "%s rows above the headings are passed over.",
            above,
        )
        yield words % above
    if not is_heading:
        yield _("The file has no headings: say what its columns hold.")


def _place_of_headings(rows: Sequence[Row]) -> int | None:
    """Which of the first rows holds the headings: the first that is about as wide as the widest."""
    filled = [sum(1 for cell in row.cells if cell.strip()) for row in rows]
    for place, count in enumerate(filled):
        if count >= FILLED * max(filled) and not rows[place].cells[0].startswith("sep="):
            return place
    return None


def _headers(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings, each once: a blank one is called by its column, a repeated one numbered."""
    if len(cells) > MOST_COLUMNS:
        raise Unreadable(_("The file has more than %s columns.") % MOST_COLUMNS)
    named: dict[str, None] = {}
    for number, cell in enumerate(cells, start=1):
        name = " ".join(cell.split())[:190] or _("Column %s") % number
        again = name
        for count in itertools.count(2):
            if again not in named:
                break
            again = f"{name} ({count})"
        named[again] = None
    return tuple(named)


def as_csv(
    headers: Sequence[str], rows: Iterator[Sequence[str]], delimiter: str = ","
) -> Iterator[str]:
    """The rows as lines of a CSV file in which no cell can run as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    for row in itertools.chain([headers], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows as text: one that would begin a formula gets an apostrophe."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
