"""What people type into a web form, and what managers say of one, of a source and of its costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prospects import keys
from prospects.capture.actions import FormTerms
from prospects.capture.inquiry import LONGEST, TRAP, Shown, origin_of, unseal
from prospects.capture.reads import CostRow
from prospects.forms import COUNTRIES, AmountField, NoteField
from prospects.models import Asked, Source, SourceKind, WebForm
from team.models import Team, User

AUTOCOMPLETE = {
    Asked.NAME: "name",
    Asked.COMPANY: "organization",
    Asked.TITLE: "organization-title",
    Asked.EMAIL: "email",
    Asked.PHONE: "tel",
    Asked.COUNTRY: "country",
    Asked.CITY: "address-level2",
    Asked.WEBSITE: "url",
}
"""What a browser fills in by itself (WCAG 1.3.5)."""
INPUT_TYPES = {Asked.EMAIL: "email", Asked.PHONE: "tel"}


class InquiryForm(forms.Form):
    """The web form as its settings say. Only what would leave nobody to answer is refused.

    `sealed` and the trap are no fields: what is wrong with them is not for the sender to read.
    """

    consent_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None,
        *,
        form: WebForm,
        home: str,
    ) -> None:
        super().__init__(data, initial={"consent_version": form.consent_version})
        self.form, self.home = form, home
        for asked in Asked:
            if asked in form.asks:
                self.fields[asked] = _field(asked, required=asked in form.requires)
        if form.consent_words:
            self.fields["consent"] = forms.BooleanField(
                label=form.consent_words, required=form.consent_required
            )

    @property
    def said(self) -> dict[str, str]:
        """What was typed, without what was left empty."""
        return {
            name: self.cleaned_data[name] for name in self.form.asks if self.cleaned_data.get(name)
        }

    @property
    def trap(self) -> str:
        return str(self.data.get(TRAP, ""))[:200]

    @property
    def shown(self) -> Shown | None:
        return unseal(self.form.token, str(self.data.get("sealed", "")))

    @property
    def consented(self) -> bool:
        return bool(self.cleaned_data.get("consent"))

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if problem := keys.read_email(email).problem:
            raise ValidationError(problem)
        return email

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        reading = keys.read_phone(
            said.get("phone", ""), keys.country_code(said.get("country", "")) or self.home
        )
        if reading.problem and not said.get("email"):
            self.add_error("phone", reading.problem)
        elif not (said.get("email") or said.get("phone") or self.errors):
            first = "email" if "email" in self.fields else "phone"
            self.add_error(first, _("Without it we cannot answer."))
        seen = said.get("consent_version")
        if said.get("consent") and seen != self.form.consent_version:
            self._show_version_of_words()
            self.add_error("consent", _("These words have changed. Please read them again."))
        return said

    def _show_version_of_words(self) -> None:
        """The form that comes back shows the words as they are now: the next answer is to these."""
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data["consent_version"] = str(self.form.consent_version)
        self.data = data


def _field(asked: Asked, *, required: bool) -> forms.CharField:
    attrs = {"autocomplete": AUTOCOMPLETE[asked]} if asked in AUTOCOMPLETE else {}
    options: dict[str, Any] = {
        "label": asked.label,
        "required": required,
        "max_length": LONGEST[asked],
    }
    if asked == Asked.MESSAGE:
        return NoteField(**options)
    widget: forms.Widget = forms.TextInput(attrs={**attrs, "type": INPUT_TYPES.get(asked, "text")})
    if asked == Asked.COUNTRY:
        # A field of words all the same: a page of another site may ask for it as it likes.
        choices = [("", _("Choose")), *COUNTRIES[1:]]
        widget = forms.Select(attrs=attrs, choices=choices)
    return forms.CharField(widget=widget, **options)


# What managers say


class SitesField(forms.CharField):
    """Addresses of web sites, one a line, as origins."""

    widget = forms.Textarea(attrs={"rows": 2, "inputmode": "url", "autocapitalize": "none"})

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        if isinstance(value, list):
            return value
        origins = []
        for word in (super().to_python(value) or "").split():
            origin = origin_of(word if "://" in word else f"https://{word}")
            if not (origin and ("." in origin or origin.startswith("http://localhost"))):
                raise ValidationError(_("“%s” is not the address of a web site.") % word)
            origins.append(origin)
        if len(origins) > 20:
            raise ValidationError(_("Twenty sites are the most."))
        return list(dict.fromkeys(origins))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def run_validators(self, value: Any) -> None:
        """Each was checked; the length of all of them says nothing."""


class SourceField(forms.ModelChoiceField):
    def __init__(self) -> None:
        super().__init__(
            Source.objects.order_by("name"),
            required=False,
            empty_label=gettext_lazy("Choose"),
            label=gettext_lazy("Source"),
        )


class WebFormForm(forms.Form):
    """The settings of one web form."""

    name = forms.CharField(
        max_length=150,
        label=gettext_lazy("What do you call it?"),
        help_text=gettext_lazy("Only you see this."),
    )
    source = SourceField()
    new_source = forms.CharField(
        max_length=150, required=False, label=gettext_lazy("Or a new source")
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=gettext_lazy("Whose leads do they become?"),
        empty_label=gettext_lazy("Choose"),
    )
    heading = forms.CharField(max_length=150, required=False, label=gettext_lazy("Title"))
    intro = forms.CharField(
        max_length=500, required=False, label=gettext_lazy("A sentence under it")
    )
    button = forms.CharField(
        max_length=50,
        required=False,
        label=gettext_lazy("On the button"),
        help_text=gettext_lazy("“Send” if left out."),
    )
    consent_words = NoteField(
        max_length=1000,
        label=gettext_lazy("Words to agree to"),
        help_text=gettext_lazy(
            "A box to tick stands beside them. What each sender saw, and whether they agreed, is kept."
        ),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    consent_required = forms.BooleanField(
        required=False, label=gettext_lazy("Nobody can send it without agreeing")
    )
    thanks = forms.CharField(
        max_length=500,
        required=False,
        label=gettext_lazy("Words of thanks"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    thanks_url = forms.URLField(
        required=False,
        assume_scheme="https",
        label=gettext_lazy("Or a page of yours"),
        help_text=gettext_lazy(
            "Senders are led there instead. It must be on one of the sites named here."
        ),
    )
    sites = SitesField(
        required=False,
        label=gettext_lazy("Sites that may show the form"),
        help_text=gettext_lazy(
            "One a line, as in https://www.example.com. No other site can embed it."
        ),
    )

    FOR_US = ("name", "source", "new_source", "team")
    WORDS = ("heading", "intro", "button")
    AFTER = ("thanks", "thanks_url", "sites")

    def __init__(self, data: QueryDict | None, *, by: User, form: WebForm) -> None:
        super().__init__(data, initial=_initial(form) if form.pk else {"team": by.team_id})
        self.by, self.form = by, form
        teams = self.fields["team"]
        assert isinstance(teams, forms.ModelChoiceField)
        teams.queryset = Team.objects.visible_to(by).order_by("name")
        for asked in Asked:
            chosen = "" if asked not in form.asks else "must" if asked in form.requires else "may"
            self.fields[f"ask_{asked}"] = forms.ChoiceField(
                choices=[("", _("Not asked")), ("may", _("Asked")), ("must", _("Required"))],
                required=False,
                initial=chosen,
                label=asked.label,
            )

    def _fields(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def for_us_fields(self) -> list[forms.BoundField]:
        return self._fields(self.FOR_US)

    @property
    def word_fields(self) -> list[forms.BoundField]:
        return self._fields(self.WORDS)

    @property
    def ask_fields(self) -> list[forms.BoundField]:
        return self._fields(tuple(f"ask_{asked}" for asked in Asked))

    @property
    def after_fields(self) -> list[forms.BoundField]:
        return self._fields(self.AFTER)

    def _asks(self, *answers: str) -> list[str]:
        return [str(a) for a in Asked if self.cleaned_data.get(f"ask_{a}") in answers]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if not (said.get("source") or said.get("new_source") or self.errors.get("source")):
            self.add_error("source", _("Say which source it belongs to."))
        if not {Asked.EMAIL, Asked.PHONE} & set(self._asks("may", "must")):
            self.add_error(
                "ask_email", _("Ask for an email address or a phone: else nobody can answer.")
            )
        page = said.get("thanks_url", "")
        if page and "sites" in said and origin_of(page) not in said["sites"]:
            self.add_error("thanks_url", _("It is not on one of the sites named here."))
        if said.get("consent_required") and not said.get("consent_words"):
            self.add_error("consent_words", _("Say what one has to agree to."))
        return said

    @property
    def terms(self) -> FormTerms:
        said = self.cleaned_data
        return FormTerms(
            name=said["name"],
            source=said["source"],
            new_source=said["new_source"],
            team=said["team"],
            heading=said["heading"],
            intro=said["intro"],
            button=said["button"],
            asks=self._asks("may", "must"),
            requires=self._asks("must"),
            consent_words=said["consent_words"],
            consent_required=said["consent_required"],
            thanks=said["thanks"],
            thanks_url=said["thanks_url"],
            sites=said["sites"],
        )


def _initial(form: WebForm) -> dict[str, Any]:
    names = (
        *("name", "source", "team", "heading", "intro", "button"),
        *("consent_words", "consent_required", "thanks", "thanks_url", "sites"),
    )
    return {name: getattr(form, name) for name in names}


class SourceForm(forms.Form):
    """What a source is called, and of what kind it is."""

    name = forms.CharField(max_length=150, label=gettext_lazy("Source"))
    kind = forms.ChoiceField(choices=SourceKind.choices, label=gettext_lazy("Kind"))

    def __init__(self, data: QueryDict | None, *, source: Source) -> None:
        super().__init__(data, initial={"name": source.name, "kind": source.kind})
        self.source = source

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Source.objects.filter(name__iexact=name).exclude(pk=self.source.pk).exists():
            raise ValidationError(_("There is a source of that name already."))
        return name


class CostsForm(forms.Form):
    """What each source cost in one month; an empty field: nobody said."""

    def __init__(self, data: QueryDict | None, *, rows: list[CostRow], month_on: date) -> None:
        super().__init__(data)
        self.rows, self.month_on = rows, month_on
        for row in rows:
            self.fields[f"cost_{row.source.pk}"] = AmountField(
                required=False,
                max_digits=12,
                decimal_places=2,
                min_value=Decimal(0),
                initial=row.amount,
                label=row.source.name,
            )

    @property
    def lines(self) -> list[tuple[CostRow, forms.BoundField]]:
        return [(row, self[f"cost_{row.source.pk}"]) for row in self.rows]

    @property
    def costs(self) -> dict[Source, Decimal | None]:
        return {row.source: self.cleaned_data[f"cost_{row.source.pk}"] for row in self.rows}
