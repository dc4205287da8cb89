"""What managers decide of web forms, of sources and of their costs. Each verb refuses who is none."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _

from prospects.actions import NotAllowed, source_named
from prospects.models import Source, SourceCost, WebForm
from prospects.models.capture import new_token
from team.models import Team, User

KEY_LASTS = timedelta(days=365)
KEY_START = "lfk_"
"""What a key begins with, so that a scanner of leaked secrets knows it."""


@dataclass(frozen=True)
class FormTerms:
    """What a manager says of a form; `new_source` counts where `source` is None."""

    name: str
    source: Source | None
    new_source: str
    team: Team
    heading: str
    intro: str
    button: str
    asks: list[str]
    requires: list[str]
    consent_words: str
    consent_required: bool
    thanks: str
    thanks_url: str
    sites: list[str]


@transaction.atomic
def save_form(*, form: WebForm, terms: FormTerms, by: User, now: datetime) -> WebForm:
    """Make a form or change it; other words of consent are a new version of them."""
    _refuse_who_does_not_manage(by)
    if not form.pk:
        form.created_at, form.by = now, by
    elif terms.consent_words != form.consent_words:
        form.consent_version += 1
    form.source = terms.source or source_named(terms.new_source)
    for name, value in vars(terms).items():
        if name not in {"source", "new_source"}:
            setattr(form, name, value)
    form.save()
    return form


@transaction.atomic
def renew_link(*, form: WebForm, by: User) -> WebForm:
    """Give the form another address; the old link and what embeds it lead nowhere any more."""
    _refuse_who_does_not_manage(by)
    form.token = new_token()
    form.save(update_fields=["token"])
    return form


@transaction.atomic
def make_key(*, form: WebForm, by: User, now: datetime) -> str:
    """A key for programs, in place of the one there was; only its hash is kept. It lasts a year."""
    _refuse_who_does_not_manage(by)
    key = KEY_START + secrets.token_urlsafe(30)
    form.key_hash, form.key_ends_at = hash_of_key(key), now + KEY_LASTS
    form.save(update_fields=["key_hash", "key_ends_at"])
    return key


def hash_of_key(key: str) -> str:
    """How a key is stored. It is long and random: no salt and no stretching is needed."""
    return sha256(key.encode()).hexdigest()


@transaction.atomic
def close_form(*, form: WebForm, by: User, now: datetime) -> WebForm:
    """Switch the form off, its door for programs too; what came through it stays."""
    _refuse_who_does_not_manage(by)
    WebForm.objects.filter(pk=form.pk, closed_at__isnull=True).update(closed_at=now)
    return form


@transaction.atomic
def reopen_form(*, form: WebForm, by: User) -> WebForm:
    """Switch the form on again, under the same address."""
    _refuse_who_does_not_manage(by)
    WebForm.objects.filter(pk=form.pk).update(closed_at=None)
    return form


@transaction.atomic
def save_source(*, source: Source, name: str, kind: str, by: User) -> Source:
    """Make a source, or call it otherwise."""
    _refuse_who_does_not_manage(by)
    source.name, source.kind = name, kind
    source.save()
    return source


@transaction.atomic
def write_costs(*, month_on: date, costs: Mapping[Source, Decimal | None], by: User) -> None:
    """Write what sources cost in the month that begins on that day; None takes back what was said."""
    _refuse_who_does_not_manage(by)
    SourceCost.objects.filter(
        month_on=month_on, source__in=[source for source, cost in costs.items() if cost is None]
    ).delete()
    SourceCost.objects.bulk_create(
        [
            SourceCost(source=source, month_on=month_on, amount=amount)
            for source, amount in costs.items()
            if amount is not None
        ],
        update_conflicts=True,
        unique_fields=["source", "month_on"],
        update_fields=["amount"],
    )


def _refuse_who_does_not_manage(by: User) -> None:
    if not by.manages:
        raise NotAllowed(_("Only a manager decides this."))
