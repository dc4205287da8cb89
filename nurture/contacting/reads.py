"""The page of limits and regional rules: what counts today, and what counted before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.models import RegionalRule
from prospects.forms import COUNTRIES
from prospects.models import AddressKind, Consent
from team.models import Organisation

COUNTRY_NAMES = dict(COUNTRIES)


@dataclass(frozen=True)
class RuleRow:
    """One rule, said in words."""

    pk: int
    channel: str
    says: tuple[str, ...]
    since: date
    until: date | None
    law: str
    link: str
    note: str
    by: str
    counts: bool
    """It is the one that counts today; else it counted before, or will."""


@dataclass(frozen=True)
class Place:
    name: str
    rules: tuple[RuleRow, ...]
    history: tuple[RuleRow, ...]


@dataclass(frozen=True)
class ContactingPage:
    places: tuple[Place, ...]
    caps: str
    hours: str


def contacting_page(organisation: Organisation, today: date) -> ContactingPage:
    """One query beside the organisation's."""
    rules = list(RegionalRule.objects.select_related("by"))
    by_place: dict[str, list[RegionalRule]] = {}
    for rule in rules:
        by_place.setdefault(place_name(rule), []).append(rule)
    places = [_place(name, by_place[name], today) for name in sorted(by_place, key=str.casefold)]
    return ContactingPage(
        places=tuple(places),
        caps=caps_in_words(organisation),
        hours=hours_in_words(organisation.opens, organisation.closes, organisation.weekdays),
    )


def _place(name: str, rules: list[RegionalRule], today: date) -> Place:
    """`rules` stand by channel, the latest first (the order of the model)."""
    current: dict[str, int] = {}
    for rule in rules:
        if rule.in_force_from <= today:
            current.setdefault(rule.channel, rule.pk)
    ended = {rule.pk for rule in rules if rule.in_force_to and rule.in_force_to < today}
    rows = [
        _row(rule, counts=current.get(rule.channel) == rule.pk and rule.pk not in ended)
        for rule in rules
    ]
    return Place(
        name,
        rules=tuple(row for row in rows if row.counts),
        history=tuple(row for row in rows if not row.counts),
    )


def place_name(rule: RegionalRule) -> str:
    """“United States, Florida”, “Everywhere”."""
    if not rule.country:
        return _("Everywhere")
    region = max(rule.regions, key=len, default="")
    name = str(COUNTRY_NAMES.get(rule.country, rule.country))
    return f"{name}, {region}" if region else name


def _row(rule: RegionalRule, *, counts: bool) -> RuleRow:
    return RuleRow(
        pk=rule.pk,
        channel=str(AddressKind(rule.channel).label),
        says=tuple(_says(rule)) or (_("nothing beyond our own limits"),),
        since=rule.in_force_from,
        until=rule.in_force_to,
        law=rule.law,
        link=rule.link,
        note=rule.note,
        by=str(rule.by) if rule.by else _("shipped with LeadFlow"),
        counts=counts,
    )


def _says(rule: RegionalRule) -> Iterable[str]:
    if rule.needs_ground:
        grounds = ", ".join(str(Consent.Basis(ground).label).lower() for ground in rule.grounds)
        yield _("only with one of: %s") % grounds
    if rule.opens and rule.closes:
        yield hours_in_words(rule.opens, rule.closes, rule.weekdays)
    elif rule.weekdays:
        yield days_in_words(rule.weekdays)
    if rule.most_a_day:
        yield ngettext("%s touch a day", "%s touches a day", rule.most_a_day) % rule.most_a_day
    if rule.most_a_week:
        yield ngettext("%s touch a week", "%s touches a week", rule.most_a_week) % rule.most_a_week
    if rule.needs_postal_address:
        yield _("with our postal address in it")


def caps_in_words(organisation: Organisation) -> str:
    """“1 a day, 3 a week”."""
    return _("%(day)s a day, %(week)s a week") % {
        "day": organisation.touches_a_day,
        "week": organisation.touches_a_week,
    }


def hours_in_words(opens: time, closes: time, weekdays: Iterable[int]) -> str:
    """“9 a.m. to 5 p.m., Monday to Friday”."""
    hours = _("%(opens)s to %(closes)s") % {
        "opens": formats.time_format(opens, "P"),
        "closes": formats.time_format(closes, "P"),
    }
    days = days_in_words(weekdays)
    return f"{hours}, {days}" if days else hours


def days_in_words(weekdays: Iterable[int]) -> str:
    """“Monday to Friday”, “Monday, Thursday”; empty for any day."""
    days = sorted(set(weekdays))
    if not days or len(days) == 7:
        return ""
    names = [str(DAYS[day]) for day in days]
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return _("%(first)s to %(last)s") % {"first": names[0], "last": names[-1]}
    return ", ".join(names)


DAYS = {number: formats.date_format(date(2024, 1, number), "l") for number in range(1, 8)}
"""The first of January 2024 was a Monday."""
