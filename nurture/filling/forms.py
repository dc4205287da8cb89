"""What is filled in to write a rule of enrolment, and to choose many leads for a cadence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.filling.rules import HORIZONS, Terms
from nurture.models import Cadence, EnrolmentRule
from prospects.models import Lead, Source
from prospects.routing.workload_reads import specialists_seen
from prospects.stages import Stage
from team.models import Role, Team, User, team_ids_below

STAGES = [(stage.value, stage.label) for stage in (Stage.NURTURING, Stage.RAW)]


def in_words(said: Mapping[str, Any]) -> str:
    """Which leads are chosen: “Nurturing, Trade fair, Dana Whitfield”."""
    stage = str(Stage(said["stage"]).label)
    return ", ".join([stage, *(str(said[n]) for n in ("source", "specialist") if said.get(n))])


class RuleForm(forms.ModelForm):
    """Whom a rule puts into which cadence."""

    sources = forms.ModelMultipleChoiceField(
        Source.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("From which sources?"),
        help_text=gettext_lazy("None ticked: from any."),
    )
    horizons = forms.MultipleChoiceField(
        choices=HORIZONS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("With which horizon?"),
        help_text=gettext_lazy("None ticked: with any."),
    )

    class Meta:
        model = EnrolmentRule
        fields = (
            "cadence",
            "when",
            "team",
            "sources",
            "min_documented",
            "min_revenue",
            "horizons",
            "first",
            "position",
            "again",
        )
        labels = {
            "cadence": gettext_lazy("Into which cadence?"),
            "when": gettext_lazy("When?"),
            "team": gettext_lazy("Leads of which team?"),
            "min_documented": gettext_lazy("How many of the ten attributes, at least?"),
            "min_revenue": gettext_lazy("How much potential revenue, at least?"),
            "first": gettext_lazy("Who goes first, where there is no room for all?"),
            "position": gettext_lazy("Its place among the rules"),
            "again": gettext_lazy("A lead that it took before may be taken again"),
        }
        help_texts = {
            "team": gettext_lazy("With every team below it."),
            "min_revenue": gettext_lazy("Empty: it does not matter."),
            "position": gettext_lazy("1 takes its leads first."),
            "again": "",
        }
        widgets = {"when": forms.RadioSelect, "first": forms.RadioSelect}

    def __init__(self, data: QueryDict | None, *, instance: EnrolmentRule, by: User) -> None:
        super().__init__(data, instance=instance)
        cadence, team = self.fields["cadence"], self.fields["team"]
        assert isinstance(cadence, forms.ModelChoiceField)
        assert isinstance(team, forms.ModelChoiceField)
        open_ones = Q(archived_at__isnull=True) | Q(pk=instance.cadence_id)
        cadence.queryset = Cadence.objects.filter(open_ones).order_by("name")
        team.queryset = Team.objects.visible_to(by).order_by("name")
        team.required = by.role != Role.ADMIN
        team.empty_label = _("every team") if by.role == Role.ADMIN else None
        for name, choices in (
            ("when", EnrolmentRule.When.choices),
            ("first", EnrolmentRule.First.choices),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean_min_documented(self) -> int:
        count: int = self.cleaned_data["min_documented"]
        if count > 10:
            raise forms.ValidationError(_("There are ten attributes."))
        return count

    def clean_min_revenue(self) -> Any:
        amount = self.cleaned_data["min_revenue"]
        if amount is not None and amount < 0:
            raise forms.ValidationError(_("Revenue is not negative."))
        return amount

    @property
    def terms(self) -> Terms:
        """What is asked, whether it is saved or not."""
        said = self.cleaned_data
        return Terms(
            cadence=said["cadence"],
            when=said["when"],
            sources=frozenset(source.pk for source in said["sources"]),
            teams=frozenset(team_ids_below([said["team"].pk])) if said["team"] else None,
            min_documented=said["min_documented"],
            min_revenue=said["min_revenue"],
            horizons=tuple(said["horizons"]),
            first=said["first"],
            again=said["again"],
            rule=self.instance.pk,
        )


class FillForm(forms.Form):
    """Which leads are put into a cadence together."""

    stage = forms.ChoiceField(
        choices=STAGES,
        label=gettext_lazy("Stage"),
    )
    source = forms.ModelChoiceField(
        Source.objects.order_by("name"),
        required=False,
        empty_label=gettext_lazy("any"),
        label=gettext_lazy("Source"),
    )
    specialist = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label=gettext_lazy("anybody’s"),
        label=gettext_lazy("Specialist"),
    )

    paced = forms.BooleanField(
        required=False,
        label=gettext_lazy("Only as many a day as each specialist has room for"),
        help_text=gettext_lazy("The others wait, and go in on the days after."),
    )

    def __init__(self, data: QueryDict | None, *, by: User) -> None:
        super().__init__(data, initial={"paced": True})
        self.by = by
        specialist = self.fields["specialist"]
        assert isinstance(specialist, forms.ModelChoiceField)
        specialist.queryset = User.objects.filter(pk__in=specialists_seen(by)).order_by(
            "name", "pk"
        )

    def leads(self) -> QuerySet[Lead]:
        """The leads of these answers that the reader may see."""
        said = self.cleaned_data
        leads: QuerySet[Lead] = Lead.objects.visible_to(self.by).filter(stage=said["stage"])
        for name in ("source", "specialist"):
            if said[name] is not None:
                leads = leads.filter(**{name: said[name]})
        return leads

    @property
    def words(self) -> str:
        return in_words(self.cleaned_data)
