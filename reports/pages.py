"""How reports are laid out: what stands in the strips, the funnel and the charts. No database here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.figures import AttemptYield, MonthFigures, Share
from reports.reads import MonthlyReport, ProgramReport
from reports.templatetags.figures import count, figure_url, percent
from team.charts import Column, Point, bars, funnel, line, sparkline
from team.templatetags.look import money_short


@dataclass(frozen=True)
class Fact:
    """One of the strip: see templates/components/facts.html."""

    label: str
    figure: str
    gloss: str = ""
    url: str = ""


@dataclass(frozen=True)
class FunnelStep:
    label: str
    figure: str
    """The key of the figure behind the count; empty where it is the rest of two others."""
    count: int
    before: int
    bar: SafeString


@dataclass(frozen=True)
class MonthPage:
    as_of: str
    facts: tuple[Fact, ...]
    funnel: tuple[FunnelStep, ...]
    yield_chart: SafeString
    yield_words: str


def month_page(report: MonthlyReport) -> MonthPage:
    return MonthPage(
        as_of=as_of(report.counted_at, report.now),
        facts=tuple(_month_facts(report)),
        funnel=tuple(_funnel(report.figures, report.before)),
        yield_chart=yield_chart(report.yields, report.standard_attempts),
        yield_words=yield_words(report.within_standard, report.standard_attempts),
    )


def as_of(counted_at: datetime | None, now: datetime) -> str:
    """When the figures were counted, in the reader's zone: the time today, else the day too."""
    if counted_at is None:
        return ""
    local = timezone.localtime(counted_at)
    today = local.date() == timezone.localdate(now)
    return _("as of %s") % date_format(local, "TIME_FORMAT" if today else "SHORT_DATETIME_FORMAT")


def _month_facts(report: MonthlyReport) -> list[Fact]:
    """The figures that a manager compares with the month before."""
    figures, before, currency = report.figures, report.before, report.currency
    earlier = report.month.previous.short_name

    def fact(label: str, figure: str, show: Callable[[MonthFigures], str]) -> Fact:
        gloss = f"{earlier}: {show(before)}" if report.previous else ""
        return Fact(label, show(figures), gloss, figure_url(report.month.key, figure))

    return [
        fact(_("Leads received"), "leads_received", lambda f: count(f.leads_received)),
        fact(_("New prospects"), "new_prospects", lambda f: count(f.new_prospects)),
        fact(_("Under development"), "under_development", lambda f: count(f.under_development)),
        fact(_("Handed to sales"), "handed_off", lambda f: count(f.handed_off)),
        fact(
            _("Potential revenue"),
            "potential_revenue",
            lambda f: money_short(f.potential_revenue, currency),
        ),
        fact(_("Won revenue"), "won_revenue", lambda f: money_short(f.won_revenue, currency)),
    ]


def _funnel(figures: MonthFigures, before: MonthFigures) -> list[FunnelStep]:
    steps: list[tuple[str, str, Callable[[MonthFigures], int]]] = [
        (_("Received"), "leads_received", lambda f: f.leads_received),
        (_("Passed screening"), "", lambda f: f.passed_screening),
        (_("New in the program"), "new_prospects", lambda f: f.new_prospects),
        (_("MQL"), "mqls", lambda f: f.mqls),
        (_("Qualified"), "qualified", lambda f: f.qualified),
        (_("Handed to sales"), "handed_off", lambda f: f.handed_off),
        (_("Accepted"), "accepted", lambda f: f.accepted),
        (_("Won"), "won", lambda f: f.won),
    ]
    drawn = funnel([(of(figures), of(before)) for _label, _figure, of in steps])
    return [
        FunnelStep(label, figure, of(figures), of(before), bar)
        for (label, figure, of), bar in zip(steps, drawn, strict=True)
    ]


def yield_chart(yields: tuple[AttemptYield, ...], standard: int) -> SafeString:
    """The chance of a conversation at each attempt, with its 95 % interval."""
    shown = [of for of in yields if of.rate is not None]
    if not shown:
        return SafeString("")
    points = [Point(of.label, of.rate or 0, *(of.interval or (None, None))) for of in shown]
    said = ", ".join(f"{of.label}: {percent(of.rate)}" for of in shown)
    return line(
        points,
        label=_("Chance of a conversation by attempt: %s") % said,
        mark=next((i for i, of in enumerate(shown) if of.attempt == standard), None),
        mark_label=_("the standard: %s") % standard,
        unit=" %",
    )


def yield_words(within: Share, standard: int) -> str:
    """The answer to "Is six right?" in a sentence."""
    if not within.whole:
        return _("No attempt has led to a conversation yet.")
    return _("%(share)s of all conversations came by attempt %(standard)s.") % {
        "share": percent(within.percent),
        "standard": standard,
    }


@dataclass(frozen=True)
class Trend:
    label: str
    figure: str
    url: str
    line: SafeString


@dataclass(frozen=True)
class ProgramPage:
    as_of: str
    trends: tuple[Trend, ...]
    months_chart: SafeString
    yield_chart: SafeString
    yield_words: str


def program_page(report: ProgramReport) -> ProgramPage:
    return ProgramPage(
        as_of=as_of(report.counted_at, report.now),
        trends=tuple(_trends(report)),
        months_chart=_months_chart(report),
        yield_chart=yield_chart(report.yields, report.standard_attempts),
        yield_words=yield_words(report.within_standard, report.standard_attempts),
    )


def _trends(report: ProgramReport) -> list[Trend]:
    totals, currency = report.totals, report.currency

    def trend(label: str, figure: str, total: str, of: Callable[[MonthFigures], Any]) -> Trend:
        values = [float(of(month.figures)) for month in report.months]
        return Trend(
            label,
            total,
            figure_url(report.period.key, figure),
            sparkline(values, label=_("%s, month by month") % label),
        )

    return [
        trend(
            _("Leads received"),
            "leads_received",
            count(totals.leads_received),
            lambda f: f.leads_received,
        ),
        trend(
            _("Under development"),
            "under_development",
            count(totals.under_development),
            lambda f: f.under_development,
        ),
        trend(_("Handed to sales"), "handed_off", count(totals.handed_off), lambda f: f.handed_off),
        trend(_("Won"), "won", count(totals.won), lambda f: f.won),
        trend(
            _("Won revenue"),
            "won_revenue",
            money_short(totals.won_revenue, currency),
            lambda f: f.won_revenue,
        ),
    ]


def _months_chart(report: ProgramReport) -> SafeString:
    """Handed to sales each month, and of that month the won."""
    many = len(report.months) > 14
    columns = [
        Column(
            label="" if many and of.month.first_on.month % 2 == 0 else of.month.abbreviation,
            value=max(of.figures.handed_off, of.figures.won),
            part=of.figures.won,
            group=str(of.month.first_on.year) if of.month.first_on.month == 1 else "",
        )
        for of in report.months
    ]
    return bars(
        columns,
        label=ngettext(
            "Handed to sales and won, by month: %s month; the table has the numbers.",
            "Handed to sales and won, by month: %s months; the table has the numbers.",
            len(columns),
        )
        % len(columns),
    )
