"""Which rows are behind each figure: `behind` lists them, `counting` counts them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    Func,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Least

from handoff.models import Handoff, Result
from nurture.models import Attempt, Touch
from nurture.touching import ATTEMPT_CHANNELS, TALKED, Direction
from prospects.models import Lead, StageChange
from prospects.stages import UNDER_DEVELOPMENT, Stage
from reports.figures import MORE_ATTEMPTS, NOBODY
from reports.periods import Period

Narrowing = Mapping[str, str]
"""What a list is narrowed to: one value of what a figure is broken down by."""


@dataclass(frozen=True)
class Selection:
    """The rows that make up a figure; each belongs to a lead, or is one (`lead` is empty then).

    at: the field with the instant that put a row into the figure
    narrows: what the figure is broken down by, and the field that says so
    """

    rows: QuerySet[Any]
    at: str
    lead: str = "lead__"
    narrows: Mapping[str, str] = field(default_factory=dict)

    def where(self, condition: Q) -> Selection:
        return replace(self, rows=self.rows.filter(condition))

    def of_teams(self, team_ids: Collection[int]) -> QuerySet[Any]:
        return self.rows.filter(**{f"{self.lead}team__in": team_ids})

    def narrowed(self, narrowing: Narrowing) -> Selection:
        """Narrowed to the values; KeyError for what the figure is not broken down by."""
        lookups = {"source": f"{self.lead}source", "team": f"{self.lead}team", **self.narrows}
        selection: Selection = self
        for name, value in narrowing.items():
            selection = selection.where(_is(lookups[name], value))
        return selection


def _is(lookup: str, value: str) -> Q:
    if value == NOBODY:
        return Q(**{f"{lookup}__isnull": True}) if lookup == "by" else Q(**{lookup: ""})
    return Q(**{lookup: value})


def within(at: str, period: Period) -> Q:
    return Q(**{f"{at}__gte": period.start, f"{at}__lt": period.end})


# Leads by a date of theirs


def _leads_by(at: str) -> Callable[[Period], Selection]:
    def select(period: Period) -> Selection:
        return Selection(Lead.objects.filter(within(at, period)), at, "")

    return select


leads_received = _leads_by("received_at")

SO_FAR: dict[str, Callable[[], Q]] = {
    "screened_out": lambda: Q(stage=Stage.SCREENED_OUT),
    "mql": lambda: Q(mql_at__isnull=False),
    "qualified": lambda: Q(qualified_at__isnull=False),
    "handed_off": lambda: Q(Exists(Handoff.objects.filter(lead=OuterRef("pk")))),
    "won": lambda: Q(Exists(Handoff.objects.filter(lead=OuterRef("pk"), result=Result.WON))),
}
"""What can have become of a lead, as of now."""


def _received(became: Callable[[], Q]) -> Callable[[Period], Selection]:
    return lambda period: leads_received(period).where(became())


def conversion_qualified(period: Period) -> Selection:
    """Leads that had a year to be won in, by the end of the month."""
    rows = Lead.objects.filter(qualified_at__lt=period.months_before_end(12))
    return Selection(rows, "qualified_at", "")


def won_within_a_year() -> Q:
    """Of qualifying."""
    a_year_later = Func(
        OuterRef("qualified_at"),
        template="(%(expressions)s + interval '12 months')",
        output_field=DateTimeField(),
    )
    won = Handoff.objects.filter(lead=OuterRef("pk"), result=Result.WON, result_at__lt=a_year_later)
    return Q(Exists(won))


# Steps in the life of leads


def standing_steps() -> QuerySet[StageChange]:
    """The history as it stands: without what a later file knew better."""
    return StageChange.objects.filter(superseded_at__isnull=True)


def _last_steps(period: Period, to_stages: Collection[str]) -> QuerySet[StageChange]:
    """The steps by which leads came to the stages they were in at the end of the period."""
    later = standing_steps().filter(lead=OuterRef("lead"), at__lt=period.end)
    later = later.filter(Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")))
    return standing_steps().filter(~Exists(later), at__lt=period.end, to_stage__in=to_stages)


def leads_screened_out(period: Period) -> Selection:
    rows = _last_steps(period, [Stage.SCREENED_OUT]).filter(within("lead__received_at", period))
    return Selection(rows, "at", narrows={"reason": "reason"})


def under_development(period: Period) -> Selection:
    return Selection(_last_steps(period, UNDER_DEVELOPMENT), "at")


def left(period: Period) -> Selection:
    """Steps out of the program that are not sales' doing."""
    stages = [Stage.DISQUALIFIED, Stage.UNABLE_TO_QUALIFY]
    rows = standing_steps().filter(within("at", period), to_stage__in=stages)
    return Selection(rows, "at", narrows={"reason": "reason"})


# Handoffs


def handed_off(period: Period) -> Selection:
    rows = Handoff.objects.filter(within("handed_off_at", period))
    return Selection(rows, "handed_off_at", narrows={"rep": "rep"})


def _accepted(period: Period) -> Q:
    return Q(accepted_at__lt=period.end)


def _returned(period: Period) -> Q:
    return Q(returned_at__lt=period.end)


def _overdue(period: Period) -> Q:
    """As `Handoff.state_at` has it: marked, and not a word from the rep since."""
    answered = _accepted(period) | _returned(period) | Q(result_at__lt=period.end)
    return Q(overdue_at__lt=period.end) & ~answered


BY_END: dict[str, Callable[[Period], Q]] = {
    "accepted": _accepted,
    "returned": _returned,
    "overdue": _overdue,
}
"""What can have become of a handoff by the end of the month in which it was made."""


def _made(became: Callable[[Period], Q]) -> Callable[[Period], Selection]:
    return lambda period: handed_off(period).where(became(period))


def reported(result: Result, period: Period) -> Selection:
    rows = Handoff.objects.filter(within("result_at", period), result=result)
    return Selection(rows, "result_at", narrows={"rep": "rep"})


# Touches and attempts


def touches(period: Period) -> Selection:
    rows = Touch.objects.standing().filter(within("occurred_at", period))
    narrows = {"channel": "channel", "direction": "direction", "by": "by"}
    return Selection(rows, "occurred_at", narrows=narrows)


def outbound(period: Period) -> Selection:
    return touches(period).where(Q(direction=Direction.OUT))


@dataclass(frozen=True)
class LeadsOf(Selection):
    """Leads that have a row of another selection; narrowed to a person, a row by that person."""

    of: Selection | None = None

    def narrowed(self, narrowing: Narrowing) -> Selection:
        assert self.of is not None
        person = {"by": narrowing["by"]} if "by" in narrowing else {}
        others = {name: value for name, value in narrowing.items() if name != "by"}
        rows = self.of.narrowed(person).rows.filter(lead=OuterRef("pk"))
        return Selection(Lead.objects.filter(Exists(rows)), self.at, "").narrowed(others)


def leads_worked(period: Period) -> Selection:
    return LeadsOf(Lead.objects.none(), "received_at", "", of=outbound(period))


def attempts(period: Period) -> Selection:
    """Connect attempts opened in the period; theirs who made the touch that opened them."""
    opening = Touch.objects.standing().filter(
        lead=OuterRef("lead"),
        occurred_at=OuterRef("opened_at"),
        direction=Direction.OUT,
        channel__in=ATTEMPT_CHANNELS,
    )
    complete = When(completed_at__lt=period.end, then=Value("complete"))
    rows = Attempt.objects.filter(within("opened_at", period)).annotate(
        by=Subquery(opening.order_by("pk").values("by")[:1]),
        state=Case(complete, default=Value("incomplete")),
    )
    return Selection(rows, "opened_at", narrows={"by": "by", "state": "state"})


TOLD_AS = Least("number", MORE_ATTEMPTS)
"""The number of an attempt; those from the last of the table on are told as one."""


def one_per_lead() -> Q:
    """Of the attempts told as one, the first: each number then has as many attempts as leads."""
    return Q(number__lte=MORE_ATTEMPTS)


def _year_of_attempts(period: Period) -> Selection:
    rows = Attempt.objects.filter(within("opened_at", period.year_to_end))
    return Selection(rows.annotate(told_as=TOLD_AS), "opened_at", narrows={"attempt": "told_as"})


def attempt_conversations(period: Period) -> Selection:
    return _year_of_attempts(period).where(Q(conversation_at__lt=period.end))


def won_after_attempts(period: Period) -> Selection:
    """Wins of the period, by the number of the lead's last attempt before; those without are not."""
    before = Attempt.objects.filter(lead=OuterRef("lead"), opened_at__lte=OuterRef("result_at"))
    last = before.values("lead").annotate(last=Max(TOLD_AS)).values("last")
    rows = reported(Result.WON, period).rows.annotate(last_attempt=Subquery(last))
    rows = rows.filter(last_attempt__isnull=False)
    return Selection(rows, "result_at", narrows={"attempt": "last_attempt"})


# As of now


def live(_period: Period) -> Selection:
    return Selection(Handoff.objects.live(), "handed_off_at", narrows={"rep": "rep"})


def waiting(_period: Period) -> Selection:
    return Selection(Lead.objects.filter(stage=Stage.QUALIFIED), "stage_at", "")


SELECTIONS: dict[str, Callable[[Period], Selection]] = {
    "leads_received": leads_received,
    "leads_screened_out": leads_screened_out,
    "new_prospects": _leads_by("entered_program_at"),
    "under_development": under_development,
    "mqls": _leads_by("mql_at"),
    "qualified": _leads_by("qualified_at"),
    "handed_off": handed_off,
    "potential_revenue": handed_off,
    **{name: _made(became) for name, became in BY_END.items()},
    "won": lambda period: reported(Result.WON, period),
    "won_revenue": lambda period: reported(Result.WON, period),
    "lost": lambda period: reported(Result.LOST, period),
    "disqualified": lambda period: left(period).where(Q(to_stage=Stage.DISQUALIFIED)),
    "unable_to_qualify": lambda period: left(period).where(Q(to_stage=Stage.UNABLE_TO_QUALIFY)),
    "touches": touches,
    "conversations": lambda period: touches(period).where(Q(outcome__in=TALKED)),
    "leads_worked": leads_worked,
    "attempts": attempts,
    "attempt_reached": lambda period: _year_of_attempts(period).where(one_per_lead()),
    "attempt_conversations": attempt_conversations,
    "attempt_won": lambda period: won_after_attempts(period.year_to_end),
    **{f"received_{name}": _received(became) for name, became in SO_FAR.items()},
    "received_qualified_by_end": lambda period: leads_received(period).where(
        Q(qualified_at__lt=period.end)
    ),
    "conversion_12m_qualified": conversion_qualified,
    "conversion_12m": lambda period: conversion_qualified(period).where(won_within_a_year()),
    "live": live,
    "waiting": waiting,
}
