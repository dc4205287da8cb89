"""What is filled in to be away."""

from __future__ import annotations

from datetime import date

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.absence.actions import Chosen, Way, covers_for
from nurture.absence.reads import people_for
from team.forms import Day
from team.models import User


class WhoForm(forms.Form):
    """Who is away: it decides who may stand in."""

    person = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("Who is away?"), empty_label=None
    )

    def __init__(self, data: QueryDict | None, *, by: User) -> None:
        super().__init__(data)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=[p.pk for p in people_for(by)]).order_by(
            "name", "pk"
        )


class AbsenceForm(forms.Form):
    """When somebody is away, and what becomes of what is due."""

    away_from = Day(label=gettext_lazy("First day away"))
    away_until = Day(
        required=False,
        label=gettext_lazy("Last day away"),
        help_text=gettext_lazy("Empty: nobody knows yet."),
    )
    way = forms.ChoiceField(
        choices=Way.choices,
        widget=forms.RadioSelect,
        label=gettext_lazy("What becomes of what is due?"),
    )
    cover = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody"),
        label=gettext_lazy("Who stands in?"),
        help_text=gettext_lazy(
            "Does all of it where a colleague does it; else only what was promised, and who asks."
        ),
    )
    mail_goes_on = forms.BooleanField(
        required=False,
        label=gettext_lazy("Automatic mail in their name goes on"),
        help_text=gettext_lazy("Only where somebody reads the answers."),
    )

    def __init__(self, data: QueryDict | None, *, person: User, today: date) -> None:
        super().__init__(
            data,
            initial={
                "away_from": person.away_from or today,
                "away_until": person.away_until,
                "way": Way.COVERED,
                "mail_goes_on": True,
            },
        )
        cover = self.fields["cover"]
        assert isinstance(cover, forms.ModelChoiceField)
        cover.queryset = covers_for(person)

    def clean(self) -> None:
        said = self.cleaned_data
        first, last = said.get("away_from"), said.get("away_until")
        if first and last and last < first:
            self.add_error("away_until", _("The last day is before the first."))
        if said.get("way") == Way.COVERED and not said.get("cover") and "cover" not in self.errors:
            self.add_error("cover", _("Say who does it."))
        if said.get("way") == Way.SHIFTED and last is None and "away_until" not in self.errors:
            self.add_error("away_until", _("To move what is due, say which day is the last."))

    @property
    def chosen(self) -> Chosen:
        said = self.cleaned_data
        return Chosen(
            away_from=said["away_from"],
            away_until=said["away_until"],
            way=said["way"],
            cover=said["cover"],
            mail_goes_on=said["mail_goes_on"],
        )
