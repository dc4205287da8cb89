"""What a manager sets for a person, and what is wrong with it in words."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from iso3166 import countries

from team.actions import PersonSettings
from team.languages import language_code, language_name
from team.models import User
from team.territories import Area, AreaGroup, grouped

MOST_LEADS, MOST_TOUCHES, MOST_LIVE = 100_000, 1_000, 1_000
MOST_AREAS = 60
LONGEST_REGION = 100
EXTRA_AREAS = 2
COUNT_MAX = 2**31 - 1
COUNTRIES = [
    ("", gettext_lazy("Any")),
    *sorted(((c.alpha2, c.apolitical_name) for c in countries), key=lambda c: c[1]),
]


class LanguagesField(forms.CharField):
    """Names of languages, separated by commas: in English, in the reader's language, or as codes."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return ", ".join(sorted(language_name(code) for code in value))
        return value

    def to_python(self, value: Any) -> tuple[str, ...]:  # type: ignore[override]
        found = []
        for words in filter(None, (part.strip() for part in str(value or "").split(","))):
            code = language_code(words)
            if code is None:
                raise ValidationError(
                    _("“%s” is no language we know. Write for example: English, German.") % words
                )
            found.append(code)
        return tuple(dict.fromkeys(found))


class Day(forms.DateField):
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def whole(most: int, label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=most, label=label, help_text=help_text)


class PersonForm(forms.Form):
    """The questions about a specialist or a rep; their territories are an AreaFormSet beside it."""

    lead_capacity = whole(
        MOST_LEADS,
        gettext_lazy("How many open leads may they have at once?"),
        gettext_lazy("Raw, in the program or qualified. With so many, no new one comes by itself."),
    )
    daily_touches = whole(
        MOST_TOUCHES,
        gettext_lazy("How many touches can they do a day?"),
        gettext_lazy("With so many due by tonight, no new lead comes by itself."),
    )
    languages = LanguagesField(
        required=False,
        max_length=200,
        label=gettext_lazy("Which languages do they speak with prospects?"),
        help_text=gettext_lazy("As in English, German. Nothing written: any."),
    )
    capacity = whole(
        MOST_LIVE,
        gettext_lazy("How many live opportunities may they have at once?"),
        gettext_lazy(
            "Handed over and not closed. With so many, only a manager can hand over more."
        ),
    )
    away_from = Day(
        required=False,
        label=gettext_lazy("First day away"),
        help_text=gettext_lazy("No new lead comes while they are away."),
    )
    away_until = Day(
        required=False,
        label=gettext_lazy("Last day away"),
        help_text=gettext_lazy("Nothing written: until further notice."),
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, person: User, current: PersonSettings) -> None:
        initial = {**vars(current), "seen": current.fingerprint}
        super().__init__(data.dict() if data is not None else None, initial=initial)
        self.current = current
        for name in OF_SPECIALISTS if person.is_rep else OF_REPS:
            del self.fields[name]

    def clean(self) -> None:
        start: date | None = self.cleaned_data.get("away_from")
        end: date | None = self.cleaned_data.get("away_until")
        if end is not None and start is None and "away_from" not in self.errors:
            self.add_error("away_from", _("Say from which day on."))
        if start is not None and end is not None and end < start:
            self.add_error("away_until", _("The last day away is before the first."))

    def tell_stale(self, current: PersonSettings) -> None:
        """Say that somebody was faster; saved once more, what is typed here counts."""
        self.add_error(
            None,
            _(
                "Somebody else changed this in the meantime. What you typed is still here;"
                " save it again, or open the page anew to see theirs."
            ),
        )
        self.data = {**self.data, "seen": current.fingerprint}

    def settings(self, areas: tuple[Area, ...]) -> PersonSettings:
        said = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        return replace(self.current, **said, areas=areas)


OF_SPECIALISTS = ("lead_capacity", "daily_touches", "languages", "away_from", "away_until")
OF_REPS = ("capacity",)


class AreaForm(forms.Form):
    """One territory. What is left empty does not matter; a row left empty is none."""

    country = forms.ChoiceField(choices=COUNTRIES, required=False, label=gettext_lazy("Country"))
    region = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=gettext_lazy("States or regions"),
    )
    naics_prefix = forms.RegexField(
        r"^[1-9]\d{1,5}$",
        required=False,
        label=gettext_lazy("NAICS begins with"),
        error_messages={"invalid": gettext_lazy("Two to six digits, as in 322.")},
    )
    min_employees = forms.IntegerField(
        required=False, min_value=0, max_value=COUNT_MAX, label=gettext_lazy("People, at least")
    )
    max_employees = forms.IntegerField(
        required=False, min_value=0, max_value=COUNT_MAX, label=gettext_lazy("People, at most")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():  # the table's headings stand above all rows
            field.widget.attrs["aria-label"] = self[name].label

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        low, high = said.get("min_employees"), said.get("max_employees")
        if low is not None and high is not None and high < low:
            self.add_error("max_employees", _("At most is less than at least."))
        if any(len(name) > LONGEST_REGION for name in self._regions):
            self.add_error("region", _("One of them has more than %s letters.") % LONGEST_REGION)
        if said.get("region") and not said.get("country") and "country" not in self.errors:
            self.add_error("country", _("Say in which country."))
        return said

    @property
    def _regions(self) -> list[str]:
        names = self.cleaned_data.get("region", "").split(",")
        return list(dict.fromkeys(name.strip() for name in names if name.strip()))

    @property
    def areas(self) -> list[Area]:
        """The territories, one a region; none for a row that is empty or taken away."""
        said = {
            name: v for name, v in self.cleaned_data.items() if name not in ("DELETE", "region")
        }
        named = [Area(**said, region=region) for region in self._regions or [""]]
        gone = self.cleaned_data.get("DELETE") or named == [Area()]
        return [] if gone else named


AreaFormSet = forms.formset_factory(
    AreaForm,
    extra=EXTRA_AREAS,
    can_delete=True,
    can_delete_extra=False,
    max_num=MOST_AREAS,
    absolute_max=MOST_AREAS + 10,
)


def area_forms(data: QueryDict | None, current: PersonSettings) -> forms.BaseFormSet[AreaForm]:
    return AreaFormSet(
        data, prefix="area", initial=[_row(group) for group in grouped(current.areas)]
    )


def _row(group: AreaGroup) -> dict[str, Any]:
    return {**asdict(group.area), "region": ", ".join(group.regions)}
