"""When people may be contacted: everybody may read it, managers change it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from nurture.contacting.actions import add_rule, set_limits
from nurture.contacting.forms import LimitsForm, RuleForm
from nurture.contacting.reads import contacting_page
from nurture.models import RegionalRule
from prospects.views import manages, posted, reads_or_posts
from team.access import only_if, user_of
from team.models import Organisation


@require_safe
def contacting(request: HttpRequest) -> HttpResponse:
    """The limits, and the rules of each place with their sources and their history."""
    user = user_of(request)
    page = contacting_page(user.organisation, timezone.localdate())
    return render(request, "nurture/contacting.html", {"page": page, "may_change": user.manages})


@reads_or_posts
@only_if(manages)
def limits_edit(request: HttpRequest) -> HttpResponse:
    form = LimitsForm(posted(request), organisation=Organisation.current())
    if form.is_valid():
        set_limits(fields=form.cleaned_data, by=user_of(request), now=timezone.now())
        messages.success(request, _("Saved. It counts from the next touch on."))
        return redirect("contacting")
    return render(
        request, "nurture/limits_edit.html", {"form": form}, status=422 if form.errors else 200
    )


@reads_or_posts
@only_if(manages)
def rule_new(request: HttpRequest) -> HttpResponse:
    """A new row; `?like=` begins with what another says."""
    like = request.GET.get("like", "")
    known = RegionalRule.objects.filter(pk=int(like)).first() if like.isdecimal() else None
    form = RuleForm(posted(request), like=known)
    if form.is_valid():
        add_rule(fields=form.fields_of_rule, by=user_of(request), now=timezone.now())
        messages.success(request, _("Written down. The rule there was is kept in the history."))
        return redirect("contacting")
    return render(
        request,
        "nurture/regional_rule_new.html",
        {"form": form, "like": known},
        status=422 if form.errors else 200,
    )
