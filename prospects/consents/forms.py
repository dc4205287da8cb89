"""What people write of consent, and of addresses that must be left alone."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects import keys
from prospects.consents.hashing import address_of
from prospects.forms import DayField, NoteField
from prospects.models import AddressKind, Consent, Contact, Suppression

LISTED = [kind for kind in AddressKind if kind != AddressKind.LETTER]
"""Kinds of which lists are kept: a street is known with its person only."""
LONGEST_LIST = 20_000_000
"""Characters of a list: about half a million numbers."""
SEPARATORS = re.compile(r"[\n\r;\t]+")
PLAIN_SOURCES = [
    (source.value, source.label)
    for source in Consent.Source
    if source not in (Consent.Source.FORM, Consent.Source.IMPORT)
]


class ConsentForm(forms.Form):
    """One entry: on what ground an address may be used, and how we know."""

    channel = forms.ChoiceField(choices=(), label=gettext_lazy("For"))
    basis = forms.ChoiceField(choices=Consent.Basis.choices, label=gettext_lazy("Ground"))
    source = forms.ChoiceField(choices=PLAIN_SOURCES, label=gettext_lazy("Given by"))
    words = NoteField(
        required=True,
        max_length=1000,
        label=gettext_lazy("What they agreed to, and how we know"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    given_on = DayField(label=gettext_lazy("Given on"))
    expires_on = DayField(
        required=False,
        label=gettext_lazy("Ends on"),
        help_text=gettext_lazy(
            "The first day on which it counts no more; empty: until taken back."
        ),
    )

    def __init__(
        self, data: QueryDict | None, *, contact: Contact, zone: ZoneInfo, today: date
    ) -> None:
        super().__init__(data, initial={"given_on": today})
        self.zone, self.today = zone, today
        known = [(kind.value, kind.label) for kind in AddressKind if address_of(contact, kind)]
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ChoiceField)
        channel.choices = known

    def clean_given_on(self) -> date:
        day: date = self.cleaned_data["given_on"]
        if day > self.today:
            raise ValidationError(_("It was given on a day that has come."))
        return day

    def given(self, now: datetime) -> dict[str, Any]:
        """As `actions.record_consent` takes it. A day means its beginning in the reader's zone."""
        said = self.cleaned_data
        return {
            "channel": said["channel"],
            "basis": said["basis"],
            "source": said["source"],
            "words": said["words"],
            "given_at": min(now, self._at(said["given_on"])),
            "expires_at": self._at(said["expires_on"]) if said["expires_on"] else None,
        }

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


class WithdrawForm(forms.Form):
    why = forms.CharField(
        required=False, max_length=250, label=gettext_lazy("How they said so, in a few words")
    )


class LeaveAloneForm(forms.Form):
    """Addresses of one person that must not be used again."""

    channels = forms.MultipleChoiceField(
        choices=(), widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Never use again")
    )
    why = forms.ChoiceField(
        choices=Suppression.Why.choices,
        initial=Suppression.Why.ASKED,
        label=gettext_lazy("Why"),
    )
    note = forms.CharField(
        required=False, max_length=250, label=gettext_lazy("How they said so, in a few words")
    )

    def __init__(self, data: QueryDict | None, *, contact: Contact) -> None:
        super().__init__(data)
        channels = self.fields["channels"]
        assert isinstance(channels, forms.MultipleChoiceField)
        channels.choices = [
            (kind.value, kind.label) for kind in AddressKind if address_of(contact, kind)
        ]


class LookUpForm(forms.Form):
    """One address, as it is read anywhere."""

    address = forms.CharField(
        max_length=254,
        label=gettext_lazy("Email address or telephone number"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, data: QueryDict | None, *, country: str) -> None:
        super().__init__(data)
        self.country = country

    def clean_address(self) -> tuple[str, str]:
        """Its kind and its normal form."""
        given = self.cleaned_data["address"].strip()
        kind = AddressKind.EMAIL if "@" in given else AddressKind.PHONE
        return kind, normal(kind, given, self.country)


def normal(kind: str, given: str, country: str) -> str:
    """An address in its normal form. Refuses (ValidationError) what is none."""
    reading = (
        keys.read_email(given) if kind == AddressKind.EMAIL else keys.read_phone(given, country)
    )
    if not reading.key:
        raise ValidationError(reading.problem or _("This is no address."))
    return reading.key


class SuppressListForm(forms.Form):
    """A list of addresses: pasted, or as a file of which every cell is looked at."""

    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in LISTED], label=gettext_lazy("They are")
    )
    lines = forms.CharField(
        required=False,
        max_length=LONGEST_LIST,
        label=gettext_lazy("Paste them, one a line"),
        widget=forms.Textarea(attrs={"rows": 6, "autocapitalize": "none"}),
    )
    file = forms.FileField(
        required=False,
        label=gettext_lazy("Or a CSV file"),
        help_text=gettext_lazy(
            "Every cell that reads as such an address is taken, whatever its column is called."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt"}),
    )
    why = forms.ChoiceField(
        choices=Suppression.Why.choices,
        initial=Suppression.Why.DO_NOT_CALL,
        label=gettext_lazy("Why"),
    )
    note = forms.CharField(
        max_length=250,
        label=gettext_lazy("Where the list comes from"),
        help_text=gettext_lazy("As in: national register, November 2026."),
    )
    leave_out = forms.BooleanField(
        required=False, label=gettext_lazy("Leave out the lines that cannot be read")
    )

    def __init__(
        self,
        data: QueryDict | None,
        files: MultiValueDict[str, UploadedFile] | None = None,
        *,
        country: str,
    ) -> None:
        super().__init__(data, files)
        self.country = country
        self.addresses: list[str] = []
        self.refused: list[str] = []

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if not self.errors:
            self._read(said["kind"], said["lines"], said.get("file"))
        return said

    def _read(self, kind: str, lines: str, file: UploadedFile | None) -> None:
        for line in filter(None, map(str.strip, SEPARATORS.split(lines))):
            try:
                self.addresses.append(normal(kind, line, self.country))
            except ValidationError:
                self.refused.append(line)
        if file is not None:
            self.addresses += self._read_file(kind, file)
        if not self.addresses and not self.refused:
            raise ValidationError(_("Paste addresses, or choose a file with some in it."))
        if self.refused and not self.cleaned_data["leave_out"]:
            some = "; ".join(self.refused[:5])
            more = ", …" if len(self.refused) > 5 else ""
            self.add_error("lines", _("These cannot be read: %s") % f"{some}{more}")

    def _read_file(self, kind: str, file: UploadedFile) -> list[str]:
        if (file.size or 0) > LONGEST_LIST:
            raise ValidationError({"file": _("The file is too large: split it.")})
        text = file.read().decode("utf-8-sig", errors="replace").replace("\x00", "")
        found = []
        try:
            for row in csv.reader(io.StringIO(text)):
                for cell in row:
                    try:
                        found.append(normal(kind, cell.strip(), self.country))
                    except ValidationError:
                        continue
        except csv.Error as wrong:
            raise ValidationError({"file": _("The file cannot be read as CSV.")}) from wrong
        return found


class ReleaseForm(forms.Form):
    reason = forms.CharField(
        max_length=250,
        label=gettext_lazy("Why may it be used again?"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
