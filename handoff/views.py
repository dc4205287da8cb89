"""Pages of handoffs: the list, the dossier with what may be done about it, and handing over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from handoff import actions, reads
from handoff.actions import AlreadySettled
from handoff.calendar_file import call_file
from handoff.dossier import Word, from_json
from handoff.drawing import line_of
from handoff.forms import HandoffForm, ResultForm, ReturnForm, plain
from handoff.models import Handoff
from handoff.paper import PaperJam, dossier_pdf
from prospects.actions import NotAllowed, StaleVersion
from prospects.models import Lead
from prospects.stages import WITH_SALES, IllegalStep, Stage
from team.access import only_if, user_of
from team.models import User


@require_safe
def handoff_list(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    try:
        handoffs = reads.handoffs(
            user,
            now=timezone.now(),
            open_after=request.GET.get("open", ""),
            closed_after=request.GET.get("closed", ""),
        )
    except reads.BadCursor:
        raise Http404 from None
    context = {"handoffs": handoffs, "room": reads.room_of(user) if user.is_rep else None}
    return render(request, "handoff/handoff_list.html", context)


@require_safe
def handoff_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _handoff(request, pk), version=_version(request))


@require_http_methods(["GET", "POST"])
def handoff_accept(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(request, pk)
    if request.method == "POST":
        user = _rep_of(handoff, request)
        said = _told(
            request,
            lambda: actions.accept(handoff=handoff, by=user, now=timezone.now()),
        )
        if said:
            messages.success(request, _("Accepted. The first call is yours."))
    return redirect("handoff-detail", pk)


@require_http_methods(["GET", "POST"])
def handoff_return(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(request, pk)
    if request.method == "GET":
        return redirect("handoff-detail", pk)
    user, form = _rep_of(handoff, request), ReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, handoff, return_form=form, status=422)
    try:
        said = _told(
            request,
            lambda: actions.return_to_program(
                handoff=handoff, by=user, now=timezone.now(), **form.cleaned_data
            ),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, handoff, return_form=form, status=422)
    if said:
        messages.success(request, _("Returned. It is back with %s.") % _keeper(handoff))
    return redirect("handoff-list")


@require_http_methods(["GET", "POST"])
def handoff_result(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(request, pk)
    if request.method == "GET":
        return redirect("handoff-detail", pk)
    user, form = _rep_of(handoff, request), ResultForm(request.POST)
    if not form.is_valid():
        return _page(request, handoff, result_form=form, status=422)
    try:
        said = _told(
            request,
            lambda: actions.report_result(
                handoff=handoff, by=user, now=timezone.now(), **form.cleaned_data
            ),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, handoff, result_form=form, status=422)
    if said:
        messages.success(request, _("Reported. Thank you: the program learns from it."))
    return redirect("handoff-detail", pk)


@require_http_methods(["GET", "POST"])
def handoff_freeze(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(request, pk)
    if request.method == "POST":
        user = user_of(request)
        get_object_or_404(Lead.objects.visible_to(user), pk=handoff.lead_id)
        said = _told(
            request,
            lambda: actions.freeze_again(handoff=handoff, by=user, now=timezone.now()),
        )
        if said:
            messages.success(request, _("Frozen anew. The earlier version stays."))
    return redirect("handoff-detail", pk)


@require_GET
def handoff_dossier(request: HttpRequest, pk: int) -> HttpResponse:
    body = reads.frozen_body(_handoff(request, pk), _version(request))
    if body is None:
        raise Http404
    return JsonResponse(body)


@require_GET
def handoff_dossier_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = _handoff(request, pk)
    body = reads.frozen_body(handoff, _version(request))
    if body is None:
        raise Http404
    try:
        made = dossier_pdf(
            from_json(body),
            meta=reads.handed_over_in_words(handoff),
            country=user_of(request).organisation.country,
        )
    except PaperJam as jam:
        messages.error(request, str(jam))
        return redirect("handoff-detail", pk)
    return HttpResponse(
        made,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="dossier-{pk}.pdf"'},
    )


@require_GET
def handoff_call(request: HttpRequest, pk: int) -> HttpResponse:
    body = reads.frozen_body(_handoff(request, pk), None)
    text = call_file(from_json(body), handoff=pk, now=timezone.now()) if body else None
    if text is None:
        raise Http404
    return HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="call-{pk}.ics"'},
    )


@only_if(lambda user: user.works_leads)
@require_http_methods(["GET", "POST"])
def handoff_new(request: HttpRequest, pk: int) -> HttpResponse:
    user, now = user_of(request), timezone.now()
    visible = Lead.objects.visible_to(user).select_related(
        "company__naics", "company__sic", "contact", "source", "specialist"
    )
    lead = get_object_or_404(visible, pk=pk)
    if lead.stage != Stage.QUALIFIED:
        return _not_qualified(request, lead)
    preview = reads.current_dossier(lead, now=now, word=Word(), currency=user.organisation.currency)
    form = HandoffForm(
        request.POST or None,
        lead=lead,
        by=user,
        proposals=reads.proposals(lead, now=now),
        preview=preview,
    )
    status = 200
    if request.method == "POST":
        handoff = _hand_off(form, lead, user)
        if handoff is not None:
            messages.success(
                request,
                _("Handed to %(rep)s, who answers by the clock below.") % {"rep": handoff.rep},
            )
            return redirect("handoff-detail", handoff.pk)
        status = 422
    context = {
        "lead": lead,
        "form": form,
        "dossier": preview,
        "line": line_of(preview.history),
        "now": now,
    }
    return render(request, "handoff/handoff_new.html", context, status=status)


def _hand_off(form: HandoffForm, lead: Lead, by: User) -> Handoff | None:
    """The handoff that a form asks for; None if it is refused, the form then saying why."""
    if not form.is_valid():
        return None
    asked = form.cleaned_data
    try:
        return actions.hand_off(
            lead=lead,
            rep=User.objects.get(pk=asked["rep"]),
            by=by,
            now=timezone.now(),
            override=asked.get("override", ""),
            word=form.word,
            potential_revenue=asked["potential_revenue"],
            expected_close_on=asked["expected_close_on"],
            version=asked["version"],
        )
    except (NotAllowed, IllegalStep, StaleVersion) as refusal:
        form.add_error(None, str(refusal))
    return None


def _not_qualified(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Where to go instead: to the handoff that it is in, else to the lead and what it lacks."""
    live = Handoff.objects.visible_to(user_of(request)).live().filter(lead=lead).first()
    if live is not None and lead.stage in WITH_SALES:
        messages.info(request, _("It was handed to %s already.") % live.rep)
        return redirect("handoff-detail", live.pk)
    messages.warning(
        request,
        _("Only a qualified lead is handed over; this one is “%s”.") % lead.get_stage_display(),
    )
    return redirect("lead-detail", lead.pk)


def _handoff(request: HttpRequest, pk: int) -> Handoff:
    visible = Handoff.objects.visible_to(user_of(request)).select_related(
        "rep", "specialist", "by", "standard", "lead"
    )
    return get_object_or_404(visible, pk=pk)


def _rep_of(handoff: Handoff, request: HttpRequest) -> User:
    """The person asking, who must be the rep; those who only may look on are refused."""
    user = user_of(request)
    if user.pk != handoff.rep_id:
        raise PermissionDenied
    return user


def _keeper(handoff: Handoff) -> str:
    return handoff.specialist.name if handoff.specialist else _("the team’s queue")


def _version(request: HttpRequest) -> int | None:
    """The version asked for; one that is no number does not exist."""
    asked = request.GET.get("version")
    if asked is None:
        return None
    if not asked.isascii() or not asked.isdigit() or len(asked) > 4:
        raise Http404
    return int(asked)


def _told(request: HttpRequest, act: Callable[[], Any]) -> bool:
    """Act; what the domain refuses is told in words. True if it was done."""
    try:
        act()
    except AlreadySettled as settled:
        messages.info(request, str(settled))
    except (NotAllowed, IllegalStep) as refusal:
        messages.error(request, str(refusal))
    else:
        return True
    return False


def _page(
    request: HttpRequest,
    handoff: Handoff,
    *,
    version: int | None = None,
    return_form: ReturnForm | None = None,
    result_form: ResultForm | None = None,
    status: int = 200,
) -> HttpResponse:
    user = user_of(request)
    briefing = reads.briefing(handoff, reader=user, now=timezone.now(), version=version)
    if briefing is None:
        raise Http404
    context = {
        "briefing": briefing,
        "dossier": briefing.dossier,
        "line": briefing.line,
        "now": briefing.now,
        "handoff": handoff,
        "return_form": return_form or ReturnForm(),
        "result_form": result_form
        or ResultForm(initial={"revenue": plain(handoff.potential_revenue)}),
        "room": reads.room_of(user) if user.is_rep else None,
    }
    return render(request, "handoff/handoff_detail.html", context, status=status)
