"""The pages of templates: the list, one with its versions, the editor with its preview, a test."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.engine.clock import engine_now
from nurture.engine.messages import BadTemplate, write
from nurture.forms import add_refusal
from nurture.mail_templates import actions, reads, testing
from nurture.mail_templates.forms import PreviewForm, TemplateForm
from nurture.models import Template
from prospects.actions import NotAllowed
from prospects.models import Lead
from prospects.views import asked_by_htmx, manages
from team.access import only_if, user_of
from team.models import User


def works_leads(user: User) -> bool:
    return user.works_leads


@require_safe
@only_if(works_leads)
def template_list(request: HttpRequest) -> HttpResponse:
    """All of them by channel, with where they are used and what came of them."""
    context = {
        "channels": reads.template_list(engine_now()),
        "may_change": user_of(request).manages,
    }
    return render(request, "nurture/template_list.html", context)


@require_safe
@only_if(works_leads)
def template_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One version; `?lead=` or `?lead_words=` shows it for a lead."""
    user, now = user_of(request), engine_now()
    template = get_object_or_404(Template, pk=pk)
    lead = _lead_of(request, user)
    context = {
        "page": reads.template_page(template, now),
        "preview": reads.preview(reads.words_of(template), lead, user, now),
        "asked": PreviewForm(request.GET),
        "may_change": user.manages,
    }
    return render(request, "nurture/template_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def template_new(request: HttpRequest) -> HttpResponse:
    return _write(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def template_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A new version, beginning with the newest of that name."""
    template = get_object_or_404(Template, pk=pk)
    newest = Template.objects.filter(name=template.name).latest("version")
    return _write(request, newest)


@require_safe
@only_if(works_leads)
def template_leads(request: HttpRequest) -> HttpResponse:
    """The leads that words find, as options for the combobox (static/js/combobox.js)."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = reads.leads_found(user_of(request), words)
    return render(request, "nurture/template_leads.html", {"found": found, "words": words})


@require_POST
@only_if(works_leads)
def template_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a template as it stands to oneself, filled in for a lead or an example."""
    user, now = user_of(request), engine_now()
    template = get_object_or_404(Template, pk=pk)
    lead = _lead_of(request, user)
    shown = reads.preview(reads.words_of(template), lead, user, now)
    refused = _test(reads.words_of(template), shown, user)
    _say_tested(request, user, refused)
    query = f"?{urlencode({'lead': lead.pk})}" if lead else ""
    return redirect(f"{reverse('template-detail', args=[pk])}{query}")


@require_POST
@only_if(manages)
def template_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer it to no cadence any more."""
    template = get_object_or_404(Template, pk=pk)
    try:
        actions.retire_template(template=template, by=user_of(request), now=engine_now())
    except NotAllowed as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Retired. A new version brings it back."))
    return redirect("template-detail", pk)


def _write(request: HttpRequest, standing: Template | None) -> HttpResponse:
    """The editor. `do` shows the preview, or sends a test, of what is typed, and saves nothing."""
    user, now = user_of(request), engine_now()
    form = TemplateForm(request.POST if request.method == "POST" else None, standing=standing)
    do = request.POST.get("do", "")
    if do == "preview":
        return _editor(request, form, now)
    if not form.is_valid():
        return _editor(request, form, now, status=422 if form.is_bound else 200)
    if do == "test":
        words = form.words_typed
        shown = reads.preview(words, _lead_of(request, user), user, now)
        refused = _test(words, shown, user)
        _say_tested(request, user, refused)
        return _editor(request, form, now, status=422 if refused else 200)
    try:
        template = actions.write_template(by=user, now=now, **form.words)
    except (NotAllowed, ValidationError) as refusal:
        add_refusal(form, refusal)
        return _editor(request, form, now, status=422)
    messages.success(request, _("Saved as version %s.") % template.version)
    return redirect("template-detail", template.pk)


def _editor(
    request: HttpRequest, form: TemplateForm, now: datetime, status: int = 200
) -> HttpResponse:
    """The editor with its preview; for htmx, while one types, the preview alone."""
    user = user_of(request)
    shown = reads.preview(form.words_typed, _lead_of(request, user), user, now)
    context = {
        "form": form,
        "standing": form.standing,
        "preview": shown,
        "fields": reads.insertable(shown),
        "asked": PreviewForm(request.POST if request.method == "POST" else request.GET),
    }
    part = "nurture/template_preview.html"
    page = part if asked_by_htmx(request) else "nurture/template_edit.html"
    if request.POST.get("do") == "preview":
        form.errors.clear()  # what is being typed is not yet wrong
    return render(request, page, context, status=status)


def _lead_of(request: HttpRequest, user: User) -> Lead | None:
    """The lead that is asked for, if the reader sees it; else an example is shown."""
    data = request.POST if request.method == "POST" else request.GET
    return reads.lead_for_preview(user, *PreviewForm(data).asked)


def _test(words: reads.Words, shown: reads.Preview, user: User) -> str:
    """Send it to oneself; returns what refused it, in words."""
    if not words.is_mail:
        return _("Only a mail can be sent.")
    try:
        testing.send_test(written=write(words.subject, words.body, shown.values), to=user)
    except (NotAllowed, BadTemplate) as refused:
        return str(refused)
    return ""


def _say_tested(request: HttpRequest, user: User, refused: str) -> None:
    if refused:
        messages.error(request, refused)
    else:
        messages.success(request, _("Sent to %s, marked as a test.") % user.email)
