"""Figures on a page: every number opens the leads behind it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import get_language

register = template.Library()

NOTHING = "\N{EN DASH}"


@register.simple_tag
def figure_url(month: str, figure: str, **narrowing: Any) -> str:
    """The address of the leads behind a figure: `{% figure_url "2026-06" "touches" by=3 %}`."""
    url = _address(month, figure)
    return f"{url}?{urlencode(narrowing)}" if narrowing else url


# A page has hundreds of figures, and finding an address takes Django its time.
@lru_cache(maxsize=4096)
def _address(month: str, figure: str) -> str:
    return reverse("report-figure", args=[month, figure])


@register.simple_tag
def figure(value: int | str, month: str, figure: str, **narrowing: Any) -> str:
    """A number, or an amount in words, that opens the leads behind it; of none, plainly 0."""
    if not value:
        return "0"
    words = count(value) if isinstance(value, int) else value
    return format_html('<a href="{}">{}</a>', figure_url(month, figure, **narrowing), words)


@register.filter
def count(value: float | None) -> str:
    """45211 is 45,211; a dash for what there is not."""
    if value is None:
        return NOTHING
    return _grouped(value, get_language())


@lru_cache(maxsize=4096, typed=True)
def _grouped(value: float, language: str | None) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


@register.filter
def percent(value: float | None) -> str:
    """2.14 is 2.1 %, 31.4 is 31 %; a dash where there is nothing to have a percentage of."""
    if value is None:
        return NOTHING
    places = 1 if 0 < abs(value) < 9.95 else 0
    return f"{number_format(round(value, places), decimal_pos=places)}\N{NARROW NO-BREAK SPACE}%"


@register.filter
def ratio(value: float | None) -> str:
    """2.761 is 2.8, 290.4 is 290; a dash where there is none."""
    if value is None:
        return NOTHING
    places = 1 if 0 < abs(value) < 9.95 else 0
    return number_format(round(value, places), decimal_pos=places, force_grouping=True)
