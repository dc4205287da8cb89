"""The pages of cadences: the list, one of them, its builder, and putting a lead into one."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.cadences import actions, enrolments, reads
from nurture.cadences.enrolling import published
from nurture.cadences.forms import Builder, EnrolForm
from nurture.cadences.shipped import load_shipped_cadences
from nurture.engine.clock import engine_now
from nurture.forms import add_refusal
from nurture.models import Cadence, Enrolment
from prospects.actions import NotAllowed
from prospects.models import Lead
from prospects.views import manages
from team.access import only_if, user_of
from team.models import User

ID_MAX = 2**63 - 1


def works_leads(user: User) -> bool:
    return user.works_leads


# Cadences


@require_safe
@only_if(works_leads)
def cadence_list(request: HttpRequest) -> HttpResponse:
    """All of them, those in use first."""
    user = user_of(request)
    context = {"rows": reads.cadence_rows(user), "may_change": user.manages}
    return render(request, "nurture/cadence_list.html", context)


@require_POST
@only_if(manages)
def cadence_ship(request: HttpRequest) -> HttpResponse:
    """Load the three that come with LeadFlow, where there is none."""
    if load_shipped_cadences(now=engine_now()):
        messages.success(request, _("Three cadences to begin with. They are yours to change."))
    return redirect("cadence-list")


@require_safe
@only_if(works_leads)
def cadence_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan, its versions, and who is in it; `?before=` and `?after=` turn that list."""
    user = user_of(request)
    cadence = get_object_or_404(Cadence.objects.select_related("then"), pk=pk)
    page = reads.cadence_page(
        cadence,
        user,
        engine_now(),
        before=_key(request, "before"),
        after=_key(request, "after"),
    )
    context = {
        "page": page,
        "may_change": user.manages,
        "newer_url": f"?after={page.newer}" if page.newer else "",
        "older_url": f"?before={page.older}" if page.older else "",
    }
    return render(request, "nurture/cadence_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def cadence_new(request: HttpRequest) -> HttpResponse:
    return _build(request, Cadence())


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def cadence_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _build(request, get_object_or_404(Cadence, pk=pk))


def _build(request: HttpRequest, cadence: Cadence) -> HttpResponse:
    """The builder. `do` rearranges the rows and publishes nothing."""
    title = cadence.name
    if request.method != "POST":
        version = published(cadence) if cadence.pk else None
        builder = Builder.fresh(
            cadence,
            seen=version.number if version else 0,
            steps=version.steps.select_related("template") if version else (),
        )
        return _builder_page(request, builder, title)
    if request.POST.get("do"):
        return _builder_page(request, Builder.rearranged(cadence, request.POST), title)
    builder = Builder.typed(cadence, request.POST)
    if not builder.is_valid():
        return _builder_page(request, builder, title, status=422)
    try:
        is_new = actions.write_cadence(
            cadence=cadence,
            steps=builder.steps(),
            seen=builder.form.cleaned_data["seen"],
            by=user_of(request),
            now=engine_now(),
        )
    except (NotAllowed, ValidationError) as refused:
        add_refusal(builder.form, refused)
        return _builder_page(request, builder, title, status=422)
    messages.success(
        request,
        _("Published. Who is under way keeps the version they started with.")
        if is_new
        else _("Saved. The steps are as they were."),
    )
    return redirect("cadence-detail", cadence.pk)


def _builder_page(
    request: HttpRequest, builder: Builder, title: str, status: int = 200
) -> HttpResponse:
    context = {"builder": builder, "cadence": builder.cadence, "title": title}
    return render(request, "nurture/cadence_edit.html", context, status=status)


@require_POST
@only_if(manages)
def cadence_pause(request: HttpRequest, pk: int) -> HttpResponse:
    cadence = get_object_or_404(Cadence, pk=pk)
    actions.pause_cadence(cadence=cadence, by=user_of(request), now=engine_now())
    messages.success(request, _("Paused. What it planned waits until somebody resumes it."))
    return redirect("cadence-detail", pk)


@require_POST
@only_if(manages)
def cadence_resume(request: HttpRequest, pk: int) -> HttpResponse:
    actions.resume_cadence(
        cadence=get_object_or_404(Cadence, pk=pk), by=user_of(request), now=engine_now()
    )
    messages.success(request, _("It goes on. What missed its time is planned anew."))
    return redirect("cadence-detail", pk)


@require_POST
@only_if(manages)
def cadence_archive(request: HttpRequest, pk: int) -> HttpResponse:
    cadence = get_object_or_404(Cadence, pk=pk)
    actions.archive_cadence(cadence=cadence, by=user_of(request), now=engine_now())
    messages.success(request, _("Archived. Nobody is put into it any more; who is in it goes on."))
    return redirect("cadence-detail", pk)


@require_POST
@only_if(manages)
def cadence_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    actions.reopen_cadence(cadence=get_object_or_404(Cadence, pk=pk), by=user_of(request))
    messages.success(request, _("Leads may be put into it again."))
    return redirect("cadence-detail", pk)


def _key(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and int(value) <= ID_MAX else None


# Leads in them


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def lead_enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one lead into a cadence; each that it can not go into says why."""
    visible = Lead.objects.visible_to(user_of(request)).select_related("company", "contact")
    lead = get_object_or_404(visible, pk=pk)
    form = EnrolForm(
        request.POST if request.method == "POST" else None, choices=reads.choices_for(lead)
    )
    if form.is_valid():
        try:
            enrolments.enrol(lead=lead, cadence=form.chosen, by=user_of(request), now=engine_now())
        except NotAllowed as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("It is in “%s” now.") % form.chosen)
            return redirect("lead-detail", pk)
    status = 422 if form.is_bound else 200
    return render(
        request, "nurture/cadence_enrol.html", {"lead": lead, "form": form}, status=status
    )


@require_POST
@only_if(works_leads)
def enrolment_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lead out of its cadence."""
    return _turn(
        request,
        pk,
        lambda row, user: enrolments.stop_enrolment(enrolment=row, by=user, now=engine_now()),
        _("It is out of the cadence. Nothing more is planned by it."),
    )


@require_POST
@only_if(works_leads)
def enrolment_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold what is planned for one lead."""
    return _turn(
        request,
        pk,
        lambda row, user: enrolments.pause_enrolment(enrolment=row, by=user, now=engine_now()),
        _("Paused for this lead. What is planned waits."),
    )


@require_POST
@only_if(works_leads)
def enrolment_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with one lead."""
    return _turn(
        request,
        pk,
        lambda row, user: enrolments.resume_enrolment(enrolment=row, by=user),
        _("It goes on. What missed its time is planned anew."),
    )


def _turn(
    request: HttpRequest, pk: int, act: Callable[[Enrolment, User], object], words: str
) -> HttpResponse:
    user = user_of(request)
    enrolment = get_object_or_404(
        Enrolment.objects.visible_to(user).select_related("lead", "version__cadence"), pk=pk
    )
    try:
        act(enrolment, user)
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, words)
    return redirect("lead-detail", enrolment.lead_id)
