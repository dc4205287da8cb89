"""The lock on an address: who opts out, who suppresses and who submits take turns."""

from __future__ import annotations

from django.db import connection


def lock_address(hashed: str) -> None:
    """Hold an address (its keyed hash, see contactability) until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [hashed])
