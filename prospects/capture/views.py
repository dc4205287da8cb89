"""The settings of sources, for managers: their forms, how to show them, and what sources cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prospects.capture import actions
from prospects.capture.forms import CostsForm, InquiryForm, SourceForm, WebFormForm
from prospects.capture.inquiry import TRAP
from prospects.capture.reads import costs_of, form_row, sources_page
from prospects.models import Source, SourceKind, WebForm
from prospects.views import manages, posted
from team.access import only_if, user_of

reads_or_posts = require_http_methods(["GET", "HEAD", "POST"])


def _form_of(request: HttpRequest, pk: int) -> WebForm:
    forms_of = WebForm.objects.visible_to(user_of(request))
    return get_object_or_404(forms_of.select_related("source", "team"), pk=pk)


def _answer(request: HttpRequest, template: str, form: forms.Form, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


# Sources


@require_safe
@only_if(manages)
def source_list(request: HttpRequest) -> HttpResponse:
    """Every source with its forms and what came through them."""
    page = sources_page(user_of(request), timezone.now())
    currency = user_of(request).organisation.currency
    return render(request, "prospects/source_list.html", {"page": page, "currency": currency})


@reads_or_posts
@only_if(manages)
def source_new(request: HttpRequest) -> HttpResponse:
    return _edit_source(request, Source(kind=SourceKind.OTHER))


@reads_or_posts
@only_if(manages)
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_source(request, get_object_or_404(Source, pk=pk))


def _edit_source(request: HttpRequest, source: Source) -> HttpResponse:
    form = SourceForm(posted(request), source=source)
    if form.is_valid():
        actions.save_source(source=source, by=user_of(request), **form.cleaned_data)
        messages.success(request, _("Saved: %s.") % source)
        return redirect("source-list")
    return _answer(request, "prospects/source_edit.html", form, source=source)


# Costs


@reads_or_posts
@only_if(manages)
def source_costs(request: HttpRequest, month: str = "") -> HttpResponse:
    """What each source cost in a month: read and written in one table."""
    user = user_of(request)
    this_month = timezone.now().astimezone(user.organisation.zone).date().replace(day=1)
    month_on = _month(month) if month else this_month
    form = CostsForm(posted(request), rows=costs_of(month_on), month_on=month_on)
    if form.is_valid():
        actions.write_costs(month_on=month_on, costs=form.costs, by=user)
        messages.success(request, _("The costs are written down."))
        return redirect("source-costs-month", month=f"{month_on:%Y-%m}")
    before, after = month_on - timedelta(days=1), month_on + timedelta(days=31)
    return _answer(
        request,
        "prospects/source_costs.html",
        form,
        month_on=month_on,
        currency=user.organisation.currency,
        before=before.replace(day=1),
        after=after.replace(day=1) if after.replace(day=1) <= this_month else None,
    )


def _month(text: str) -> date:
    """The first day of `2026-06`; 404 for what is no month."""
    try:
        month_on = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None
    if not 1990 <= month_on.year <= 2100:
        raise Http404
    return month_on


# Forms


@reads_or_posts
@only_if(manages)
def form_new(request: HttpRequest) -> HttpResponse:
    """A new form; `?source=` names the source it is for."""
    source = request.GET.get("source", "")
    chosen = Source.objects.filter(pk=int(source) if source.isdecimal() else 0).first()
    return _edit_form(request, WebForm(source=chosen) if chosen else WebForm())


@reads_or_posts
@only_if(manages)
def form_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit_form(request, _form_of(request, pk))


def _edit_form(request: HttpRequest, web_form: WebForm) -> HttpResponse:
    user = user_of(request)
    form = WebFormForm(posted(request), by=user, form=web_form)
    if form.is_valid():
        saved = actions.save_form(form=web_form, terms=form.terms, by=user, now=timezone.now())
        messages.success(request, _("Saved. This is how people see it."))
        return redirect("form-detail", pk=saved.pk)
    return _answer(request, "prospects/form_edit.html", form, web_form=web_form)


@require_safe
@only_if(manages)
def form_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How to show a form, what came through it, its key, and a preview."""
    return _form_page(request, _form_of(request, pk))


def _form_page(request: HttpRequest, form: WebForm, key: str = "") -> HttpResponse:
    link = request.build_absolute_uri(reverse("form-show", args=[form.token]))
    asked = InquiryForm(None, form=form, home=user_of(request).organisation.country)
    context = {
        "row": form_row(form, timezone.now()),
        "form": form,
        "link": link,
        "frame": render_to_string("prospects/form_frame.html", {"form": form, "link": link}),
        "snippet": render_to_string(
            "prospects/form_snippet.html",
            {"form": form, "asked": asked, "link": link, "trap": TRAP},
        ),
        "door": request.build_absolute_uri(reverse("api-inquiry-list")),
        "key": key,
    }
    return render(request, "prospects/form_detail.html", context)


@require_POST
@only_if(manages)
def form_renew_link(request: HttpRequest, pk: int) -> HttpResponse:
    actions.renew_link(form=_form_of(request, pk), by=user_of(request))
    messages.success(request, _("The form has another address. The old one leads nowhere."))
    return redirect("form-detail", pk=pk)


@require_POST
@only_if(manages)
def form_make_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the key on the page that answers, and never again."""
    form = _form_of(request, pk)
    key = actions.make_key(form=form, by=user_of(request), now=timezone.now())
    return _form_page(request, form, key)


@require_POST
@only_if(manages)
def form_close(request: HttpRequest, pk: int) -> HttpResponse:
    actions.close_form(form=_form_of(request, pk), by=user_of(request), now=timezone.now())
    messages.success(
        request,
        _("Switched off. Nobody can send it any more."),
        extra_tags=reverse("form-reopen", args=[pk]),
    )
    return redirect("form-detail", pk=pk)


@require_POST
@only_if(manages)
def form_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    actions.reopen_form(form=_form_of(request, pk), by=user_of(request))
    messages.success(request, _("Switched on."))
    return redirect("form-detail", pk=pk)
