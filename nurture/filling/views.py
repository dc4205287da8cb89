"""The pages of filling cadences: the rules, many leads at once, and the coming month."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.cadences.reads import closed
from nurture.cadences.views import works_leads
from nurture.engine.clock import engine_now
from nurture.filling import reads
from nurture.filling.forms import FillForm, RuleForm
from nurture.filling.jobs import ask_filling, cancel_filling, go_on
from nurture.filling.rules import pause_rule, resume_rule, save_rule
from nurture.forms import add_refusal
from nurture.models import Cadence, EnrolmentRule, Filling
from nurture.tasks import fill_cadences
from prospects.actions import NotAllowed
from prospects.tasks import ring
from prospects.views import asked_by_htmx, manages
from team.access import only_if, user_of

AT_ONCE = 2
"""Batches that a page waits for; with more, it shows how far the job is."""
ID_MAX = 2**63 - 1


@require_safe
@only_if(works_leads)
def cadence_month(request: HttpRequest) -> HttpResponse:
    """The coming four weeks of each specialist, in touches a day."""
    people = reads.coming_month(user_of(request), engine_now())
    return render(request, "nurture/cadence_month.html", {"people": people})


# Rules


@require_safe
@only_if(manages)
def rule_list(request: HttpRequest) -> HttpResponse:
    """Who is put into cadences without anybody's doing."""
    rows = reads.rule_rows(user_of(request), engine_now())
    return render(request, "nurture/rule_list.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def rule_new(request: HttpRequest) -> HttpResponse:
    """A new rule; `?cadence=` is the one it fills."""
    asked = request.GET.get("cadence", "")
    rule = EnrolmentRule()
    if asked.isdecimal() and int(asked) <= ID_MAX:
        rule.cadence_id = int(asked)
    return _rule(request, rule)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(manages)
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rules = EnrolmentRule.objects.visible_to(user_of(request)).select_related("cadence")
    return _rule(request, get_object_or_404(rules, pk=pk))


def _rule(request: HttpRequest, rule: EnrolmentRule) -> HttpResponse:
    """The form and what the rule would do. The button `preview` saves nothing."""
    by, now = user_of(request), engine_now()
    name = str(rule) if rule.pk else ""
    form = RuleForm(request.POST if request.method == "POST" else None, instance=rule, by=by)
    context = {"form": form, "rule": rule, "name": name}
    if not form.is_bound:
        preview = reads.saved_preview(rule, by, now) if rule.pk else None
        return render(request, "nurture/rule_edit.html", context | {"preview": preview})
    if form.is_valid() and "preview" in request.POST:
        context |= {"preview": reads.rule_preview(form.terms, by, now), "is_only_shown": True}
        return render(request, "nurture/rule_edit.html", context)
    if form.is_valid():
        try:
            sources = list(form.cleaned_data["sources"])
            save_rule(rule=form.save(commit=False), sources=sources, by=by, now=now)
        except NotAllowed as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, _("Saved. Within a minute it takes whom there is room for."))
            return redirect("rule-list")
    return render(request, "nurture/rule_edit.html", context, status=422)


@require_POST
@only_if(manages)
def rule_pause(request: HttpRequest, pk: int) -> HttpResponse:
    by = user_of(request)
    rule = get_object_or_404(EnrolmentRule.objects.visible_to(by), pk=pk)
    pause_rule(rule=rule, by=by, now=engine_now())
    messages.success(request, _("Paused. It takes nobody until somebody resumes it."))
    return redirect("rule-list")


@require_POST
@only_if(manages)
def rule_resume(request: HttpRequest, pk: int) -> HttpResponse:
    by = user_of(request)
    rule = get_object_or_404(EnrolmentRule.objects.visible_to(by), pk=pk)
    resume_rule(rule=rule, by=by)
    messages.success(request, _("It goes on. Within a minute it takes whom there is room for."))
    return redirect("rule-list")


# Many at once


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def cadence_fill(request: HttpRequest, pk: int) -> HttpResponse:
    """Put many leads into a cadence: chosen, shown who would go in and who not, then done by a job."""
    user, now = user_of(request), engine_now()
    cadence = get_object_or_404(Cadence, pk=pk)
    data = request.POST if request.method == "POST" else request.GET or None
    form = FillForm(data, by=user)
    why = closed(cadence)
    context = {
        "cadence": cadence,
        "form": form,
        "why": why,
        "fillings": reads.fillings_of(cadence, user),
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "nurture/cadence_fill.html", context, status=status)
    is_paced = form.cleaned_data["paced"]
    if request.method == "POST" and not why:
        try:
            filling = ask_filling(
                cadence=cadence,
                leads=form.leads(),
                words=form.words,
                paced=is_paced,
                by=user,
                now=now,
            )
        except NotAllowed as refused:
            add_refusal(form, refused)
            return render(request, "nurture/cadence_fill.html", context, status=422)
        for _batch in range(AT_ONCE):
            if not go_on(filling.pk, now=now):
                break
        else:
            ring(fill_cadences)
        return redirect("filling", filling.pk)
    context["preview"] = reads.fill_preview(form.leads(), cadence, user, now, is_paced=is_paced)
    return render(request, "nurture/cadence_fill.html", context, status=422 if why else 200)


@require_safe
@only_if(works_leads)
def filling(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and what became of each lead; `?after=` turns the list."""
    user = user_of(request)
    record = get_object_or_404(
        Filling.objects.visible_to(user).select_related("cadence", "by"), pk=pk
    )
    asked = request.GET.get("after", "")
    after = int(asked) if asked.isdecimal() and int(asked) <= ID_MAX else 0
    page = reads.filling_page(record, user, engine_now(), after=after)
    template = "nurture/filling.html" + ("#state" if asked_by_htmx(request) else "")
    next_url = f"?after={page.after}" if page.after else ""
    return render(request, template, {"page": page, "next_url": next_url})


@require_POST
@only_if(works_leads)
def filling_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it at what is done."""
    user = user_of(request)
    record = get_object_or_404(Filling.objects.visible_to(user), pk=pk)
    cancel_filling(filling=record, by=user, now=engine_now())
    messages.success(request, _("Stopped. Who is in stays in."))
    return redirect("filling", pk)
