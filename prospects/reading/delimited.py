"""Delimited text (CSV and its kin): how a file is written is found out, then it is read as a stream.

Nothing is held in memory but the row at hand.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import charset_normalizer
from django.utils.translation import gettext as _

from prospects.reading.rows import LONGEST_CELL, LONGEST_ROW, MOST_COLUMNS, Row, Unreadable

SAMPLE_BYTES = 256 * 1024
SAMPLE_ROWS = 50
TELLING_BYTES = 8 * 1024
"""So much text with accents is enough to tell its encoding."""
CHUNK = 1024 * 1024

USUAL_DELIMITERS = (",", ";", "\t", "|")
RARE_DELIMITERS = ("^", "~", "\x1f", "\x01", "!", ":")

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32's little-endian mark begins with UTF-16's: the longer ones come first."""

WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

EIGHT_BIT = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030", "big5", "euc_kr"]
"""What files without a mark that are not UTF-8 are usually written in."""

UNCLEAR = 0.05
"""A difference in messiness (0 to 1) that says nothing."""

END = "\x00"
"""Follows the last line: the reader must meet it as a row of its own. No line of a file has it."""

csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True)
class Dialect:
    """How delimited text is written."""

    encoding: str
    delimiter: str
    skip: int = 0
    """Bytes of a mark at the start that the encoding itself would not pass over."""
    quote: str = '"'
    escape: str | None = None
    """What stands before a quote inside quotes, where it is not doubled."""
    spaced: bool = False
    """Whether spaces follow the delimiters, before the quotes."""
    damaged: bool = False
    """Whether some bytes are not of the encoding: they are shown as the replacement mark."""

    @property
    def options(self) -> dict[str, Any]:
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "skipinitialspace": self.spaced,
        }


OURS = Dialect("utf-8", ",")
"""How we write CSV ourselves."""


def dialect_of(path: Path, start: bytes) -> Dialect:
    """Find out how a file that begins with `start` is written. Raises Unreadable: it is no text."""
    encoding, skip, damaged = _encoding(path, start)
    sample = _sample(start[skip:], encoding)
    quote = _quote(sample)
    delimiter = _told_delimiter(sample) or _delimiter(sample, quote)
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        skip=skip,
        quote=quote,
        escape="\\" if _has_escapes(sample, delimiter, quote) else None,
        spaced=re.search(f"{quote}{re.escape(delimiter)} +{quote}", sample) is not None,
        damaged=damaged,
    )


def rows_of(file: BinaryIO, dialect: Dialect) -> Iterator[Row]:
    """All rows but blank ones. Raises Unreadable where the file breaks, naming the line."""
    if dialect.skip:
        file.seek(dialect.skip)
    # Bytes that the encoding does not have become the replacement mark: shown, not refused.
    text = io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="")
    feed = _Feed(text)
    reader = csv.reader(feed.lines(), **dialect.options)
    line = 1
    try:
        for cells in reader:
            if feed.has_ended or len(cells) > MOST_COLUMNS:
                _check_end(cells)
                return
            if any(cells) and any(cell.strip() for cell in cells):
                yield Row(line, cells)
            feed.taken = 0
            line = reader.line_num + 1
    except csv.Error as error:
        why = str(error)
        if "field limit" in why:
            why = _("a cell has more than %s characters: is a quote missing?") % f"{LONGEST_CELL:,}"
        raise Unreadable(_("Line %(line)s: %(why)s.") % {"line": line, "why": why}) from error


def _check_end(cells: Sequence[str]) -> None:
    """The row after the last is END, and nothing else: an open quote would have swallowed it."""
    if len(cells) > MOST_COLUMNS:
        raise csv.Error(_("more than %s cells") % MOST_COLUMNS)
    if cells != [END]:
        raise csv.Error(_("a quote is opened here and never closed"))


class _Feed:
    """The lines of a text, without zero bytes, as long as the row they make is no mishap."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken = 0
        """Characters of the row at hand; set to 0 by whoever has read it."""
        self.has_ended = False

    def lines(self) -> Iterator[str]:
        readline = self._text.readline
        while line := readline(LONGEST_ROW + 1):
            self.taken += len(line)
            if self.taken > LONGEST_ROW:
                raise csv.Error(
                    _("a row of more than %s characters: is a quote missing?") % f"{LONGEST_ROW:,}"
                )
            yield line.replace("\x00", "") if "\x00" in line else line
        self.has_ended = True
        yield END


# Encodings


def _encoding(path: Path, start: bytes) -> tuple[str, int, bool]:
    """How the file is encoded, how many bytes of a mark to pass over, and whether it is damaged."""
    for mark, encoding in BOMS:
        if start.startswith(mark):
            # Some programs write UTF-16's mark before UTF-32: believe the text, not the mark.
            wide = _wide_encoding(start[2:]) if encoding == "utf-16" else ""
            return (wide, 2, False) if wide.startswith("utf-32") else (encoding, 0, False)
    if wide := _wide_encoding(start):
        return wide, 0, False
    strange = len(CONTROL.findall(start))
    if strange > len(start) * 0.02:
        raise Unreadable(_("This is no text: expected CSV, or a workbook (XLSX, XLS, ODS)."))
    is_utf8, damaged, telling = _try_utf8(path)
    if is_utf8:
        return "utf-8", 0, damaged
    return _eight_bit_encoding(telling, start), 0, False


CONTROL = re.compile(rb"[\x00\x02-\x08\x0e-\x1a\x1c-\x1e]")


def _wide_encoding(start: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: the zero bytes tell, for every line end has some."""
    head = start[: len(start[:4000]) // 4 * 4] or start[: len(start) // 2 * 2]
    if head.count(0) * 20 < len(head):
        return ""
    for encoding in WIDE:
        if encoding.startswith("utf-32") and len(head) % 4:
            continue
        try:
            text = head.decode(encoding)
        except UnicodeDecodeError:
            # A pair may be cut at the end of the sample.
            text = head[:-2].decode(encoding, errors="replace")
        if "\ufffd" in text or "\x00" in text:
            continue
        plain = sum(character in TELLING for character in text)
        if plain * 50 >= len(text):
            return encoding
    return ""


TELLING = frozenset(' ,;\t|\r\n"@.-0123456789')
"""Characters that every table has, and that text read in the wrong encoding has by chance only."""


def _try_utf8(path: Path) -> tuple[bool, bool, bytes]:
    """Whether the file is UTF-8, whether it is but for some bytes, and else lines that tell more."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    good = bad = 0
    telling = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            text = decoder.decode(chunk)
            if text.isascii():
                continue
            wrong = text.count("\ufffd") - chunk.count(b"\xef\xbf\xbd")
            bad += max(0, wrong)
            good += len(text) - len(text.encode("ascii", "ignore")) - max(0, wrong)
            if wrong > 0 and len(telling) < TELLING_BYTES:
                telling += b"\n".join(LINE_WITH_ACCENTS.findall(chunk))
    bad += decoder.decode(b"", final=True).count("\ufffd")
    return good >= bad * 10, bad > 0, telling[:TELLING_BYTES]


LINE_WITH_ACCENTS = re.compile(rb"[^\r\n]{0,200}[\x80-\xff][^\r\n]{0,200}")


def _eight_bit_encoding(telling: bytes, start: bytes) -> str:
    """The likeliest of EIGHT_BIT; Western Europe unless the text clearly reads better otherwise."""
    matches = charset_normalizer.from_bytes(telling or start, cp_isolation=EIGHT_BIT)
    best = matches.best()
    western = next((match for match in matches if match.encoding == "cp1252"), None)
    if best is None or (western and western.chaos - best.chaos < UNCLEAR):
        return "cp1252"
    return best.encoding


def _sample(start: bytes, encoding: str) -> str:
    """The first lines as text; the last one, which may be cut, is left out."""
    text = start.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\x00", "")
    if len(start) < SAMPLE_BYTES:
        return text
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text


# Delimiters and quotes


def _told_delimiter(sample: str) -> str:
    """What a first line such as `sep=;`, as spreadsheets write it, says."""
    said = re.match(r'"?sep=([^\w\s"]|\t)"?[ ]*[\r\n]', sample, re.IGNORECASE)
    return said[1] if said else ""


def _delimiter(sample: str, quote: str) -> str:
    """The one that splits the first rows into the most equal columns; a comma where none does."""
    usual = max(USUAL_DELIMITERS, key=lambda d: _evenness(sample, d, quote))
    if _evenness(sample, usual, quote) > (0.0, 0):
        return usual
    rare = max(RARE_DELIMITERS, key=lambda d: _evenness(sample, d, quote))
    return rare if _evenness(sample, rare, quote)[0] == 1.0 else ","


def _evenness(sample: str, delimiter: str, quote: str) -> tuple[float, int]:
    """The share of the rows that have the usual number of cells, and that number."""
    rows = _sampled(sample, delimiter, quote)
    widths = [len(cells) for cells in rows if any(cells)]
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return (0.0, 0)
    usual, count = max(wide.items(), key=lambda found: (found[1], found[0]))
    # Lines above the headings may have no delimiter; of two columns that would be said of names
    # written "Smith, John" under one heading.
    if widths[0] == 1 and (usual == 2 or count < 2):
        return (0.0, 0)
    return (count / len(widths), usual)


def _sampled(sample: str, delimiter: str, quote: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote)
    rows: list[list[str]] = []
    try:
        for cells in reader:
            rows.append(cells)
            if len(rows) == SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _quote(sample: str) -> str:
    """The apostrophe where every line begins and ends with one and there is no other quote."""
    lines = [line for line in sample.splitlines()[:SAMPLE_ROWS] if line.strip()]
    is_single = '"' not in sample and all(
        line.startswith("'") and line.rstrip().endswith("'") and len(line) > 1 for line in lines
    )
    return "'" if is_single and lines else '"'


def _has_escapes(sample: str, delimiter: str, quote: str) -> bool:
    """Whether quotes inside quotes are written \\" and not doubled: else the quoting makes no sense."""
    if f"\\{quote}" not in sample:
        return False
    reader = csv.reader(
        io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote, strict=True
    )
    try:
        for _cells in reader:
            pass
    except csv.Error as error:
        return "expected after" in str(error)
    return False
