"""The injector's clock: runs fast, jumps, and is the same for every session at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

_CREATE = """
CREATE TABLE faults_clock (base timestamptz, started timestamptz, speed double precision,
                           shift interval);
INSERT INTO faults_clock VALUES (%(base)s, clock_timestamp(), %(speed)s, '0');
CREATE OR REPLACE FUNCTION leadflow_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT base + (statement_timestamp() - started) * speed + shift FROM faults_clock
$$
"""
MORNING, AFTERNOON = 11, 16
"""Hours in New York. What missed its time is spread over the rest of a day: two looks a day find it."""


class FastClock:
    """Engine time: so many seconds to a real one, from office hours to office hours.

    The shift of ±1 h comes on top, so that the clock also goes back.
    """

    def __init__(self, base: datetime, speed: float) -> None:
        self.base = base
        with connection.cursor() as cursor:
            cursor.execute(_CREATE, {"base": base, "speed": speed})

    def go_on(self) -> None:
        """To the afternoon, or to the morning of the next working day."""
        if self.base.hour < AFTERNOON + 4:
            self.base = self.base.replace(hour=AFTERNOON + 4, minute=30)
        else:
            self.base = self.base.replace(hour=MORNING + 4, minute=0) + timedelta(days=1)
            while self.base.isoweekday() > 5:
                self.base += timedelta(days=1)
        self._set("base = %s, started = clock_timestamp()", self.base)

    def shift(self, by: timedelta) -> None:
        self._set("shift = make_interval(secs => %s)", by.total_seconds())

    def _set(self, what: str, value: datetime | float) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE faults_clock SET {what}", [value])  # noqa: S608 - words of ours
