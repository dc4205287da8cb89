"""What changed since a dossier was frozen (domain.md, section 8). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from handoff.dossier import CompanyProfile, Dossier, Individual, Known, Pledge
from prospects.qualification import DERIVED, Attribute
from team.templatetags.look import money


@dataclass(frozen=True)
class Difference:
    """One thing that is no longer as it was; `before` is empty for what is new, `after` for what went."""

    what: str
    before: str = ""
    after: str = ""


def differences(frozen: Dossier, current: Dossier) -> list[Difference]:
    """What changed since `frozen`, in the order of a brief. The same dossier has none."""
    found = [
        *_changed_figures(frozen, current),
        *_changed_people(frozen, current),
        *_changed_answers(frozen, current),
        *_changed_company(frozen, current),
        *_changed_promises(frozen, current),
        *_new_touches(frozen, current),
    ]
    return [difference for difference in found if difference.before != difference.after]


def _changed_figures(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    yield Difference(
        _("Potential revenue"),
        money(frozen.potential_revenue, frozen.currency),
        money(current.potential_revenue, current.currency),
    )
    yield Difference(
        _("Expected close"), _day(frozen.expected_close_on), _day(current.expected_close_on)
    )


def _changed_people(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    before = {person.contact: person for person in frozen.people}
    after = {person.contact: person for person in current.people}
    for contact, person in after.items():
        earlier = before.get(contact)
        if earlier is None:
            yield Difference(_("New person"), "", _person(person))
            continue
        yield Difference(person.shown_name, _person(earlier), _person(person))
        yield Difference(
            _("%s, phone") % person.shown_name,
            _address(earlier.phone, earlier.phone_bar),
            _address(person.phone, person.phone_bar),
        )
        yield Difference(
            _("%s, email") % person.shown_name,
            _address(earlier.email, earlier.email_bar),
            _address(person.email, person.email_bar),
        )
    for contact, person in before.items():
        if contact not in after:
            yield Difference(_("No longer there"), _person(person), "")


def _changed_answers(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    for attribute in Attribute.values:
        earlier, later = frozen.of(attribute), current.of(attribute)
        if attribute not in DERIVED:
            yield Difference(
                later.label, _answer(earlier, frozen.currency), _answer(later, current.currency)
            )
        yield Difference(
            _("%s, how sure") % later.label, earlier.state_label.lower(), later.state_label.lower()
        )


def _changed_company(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    before, after = frozen.company, current.company
    yield Difference(_("Company"), before.name, after.name)
    yield Difference(_("Website"), before.domain, after.domain)
    yield Difference(_("Industry"), _industry(before), _industry(after))
    yield Difference(
        _("Revenue"),
        money(before.revenue, frozen.currency),
        money(after.revenue, current.currency),
    )
    yield Difference(_("Employees"), _count(before.employees), _count(after.employees))
    yield Difference(_("Locations"), _count(before.locations), _count(after.locations))
    yield Difference(_("Address"), before.address, after.address)


def _changed_promises(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    before = {pledge.promise: pledge for pledge in frozen.promised}
    after = {pledge.promise: pledge for pledge in current.promised}
    for number, pledge in after.items():
        earlier = before.get(number)
        if earlier is None:
            yield Difference(_("New promise"), "", _pledge(pledge))
        elif earlier.kept_at is None and pledge.kept_at is not None:
            yield Difference(_("Promise kept"), "", _pledge(pledge))
    for number, pledge in before.items():
        if number not in after:
            yield Difference(_("Promise dropped"), _pledge(pledge), "")


def _new_touches(frozen: Dossier, current: Dossier) -> Iterable[Difference]:
    before = {entry.touch for entry in frozen.history}
    for entry in current.history:
        if entry.touch not in before:
            who = " · ".join(part for part in (entry.contact, _day(entry.at)) if part)
            yield Difference(entry.title, "", who)


def _day(day: date | datetime | None) -> str:
    """A date, or that of an instant in the reader's zone."""
    if isinstance(day, datetime):
        day = localdate(day)
    return date_format(day, "M j, Y") if day else ""


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _person(person: Individual) -> str:
    parts = (person.shown_name, person.title, person.role_in_words)
    return ", ".join(part for part in parts if part)


def _address(address: str, bar: str) -> str:
    return f"{address} ({bar})" if address and bar else address


def _industry(company: CompanyProfile) -> str:
    return f"{company.industry_code} {company.industry}".strip()


def _answer(known: Known, currency: str) -> str:
    words = _("nobody else") if known.nobody else known.words
    return " · ".join(
        part for part in (words, money(known.amount, currency), _day(known.on)) if part
    )


def _pledge(pledge: Pledge) -> str:
    return ", ".join(
        part for part in (pledge.words or pledge.channel_label, _day(pledge.due_at)) if part
    )
