"""Small lives of leads, and the figures that a month must make of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from handoff.models import Handoff
from prospects.models import Lead, Source, SourceCost, StageChange
from reports.counting import count_month
from reports.figures import MonthFigures, month_figures
from reports.periods import Period
from reports.reads import monthly_report, program_report
from team.models import Team, User
from tests.fixtures import NOW
from tests.reports.conftest import JUNE, MAY, NEW_YORK, at

Lived = Callable[..., Lead]
Handed = Callable[..., Handoff]
Touched = Callable[..., None]

pytestmark = pytest.mark.django_db


def counted(month: Period, team: Team) -> dict[str, Any]:
    return count_month(month, [team.pk])[team.pk]


def figures(month: Period, team: Team) -> MonthFigures:
    return month_figures(counted(month, team))


RAW, IN = ("raw", "05-03 09:00"), ("nurturing", "05-04 09:00")

LIVES: list[tuple[str, tuple[tuple[str, ...], ...], dict[str, int], dict[str, int]]] = [
    # what happened, the steps, what May says of it, what June says of it
    ("only received", (RAW,), {"leads_received": 1}, {}),
    (
        "received as the month ends",
        (("raw", "05-31 23:59"),),
        {"leads_received": 1},
        {},
    ),
    ("received as the month begins", (("raw", "06-01 00:00"),), {}, {"leads_received": 1}),
    (
        "screened out the same month",
        (RAW, ("screened_out", "05-03 09:01", "student")),
        {"leads_received": 1, "leads_screened_out": 1},
        {},
    ),
    (
        "screened out the next month: that is not in time for May, and it is not of June",
        (RAW, ("screened_out", "06-01 00:00", "student")),
        {"leads_received": 1},
        {},
    ),
    (
        "screened out and restored: it is not screened out",
        (RAW, ("screened_out", "05-03 10:00", "student"), ("raw", "05-09 10:00", "restored")),
        {"leads_received": 1},
        {},
    ),
    (
        "screened out and restored a month later: May stays what it was",
        (RAW, ("screened_out", "05-03 10:00", "student"), ("raw", "06-09 10:00", "restored")),
        {"leads_received": 1, "leads_screened_out": 1},
        {},
    ),
    (
        "restored and screened out for good",
        (
            RAW,
            ("screened_out", "05-03 10:00", "student"),
            ("raw", "05-09 10:00", "restored"),
            ("screened_out", "05-10 10:00", "consultant"),
        ),
        {"leads_received": 1, "leads_screened_out": 1},
        {},
    ),
    (
        "in the program",
        (RAW, IN),
        {"leads_received": 1, "new_prospects": 1, "under_development": 1},
        {"under_development": 1},
    ),
    (
        "entered as the next month begins",
        (RAW, ("nurturing", "06-01 00:00")),
        {"leads_received": 1},
        {"new_prospects": 1, "under_development": 1},
    ),
    (
        "qualified and back: under development both, qualified once",
        (
            RAW,
            IN,
            ("qualified", "05-20 09:00"),
            ("nurturing", "05-25 09:00", "gate_closed"),
            ("qualified", "06-03 09:00"),
        ),
        {"leads_received": 1, "new_prospects": 1, "under_development": 1, "qualified": 1},
        {"under_development": 1},
    ),
    (
        "disqualified",
        (RAW, IN, ("disqualified", "06-05 09:00", "no_need")),
        {"leads_received": 1, "new_prospects": 1, "under_development": 1},
        {"disqualified": 1},
    ),
    (
        "given up, and revived in the same month",
        (
            RAW,
            IN,
            ("unable_to_qualify", "06-05 09:00", "attempts_used_up"),
            ("nurturing", "06-20 09:00", "revived"),
        ),
        {"leads_received": 1, "new_prospects": 1, "under_development": 1},
        {"unable_to_qualify": 1, "under_development": 1},
    ),
    (
        "disqualified twice: left twice",
        (
            RAW,
            IN,
            ("disqualified", "06-05 09:00", "no_need"),
            ("nurturing", "06-06 09:00", "revived"),
            ("disqualified", "06-07 09:00", "no_fit"),
        ),
        {"leads_received": 1, "new_prospects": 1, "under_development": 1},
        {"disqualified": 2},
    ),
    (
        "raw, and disqualified at once",
        (RAW, ("disqualified", "05-03 12:00", "out_of_business")),
        {"leads_received": 1, "disqualified": 1},
        {},
    ),
    (
        "several steps at one instant: the last of them stands",
        (
            RAW,
            ("nurturing", "05-31 23:00"),
            ("qualified", "05-31 23:00"),
            ("handed_off", "05-31 23:00"),
        ),
        {"leads_received": 1, "new_prospects": 1, "qualified": 1},
        {},
    ),
    (
        "with sales: no longer under development; returned: again",
        (
            RAW,
            IN,
            ("qualified", "05-20 09:00"),
            ("handed_off", "05-21 09:00"),
            ("nurturing", "06-02 09:00", "returned"),
        ),
        {"leads_received": 1, "new_prospects": 1, "qualified": 1},
        {"under_development": 1},
    ),
]


@pytest.mark.parametrize(("what", "steps", "may", "june"), LIVES, ids=[life[0] for life in LIVES])
def test_a_life_in_figures(lived, northeast, carol, what, steps, may, june):
    lived(*steps, rep=carol)
    for month, expected in ((MAY, may), (JUNE, june)):
        found = figures(month, northeast)
        names = ("leads_received", "leads_screened_out", "new_prospects", "under_development",
                 "qualified", "disqualified", "unable_to_qualify")  # fmt: skip
        told = {name: getattr(found, name) for name in names if getattr(found, name)}
        assert told == expected, month.key


def test_lives_do_not_mix(lived, northeast, carol):
    for _what, steps, _may, _june in LIVES:
        lived(*steps, rep=carol)
    told = {MAY: [life[2] for life in LIVES], JUNE: [life[3] for life in LIVES]}
    for month, lives in told.items():
        found = figures(month, northeast)
        for name in ("leads_received", "leads_screened_out", "under_development", "disqualified"):
            assert getattr(found, name) == sum(life.get(name, 0) for life in lives)


def test_the_borders_are_those_of_the_organisation(lived, organisation, jennifer):
    """Half past midnight of June 1 in New York is still May in Los Angeles."""
    lived(("raw", "06-01 00:30"))

    def received(zone: str) -> list[int]:
        organisation.timezone = zone
        organisation.save()
        user = User.objects.get(pk=jennifer.pk)
        return [
            monthly_report(Period.parse(key, user.zone), user=user, now=NOW).figures.leads_received
            for key in ("2026-05", "2026-06")
        ]

    assert received("America/New_York") == [0, 1]
    assert received("America/Los_Angeles") == [1, 0]


@pytest.mark.parametrize(
    ("received", "march", "november"),
    [
        ("2026-03-01 00:00", 1, 0),
        ("2026-03-31 23:30", 1, 0),  # an hour later by the clock of the winter
        ("2026-04-01 00:00", 0, 0),
        ("2026-11-01 00:00", 0, 1),
        ("2026-11-01 01:30", 0, 1),  # this hour comes twice
        ("2026-11-30 23:30", 0, 1),
        ("2026-12-01 00:00", 0, 0),
    ],
)
def test_months_in_which_the_clocks_change(lived, northeast, received, march, november):
    lived(("raw", received))
    assert figures(Period.parse("2026-03", NEW_YORK), northeast).leads_received == march
    assert figures(Period.parse("2026-11", NEW_YORK), northeast).leads_received == november


def test_a_superseded_history_does_not_count(lived, northeast):
    lead = lived(RAW, IN, ("disqualified", "05-20 09:00", "no_need"))
    wrong = StageChange.objects.get(lead=lead, to_stage="disqualified")
    StageChange.objects.filter(pk=wrong.pk).update(superseded_at=NOW)
    StageChange.objects.create(
        lead=lead,
        from_stage="nurturing",
        to_stage="disqualified",
        at=at("06-02 09:00"),
        reason="no_fit",
        brought_along=True,
    )
    may, june = figures(MAY, northeast), figures(JUNE, northeast)
    assert (may.disqualified, may.under_development) == (0, 1)
    assert (june.disqualified, june.under_development) == (1, 0)
    assert counted(JUNE, northeast)["disqualified"] == {"no_fit": 1}


def test_mqls_count_in_the_month_they_became_so(lived, northeast):
    lived(RAW, IN, mql="05-31 23:59")
    lived(RAW, IN, mql="06-01 00:00")
    assert (figures(MAY, northeast).mqls, figures(JUNE, northeast).mqls) == (1, 1)


HANDOFFS: list[tuple[str, dict[str, Any], dict[str, int], dict[str, int]]] = [
    ("no word yet", {}, {"handed_off": 1}, {}),
    ("accepted", {"accepted": "05-31 23:59"}, {"handed_off": 1, "accepted": 1}, {}),
    (
        "accepted as the next month begins: May knows nothing of it, June neither",
        {"accepted": "06-01 00:00"},
        {"handed_off": 1},
        {},
    ),
    ("returned", {"returned": "05-31 10:00"}, {"handed_off": 1, "returned": 1}, {}),
    ("overdue", {"overdue": "05-31 10:00"}, {"handed_off": 1, "overdue": 1}, {}),
    (
        "overdue, then accepted after all",
        {"overdue": "05-31 10:00", "accepted": "05-31 12:00"},
        {"handed_off": 1, "accepted": 1},
        {},
    ),
    (
        "overdue at the end of the month, accepted after it",
        {"overdue": "05-31 10:00", "accepted": "06-01 12:00"},
        {"handed_off": 1, "overdue": 1},
        {},
    ),
    (
        "won the month after",
        {"accepted": "05-30 12:00", "won": "06-10 12:00", "revenue": 90_000},
        {"handed_off": 1, "accepted": 1},
        {"won": 1},
    ),
    (
        "won as the month ends, to the instant",
        {"accepted": "05-30 12:00", "won": "05-31 23:59", "revenue": 90_000},
        {"handed_off": 1, "accepted": 1, "won": 1},
        {},
    ),
    (
        "lost",
        {"accepted": "05-30 12:00", "lost": "06-10 12:00"},
        {"handed_off": 1, "accepted": 1},
        {"lost": 1},
    ),
]


@pytest.mark.parametrize(
    ("what", "fate", "may", "june"), HANDOFFS, ids=[handoff[0] for handoff in HANDOFFS]
)
def test_a_handoff_in_figures(lived, handed, northeast, carol, what, fate, may, june):
    lead = lived(RAW, IN, ("qualified", "05-20 09:00"), ("handed_off", "05-29 10:00"), rep=carol)
    handed(lead, "05-29 10:00", **fate)
    for month, expected in ((MAY, may), (JUNE, june)):
        found = figures(month, northeast)
        names = ("handed_off", "accepted", "returned", "overdue", "won", "lost")
        told = {name: getattr(found, name) for name in names if getattr(found, name)}
        assert told == expected, month.key
        assert found.potential_revenue == 100_000 * expected.get("handed_off", 0)
        assert found.won_revenue == 90_000 * expected.get("won", 0)


def test_a_lead_handed_off_twice_is_two_handoffs(lived, handed, northeast, carol):
    lead = lived(RAW, IN, ("qualified", "05-20 09:00"), ("handed_off", "05-29 10:00"), rep=carol)
    handed(lead, "06-02 10:00", returned="06-03 10:00", potential=200_000)
    handed(lead, "06-20 10:00", accepted="06-20 11:00", potential=300_000)
    june = figures(JUNE, northeast)
    assert (june.handed_off, june.returned, june.accepted) == (2, 1, 1)
    assert june.potential_revenue == 500_000
    assert counted(MAY, northeast)["received"] == {
        str(lead.source_id): {"leads": 1, "qualified": 1, "qualified_by_end": 1, "handed_off": 1}
    }, "one lead of its source, however often it was handed off"


def test_cents_are_not_lost(lived, handed, northeast, carol):
    lead = lived(RAW, IN, rep=carol)
    handoff = handed(lead, "06-02 10:00", won="06-05 10:00")
    Handoff.objects.filter(pk=handoff.pk).update(
        potential_revenue=Decimal("0.01"), revenue=Decimal("99999999.99")
    )
    june = figures(JUNE, northeast)
    assert (june.potential_revenue, june.won_revenue) == (Decimal("0.01"), Decimal("99999999.99"))


def test_sources_tell_what_became_of_the_leads_received(lived, handed, northeast, carol, fair):
    webinar = Source.objects.create(name="Webinar", kind="content")
    SourceCost.objects.create(source=webinar, month_on=JUNE.first_on, amount=Decimal(1000))
    SourceCost.objects.create(source=webinar, month_on=MAY.first_on, amount=Decimal(77))
    first = lived(
        ("raw", "06-01 00:00"),
        ("nurturing", "06-02 00:00"),
        ("qualified", "07-03 00:00"),
        ("handed_off", "07-04 00:00"),
        ("accepted", "07-05 00:00"),
        ("won", "08-01 00:00"),
        source=webinar,
        mql="06-20 00:00",
        rep=carol,
    )
    handed(first, "07-04 00:00", accepted="07-05 00:00", won="08-01 00:00", revenue=50_000)
    lived(("raw", "06-01 00:00"), ("screened_out", "07-01 00:00", "student"), source=webinar)
    lived(RAW, source=webinar)
    tree = counted(JUNE, northeast)
    assert tree["received"] == {
        str(webinar.pk): {
            "leads": 2,
            "mql": 1,
            "qualified": 1,
            "handed_off": 1,
            "won": 1,
            "won_cents": 50_000_00,
            "screened_out": 1,
        }
    }
    june = month_figures(tree)
    assert (june.qualified_of_received.part, june.qualified_of_received_now.part) == (0, 1)
    assert june.pct_qualified_now == 50
    assert june.leads_screened_out == 0, "by the end of June nobody was"


def test_touches_and_what_people_did(lived, touched, northeast, dana, sam):
    first, second = lived(RAW, IN), lived(RAW, IN)
    touched(
        first,
        ("phone", "no_answer", "05-29 10:00"),
        ("phone", "no_answer", "06-01 00:00"),  # Monday: still of May's attempt
        ("voicemail", "left", "06-01 00:05"),
        ("email", "sent", "06-01 12:00"),  # completes it
        ("phone", "conversation", "06-15 10:00"),  # a second attempt, complete at once
        ("email", "replied", "06-16 10:00"),
    )
    touched(second, ("phone", "no_answer", "06-02 10:00"), by=sam)
    touched(second, ("letter", "posted", "06-03 10:00"), by=None)
    june = figures(JUNE, northeast)
    tree = counted(JUNE, northeast)
    assert (june.touches, june.conversations) == (7, 2)
    assert tree["touches"] == {
        str(dana.pk): {
            "phone": {"out": 2},
            "voicemail": {"out": 1},
            "email": {"out": 1, "in": 1},
        },
        str(sam.pk): {"phone": {"out": 1}},
        "-": {"letter": {"out": 1}},
    }
    assert tree["worked"] == {str(dana.pk): 1, str(sam.pk): 1, "-": 1}
    assert june.leads_worked == 2, "a lead that two people worked is one lead"
    assert tree["attempts"] == {
        str(dana.pk): {"complete": 1},
        str(sam.pk): {"incomplete": 1},
    }
    assert counted(MAY, northeast)["attempts"] == {str(dana.pk): {"incomplete": 1}}, (
        "by the end of May it had a call alone"
    )


def test_a_touch_that_was_taken_back_does_not_count(lived, touched, northeast):
    lead = lived(RAW, IN)
    touched(lead, ("phone", "no_answer", "06-02 10:00"), ("email", "sent", "06-03 10:00"))
    lead.touches.filter(channel="email").update(superseded_at=NOW)
    assert figures(JUNE, northeast).touches == 1


def test_what_the_nth_attempt_brought(lived, touched, handed, northeast, carol):
    won = lived(RAW, IN, rep=carol)
    touched(
        won,
        ("phone", "no_answer", "05-04 10:00"),
        ("phone", "no_answer", "05-18 10:00"),
        ("phone", "conversation", "06-08 10:00"),
        ("phone", "no_answer", "06-29 10:00"),
    )
    handed(won, "06-09 10:00", accepted="06-09 11:00", won="06-20 10:00")
    other = lived(RAW, IN)
    touched(other, ("phone", "no_answer", "05-29 10:00"), ("email", "replied", "06-01 10:00"))
    june, may = counted(JUNE, northeast), counted(MAY, northeast)
    assert june["yield_12m"] == {
        "1": {"leads": 2, "conversations": 1},
        "2": {"leads": 1},
        "3": {"leads": 1, "conversations": 1, "won": 1},
        "4": {"leads": 1},
    }
    assert may["yield_12m"] == {"1": {"leads": 2}, "2": {"leads": 1}}, "the reply came in June"
    assert may["yield"] == {"1": {"leads": 2, "conversations": 1}, "2": {"leads": 1}}, "so far"
    assert june["yield"] == {"3": {"leads": 1, "conversations": 1, "won": 1}, "4": {"leads": 1}}


def test_many_attempts_are_told_as_one(lived, touched, handed, northeast, carol):
    lead = lived(("raw", "2026-01-05 09:00"), ("nurturing", "2026-01-05 10:00"), rep=carol)
    days = ["01-05", "01-12", "01-20", "01-26", "02-02", "02-09", "02-17", "02-23", "03-02", "03-09",
            "03-16", "03-23", "03-30"]  # fmt: skip
    touched(
        lead,
        *(
            ("phone", "conversation" if i > 10 else "no_answer", f"{day} 10:00")
            for i, day in enumerate(days)
        ),
    )
    handed(lead, "04-01 10:00", won="04-02 10:00")
    found = counted(JUNE, northeast)["yield_12m"]
    assert found["10"] == {"leads": 1}
    assert found["11"] == {"leads": 1, "conversations": 2, "won": 1}
    assert "13" not in found


def test_won_within_a_year_of_qualifying(lived, handed, northeast, carol):
    def qualified(when: str, won: str = "") -> None:
        lead = lived(("raw", "2024-01-02 09:00"), ("qualified", when), rep=carol)
        if won:
            handed(lead, when, won=won)

    qualified("2025-06-30 23:59", "2026-06-30 23:58")  # to the minute
    qualified("2024-02-29 10:00", "2025-03-15 10:00")  # too late
    qualified("2025-01-02 10:00")
    qualified("2025-07-01 00:00", "2025-08-01 10:00")  # has not had its year
    june = figures(JUNE, northeast)
    assert (june.conversion_12m.part, june.conversion_12m.whole) == (1, 3)


def test_teams_are_counted_apart(lived, northeast, south, dana):
    lived(RAW)
    lived(RAW, team=south)
    lived(RAW, team=south)
    trees = count_month(MAY, [northeast.pk, south.pk])
    assert month_figures(trees[northeast.pk]).leads_received == 1
    assert month_figures(trees[south.pk]).leads_received == 2


def test_counting_asks_as_often_whatever_happened(
    lived, touched, handed, northeast, carol, django_assert_max_num_queries
):
    for _ in range(10):
        lead = lived(RAW, IN, rep=carol)
        touched(lead, ("phone", "no_answer", "05-04 10:00"))
        handed(lead, "05-29 10:00")
    with django_assert_max_num_queries(20):
        count_month(MAY, [northeast.pk])


def test_a_past_month_does_not_move_when_today_does(
    lived, touched, handed, northeast, carol, jennifer, dana
):
    leads = [lived(RAW, IN, rep=carol) for _ in range(4)]
    for lead in leads:
        touched(lead, ("phone", "no_answer", "05-12 10:00"))
    handed(leads[0], "05-29 10:00", accepted="05-29 12:00")
    handed(leads[1], "05-29 10:00", overdue="05-30 10:00")
    before = counted(MAY, northeast)
    lived(("raw", "06-01 00:00"), ("nurturing", "06-01 00:00"))
    touched(leads[2], ("phone", "conversation", "06-02 10:00"))
    Handoff.objects.filter(lead=leads[0]).update(
        result="won", result_at=at("06-05 10:00"), revenue=Decimal(5)
    )
    Handoff.objects.filter(lead=leads[1]).update(accepted_at=at("06-05 10:00"))
    StageChange.objects.create(
        lead=leads[3],
        from_stage="nurturing",
        to_stage="disqualified",
        at=at("06-06 10:00"),
        reason="no_need",
    )
    Lead.objects.filter(pk=leads[3].pk).update(stage="disqualified", stage_at=at("06-06 10:00"))
    after = counted(MAY, northeast)
    # What has become so far of the leads received is told as of now; it says so.
    for tree in (before, after):
        for name in ("received", "yield"):
            tree.pop(name)
    assert after == before


def test_the_program_is_the_sum_of_its_months(
    lived, touched, handed, northeast, carol, jennifer, organisation
):
    lead = lived(
        ("raw", "2025-11-02 09:00"),
        ("nurturing", "2025-12-01 09:00"),
        ("qualified", "2026-02-01 09:00"),
        ("handed_off", "2026-02-02 09:00"),
        ("accepted", "2026-02-03 09:00"),
        ("won", "2026-05-05 09:00"),
        rep=carol,
    )
    touched(
        lead, ("phone", "no_answer", "2025-12-02 10:00"), ("phone", "no_answer", "2026-01-05 10:00")
    )
    handed(
        lead,
        "2026-02-02 09:00",
        accepted="2026-02-03 09:00",
        won="2026-05-05 09:00",
        revenue=70_000,
    )
    lived(("raw", "06-16 09:00"), ("nurturing", "06-16 10:00"))
    program = program_report(user=jennifer, now=NOW, patience=None)
    assert [of.month.key for of in program.months] == [
        "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06",
    ]  # fmt: skip
    assert program.waiting_months == 0
    totals = program.totals
    assert (totals.leads_received, totals.new_prospects, totals.handed_off, totals.won) == (
        2,
        2,
        1,
        1,
    )
    assert (totals.under_development, totals.won_revenue) == (1, Decimal(70_000))
    assert [of.figures.under_development for of in program.months] == [0, 1, 1, 0, 0, 0, 0, 1]
    assert [(of.leads, of.won) for of in program.yields[:3]] == [(1, 0), (1, 1), (0, 0)]
    [source] = program.sources
    assert (source.received, source.won, source.won_revenue) == (2, 1, Decimal(70_000))


def test_a_month_is_counted_as_the_report_shows_it(lived, northeast, jennifer):
    lived(RAW, IN)
    report = monthly_report(MAY, user=jennifer, now=NOW)
    assert report.figures == figures(MAY, northeast)
    assert (report.so_far, report.previous, report.next) == (False, None, JUNE)


def test_who_sees_which_figures(lived, northeast, south, jennifer, ada, dana, sam, charlie, region):
    lived(RAW)
    lived(RAW, team=south)
    lived(RAW, team=south)
    elsewhere = Team.objects.create(name="West")
    lived(RAW, team=elsewhere)

    def received(user: User) -> int:
        return monthly_report(MAY, user=user, now=NOW).figures.leads_received

    assert [received(user) for user in (dana, sam, jennifer, ada, charlie)] == [1, 2, 3, 4, 0]
