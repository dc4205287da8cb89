"""The page of one planned touch, and what was planned for a lead. For whoever may see the lead."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from nurture.engine.clock import engine_now
from nurture.models import PlannedTouch
from nurture.trace import reads
from prospects.models import Lead
from prospects.reads import calendar_there
from team.access import user_of


@require_safe
def planned_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Why and why not: how it fared, what is asked now, when it goes."""
    user = user_of(request)
    seen = PlannedTouch.objects.visible_to(user).select_related(*reads.AT_HAND)
    planned = get_object_or_404(seen, pk=pk)
    trace = reads.trace_of(planned, user.organisation, engine_now())
    context = {"trace": trace, "works": user.works_leads}
    return render(request, "nurture/planned_detail.html", context)


@require_safe
def lead_planned(request: HttpRequest, pk: int) -> HttpResponse:
    """What comes for a lead and what was planned; `?before=` leads to what is older."""
    user = user_of(request)
    visible = Lead.objects.visible_to(user).select_related("company", "contact")
    lead = get_object_or_404(visible, pk=pk)
    there = calendar_there(lead.contact, lead.company, user.organisation.calendar)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 18 else None
    page = reads.planned_list(lead, there, engine_now(), before=before)
    context = {
        "lead": lead,
        "page": page,
        "older_url": f"?before={page.older}" if page.older else "",
    }
    return render(request, "nurture/lead_planned.html", context)
