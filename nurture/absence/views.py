"""The pages about who is away: the list, choosing what becomes of what is due, and coming back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.absence.actions import end_absence, may_choose_for, set_absence
from nurture.absence.forms import AbsenceForm, WhoForm
from nurture.absence.reads import absence_page, absence_preview, people_for
from nurture.cadences.views import works_leads
from nurture.engine.clock import engine_now
from nurture.forms import add_refusal
from nurture.models import Absence
from prospects.routing.loads import day_of
from team.access import only_if, user_of
from team.models import User


@require_safe
@only_if(works_leads)
def absence_list(request: HttpRequest) -> HttpResponse:
    """Who is away now, soon, and was lately."""
    page = absence_page(user_of(request), engine_now())
    return render(request, "nurture/absence_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def absence_new(request: HttpRequest) -> HttpResponse:
    """Who is away: a manager chooses, a specialist goes on to their own."""
    by = user_of(request)
    people = people_for(by)
    if not people:
        raise Http404
    if people == [by]:
        return redirect("absence-edit", by.pk)
    form = WhoForm(request.POST if request.method == "POST" else None, by=by)
    if form.is_valid():
        return redirect("absence-edit", form.cleaned_data["person"].pk)
    status = 422 if form.is_bound else 200
    return render(request, "nurture/absence_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def absence_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What becomes of what is due with somebody. The button `preview` saves nothing."""
    by, now = user_of(request), engine_now()
    person = get_object_or_404(User.objects.active().specialists().select_related("team"), pk=pk)
    if not may_choose_for(by, person):
        raise Http404
    standing = Absence.objects.open().filter(person=person).select_related("cover").first()
    today = day_of(now, by.organisation).on
    form = AbsenceForm(
        request.POST if request.method == "POST" else None, person=person, today=today
    )
    context = {"form": form, "person": person, "is_mine": person == by, "standing": standing}
    if not form.is_bound:
        return render(request, "nurture/absence_edit.html", context)
    if form.is_valid() and "preview" in request.POST:
        context |= {"preview": absence_preview(person, form.chosen, by, now)}
        return render(request, "nurture/absence_edit.html", context)
    if form.is_valid():
        try:
            set_absence(person=person, chosen=form.chosen, by=by, now=now)
        except ValidationError as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("%s: saved. It holds from the first day on.") % person)
            return redirect("absence-list")
    return render(request, "nurture/absence_edit.html", context, status=422)


@require_POST
@only_if(works_leads)
def absence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """They are back, or stay."""
    by = user_of(request)
    absence = get_object_or_404(Absence.objects.visible_to(by).select_related("person"), pk=pk)
    if not may_choose_for(by, absence.person):
        raise Http404
    end_absence(absence=absence, by=by, now=engine_now())
    messages.success(
        request,
        _("%s is back. What waited goes on, at most so much a day as they can do.")
        % absence.person,
    )
    return redirect("absence-list")
