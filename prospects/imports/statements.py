"""Statements in sets, for imports: SQL where the ORM would ask once a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


def execute(statement: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def fetch(statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


class CopyBuffer:
    """Rows on their way into a table by COPY.

    None and the empty string both arrive as NULL, but in the columns `texts` as the empty string.
    """

    def __init__(self, table: str, columns: Sequence[str], texts: Sequence[str] = ()) -> None:
        never_null = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
        self._command = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv{never_null})"
        self._start_anew()

    def _start_anew(self) -> None:
        self._text = io.StringIO()
        self.add = csv.writer(self._text).writerow

    def flush(self) -> None:
        if not self._text.tell():
            return
        self._text.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(self._command, self._text)
        self._start_anew()
