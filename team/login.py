"""The log-in page, and how often one may try (trust.md: guessing passwords, finding accounts)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from team.throttling import Limit, address_of

BY_NAME = Limit("log-in by name", "10/15 minutes")
BY_ADDRESS = Limit("log-in by address", "50/15 minutes")


class TooMany(ValidationError):
    """More tries than a person needs."""


class LoginForm(AuthenticationForm):
    """Who logs in; every try counts, for the name that was typed whether anybody is called so or not.

    Past either limit no password is looked at, right or wrong, and the answer is the same for all.
    """

    throttled = False

    def clean(self) -> dict[str, Any]:
        name = str(self.cleaned_data.get("username", "")).strip().lower()
        address = address_of(self.request) if self.request is not None else ""
        # Both are counted in any case: one sender's many names, and one name's many senders.
        within = [
            limit.allows(who) for limit, who in ((BY_NAME, name), (BY_ADDRESS, address)) if who
        ]
        if not all(within):
            self.throttled = True
            raise TooMany(_("Too many tries. Wait a quarter of an hour, then try again."))
        return super().clean()

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        # Whoever knew the password mistyped it before: their own tries are forgiven.
        BY_NAME.forget(str(self.cleaned_data["username"]).strip().lower())


class Login(LoginView):
    """Django's, with the limits; past them the answer is 429 and says when to come back."""

    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_invalid(form)
        if isinstance(form, LoginForm) and form.throttled:
            answer.status_code = 429
            answer["Retry-After"] = str(BY_NAME.seconds)
        return answer
