"""The settings as plain questions: the organisation, the market, the lists of whom we do not sell to."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects import keys
from prospects.forms import COUNTRIES, CountField, EditForm, TimezoneField
from prospects.models import IndustryCode
from prospects.screening.listings import MOST_LINES, BadLine, Entry, read_lines
from team.models import Organisation

COUNTRY_NAMES = dict(COUNTRIES)
LONGEST_TEXT = 400_000


class OrganisationForm(EditForm):
    """Who we are, and by which clock and money we count."""

    name = forms.CharField(max_length=200, label=gettext_lazy("What is your organization called?"))
    country = forms.ChoiceField(
        choices=COUNTRIES[1:],
        label=gettext_lazy("In which country is it?"),
        help_text=gettext_lazy(
            "Its holidays are not working days, and phone numbers without a country are dialed from there."
        ),
    )
    timezone = TimezoneField()
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$",
        label=gettext_lazy("In which currency do you count?"),
        help_text=gettext_lazy("Three letters, as in USD or EUR. Amounts are not converted."),
        error_messages={"invalid": gettext_lazy("Write the three letters of a currency: USD.")},
        widget=forms.TextInput(attrs={"maxlength": 3, "autocapitalize": "characters"}),
    )
    accept_hours = CountField(
        min_value=1,
        max_value=240,
        label=gettext_lazy("How many hours does a rep have to accept or return a handoff?"),
        help_text=gettext_lazy("Working hours: 24 are one working day. 24 is usual."),
    )

    def __init__(self, data: QueryDict | None, *, organisation: Organisation) -> None:
        names = ("name", "country", "timezone", "currency", "accept_hours")
        super().__init__(data, standing={name: getattr(organisation, name) for name in names})
        zone = self.fields["timezone"]
        zone.required = True
        zone.label = _("In which time zone do your months and working days begin?")

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class MarketForm(EditForm):
    """Whom the program is for. What is left empty asks nothing; what is not known of a lead is inside."""

    countries = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("In which countries do you sell?"),
        help_text=gettext_lazy("Names or codes, with commas or one a line. Empty: everywhere."),
    )
    naics = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("To which industries do you sell?"),
        help_text=gettext_lazy(
            "Beginnings of NAICS codes: 322 is all paper, 31-33 all manufacturing. Empty: all."
        ),
    )
    min_employees = CountField(
        required=False,
        max_value=2**31 - 1,
        label=gettext_lazy("How many people must a company have at least?"),
        help_text=gettext_lazy(
            "Empty: any size. A company whose size is not known is not held back."
        ),
    )
    max_employees = CountField(
        required=False,
        max_value=2**31 - 1,
        label=gettext_lazy("And how many at most?"),
    )

    def __init__(self, data: QueryDict | None, *, organisation: Organisation) -> None:
        super().__init__(
            data,
            standing={
                "countries": ", ".join(
                    str(COUNTRY_NAMES.get(code, code)) for code in organisation.market_countries
                ),
                "naics": ", ".join(organisation.market_naics),
                "min_employees": organisation.market_min_employees,
                "max_employees": organisation.market_max_employees,
            },
        )

    def clean_countries(self) -> list[str]:
        # A name such as “Korea, Republic of” holds a comma: lines are read whole first.
        codes: dict[str, None] = {}
        unknown = []
        for words in _listed(self.cleaned_data["countries"], whole=keys.country_code):
            code = keys.country_code(words)
            if code:
                codes[code] = None
            else:
                unknown.append(ValidationError(_("“%s” is no country we know.") % words[:80]))
        if unknown:
            raise ValidationError(unknown)
        return list(codes)

    def clean_naics(self) -> list[str]:
        said = list(dict.fromkeys(_listed(self.cleaned_data["naics"])))
        known = set(
            IndustryCode.objects.filter(system="naics", code__in=said).values_list(
                "code", flat=True
            )
        )
        sectors = {"31-33": ("31", "32", "33"), "44-45": ("44", "45"), "48-49": ("48", "49")}
        known |= {part for parts in sectors.values() for part in parts} | sectors.keys()
        wrong = [
            ValidationError(_("“%s” begins no code of NAICS 2022.") % code[:20])
            for code in said
            if code not in known
        ]
        if wrong:
            raise ValidationError(wrong)
        return said

    def clean(self) -> dict[str, Any]:
        least, most = self.cleaned_data.get("min_employees"), self.cleaned_data.get("max_employees")
        if least is not None and most is not None and least > most:
            self.add_error("max_employees", _("Less than the least, so nobody would be left."))
        return super().clean()

    @property
    def proposal(self) -> dict[str, Any]:
        """As `prospects.screening.rules` keeps it."""
        said = self.cleaned_data
        return {
            "market": {
                "market_countries": said["countries"],
                "market_naics": said["naics"],
                "market_min_employees": said["min_employees"],
                "market_max_employees": said["max_employees"],
            }
        }


def _listed(text: str, whole: Any = None) -> list[str]:
    """What stands in a field with several values: a line each, or with commas."""
    found = []
    for line in filter(None, map(str.strip, re.split(r"[\n;]", text))):
        parts = [line] if whole and whole(line) else line.split(",")
        found += [part.strip() for part in parts if part.strip()]
    return found


class ListingsForm(forms.Form):
    """Lines to put on a list; those that cannot be taken come back, each with why."""

    lines = forms.CharField(
        max_length=LONGEST_TEXT,
        label=gettext_lazy("Add companies"),
        help_text=format_lazy(
            gettext_lazy(
                "One a line: a web site, an email address or a company’s name. Up to {most} lines, as"
                " copied from a spreadsheet."
            ),
            most=MOST_LINES,
        ),
        widget=forms.Textarea(
            attrs={"rows": 5, "spellcheck": "false", "placeholder": "rival.com\nRival Drives, Inc."}
        ),
    )
    leave_out = forms.BooleanField(
        required=False, label=gettext_lazy("Leave these lines out and take the others")
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.entries: list[Entry] = []
        self.refused: list[BadLine] = []

    def clean(self) -> dict[str, Any]:
        text = self.cleaned_data.get("lines", "")
        if text.count("\n") > MOST_LINES:
            self.add_error("lines", _("More than %s lines: paste them in parts.") % MOST_LINES)
            return self.cleaned_data
        self.entries, self.refused = read_lines(text)
        if self.refused and not self.cleaned_data.get("leave_out"):
            self.add_error(
                "lines",
                [
                    ValidationError(
                        _("Line %(number)s, “%(text)s”: %(problem)s") % asdict(line), code="line"
                    )
                    for line in self.refused[:100]
                ],
            )
        elif not self.entries and not self.errors:
            self.add_error("lines", _("None of these lines can be taken."))
        return self.cleaned_data


class PickedForm(forms.Form):
    """The entries of a list that were ticked."""

    picked = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        field = self.fields["picked"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [
            (pk, pk) for pk in data.getlist("picked") if pk.isdecimal() and len(pk) < 19
        ]
