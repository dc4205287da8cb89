"""What a specialist fills in: a touch, an answer, a promise, a reason."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.actions import Promised
from nurture.models import Touch
from nurture.story import conversation_in_words
from nurture.touching import TALKED, Channel, Outcome
from nurture.wording import HAPPENING, Happening
from prospects.models import Contact
from prospects.qualification import Answer, Attribute
from prospects.stages import Disqualification

LONGEST_NOTE = 10_000
MOST_MINUTES = 24 * 60
PROMISED_BY = (Channel.PHONE, Channel.EMAIL, Channel.LETTER, Channel.MEETING)


def add_refusal(form: forms.BaseForm, refusal: Exception) -> None:
    """Tell on the form what an action refused, next to the field that it names if there is one."""
    if not isinstance(refusal, ValidationError):
        form.add_error(None, str(refusal))
        return
    for name, errors in getattr(refusal, "error_dict", {None: [refusal]}).items():
        form.add_error(name if name in form.fields else None, errors)


class Instant(forms.DateTimeField):
    """A day and time of the clock in the reader's zone or, with `zone`, in theirs."""

    def __init__(self, *, zone: ZoneInfo | None = None, **options: Any) -> None:
        self.zone = zone
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone or timezone.get_current_timezone()):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone or timezone.get_current_timezone()):
            return super().prepare_value(value)


class Day(forms.DateField):
    def __init__(self, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, **options)


class Words(forms.CharField):
    """A few lines of plain text."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        options.setdefault("max_length", LONGEST_NOTE)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **options)


class PromiseForm(forms.Form):
    """A dated commitment; its time is theirs."""

    promised_at = Instant(label=gettext_lazy("When, their time"))
    promised_by = forms.ChoiceField(
        label=gettext_lazy("By"),
        choices=[(channel.value, channel.label) for channel in PROMISED_BY],
        initial=Channel.PHONE.value,
        required=False,
    )
    promised_words = forms.CharField(
        label=gettext_lazy("What was promised"), max_length=200, required=False
    )

    def __init__(self, *args: Any, zone: ZoneInfo, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        promised_at = self.fields["promised_at"]
        assert isinstance(promised_at, Instant)
        promised_at.zone = zone
        self.now = now

    def clean_promised_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["promised_at"]
        if at is not None and at <= self.now:
            raise ValidationError(_("A promise is for a time to come."))
        return at

    @property
    def promise(self) -> Promised:
        return Promised(
            due_at=self.cleaned_data["promised_at"],
            channel=self.cleaned_data["promised_by"] or Channel.PHONE,
            words=self.cleaned_data["promised_words"],
        )


class NotNowForm(PromiseForm):
    """They said “not now”: the day on which we come back, or nothing, then the cadence says so."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        promised_at = self.fields["promised_at"]
        promised_at.required = False
        promised_at.label = _("When to come back, their time")
        promised_at.help_text = _("Empty: the steps that the cadence has for “not now”.")

    @property
    def agreed(self) -> Promised | None:
        """The promise, where they named a day."""
        return self.promise if self.cleaned_data["promised_at"] else None


class TouchForm(PromiseForm):
    """What happened, with whom, when; and what was promised in it.

    `key` makes it happen once, however often the form is sent.
    """

    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        error_messages={"required": gettext_lazy("Say what happened: one of the outcomes.")},
    )
    note = Words(label=gettext_lazy("Note"), required=False)
    contact = forms.ChoiceField(label=gettext_lazy("With"), required=False)
    minutes = forms.DecimalField(
        label=gettext_lazy("Minutes"),
        min_value=Decimal(0),
        max_value=MOST_MINUTES,
        decimal_places=2,
        required=False,
    )
    occurred_at = Instant(
        label=gettext_lazy("It happened earlier, at"),
        help_text=gettext_lazy("Your time. Empty: just now."),
        required=False,
    )
    promises = forms.BooleanField(label=gettext_lazy("I promised the next touch"), required=False)
    not_now = forms.BooleanField(label=gettext_lazy("They said: not now"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        contacts: Sequence[Contact],
        happenings: Sequence[Happening],
        **options: Any,
    ) -> None:
        options.setdefault("initial", {"key": uuid.uuid4()})
        super().__init__(*args, **options)
        self.contacts = {str(person.pk): person for person in contacts}
        self._offer("outcome", [(happening.value, happening.label) for happening in happenings])
        self._offer("contact", [(key, str(person)) for key, person in self.contacts.items()])
        self.fields["promised_at"].required = False

    def _offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_contact(self) -> Contact | None:
        return self.contacts.get(self.cleaned_data["contact"])

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("not_now") and "outcome" in said:
            outcome = Outcome(HAPPENING[said["outcome"]].outcome)
            if outcome not in TALKED:
                words = _("Only somebody who talked to us, or replied, can have said so.")
                self.add_error("not_now", words)
        return said

    @property
    def touch(self) -> dict[str, Any]:
        """What `actions.log_touch` is told."""
        said = self.cleaned_data
        happening = HAPPENING[said["outcome"]]
        promises = (
            said["promises"] or said["not_now"] or happening.outcome == Outcome.CALLBACK_REQUESTED
        )
        return {
            "channel": happening.channel,
            "outcome": happening.outcome,
            "direction": happening.direction,
            "occurred_at": said["occurred_at"],
            "contact": said["contact"],
            "note": said["note"],
            "minutes": said["minutes"],
            "promised": self.promise if promises and said["promised_at"] else None,
            "idempotency_key": said["key"],
        }

    def refuse_another(self, logged: Touch) -> bool:
        """Whether the key was used for another touch: `logged` is the one it stands for."""
        told = self.touch
        if all(getattr(logged, name) == told[name] for name in ("channel", "outcome", "note")):
            return False
        words = _("This form was sent before, as “%s”. Open the lead anew to log another touch.")
        self.add_error(None, words % logged)
        return True


ANSWER_FIELDS: dict[str, dict[str, forms.Field]] = {
    Attribute.ENVIRONMENT: {
        "words": Words(label=gettext_lazy("What they use and do today")),
    },
    Attribute.PAIN: {
        "words": Words(label=gettext_lazy("The pain, as they put it")),
    },
    Attribute.PROCESS: {
        "words": Words(label=gettext_lazy("How they decide"), required=False),
        "on": Day(label=gettext_lazy("They decide on"), required=False),
    },
    Attribute.BUDGET: {
        "amount": forms.DecimalField(
            label=gettext_lazy("Amount set aside"),
            min_value=Decimal(0),
            max_digits=14,
            decimal_places=2,
            required=False,
        ),
        "words": Words(label=gettext_lazy("How and when they budget"), required=False),
    },
    Attribute.COMPETITION: {
        "words": Words(label=gettext_lazy("Who else they look at"), required=False),
        "nobody": forms.BooleanField(
            label=gettext_lazy("They look at nobody else, and said so"), required=False
        ),
    },
    Attribute.URGENCY: {
        "words": Words(label=gettext_lazy("The compelling event"), required=False),
        "on": Day(label=gettext_lazy("Its date"), required=False),
    },
}
"""What each attribute asks for. Part of an answer may be written down: it counts once it is whole."""

RESEARCH = "research"


class AnswerForm(forms.Form):
    """An answer to one attribute, and what it rests on: the latest conversation unless said else."""

    def __init__(
        self,
        *args: Any,
        attribute: Attribute,
        conversations: Sequence[Touch],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.fields.update(copy.deepcopy(ANSWER_FIELDS[attribute]))
        self.conversations = {str(touch.pk): touch for touch in conversations}
        self.fields["rests_on"] = forms.ChoiceField(
            label=_("Which touch did they say it in?"),
            choices=[
                *((key, conversation_in_words(touch)) for key, touch in self.conversations.items()),
                (RESEARCH, _("None: our own research (assumed)")),
            ],
            initial=next(iter(self.conversations), RESEARCH),
        )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not any(said.get(name) for name in ("words", "on", "amount", "nobody")) and not (
            said.get("amount") == 0
        ):
            raise ValidationError(_("Write down what you know."))
        if said.get("nobody") and said.get("words"):
            raise ValidationError({"nobody": _("Either somebody or nobody.")})
        return said

    @property
    def answer(self) -> Answer:
        said = self.cleaned_data
        return Answer(
            words=said.get("words", ""),
            on=said.get("on"),
            amount=said.get("amount"),
            nobody=said.get("nobody", False),
        )

    @property
    def touch(self) -> Touch | None:
        return self.conversations.get(self.cleaned_data["rests_on"])


class ContradictionForm(forms.Form):
    why = forms.CharField(label=gettext_lazy("What contradicts it"), max_length=250)


class DisqualifyForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=Disqualification.choices, widget=forms.RadioSelect
    )
    note = Words(label=gettext_lazy("In a few words"), rows=2, required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("reason") == Disqualification.OTHER and not said.get("note", "").strip():
            self.add_error("note", _("Say in a few words why."))
        return said


class GiveUpForm(forms.Form):
    """The reason is asked only of a manager who decides before the attempts are used up."""

    override = forms.CharField(label=gettext_lazy("Your reason"), max_length=500)

    def __init__(self, *args: Any, needs_reason: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not needs_reason:
            del self.fields["override"]
