"""The engine's pages: how it fares, its switch, what is uncertain; and the way out for prospects."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.cadences.actions import pause_cadence, resume_cadence
from nurture.engine import running
from nurture.engine.breaker import set_limits
from nurture.engine.clock import engine_now
from nurture.engine.forms import LimitsForm, SettleForm, SwitchForm
from nurture.engine.opting_out import opt_out
from nurture.engine.reads import engine_page
from nurture.engine.tripping import Limits
from nurture.engine.uncertain import settle_many
from nurture.models import Submission
from prospects.actions import NotAllowed
from prospects.views import manages
from team.access import only_if, user_of
from team.models import Organisation

ID_MAX = 2**63 - 1


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
    """What is due, in flight, uncertain and refused; `?after=` goes on in the uncertain."""
    return _engine_page(request)


@require_POST
@only_if(manages)
def engine_pause(request: HttpRequest) -> HttpResponse:
    """Pause everything, the mail or a cadence, for a reason."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return _engine_page(request, pausing=form)
    turn: dict[str, Any] = {
        "by": user_of(request),
        "why": form.cleaned_data["why"],
        "now": engine_now(),
    }
    if form.cadence is not None:
        pause_cadence(cadence=form.cadence, **turn)
    else:
        running.pause(what=form.cleaned_data["what"], **turn)
    messages.success(request, _("Paused, until somebody lets it go on."))
    return redirect("engine")


@require_POST
@only_if(manages)
def engine_resume(request: HttpRequest) -> HttpResponse:
    """Let something that is paused go on, for a reason."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return _engine_page(request, resuming=form)
    turn: dict[str, Any] = {
        "by": user_of(request),
        "why": form.cleaned_data["why"],
        "now": engine_now(),
    }
    if form.cadence is not None:
        resume_cadence(cadence=form.cadence, **turn)
    else:
        running.resume(what=form.cleaned_data["what"], **turn)
    messages.success(request, _("It goes on. What missed its time is spread over the next hours."))
    return redirect("engine")


@require_POST
@only_if(manages)
def engine_settle(request: HttpRequest) -> HttpResponse:
    """Say what became of uncertain touches, of one or of many."""
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _engine_page(request, settling=form)
    try:
        settled = settle_many(**form.cleaned_data, by=user_of(request), now=engine_now())
    except NotAllowed as refused:
        form.add_error(None, str(refused))
        return _engine_page(request, settling=form)
    messages.success(
        request, ngettext("%s is settled.", "%s are settled.", settled.done) % settled.done
    )
    if settled.refused:
        messages.warning(
            request, _("%s were settled meanwhile, or are not yours.") % settled.refused
        )
    return redirect("engine")


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def engine_limits(request: HttpRequest) -> HttpResponse:
    """From which on the circuit breaker stops the mail."""
    form = LimitsForm(
        request.POST if request.method == "POST" else None, instance=Organisation.current()
    )
    if form.is_valid():
        set_limits(limits=Limits(**form.cleaned_data), by=user_of(request))
        messages.success(request, _("Saved. The breaker goes by these limits from now on."))
        return redirect("engine")
    status = 422 if form.is_bound else 200
    return render(request, "nurture/engine_limits.html", {"form": form}, status=status)


def _engine_page(
    request: HttpRequest,
    *,
    pausing: SwitchForm | None = None,
    resuming: SwitchForm | None = None,
    settling: SettleForm | None = None,
) -> HttpResponse:
    """The page; with a form that was refused it says why, and keeps what was typed."""
    after = request.GET.get("after", "")
    page = engine_page(
        user_of(request),
        engine_now(),
        after=int(after) if after.isdecimal() and int(after) <= ID_MAX else 0,
    )
    context = {
        "page": page,
        "pausing": pausing or SwitchForm(),
        "resuming": resuming,
        "settling": settling or SettleForm(),
        "chosen": request.POST.getlist("planned") if settling else [],
        "next_url": f"?after={page.uncertain.after}" if page.uncertain.after else "",
    }
    status = 422 if pausing or resuming or settling else 200
    return render(request, "nurture/engine.html", context, status=status)
