"""What the reports say of the UCI bank file is what its README says of it, to the last person."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reports.behind import figure_list
from reports.models import MonthFigures
from reports.periods import EVERYTHING, Period
from reports.reads import ProgramReport, monthly_report, period_of, program_report
from team.models import Role, User
from tests.journey.conftest import Bank

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

AFTERWARDS = datetime(2010, 12, 1, 9, tzinfo=UTC)
PEOPLE, CALLS, WON = 45_211, 124_956, 5_289


@pytest.fixture
def ada(bank: Bank) -> User:
    return User.objects.create_user("ada@bank.example", "x", name="Ada", role=Role.ADMIN)


def test_the_reports_say_what_the_readme_says(ada: User) -> None:
    program = program_report(user=ada, now=AFTERWARDS, patience=None)
    check_the_program(program, ada)
    check_a_month(program, ada)


def check_the_program(program: ProgramReport, ada: User) -> None:
    totals = program.totals
    assert (totals.leads_received, totals.new_prospects) == (PEOPLE, PEOPLE)
    assert (totals.touches, totals.attempts) == (CALLS, CALLS)
    assert (totals.handed_off, totals.won, totals.disqualified) == (WON, WON, PEOPLE - WON)
    assert (totals.under_development, totals.lost, totals.unable_to_qualify) == (0, 0, 0)
    assert round(100 * totals.won / totals.leads_received, 2) == 11.70
    assert round(totals.touches / totals.leads_received, 2) == 2.76

    by_name: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for of in program.months:
        people, won = by_name[of.month.first_on.month]
        ended = of.figures.won + of.figures.disqualified
        by_name[of.month.first_on.month] = (people + ended, won + of.figures.won)
    assert dict(by_name) == {
        1: (1_403, 142), 2: (2_649, 441), 3: (477, 248), 4: (2_932, 577), 5: (13_766, 925),
        6: (5_341, 546), 7: (6_895, 627), 8: (6_247, 688), 9: (579, 269), 10: (738, 323),
        11: (3_970, 403), 12: (214, 100),
    }  # fmt: skip

    assert {of.name: (of.received, of.won) for of in program.sources} == {
        "cellular": (29_285, 4_369),
        "telephone": (2_906, 390),
        "unknown": (13_020, 530),
    }

    assert [(of.attempt, of.leads, of.won) for of in program.yields[:10]] == [
        (1, 45_211, 2_561), (2, 27_667, 1_401), (3, 15_162, 618), (4, 9_641, 317), (5, 6_119, 139),
        (6, 4_355, 92), (7, 3_064, 47), (8, 2_329, 32), (9, 1_789, 21), (10, 1_462, 14),
    ]  # fmt: skip
    assert sum(of.won for of in program.yields) == WON

    period = period_of(EVERYTHING, user=ada, now=AFTERWARDS)
    lists = {
        name: figure_list(name, period, narrowing={"attempt": "10"}, user=ada, cursor="").count
        for name in ("attempt_reached", "attempt_won")
    }
    assert lists == {"attempt_reached": 1_462, "attempt_won": 14}


def check_a_month(program: ProgramReport, ada: User) -> None:
    month = Period.parse("2009-05", ZoneInfo("UTC"))
    [of] = [of for of in program.months if of.month.key == month.key]
    report = monthly_report(month, user=ada, now=AFTERWARDS)
    assert report.figures == of.figures
    won = figure_list("won", month, narrowing={}, user=ada, cursor="")
    assert won.count == report.figures.won > 100
    assert str(report.sentences[0]) == (
        f"In May, marketing added {report.figures.new_prospects:,} new prospects to the program."
    )
    assert report.figures.under_development == (
        figure_list("under_development", month, narrowing={}, user=ada, cursor="").count
    )
    assert MonthFigures.objects.filter(month_on=month.first_on).exists()
