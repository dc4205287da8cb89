"""The front door: everybody lands on the screen they live in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from leadflow.context import destinations


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the first place of the reader's navigation: Today, My opportunities, or the month."""
    return redirect(destinations(request)[0].url_name)
