"""The figures of a month: what follows from the counts (domain.md, section 9).

Pure: counts in, figures out. `selections` says which rows are behind a figure, `counting` counts them.
Counts of teams and of months are trees of whole numbers (money in cents) that can be added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from django.utils.translation import gettext as _

Counts = Mapping[str, Any]
"""A tree: a whole number, or counts by what they are broken down by."""

ATTEMPTS_SHOWN = 10
MORE_ATTEMPTS = ATTEMPTS_SHOWN + 1
"""Attempts from this number on are told as one."""
NOBODY = "-"
"""Stands for a person or a reason that is not known."""
CONFIDENCE_95 = 1.959964


# Adding up


def added(trees: Iterable[Counts]) -> dict[str, Any]:
    """The sum of trees of counts, branch by branch."""
    total: dict[str, Any] = {}
    for tree in trees:
        _add(tree, total)
    return total


def _add(tree: Counts, total: dict[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _add(value, total.setdefault(key, {}))
        else:
            total[key] = total.get(key, 0) + value


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


@dataclass(frozen=True)
class Share:
    """Some of a number; no percent of none."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the true percentage lies, with 95 % confidence (Wilson's interval)."""
        if not self.whole or not 0 <= self.part <= self.whole:
            return None
        z, n, p = CONFIDENCE_95, self.whole, self.part / self.whole
        middle = p + z * z / (2 * n)
        spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        low, high = (middle - spread) / scale, (middle + spread) / scale
        return 100 * max(low, 0.0), 100 * min(high, 1.0)


# What the counts come to


@dataclass(frozen=True)
class Reason:
    key: str
    label: str
    count: int


@dataclass(frozen=True)
class ChannelTouches:
    channel: str
    label: str
    outbound: int
    inbound: int

    @property
    def total(self) -> int:
        return self.outbound + self.inbound


@dataclass(frozen=True)
class Effort:
    """What one person did in the month. `by`: their id, or NOBODY where that is not known."""

    by: str
    name: str
    outbound: int
    inbound: int
    conversations: int
    complete: int
    incomplete: int
    worked: int
    """Leads they called, wrote to or met."""

    @property
    def by_id(self) -> int | None:
        return None if self.by == NOBODY else int(self.by)

    @property
    def attempts(self) -> int:
        return self.complete + self.incomplete

    @property
    def attempts_per_lead(self) -> float | None:
        return self.attempts / self.worked if self.worked else None


@dataclass(frozen=True)
class SourceCohort:
    """The leads of one source received in the period, and what came of them so far."""

    id: int
    name: str
    received: int
    screened_out: int
    mql: int
    qualified: int
    handed_off: int
    won: int
    won_revenue: Decimal
    cost: Decimal
    """Of the source in the period; the part of the teams shown, by the leads they received."""

    @property
    def screened_out_share(self) -> Share:
        return Share(self.screened_out, self.received)

    @property
    def revenue_to_cost(self) -> float | None:
        return float(self.won_revenue / self.cost) if self.cost else None

    @property
    def cost_per_lead(self) -> Decimal | None:
        return self._cost_per(self.received)

    @property
    def cost_per_qualified(self) -> Decimal | None:
        return self._cost_per(self.qualified)

    @property
    def cost_per_handoff(self) -> Decimal | None:
        return self._cost_per(self.handed_off)

    def _cost_per(self, count: int) -> Decimal | None:
        return (self.cost / count).quantize(Decimal("0.01")) if count and self.cost else None


@dataclass(frozen=True)
class AttemptYield:
    """What the n-th connect attempt brought; the last stands for all that came after."""

    attempt: int
    leads: int
    conversations: int
    won: int

    @property
    def label(self) -> str:
        return f"{self.attempt}+" if self.stands_for_more else str(self.attempt)

    @property
    def stands_for_more(self) -> bool:
        return self.attempt == MORE_ATTEMPTS

    @property
    def rate(self) -> float | None:
        """Percent of the leads that got it and talked to us; none where several attempts are one."""
        return None if self.stands_for_more else Share(self.conversations, self.leads).percent

    @property
    def interval(self) -> tuple[float, float] | None:
        return None if self.stands_for_more else Share(self.conversations, self.leads).interval


@dataclass(frozen=True)
class MonthFigures:
    """The figures of one period that are a single number each."""

    leads_received: int
    leads_screened_out: int
    new_prospects: int
    under_development: int
    mqls: int
    qualified: int
    handed_off: int
    potential_revenue: Decimal
    accepted: int
    returned: int
    overdue: int
    won: int
    won_revenue: Decimal
    lost: int
    disqualified: int
    unable_to_qualify: int
    touches: int
    conversations: int
    attempts: int
    leads_worked: int
    qualified_of_received: Share
    """As of the end of the month."""
    qualified_of_received_now: Share
    conversion_12m: Share

    @property
    def passed_screening(self) -> int:
        return self.leads_received - self.leads_screened_out

    @property
    def pct_qualified(self) -> float | None:
        return self.qualified_of_received.percent

    @property
    def pct_qualified_now(self) -> float | None:
        return self.qualified_of_received_now.percent

    @property
    def attempts_per_lead(self) -> float | None:
        return self.attempts / self.leads_worked if self.leads_worked else None

    @property
    def says_nothing(self) -> bool:
        """Nothing happened, nothing is under way."""
        return not (
            self.leads_received
            or self.under_development
            or self.touches
            or self.handed_off
            or self.new_prospects
            or self.won
            or self.lost
            or self.disqualified
        )


def month_figures(tree: Counts) -> MonthFigures:
    """What the counts of a period come to; of nothing, zeros."""
    cohort = added(tree.get("received", {}).values())
    received = cohort.get("leads", 0)
    return MonthFigures(
        leads_received=received,
        leads_screened_out=_sum(tree.get("leads_screened_out", {})),
        new_prospects=tree.get("new_prospects", 0),
        under_development=tree.get("under_development", 0),
        mqls=tree.get("mqls", 0),
        qualified=tree.get("qualified", 0),
        handed_off=tree.get("handed_off", 0),
        potential_revenue=money(tree.get("potential_cents", 0)),
        accepted=tree.get("accepted", 0),
        returned=tree.get("returned", 0),
        overdue=tree.get("overdue", 0),
        won=tree.get("won", 0),
        won_revenue=money(tree.get("won_cents", 0)),
        lost=tree.get("lost", 0),
        disqualified=_sum(tree.get("disqualified", {})),
        unable_to_qualify=_sum(tree.get("unable_to_qualify", {})),
        touches=_sum(tree.get("touches", {})),
        conversations=_sum(tree.get("conversations", {})),
        attempts=_sum(tree.get("attempts", {})),
        leads_worked=tree.get("leads_worked", 0),
        qualified_of_received=Share(cohort.get("qualified_by_end", 0), received),
        qualified_of_received_now=Share(cohort.get("qualified", 0), received),
        conversion_12m=Share(
            tree.get("conversion", {}).get("won", 0), tree.get("conversion", {}).get("qualified", 0)
        ),
    )


def _sum(tree: Any) -> int:
    return sum(map(_sum, tree.values())) if isinstance(tree, Mapping) else int(tree)


def reasons(counts: Counts, labels: Mapping[str, str]) -> list[Reason]:
    """Counts by reason, the most frequent first."""
    found = [Reason(key, labels.get(key) or _in_words(key), count) for key, count in counts.items()]
    return sorted(found, key=lambda reason: (-reason.count, reason.label))


def _in_words(key: str) -> str:
    return _("No reason given") if key == NOBODY else key.replace("_", " ").capitalize()


def touches_by_channel(tree: Counts, labels: Mapping[str, str]) -> list[ChannelTouches]:
    """In the order of `labels`; channels without a touch are left out."""
    by_channel = added(tree.get("touches", {}).values())
    return [
        ChannelTouches(
            channel,
            label,
            by_channel[channel].get("out", 0),
            by_channel[channel].get("in", 0),
        )
        for channel, label in labels.items()
        if channel in by_channel
    ]


def effort(tree: Counts, names: Mapping[str, str]) -> list[Effort]:
    """What each person did, by name; what nobody is known for comes last."""
    people = {by for part in ("touches", "attempts") for by in tree.get(part, {})}
    return [
        _effort_of(by, names.get(by, _("Not known who")), tree)
        for by in sorted(people, key=lambda by: (by == NOBODY, names.get(by, "").lower(), by))
    ]


def _effort_of(by: str, name: str, tree: Counts) -> Effort:
    directions = added(tree.get("touches", {}).get(by, {}).values())
    attempts = tree.get("attempts", {}).get(by, {})
    return Effort(
        by=by,
        name=name,
        outbound=directions.get("out", 0),
        inbound=directions.get("in", 0),
        conversations=tree.get("conversations", {}).get(by, 0),
        complete=attempts.get("complete", 0),
        incomplete=attempts.get("incomplete", 0),
        worked=tree.get("worked", {}).get(by, 0),
    )


def source_cohorts(
    ours: Counts, everybody: Counts, sources: Mapping[int, tuple[str, Decimal]]
) -> list[SourceCohort]:
    """Per source, most leads first. `sources`: name and cost in the period by id.

    Sources are shared by the organisation: the teams of `ours` bear of a source's cost the share
    that they have in its leads among those of `everybody`; all of it where nobody received any.
    """
    received, of_all = ours.get("received", {}), everybody.get("received", {})
    found = []
    for source, (name, cost) in sources.items():
        counts = received.get(str(source), {})
        leads, all_leads = counts.get("leads", 0), of_all.get(str(source), {}).get("leads", 0)
        if not leads and not (cost and not all_leads):
            continue
        found.append(
            SourceCohort(
                id=source,
                name=name,
                received=leads,
                screened_out=counts.get("screened_out", 0),
                mql=counts.get("mql", 0),
                qualified=counts.get("qualified", 0),
                handed_off=counts.get("handed_off", 0),
                won=counts.get("won", 0),
                won_revenue=money(counts.get("won_cents", 0)),
                cost=_part_of(cost, leads, all_leads),
            )
        )
    return sorted(found, key=lambda source: (-source.received, source.name))


def _part_of(cost: Decimal, leads: int, all_leads: int) -> Decimal:
    if leads == all_leads:
        return cost
    return (cost * leads / all_leads).quantize(Decimal("0.01"))


def yield_by_attempt(counts: Counts) -> list[AttemptYield]:
    """Attempts 1 to 10, and one row for those after where there are any."""
    last = MORE_ATTEMPTS if str(MORE_ATTEMPTS) in counts else ATTEMPTS_SHOWN
    return [
        AttemptYield(
            attempt=number,
            leads=of.get("leads", 0),
            conversations=of.get("conversations", 0),
            won=of.get("won", 0),
        )
        for number in range(1, last + 1)
        for of in [counts.get(str(number), {})]
    ]


def share_by_attempt(yields: Iterable[AttemptYield], number: int) -> Share:
    """Of all conversations at attempts, those that came by the given attempt."""
    yields = list(yields)
    return Share(
        sum(of.conversations for of in yields if of.attempt <= number),
        sum(of.conversations for of in yields),
    )
