"""What is filled in about a batch: the day on which it was posted, and what a letter that comes out becomes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from nurture.letters.actions import MOST_LETTERS
from nurture.models.cadences import BATCH_CHANNELS

MOST_COST = 9999


class PrintForm(forms.Form):
    """Which of the letters that wait are printed."""

    channel = forms.ChoiceField(choices=[(str(c), c.label) for c in BATCH_CHANNELS])
    most = forms.IntegerField(min_value=1, max_value=MOST_LETTERS)


class PostedForm(forms.Form):
    """A pile was posted: when, and what each letter cost."""

    posted_on = forms.DateField(
        label=gettext_lazy("Posted on"), widget=forms.DateInput(attrs={"type": "date"})
    )
    cost_each = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=MOST_COST,
        decimal_places=2,
        label=gettext_lazy("Cost of each"),
        help_text=gettext_lazy("Postage, paper and envelope."),
    )
    expected = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cost_each"].label = f"{self.fields['cost_each'].label}, {currency}"


class OutForm(forms.Form):
    """One letter comes out of the pile."""

    number = forms.IntegerField(min_value=1, max_value=MOST_LETTERS)
    again = forms.TypedChoiceField(
        choices=[("yes", ""), ("no", "")], coerce=lambda value: value == "yes"
    )
    why = forms.CharField(required=False, max_length=250)
