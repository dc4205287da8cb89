"""Consent of a person, and the addresses that must be left alone.

An address that is looked up is posted: no address stands in a URL, where logs and histories keep it.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from prospects import reads
from prospects.consents import actions
from prospects.consents.forms import (
    ConsentForm,
    LeaveAloneForm,
    LookUpForm,
    ReleaseForm,
    SuppressListForm,
    WithdrawForm,
)
from prospects.consents.reads import consents_of, standing_of, suppression_page
from prospects.models import Consent, Contact, Lead, Suppression
from prospects.views import (
    asked_by_htmx,
    back_to_lead,
    lead_of,
    manages,
    posted,
    reads_or_posts,
    refusals_told_on,
    works_leads,
)
from team.access import only_if, user_of
from team.models import Role, User


def administers(user: User) -> bool:
    return user.role == Role.ADMIN


# Of one person


@reads_or_posts
@only_if(works_leads)
def consents(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    """What a person agreed to; a post writes down one entry more."""
    lead = lead_of(request, pk)
    contact = _person(lead, contact_pk)
    now, user = timezone.now(), user_of(request)
    form = ConsentForm(
        posted(request), contact=contact, zone=user.zone, today=timezone.localdate(now)
    )
    if form.is_valid():
        with refusals_told_on(form):
            actions.record_consent(contact=contact, by=user, now=now, **form.given(now))
            return back_to_lead(request, lead, _("Written down."))
    return _consents_page(request, lead, contact, form, LeaveAloneForm(None, contact=contact))


@require_POST
@only_if(works_leads)
def contact_suppress(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    """Leave addresses of a person alone from now on."""
    lead = lead_of(request, pk)
    contact = _person(lead, contact_pk)
    now, user = timezone.now(), user_of(request)
    form = LeaveAloneForm(request.POST, contact=contact)
    if form.is_valid():
        with refusals_told_on(form):
            actions.leave_alone(contact=contact, by=user, now=now, **form.cleaned_data)
            return back_to_lead(request, lead, _("It is not used again."))
    consent = ConsentForm(None, contact=contact, zone=user.zone, today=timezone.localdate(now))
    return _consents_page(request, lead, contact, consent, form)


@reads_or_posts
@only_if(works_leads)
def consent_withdraw(request: HttpRequest, pk: int, consent_pk: int) -> HttpResponse:
    """They took it back."""
    lead = lead_of(request, pk)
    consent = get_object_or_404(
        Consent.objects.select_related("contact"),
        pk=consent_pk,
        contact__in=reads.people_of(lead),
    )
    form = WithdrawForm(posted(request))
    if form.is_valid():
        actions.withdraw_consent(
            consent=consent, why=form.cleaned_data["why"], by=user_of(request), now=timezone.now()
        )
        return back_to_lead(request, lead, _("Taken back: it counts no more."))
    return render(
        request,
        "prospects/consent_withdraw.html" + ("#form" if asked_by_htmx(request) else ""),
        {"lead": lead, "consent": consent, "form": form},
    )


def _person(lead: Lead, contact_pk: int) -> Contact:
    people = reads.people_of(lead).select_related("company")
    return get_object_or_404(people, pk=contact_pk)


def _consents_page(
    request: HttpRequest,
    lead: Lead,
    contact: Contact,
    form: ConsentForm,
    leave_alone: LeaveAloneForm,
) -> HttpResponse:
    return render(
        request,
        "prospects/contact_consents.html" + ("#form" if asked_by_htmx(request) else ""),
        {
            "lead": lead,
            "contact": contact,
            "consents": consents_of(contact, timezone.now()),
            "form": form,
            "leave_alone": leave_alone,
            "has_address": bool(leave_alone.fields["channels"].choices),  # type: ignore[attr-defined]
        },
        status=422 if form.errors or leave_alone.errors else 200,
    )


# All that is left alone


@reads_or_posts
@only_if(manages)
def suppressions(request: HttpRequest) -> HttpResponse:
    """Look an address up: since when it is left alone and why, what was released, and on what ground."""
    user = user_of(request)
    form = LookUpForm(posted(request), country=user.organisation.country)
    standing = standing_of(*form.cleaned_data["address"]) if form.is_valid() else None
    context = {
        "page": suppression_page(),
        "form": form,
        "standing": standing,
        "may_release": administers(user),
    }
    return render(
        request, "prospects/suppressions.html", context, status=422 if form.errors else 200
    )


@reads_or_posts
@only_if(manages)
def suppression_add(request: HttpRequest) -> HttpResponse:
    """A do-not-call list, or any other."""
    user = user_of(request)
    form = SuppressListForm(
        posted(request), request.FILES or None, country=user.organisation.country
    )
    if form.is_valid():
        with refusals_told_on(form):
            new = actions.suppress_list(
                kind=form.cleaned_data["kind"],
                addresses=form.addresses,
                why=form.cleaned_data["why"],
                note=form.cleaned_data["note"],
                by=user,
                now=timezone.now(),
            )
            known = len(set(form.addresses)) - new
            said = [ngettext("%s is left alone now.", "%s are left alone now.", new) % new]
            if known:
                said.append(ngettext("%s was before.", "%s were before.", known) % known)
            messages.success(request, " ".join(said))
            return redirect("suppressions")
    return render(
        request,
        "prospects/suppression_add.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


@reads_or_posts
@only_if(administers)
def suppression_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an address be used again; who did and why is kept."""
    suppression = get_object_or_404(Suppression, pk=pk)
    form = ReleaseForm(posted(request))
    if form.is_valid():
        with refusals_told_on(form):
            actions.release(
                suppression=suppression,
                reason=form.cleaned_data["reason"],
                by=user_of(request),
                now=timezone.now(),
            )
            messages.success(request, _("Released, with your name and reason."))
            return redirect("suppressions")
    return render(
        request,
        "prospects/suppression_release.html",
        {"form": form, "suppression": suppression},
        status=422 if form.errors else 200,
    )
