"""What a manager asks for when leads are to be moved."""

from __future__ import annotations

from django import forms
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects.routing.rebalancing import Asked
from prospects.routing.workload_reads import specialists_seen
from team.models import User


class How(TextChoices):
    EVENLY = "evenly", gettext_lazy("Make everybody equally full")
    ALL = "all", gettext_lazy("Give all open leads of one person to the others")
    DUE = "due", gettext_lazy("Give what is due until one person is back to the others")


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: User) -> str:
        return obj.name if obj.is_active else _("%s (left)") % obj.name


class RebalanceForm(forms.Form):
    how = forms.ChoiceField(
        choices=How.choices,
        widget=forms.RadioSelect,
        label=gettext_lazy("What should be moved?"),
    )
    person = PersonField(
        User.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nobody in particular"),
        label=gettext_lazy("Whose leads?"),
        help_text=gettext_lazy("For the second and the third"),
    )
    wider = forms.BooleanField(
        required=False,
        label=gettext_lazy("Also across teams"),
        help_text=gettext_lazy("Otherwise leads stay within their team"),
    )
    fingerprint = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, by: User) -> None:
        super().__init__(data, initial={"how": How.EVENLY})
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=specialists_seen(by)).order_by("name", "pk")

    def clean(self) -> None:
        how, person = self.cleaned_data.get("how"), self.cleaned_data.get("person")
        if how in (How.ALL, How.DUE) and person is None and "person" not in self.errors:
            self.add_error("person", _("Say whose leads should go to the others."))

    @property
    def asked(self) -> Asked:
        said = self.cleaned_data
        is_even = said["how"] == How.EVENLY
        return Asked(
            person=None if is_even else said["person"],
            only_due=said["how"] == How.DUE,
            wider=said["wider"],
        )
