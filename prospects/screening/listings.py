"""The organisation's own lists of competitors and consultants: pasted lines, added and taken off."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from prospects import keys
from prospects.models import Listing
from prospects.screening.judging import SHARED_ENDING, is_academic, is_disposable, is_free
from team.models import User
from team.organisation import refuse_who_does_not_manage

MOST_LINES = 5000
LONGEST_NAME = 250
SHORTEST_KEY = 2


class Entry(NamedTuple):
    """A domain or a company name; one of the two is empty."""

    domain: str
    name: str
    name_key: str


@dataclass(frozen=True)
class BadLine:
    """A line that cannot be taken, and why in words."""

    number: int
    text: str
    problem: str


def read_lines(text: str) -> tuple[list[Entry], list[BadLine]]:
    """The entries of pasted lines, each once, and the lines that cannot be taken.

    A line is a domain, a web or email address, or a company's name; with a tab or a semicolon it may be
    several, as a spreadsheet gives them. Pure.
    """
    entries: dict[tuple[str, str], Entry] = {}
    refused: list[BadLine] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for cell in filter(None, map(str.strip, re.split(r"[;\t]", line))):
            entry, problem = _read(cell)
            if entry is None:
                refused.append(BadLine(number, cell[:80], problem))
            else:
                entries.setdefault((entry.domain, entry.name_key), entry)
    return list(entries.values()), refused


def _read(cell: str) -> tuple[Entry | None, str]:
    looks_like_domain = "." in cell and not re.search(r"\s", cell)
    domain = keys.domain_of(cell) if looks_like_domain or "@" in cell else ""
    if domain:
        return (None, problem) if (problem := _problem(domain)) else (Entry(domain, "", ""), "")
    if "@" in cell or "://" in cell:
        return None, _("no domain that can be")
    if len(cell) > LONGEST_NAME:
        return None, _("longer than %s characters") % LONGEST_NAME
    key = keys.company_key(cell)
    if not key:
        return None, _("says no name")
    if len(key) < SHORTEST_KEY:
        return None, _("too short to tell one company from another")
    return Entry("", cell, key), ""


def _problem(domain: str) -> str:
    if SHARED_ENDING.fullmatch(domain):
        return _("an ending that many share, no domain of theirs")
    if is_disposable(domain):
        return _("screened out as a disposable address already")
    if is_free(domain):
        return _("gives an address to anybody: all of them would be screened out")
    if is_academic(domain):
        return _("a school's: its addresses are screened out as students' already")
    return ""


@transaction.atomic
def add_listings(*, kind: str, entries: Iterable[Entry], by: User, now: datetime) -> int:
    """Put entries on a list; returns how many were new. It counts for leads from now on.

    Refuses (NotAllowed) who does not manage.
    """
    refuse_who_does_not_manage(by)
    before = Listing.objects.count()
    Listing.objects.bulk_create(
        (
            Listing(
                kind=kind,
                domain=entry.domain,
                name=entry.name,
                name_key=entry.name_key,
                added_by=by,
                added_at=now,
            )
            for entry in entries
        ),
        ignore_conflicts=True,
    )
    return Listing.objects.count() - before


@transaction.atomic
def remove_listings(*, kind: str, pks: Collection[int], by: User) -> int:
    """Take entries off a list; returns how many there were. Refuses (NotAllowed) who does not manage."""
    refuse_who_does_not_manage(by)
    return Listing.objects.filter(kind=kind, pk__in=pks).delete()[0]
