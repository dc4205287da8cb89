"""What people type about leads, and what is wrong with it in words."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from iso3166 import countries

from prospects import keys
from prospects.actions import CompanyDetails, ContactDetails, Details, LeadDetails
from prospects.duplicates.reads import Typed, leads_alike
from prospects.industries import find_industries
from prospects.models import (
    Company,
    Contact,
    IndustryCode,
    IndustrySystem,
    Lead,
    Source,
    Standard,
)
from prospects.qualification import (
    QUESTIONS,
    Attribute,
    BuyingRole,
    Horizon,
    Requirement,
    State,
    Terms,
)
from prospects.reading import cells
from prospects.reading.cells import BadCell
from prospects.reads import Cursor, LeadFilters, LeadList
from prospects.screening.judging import FLAGS, Rule
from prospects.stages import WITH_SALES, Stage
from team.models import KeyedRequest, Organisation, Team, User, validate_timezone

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

DetailsT = TypeVar("DetailsT", bound=Details)

ID_MAX = 2**63 - 1
COUNT_MAX = 2**31 - 1
NOTE_MAX = 10_000
LONGEST_INDUSTRY = 260  # a code and its title

COUNTRIES = [
    ("", gettext_lazy("Not known")),
    *sorted(((c.alpha2, c.apolitical_name) for c in countries), key=lambda c: keys.folded(c[1])),
]


# Fields


class NoteField(forms.CharField):
    """Text of several lines; what a browser sends as CRLF is what we stored as LF."""

    widget = forms.Textarea(attrs={"rows": 4})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "max_length": NOTE_MAX, **options})

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class DayField(forms.DateField):
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class AmountField(forms.DecimalField):
    """Money as people write it: 84,000,000 or $1.5."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if value in self.empty_values or isinstance(value, Decimal):
            return value if isinstance(value, Decimal) else None
        try:
            return cells.amount(str(value), self.max_digits or 14)
        except BadCell as bad:
            raise ValidationError(str(bad)) from None


class CountField(forms.IntegerField):
    """A number of people or places as people write it: 1,200."""

    widget = forms.TextInput(attrs={"inputmode": "numeric"})

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values or isinstance(value, int):
            return value if isinstance(value, int) else None
        try:
            return cells.count(str(value))
        except BadCell:
            raise ValidationError(_("Write a whole number, such as 1200.")) from None


class EmailField(forms.CharField):
    """An address as it is typed; who asks decides whether a wrong one is taken."""

    widget = forms.TextInput(attrs={"inputmode": "email", "autocapitalize": "none"})

    def __init__(self) -> None:
        super().__init__(required=False, max_length=254, label=gettext_lazy("Email"))


class PhoneField(forms.CharField):
    """A number as it is typed; who asks decides whether a wrong one is taken."""

    widget = forms.TextInput(attrs={"type": "tel"})

    def __init__(self) -> None:
        super().__init__(required=False, max_length=60, label=gettext_lazy("Phone"))


class TimezoneField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            label=gettext_lazy("Time zone"),
            help_text=gettext_lazy("As in America/New_York"),
            max_length=64,
            validators=[validate_timezone],
            **options,
        )


class IndustryInput(forms.Widget):
    """A combobox: words are typed, a code is chosen. Without script what was found becomes a list."""

    template_name = "prospects/industry_input.html"

    def value_from_datadict(
        self, data: Mapping[str, Any], files: Mapping[str, Any], name: str
    ) -> tuple[str, str]:
        return data.get(f"{name}_code", ""), data.get(name, "").strip()[:LONGEST_INDUSTRY]

    def value_omitted_from_data(
        self, data: Mapping[str, Any], files: Mapping[str, Any], name: str
    ) -> bool:
        return name not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        code, words = value if isinstance(value, tuple) else _as_typed(value)
        if isinstance(value, tuple) and words and words != str(_chosen(code)):
            # What came back undecided is offered to choose from.
            return {**context, "code": "", "words": words, "found": find_industries(words)}
        return {**context, "code": code, "words": words, "found": ()}


def _chosen(code: str) -> IndustryCode | None:
    return IndustryCode.objects.filter(pk=code).first() if code and "\0" not in code else None


def _as_typed(industry: IndustryCode | None) -> tuple[str, str]:
    return (industry.key, str(industry)) if industry else ("", "")


class IndustryField(forms.Field):
    """A NAICS or SIC code, found by words, or typed as its number."""

    widget = IndustryInput

    def clean(self, value: tuple[str, str]) -> IndustryCode | None:
        code, words = value
        if not words:
            return None
        # What was chosen counts only while the words in the field mean it.
        chosen = _chosen(code)
        if chosen is not None and words == str(chosen):
            return chosen
        found = list(find_industries(words))
        if chosen in found:
            return chosen
        if len(found) == 1 or (found and found[0].code == words):
            return found[0]
        raise ValidationError(
            _("Choose one of these.") if found else _("No industry is called so. Try other words.")
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        code, words = data or ("", "")
        return (code, words) != _as_typed(initial)


# The list


@dataclass(frozen=True)
class Choice:
    """One value that a filter can have: a chip, or an option of a menu."""

    label: str
    value: str
    chosen: bool
    url: str = ""


@dataclass(frozen=True)
class Menu:
    """A filter with many values, its first option being none of them."""

    name: str
    label: str
    chosen: str
    options: list[Choice]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in an address: microseconds and id."""
    return f"{(cursor.at - EPOCH) // timedelta(microseconds=1)}.{cursor.pk}"


class CursorField(forms.RegexField):
    def __init__(self) -> None:
        super().__init__(r"^\d{1,17}\.\d{1,18}$", required=False)

    def clean(self, value: str) -> tuple[datetime, int] | None:
        text = super().clean(value)
        if not text:
            return None
        microseconds, _dot, pk = text.partition(".")
        return EPOCH + timedelta(microseconds=int(microseconds)), int(pk)


DOCUMENTED = (4, 6, 8, 10)
"""The least numbers of attributes offered; the first is also the least that a list can be asked for."""


class LeadListForm(forms.Form):
    """What the list is asked for in its address. What cannot be understood narrows nothing."""

    q = forms.CharField(required=False, max_length=100)
    stage = forms.ChoiceField(choices=Stage.choices, required=False)
    source = forms.IntegerField(min_value=1, max_value=ID_MAX, required=False)
    specialist = forms.RegexField(r"^(mine|nobody|\d{1,18})$", required=False)
    documented = forms.IntegerField(min_value=min(DOCUMENTED), max_value=10, required=False)
    after = CursorField()
    before = CursorField()

    def __init__(self, data: QueryDict, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.url = reverse("lead-list")
        self.full_clean()
        self.said: dict[str, str] = {
            name: str(self.cleaned_data[name])
            for name in ("q", "stage", "source", "specialist", "documented")
            if self.cleaned_data.get(name)
        }

    @property
    def filters(self) -> LeadFilters:
        specialist = self.said.get("specialist", "")
        return LeadFilters(
            words=self.said.get("q", ""),
            stage=self.said.get("stage", ""),
            source=self.cleaned_data.get("source"),
            specialist=self.user.pk
            if specialist == "mine"
            else int(specialist)
            if specialist.isdigit()
            else None,
            unassigned=specialist == "nobody",
            documented=self.cleaned_data.get("documented") or 0,
        )

    @property
    def cursor(self) -> Cursor | None:
        if before := self.cleaned_data.get("before"):
            at, pk = before
            return Cursor(at, pk, newer=True)
        after = self.cleaned_data.get("after")
        return Cursor(*after) if after else None

    def address(self, **changes: str) -> str:
        """The list as it is narrowed now but for `changes`; an empty value asks for nothing."""
        asked = {name: value for name, value in (self.said | changes).items() if value}
        return self.url + (f"?{urlencode(asked)}" if asked else "")

    @property
    def address_here(self) -> str:
        """The address of the page asked for, its cursor with it."""
        places = {
            name: written_cursor(self.cursor)
            for name in ("after", "before")
            if self.cursor is not None and self.cleaned_data.get(name)
        }
        return self.address(**places)

    def address_of(self, cursor: Cursor | None) -> str:
        if cursor is None:
            return ""
        return self.address(**{"before" if cursor.newer else "after": written_cursor(cursor)})

    def stages(self) -> list[Choice]:
        offered: list[Stage] = list(Stage)
        if self.user.is_rep:
            offered = [s for s in Stage if s in {*WITH_SALES, Stage.WON, Stage.LOST}]
        return [
            self._chip("stage", "", _("All stages")),
            *(self._chip("stage", stage.value, str(stage.label)) for stage in offered),
        ]

    def whose(self) -> list[Choice]:
        """Chips that narrow to one’s own and to nobody’s; pressed again, they do not."""
        if self.user.is_rep:
            return []
        mine = [("mine", _("Mine"))] if self.user.is_specialist else []
        return [
            self._chip("specialist", value, label, off=True)
            for value, label in [*mine, ("nobody", _("Nobody’s"))]
        ]

    def menus(self, offered: LeadList) -> list[Menu]:
        """The filters with too many values for chips."""
        sources = [(str(pk), name) for pk, name in offered.sources]
        people = [
            *((chip.value, chip.label) for chip in self.whose()),
            *((str(pk), name) for pk, name in offered.specialists),
        ]
        least = [
            (str(n), _("All 10 documented") if n == 10 else _("%s or more documented") % n)
            for n in sorted({*DOCUMENTED, self.filters.documented} - {0})
        ]
        menus = [
            self._menu("source", _("Source"), _("Any source"), sources),
            self._menu("specialist", _("Specialist"), _("Any specialist"), people),
            self._menu("documented", _("Documented"), _("Documented: any"), least),
        ]
        return [menu for menu in menus if not (self.user.is_rep and menu.name == "specialist")]

    def _chip(self, name: str, value: str, label: str, *, off: bool = False) -> Choice:
        chosen = self.said.get(name, "") == value
        url = self.address(**{name: "" if chosen and off else value})
        return Choice(label, value, chosen, url)

    def _menu(self, name: str, label: str, none: str, options: list[tuple[str, str]]) -> Menu:
        said = self.said.get(name, "")
        chosen = said if said in dict(options) else ""
        return Menu(
            name,
            label,
            chosen,
            [Choice(words, value, value == chosen) for value, words in [("", none), *options]],
        )


# A lead, its company and its people


class EditForm(forms.Form):
    """A form on what others edit too: a save over what one has not seen is refused once.

    Then both stand there, what was typed in the field and what was saved meanwhile under it, and
    saving again means it. `standing` is what is stored now, by field.
    """

    version = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: QueryDict | None, *, standing: Mapping[str, Any], version: str = ""
    ) -> None:
        self.standing = standing
        self.standing_version = version or fingerprint(standing)
        super().__init__(data, initial={**standing, "version": self.standing_version})

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("version") != self.standing_version:
            self.keep_both(self.standing, self.standing_version)
        return self.cleaned_data

    def keep_both(self, standing: Mapping[str, Any], version: str) -> None:
        """Show what somebody else saved in the meantime beside what was typed."""
        self.add_error(
            None,
            _(
                "Somebody else saved this while you were writing. What they saved stands under your"
                " fields; nothing of yours is lost. Save again to keep what you wrote."
            ),
        )
        for name, value in standing.items():
            bound = self[name]
            if self.fields[name].has_changed(value, bound.data):
                self.add_error(name, _("Saved meanwhile: %s") % self._in_words(name, value))
        assert isinstance(self.data, QueryDict)
        self.data = self.data.copy()
        self.data["version"] = version

    def _in_words(self, name: str, value: Any) -> str:
        if value in (None, ""):
            return _("nothing")
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(value) or formats.localize(value, use_l10n=True))

    def edited(self) -> dict[str, Any]:
        """What the person changed, by field; what they left alone keeps its date and its evidence."""
        return {
            name: self.cleaned_data[name] for name in self.changed_data if name in self.standing
        }


def fingerprint(values: Mapping[str, Any]) -> str:
    """Tells whether what somebody saw still stands, where no version is kept."""
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def said(kind: type[DetailsT], edited: Mapping[str, Any]) -> DetailsT:
    """What was edited, for an action: a field left empty is emptied."""
    given = {name: value for name, value in edited.items() if value is not None}
    return kind(**given, cleared=frozenset(edited.keys() - given.keys()))


class LeadForm(EditForm):
    """The lead itself."""

    horizon = forms.ChoiceField(
        choices=Horizon.choices, help_text=gettext_lazy("Near-term: they decide within six months")
    )
    potential_revenue = AmountField(required=False, max_digits=14)
    expected_close_on = DayField(required=False, label=gettext_lazy("Expected close"))
    note = NoteField()

    def __init__(self, data: QueryDict | None, *, lead: Lead) -> None:
        super().__init__(data, standing=standing(self, lead), version=str(lead.version))
        self.fields["potential_revenue"].label = _("Potential revenue, %s") % _currency()

    def tell_stale(self, current: Lead) -> None:
        self.keep_both(standing(self, current), str(current.version))

    @property
    def details(self) -> LeadDetails:
        return said(LeadDetails, self.edited())


NOT_STORED = frozenset({"version", "industry", "told_us"})
"""Fields that no row keeps under their name."""


def standing(form: EditForm, row: Company | Contact | Lead) -> dict[str, Any]:
    """What is stored now of the form’s fields."""
    return {name: getattr(row, name) for name in form.base_fields if name not in NOT_STORED}


def _currency() -> str:
    return Organisation.current().currency


class CompanyForm(EditForm):
    """What is known of a company by our own research."""

    name = forms.CharField(max_length=250, label=gettext_lazy("Company"))
    domain = forms.CharField(
        required=False, max_length=253, label=gettext_lazy("Web site"), help_text="halden.example"
    )
    industry = IndustryField(required=False, label=gettext_lazy("Industry"))
    revenue = AmountField(required=False, max_digits=16)
    employees = CountField(required=False, label=gettext_lazy("Employees"))
    locations = CountField(required=False, label=gettext_lazy("Locations"))
    street = forms.CharField(required=False, max_length=200, label=gettext_lazy("Street"))
    postal_code = forms.CharField(required=False, max_length=20, label=gettext_lazy("Postal code"))
    city = forms.CharField(required=False, max_length=100, label=gettext_lazy("City"))
    region = forms.CharField(required=False, max_length=100, label=gettext_lazy("State or region"))
    country = forms.ChoiceField(choices=COUNTRIES, required=False, label=gettext_lazy("Country"))
    timezone = TimezoneField()

    def __init__(self, data: QueryDict | None, *, company: Company) -> None:
        super().__init__(data, standing=standing(self, company) | {"industry": company.industry})
        self.fields["revenue"].label = _("Yearly revenue, %s") % _currency()

    def clean_domain(self) -> str:
        return _domain(self.cleaned_data["domain"])

    @property
    def details(self) -> CompanyDetails:
        return said(CompanyDetails, with_codes(self.edited()))


def _domain(text: str) -> str:
    domain = keys.domain_of(text)
    if text and not domain:
        raise ValidationError(_("“%s” is no web site.") % text)
    return domain


def with_codes(edited: dict[str, Any]) -> dict[str, Any]:
    """What was edited, the industry as the code of its system; NAICS goes before SIC."""
    if "industry" not in edited:
        return edited
    industry = edited.pop("industry")
    if industry is not None and industry.system == IndustrySystem.NAICS_2022:
        return {**edited, "naics": industry}
    return {**edited, "naics": None, "sic": industry}


class ContactForm(EditForm):
    """A person. What they wrote wrongly long ago may stay; what is typed now must be an address."""

    first_name = forms.CharField(required=False, max_length=100, label=gettext_lazy("First name"))
    last_name = forms.CharField(required=False, max_length=100, label=gettext_lazy("Last name"))
    title = forms.CharField(required=False, max_length=150, label=gettext_lazy("Title"))
    buying_role = forms.ChoiceField(choices=BuyingRole.choices, label=gettext_lazy("Buying role"))
    told_us = forms.BooleanField(required=False)
    email = EmailField()
    phone = PhoneField()
    timezone = TimezoneField()

    def __init__(self, data: QueryDict | None, *, contact: Contact, lead: Lead) -> None:
        super().__init__(data, standing=standing(self, contact))
        self.country = lead.company.country if lead.company else ""
        self.talked_at = lead.conversation_at
        if self.talked_at is None:
            del self.fields["told_us"]
        else:
            talked = formats.date_format(timezone.localtime(self.talked_at), "M j")
            self.fields["told_us"].label = _("They told us the role on %s") % talked

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return _email(email) if "email" in self.changed_data else email

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        return _phone(phone, self.country) if "phone" in self.changed_data else phone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and not any(
            map(cleaned.get, ("first_name", "last_name", "email", "phone"))
        ):
            self.add_error("last_name", _("Say a name, an email address or a phone number."))
        return cleaned

    @property
    def details(self) -> ContactDetails:
        return said(ContactDetails, self.edited())

    @property
    def confirmed_at(self) -> datetime | None:
        """The conversation that the role rests on; None where nobody there said it."""
        return self.talked_at if self.cleaned_data.get("told_us") else None


def _email(text: str) -> str:
    if problem := keys.read_email(text).problem:
        raise ValidationError(problem)
    return text


def _phone(text: str, country: str) -> str:
    if problem := keys.read_phone(text, country).problem:
        raise ValidationError(problem)
    return text


# What happens to a lead


class StepForm(forms.Form):
    """A step in the life of a lead, with a word about it if there is one to say."""

    note = NoteField(max_length=1000)


class ScreenOutForm(StepForm):
    reason = forms.ChoiceField(
        choices=[(rule.value, rule.label) for rule in Rule if rule not in FLAGS],
        widget=forms.RadioSelect,
    )
    field_order = ("reason", "note")


class AssignForm(forms.Form):
    specialist = forms.ModelChoiceField(User.objects.none(), empty_label=None)

    def __init__(self, data: QueryDict | None, *, lead: Lead, by: User) -> None:
        super().__init__(data, initial={"specialist": lead.specialist_id})
        offered = User.objects.visible_to(by).specialists().active()
        field = self.fields["specialist"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = (offered if by.manages else offered.filter(pk=by.pk)).order_by("name")


# A new lead


class LeadNewForm(forms.Form):
    """A lead that somebody writes down: a company or a person, and where it came from.

    One that looks like another is asked about once; `known` are the leads that it looks like.
    """

    company = forms.CharField(required=False, max_length=250, label=gettext_lazy("Company"))
    domain = forms.CharField(required=False, max_length=253, label=gettext_lazy("Web site"))
    industry = IndustryField(required=False, label=gettext_lazy("Industry"))
    city = forms.CharField(required=False, max_length=100, label=gettext_lazy("City"))
    region = forms.CharField(required=False, max_length=100, label=gettext_lazy("State or region"))
    country = forms.ChoiceField(choices=COUNTRIES, required=False, label=gettext_lazy("Country"))

    first_name = forms.CharField(required=False, max_length=100, label=gettext_lazy("First name"))
    last_name = forms.CharField(required=False, max_length=100, label=gettext_lazy("Last name"))
    title = forms.CharField(required=False, max_length=150, label=gettext_lazy("Title"))
    buying_role = forms.ChoiceField(choices=BuyingRole.choices, label=gettext_lazy("Buying role"))
    email = EmailField()
    phone = PhoneField()

    source = forms.ModelChoiceField(
        Source.objects.all(),
        required=False,
        empty_label=gettext_lazy("Choose"),
        label=gettext_lazy("Source"),
    )
    new_source = forms.CharField(
        required=False,
        max_length=150,
        label=gettext_lazy("Or a new source"),
        help_text=gettext_lazy("As in “Trade fair Chicago 2026”"),
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), empty_label=gettext_lazy("Choose"), label=gettext_lazy("Team")
    )
    note = NoteField(label=gettext_lazy("Note"))

    anyway = forms.BooleanField(
        required=False, label=gettext_lazy("It is another lead: write it down anyway")
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    COMPANY = ("company", "domain", "industry", "city", "region", "country")
    PERSON = ("first_name", "last_name", "title", "buying_role", "email", "phone")
    ORIGIN = ("source", "new_source", "team")

    def __init__(self, data: QueryDict | None, *, by: User) -> None:
        super().__init__(
            data,
            initial={
                "country": by.organisation.country,
                "buying_role": BuyingRole.UNKNOWN,
                "team": by.team_id,
                "key": uuid.uuid4(),
            },
        )
        self.by = by
        self.known: list[Lead] = []
        if by.manages:
            team = self.fields["team"]
            assert isinstance(team, forms.ModelChoiceField)
            team.queryset = Team.objects.visible_to(by).order_by("name")
        else:
            del self.fields["team"]

    @property
    def company_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.COMPANY]

    @property
    def person_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PERSON]

    @property
    def origin_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.ORIGIN if name in self.fields]

    def clean_domain(self) -> str:
        return _domain(self.cleaned_data["domain"])

    def clean_email(self) -> str:
        return _email(self.cleaned_data["email"])

    def clean_phone(self) -> str:
        country = self.cleaned_data.get("country") or self.by.organisation.country
        return _phone(self.cleaned_data["phone"], country)

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        named = ("company", "first_name", "last_name", "email", "phone")
        if not any(said.get(name) or name in self.errors for name in named):
            self.add_error(
                "company", _("Say at least a company, or a name or address of a person.")
            )
        if not (said.get("source") or said.get("new_source") or "source" in self.errors):
            self.add_error("source", _("Say where it came from."))
        if self.by.team is None and not self.by.manages:
            self.add_error(
                None, _("You are in no team yet: ask an administrator to put you in one.")
            )
        if not self.errors and not said["anyway"] and not self._was_sent_before():
            self._ask_about_leads_alike()
        return said

    def _was_sent_before(self) -> bool:
        """Pressed twice: the address is known because the first press made the lead."""
        key = self.cleaned_data["key"]
        return key is not None and KeyedRequest.objects.filter(by=self.by, key=key).exists()

    def _ask_about_leads_alike(self) -> None:
        said = self.cleaned_data
        typed = Typed(
            company=said["company"],
            domain=said["domain"],
            email_key=keys.email_key(said["email"]),
            phone_key=keys.phone_key(said["phone"], said["country"]),
        )
        self.known = leads_alike(self.by, typed)
        if self.known:
            self.add_error(
                None,
                _("Looks like %s. Open it, or say below that this is another lead.")
                % self.known[0].headline,
            )

    @property
    def team_chosen(self) -> Team:
        team = self.cleaned_data.get("team") or self.by.team
        assert team is not None
        return team

    @property
    def company_details(self) -> CompanyDetails:
        said = {name: value for name in self.COMPANY if (value := self.cleaned_data[name])}
        said = with_codes(said) if "industry" in said else said
        return CompanyDetails(name=said.pop("company", None), **said)

    @property
    def contact_details(self) -> ContactDetails:
        """Nothing where nothing is said of a person: a buying role alone is nobody."""
        said = {name: value for name in self.PERSON if (value := self.cleaned_data[name])}
        return ContactDetails(**said) if said.keys() - {"buying_role"} else ContactDetails()


# The standard


@dataclass(frozen=True)
class AttributeQuestion:
    """What the standard asks of one attribute: the least state that counts, and for how long."""

    label: StrOrPromise
    question: StrOrPromise
    least: forms.BoundField
    days: forms.BoundField


class StandardForm(EditForm):
    """The terms of a draft, as plain questions."""

    least_touches = CountField(
        label=gettext_lazy("How many times must we have been in touch before sales gets a lead?"),
        max_value=99,
        help_text=gettext_lazy("Outbound touches on any channel"),
    )
    least_horizon = forms.ChoiceField(
        choices=[
            (Horizon.NEAR_TERM, gettext_lazy("Near-term: within six months")),
            (Horizon.LONG_TERM, gettext_lazy("Long-term is enough")),
            (Horizon.UNKNOWN, gettext_lazy("It need not be known")),
        ],
        label=gettext_lazy("How soon must they want to decide?"),
    )
    mql_attributes = CountField(
        label=gettext_lazy("From how many documented attributes on does marketing count a lead?"),
        min_value=1,
        max_value=10,
        help_text=gettext_lazy("It is then called a marketing-qualified lead, an MQL"),
    )

    LEAST = [
        (State.CONFIRMED, gettext_lazy("They said so")),
        (State.ASSUMED, gettext_lazy("Our own research will do")),
    ]

    def __init__(self, data: QueryDict | None, *, standard: Standard) -> None:
        terms = standard.terms
        standing: dict[str, Any] = {
            "least_touches": terms.least_touches,
            "least_horizon": terms.least_horizon,
            "mql_attributes": terms.mql_attributes,
        }
        for attribute, asked in terms.requirements.items():
            standing[f"least_{attribute}"] = str(asked.least)
            standing[f"days_{attribute}"] = asked.shelf_days
        super().__init__(data, standing=standing)
        for attribute in Attribute:
            self.fields[f"least_{attribute}"] = forms.ChoiceField(
                # Only a conversation engages a decision maker; nothing can be assumed there.
                choices=self.LEAST[:1] if attribute == Attribute.ENGAGED else self.LEAST,
                label=_("%s: what counts?") % attribute.label,
            )
            self.fields[f"days_{attribute}"] = CountField(
                required=False,
                min_value=1,
                max_value=3650,
                label=_("%s: for how many days?") % attribute.label,
            )

    @property
    def questions(self) -> list[AttributeQuestion]:
        return [
            AttributeQuestion(
                attribute.label,
                QUESTIONS[attribute],
                self[f"least_{attribute}"],
                self[f"days_{attribute}"],
            )
            for attribute in Attribute
        ]

    @property
    def terms(self) -> Terms:
        said = self.cleaned_data
        return Terms(
            requirements={
                attribute: Requirement(State(said[f"least_{attribute}"]), said[f"days_{attribute}"])
                for attribute in Attribute
            },
            least_touches=said["least_touches"],
            least_horizon=said["least_horizon"],
            mql_attributes=said["mql_attributes"],
        )


class SignForm(forms.Form):
    """One signs what one has read: terms that changed in the meantime are shown first."""

    read = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None, *, standard: Standard) -> None:
        self.stands = fingerprint({name: getattr(standard, name) for name in SIGNED_TERMS})
        super().__init__(data, initial={"read": self.stands})

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("read") != self.stands:
            self.add_error(None, _("The terms changed while you were reading. Read them again."))
            assert isinstance(self.data, QueryDict)
            self.data = self.data.copy()
            self.data["read"] = self.stands
        return self.cleaned_data


SIGNED_TERMS = ("version", "requirements", "least_touches", "least_horizon", "mql_attributes")
