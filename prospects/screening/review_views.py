"""The pages of screening: doubtful leads one by one, and who was screened out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from prospects import actions
from prospects.actions import NotAllowed
from prospects.forms import Choice
from prospects.screening import reviewing
from prospects.screening.judging import Rule
from prospects.screening.review_forms import (
    PASS,
    DecisionForm,
    PlaceForm,
    ScreenedOutForm,
    review_address,
)
from prospects.screening.review_reads import REASONS, review_page, screened_out_page
from prospects.stages import IllegalStep
from prospects.views import asked_by_htmx, lead_of, works_leads
from team.access import only_if, user_of


@require_safe
@only_if(works_leads)
@vary_on_headers("HX-Request")
def screening_review(request: HttpRequest) -> HttpResponse:
    return _review(request, PlaceForm(request.GET))


def _review(
    request: HttpRequest, place: PlaceForm, form: DecisionForm | None = None
) -> HttpResponse:
    page = review_page(user_of(request), after=place.cursor, chosen=place.chosen)
    context = {
        "page": page,
        "form": form or DecisionForm(),
        "here": review_address(place.cursor),
        "after": place.data.get("after", "") if place.cursor else "",
        "skip_url": review_address(page.current.cursor) if page.current else "",
        "rows": [(lead, review_address(place.cursor, lead.pk)) for lead in page.waiting],
        "reasons": [(number, rule) for number, rule in enumerate(REASONS, start=1)],
        "passed_over": place.cursor is not None,
    }
    template = "prospects/screening_review.html"
    if asked_by_htmx(request):
        template += "#region"
    return render(request, template, context, status=422 if form and form.errors else 200)


@require_POST
@only_if(works_leads)
def screening_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass the lead or screen it out; the next one comes up."""
    lead, user, now = lead_of(request, pk), user_of(request), timezone.now()
    place, form = PlaceForm(request.POST), DecisionForm(request.POST)
    if not form.is_valid():
        place.cleaned_data["lead"] = lead.pk
        return _review(request, place, form)
    decision, why = form.cleaned_data["decision"], form.cleaned_data["why"]
    try:
        if decision == PASS:
            reviewing.pass_lead(lead=lead, by=user, now=now, why=why)
            said = _("%s passed.") % lead.headline
        else:
            reviewing.turn_away(lead=lead, reason=decision, by=user, now=now, why=why)
            said = _("%(lead)s is screened out: %(rule)s.") % {
                "lead": lead.headline,
                "rule": Rule(decision).label,
            }
        messages.success(request, said, extra_tags=reverse("screening-undo", args=[lead.pk]))
    except (NotAllowed, IllegalStep) as refusal:
        messages.warning(request, str(refusal))
    return (
        _review(request, place)
        if asked_by_htmx(request)
        else redirect(review_address(place.cursor))
    )


@require_POST
@only_if(works_leads)
def screening_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's last decision on this lead back, and bring it up again."""
    lead = lead_of(request, pk)
    try:
        reviewing.undo_review(lead=lead, by=user_of(request), now=timezone.now())
        messages.success(request, _("Taken back: %s waits for a look again.") % lead.headline)
    except (NotAllowed, IllegalStep) as refusal:
        messages.warning(request, str(refusal))
    return redirect(review_address(lead=lead.pk))


@require_safe
@only_if(works_leads)
def screening_out(request: HttpRequest) -> HttpResponse:
    """Who was screened out, the latest first."""
    form = ScreenedOutForm(request.GET)
    page = screened_out_page(user_of(request), rule=form.rule_asked, after=form.cursor)
    chips = [("", _("All reasons")), *((rule.value, str(rule.label)) for rule in REASONS)]
    context = {
        "page": page,
        "chips": [
            Choice(label, rule, rule == form.rule_asked, form.address(rule))
            for rule, label in chips
        ],
        "narrowed": bool(form.rule_asked or form.cursor),
        "newest": form.address(form.rule_asked) if form.cursor else "",
        "older": form.address(form.rule_asked, page.older) if page.older else "",
        "here": request.get_full_path(),
    }
    return render(request, "prospects/screening_out.html", context)


@require_POST
@only_if(works_leads)
def screening_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Overrule a verdict from the list of those screened out."""
    lead = lead_of(request, pk)
    form = ScreenedOutForm(request.POST)
    try:
        actions.restore(lead=lead, by=user_of(request), now=timezone.now())
        messages.success(request, _("%s is a raw lead again.") % lead.headline)
    except (NotAllowed, IllegalStep) as refusal:
        messages.warning(request, str(refusal))
    return redirect(form.address(form.rule_asked))
