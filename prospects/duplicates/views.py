"""While a lead is typed: who may be the same."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from prospects import keys
from prospects.duplicates.reads import Typed, leads_alike
from team.access import only_if, user_of
from team.models import User


class TypedForm(forms.Form):
    """What is typed of a lead so far. What cannot be understood yet finds nobody."""

    company = forms.CharField(required=False, max_length=250)
    domain = forms.CharField(required=False, max_length=253)
    country = forms.CharField(required=False, max_length=2)
    email = forms.CharField(required=False, max_length=254)
    phone = forms.CharField(required=False, max_length=60)

    @property
    def typed(self) -> Typed:
        self.full_clean()
        said = self.cleaned_data.get
        return Typed(
            company=said("company", ""),
            domain=keys.domain_of(said("domain", "")),
            email_key=keys.email_key(said("email", "")),
            phone_key=keys.phone_key(said("phone", ""), said("country", "")),
        )


def works_leads(user: User) -> bool:
    return user.works_leads


@require_safe
@only_if(works_leads)
def lead_alike(request: HttpRequest) -> HttpResponse:
    """The leads one may see that look like what is typed, as a part of the page of a new lead."""
    known = leads_alike(user_of(request), TypedForm(request.GET).typed)
    return render(request, "prospects/leads_alike.html", {"known": known})
