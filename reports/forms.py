"""What the address of a figure may ask for."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.core.validators import RegexValidator

from nurture.touching import Channel, Direction
from reports.figures import MORE_ATTEMPTS, NOBODY

ID = RegexValidator(rf"\A(?:[1-9]\d{{0,17}}|{NOBODY})\Z")


class NarrowingForm(forms.Form):
    """One value of what a figure is broken down by, and the place in its list."""

    attempt = forms.IntegerField(required=False, min_value=1, max_value=MORE_ATTEMPTS)
    by = forms.CharField(required=False, validators=[ID])
    channel = forms.ChoiceField(required=False, choices=Channel.choices)
    direction = forms.ChoiceField(required=False, choices=Direction.choices)
    reason = forms.CharField(required=False, max_length=40)
    rep = forms.CharField(required=False, validators=[ID])
    source = forms.CharField(required=False, validators=[ID])
    state = forms.ChoiceField(
        required=False, choices=[("complete", "complete"), ("incomplete", "incomplete")]
    )
    team = forms.CharField(required=False, validators=[ID])
    cursor = forms.CharField(required=False, max_length=80)

    @property
    def narrowing(self) -> dict[str, str]:
        return {
            name: str(value)
            for name, value in self.cleaned_data.items()
            if name != "cursor" and value not in (None, "")
        }

    def address(self, cursor: str | None) -> str:
        """The address of another page of the same list; empty where there is none."""
        return f"?{urlencode({**self.narrowing, 'cursor': cursor})}" if cursor else ""
