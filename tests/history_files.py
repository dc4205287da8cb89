"""Files to import, written by the tests themselves; and what must hold of every history."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a CSV file: write_csv({"company": "Acme"}, …); the headings are all keys."""
    count = 0

    def write(*rows: dict[str, object], name: str = "") -> Path:
        nonlocal count
        count += 1
        path = tmp_path / (name or f"file{count}.csv")
        headers = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, headers)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def broken_histories() -> list[tuple[int, str]]:
    """Leads whose standing stage changes are no unbroken chain up to their stage; must be empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH steps AS (
                SELECT lead_id, from_stage, to_stage, at,
                       lag(to_stage, 1, '') OVER one AS before,
                       row_number() OVER (PARTITION BY lead_id ORDER BY at DESC, id DESC) AS from_end
                  FROM prospects_stagechange
                 WHERE superseded_at IS NULL
                WINDOW one AS (PARTITION BY lead_id ORDER BY at, id)
            )
            SELECT lead_id, 'from ' || from_stage || ' after ' || before
              FROM steps WHERE from_stage <> before
            UNION ALL
            SELECT lead.id, lead.stage || ' but history says ' || COALESCE(steps.to_stage, 'nothing')
              FROM prospects_lead AS lead
              LEFT JOIN steps ON steps.lead_id = lead.id AND steps.from_end = 1
             WHERE (lead.stage, lead.stage_at) IS DISTINCT FROM (steps.to_stage, steps.at)
            """
        )
        return list(cursor.fetchall())
