"""The front door: everybody lands on the screen they live in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from leadflow.context import destinations
from leadflow.settings_pages import settings_parts
from team.access import user_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the first place of the reader's navigation: Today, My opportunities, or the month."""
    return redirect(destinations(request)[0].url_name)


@require_safe
def settings_index(request: HttpRequest) -> HttpResponse:
    """Every page of settings that the reader may open, each with its question."""
    return render(request, "settings.html", {"parts": settings_parts(user_of(request))})
