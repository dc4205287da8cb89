"""Addresses of many pages of one kind, for lists."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse


def addresses(url_name: str) -> Callable[[int], str]:
    """The address of each page by its id: Django takes its time to find one, so it is asked once."""
    before, _zero, after = reverse(url_name, args=[0]).rpartition("0")
    return lambda pk: f"{before}{pk}{after}"
