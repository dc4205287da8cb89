"""The limits of the organisation, and one rule of one place, as managers write them."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.models import RegionalRule
from prospects.forms import COUNTRIES, DayField
from prospects.models import AddressKind, Consent
from team.models import Organisation

WEEKDAYS = [
    ("1", gettext_lazy("Monday")),
    ("2", gettext_lazy("Tuesday")),
    ("3", gettext_lazy("Wednesday")),
    ("4", gettext_lazy("Thursday")),
    ("5", gettext_lazy("Friday")),
    ("6", gettext_lazy("Saturday")),
    ("7", gettext_lazy("Sunday")),
]
EARLIEST = time(5)


class ClockField(forms.TimeField):
    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class WeekdaysField(forms.TypedMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=WEEKDAYS, coerce=int, **options)


class HoursForm(forms.Form):
    """What both forms ask of the clock."""

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        opens, closes = said.get("opens"), said.get("closes")
        if opens is not None and opens < EARLIEST:
            self.add_error("opens", _("Not before 5 in the morning."))
        if opens is not None and closes is not None and closes <= opens:
            self.add_error("closes", _("It must be later than the beginning."))
        return said


class LimitsForm(HoursForm):
    """Caps and quiet hours; they hold everywhere, and a regional rule only narrows them."""

    touches_a_day = forms.IntegerField(
        min_value=1,
        max_value=20,
        label=gettext_lazy("How many automatic touches may a person get on one day?"),
        help_text=gettext_lazy("1 is usual. What people do themselves is not counted."),
    )
    touches_a_week = forms.IntegerField(
        min_value=1,
        max_value=50,
        label=gettext_lazy("And within seven days?"),
        help_text=gettext_lazy("3 is usual."),
    )
    opens = ClockField(label=gettext_lazy("From when may they be called or written to?"))
    closes = ClockField(
        label=gettext_lazy("Until when?"),
        help_text=gettext_lazy("On their own clock; holidays there are quiet all day."),
    )
    weekdays = WeekdaysField(label=gettext_lazy("On which days?"))

    def __init__(self, data: QueryDict | None, *, organisation: Organisation) -> None:
        names = ("touches_a_day", "touches_a_week", "opens", "closes", "weekdays")
        super().__init__(data, initial={name: getattr(organisation, name) for name in names})


class RuleForm(HoursForm):
    """One rule: where, for which channel, since when, what it asks, and where that is written."""

    country = forms.ChoiceField(
        choices=[("", gettext_lazy("Everywhere")), *COUNTRIES[1:]],
        required=False,
        label=gettext_lazy("Country"),
    )
    regions = forms.CharField(
        required=False,
        max_length=300,
        label=gettext_lazy("Region"),
        help_text=gettext_lazy("All its spellings, with commas: FL, Florida. Empty: the country."),
    )
    channel = forms.ChoiceField(choices=AddressKind.choices, label=gettext_lazy("Channel"))
    in_force_from = DayField(label=gettext_lazy("In force from"))
    in_force_to = DayField(
        required=False, label=gettext_lazy("To"), help_text=gettext_lazy("The last day, if any.")
    )
    grounds = forms.MultipleChoiceField(
        choices=Consent.Basis.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Only with one of these grounds"),
        help_text=gettext_lazy("None ticked: no ground is needed."),
    )
    opens = ClockField(required=False, label=gettext_lazy("Allowed from, their time"))
    closes = ClockField(required=False, label=gettext_lazy("Allowed until"))
    weekdays = WeekdaysField(
        required=False,
        label=gettext_lazy("Allowed on"),
        help_text=gettext_lazy("None ticked: any day that our own hours allow."),
    )
    most_a_day = forms.IntegerField(
        required=False, min_value=1, max_value=100, label=gettext_lazy("Most touches a day")
    )
    most_a_week = forms.IntegerField(
        required=False, min_value=1, max_value=100, label=gettext_lazy("Most touches a week")
    )
    needs_postal_address = forms.BooleanField(
        required=False, label=gettext_lazy("Our postal address must stand in it")
    )
    law = forms.CharField(max_length=200, label=gettext_lazy("Law"))
    link = forms.URLField(
        required=False, assume_scheme="https", label=gettext_lazy("Where it can be read")
    )
    note = forms.CharField(required=False, max_length=500, label=gettext_lazy("Note"))

    def __init__(self, data: QueryDict | None, *, like: RegionalRule | None = None) -> None:
        super().__init__(data, initial=_as_typed(like) if like else None)

    def clean_regions(self) -> list[str]:
        said = self.cleaned_data["regions"].split(",")
        return [spelling.strip()[:100] for spelling in said if spelling.strip()]

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("regions") and not said.get("country"):
            self.add_error("country", _("Say of which country the region is."))
        if bool(said.get("opens")) != bool(said.get("closes")) and not self.errors:
            self.add_error("closes", _("Say both, from when and until when."))
        began, ends = said.get("in_force_from"), said.get("in_force_to")
        if began and ends and ends < began:
            self.add_error("in_force_to", _("It ends before it begins."))
        if not self.errors and said["in_force_from"].year < 1900:
            raise ValidationError(_("Write the year with four figures."))
        return said

    @property
    def fields_of_rule(self) -> dict[str, Any]:
        return {**self.cleaned_data, "needs_ground": bool(self.cleaned_data["grounds"])}


def _as_typed(rule: RegionalRule) -> dict[str, Any]:
    """A rule to begin a new one with: its day is left for the person to say."""
    names = ("country", "channel", "grounds", "opens", "closes", "weekdays", "most_a_day")
    more = ("most_a_week", "needs_postal_address", "law", "link", "note")
    typed = {name: getattr(rule, name) for name in (*names, *more)}
    return {**typed, "regions": ", ".join(rule.regions)}
