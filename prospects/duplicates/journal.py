"""What a merge changed, row by row, so that it can be undone exactly.

Rows are kept as the database has them (to_jsonb) and put back by it (jsonb_populate_record): their
values never pass through Python, which would round some. Whoever calls it holds the locks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection
from django.db.models import Model

from prospects.imports.statements import execute, fetch

LATER = frozenset(
    {
        "activity_at", "complete_attempts", "conversation_at", "documented", "next_touch_at",
        "next_touch_channel", "next_touch_rank", "next_touch_why", "open_attributes",
        "outbound_touches", "reassess_at", "search_text", "version",
    }
)  # fmt: skip
"""Columns that follow from others or only count: that they moved on does not stand in the way of undoing;
whoever undoes brings them up to date."""


@dataclass(frozen=True)
class Conflict:
    """A column that was written again since the merge, or a row that is gone (`column` empty)."""

    model: type[Model]
    row_id: int
    column: str


class Journal:
    """The journal of one merge."""

    def __init__(self, merge_id: int) -> None:
        self.merge_id = merge_id
        self._past: Collection[str] = ()

    def remember(self, model: type[Model], column: str, ids: Collection[int]) -> None:
        """Keep the rows whose `column` is one of `ids` as they are now; once kept is enough."""
        table, key = table_of(model), key_of(model)
        execute(
            f"""
            INSERT INTO prospects_mergechange (merge_id, table_name, row_id, before)
            SELECT %(merge)s, %(table)s, line.{key}, to_jsonb(line)
              FROM {table} AS line WHERE line.{column} = ANY(%(ids)s)
                ON CONFLICT DO NOTHING
            """,  # noqa: S608 - names of the models' own
            {"merge": self.merge_id, "table": table, "ids": list(ids)},
        )

    def note_made(self, model: type[Model], column: str, of: int, *, after_id: int) -> None:
        """Keep that the merge made the rows of `of` with greater ids."""
        table, key = table_of(model), key_of(model)
        execute(
            f"""
            INSERT INTO prospects_mergechange (merge_id, table_name, row_id)
            SELECT %(merge)s, %(table)s, line.{key}
              FROM {table} AS line WHERE line.{column} = %(of)s AND line.{key} > %(after)s
                ON CONFLICT DO NOTHING
            """,  # noqa: S608 - names of the models' own
            {"merge": self.merge_id, "table": table, "of": of, "after": after_id},
        )

    def close(self) -> None:
        """Write what became of the rows, and forget what the merge left as it was."""
        for model in self._models():
            execute(
                f"""
                UPDATE prospects_mergechange AS change SET after = to_jsonb(line)
                  FROM {table_of(model)} AS line
                 WHERE change.merge_id = %(merge)s AND change.table_name = %(table)s
                   AND line.{key_of(model)} = change.row_id
                """,  # noqa: S608 - names of the models' own
                self._of(model),
            )
        execute(
            "DELETE FROM prospects_mergechange WHERE merge_id = %(merge)s AND before = after",
            {"merge": self.merge_id},
        )
        execute(
            """
            UPDATE prospects_mergechange AS change
               SET before = differs.before, after = differs.after
              FROM prospects_mergechange AS whole
             CROSS JOIN LATERAL (
                       SELECT jsonb_object_agg(key, value) AS before,
                              jsonb_object_agg(key, whole.after -> key) AS after
                         FROM jsonb_each(whole.before)
                        WHERE value IS DISTINCT FROM whole.after -> key
                   ) AS differs
             WHERE change.id = whole.id AND whole.merge_id = %(merge)s
               AND whole.before IS NOT NULL AND whole.after IS NOT NULL
            """,
            {"merge": self.merge_id},
        )

    def conflicts(self) -> list[Conflict]:
        """What somebody changed since, of what the merge changed or made."""
        found = []
        for model in self._models():
            rows = fetch(
                f"""
                SELECT DISTINCT change.row_id, CASE WHEN line.* IS NULL THEN '' ELSE said.key END
                  FROM prospects_mergechange AS change
                 CROSS JOIN LATERAL jsonb_each(change.after) AS said
                  LEFT JOIN {table_of(model)} AS line ON line.{key_of(model)} = change.row_id
                 WHERE change.merge_id = %(merge)s AND change.table_name = %(table)s
                   AND said.key <> ALL(%(later)s)
                   AND to_jsonb(line) -> said.key IS DISTINCT FROM said.value
                 ORDER BY 1, 2
                """,  # noqa: S608 - names of the models' own
                {**self._of(model), "later": sorted(LATER)},
            )
            found += [Conflict(model, row_id, column) for row_id, column in rows]
        return found

    def went_on(self, model: type[Model], row_id: int) -> bool:
        """Whether the columns that follow from others moved on since, so that more happened there."""
        [(moved,)] = fetch(
            f"""
            SELECT EXISTS (
                SELECT 1 FROM prospects_mergechange AS change
                 CROSS JOIN LATERAL jsonb_each(change.after) AS said
                  JOIN {table_of(model)} AS line ON line.{key_of(model)} = change.row_id
                 WHERE change.merge_id = %(merge)s AND change.table_name = %(table)s
                   AND change.row_id = %(row)s
                   AND to_jsonb(line) -> said.key IS DISTINCT FROM said.value)
            """,  # noqa: S608 - names of the models' own
            {**self._of(model), "row": row_id},
        )
        return bool(moved)

    def undo(self, *, last: type[Model], past: Collection[str]) -> None:
        """Put everything back as it was; rows of the model `last` after all others.

        `past`: the triggers that keep histories, which stand aside for these statements. Call it in a
        transaction: foreign keys are looked at when it ends.
        """
        self._past = past
        models = sorted(self._models(), key=lambda model: model is last)
        for model in models:
            self._write(
                f"""
                DELETE FROM {table_of(model)} WHERE {key_of(model)} IN (
                    SELECT row_id FROM prospects_mergechange
                     WHERE merge_id = %s AND table_name = %s AND before IS NULL)
                """,  # noqa: S608 - names of the models' own
                model,
            )
        for model in models:
            self._put_back_columns(model)
        for model in models:
            self._write(
                f"""
                INSERT INTO {table_of(model)}
                SELECT line.* FROM prospects_mergechange AS change
                 CROSS JOIN LATERAL jsonb_populate_record(
                                        NULL::{table_of(model)}, change.before) AS line
                 WHERE change.merge_id = %s AND change.table_name = %s
                   AND change.before IS NOT NULL AND change.after IS NULL
                """,  # noqa: S608 - names of the models' own
                model,
            )

    def rows(self, model: type[Model]) -> set[int]:
        """The ids of the rows that it holds of a model."""
        return {
            pk
            for (pk,) in fetch(
                """
                SELECT row_id FROM prospects_mergechange
                 WHERE merge_id = %(merge)s AND table_name = %(table)s
                """,
                self._of(model),
            )
        }

    def _put_back_columns(self, model: type[Model]) -> None:
        changed = fetch(
            """
            SELECT DISTINCT jsonb_object_keys(before) FROM prospects_mergechange
             WHERE merge_id = %(merge)s AND table_name = %(table)s
               AND before IS NOT NULL AND after IS NOT NULL
            """,
            self._of(model),
        )
        columns = _known(model, (name for (name,) in changed))
        if not columns:
            return
        self._write(
            f"""
            UPDATE {table_of(model)} AS line
               SET {", ".join(f"{column} = was.{column}" for column in columns)}
              FROM prospects_mergechange AS change
              JOIN {table_of(model)} AS stored ON stored.{key_of(model)} = change.row_id
             CROSS JOIN LATERAL jsonb_populate_record(stored, change.before) AS was
             WHERE change.merge_id = %s AND change.table_name = %s
               AND change.before IS NOT NULL AND change.after IS NOT NULL
               AND line.{key_of(model)} = stored.{key_of(model)}
            """,  # noqa: S608 - names of the models' own
            model,
        )

    def _write(self, statement: str, model: type[Model]) -> None:
        """One statement, its parameters by place: so does pgtrigger.ignore put its own before them."""
        with pgtrigger.ignore(*self._past), connection.cursor() as cursor:
            cursor.execute(statement, [self.merge_id, table_of(model)])

    def _models(self) -> list[type[Model]]:
        tables = fetch(
            """
            SELECT DISTINCT table_name FROM prospects_mergechange
             WHERE merge_id = %(merge)s ORDER BY table_name
            """,
            {"merge": self.merge_id},
        )
        by_table = {table_of(model): model for model in apps.get_models()}
        return [by_table[table] for (table,) in tables]

    def _of(self, model: type[Model]) -> dict[str, Any]:
        return {"merge": self.merge_id, "table": table_of(model)}


def table_of(model: type[Model]) -> str:
    return model._meta.db_table  # noqa: SLF001 - Django's own, documented


def key_of(model: type[Model]) -> str:
    """The column of its primary key."""
    pk = model._meta.pk  # noqa: SLF001
    assert pk is not None
    return str(pk.column)


def _known(model: type[Model], columns: Iterable[str]) -> list[str]:
    """Those that the model still has: what an upgrade took away is not put back."""
    fields = model._meta.concrete_fields  # noqa: SLF001
    return sorted({field.column for field in fields} & set(columns))


def greatest_id(model: type[Model]) -> int:
    """So that what is made from now on can be told by its id."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(max({key_of(model)}), 0) FROM {table_of(model)}"  # noqa: S608
        )
        return int(cursor.fetchone()[0])
