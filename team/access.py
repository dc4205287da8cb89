"""Who may use a page at all. Which rows they see there is `visible_to` of each model."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from team.models import User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def user_of(request: HttpRequest) -> User:
    """The person asking; pages are closed to anybody else (LoginRequiredMiddleware)."""
    user = request.user
    assert isinstance(user, User)
    return user


def only_if(may: Callable[[User], bool]) -> Callable[[Page[P]], Page[P]]:
    """A page for those of whom `may` is true: `@only_if(lambda user: user.manages)`; else 403."""

    def decorate(page: Page[P]) -> Page[P]:
        @wraps(page)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not may(user_of(request)):
                raise PermissionDenied
            return page(request, *args, **kwargs)

        return guarded

    return decorate
