"""Staging tables: where the rows of a file wait between their reading and their filing.

A command's are temporary and end with its transaction. A job's outlive its worker: each import has a
schema of its own with unlogged tables, and beside the rows, in the same transactions, the position up to
which the file was read. If the database crashes, rows and position are gone together: the import starts
over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from prospects.imports.statements import execute, fetch

PREFIX = "import_"


@dataclass
class Position:
    """How far a file was read, and the names it brought so far."""

    line: int = 0
    read: int = 0
    refused: int = 0
    is_complete: bool = False
    sources: dict[str, str] = field(default_factory=dict)
    """Lower case to how the file writes it."""
    people: list[str] = field(default_factory=list)
    """Those nobody knows yet; the first is staged as -1, the next as -2."""


@dataclass(frozen=True)
class Staging:
    """Where the tables of one import are made: `schema`, or temporarily if that is empty."""

    schema: str = ""

    @classmethod
    def of(cls, intake_id: int) -> Staging:
        """The lasting one of an import."""
        return cls(f"{PREFIX}{intake_id}")

    def create(self, table: str, columns: Mapping[str, str]) -> None:
        """Make one table anew (`columns`: name to type)."""
        described = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        if self.schema:
            execute(f"DROP TABLE IF EXISTS {self.schema}.{table}")
            execute(f"CREATE UNLOGGED TABLE {self.schema}.{table} ({described})")
        else:
            execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
            execute(f"CREATE TEMPORARY TABLE {table} ({described}) ON COMMIT DROP")

    def enter(self) -> None:
        """For the rest of the transaction, statements that name the tables mean these."""
        if self.schema:
            execute(
                "SELECT set_config('search_path', %(schema)s || ', ' ||"
                " replace(current_setting('search_path'), %(schema)s || ', ', ''), true)",
                {"schema": self.schema},
            )

    # What follows is for lasting ones.

    def begin(self) -> Position:
        """Make the schema, or find it with what an earlier worker staged."""
        if not fetch("SELECT to_regnamespace(%(schema)s) IS NOT NULL", {"schema": self.schema})[0][
            0
        ]:
            execute(f"CREATE SCHEMA {self.schema}")
        self.enter()
        execute(
            f"CREATE UNLOGGED TABLE IF NOT EXISTS {self.schema}.position"
            " (line bigint, read bigint, refused bigint, is_complete boolean, sources jsonb,"
            " people jsonb)"
        )
        found = fetch("SELECT line, read, refused, is_complete, sources, people FROM position")
        if not found:
            return Position()
        line, read, refused, is_complete, sources, people = found[0]
        return Position(line, read, refused, is_complete, json.loads(sources), json.loads(people))

    def mark(self, position: Position) -> None:
        """Remember the position, in the transaction that stages the rows up to it."""
        given: dict[str, Any] = {
            "line": position.line,
            "read": position.read,
            "refused": position.refused,
            "is_complete": position.is_complete,
            "sources": json.dumps(position.sources),
            "people": json.dumps(position.people),
        }
        execute("DELETE FROM position")
        execute(
            "INSERT INTO position VALUES"
            " (%(line)s, %(read)s, %(refused)s, %(is_complete)s, %(sources)s, %(people)s)",
            given,
        )

    def drop(self) -> None:
        execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")


TEMPORARY = Staging()


def staged_imports() -> list[int]:
    """The imports that have staging tables."""
    found = fetch(
        "SELECT substr(nspname, %(from)s)::bigint FROM pg_namespace WHERE nspname ~ %(pattern)s",
        {"from": len(PREFIX) + 1, "pattern": f"^{PREFIX}[0-9]+$"},
    )
    return [pk for (pk,) in found]


def analyze(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"ANALYZE {table}" for table in tables))
