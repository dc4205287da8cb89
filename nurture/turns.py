"""Turns of periodic work: who inserts the row of a slot of time does the work, nobody else."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

_TAKE = """
    INSERT INTO nurture_turn (task, slot)
    VALUES (%(task)s, date_bin(%(every)s * interval '1 second', leadflow_now(), '2000-01-01 00:00Z'))
    ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM nurture_turn WHERE slot < leadflow_now() - interval '7 days'"


def take_turn(task: str, every: timedelta) -> bool:
    """Whether it is ours to do this task in the present slot of `every`: any number may ask."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"task": task, "every": every.total_seconds()})
        return bool(cursor.rowcount)


def forget_turns() -> None:
    """Drop the turns of more than a week ago."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET)
