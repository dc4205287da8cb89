"""The one clock for what the engine decides: the database's, which tests can shift.

Hosts disagree about the time; the database is one. A shift is set per database
(`ALTER DATABASE … SET leadflow.clock_shift = '1 hour'`) or per session.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func

CREATE = """
CREATE OR REPLACE FUNCTION leadflow_now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT statement_timestamp()
         + COALESCE(NULLIF(current_setting('leadflow.clock_shift', true), ''), '0')::interval
$$
"""
DROP = "DROP FUNCTION leadflow_now()"


class Now(Func):
    """The engine's now, inside a query."""

    function = "leadflow_now"
    template = "%(function)s()"
    output_field = DateTimeField()


def engine_now() -> datetime:
    """The engine's now (UTC): one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflow_now()")
        (now,) = cursor.fetchone()
    instant: datetime = now
    return instant
