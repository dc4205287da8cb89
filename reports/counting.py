"""Counts a month for every team at once, by a fixed number of set-based queries.

What it gives per team is a tree of whole numbers (see `figures`), which can be added up over teams;
over months too, but for what says how things stood at the end of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from string import Formatter
from typing import Any, NamedTuple

from django.db.models import Count, Q, Sum
from django.db.models.expressions import Combinable

from handoff.models import Handoff, Result
from nurture.models import Attempt
from nurture.touching import TALKED
from prospects.models import Lead
from prospects.stages import UNDER_DEVELOPMENT
from reports.figures import NOBODY
from reports.periods import Period
from reports.selections import (
    BY_END,
    SELECTIONS,
    SO_FAR,
    TOLD_AS,
    Selection,
    attempts,
    conversion_qualified,
    handed_off,
    leads_received,
    leads_screened_out,
    left,
    one_per_lead,
    outbound,
    reported,
    standing_steps,
    touches,
    within,
    won_after_attempts,
    won_within_a_year,
)

Tree = dict[str, Any]
Numbers = Mapping[str, Combinable]
"""What to count, by where in the tree it goes: "touches.{by}.{channel}" makes a branch of each `by`,
and on it a number for each `channel`."""


class Tally(NamedTuple):
    """One number of one team, and where in its tree it goes."""

    team: int
    path: tuple[str, ...]
    number: int


def count_month(month: Period, team_ids: Iterable[int]) -> dict[int, Tree]:
    """The counts of the month, for each of the teams."""
    trees: dict[int, Tree] = {team: {} for team in team_ids}
    for team, (*branches, leaf), number in _tallies(month):
        branch = trees.setdefault(team, {})
        for name in branches:
            branch = branch.setdefault(name, {})
        branch[leaf] = branch.get(leaf, 0) + number
    return trees


def _tallies(month: Period) -> Iterator[Tally]:
    """Twenty queries, whatever happened in the month."""
    one = Count("pk")
    yield from _leads_received(month)
    yield from _counted(leads_screened_out(month), {"leads_screened_out.{reason}": one})
    for name in ("new_prospects", "mqls", "qualified"):
        yield from _counted(SELECTIONS[name](month), {name: one})
    yield from _under_development(month)
    yield from _counted(left(month), {"{to_stage}.{reason}": one})
    yield from _handoffs(month)
    yield from _effort(month)
    yield from _yield(month)
    yield from _counted(
        conversion_qualified(month),
        {"conversion.qualified": one, "conversion.won": Count("pk", filter=won_within_a_year())},
    )


def _counted(selection: Selection, numbers: Numbers) -> Iterator[Tally]:
    """The numbers asked of the rows of a selection, by team and by the fields that the paths name."""
    fields = sorted({name for path in numbers for _, name, _, _ in Formatter().parse(path) if name})
    rows = selection.rows.order_by().values_list(f"{selection.lead}team", *fields)
    asked = {f"number_{index}": number for index, number in enumerate(numbers.values())}
    for team, *answers in rows.annotate(**asked):
        keys = dict(zip(fields, map(_key, answers), strict=False))
        for path, number in zip(numbers, answers[len(fields) :], strict=True):
            if number:
                yield Tally(
                    team, tuple(part.format(**keys) for part in path.split(".")), _whole(number)
                )


def _key(value: Any) -> str:
    return NOBODY if value in (None, "") else str(value)


def _whole(number: int | Decimal) -> int:
    """Counts as they are, sums of money in cents."""
    return int(number.scaleb(2)) if isinstance(number, Decimal) else number


def _leads_received(month: Period) -> Iterator[Tally]:
    """By source, and what has become of them so far."""
    received = leads_received(month)
    so_far = {
        f"received.{{source}}.{name}": Count("pk", filter=became())
        for name, became in SO_FAR.items()
    }
    by_end = Count("pk", filter=Q(qualified_at__lt=month.end))
    yield from _counted(
        received,
        {
            "received.{source}.leads": Count("pk"),
            "received.{source}.qualified_by_end": by_end,
            **so_far,
        },
    )
    won = Handoff.objects.filter(within("lead__received_at", month), result=Result.WON)
    yield from _counted(
        Selection(won, "result_at"), {"received.{lead__source}.won_cents": Sum("revenue")}
    )


def _under_development(month: Period) -> Iterator[Tally]:
    """Those in nurturing or qualified now, less those who came there after the month, and back again.

    The stage of a lead follows its history, and most months that are asked for are young: this
    reads what happened since, not everything before. One statement, so that nobody moves meanwhile.
    """
    came = Q(to_stage__in=UNDER_DEVELOPMENT) & ~Q(from_stage__in=UNDER_DEVELOPMENT)
    went = Q(from_stage__in=UNDER_DEVELOPMENT) & ~Q(to_stage__in=UNDER_DEVELOPMENT)
    since = standing_steps().filter(came | went, at__gte=month.end).order_by()
    back = Count("pk", filter=went) - Count("pk", filter=came)
    now = Lead.objects.filter(stage__in=UNDER_DEVELOPMENT).order_by().values_list("team")
    for team, number in now.annotate(Count("pk")).union(
        since.values_list("lead__team").annotate(back=back), all=True
    ):
        yield Tally(team, ("under_development",), number)


def _handoffs(month: Period) -> Iterator[Tally]:
    by_end = {name: Count("pk", filter=happened(month)) for name, happened in BY_END.items()}
    revenue = Sum("potential_revenue")
    yield from _counted(
        handed_off(month), {"handed_off": Count("pk"), "potential_cents": revenue, **by_end}
    )
    for result in (Result.WON, Result.LOST):
        yield from _counted(reported(result, month), {f"{result}": Count("pk")})
    yield from _counted(reported(Result.WON, month), {"won_cents": Sum("revenue")})


def _effort(month: Period) -> Iterator[Tally]:
    yield from _counted(
        touches(month),
        {
            "touches.{by}.{channel}.{direction}": Count("pk"),
            "conversations.{by}": Count("pk", filter=Q(outcome__in=TALKED)),
        },
    )
    leads = Count("lead", distinct=True)
    yield from _counted(outbound(month), {"leads_worked": leads})
    yield from _counted(outbound(month), {"worked.{by}": leads})
    yield from _counted(attempts(month), {"attempts.{by}.{state}": Count("pk")})


def _yield(month: Period) -> Iterator[Tally]:
    """What attempts brought, by number: those of the month so far; those of a year as of its end."""
    year, of_month = month.year_to_end, Q(opened_at__gte=month.start)
    talked, by_end = Q(conversation_at__isnull=False), Q(conversation_at__lt=month.end)
    rows = Attempt.objects.filter(within("opened_at", year)).annotate(told_as=TOLD_AS)
    yield from _counted(
        Selection(rows, "opened_at"),
        {
            "yield_12m.{told_as}.leads": Count("pk", filter=one_per_lead()),
            "yield_12m.{told_as}.conversations": Count("pk", filter=by_end),
            "yield.{told_as}.leads": Count("pk", filter=of_month & one_per_lead()),
            "yield.{told_as}.conversations": Count("pk", filter=of_month & talked),
        },
    )
    won_in_month = Count("pk", filter=within("result_at", month))
    yield from _counted(
        won_after_attempts(year),
        {"yield_12m.{last_attempt}.won": Count("pk"), "yield.{last_attempt}.won": won_in_month},
    )
