"""The pages about the organisation's people: what they may have, what they are for, who is away."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from team.access import only_if, user_of
from team.actions import SettingsChanged, set_person, settings_of
from team.forms import PersonForm, area_forms
from team.models import Role, User
from team.reads import people_seen


def manages(user: User) -> bool:
    return user.manages


@require_safe
@only_if(manages)
def team_settings(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    today = timezone.localdate(timezone=user.organisation.zone)
    return render(request, "team/team_settings.html", {"teams": people_seen(user, today)})


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def person_settings(request: HttpRequest, pk: int) -> HttpResponse:
    by = user_of(request)
    shown = User.objects.visible_to(by).active().filter(role__in=(Role.SPECIALIST, Role.REP))
    person = get_object_or_404(shown.select_related("team"), pk=pk)
    current = settings_of(person)
    posted = request.POST if request.method == "POST" else None
    form = PersonForm(posted, person=person, current=current)
    areas = area_forms(posted, current)
    if form.is_valid() & areas.is_valid():
        said = form.settings(tuple(area for row in areas for area in row.areas))
        try:
            set_person(person=person, settings=said, seen=form.cleaned_data["seen"], by=by)
        except SettingsChanged as changed:
            form.tell_stale(changed.current)
        else:
            messages.success(
                request,
                _("%s: saved. What waits in the queue is given out within a minute.") % person
                if person.is_specialist
                else _("%s: saved.") % person,
            )
            return redirect("team-settings")
    wrong = bool(form.errors or areas.total_error_count())
    context = {"person": person, "form": form, "areas": areas, "wrong": wrong}
    return render(request, "team/person_settings.html", context, status=422 if wrong else 200)
