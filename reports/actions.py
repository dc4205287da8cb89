"""Keeps the counts of months, so that opening a report costs the same however many leads there are.

See docs/decisions/0030-figures-are-counted-and-kept.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import connection, transaction

from reports.counting import count_month
from reports.models import MonthFigures
from reports.periods import Period
from team.models import Team

BESIDE = 10
"""How many times older than the month that is asked for those beside it may be."""
LOCK = 0x4D4F4E54  # "MONT": the first half of the key of the advisory lock; the second is the month


def count_anew(
    *,
    months: Sequence[Period],
    team_ids: Collection[int],
    now: datetime,
    at_most: timedelta | None = None,
) -> list[MonthFigures]:
    """Count what has no counts and what has aged, and give the counts that are kept then.

    The first of the months is the one that is asked for; it has aged when its counts are so old that
    counting them takes less than REPORT_SHARE of the time. Of those beside it, which may be older,
    one is counted at a time. Months without counts are counted until `at_most` is over, the newest
    first. `team_ids`: whose counts must be there; all teams are counted. Where another request
    counts a month already, the kept counts do; only for a month that has none it is waited.
    """
    rows = _kept(months)
    missing, aged = _due(months, rows, set(team_ids), now)
    began = monotonic()
    for month in missing:
        _count(month, now=now)
        if at_most is not None and monotonic() - began >= at_most.total_seconds():
            break
    for month in aged:
        _count(month, now=now)
    return _kept(months) if missing or aged else rows


def _kept(months: Sequence[Period]) -> list[MonthFigures]:
    return list(MonthFigures.objects.filter(month_on__in=[month.first_on for month in months]))


def _due(
    months: Sequence[Period], rows: Sequence[MonthFigures], team_ids: set[int], now: datetime
) -> tuple[list[Period], list[Period]]:
    """The months without counts, and those to count again."""
    counted = {row.month_on: row for row in rows}
    missing = [
        month
        for month in months
        if not team_ids <= {row.team_id for row in rows if row.month_on == month.first_on}
    ]
    missing.sort(key=lambda month: month.first_on, reverse=True)
    present = [m for m in months if m.first_on in counted and m not in missing]
    if settings.REPORT_SHARE >= 1:
        return missing, present

    def has_aged(month: Period, *, times: int = 1) -> bool:
        row = counted[month.first_on]
        return (now - row.counted_at) * settings.REPORT_SHARE > times * timedelta(
            milliseconds=row.took_ms
        )

    asked = [month for month in present if month == months[0] and has_aged(month)]
    beside = [m for m in present if m != months[0] and has_aged(m, times=BESIDE)]
    beside.sort(key=lambda month: counted[month.first_on].counted_at)
    return missing, asked + beside[:1]


def _count(month: Period, *, now: datetime) -> None:
    """Count the month for all teams and keep the counts, unless another request is just doing it."""
    with transaction.atomic():
        if not _locked(month) and _somebody_else_counted(month):
            return
        began = monotonic()
        trees = count_month(month, Team.objects.values_list("pk", flat=True))
        took_ms = 1000 * (monotonic() - began)
        MonthFigures.objects.bulk_create(
            [
                MonthFigures(
                    month_on=month.first_on,
                    team_id=team,
                    figures=tree,
                    counted_at=now,
                    took_ms=took_ms,
                )
                for team, tree in trees.items()
            ],
            update_conflicts=True,
            unique_fields=["month_on", "team"],
            update_fields=["figures", "counted_at", "took_ms"],
        )


def _locked(month: Period) -> bool:
    """Take the month's lock until the transaction ends, if it is free."""
    return _ask_lock("pg_try_advisory_xact_lock", month)


def _somebody_else_counted(month: Period) -> bool:
    """Whether there are counts to show; where there are none, wait for who is counting first."""
    kept = MonthFigures.objects.filter(month_on=month.first_on)
    if kept.exists():
        return True
    _ask_lock("pg_advisory_xact_lock", month)
    return kept.exists()


def _ask_lock(function: str, month: Period) -> bool:
    number = month.first_on.year * 12 + month.first_on.month
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK, number])
        return bool(cursor.fetchone()[0])
