"""Settings of screening and of the organisation, and what a change of them would do to the leads there are."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from prospects.actions import NotAllowed
from prospects.models import Listing, Rescreening
from prospects.screening import rescreening_reads
from prospects.screening.listings import add_listings, remove_listings
from prospects.screening.rescreening import (
    ask_rescreening,
    go_on,
    save_without_rescreening,
    stop_rescreening,
    want_rescreening,
)
from prospects.screening.rules import Proposal
from prospects.screening.settings_forms import (
    ListingsForm,
    MarketForm,
    OrganisationForm,
    PickedForm,
)
from prospects.tasks import rescreen, ring
from prospects.views import asked_by_htmx, manages, posted, reads_or_posts
from team.access import only_if, user_of
from team.models import Organisation, Role, User
from team.organisation import edit_organisation

AT_ONCE = 2
"""Chunks of leads that a page waits for; with more, it shows how far the job is."""


def administers(user: User) -> bool:
    return user.role == Role.ADMIN


@reads_or_posts
@only_if(administers)
def organisation_edit(request: HttpRequest) -> HttpResponse:
    form = OrganisationForm(posted(request), organisation=Organisation.current())
    if form.is_valid():
        edit_organisation(fields=form.edited(), by=user_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings")
    status = 422 if form.errors else 200
    return render(request, "prospects/organisation_edit.html", {"form": form}, status=status)


@reads_or_posts
@only_if(manages)
def market_edit(request: HttpRequest) -> HttpResponse:
    form = MarketForm(posted(request), organisation=Organisation.current())
    if form.is_valid():
        if "preview" in request.POST:
            return _preview(request, form.proposal)
        edit_organisation(fields=form.proposal["market"], by=user_of(request))
        messages.success(request, _("Saved. It counts for leads that come in from now on."))
        return redirect("screening-rules")
    status = 422 if form.errors else 200
    return render(request, "prospects/market_edit.html", {"form": form}, status=status)


# The lists


@reads_or_posts
@only_if(manages)
def listing_list(request: HttpRequest, kind: str) -> HttpResponse:
    """The entries of a list, and the form that adds to them."""
    if kind not in Listing.Kind.values:
        raise Http404
    form = ListingsForm(posted(request))
    if form.is_valid():
        if "preview" in request.POST:
            entries = [list(entry) for entry in form.entries]
            return _preview(request, {"kind": kind, "add": entries, "remove": []})
        new = add_listings(kind=kind, entries=form.entries, by=user_of(request), now=timezone.now())
        messages.success(request, _added(new, len(form.entries) - new, len(form.refused)))
        return redirect("listing-list", kind=kind)
    page = rescreening_reads.listing_page(
        kind, words=request.GET.get("q", ""), after=request.GET.get("after", "")
    )
    context = {"page": page, "form": form, "kind": Listing.Kind(kind), "kinds": Listing.Kind}
    return render(
        request, "prospects/listing_list.html", context, status=422 if form.errors else 200
    )


def _added(new: int, known: int, left_out: int) -> str:
    said = [ngettext("%s is added.", "%s are added.", new) % new]
    if known:
        said.append(ngettext("%s was there.", "%s were there.", known) % known)
    if left_out:
        said.append(ngettext("%s was left out.", "%s were left out.", left_out) % left_out)
    return " ".join([*said, _("It counts for leads that come in from now on.")])


@require_POST
@only_if(manages)
def listing_remove(request: HttpRequest, kind: str) -> HttpResponse:
    """Take the ticked entries off, or show first what that would change."""
    if kind not in Listing.Kind.values:
        raise Http404
    form = PickedForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Tick the entries to take off."))
        return redirect("listing-list", kind=kind)
    picked = form.cleaned_data["picked"]
    if "preview" in request.POST:
        return _preview(request, {"kind": kind, "add": [], "remove": picked})
    count = remove_listings(kind=kind, pks=picked, by=user_of(request))
    messages.success(request, ngettext("%s is taken off.", "%s are taken off.", count) % count)
    return redirect("listing-list", kind=kind)


# Screening anew


@require_safe
@only_if(manages)
def screening_rules(request: HttpRequest) -> HttpResponse:
    """By what leads are screened, in words, and whether those there are were."""
    context = {"page": rescreening_reads.rules_page(user_of(request))}
    return render(request, "prospects/screening_rules.html", context)


@require_POST
@only_if(manages)
def rescreening_new(request: HttpRequest) -> HttpResponse:
    return _preview(request, {})


def _preview(request: HttpRequest, proposal: Proposal) -> HttpResponse:
    """Count what rules would change; a few thousand leads at once, more of them as a job."""
    now = timezone.now()
    asked = ask_rescreening(by=user_of(request), now=now, proposal=proposal)
    for _chunk in range(AT_ONCE):
        if not go_on(asked.pk, now=now):
            break
    else:
        ring(rescreen)
    return redirect("rescreening", pk=asked.pk)


@require_safe
@only_if(manages)
def rescreening(request: HttpRequest, pk: int) -> HttpResponse:
    """What it would change, or how far it is, or what it changed."""
    record = _record(request, pk)
    page = rescreening_reads.rescreening_page(
        record,
        user_of(request),
        outcome=request.GET.get("outcome", ""),
        rule=request.GET.get("rule", ""),
        after=request.GET.get("after", ""),
    )
    template = "prospects/rescreening.html" + ("#state" if asked_by_htmx(request) else "")
    return render(request, template, {"page": page, "record": record})


@require_POST
@only_if(manages)
def rescreening_want(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what was shown: the rules are saved, and the leads changed by a job."""

    def do(record: Rescreening) -> None:
        now = timezone.now()
        want_rescreening(rescreening=record, by=user_of(request), now=now)
        if go_on(record.pk, now=now):
            ring(rescreen)

    return _decide(request, pk, do)


@require_POST
@only_if(manages)
def rescreening_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the rules, and leave the leads there are."""

    def do(record: Rescreening) -> None:
        save_without_rescreening(rescreening=record, by=user_of(request), now=timezone.now())
        messages.success(request, _("Saved. It counts for leads that come in from now on."))

    return _decide(request, pk, do)


@require_POST
@only_if(manages)
def rescreening_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it at what is done."""

    def do(record: Rescreening) -> None:
        stop_rescreening(rescreening=record, now=timezone.now())

    return _decide(request, pk, do)


def _decide(request: HttpRequest, pk: int, do: Callable[[Rescreening], None]) -> HttpResponse:
    try:
        do(_record(request, pk))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect(reverse("rescreening", args=[pk]))


def _record(request: HttpRequest, pk: int) -> Rescreening:
    return get_object_or_404(
        Rescreening.objects.visible_to(user_of(request)).select_related("by"), pk=pk
    )
