"""What reading a table has in common, whatever the file: its rows, its caps, and how it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_FILE = 8 * 1024**3
"""Bytes. Reading takes no more memory however large a CSV file is; this is against mishaps."""
MOST_ROWS = 10_000_000
MOST_COLUMNS = 500
LONGEST_CELL = 200_000
"""Characters; the longest text that a field of other systems holds is about 131,000."""
LONGEST_ROW = 400_000
"""Characters. With the cap on columns it bounds what a single row can cost."""
MOST_UNPACKED = 1024**3
"""Bytes that a workbook may have when it is unpacked: more is a mishap, or a trap."""


class Unreadable(Exception):
    """The file is not a table that can be read; says in words what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins (the first is 1), and its cells as text.

    No cell has a zero byte in it: PostgreSQL could not keep it.
    """

    line: int
    cells: Sequence[str]
