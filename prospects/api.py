"""Leads, companies, contacts, sources and industry codes over HTTP: the same verbs as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from prospects import actions, keys, reads
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails
from prospects.forms import said as details_of
from prospects.industries import find_industries
from prospects.models import (
    Company,
    Contact,
    IndustryCode,
    IndustrySystem,
    Lead,
    Source,
    StageChange,
)
from prospects.qualification import Attribute, BuyingRole, Horizon
from prospects.reads import Cursor, LeadFilters, contacts_of, leads_after
from prospects.screening.judging import FLAGS, Rule
from prospects.stages import Stage
from team.api import (
    KEY_HEADER,
    InProgram,
    InProgramToWrite,
    Instant,
    NamedOut,
    PageQuery,
    PersonOut,
    Resource,
    Shown,
    Strict,
    VisibleField,
    created,
    found,
    newest_first,
    page_answer,
    page_from,
    page_of,
)
from team.models import Role, Team, User, validate_timezone

INTEGER_MAX = 2**31 - 1
NOTE_MAX = 10_000


# Out


class SourceOut(Shown):
    class Meta:
        model = Source
        fields = ["id", "name", "kind"]


class IndustryOut(Shown):
    class Meta:
        model = IndustryCode
        fields = ["key", "system", "code", "title"]


class CompanyOut(Shown):
    naics = IndustryOut(allow_null=True)
    sic = IndustryOut(allow_null=True)

    class Meta:
        model = Company
        fields = [
            "id",
            "name",
            "domain",
            "naics",
            "sic",
            "industry_basis",
            "industry_since",
            "revenue",
            "employees",
            "locations",
            "firmographics_basis",
            "firmographics_since",
            "country",
            "region",
            "city",
            "postal_code",
            "street",
            "timezone",
            "created_at",
        ]


class ContactOut(Shown):
    company = serializers.IntegerField(source="company_id", allow_null=True)

    class Meta:
        model = Contact
        fields = [
            "id",
            "company",
            "first_name",
            "last_name",
            "title",
            "buying_role",
            "role_confirmed_at",
            "email",
            "phone",
            "timezone",
            "phone_invalid_at",
            "email_invalid_at",
            "address_invalid_at",
            "created_at",
        ]


class ScreeningOut(serializers.Serializer):
    """One finding of the screening."""

    rule = serializers.CharField(read_only=True)
    words = serializers.CharField(read_only=True)
    weight = serializers.CharField(
        read_only=True, help_text="verdict, doubt, flag or overruled: what follows from it"
    )


class NextTouchOut(serializers.Serializer):
    """What a specialist should do next, and why it ranks where it does (1 is first)."""

    at = Instant(source="next_touch_at", read_only=True, allow_null=True)
    channel = serializers.CharField(source="next_touch_channel", read_only=True)
    rank = serializers.IntegerField(source="next_touch_rank", read_only=True)
    why = serializers.CharField(source="next_touch_why", read_only=True)


class LeadOut(Shown):
    headline = serializers.CharField()
    company = CompanyOut(allow_null=True)
    contact = ContactOut(allow_null=True)
    source = SourceOut()  # type: ignore[assignment]
    team = NamedOut()
    specialist = NamedOut(allow_null=True)
    rep = NamedOut(allow_null=True)
    screening = ScreeningOut(many=True)
    open_attributes = serializers.ListField(child=serializers.ChoiceField(Attribute.choices))
    next_touch = NextTouchOut(source="*")

    class Meta:
        model = Lead
        fields = [
            "id",
            "external_id",
            "version",
            "headline",
            "company",
            "contact",
            "source",
            "team",
            "specialist",
            "assigned_why",
            "rep",
            "received_at",
            "stage",
            "stage_at",
            "entered_program_at",
            "mql_at",
            "qualified_at",
            "horizon",
            "potential_revenue",
            "expected_close_on",
            "note",
            "screening",
            "contradictions",
            "documented",
            "open_attributes",
            "outbound_touches",
            "complete_attempts",
            "conversation_at",
            "next_touch",
            "activity_at",
        ]


class StageChangeOut(Shown):
    by = NamedOut(allow_null=True)

    class Meta:
        model = StageChange
        fields = ["from_stage", "to_stage", "at", "by", "reason", "note"]


class LeadDetailOut(LeadOut):
    """A lead with everybody at its company, the primary contact first, and its life so far."""

    contacts = serializers.SerializerMethodField()
    history = serializers.SerializerMethodField()

    class Meta(LeadOut.Meta):
        fields = [*LeadOut.Meta.fields, "contacts", "history"]

    @extend_schema_field(ContactOut(many=True))
    def get_contacts(self, lead: Lead) -> Any:
        return ContactOut(contacts_of(lead), many=True).data

    @extend_schema_field(StageChangeOut(many=True))
    def get_history(self, lead: Lead) -> Any:
        changes = lead.stage_changes.filter(superseded_at__isnull=True).select_related("by")
        return StageChangeOut(changes.order_by("at", "pk"), many=True).data


# In


def _check_timezone(value: str) -> str:
    if value:
        validate_timezone(value)
    return value


class CompanyIn(Strict):
    """What is known of a company; what is left out stays as it is."""

    name = serializers.CharField(required=False, max_length=250)
    domain = serializers.CharField(required=False, allow_blank=True, max_length=253)
    naics = serializers.SlugRelatedField(
        slug_field="code",
        queryset=IndustryCode.objects.filter(system=IndustrySystem.NAICS_2022),
        required=False,
        allow_null=True,
        help_text=gettext_lazy("A code of NAICS 2022"),
    )
    sic = serializers.SlugRelatedField(
        slug_field="code",
        queryset=IndustryCode.objects.filter(system=IndustrySystem.SIC_1987),
        required=False,
        allow_null=True,
        help_text=gettext_lazy("A code of SIC 1987"),
    )
    revenue = serializers.DecimalField(
        required=False, allow_null=True, max_digits=16, decimal_places=2, min_value=Decimal(0)
    )
    employees = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=INTEGER_MAX
    )
    locations = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=INTEGER_MAX
    )
    country = serializers.CharField(
        required=False, allow_blank=True, help_text=gettext_lazy("ISO 3166 code, or its name")
    )
    region = serializers.CharField(required=False, allow_blank=True, max_length=100)
    city = serializers.CharField(required=False, allow_blank=True, max_length=100)
    postal_code = serializers.CharField(required=False, allow_blank=True, max_length=20)
    street = serializers.CharField(required=False, allow_blank=True, max_length=200)
    timezone = serializers.CharField(
        required=False, allow_blank=True, help_text=gettext_lazy("IANA name, America/New_York")
    )

    def validate_domain(self, value: str) -> str:
        domain = keys.domain_of(value)
        if value and not domain:
            raise serializers.ValidationError(_("“%s” is not a domain.") % value)
        return domain

    def validate_country(self, value: str) -> str:
        code = keys.country_code(value)
        if value and not code:
            raise serializers.ValidationError(_("“%s” is not a country.") % value)
        return code

    def validate_timezone(self, value: str) -> str:
        return _check_timezone(value)


class ContactIn(Strict):
    """What is known of a person; what is left out stays as it is. A wrong address is kept and told."""

    first_name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    last_name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    title = serializers.CharField(required=False, allow_blank=True, max_length=150)
    buying_role = serializers.ChoiceField(BuyingRole.choices, required=False)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=60)
    timezone = serializers.CharField(
        required=False, allow_blank=True, help_text=gettext_lazy("IANA name, America/New_York")
    )

    def validate_timezone(self, value: str) -> str:
        return _check_timezone(value)


class LeadFactsIn(Strict):
    """What is said of the lead itself; what is left out stays as it is."""

    horizon = serializers.ChoiceField(Horizon.choices, required=False)
    potential_revenue = serializers.DecimalField(
        required=False, allow_null=True, max_digits=14, decimal_places=2, min_value=Decimal(0)
    )
    expected_close_on = serializers.DateField(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)


class LeadEditIn(LeadFactsIn):
    version = serializers.IntegerField(min_value=1, help_text=gettext_lazy("The one you saw"))


class LeadIn(LeadFactsIn):
    """A lead to take in, with its company or a person."""

    source = serializers.PrimaryKeyRelatedField(  # type: ignore[assignment]
        queryset=Source.objects.all()
    )
    team = VisibleField(Team.objects, required=False, help_text=gettext_lazy("Yours if left out"))
    company = CompanyIn(required=False)
    contact = ContactIn(required=False)
    anyway = serializers.BooleanField(
        required=False, default=False, help_text=gettext_lazy("Though the address is known")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        company, contact = attrs.get("company", {}), attrs.get("contact", {})
        if company and not company.get("name"):
            raise serializers.ValidationError({"company": {"name": [_("What is it called?")]}})
        if not company and not any(contact.values()):
            raise serializers.ValidationError(
                _("Say at least a company’s name or something of a person.")
            )
        attrs.setdefault("team", self.context["user"].team)
        if attrs["team"] is None:
            raise serializers.ValidationError({"team": [_("Say whose lead it is.")]})
        return attrs


class ContactAddIn(ContactIn):
    lead = VisibleField(Lead.objects, help_text=gettext_lazy("Whose company they belong to"))


class NoteIn(Strict):
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=NOTE_MAX)


class ScreenOutIn(NoteIn):
    reason = serializers.ChoiceField([(rule, rule.label) for rule in Rule if rule not in FLAGS])


class AssignIn(Strict):
    specialist = VisibleField(User.objects)
    why = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


# Leads


def shown(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """The leads with what an answer says of each: one query."""
    return leads.select_related(
        "company__naics", "company__sic", "contact", "source", "team", "specialist", "rep"
    )


def lead_answer(pk: int, code: int = status.HTTP_200_OK) -> Response:
    """The lead after a write, for who wrote: they may have just given it away."""
    return Response(LeadOut(shown(Lead.objects.all()).get(pk=pk)).data, status=code)


class LeadQuery(Strict):
    """The filters of the list of leads; the last activity comes first."""

    q = serializers.CharField(
        source="words",
        required=False,
        max_length=100,
        help_text=gettext_lazy("Words in names, companies, addresses and phones"),
    )
    stage = serializers.ChoiceField(Stage.choices, required=False)
    source = serializers.IntegerField(  # type: ignore[assignment]
        required=False, min_value=1
    )
    specialist = serializers.IntegerField(required=False, min_value=1)
    unassigned = serializers.BooleanField(required=False, default=False)
    documented = serializers.IntegerField(
        required=False, min_value=0, max_value=10, help_text=gettext_lazy("At least, of the ten")
    )
    cursor = serializers.CharField(
        required=False, max_length=60, help_text=gettext_lazy("As the last page’s `next` says")
    )

    def validate_cursor(self, value: str) -> Cursor:
        at, _separator, pk = value.rpartition("_")
        return Cursor(Instant().run_validation(at), serializers.IntegerField().run_validation(pk))


def cursor_after(lead: Lead) -> str:
    return f"{Instant().to_representation(lead.activity_at)}_{lead.pk}"


class LeadList(Resource):
    permission_classes = [InProgramToWrite]

    @extend_schema(parameters=[LeadQuery], responses=page_of(LeadOut, "Lead"))
    def get(self, request: Request) -> Response:
        """The leads you may see, the last activity first."""
        asked = self.asked(LeadQuery)
        cursor = asked.pop("cursor", None)
        # First the ids: beside so many joins the planner would not begin with them.
        ids = [lead.pk for lead in leads_after(self.user, LeadFilters(**asked), cursor)]
        rows = list(shown(Lead.objects.filter(pk__in=ids)).order_by(*reads.NEWEST))
        return page_answer(LeadOut, page_from(request, rows, cursor_after, reads.PAGE))

    @extend_schema(request=LeadIn, responses={201: LeadOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Takes in one lead, raw.

        Refused with 409 and the `known` leads if somebody with this address is there already,
        unless `anyway` says that it is another lead.
        """
        said = self.said(LeadIn)
        source, team, anyway = said.pop("source"), said.pop("team"), said.pop("anyway")
        company = details_of(CompanyDetails, said.pop("company", {}))
        contact = details_of(ContactDetails, said.pop("contact", {}))

        def make() -> Lead:
            if not anyway:
                refuse_known(self.user, contact, company.country or "")
            return actions.create_lead(
                source=source,
                team=team,
                company=company,
                contact=contact,
                details=details_of(LeadDetails, said),
                by=self.user,
                now=self.now,
            )

        lead = self.once(make, known=Lead.objects.visible_to(self.user))
        return lead_answer(lead.pk, status.HTTP_201_CREATED)


class KnownAlready(Exception):
    """Somebody with this address is there already, in leads that the person asking may see."""

    def __init__(self, leads: list[Lead]) -> None:
        self.leads = leads
        super().__init__(_("Somebody with this address is known already."))


def refuse_known(user: User, contact: ContactDetails, country: str) -> None:
    """The same question as the page asks before it writes a lead down (KnownAlready)."""
    known = reads.leads_with_address(
        user,
        email_key=keys.email_key(contact.email or ""),
        phone_key=keys.phone_key(contact.phone or "", country),
    )
    if known:
        raise KnownAlready(known)


class LeadDetail(Resource):
    @extend_schema(responses=LeadDetailOut)
    def get(self, request: Request, pk: int) -> Response:
        """One lead, with everybody at its company and its life so far.

        One that was merged answers 302 with where it went (`merged_into`, and `Location`).
        """
        try:
            lead = found(shown(Lead.objects.visible_to(self.user)), pk)
        except NotFound:
            kept = Lead.objects.visible_to(self.user).that_took(pk).first()
            if kept is None:
                raise
            return Response(
                {"detail": _("It was merged into another lead."), "merged_into": kept.pk},
                status=status.HTTP_302_FOUND,
                headers={"Location": reverse("api-lead", args=[kept.pk])},
            )
        return Response(LeadDetailOut(lead).data)

    @extend_schema(request=LeadEditIn, responses=LeadOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Writes what was edited of the lead itself.

        Refused with 409 and the `current` version if somebody else wrote in the meantime.
        """
        lead = found(Lead.objects.visible_to(self.user), pk)
        said = self.said(LeadEditIn)
        actions.edit_lead(
            lead=lead,
            version=said.pop("version"),
            details=details_of(LeadDetails, said),
            by=self.user,
            now=self.now,
        )
        return lead_answer(pk)


class LeadVerb(Resource):
    """A person's word on a lead; the answer is the lead as it is then."""

    permission_classes = [InProgram]
    body: ClassVar[type[Strict]] = NoteIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        """Call the one action."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        lead = found(Lead.objects.visible_to(self.user), pk)
        self.take(lead, self.said(self.body))
        return lead_answer(pk)


@extend_schema(request=NoteIn, responses=LeadOut)
class LeadEnterProgram(LeadVerb):
    """Takes a raw lead into the program."""

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.enter_program(lead=lead, by=self.user, now=self.now, **said)


@extend_schema(request=ScreenOutIn, responses=LeadOut)
class LeadScreenOut(LeadVerb):
    """Screens a raw lead out, for a reason."""

    body = ScreenOutIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.screen_out(lead=lead, by=self.user, now=self.now, **said)


@extend_schema(request=NoteIn, responses=LeadOut)
class LeadRestore(LeadVerb):
    """Overrules the screening: the lead is raw again."""

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.restore(lead=lead, by=self.user, now=self.now, **said)


@extend_schema(request=NoteIn, responses=LeadOut)
class LeadRevive(LeadVerb):
    """Brings a lead that was given up, disqualified or lost back into the program."""

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.revive(lead=lead, by=self.user, now=self.now, **said)


@extend_schema(request=AssignIn, responses=LeadOut)
class LeadAssign(LeadVerb):
    """Gives the lead to a specialist."""

    body = AssignIn

    def take(self, lead: Lead, said: dict[str, Any]) -> None:
        actions.assign(lead=lead, by=self.user, now=self.now, **said)


# Companies and contacts


class CompanyQuery(PageQuery):
    q = serializers.CharField(
        required=False, max_length=100, help_text=gettext_lazy("How the name begins")
    )
    domain = serializers.CharField(required=False, max_length=253)


class CompanyList(Resource):
    @extend_schema(parameters=[CompanyQuery], responses=page_of(CompanyOut, "Company"))
    def get(self, request: Request) -> Response:
        """The companies of the leads you may see, the last one made first."""
        asked = self.asked(CompanyQuery)
        rows = Company.objects.visible_to(self.user).select_related("naics", "sic")
        if "q" in asked:
            rows = rows.filter(name_key__startswith=keys.company_key(asked["q"]))
        if "domain" in asked:
            rows = rows.filter(domain=keys.domain_of(asked["domain"]))
        return page_answer(CompanyOut, newest_first(request, rows, asked.get("cursor")))


class CompanyDetail(Resource):
    @extend_schema(responses=CompanyOut)
    def get(self, request: Request, pk: int) -> Response:
        """One company."""
        rows = Company.objects.visible_to(self.user).select_related("naics", "sic")
        return Response(CompanyOut(found(rows, pk)).data)

    @extend_schema(request=CompanyIn, responses=CompanyOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Writes what is known of the company; each of its leads is judged anew."""
        lead = first_lead(self.user, Q(company=pk))
        details = details_of(CompanyDetails, self.said(CompanyIn))
        company = actions.edit_company(lead=lead, details=details, by=self.user, now=self.now)
        return Response(CompanyOut(company).data)


class ContactQuery(PageQuery):
    lead = VisibleField(Lead.objects, required=False)
    company = VisibleField(Company.objects, required=False)


class ContactList(Resource):
    @extend_schema(parameters=[ContactQuery], responses=page_of(ContactOut, "Contact"))
    def get(self, request: Request) -> Response:
        """The people at those companies, the last one written down first."""
        asked = self.asked(ContactQuery)
        rows = Contact.objects.visible_to(self.user)
        if "lead" in asked:
            rows = rows.filter(pk__in=[contact.pk for contact in contacts_of(asked["lead"])])
        if "company" in asked:
            rows = rows.filter(company=asked["company"])
        return page_answer(ContactOut, newest_first(request, rows, asked.get("cursor")))

    @extend_schema(request=ContactAddIn, responses={201: ContactOut}, parameters=[KEY_HEADER])
    def post(self, request: Request) -> Response:
        """Adds a person to the lead's company."""
        said = self.said(ContactAddIn)
        lead = said.pop("lead")
        contact = self.once(
            lambda: actions.add_contact(
                lead=lead, details=details_of(ContactDetails, said), by=self.user, now=self.now
            ),
            known=Contact.objects.visible_to(self.user),
        )
        return created(ContactOut, contact)


class ContactDetail(Resource):
    @extend_schema(responses=ContactOut)
    def get(self, request: Request, pk: int) -> Response:
        """One person."""
        return Response(ContactOut(found(Contact.objects.visible_to(self.user), pk)).data)

    @extend_schema(request=ContactIn, responses=ContactOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Writes what is known of the person; the leads of their company are judged anew."""
        contact = found(Contact.objects.visible_to(self.user), pk)
        lead = first_lead(self.user, Q(contact=contact) | Q(company__contacts=contact))
        details = details_of(ContactDetails, self.said(ContactIn))
        contact = actions.edit_contact(
            lead=lead, contact=contact, details=details, by=self.user, now=self.now
        )
        return Response(ContactOut(contact).data)


def first_lead(user: User, which: Q) -> Lead:
    """A lead through which the person sees a company or contact; 404 if there is none."""
    lead = Lead.objects.visible_to(user).filter(which).order_by("pk").first()
    if lead is None:
        raise NotFound
    return lead


# Sources and industry codes


class SourceList(Resource):
    @extend_schema(responses=SourceOut(many=True))
    def get(self, request: Request) -> Response:
        """Where leads come from."""
        return Response(SourceOut(Source.objects.all(), many=True).data)


class IndustryQuery(Strict):
    q = serializers.CharField(max_length=100, help_text=gettext_lazy("Words, or how a code begins"))


class IndustryList(Resource):
    permission_classes = [InProgram]

    @extend_schema(parameters=[IndustryQuery], responses=IndustryOut(many=True))
    def get(self, request: Request) -> Response:
        """The codes of NAICS 2022 and SIC 1987 that words describe, the likeliest first."""
        return Response(
            IndustryOut(find_industries(self.asked(IndustryQuery)["q"]), many=True).data
        )


# People who may be named in a request


class PersonQuery(Strict):
    role = serializers.ChoiceField(Role.choices, required=False)


class PersonList(Resource):
    @extend_schema(parameters=[PersonQuery], responses=PersonOut(many=True))
    def get(self, request: Request) -> Response:
        """You and the colleagues whom you may name: `?role=specialist` to assign a lead."""
        rows = User.objects.visible_to(self.user).active().select_related("team")
        asked = self.asked(PersonQuery)
        return Response(PersonOut(rows.filter(**asked).order_by("name", "pk"), many=True).data)


class Me(Resource):
    @extend_schema(responses=PersonOut)
    def get(self, request: Request) -> Response:
        """Who you are to LeadFlow."""
        return Response(PersonOut(self.user).data)
