"""Possible duplicates: the pairs to decide about, merging two records, and taking that back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from nurture.duplicates import merging
from nurture.duplicates.forms import MergeForm
from prospects.actions import NotAllowed
from prospects.duplicates import merge_actions, reads
from prospects.duplicates.merging import UNDO_FOR, goes_on, why_not
from prospects.models import Company, Contact, DuplicatePair, Lead, Merge
from team.access import only_if, user_of
from team.models import User


def works_leads(user: User) -> bool:
    return user.works_leads


ID_MAX = 2**63 - 1


@require_safe
@only_if(works_leads)
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """The pairs, the newest first; `?pair=` is shown side by side."""
    asked = request.GET.get("pair", "")
    pk = int(asked) if asked.isdecimal() and int(asked) <= ID_MAX else None
    page = reads.duplicate_page(user_of(request), asked=pk)
    return render(request, "nurture/duplicate_list.html", {"page": page})


@require_POST
@only_if(works_leads)
def duplicate_different(request: HttpRequest, pk: int) -> HttpResponse:
    """They are not the same, and are never asked about again."""
    pair = get_object_or_404(reads.pairs_of(user_of(request)), pk=pk)
    merge_actions.tell_apart(pair=pair, by=user_of(request), now=timezone.now())
    messages.success(request, _("They stay apart. You will not be asked again."))
    return redirect("duplicate-list")


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def duplicate_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one company or person of a pair; people who are each a lead's, are merged with the leads."""
    user = user_of(request)
    pair: DuplicatePair = get_object_or_404(reads.pairs_of(user), pk=pk)
    first, second = reads.sides_of(pair)
    if isinstance(first, Contact):
        leads = [reads.leads_of(contact, user)[:1] for contact in (first, second)]
        if all(leads) and leads[0] != leads[1]:
            return redirect("lead-merge", leads[0][0].pk, leads[1][0].pk)

    def act(form: MergeForm) -> tuple[str, Merge]:
        merge: Callable[..., Merge] = (
            merging.merge_companies if isinstance(first, Company) else merging.merge_contacts
        )
        done = merge(
            first=first,
            second=second,
            picks=form.picks(type(first)),
            by=user,
            now=timezone.now(),
        )
        return reverse("duplicate-list"), done

    return _merge_page(request, first, second, act, back=f"{reverse('duplicate-list')}?pair={pk}")


@require_safe
@only_if(works_leads)
def lead_merge_find(request: HttpRequest, pk: int) -> HttpResponse:
    """Which other lead is the same? Those that are like it, or what words find."""
    user = user_of(request)
    lead = get_object_or_404(_leads(user), pk=pk)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = reads.leads_found(lead, user, words) if words else reads.leads_like(lead, user)
    context = {"lead": lead, "words": words, "found": found}
    return render(request, "nurture/lead_merge_find.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@only_if(works_leads)
def lead_merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Two leads side by side, to make one of them."""
    user = user_of(request)
    first, second = (get_object_or_404(_leads(user), pk=one) for one in (pk, other))
    if first == second:
        raise Http404

    def act(form: MergeForm) -> tuple[str, Merge]:
        kept, done = merging.merge_leads(
            first=first, second=second, wishes=form.wishes, by=user, now=timezone.now()
        )
        return reverse("lead-detail", args=[kept.pk]), done

    standings = [merge_actions.standing_of(lead) for lead in (first, second)]
    return _merge_page(
        request,
        first,
        second,
        act,
        back=reverse("lead-detail", args=[pk]),
        stays=first if goes_on(*standings) else second,
        refusal=why_not(*standings),
    )


def _leads(user: User) -> Any:
    return Lead.objects.visible_to(user).select_related(
        "company__naics", "company__sic", "contact__company", "source", "specialist", "rep"
    )


def _merge_page(
    request: HttpRequest,
    first: Any,
    second: Any,
    act: Callable[[MergeForm], tuple[str, Merge]],
    *,
    back: str,
    stays: Lead | None = None,
    refusal: str = "",
) -> HttpResponse:
    form = MergeForm(request.POST if request.method == "POST" else None, first, second)
    if form.is_valid():
        try:
            address, merge = act(form)
        except NotAllowed as refused:
            form.add_error(None, str(refused))
        else:
            undo = reverse("merge-undo", args=[merge.pk])
            messages.success(request, _("Merged: %s.") % merge.words, extra_tags=undo)
            return redirect(address)
    context = {
        "form": form,
        "first": first,
        "second": second,
        "stays": stays,
        "refusal": refusal,
        "back": back,
        "are_leads": isinstance(first, Lead),
    }
    return render(request, "nurture/merge.html", context, status=422 if form.errors else 200)


@require_safe
@only_if(works_leads)
def merge_list(request: HttpRequest) -> HttpResponse:
    """What was merged in the last 30 days, each to be undone."""
    merges = reads.recent_merges(user_of(request), timezone.now() - UNDO_FOR)
    return render(request, "nurture/merge_list.html", {"merges": merges, "days": UNDO_FOR.days})


@require_POST
@only_if(works_leads)
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Make two of one again."""
    user = user_of(request)
    merge = get_object_or_404(Merge.objects.visible_to(user), pk=pk)
    try:
        undone = merging.undo_merge(merge=merge, by=user, now=timezone.now())
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return redirect("merge-list")
    messages.success(request, _("Undone: they are two again, as they were."))
    return redirect("lead-detail", undone.leads[0]) if undone.leads else redirect("merge-list")
