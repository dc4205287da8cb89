"""Every number opens its leads: the list behind a figure holds exactly what the figure counted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from nurture.models import Touch
from prospects.models import Lead, Source
from prospects.stages import PATH, STEPS, Stage
from reports import behind
from reports.behind import figure_list
from reports.definitions import DEFINITIONS
from reports.periods import EVERYTHING, Period
from reports.reads import monthly_report, period_of, program_report, teams_of
from reports.selections import SELECTIONS
from team.models import User
from tests.fixtures import NOW
from tests.reports.conftest import JUNE, MAY, NEW_YORK, at

pytestmark = pytest.mark.django_db

MONTHS = [Period.parse(f"2026-0{number}", NEW_YORK) for number in range(1, 7)]
CHANNELS = [("phone", "no_answer"), ("phone", "conversation"), ("voicemail", "left"),
            ("email", "sent"), ("email", "replied"), ("letter", "posted")]  # fmt: skip
REASONS = {Stage.SCREENED_OUT: ["student", "unreachable"], Stage.DISQUALIFIED: ["no_need", ""]}


@pytest.fixture
def a_program(lived, touched, handed, northeast, south, dana, sam, carol, luis, fair) -> None:
    """Forty lives since January as chance would have them; the same chance each time."""
    chance = random.Random(20260617)  # noqa: S311
    sources = [fair, Source.objects.create(name="Webinar", kind="content")]
    for number in range(40):
        team, who, rep = [(northeast, dana, carol), (south, sam, luis)][number % 2]
        steps = list(_life(chance))
        lead = lived(
            *steps,
            team=team,
            source=chance.choice(sources),
            specialist=who,
            rep=rep,
            mql=steps[-1][1] if chance.random() < 0.5 else "",
        )
        days = sorted(chance.sample(range(160), chance.randrange(0, 24)))
        made = [
            (*chance.choice(CHANNELS), f"{at('01-05 10:00') + timedelta(days=day):%m-%d %H:%M}")
            for day in days
        ]
        touched(lead, *made, by=chance.choice([who, who, None]))
        _hand_over(steps, lead, handed, rep, chance)


def _life(chance: random.Random) -> Iterator[tuple[str, ...]]:
    stage, when = str(Stage.RAW), at("01-02 09:00") + timedelta(hours=chance.randrange(2400))
    for _ in range(12):
        yield (stage, f"{when:%m-%d %H:%M}", chance.choice(REASONS.get(Stage(stage), [""])))
        onward = sorted(STEPS[stage])
        ahead = (
            [step for step in onward if step in PATH[PATH.index(Stage(stage)) + 1 :]]
            if stage in PATH
            else []
        )
        when += timedelta(hours=chance.randrange(1, 500))
        stays = 0.5 if stage == Stage.SCREENED_OUT else 0.1
        if not onward or when > NOW or chance.random() < stays:
            return
        stage = chance.choice(ahead if ahead and chance.random() < 0.6 else onward)


def _hand_over(steps: Any, lead: Lead, handed: Any, rep: User, chance: random.Random) -> None:
    """A handoff for each time the life came to it, with the fate the life tells."""
    for index, (stage, when, *_reason) in enumerate(steps):
        if stage != Stage.HANDED_OFF:
            continue
        fate: dict[str, Any] = {}
        after = steps[index + 1 : index + 3]
        if after and after[0][0] == Stage.NURTURING:
            fate["returned"] = after[0][1]
        elif after:
            fate["accepted"] = after[0][1]
            if len(after) == 2 and after[1][0] in ("won", "lost"):
                fate[after[1][0]] = after[1][1]
                fate["revenue"] = chance.randrange(1, 900) * 1000
            elif len(after) == 2:
                fate["returned"] = after[1][1]
        elif chance.random() < 0.5:
            fate["overdue"] = when
        handed(lead, when, rep=rep, potential=chance.randrange(1, 900) * 1000, **fate)


def length(figure: str, period: Period, user: User, **narrowing: Any) -> int:
    """How many rows the list would page through."""
    told = {name: str(value) for name, value in narrowing.items()}
    return SELECTIONS[figure](period).narrowed(told).of_teams(teams_of(user)).count()


def test_a_list_is_as_long_as_its_figure_says(
    a_program: None, jennifer: User, ada: User, dana: User, sam: User
) -> None:
    for month in MONTHS:
        compare(month, jennifer)
    for user in (ada, dana, sam):
        compare(MAY, user)


def compare(month: Period, user: User) -> None:
    report = monthly_report(month, user=user, now=NOW)
    figures = report.figures
    said: list[tuple[int, str, dict[str, Any]]] = [
        (getattr(figures, name), name, {})
        for name in (
            "leads_received", "leads_screened_out", "new_prospects", "under_development", "mqls",
            "qualified", "handed_off", "accepted", "returned", "overdue", "won", "lost",
            "disqualified", "unable_to_qualify", "touches", "conversations", "attempts",
            "leads_worked",
        )
    ]  # fmt: skip
    said += [
        (figures.qualified_of_received.part, "received_qualified_by_end", {}),
        (figures.qualified_of_received_now.part, "received_qualified", {}),
        (figures.conversion_12m.whole, "conversion_12m_qualified", {}),
        (figures.conversion_12m.part, "conversion_12m", {}),
    ]
    for figure, told in (
        ("leads_screened_out", report.screened_out),
        ("disqualified", report.disqualified),
        ("unable_to_qualify", report.unable_to_qualify),
    ):
        said += [(reason.count, figure, {"reason": reason.key}) for reason in told]
    for c in report.channels:
        said.append((c.outbound, "touches", {"channel": c.channel, "direction": "out"}))
        said.append((c.inbound, "touches", {"channel": c.channel, "direction": "in"}))
    for p in report.people:
        said += [
            (p.outbound, "touches", {"by": p.by, "direction": "out"}),
            (p.inbound, "touches", {"by": p.by, "direction": "in"}),
            (p.conversations, "conversations", {"by": p.by}),
            (p.worked, "leads_worked", {"by": p.by}),
            (p.attempts, "attempts", {"by": p.by}),
            (p.complete, "attempts", {"by": p.by, "state": "complete"}),
        ]
    said += _of_sources(report.sources) + _of_attempts(report.yields)
    said += [(of.waiting, "waiting", {"team": of.team_id}) for of in report.waiting]
    said += [(rep.live, "live", {"rep": rep.rep_id}) for rep in report.reps]
    wrong = [
        (figure, narrowing, number, found)
        for number, figure, narrowing in said
        if (found := length(figure, month, user, **narrowing)) != number
    ]
    assert wrong == [], f"{month.key}, {user}"
    amounts = [
        figure_list(name, month, narrowing={}, user=user, cursor="").amount
        for name in ("potential_revenue", "won_revenue")
    ]
    assert amounts == [figures.potential_revenue, figures.won_revenue]


def _of_sources(sources: Any) -> list[tuple[int, str, dict[str, Any]]]:
    figures = {"received": "leads_received"} | {
        name: f"received_{name}"
        for name in ("screened_out", "mql", "qualified", "handed_off", "won")
    }
    return [
        (getattr(source, name), figure, {"source": source.id})
        for source in sources
        for name, figure in figures.items()
    ]


def _of_attempts(yields: Any) -> list[tuple[int, str, dict[str, Any]]]:
    figures = {
        "leads": "attempt_reached",
        "conversations": "attempt_conversations",
        "won": "attempt_won",
    }
    return [
        (getattr(of, name), figure, {"attempt": of.attempt})
        for of in yields
        for name, figure in figures.items()
    ]


def test_the_lists_of_all_months_are_as_long_as_their_sums(a_program: None, jennifer: User) -> None:
    program = program_report(user=jennifer, now=NOW, patience=None)
    period = period_of(EVERYTHING, user=jennifer, now=NOW)
    said: list[tuple[int, str, dict[str, Any]]] = [
        (getattr(program.totals, name), name, {})
        for name in (
            "leads_received", "new_prospects", "under_development", "mqls", "qualified",
            "handed_off", "won", "lost", "disqualified",
        )
    ]  # fmt: skip
    said += _of_sources(program.sources) + _of_attempts(program.yields)
    assert sum(number for number, _figure, _narrowing in said) > 200, "there is something to count"
    assert [
        (figure, narrowing, number)
        for number, figure, narrowing in said
        if length(figure, period, jennifer, **narrowing) != number
    ] == []


def test_chance_made_something_of_every_kind(a_program: None, jennifer: User) -> None:
    """Else the tests above would compare nothing with nothing."""
    period = period_of(EVERYTHING, user=jennifer, now=NOW)
    nothing = [name for name in DEFINITIONS if not length(name, period, jennifer)]
    # There is no year to look back on; the end of everything is to come, when nothing is screened.
    assert set(nothing) <= {"conversion_12m", "conversion_12m_qualified"}


def test_pages_hold_every_row_once_newest_first(
    a_program: None, jennifer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = period_of(EVERYTHING, user=jennifer, now=NOW)

    def page(figure: str, cursor: str = "") -> behind.FigureList:
        return figure_list(figure, period, narrowing={}, user=jennifer, cursor=cursor)

    for figure, size in (
        ("touches", 40),
        ("under_development", 5),
        ("leads_received", 7),
        ("handed_off", 4),
        ("attempts", 40),
    ):
        monkeypatch.setattr(behind, "ROWS_SHOWN", size)
        pages = [page(figure)]
        assert pages[0].newer is None
        while cursor := pages[-1].older:
            pages.append(page(figure, cursor))
        rows = [row for one in pages for row in one.rows]
        assert len(rows) == pages[0].count > size
        assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
        back = [pages[-1]]
        while cursor := back[-1].newer:
            back.append(page(figure, cursor))
        assert [one.rows for one in reversed(back)] == [one.rows for one in pages], "the way back"


def test_rows_of_one_instant_are_not_lost_between_pages(
    lived: Callable[..., Lead], jennifer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "ROWS_SHOWN", 2)
    leads = {lived(("raw", "05-03 09:00")).pk for _ in range(5)}
    seen: list[int] = []
    cursor = ""
    for _ in range(3):
        page = figure_list("leads_received", MAY, narrowing={}, user=jennifer, cursor=cursor)
        seen += [row.lead_id for row in page.rows]
        cursor = page.older or ""
    assert sorted(seen) == sorted(leads)


def test_a_list_asks_as_often_however_long_it_is(
    lived: Callable[..., Lead], touched: Any, jennifer: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        touched(lived(("raw", "05-03 09:00")), ("phone", "no_answer", "05-05 10:00"))
    with django_assert_max_num_queries(5):
        page = figure_list("touches", MAY, narrowing={}, user=jennifer, cursor="")
    assert len(page.rows) == 12


def test_longer_lists_are_not_counted(
    lived: Callable[..., Lead], jennifer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "COUNTED_AT_MOST", 3)
    for _ in range(5):
        lived(("raw", "05-03 09:00"))
    page = figure_list("leads_received", MAY, narrowing={}, user=jennifer, cursor="")
    assert (page.count, page.counted_all, len(page.rows)) == (3, False, 5)


@pytest.mark.parametrize(
    ("figure", "narrowing", "cursor"),
    [
        ("profit", {}, ""),
        ("leads_received", {"channel": "phone"}, ""),
        ("leads_received", {"source": "-"}, ""),
        ("leads_received", {}, "<yesterday"),
        ("leads_received", {}, "<2026-06-01T10:00:00~1"),
        ("leads_received", {}, "<2026-06-01T10:00:00+00:00~x"),
    ],
)
def test_refuses_what_there_is_not(
    jennifer: User, figure: str, narrowing: Any, cursor: str
) -> None:
    with pytest.raises((LookupError, ValueError)):
        figure_list(figure, JUNE, narrowing=narrowing, user=jennifer, cursor=cursor)


def test_rows_say_what_they_are(
    lived: Any, touched: Any, handed: Any, jennifer: User, carol: User
) -> None:
    lead = lived(("raw", "05-03 09:00"), ("disqualified", "05-20 09:00", "no_need"), rep=carol)
    touched(lead, ("phone", "conversation", "05-05 10:00"))
    touched(lead, ("email", "sent", "05-12 10:00"), by=None)
    handed(lead, "05-06 10:00", won="05-30 10:00", revenue=9000, potential=10_000)

    def details(figure: str) -> list[tuple[str, Any]]:
        page = figure_list(figure, MAY, narrowing={}, user=jennifer, cursor="")
        return [(row.detail, row.amount) for row in page.rows]

    assert details("touches") == [
        ("Email, Sent", None),
        ("Call, Conversation · Dana Whitfield", None),
    ]
    assert details("disqualified") == [("No need", None)]
    assert details("handed_off") == [("to Carol Barrett · Won", 10_000)]
    assert details("won") == [("to Carol Barrett · Won", 9000)]
    assert details("attempts") == [("attempt 2", None), ("attempt 1, conversation", None)]
    assert Touch.objects.count() == 2
