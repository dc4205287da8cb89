"""The pages about leads: the list, a new one, what is edited of one, and the standard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, push_url

from prospects import actions, reads
from prospects.actions import LeadDetails, NotAllowed, StaleVersion
from prospects.forms import (
    AssignForm,
    CompanyForm,
    ContactForm,
    LeadForm,
    LeadListForm,
    LeadNewForm,
    ScreenOutForm,
    SignForm,
    StandardForm,
    StepForm,
)
from prospects.industries import find_industries
from prospects.models import Company, Contact, Lead, Standard
from prospects.stages import IllegalStep
from team.access import only_if, user_of
from team.models import User

reads_or_posts = require_http_methods(["GET", "HEAD", "POST"])


def works_leads(user: User) -> bool:
    return user.works_leads


def manages(user: User) -> bool:
    return user.manages


# What the pages below share


def lead_of(request: HttpRequest, pk: int) -> Lead:
    """The lead, for who may see it; 404 for everybody else."""
    leads = Lead.objects.visible_to(user_of(request))
    return get_object_or_404(
        leads.select_related("company__naics", "company__sic", "contact__company"), pk=pk
    )


def posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def asked_by_htmx(request: HttpRequest) -> bool:
    """For a part of the page only; a boosted link asks for the whole of it."""
    return bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]


def form_page(
    request: HttpRequest,
    lead: Lead,
    form: forms.Form,
    *,
    title: str,
    save: str,
    intro: str = "",
    wide: bool = False,
) -> HttpResponse:
    """A form about a lead: a page of its own, or for htmx the form alone; 422 if it came back."""
    template = "prospects/lead_form.html"
    if asked_by_htmx(request):
        template += "#form"
        form.visible_fields()[0].field.widget.attrs["autofocus"] = True
    context = {
        "lead": lead,
        "form": form,
        "title": title,
        "save": save,
        "intro": intro,
        "wide": wide,
    }
    return render(request, template, context, status=422 if form.errors else 200)


def back_to_lead(request: HttpRequest, lead: Lead, message: str) -> HttpResponse:
    """To the lead’s own page, which says what was done."""
    messages.success(request, message)
    address = reverse("lead-detail", args=[lead.pk])
    return HttpResponseClientRedirect(address) if asked_by_htmx(request) else redirect(address)


@contextmanager
def refusals_told_on(form: forms.Form) -> Iterator[None]:
    """What forbids an action becomes an error of the form, in the rule’s own words."""
    try:
        yield
    except (NotAllowed, IllegalStep) as refusal:
        form.add_error(None, str(refusal))
    except ValidationError as refusal:
        form.add_error(None, refusal)


# The list


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def lead_list(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = LeadListForm(request.GET, user)
    page = reads.lead_list(user, form.filters, cursor=form.cursor, now=timezone.now())
    context = {
        "form": form,
        "page": page,
        "menus": form.menus(page),
        "newer": form.address_of(page.newer),
        "older": form.address_of(page.older),
    }
    if request.htmx.target != "leads":  # type: ignore[attr-defined]
        return render(request, "prospects/lead_list.html", context)
    part = render(request, "prospects/lead_list.html#leads", context)
    return push_url(part, form.address_here)


# A new lead


@reads_or_posts
@only_if(works_leads)
def lead_new(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = LeadNewForm(posted(request), by=user)
    if form.is_valid():
        with refusals_told_on(form):
            lead = actions.create_lead(
                source=form.cleaned_data["source"]
                or actions.source_named(form.cleaned_data["new_source"]),
                company=form.company_details,
                contact=form.contact_details,
                details=LeadDetails(note=form.cleaned_data["note"]),
                team=form.team_chosen,
                by=user,
                now=timezone.now(),
                idempotency_key=form.cleaned_data["key"],
            )
            return back_to_lead(request, lead, _("%s is written down.") % lead.headline)
    status = 422 if form.errors else 200
    return render(request, "prospects/lead_new.html", {"form": form}, status=status)


@require_safe
def industry_search(request: HttpRequest) -> HttpResponse:
    """The industries that words describe, as options for the combobox (static/js/combobox.js)."""
    words = request.GET.get("q", "").replace("\0", "")[:100]
    return render(
        request, "prospects/industry_search.html", {"found": find_industries(words), "words": words}
    )


# What is edited of a lead


@reads_or_posts
def lead_edit(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    form = LeadForm(posted(request), lead=lead)
    if form.is_valid():
        try:
            actions.edit_lead(
                lead=lead,
                details=form.details,
                version=int(form.cleaned_data["version"]),
                by=user_of(request),
                now=timezone.now(),
            )
        except StaleVersion as stale:
            form.tell_stale(stale.current)
        else:
            return back_to_lead(request, lead, _("Saved."))
    return form_page(request, lead, form, title=_("The need"), save=_("Save"))


@reads_or_posts
def company_edit(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    form = CompanyForm(posted(request), company=lead.company or Company())
    if form.is_valid():
        with refusals_told_on(form):
            actions.edit_company(
                lead=lead, details=form.details, by=user_of(request), now=timezone.now()
            )
            return back_to_lead(request, lead, _("Saved."))
    return form_page(
        request,
        lead,
        form,
        title=_("Company"),
        save=_("Save"),
        intro=_("What you found out yourself. It counts as assumed until they say so."),
        wide=True,
    )


@reads_or_posts
def contact_new(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    form = ContactForm(posted(request), contact=Contact(), lead=lead)
    if form.is_valid():
        with refusals_told_on(form):
            contact = actions.add_contact(
                lead=lead,
                details=form.details,
                by=user_of(request),
                now=timezone.now(),
                confirmed_at=form.confirmed_at,
            )
            return back_to_lead(request, lead, _("%s is added.") % contact)
    return form_page(
        request, lead, form, title=_("Another person"), save=_("Add the person"), wide=True
    )


@reads_or_posts
def contact_edit(request: HttpRequest, pk: int, contact_pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    contact = get_object_or_404(reads.people_of(lead), pk=contact_pk)
    form = ContactForm(posted(request), contact=contact, lead=lead)
    if form.is_valid():
        with refusals_told_on(form):
            actions.edit_contact(
                lead=lead,
                contact=contact,
                details=form.details,
                by=user_of(request),
                now=timezone.now(),
                confirmed_at=form.confirmed_at,
            )
            return back_to_lead(request, lead, _("Saved."))
    return form_page(request, lead, form, title=str(contact), save=_("Save"), wide=True)


# What happens to a lead


@reads_or_posts
@only_if(works_leads)
def lead_assign(request: HttpRequest, pk: int) -> HttpResponse:
    lead, user = lead_of(request, pk), user_of(request)
    form = AssignForm(posted(request), lead=lead, by=user)
    if form.is_valid():
        with refusals_told_on(form):
            specialist = form.cleaned_data["specialist"]
            actions.assign(lead=lead, specialist=specialist, by=user, now=timezone.now())
            return back_to_lead(request, lead, _("%s has it now.") % specialist)
    return form_page(request, lead, form, title=_("Whose lead is it?"), save=_("Assign"))


@reads_or_posts
@only_if(works_leads)
def lead_screen_out(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    form = ScreenOutForm(posted(request))
    return step(
        request,
        lead,
        form,
        actions.screen_out,
        title=_("Screen it out"),
        save=_("Screen out"),
        intro=_("It leaves the list of what is worked. It can be restored at any time."),
        said=_("Screened out."),
    )


@reads_or_posts
@only_if(works_leads)
def lead_restore(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    return step(
        request,
        lead,
        StepForm(posted(request)),
        actions.restore,
        title=_("Overrule the screening"),
        save=_("Restore"),
        intro=_("It becomes a raw lead again; why it was screened out stays on record."),
        said=_("Restored: it is a raw lead again."),
    )


@reads_or_posts
@only_if(works_leads)
def lead_enter_program(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    return step(
        request,
        lead,
        StepForm(posted(request)),
        actions.enter_program,
        title=_("Take it into the program"),
        save=_("Take it in"),
        intro=_("It counts as a new prospect of this month, and becomes due for its first touch."),
        said=_("It is in the program."),
    )


@reads_or_posts
@only_if(works_leads)
def lead_revive(request: HttpRequest, pk: int) -> HttpResponse:
    lead = lead_of(request, pk)
    return step(
        request,
        lead,
        StepForm(posted(request)),
        actions.revive,
        title=_("Bring it back into the program"),
        save=_("Revive"),
        intro=_("Its whole history is kept."),
        said=_("It is in the program again."),
    )


def step(
    request: HttpRequest,
    lead: Lead,
    form: StepForm,
    act: Callable[..., Lead],
    *,
    title: str,
    save: str,
    intro: str,
    said: str,
) -> HttpResponse:
    """Takes one step of a lead’s life, with what the form says about it."""
    if form.is_valid():
        with refusals_told_on(form):
            act(lead=lead, by=user_of(request), now=timezone.now(), **form.cleaned_data)
            return back_to_lead(request, lead, said)
    return form_page(request, lead, form, title=title, save=save, intro=intro)


# The standard


@require_safe
def standard(request: HttpRequest) -> HttpResponse:
    """Everybody may read what they are measured by; managers change and sign it."""
    return standard_answer(request)


def standard_answer(request: HttpRequest, form: SignForm | None = None) -> HttpResponse:
    page = reads.standard_page(user_of(request))
    if form is None and page.draft is not None:
        form = SignForm(None, standard=page.draft.standard)
    status = 422 if form is not None and form.errors else 200
    context = {"page": page, "form": form}
    return render(request, "prospects/standard.html", context, status=status)


@require_POST
@only_if(manages)
def standard_draft(request: HttpRequest) -> HttpResponse:
    draft = actions.draft_standard(by=user_of(request), now=timezone.now())
    return redirect("standard-edit", version=draft.version)


@reads_or_posts
@only_if(manages)
def standard_edit(request: HttpRequest, version: int) -> HttpResponse:
    draft = get_object_or_404(Standard.objects.drafts(), version=version)
    form = StandardForm(posted(request), standard=draft)
    if form.is_valid():
        with refusals_told_on(form):
            actions.edit_standard(standard=draft, terms=form.terms, by=user_of(request))
            messages.success(
                request, _("Saved. It counts once marketing and sales have signed it.")
            )
            return redirect("standard")
    context = {"form": form, "draft": draft}
    status = 422 if form.errors else 200
    return render(request, "prospects/standard_edit.html", context, status=status)


@require_POST
@only_if(manages)
def standard_sign(request: HttpRequest, version: int) -> HttpResponse:
    draft = get_object_or_404(Standard, version=version)
    form = SignForm(request.POST, standard=draft)
    if form.is_valid():
        with refusals_told_on(form):
            signed = actions.sign_standard(standard=draft, by=user_of(request), now=timezone.now())
            messages.success(
                request,
                _("Signed by both sides: version %s is in force.") % signed.version
                if signed.signed_at
                else _("Signed. It counts once the other side has signed it too."),
            )
            return redirect("standard")
    return standard_answer(request, form)
