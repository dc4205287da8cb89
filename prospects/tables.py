"""Reads a CSV or XLSX file as a stream of rows, whatever its encoding, delimiter and line ends.

Nothing is held in memory but the row at hand (an XLSX file: its sheet). No database here.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import charset_normalizer
import python_calamine
from django.utils.translation import gettext as _

MOST_COLUMNS = 500
LONGEST_CELL = 200_000
SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 50
DELIMITERS = (",", ";", "\t", "|")
CHUNK = 1024 * 1024

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32's little-endian mark begins with UTF-16's: the longer ones come first."""

EIGHT_BIT = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr"]
"""What files without a mark that are not UTF-8 are usually written in."""

UNCLEAR = 0.05
"""A difference in messiness (0 to 1) that says nothing."""

csv.field_size_limit(LONGEST_CELL)


class Unreadable(Exception):
    """The file is not a table that can be read; says in words what is wrong and where."""


@dataclass(frozen=True)
class Row:
    """One row: the line of the file on which it begins (the first is 1), and its cells as text."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A file whose headings have been read; `rows` reads it through, as often as asked."""

    path: Path
    name: str
    headers: tuple[str, ...]
    encoding: str
    """Empty for a workbook."""
    skip: int
    """Bytes of a mark at the start that the encoding itself would not pass over."""
    delimiter: str

    def rows(self) -> Iterator[Row]:
        """The rows below the headings, without blank ones. Raises Unreadable where the file breaks."""
        if self.encoding:
            found = _csv_rows(self.path, self.encoding, self.skip, self.delimiter)
        else:
            found = _xlsx_rows(self.path)
        return itertools.islice(found, 1, None)

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
    with path.open("rb") as file:
        start = file.read(SAMPLE_BYTES)
    if not start.strip(b"\x00 \r\n\t"):
        raise Unreadable(_("The file is empty."))
    if start.startswith(b"PK\x03\x04"):
        encoding, skip, delimiter = "", 0, ""
        rows = _xlsx_rows(path)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(_("This is an old Excel workbook (.xls): save it as .xlsx or CSV."))
    else:
        encoding, skip = _encoding(path, start)
        delimiter = _delimiter(path, encoding, skip)
        rows = _csv_rows(path, encoding, skip, delimiter)
    first = next(rows, None)
    if first is None:
        raise Unreadable(_("The file is empty."))
    return Table(path, name or path.name, _headers(first.cells), encoding, skip, delimiter)


def _headers(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings, each once: a blank one is called by its column, a repeated one numbered."""
    if len(cells) > MOST_COLUMNS:
        raise Unreadable(_("The file has more than %s columns.") % MOST_COLUMNS)
    named: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = " ".join(cell.split())[:190] or _("Column %s") % number
        again = name
        for count in itertools.count(2):
            if again not in named:
                break
            again = f"{name} ({count})"
        named.append(again)
    return tuple(named)


# CSV


def _encoding(path: Path, start: bytes) -> tuple[str, int]:
    """How the file is encoded, and how many bytes of a mark to pass over."""
    for mark, encoding in BOMS:
        if start.startswith(mark):
            # Some programs write UTF-16's mark before UTF-32: believe the text, not the mark.
            wide = _wide_encoding(start[2:]) if encoding == "utf-16" else ""
            return (wide, 2) if wide else (encoding, 0)
    if wide := _wide_encoding(start):
        return wide, 0
    if b"\x00" in start:
        raise Unreadable(_("This is no text: expected a CSV or XLSX file."))
    return ("utf-8" if _is_utf8(path) else _eight_bit_encoding(start)), 0


def _wide_encoding(start: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: the zero bytes of plain letters tell."""
    head = start[:4000]
    zeros = [head[place::4].count(0) * 4 / max(1, len(head)) for place in range(4)]
    first, second, third, fourth = (share > 0.6 for share in zeros)
    return {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }.get((first, second, third, fourth), "")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _eight_bit_encoding(start: bytes) -> str:
    """The likeliest of EIGHT_BIT; Western Europe unless the text clearly reads better otherwise."""
    telling = b"\n".join(line for line in start.splitlines() if not line.isascii())
    matches = charset_normalizer.from_bytes(telling or start, cp_isolation=EIGHT_BIT)
    best = matches.best()
    western = next((match for match in matches if match.encoding == "cp1252"), None)
    if best is None or (western and western.chaos - best.chaos < UNCLEAR):
        return "cp1252"
    return best.encoding


def _delimiter(path: Path, encoding: str, skip: int) -> str:
    """The one that splits the first rows into the most equal columns; a comma where none does."""
    return max(DELIMITERS, key=lambda d: _evenness(path, encoding, skip, d))


def _evenness(path: Path, encoding: str, skip: int, delimiter: str) -> tuple[float, int]:
    widths: list[int] = []
    with suppress(Unreadable):
        sample = itertools.islice(_csv_rows(path, encoding, skip, delimiter), SAMPLE_ROWS)
        widths.extend(len(row.cells) for row in sample)
    if not widths or widths[0] == 1:
        return (0.0, 0)
    usual, count = Counter(widths).most_common(1)[0]
    return (count / len(widths) if usual > 1 else 0.0, widths[0])


def _csv_rows(path: Path, encoding: str, skip: int, delimiter: str) -> Iterator[Row]:
    with path.open("rb") as binary:
        binary.seek(skip)
        # Bytes that the encoding does not have become the replacement mark: shown, not refused.
        file = io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
        reader = csv.reader(file, delimiter=delimiter)
        line = 1
        try:
            for cells in reader:
                if any(cells) and any(cell.strip() for cell in cells):
                    yield Row(line, cells)
                line = reader.line_num + 1
        except csv.Error as error:
            raise Unreadable(_("Line %(line)s: %(why)s.") % {"line": line, "why": error}) from error


# XLSX


def _xlsx_rows(path: Path) -> Iterator[Row]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheet = workbook.get_sheet_by_index(0)
        first_line = (sheet.start or (0, 0))[0] + 1
        found = sheet.iter_rows()
        for line, cells in enumerate(found, start=first_line):
            texts = [_cell_text(cell) for cell in cells]
            if any(text.strip() for text in texts):
                yield Row(line, texts)
    except (python_calamine.CalamineError, IndexError, OSError) as error:
        raise Unreadable(_("The workbook cannot be read: %s.") % error) from error


def _cell_text(cell: object) -> str:
    """A typed cell as a person would have typed it: whole numbers without a fraction, dates as ISO."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell.total_seconds() / 60)
    return str(cell)


def as_csv(headers: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    """The rows as lines of a CSV file in which no cell can run as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in itertools.chain([headers], rows):
        writer.writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows as text: one that would begin a formula gets an apostrophe."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell
