"""What is filled in to build a cadence, and to put a lead into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.cadences.reads import Choice
from nurture.models import Cadence, Step, Template
from nurture.models.cadences import BATCH_CHANNELS, MACHINE_CHANNELS

MOST_STEPS = 60
"""Steps of one track, at most."""
TRACKS = (Step.Track.MAIN, Step.Track.NOT_NOW)
STEP_FIELDS = ("channel", "after_days", "at", "performer", "template", "script")
NEW_ROW = {"channel": "phone", "after_days": "3", "at": "09:30", "performer": "person"}

Row = dict[str, Any]


class CadenceForm(forms.ModelForm):
    """What a cadence is called and how it goes on; its steps are beside it."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    class Meta:
        model = Cadence
        fields = ("name", "about", "repeats", "then")
        labels = {
            "name": gettext_lazy("Name"),
            "about": gettext_lazy("What it is for"),
            "repeats": gettext_lazy("A lead may go through it"),
            "then": gettext_lazy("After the last step, without a conversation, go on to"),
        }
        help_texts = {"then": gettext_lazy("May be itself.")}
        error_messages = {
            "name": {"unique": gettext_lazy("There is a cadence of this name already.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        then = self.fields["then"]
        assert isinstance(then, forms.ModelChoiceField)
        then.queryset = Cadence.objects.filter(
            Q(archived_at__isnull=True) | Q(pk=self.instance.then_id)
        )
        then.empty_label = _("nothing: the program’s own rhythm")


class StepForm(forms.ModelForm):
    """One step. Who does it, and with which words, must fit the channel."""

    class Meta:
        model = Step
        fields = STEP_FIELDS
        labels = {
            "channel": gettext_lazy("Channel"),
            "after_days": gettext_lazy("Working days after"),
            "at": gettext_lazy("Time there"),
            "performer": gettext_lazy("Done"),
            "template": gettext_lazy("Template"),
            "script": gettext_lazy("Script, for a person"),
        }
        help_texts = dict.fromkeys(STEP_FIELDS, "")
        widgets = {
            "at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "script": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, templates: QuerySet[Template], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = self.fields["template"]
        assert isinstance(template, forms.ModelChoiceField)
        template.queryset = templates
        template.empty_label = _("none")
        # Read once for all the rows of a cadence.
        template.choices = [("", _("none"))] + [
            (each.pk, f"{each.get_channel_display()}: {each.name}") for each in templates
        ]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        channel, template = said.get("channel"), said.get("template")
        if said.get("performer") == Step.Performer.MACHINE and channel:
            if channel not in MACHINE_CHANNELS + BATCH_CHANNELS:
                self.add_error("performer", _("A call is made by a person."))
            elif template is None:
                self.add_error("template", _("What goes by itself needs a template."))
        if template is not None and channel and template.channel != channel:
            self.add_error("template", _("That template is for another channel."))
        return said


class Steps(forms.BaseFormSet):
    """The steps of one track, in order."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "empty_permitted": False}


StepFormSet = forms.formset_factory(
    StepForm, formset=Steps, extra=0, max_num=MOST_STEPS, validate_max=True, absolute_max=MOST_STEPS
)


class Builder:
    """The form of a cadence with the rows of its two tracks."""

    def __init__(
        self, cadence: Cadence, *, form: CadenceForm, tracks: Mapping[Step.Track, Any]
    ) -> None:
        self.cadence = cadence
        self.form = form
        self.main = tracks[Step.Track.MAIN]
        self.not_now = tracks[Step.Track.NOT_NOW]

    @classmethod
    def fresh(cls, cadence: Cadence, *, seen: int, steps: Iterable[Step]) -> Builder:
        """As it stands."""
        standing = newest_words(steps)
        rows = {
            track: [
                {
                    **{name: getattr(step, name) for name in STEP_FIELDS if name != "template"},
                    "template": step.template_id,
                }
                for step in standing
                if step.track == track
            ]
            for track in TRACKS
        }
        templates = usable_templates(step.template_id for step in standing)
        form = CadenceForm(instance=cadence, initial={"seen": seen})
        return cls(cadence, form=form, tracks=_unbound(rows, templates))

    @classmethod
    def typed(cls, cadence: Cadence, data: QueryDict) -> Builder:
        """As it was sent."""
        templates = _templates_named(data)
        tracks = {
            track: StepFormSet(data, prefix=track, form_kwargs={"templates": templates})
            for track in TRACKS
        }
        return cls(cadence, form=CadenceForm(data, instance=cadence), tracks=tracks)

    @classmethod
    def rearranged(cls, cadence: Cadence, data: QueryDict) -> Builder:
        """As it was sent, with a row more, less, or further up: what the button `do` says."""
        track, _dash, rest = data.get("do", "").partition("-")
        act, _dash, number = rest.partition("-")
        rows = {each: _rows(data, each) for each in TRACKS}
        for each in TRACKS:
            if each == track:
                rows[each] = _moved(rows[each], act, number)
        names = [*CadenceForm.Meta.fields, "seen"]
        form = CadenceForm(instance=cadence, initial={name: data.get(name, "") for name in names})
        return cls(cadence, form=form, tracks=_unbound(rows, _templates_named(data)))

    def is_valid(self) -> bool:
        """Whether all of it can be published; asks each part, so that each says what is wrong."""
        if self.main.is_valid() and not self.main.forms:
            self.form.add_error(None, _("A cadence needs at least one step."))
        return all([self.form.is_valid(), self.main.is_valid(), self.not_now.is_valid()])

    def steps(self) -> list[Step]:
        """The steps as they were typed, unsaved, in order."""
        steps = []
        for track, formset in zip(TRACKS, (self.main, self.not_now), strict=True):
            for position, form in enumerate(formset.forms, 1):
                step = form.instance
                step.track, step.position = track, position
                steps.append(step)
        return steps


def newest_words(steps: Iterable[Step]) -> list[Step]:
    """The steps with the newest words of each template: what is published next starts with those."""
    standing = list(steps)
    names = {step.template.name for step in standing if step.template}
    newest = {
        template.name: template
        for template in Template.objects.filter(name__in=names, superseded_at=None)
    }
    for step in standing:
        if step.template is not None:
            step.template = newest.get(step.template.name, step.template)
    return standing


def usable_templates(also: Iterable[int | None]) -> QuerySet[Template]:
    """The templates in force, and those that steps name already."""
    kept = [pk for pk in also if pk]
    return Template.objects.filter(Q(superseded_at__isnull=True) | Q(pk__in=kept)).order_by(
        "channel", "name", "version"
    )


def _templates_named(data: QueryDict) -> QuerySet[Template]:
    # Ids of the length of a number of the database; anything else is no template.
    named = [data.get(key, "") for key in data if key.endswith("-template")]
    return usable_templates(int(value) for value in named if value.isdecimal() and len(value) < 18)


def _unbound(
    rows: Mapping[Step.Track, list[Row]], templates: QuerySet[Template]
) -> dict[Step.Track, Any]:
    return {
        track: StepFormSet(initial=rows[track], prefix=track, form_kwargs={"templates": templates})
        for track in TRACKS
    }


def _rows(data: QueryDict, track: str) -> list[Row]:
    total = data.get(f"{track}-TOTAL_FORMS", "")
    count = min(int(total), MOST_STEPS) if total.isdecimal() and len(total) < 4 else 0
    return [
        {name: data.get(f"{track}-{number}-{name}", "") for name in STEP_FIELDS}
        for number in range(count)
    ]


def _moved(rows: list[Row], act: str, number: str) -> list[Row]:
    at = int(number) if number.isdecimal() and len(number) < 4 else -1
    if act == "add" and len(rows) < MOST_STEPS:
        return [*rows, dict(NEW_ROW)]
    if act == "remove" and 0 <= at < len(rows):
        return [*rows[:at], *rows[at + 1 :]]
    if act == "up" and 0 < at < len(rows):
        return [*rows[: at - 1], rows[at], rows[at - 1], *rows[at + 1 :]]
    return rows


class EnrolForm(forms.Form):
    """Which cadence a lead is put into; those in whose way something stands are not offered."""

    cadence = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, label=gettext_lazy("Which cadence?")
    )

    def __init__(self, data: QueryDict | None, *, choices: Iterable[Choice]) -> None:
        super().__init__(data)
        self.choices = list(choices)
        field = self.fields["cadence"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (choice.cadence.pk, choice.cadence.name)
            for choice in self.choices
            if not choice.hindrance
        ]

    @property
    def offers(self) -> bool:
        """Whether there is one that the lead can go into."""
        return any(not choice.hindrance for choice in self.choices)

    @property
    def chosen(self) -> Cadence:
        chosen = self.cleaned_data["cadence"]
        return next(each.cadence for each in self.choices if each.cadence.pk == chosen)
