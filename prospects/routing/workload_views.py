"""The pages about who has how much: the workload, the queue, and moving leads."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from prospects.actions import NotAllowed
from prospects.models import Rebalancing
from prospects.routing.rebalancing import (
    Plan,
    PlanChanged,
    plan_rebalancing,
    rebalance,
    undo_rebalancing,
)
from prospects.routing.workload_forms import RebalanceForm
from prospects.routing.workload_reads import QueuePlace, workload
from prospects.views import manages, reads_or_posts, refusals_told_on, works_leads
from team.access import only_if, user_of


@require_safe
@only_if(works_leads)
def workload_page(request: HttpRequest) -> HttpResponse:
    """Who has how much, and the queue; `?after=` leads to a later page of the queue."""
    after = QueuePlace.parse(request.GET.get("after", ""))
    page = workload(user_of(request), timezone.now(), after=after)
    next_url = f"?{urlencode({'after': str(page.after)})}#queue" if page.after else ""
    context = {"page": page, "next_url": next_url, "is_first": after is None}
    return render(request, "prospects/workload.html", context)


@reads_or_posts
@only_if(manages)
def workload_rebalance(request: HttpRequest) -> HttpResponse:
    """GET shows what would be moved, POST moves exactly that."""
    by, now = user_of(request), timezone.now()
    posts = request.method == "POST"
    form = RebalanceForm(request.POST if posts else request.GET or None, by=by)
    plan: Plan | None = None
    if form.is_valid():
        with refusals_told_on(form):
            if posts:
                try:
                    done = rebalance(
                        by=by,
                        asked=form.asked,
                        fingerprint=form.cleaned_data["fingerprint"],
                        now=now,
                    )
                    return _moved(request, done)
                except PlanChanged as changed:
                    plan = changed.plan
                    form.add_error(None, str(changed))
            else:
                plan = plan_rebalancing(by=by, asked=form.asked, now=now)
    context = {"form": form, "plan": plan}
    status = 422 if form.errors else 200
    return render(request, "prospects/workload_rebalance.html", context, status=status)


def _moved(request: HttpRequest, done: Rebalancing) -> HttpResponse:
    words = ngettext("%s lead is moved.", "%s leads are moved.", done.moved) % f"{done.moved:,}"
    messages.success(request, words, extra_tags=reverse("workload-undo", args=[done.pk]))
    return redirect("workload")


@require_POST
@only_if(manages)
def workload_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Give back what is still where it was moved to."""
    by = user_of(request)
    rebalancing = get_object_or_404(Rebalancing.objects.visible_to(by), pk=pk)
    try:
        done = undo_rebalancing(rebalancing=rebalancing, by=by, now=timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("workload")
    back, stayed = done.moved_back or 0, done.moved - (done.moved_back or 0)
    words = ngettext("%s lead is moved back.", "%s leads are moved back.", back) % f"{back:,}"
    if stayed:
        words += " " + (
            ngettext(
                "%s has changed hands since and stays.",
                "%s have changed hands since and stay.",
                stayed,
            )
            % f"{stayed:,}"
        )
    messages.success(request, words)
    return redirect("workload")
