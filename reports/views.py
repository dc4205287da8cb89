"""The pages of reports: the month, the program, and the leads behind a figure."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import behind, pages, reads
from reports.forms import NarrowingForm
from reports.periods import Period
from team.access import only_if, user_of
from team.models import User


def may_read(user: User) -> bool:
    """Reps have no report: they see their own opportunities."""
    return user.works_leads


@require_safe
@only_if(may_read)
def report_current(request: HttpRequest) -> HttpResponse:
    return _month(request, Period.month_at(timezone.now(), user_of(request).organisation.zone))


@require_safe
@only_if(may_read)
def report_month(request: HttpRequest, month: str) -> HttpResponse:
    try:
        period = Period.parse(month, user_of(request).organisation.zone)
    except ValueError:
        raise Http404 from None
    return _month(request, period)


def _month(request: HttpRequest, month: Period) -> HttpResponse:
    try:
        report = reads.monthly_report(month, user=user_of(request), now=timezone.now())
    except LookupError:
        raise Http404 from None
    context = {"report": report, "page": pages.month_page(report)}
    return render(request, "reports/report_month.html", context)


@require_safe
@only_if(may_read)
def report_program(request: HttpRequest) -> HttpResponse:
    report = reads.program_report(user=user_of(request), now=timezone.now())
    context = {"report": report, "page": pages.program_page(report)}
    return render(request, "reports/report_program.html", context)


@require_safe
@only_if(may_read)
def report_figure(request: HttpRequest, month: str, figure: str) -> HttpResponse:
    user, form = user_of(request), NarrowingForm(request.GET)
    if not form.is_valid():
        raise Http404
    try:
        found = behind.figure_list(
            figure,
            reads.period_of(month, user=user, now=timezone.now()),
            narrowing=form.narrowing,
            user=user,
            cursor=form.cleaned_data["cursor"],
        )
    except (LookupError, ValueError):
        raise Http404 from None
    context = {
        "figure": found,
        "newer_url": form.address(found.newer),
        "older_url": form.address(found.older),
    }
    return render(request, "reports/report_figure.html", context)
