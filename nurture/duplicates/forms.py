"""The choices of a person who makes one record of two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from prospects.duplicates.merge_actions import Wishes
from prospects.duplicates.merge_fields import Picks
from prospects.duplicates.reads import (
    Option,
    answer_options,
    are_one_company,
    are_one_person,
    options_between,
)
from prospects.models import Company, Contact, Lead

FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Row:
    """One field, with both values to choose from."""

    label: str
    options: list[tuple[forms.boundfield.BoundWidget, str]]
    field: forms.BoundField


@dataclass(frozen=True)
class Section:
    """The fields of one kind of record; `together` asks whether the two are one at all."""

    title: str
    rows: list[Row]
    together: forms.BoundField | None = None


class MergeForm(forms.Form):
    """A choice for each field in which the two differ, preset by the rule (prospects.duplicates.merging)."""

    def __init__(self, data: QueryDict | None, first: Any, second: Any) -> None:
        super().__init__(data)
        self.first, self.second = first, second
        self.picked: dict[str, list[str]] = {}
        self.asked: list[tuple[str, list[tuple[str, str]], str]] = []
        if isinstance(first, Lead):
            self._ask_of_leads(first, second)
        else:
            kind = type(first)
            self._ask(kind, str(_("What differs")), options_between(kind, first, second))

    def _ask_of_leads(self, first: Lead, second: Lead) -> None:
        company, other_company = first.company, second.company
        if company and other_company and company != other_company:
            are_one = are_one_company(company, other_company)
            self._ask(
                Company,
                str(_("Company")),
                options_between(Company, company, other_company),
                self._together("same_company", _("It is one company"), are_one),
            )
        contact, other_contact = first.contact, second.contact
        if contact and other_contact and contact != other_contact:
            are_one = are_one_person(contact, other_contact)
            self._ask(
                Contact,
                str(_("Person")),
                options_between(Contact, contact, other_contact),
                self._together("same_person", _("It is one person"), are_one),
            )
        own = [*options_between(Lead, first, second), *answer_options(first, second)]
        self._ask(Lead, str(_("The need and its answers")), own)

    def _together(self, name: str, label: str, preset: bool) -> str:  # noqa: FBT001 - a form's initial
        self.fields[name] = forms.BooleanField(required=False, label=label, initial=preset)
        return name

    def _ask(self, kind: type, title: str, options: list[Option], together: str = "") -> None:
        rows = []
        for option in options:
            name = f"{kind.__name__.lower()}_{option.key}"
            self.fields[name] = forms.ChoiceField(
                label=option.label,
                choices=[
                    (FIRST, option.first or _("empty")),
                    (SECOND, option.second or _("empty")),
                ],
                widget=forms.RadioSelect,
                initial=FIRST if option.prefers_first else SECOND,
            )
            self.picked.setdefault(kind.__name__, []).append(option.key)
            rows.append((option.label, name))
        if rows or together:
            self.asked.append((title, rows, together))

    @property
    def sections(self) -> list[Section]:
        """What the page shows; only now, as a field that is asked for its boxes cleans the form."""
        return [
            Section(
                title,
                [
                    Row(label, [(box, box.choice_label) for box in self[name]], self[name])
                    for label, name in rows
                ],
                self[together] if together else None,
            )
            for title, rows, together in self.asked
        ]

    def picks(self, kind: type) -> Picks:
        """Of each field that was asked about, whether the first one's value counts."""
        return {
            key: self.cleaned_data[f"{kind.__name__.lower()}_{key}"] == FIRST
            for key in self.picked.get(kind.__name__, [])
        }

    @property
    def wishes(self) -> Wishes:
        return Wishes(
            lead=self.picks(Lead),
            contact=self.picks(Contact),
            company=self.picks(Company),
            same_person=self.cleaned_data.get("same_person", False),
            same_company=self.cleaned_data.get("same_company", False),
        )
