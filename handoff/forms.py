"""What people fill in around a handoff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.dossier import Dossier, Word
from handoff.models import Result
from handoff.routing import Proposal
from prospects.models import Lead
from prospects.qualification import Attribute
from team.models import User

HOT_BUTTONS_MAX = 8
LINE_MAX = 250


@dataclass(frozen=True)
class Option:
    """A rep to choose, and whether they are the one chosen."""

    proposal: Proposal
    chosen: bool
    may_choose: bool


def plain(amount: Decimal | None) -> str:
    """An amount as a person would type it: without the cents where there are none."""
    if amount is None:
        return ""
    whole = amount == amount.to_integral_value()
    return f"{amount:.0f}" if whole else f"{amount:f}"


class HandoffForm(forms.Form):
    """Who gets the lead, for how much and by when, and what they should hear first."""

    rep = forms.TypedChoiceField(
        label=gettext_lazy("Rep"),
        coerce=int,
        error_messages={
            "required": gettext_lazy("Choose who gets it."),
            "invalid_choice": gettext_lazy("That is none of the reps who work here. Choose again."),
        },
    )
    potential_revenue = forms.DecimalField(
        label=gettext_lazy("Potential revenue"),
        min_value=Decimal(1),
        max_digits=14,
        decimal_places=2,
        error_messages={"required": gettext_lazy("How much could it bring?")},
    )
    expected_close_on = forms.DateField(
        label=gettext_lazy("Expected close"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("When do you expect it to close?")},
    )
    headline = forms.CharField(
        label=gettext_lazy("Headline"),
        help_text=gettext_lazy("Who needs what, by when: the first line they read."),
        max_length=160,
        required=False,
    )
    said = forms.CharField(
        label=gettext_lazy("What would you tell them first?"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )
    hot_buttons = forms.CharField(
        label=gettext_lazy("Hot buttons"),
        help_text=gettext_lazy(
            "What to bring up, what to leave alone; a line each. Left empty, the notes of your"
            " conversations stand there."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        required=False,
    )
    override = forms.CharField(
        label=gettext_lazy("Why one more than they have room for"),
        help_text=gettext_lazy("Only where the rep is full. It goes into the lead’s history."),
        max_length=200,
        required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        lead: Lead,
        by: User,
        proposals: Sequence[Proposal],
        preview: Dossier,
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = {
            "rep": next((p.rep for p in proposals if not p.is_full), None),
            "potential_revenue": plain(lead.potential_revenue),
            "expected_close_on": lead.expected_close_on,
            "headline": preview.headline,
            "version": lead.version,
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        self.by, self.proposals, self.preview = by, proposals, preview
        self.fields["potential_revenue"].label = _("Potential revenue, %s") % preview.currency
        self.fields["rep"].choices = [(p.rep, p.name) for p in proposals]  # type: ignore[attr-defined]
        if not by.manages:
            del self.fields["override"]

    @property
    def options(self) -> list[Option]:
        """The reps as they are offered; a full one takes a manager."""
        chosen = str(self["rep"].value())
        return [
            Option(
                proposal=proposal,
                chosen=str(proposal.rep) == chosen,
                may_choose=self.by.manages or not proposal.is_full,
            )
            for proposal in self.proposals
        ]

    def clean_hot_buttons(self) -> tuple[str, ...]:
        lines = self.cleaned_data["hot_buttons"].splitlines()
        buttons = tuple(line.strip(" \t-•*") for line in lines if line.strip(" \t-•*"))
        if len(buttons) > HOT_BUTTONS_MAX:
            raise forms.ValidationError(
                _("%(max)s at most; these are %(given)s.")
                % {"max": HOT_BUTTONS_MAX, "given": len(buttons)}
            )
        if any(len(button) > LINE_MAX for button in buttons):
            raise forms.ValidationError(_("A line has %s characters at most.") % LINE_MAX)
        return buttons

    @property
    def word(self) -> Word:
        """What they wrote; a headline left as it was made is none of theirs."""
        headline = self.cleaned_data["headline"].strip()
        return Word(
            headline="" if headline == self.preview.headline else headline,
            said=self.cleaned_data["said"].strip(),
            hot_buttons=self.cleaned_data["hot_buttons"],
        )


class ReturnForm(forms.Form):
    """Why a lead goes back: what was wrong, or a reason, or both."""

    wrong_attributes = forms.MultipleChoiceField(
        label=gettext_lazy("What was wrong?"),
        help_text=gettext_lazy(
            "Tick it, or say it below: one of the two is enough. What was wrong is asked again before"
            " anybody gets this lead."
        ),
        choices=Attribute.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    reason = forms.CharField(
        label=gettext_lazy("In a sentence"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )


class ResultForm(forms.Form):
    """How an opportunity ended. What each result needs is asked by the action."""

    result = forms.ChoiceField(
        label=gettext_lazy("How did it go?"),
        choices=Result.choices,
        error_messages={"required": gettext_lazy("Won, lost or stalled?")},
    )
    revenue = forms.DecimalField(
        label=gettext_lazy("Revenue"), max_digits=14, decimal_places=2, required=False
    )
    lost_reason = forms.CharField(
        label=gettext_lazy("Why was it lost?"), max_length=250, required=False
    )
    back_on = forms.DateField(
        label=gettext_lazy("Ask them again on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )
    note = forms.CharField(label=gettext_lazy("What holds it up?"), max_length=200, required=False)
