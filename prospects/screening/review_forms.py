"""What the pages of screening are asked for, and what a person decides there."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse

from prospects.forms import ID_MAX, CursorField, NoteField, written_cursor
from prospects.reads import Cursor
from prospects.screening.review_reads import REASONS

PASS = "pass"  # noqa: S105 - what a person decides


class PlaceForm(forms.Form):
    """Where the list of doubtful leads stands; what cannot be understood asks nothing."""

    after = CursorField()
    lead = forms.IntegerField(min_value=1, max_value=ID_MAX, required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.full_clean()

    @property
    def cursor(self) -> Cursor | None:
        after = self.cleaned_data.get("after")
        return Cursor(*after) if after else None

    @property
    def chosen(self) -> int | None:
        chosen: int | None = self.cleaned_data.get("lead")
        return chosen


def review_address(after: Cursor | None = None, lead: int | None = None) -> str:
    """The address of the review, from a place on or with one lead brought up."""
    asked = {
        **({"after": written_cursor(after)} if after else {}),
        **({"lead": str(lead)} if lead else {}),
    }
    return reverse("screening-review") + (f"?{urlencode(asked)}" if asked else "")


class DecisionForm(forms.Form):
    """Pass it, or the reason it goes out for."""

    decision = forms.ChoiceField(choices=[(PASS, PASS), *((r.value, r.label) for r in REASONS)])
    why = NoteField(max_length=1000)


class ScreenedOutForm(forms.Form):
    """What the list of those screened out is narrowed to."""

    rule = forms.ChoiceField(choices=[(r.value, r.label) for r in REASONS], required=False)
    after = CursorField()

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.full_clean()

    @property
    def rule_asked(self) -> str:
        return str(self.cleaned_data.get("rule") or "")

    @property
    def cursor(self) -> Cursor | None:
        after = self.cleaned_data.get("after")
        return Cursor(*after) if after else None

    def address(self, rule: str, after: Cursor | None = None) -> str:
        asked = {
            **({"rule": rule} if rule else {}),
            **({"after": written_cursor(after)} if after else {}),
        }
        return reverse("screening-out") + (f"?{urlencode(asked)}" if asked else "")
