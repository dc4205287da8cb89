"""When a month is counted again, and by whom: the cost of looking stays the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from prospects.models import Lead
from reports import actions
from reports.actions import count_anew
from reports.models import MonthFigures
from reports.periods import Period
from reports.reads import monthly_report, program_report
from team.models import Team, User
from tests.fixtures import NOW
from tests.reports.conftest import JUNE, MAY

SECOND = timedelta(seconds=1)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The months that were counted, in their order; each count takes 100 ms by the row."""
    made: list[str] = []
    count = actions.count_month

    def watched(month: Period, team_ids: Any) -> Any:
        made.append(month.key)
        return count(month, team_ids)

    monkeypatch.setattr(actions, "count_month", watched)
    return made


def took(milliseconds: float) -> None:
    MonthFigures.objects.update(took_ms=milliseconds)


@pytest.mark.django_db
def test_counts_are_kept_until_they_are_old_for_their_cost(
    lived: Callable[..., Lead], jennifer: User, counts: list[str], settings: Any
) -> None:
    settings.REPORT_SHARE = 0.05

    def received(after: timedelta) -> int:
        return monthly_report(JUNE, user=jennifer, now=NOW + after).figures.leads_received

    lived(("raw", "05-03 09:00"))
    lived(("raw", "06-03 09:00"))
    assert received(0 * SECOND) == 1
    assert counts == ["2026-06", "2026-05"]
    took(100)
    lived(("raw", "06-04 09:00"))
    assert received(2 * SECOND) == 1, "twenty times 100 ms have not passed"
    assert counts == ["2026-06", "2026-05"]
    assert received(2.1 * SECOND) == 2
    assert counts == ["2026-06", "2026-05", "2026-06"], "the month beside it may be older"
    took(100)
    assert received(21 * SECOND) == 2
    assert counts[3:] == ["2026-06", "2026-05"]


@pytest.mark.django_db
def test_the_page_says_as_of_when_it_is(
    lived: Callable[..., Lead], jennifer: User, settings: Any
) -> None:
    settings.REPORT_SHARE = 0.05
    lived(("raw", "06-03 09:00"))
    monthly_report(JUNE, user=jennifer, now=NOW)
    took(60_000)
    report = monthly_report(JUNE, user=jennifer, now=NOW + timedelta(minutes=5))
    assert report.counted_at == NOW


@pytest.mark.django_db
def test_a_kept_month_costs_few_queries(
    lived: Callable[..., Lead],
    touched: Any,
    handed: Any,
    carol: User,
    jennifer: User,
    settings: Any,
    django_assert_num_queries: Any,
) -> None:
    settings.REPORT_SHARE = 0.000001

    def live(count: int) -> None:
        for _ in range(count):
            lead = lived(("raw", "06-03 09:00"), ("nurturing", "06-04 09:00"), rep=carol)
            touched(lead, ("phone", "no_answer", "06-05 10:00"))
            handed(lead, "06-10 10:00")

    live(2)
    monthly_report(JUNE, user=jennifer, now=NOW)
    live(10)
    user = User.objects.get(pk=jennifer.pk)  # nothing known of them yet
    with django_assert_num_queries(10):
        report = monthly_report(JUNE, user=user, now=NOW)
    assert report.figures.handed_off == 2, "kept"
    assert sum(len(rep.lines) for rep in report.handoffs) == 12, "the table is of now"


@pytest.mark.django_db
def test_a_new_team_is_counted_at_once(
    lived: Callable[..., Lead], jennifer: User, region: Team, settings: Any
) -> None:
    settings.REPORT_SHARE = 0.000001
    lived(("raw", "06-03 09:00"))
    monthly_report(JUNE, user=jennifer, now=NOW)
    west = Team.objects.create(name="West", parent=region)
    lived(("raw", "06-03 09:00"), team=west)
    user = User.objects.get(pk=jennifer.pk)
    assert monthly_report(JUNE, user=user, now=NOW).figures.leads_received == 2


@pytest.mark.django_db
def test_the_program_is_shown_as_far_as_it_is_counted(
    lived: Callable[..., Lead],
    jennifer: User,
    counts: list[str],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.REPORT_SHARE = 0.05
    lived(("raw", "01-03 09:00"))
    lived(("raw", "06-03 09:00"))
    clock = iter(range(0, 1000, 1))
    monkeypatch.setattr(actions, "monotonic", lambda: next(clock))  # each look takes a second
    report = program_report(user=jennifer, now=NOW, patience=timedelta(seconds=5))
    assert counts == ["2026-06", "2026-05"], "the newest come first"
    assert (len(report.months), report.waiting_months) == (2, 4)
    assert report.totals.leads_received == 1
    report = program_report(user=jennifer, now=NOW, patience=None)
    assert (len(report.months), report.waiting_months) == (6, 0)
    assert report.totals.leads_received == 2


@pytest.mark.django_db
def test_of_many_months_that_have_aged_two_are_counted_at_a_time(
    lived: Callable[..., Lead], jennifer: User, counts: list[str], settings: Any
) -> None:
    settings.REPORT_SHARE = 0.05
    lived(("raw", "03-03 09:00"))
    program_report(user=jennifer, now=NOW, patience=None)
    took(100)
    del counts[:]
    for minutes in (1, 2, 3, 4, 5):
        program_report(user=jennifer, now=NOW + timedelta(minutes=minutes))
        took(100)
    beside = ["2026-05", "2026-04", "2026-03"]
    assert counts[::2] == ["2026-06"] * 5
    assert sorted(counts[1:6:2]) == sorted(beside), "each in its turn"


@pytest.fixture
def another_connection(
    transactional_db: None,
) -> Callable[[Callable[[], Any]], list[Any]]:
    """Run something as another request would, on a connection of its own."""

    def run(call: Callable[[], Any]) -> list[Any]:
        found: list[Any] = []

        def work() -> None:
            try:
                found.append(call())
            finally:
                connection.close()

        thread = Thread(target=work)
        thread.start()
        thread.join(timeout=20)
        return found

    return run


@pytest.mark.django_db(transaction=True)
def test_one_request_counts_and_the_others_show_what_is_kept(
    lived: Callable[..., Lead],
    northeast: Team,
    another_connection: Callable[[Callable[[], Any]], list[Any]],
    counts: list[str],
) -> None:
    lived(("raw", "05-03 09:00"))

    def look() -> list[MonthFigures]:
        return count_anew(months=[MAY], team_ids=[northeast.pk], now=NOW)

    [kept] = [row for row in look() if row.team_id == northeast.pk]
    with transaction.atomic():
        actions._locked(MAY)  # this request is counting
        lived(("raw", "05-04 09:00"))
        [rows] = another_connection(look)
    assert counts == ["2026-05"]
    assert {row.team_id: row.figures for row in rows}[northeast.pk] == kept.figures
    [rows] = another_connection(look)
    assert counts == ["2026-05", "2026-05"], "and now it is its turn"


@pytest.mark.django_db(transaction=True)
def test_the_first_count_is_waited_for(
    lived: Callable[..., Lead],
    northeast: Team,
    counts: list[str],
    transactional_db: None,
) -> None:
    """Five look at once at a month that nobody has counted: it is counted once, all see it."""
    lived(("raw", "05-03 09:00"))
    found: list[int] = []

    def look() -> None:
        try:
            rows = count_anew(months=[MAY], team_ids=[northeast.pk], now=NOW)
            found.append(len(rows))
        finally:
            connection.close()

    threads = [Thread(target=look) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert found == [Team.objects.count()] * 5
    assert set(counts) == {"2026-05"}
    assert len(counts) < 5
