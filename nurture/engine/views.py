"""The engine's pages: how it fares, its switch, what is uncertain; and the way out for prospects."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.engine import running
from nurture.engine.clock import engine_now
from nurture.engine.opting_out import opt_out
from nurture.engine.reads import engine_page
from nurture.engine.settling import settle
from nurture.models import PlannedTouch, Submission
from prospects.actions import NotAllowed
from prospects.views import manages
from team.access import only_if, user_of


@never_cache
@csrf_exempt  # mail programs post to it by themselves (RFC 8058); it can only take an address out
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A GET asks, because mail scanners follow links; a POST acts."""
    submission = get_object_or_404(
        Submission.objects.select_related("planned__lead", "planned__contact"),
        unsubscribe_token=token,
    )
    if request.method == "POST":
        opt_out(submission=submission, now=engine_now())
    return render(request, "nurture/unsubscribe.html", {"is_done": request.method == "POST"})


@require_safe
@only_if(manages)
def engine(request: HttpRequest) -> HttpResponse:
    """What is due, in flight, uncertain and refused."""
    page = engine_page(user_of(request), engine_now())
    return render(request, "nurture/engine.html", {"page": page})


@require_POST
@only_if(manages)
def engine_pause(request: HttpRequest) -> HttpResponse:
    running.pause(by=user_of(request), why=request.POST.get("why", "")[:250], now=engine_now())
    messages.success(request, _("Paused. Nothing is sent until somebody resumes it."))
    return redirect("engine")


@require_POST
@only_if(manages)
def engine_resume(request: HttpRequest) -> HttpResponse:
    running.resume(by=user_of(request))
    messages.success(request, _("It goes on. What missed its time is planned anew."))
    return redirect("engine")


@require_POST
@only_if(manages)
def planned_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what became of an uncertain touch."""
    planned = get_object_or_404(PlannedTouch.objects.visible_to(user_of(request)), pk=pk)
    try:
        settle(
            planned=planned,
            fate=request.POST.get("fate", ""),
            why=request.POST.get("why", ""),
            by=user_of(request),
            now=engine_now(),
        )
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Settled: %s.") % planned.lead)
    return redirect("engine")
