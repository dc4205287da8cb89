"""What is filled in to write a template, and for whom its preview is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.mail_templates.reads import Words
from nurture.mail_templates.showing import reasons_against
from nurture.models import Template
from nurture.models.cadences import STEP_CHANNELS
from nurture.touching import Channel
from prospects.forms import EditForm, NoteField
from team.models import Organisation

LONGEST_BODY = 20_000


class TemplateForm(forms.Form):
    """The words of a template. Name and channel are chosen once; a new version keeps them."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("As cadences list it. Prospects never see it."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"),
        choices=[(channel.value, channel.label) for channel in STEP_CHANNELS],
        initial=Channel.EMAIL.value,
    )
    subject = forms.CharField(
        label=gettext_lazy("Subject, of a mail"), max_length=200, required=False
    )
    body = forms.CharField(
        label=gettext_lazy("Words"),
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 14}),
        strip=False,
        help_text=gettext_lazy(
            "Plain text, as one person writes to another; an empty line begins a paragraph. A field"
            " without a value stops the mail, unless it brings words of its own:"
            ' {{ first_name|default:"there" }}.'
        ),
    )
    renews = forms.BooleanField(
        label=gettext_lazy("Cadences that use it start new leads with these words"),
        help_text=gettext_lazy("Who is under way keeps the words they started with."),
        initial=True,
        required=False,
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def __init__(self, *args: Any, standing: Template | None, **kwargs: Any) -> None:
        if standing is not None:
            kwargs["initial"] = {
                "subject": standing.subject,
                "body": standing.body,
                "renews": True,
                "seen": standing.version,
            }
        super().__init__(*args, **kwargs)
        self.standing = standing
        if standing is not None:
            del self.fields["name"], self.fields["channel"]
            if standing.channel != Channel.EMAIL:
                del self.fields["subject"]
            else:
                subject = self.fields["subject"]
                subject.label, subject.required = _("Subject"), True
                subject.error_messages["required"] = _("A mail needs a subject.")
        else:
            del self.fields["renews"]

    @property
    def channel_typed(self) -> str:
        """The channel as it stands or was typed, for the preview of a form not yet valid."""
        if self.standing is not None:
            return self.standing.channel
        typed = str(self["channel"].value() or "")
        return typed if typed in STEP_CHANNELS else str(Channel.EMAIL)

    @property
    def words_typed(self) -> Words:
        """As they were typed, for the preview."""
        subject = self["subject"].value() if "subject" in self.fields else ""
        body = _lines(str(self["body"].value() or "")).strip("\n")
        return Words(self.channel_typed, str(subject or "").strip(), body)

    def clean_subject(self) -> str:
        subject: str = self.cleaned_data["subject"]
        if reasons := reasons_against(subject, ""):
            raise ValidationError(reasons)
        return subject

    def clean_body(self) -> str:
        body = _lines(self.cleaned_data["body"]).strip("\n")
        if reasons := reasons_against("", body):
            raise ValidationError(reasons)
        return body

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if self.channel_typed != Channel.EMAIL:
            said["subject"] = ""
        return said

    @property
    def words(self) -> dict[str, Any]:
        """What `actions.write_template` is told."""
        said = self.cleaned_data
        return {
            "name": self.standing.name if self.standing else said["name"],
            "channel": self.channel_typed,
            "subject": said["subject"],
            "body": said["body"],
            "seen": said["seen"],
            "renews": said.get("renews", False),
        }


class MailForm(EditForm):
    """Who automatic mail comes from."""

    mail_from = forms.EmailField(
        label=gettext_lazy("From which address does automatic mail come?"),
        help_text=gettext_lazy(
            "Of a domain of yours, and read by somebody: replies go there. Empty: no mail goes out"
            " by itself."
        ),
        required=False,
    )
    postal_address = NoteField(
        label=gettext_lazy("Under which postal address can you be reached?"),
        help_text=gettext_lazy("Stands under every automatic mail, as the law asks."),
        max_length=500,
    )

    def __init__(self, data: QueryDict | None, *, organisation: Organisation) -> None:
        names = ("mail_from", "postal_address")
        super().__init__(data, standing={name: getattr(organisation, name) for name in names})

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        address = said.get("postal_address", "")
        if said.get("mail_from") and not address.strip() and "postal_address" not in self.errors:
            self.add_error("postal_address", _("Mail may not go out without one."))
        return said


class PreviewForm(forms.Form):
    """For whom a template is shown: words that are looked up, and the lead that was chosen."""

    lead_words = forms.CharField(max_length=100, required=False)
    lead = forms.CharField(max_length=18, required=False)

    @property
    def asked(self) -> tuple[str, str]:
        """The id and the words; both may be empty, and are for an example."""
        if not self.is_valid():
            return "", ""
        said = self.cleaned_data
        return said["lead"], said["lead_words"].replace("\0", "").strip()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
