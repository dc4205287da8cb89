"""Workbooks (XLSX, XLSB, XLS, ODS): unpacked into CSV by a process of their own, then read as such."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from prospects.reading import delimited
from prospects.reading.rows import MOST_UNPACKED, Row, Unreadable

READER = Path(__file__).with_name("workbook_reader.py")
MEMORY = 1536 * 1024**2
"""Bytes of address space for the unpacking; some 800,000 rows of 16 columns fit."""
SECONDS = 300
"""Of CPU time for the unpacking."""
MOST_PARTS = 10_000

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Unpacked:
    """The sheet of a workbook as CSV, in a file without a name: it is gone when nobody holds it."""

    body: BinaryIO
    sheet: str
    others: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """All rows that say something. May be read through by several at once."""
        file = io.BufferedReader(_FromStart(self.body.fileno()), 1024 * 1024)
        for row in delimited.rows_of(file, delimited.OURS):
            yield Row(int(row.cells[0]), row.cells[1:])


class _FromStart(io.RawIOBase):
    """Reads a file from its beginning, whoever else reads it elsewhere at the time."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._at = descriptor, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._descriptor, [buffer], self._at)
        self._at += count
        return count


def is_workbook(start: bytes) -> bool:
    """Whether a file begins as a workbook of any kind does, or as another archive."""
    return start.startswith((ZIP, OLE))


def unpack(path: Path, start: bytes) -> Unpacked:
    """Raises Unreadable: no workbook, protected, broken, or too large to be held."""
    if start.startswith(ZIP):
        _check_archive(path)
    body = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the table is
    command = [sys.executable, "-I", str(READER), str(path), str(MEMORY), str(SECONDS)]
    done = subprocess.run(command, stdout=body, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):  # ended by a limit
        raise Unreadable(_too_large())
    try:
        told = json.loads(done.stderr)
    except ValueError:
        told = {"fault": "broken", "why": _("it is damaged")}
    if fault := told.get("fault"):
        raise Unreadable(_words(fault, told.get("why", "")))
    return Unpacked(body, told["sheet"], tuple(told["others"]))


def _words(fault: str, why: str) -> str:
    if fault == "password":
        return _("The workbook is protected by a password: save it without one.")
    if fault == "memory":
        return _too_large()
    return _("The workbook cannot be read: %s.") % why.rstrip(".")


def _too_large() -> str:
    return _("The workbook is too large to be unpacked: save the sheet as CSV, and import that.")


def _check_archive(path: Path) -> None:
    """Look into an archive before anybody unpacks it."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(_words("broken", str(error))) from error
    names = {part.filename for part in parts}
    if not names & {"[Content_Types].xml", "content.xml"}:
        raise Unreadable(
            _("This is an archive (.zip), not a table: unpack it, and import the files in it.")
        )
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise Unreadable(
            _("The workbook would have %(size)s MB when unpacked; at most %(most)s MB are read.")
            % {"size": f"{unpacked // 1024**2:,}", "most": f"{MOST_UNPACKED // 1024**2:,}"}
        )
