"""The page that strangers see: a web form. And what was kept aside, and news for Today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture import queue, rounds
from nurture.capture import inquiries as capture
from nurture.capture.inquiries import Consent
from nurture.capture.reads import fresh_inquiries
from nurture.views import today_context
from prospects.actions import NotAllowed
from prospects.capture.forms import InquiryForm
from prospects.capture.inquiry import TRAP, Doubt, Shown, doubts_of_page, origin_of, seal
from prospects.capture.reads import inquiries_aside, inquiries_of
from prospects.models import Inquiry, Lead, WebForm
from prospects.stages import Stage
from team.access import only_if, user_of
from team.models import Organisation, User
from team.throttling import Limit, address_of

MOST_BYTES = 64 * 1024
OF_SENDER = (Limit("web form by sender", "5/10 minutes"), Limit("web form by day", "30/day"))
OF_FORM = Limit("web form", "300/hour")
EMBEDDED = "embed"


def works_leads(user: User) -> bool:
    return user.works_leads


# The form itself


@csrf_exempt  # it acts for nobody who is logged in: decision 41
@login_not_required
@xframe_options_exempt  # frame-ancestors says who may
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form_show(request: HttpRequest, token: str) -> HttpResponse:
    """A form to fill in; what is sent is taken in or kept aside, and thanked for alike."""
    form = get_object_or_404(WebForm.objects.select_related("source", "team"), token=token)
    now, organisation = timezone.now(), Organisation.current()
    if not form.is_open:
        return _framed(request, form, "nurture/form_closed.html", organisation, status=410)
    if request.method != "POST":
        asked = InquiryForm(None, form=form, home=organisation.country)
        return _form_page(request, form, asked, organisation, now)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return _framed(request, form, "nurture/form_too_long.html", organisation, status=413)
    asked = InquiryForm(request.POST, form=form, home=organisation.country)
    if not asked.is_valid():
        return _form_page(request, form, asked, organisation, now)
    capture.receive_inquiry(
        form=form,
        said=asked.said,
        way=Inquiry.Way.PAGE,
        doubts=_doubts(request, form, asked, now),
        consent=Consent(asked.consented, form.consent_words, form.consent_version),
        page=asked.shown.page if asked.shown else request.headers.get("Referer", ""),
        now=now,
    )
    thanks = form.thanks_url or _address("form-thanks", request, form)
    return _in_frames_of(form, HttpResponse(status=303, headers={"Location": thanks}))


@login_not_required
@xframe_options_exempt
@require_safe
def form_thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What every sender reads, whatever became of what they sent."""
    form = get_object_or_404(WebForm, token=token)
    return _framed(request, form, "nurture/form_thanks.html", Organisation.current())


def _doubts(request: HttpRequest, form: WebForm, asked: InquiryForm, now: datetime) -> list[Doubt]:
    sender = address_of(request)
    # Both are counted in any case: the second limit must not wait for the first.
    within = [limit.allows(f"{form.pk} {sender}") for limit in OF_SENDER if sender]
    return doubts_of_page(
        asked.said,
        trap=asked.trap,
        shown=asked.shown,
        from_site=_origin(request) in form.sites,
        sender_is_busy=not all(within),
        form_is_busy=not OF_FORM.allows(str(form.pk)),
        now=now,
    )


def _origin(request: HttpRequest) -> str:
    """The site that the browser says it comes from; empty where it does not."""
    said = request.headers.get("Origin", "")
    return origin_of(said if said not in {"", "null"} else request.headers.get("Referer", ""))


def _form_page(
    request: HttpRequest,
    form: WebForm,
    asked: InquiryForm,
    organisation: Organisation,
    now: datetime,
) -> HttpResponse:
    shown = (asked.shown if asked.is_bound else None) or Shown(
        now, request.headers.get("Referer", "")
    )
    context = {
        "asked": asked,
        "trap": TRAP,
        "sealed": seal(form.token, shown),
        "address": _address("form-show", request, form),
        # Out of its frame, else their page would open within itself.
        "on_top": bool(form.thanks_url) and EMBEDDED in request.GET,
    }
    status = 422 if asked.errors else 200
    return _framed(request, form, "nurture/form.html", organisation, context, status=status)


def _address(name: str, request: HttpRequest, form: WebForm) -> str:
    frame = f"?{EMBEDDED}=1" if EMBEDDED in request.GET else ""
    return reverse(name, args=[form.token]) + frame


def _framed(
    request: HttpRequest,
    form: WebForm,
    template: str,
    organisation: Organisation,
    context: dict[str, object] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "organisation": organisation,
        "embedded": EMBEDDED in request.GET,
        **(context or {}),
    }
    return _in_frames_of(form, render(request, template, context, status=status))


def _in_frames_of(form: WebForm, answer: HttpResponse) -> HttpResponse:
    """Let the form's own sites, and nobody else, show it in a frame and be led back to."""
    ours = ["'self'", *form.sites]
    replaced = csp_replace({"frame-ancestors": ours, "form-action": ours})
    allowed = replaced(lambda _request: answer)
    result = allowed(HttpRequest())
    assert isinstance(result, HttpResponse)
    return result


# What was kept aside


@require_safe
@only_if(works_leads)
def inquiry_list(request: HttpRequest) -> HttpResponse:
    """What looks like spam, to be looked at: it is taken in or discarded by a person's word."""
    context = {"rows": inquiries_aside(user_of(request))}
    return render(request, "nurture/inquiry_list.html", context)


@require_POST
@only_if(works_leads)
def inquiry_take(request: HttpRequest, pk: int) -> HttpResponse:
    """It is no spam: make a lead of it, or a touch of the lead they have."""
    user = user_of(request)
    inquiry = get_object_or_404(Inquiry.objects.visible_to(user), pk=pk)
    try:
        taken = capture.take_inquiry(inquiry=inquiry, by=user, now=timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("inquiry-list")
    assert taken.lead is not None
    if taken.lead.stage == Stage.SCREENED_OUT:
        messages.warning(request, _("Taken in, and screened out: %s.") % taken)
    else:
        messages.success(request, _("Taken in: %s.") % taken)
    return redirect("inquiry-list")


@require_POST
@only_if(works_leads)
def inquiry_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """It is spam: out of sight, and kept."""
    user = user_of(request)
    inquiry = get_object_or_404(Inquiry.objects.visible_to(user), pk=pk)
    try:
        capture.discard_inquiry(inquiry=inquiry, by=user, now=timezone.now())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Discarded: %s.") % inquiry)
    return redirect("inquiry-list")


@require_safe
def lead_inquiries(request: HttpRequest, pk: int) -> HttpResponse:
    """What came in for a lead through forms, as it was typed, with the words agreed to."""
    leads = Lead.objects.visible_to(user_of(request)).select_related("company", "contact")
    lead = get_object_or_404(leads, pk=pk)
    context = {"lead": lead, "rows": inquiries_of(lead)}
    return render(request, "nurture/lead_inquiries.html", context)


# News for Today

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMMITS_WITHIN = timedelta(seconds=5)
"""What asked just before a page was made may have come into sight just after."""


@login_not_required
@require_safe
def today_fresh(request: HttpRequest) -> HttpResponse:
    """Asked by Today every twenty seconds: nothing (204), or the queue anew with who asked.

    `known`: the inquiries of the last hour that the page shows already, as this view named them; or
    `since`: when the page was made, in milliseconds. Whoever was logged out meanwhile hears nothing.
    """
    user = request.user
    if not isinstance(user, User) or not user.works_leads:
        return HttpResponse(status=204)
    now = timezone.now()
    fresh = fresh_inquiries(user, now)
    marks = {inquiry.mark for inquiry in fresh}
    known = set(request.GET.get("known", "").split(","))
    if "known" not in request.GET:
        since = _moment(request.GET.get("since", "")) - COMMITS_WITHIN
        known = {inquiry.mark for inquiry in fresh if inquiry.asked_at <= since}
    news = [inquiry for inquiry in fresh if inquiry.mark not in known]
    if not news and "known" in request.GET:
        return HttpResponse(status=204)
    context: dict[str, object] = {"known": ",".join(sorted(marks)), "news": news, "now": now}
    if news:
        page = queue.today(user, rounds.round_of(request.session, now), now)
        context |= today_context(page, now)
    return render(request, "nurture/today_fresh.html", context)


def _moment(text: str) -> datetime:
    """An instant as a page's address says it, in milliseconds; the epoch where it says nothing."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 15
    return EPOCH + timedelta(milliseconds=int(text) if is_number else 0)
