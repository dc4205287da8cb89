"""The forms of imports: the file, and what its columns hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects.imports.actions import questions_of
from prospects.models import Import
from prospects.reading.mapping import LEADS

LARGEST_FILE = 1024**3
"""Bytes that a page takes; the command takes more."""


def check_size(file: UploadedFile) -> None:
    size = file.size or 0
    if size > LARGEST_FILE:
        raise ValidationError(
            _(
                "The file has %(size)s; here it may have %(most)s. Import it with manage.py import_leads."
            )
            % {"size": filesizeformat(size), "most": filesizeformat(LARGEST_FILE)}
        )


class UploadForm(forms.Form):
    """A file of leads, and where they came from if the file does not say."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, XLSX, XLS or ODS, up to 1 GB."),
        validators=[check_size],
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xlsb,.xls,.ods"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        help_text=gettext_lazy("Of rows that name none. If left out, the file’s name."),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"list": "sources", "autocomplete": "off"}),
    )


def words_of_field(name: str) -> str:
    return name.replace("_", " ").replace("naics", "NAICS").replace("sic", "SIC")


class ColumnsForm(forms.Form):
    """Which column is which field, and the answers to what only a person can say."""

    def __init__(self, record: Import, data: Any = None) -> None:
        super().__init__(data)
        self.columns = record.understanding.get("columns", [])
        self.questions = questions_of(record)
        choices = [("", _("left out")), *((name, words_of_field(name)) for name in LEADS)]
        for number, column in enumerate(self.columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=column["column"],
                choices=choices,
                required=False,
                initial=record.mapping.get(column["column"], ""),
            )
        for number, question in enumerate(self.questions):
            self.fields[f"question-{number}"] = forms.ChoiceField(
                label=question.words,
                choices=[(choice.value, choice.label) for choice in question.choices],
                required=False,
                initial=question.default,
                widget=forms.RadioSelect,
            )

    def rows(self) -> Iterator[tuple[dict[str, Any], forms.BoundField]]:
        """Each column with its field."""
        for number, column in enumerate(self.columns):
            yield column, self[f"column-{number}"]

    def asked(self) -> list[forms.BoundField]:
        return [self[f"question-{number}"] for number in range(len(self.questions))]

    def ask_for_answers(self) -> None:
        """Tell beside each question without whose answer the file cannot be read that it is one."""
        if self.is_valid():
            for number, question in enumerate(self.questions):
                if question.required:
                    self.add_error(f"question-{number}", _("Say which it is."))

    def told(self) -> dict[str, str | None]:
        """What was said of the columns."""
        return {
            column["column"]: self.cleaned_data[f"column-{number}"] or None
            for number, column in enumerate(self.columns)
        }

    def answers(self) -> dict[str, str]:
        """The answers by the keys of their questions."""
        return {
            question.key: self.cleaned_data[f"question-{number}"]
            for number, question in enumerate(self.questions)
            if f"question-{number}" in self.data
        }
