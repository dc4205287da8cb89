"""What is filled in on the engine's page: what to pause and why, what became of the uncertain, limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from nurture.engine.running import WHY_MAX
from nurture.engine.settling import Fate
from nurture.engine.uncertain import MOST_AT_ONCE
from nurture.models import Cadence, SwitchEvent
from team.models import Organisation

MOST_CADENCES = 200


class SwitchForm(forms.Form):
    """Something to pause, or to let go on: everything, the mail, or a cadence by its id."""

    what = forms.ChoiceField(label=_("What"))
    why = forms.CharField(
        label=_("Why"),
        max_length=WHY_MAX,
        error_messages={"required": _("Say why, so that the next one knows.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cadences = Cadence.objects.filter(archived_at__isnull=True)[:MOST_CADENCES]
        self.cadences = {str(cadence.pk): cadence for cadence in cadences}
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)
        what.choices = [
            (SwitchEvent.What.EVERYTHING, _("Everything")),
            (SwitchEvent.What.MAIL, _("Mail that goes by itself")),
            *((pk, _("The cadence “%s”") % cadence) for pk, cadence in self.cadences.items()),
        ]

    @property
    def cadence(self) -> Cadence | None:
        """The one that was chosen; None for everything and for mail."""
        return self.cadences.get(self.cleaned_data["what"])


class SettleForm(forms.Form):
    """What became of messages that were chosen."""

    planned = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": _("Choose at least one message.")}
    )
    fate = forms.ChoiceField(label=_("What became of them"), choices=Fate.choices)
    why = forms.CharField(
        label=_("How do you know?"),
        max_length=WHY_MAX,
        error_messages={"required": _("Say how you know.")},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        planned = self.fields["planned"]
        assert isinstance(planned, forms.TypedMultipleChoiceField)
        chosen = data.getlist("planned")[:MOST_AT_ONCE] if data is not None else []
        # Which of them the person may settle is for the action to say.
        planned.choices = [(pk, pk) for pk in chosen if pk.isdecimal() and len(pk) < 19]


class LimitsForm(forms.ModelForm):
    """From which on the circuit breaker stops the mail."""

    class Meta:
        model = Organisation
        fields = (
            "complaint_percent",
            "complaints_of_hundred",
            "bounce_percent",
            "refusals_in_a_row",
        )
        labels = {
            "complaint_percent": _("Complaints in a week, percent"),
            "complaints_of_hundred": _("Complaints about the last hundred mails"),
            "bounce_percent": _("Addresses that do not work, percent"),
            "refusals_in_a_row": _("Refusals for now in a row"),
        }
        help_texts = {
            "complaint_percent": _(
                "Of at least 300 mails. More than this, and no mail goes out by itself until a"
                " manager lets it. Mailbox providers ask for less than 0.3."
            ),
            "complaints_of_hundred": _("As many, and it stops as well."),
            "bounce_percent": _(
                "Of the last 200 mails, or of the mails of a day. More than this, and it stops."
            ),
            "refusals_in_a_row": _(
                "As many, and mail waits: five minutes, then longer, an hour at most. It goes on by"
                " itself."
            ),
        }
