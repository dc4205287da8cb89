"""What changes companies, contacts and leads because someone asked.

Every verb is atomic, says who (`by`) and when (`now`, an aware instant), and is the same function
for a page, the API and a script. `change_stage` is the only writer of `Lead.stage`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from prospects import keys
from prospects.models import (
    Company,
    Contact,
    IndustryCode,
    Lead,
    RecordedAnswer,
    Source,
    StageChange,
    Standard,
)
from prospects.qualification import (
    DERIVED,
    Answer,
    Assessment,
    Attribute,
    Basis,
    BuyingRole,
    Terms,
)
from prospects.reads import assessment_of, contacts_of, lists_of_organisation, market_of
from prospects.screening import Candidate, screen, verdict
from prospects.stages import GIVEN_UP, NEW, Disqualification, IllegalStep, Stage, check_step
from team.models import KeyedRequest, Organisation, Side, Team, User


class StaleVersion(Exception):
    """Somebody else saved in between; `current` is what stands now."""

    def __init__(self, current: Lead) -> None:
        self.current = current
        super().__init__(_("Somebody else changed this lead in the meantime."))


class NotAllowed(Exception):
    """The rule that forbids what was asked, in words."""


@dataclass(frozen=True)
class Evidence:
    """What an answer rests on. `words` describes it for people ("call, June 23, 11 min")."""

    basis: str
    at: datetime
    words: str = ""


def refuse_reps(by: User | None) -> None:
    """Refuse (NotAllowed) a rep what is the program's: taking in, screening, giving up (domain.md, 2).

    Reps work the opportunities they were handed: accept, return, log touches, report the result.
    """
    if by is not None and not by.works_leads:
        raise NotAllowed(_("Only who works in the program may do this."))


def locked(lead: Lead) -> Lead:
    """The lead as it is now, locked until the transaction ends: two writers must take turns."""
    lead = (
        Lead.objects.select_for_update(of=("self",))
        .select_related("company__naics", "company__sic", "contact")
        .get(pk=lead.pk)
    )
    if lead.contact is not None and lead.contact.company_id == lead.company_id:
        lead.contact.company = lead.company  # read with the lead: a join less
    return lead


def change_stage(
    *,
    lead: Lead,
    to_stage: Stage,
    now: datetime,
    by: User | None,
    reason: str = "",
    note: str = "",
    rep: User | None = None,
) -> None:
    """Take one step of the lead's life and append it to its history; `by` None means a rule.

    Call it inside the transaction that `locked` the lead; the lead given is brought up to date.
    `rep`: who holds it from now on (to handed_off only). Refuses (IllegalStep) what section 3 of
    the domain does not list, and a lead whose stage is no longer what the caller saw.
    """
    check_step(lead.stage, to_stage)
    from_stage = lead.stage
    change = StageChange.objects.create(
        lead=lead,
        from_stage=from_stage,
        to_stage=to_stage,
        at=now,
        by=by,
        reason=reason,
        note=note,
    )
    lead.stage, lead.stage_at = to_stage, change.at
    lead.activity_at = max(lead.activity_at, now)
    if to_stage == Stage.NURTURING:
        lead.entered_program_at = lead.entered_program_at or now
        lead.rep = None
    if to_stage == Stage.QUALIFIED:
        lead.qualified_at = lead.qualified_at or now
    if to_stage == Stage.HANDED_OFF:
        lead.rep = rep
    if not lead.is_worked:
        lead.next_touch_at = None
    updated = Lead.objects.filter(pk=lead.pk, stage=from_stage).update(
        stage=lead.stage,
        stage_at=lead.stage_at,
        activity_at=lead.activity_at,
        entered_program_at=lead.entered_program_at,
        qualified_at=lead.qualified_at,
        rep=lead.rep,
        next_touch_at=lead.next_touch_at,
    )
    if not updated:
        raise IllegalStep(Lead.objects.get(pk=lead.pk).stage, to_stage)


def reassess(*, lead: Lead, now: datetime, terms: Terms | None = None) -> Assessment:
    """Judge the lead by the standard, store the verdict, and take the step it leads to.

    Called in the transaction of every write that changes a fact (the lead `locked`), and by the
    tick when a fact goes stale. Moves nurturing → qualified when the gate passes and back when it
    no longer does. `terms`: the standard in force, where the caller has it already.
    """
    terms = terms or terms_in_force()
    assessment = assessment_of(lead, now=now, terms=terms)
    lead.documented = assessment.documented
    lead.open_attributes = list(assessment.open_attributes)
    lead.reassess_at = assessment.changes_at
    passed_screening = lead.stage not in (Stage.RAW, Stage.SCREENED_OUT)
    if passed_screening and assessment.documented >= terms.mql_attributes:
        lead.mql_at = lead.mql_at or now
    lead.save(update_fields=["documented", "open_attributes", "reassess_at", "mql_at"])
    if lead.stage == Stage.NURTURING and assessment.passes:
        change_stage(lead=lead, to_stage=Stage.QUALIFIED, now=now, by=None, reason="gate_passed")
    elif lead.stage == Stage.QUALIFIED and not assessment.passes:
        missing = ", ".join(str(Attribute(a).label) for a in assessment.open_attributes)
        change_stage(
            lead=lead,
            to_stage=Stage.NURTURING,
            now=now,
            by=None,
            reason="gate_closed",
            note=_("No longer documented: %s") % missing if missing else "",
        )
    return assessment


def terms_in_force() -> Terms:
    """What the signed standard asks; without one the defaults, which qualify nobody."""
    standard = Standard.objects.in_force()
    return standard.terms if standard else Terms()


def save_edit(lead: Lead, *, version: int, fields: Mapping[str, Any]) -> None:
    """Write what a person edited, unless somebody else did since `version` (StaleVersion)."""
    if lead.version != version:
        raise StaleVersion(lead)
    for name, value in fields.items():
        setattr(lead, name, value)
    lead.version += 1
    lead.save(update_fields=[*fields, "version"])


@transaction.atomic
def enter_program(*, lead: Lead, by: User | None, now: datetime, note: str = "") -> Lead:
    """Take a raw lead that passed screening into the program; the specialist keeps it, or takes it."""
    refuse_reps(by)
    lead = locked(lead)
    _check_stage(lead, {Stage.RAW}, Stage.NURTURING)
    if lead.specialist_id is None and by is not None and by.is_specialist:
        lead.specialist, lead.assigned_why = by, _("took it from the team’s queue")
        lead.save(update_fields=["specialist", "assigned_why"])
    change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, note=note)
    reassess(lead=lead, now=now)
    return lead


@transaction.atomic
def screen_out(*, lead: Lead, reason: str, by: User, now: datetime, note: str = "") -> Lead:
    """A person's verdict that a raw lead is not worth a specialist's time."""
    refuse_reps(by)
    lead = locked(lead)
    change_stage(lead=lead, to_stage=Stage.SCREENED_OUT, now=now, by=by, reason=reason, note=note)
    return lead


@transaction.atomic
def restore(*, lead: Lead, by: User, now: datetime, note: str = "") -> Lead:
    """Overrule the screening: the lead is raw again; its reasons stay on record."""
    refuse_reps(by)
    lead = locked(lead)
    change_stage(lead=lead, to_stage=Stage.RAW, now=now, by=by, reason="restored", note=note)
    return lead


@transaction.atomic
def revive(*, lead: Lead, by: User | None, now: datetime, note: str = "") -> Lead:
    """Bring a lead that was given up, disqualified or lost back into the program, history kept."""
    refuse_reps(by)
    lead = locked(lead)
    _check_stage(lead, GIVEN_UP, Stage.NURTURING)
    change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="revived", note=note)
    reassess(lead=lead, now=now)
    return lead


def _check_stage(lead: Lead, from_stages: AbstractSet[str], to_stage: Stage) -> None:
    """Refuse a verb its step from elsewhere: only the rep takes back a lead that they were handed."""
    if lead.stage not in from_stages:
        raise IllegalStep(lead.stage, to_stage)


@transaction.atomic
def assign(*, lead: Lead, specialist: User, by: User, why: str = "") -> Lead:
    """Give the lead to a specialist, who must be one (NotAllowed).

    A manager gives it to any specialist of theirs, a specialist takes it for themself.
    """
    refuse_reps(by)
    if not specialist.is_specialist or not specialist.is_active:
        raise NotAllowed(_("%s is no specialist who works here.") % specialist)
    theirs = by.manages and User.objects.visible_to(by).filter(pk=specialist.pk).exists()
    if specialist != by and not theirs:
        raise NotAllowed(_("Only a manager of %s can give them a lead.") % specialist)
    lead = locked(lead)
    lead.specialist = specialist
    lead.team = specialist.team or lead.team
    lead.assigned_why = why or _("given by %s") % by
    lead.save(update_fields=["specialist", "team", "assigned_why"])
    return lead


@transaction.atomic
def record_answer(
    *,
    lead: Lead,
    attribute: Attribute,
    answer: Answer,
    evidence: Evidence,
    by: User | None,
    now: datetime,
) -> tuple[RecordedAnswer, Assessment]:
    """Save one answer (its earlier ones stay) and the verdict it leads to.

    Refuses (ValidationError) an attribute that is derived. The caller links the touch, if any.
    """
    if attribute in DERIVED:
        raise ValidationError(
            _("“%s” is read from the company, the people and the touches; it cannot be ticked.")
            % Attribute(attribute).label
        )
    lead = locked(lead)  # two answers at once must not both miss the tenth
    _supersede(lead, attribute, now)
    recorded = RecordedAnswer.objects.create(
        lead=lead,
        attribute=attribute,
        words=answer.words,
        on=answer.on,
        amount=answer.amount,
        nobody=answer.nobody,
        basis=evidence.basis,
        since=evidence.at,
        evidence=evidence.words,
        by=by,
        recorded_at=now,
    )
    _touched(lead, now)
    return recorded, reassess(lead=lead, now=now)


@transaction.atomic
def contradict_answer(
    *, lead: Lead, attribute: Attribute, why: str, by: User | None, now: datetime
) -> Assessment:
    """Mark what stands for an attribute as contradicted, with what contradicts it.

    A derived attribute loses what it rests on, so that it must be learned anew; nothing is erased
    but the role of people who were taken for decision makers.
    """
    lead = locked(lead)
    RecordedAnswer.objects.filter(
        lead=lead, attribute=attribute, superseded_at__isnull=True
    ).update(contradicted=why or _("contradicted"))
    if attribute in DERIVED:
        _withdraw(lead, attribute, now)
    _touched(lead, now)
    return reassess(lead=lead, now=now)


def _withdraw(lead: Lead, attribute: Attribute, now: datetime) -> None:
    """Take from a derived attribute what it rests on, for every lead of the company."""
    company, people = lead.company, Contact.objects.filter(pk__in=[c.pk for c in contacts_of(lead)])
    match attribute:
        case Attribute.INDUSTRY if company is not None:
            company.industry_basis, company.industry_since = "", None
        case Attribute.FIRMOGRAPHICS if company is not None:
            company.firmographics_basis, company.firmographics_since = "", None
        case Attribute.PEOPLE:
            people.update(role_confirmed_at=None)
        case Attribute.ENGAGED:
            people.filter(
                buying_role=BuyingRole.DECISION_MAKER, conversation_at__isnull=False
            ).update(buying_role=BuyingRole.UNKNOWN, role_confirmed_at=None)
    if company is not None:
        company.save()
        refresh_company_leads(company, now)


def _supersede(lead: Lead, attribute: str, now: datetime) -> None:
    RecordedAnswer.objects.filter(
        lead=lead, attribute=attribute, superseded_at__isnull=True
    ).update(superseded_at=now)


def _touched(lead: Lead, now: datetime) -> None:
    lead.activity_at = max(lead.activity_at, now)
    lead.save(update_fields=["activity_at"])


@dataclass(frozen=True)
class Details:
    """What a form or the API may say. None: leave as it is, unless `cleared` names it."""

    cleared: frozenset[str] = frozenset()

    def given(self) -> dict[str, Any]:
        said = {
            name: value
            for name, value in vars(self).items()
            if value is not None and name != "cleared"
        }
        return said | dict.fromkeys(self.cleared)


@dataclass(frozen=True)
class CompanyDetails(Details):
    """What is said of a company."""

    name: str | None = None
    domain: str | None = None
    naics: IndustryCode | None = None
    sic: IndustryCode | None = None
    revenue: Decimal | None = None
    employees: int | None = None
    locations: int | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None
    street: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class ContactDetails(Details):
    """What is said of a contact."""

    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    buying_role: str | None = None
    email: str | None = None
    phone: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class LeadDetails(Details):
    """What is said of the lead itself."""

    horizon: str | None = None
    potential_revenue: Decimal | None = None
    expected_close_on: date | None = None
    note: str | None = None


@transaction.atomic
def edit_lead(*, lead: Lead, details: LeadDetails, version: int, by: User, now: datetime) -> Lead:
    """Write what a person edited of the lead itself (StaleVersion if somebody was faster)."""
    lead = locked(lead)
    save_edit(lead, version=version, fields=details.given())
    _touched(lead, now)
    reassess(lead=lead, now=now)
    return lead


@transaction.atomic
def edit_company(
    *,
    lead: Lead,
    details: CompanyDetails,
    by: User,
    now: datetime,
    evidence: Evidence | None = None,
) -> Company:
    """Write what is known of the lead's company, made here if there is none yet.

    `evidence`: what industry code and firmographics rest on; research unless they said so.
    """
    lead = locked(lead)
    company = lead.company or Company(name=details.name or "")
    given = details.given()
    for name, value in given.items():
        setattr(company, name, value)
    company.name_key = keys.company_key(company.name)
    basis, since = (evidence.basis, evidence.at) if evidence else (Basis.RESEARCH, now)
    if {"naics", "sic"} & set(given):
        company.industry_basis, company.industry_since = basis, since
    if {"revenue", "employees", "locations"} & set(given):
        company.firmographics_basis, company.firmographics_since = basis, since
    company.save()
    if lead.company_id is None:
        lead.company = company
        lead.save(update_fields=["company"])
        if lead.contact and lead.contact.company_id is None:
            lead.contact.company = company
            lead.contact.save(update_fields=["company"])
    refresh_company_leads(company, now)
    return company


@transaction.atomic
def add_contact(
    *,
    lead: Lead,
    details: ContactDetails,
    by: User,
    now: datetime,
    confirmed_at: datetime | None = None,
) -> Contact:
    """Add a person to the lead's company; the lead's first person becomes its primary contact.

    `confirmed_at`: the touch in which their role was said.
    """
    lead = locked(lead)
    contact = Contact(company=lead.company)
    _write_contact(contact, details, lead, confirmed_at)
    if lead.contact_id is None:
        lead.contact = contact
        lead.save(update_fields=["contact"])
    _refresh(lead, contact, now)
    return contact


@transaction.atomic
def edit_contact(
    *,
    lead: Lead,
    contact: Contact,
    details: ContactDetails,
    by: User,
    now: datetime,
    confirmed_at: datetime | None = None,
) -> Contact:
    """Write what is known of a person. `confirmed_at`: the touch in which their role was said."""
    lead = locked(lead)
    _write_contact(contact, details, lead, confirmed_at)
    _refresh(lead, contact, now)
    return contact


@transaction.atomic
def confirm_roles(*, lead: Lead, contacts: list[Contact], at: datetime, now: datetime) -> None:
    """The people's buying roles, as recorded, were confirmed by a touch of `at`."""
    lead = locked(lead)
    Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).exclude(
        buying_role=BuyingRole.UNKNOWN
    ).update(role_confirmed_at=at)
    reassess(lead=lead, now=now)


def _write_contact(
    contact: Contact, details: ContactDetails, lead: Lead, confirmed_at: datetime | None
) -> None:
    given = details.given()
    role_changed = given.get("buying_role", contact.buying_role) != contact.buying_role
    for name, value in given.items():
        setattr(contact, name, value)
    country = lead.company.country if lead.company else ""
    contact.email_key = keys.email_key(contact.email)
    contact.phone_key = keys.phone_key(contact.phone, country)
    if "email" in given:
        contact.email_invalid_at = None
    if "phone" in given:
        contact.phone_invalid_at = None
    if confirmed_at is not None or role_changed:
        contact.role_confirmed_at = confirmed_at
    contact.save()


def _refresh(lead: Lead, contact: Contact, now: datetime) -> None:
    """Bring up to date what other rows say of this person."""
    if contact.company is not None:
        refresh_company_leads(contact.company, now)
    else:
        refresh_search_text(lead)
        reassess(lead=lead, now=now)


def refresh_company_leads(company: Company, now: datetime) -> None:
    """A company's facts count for each of its leads: write their verdicts and search texts anew."""
    terms = terms_in_force()
    leads = Lead.objects.select_for_update(of=("self",)).filter(company=company)
    for lead in leads.select_related("company", "contact").order_by("pk"):
        refresh_search_text(lead)
        reassess(lead=lead, now=now, terms=terms)


def refresh_search_text(lead: Lead) -> None:
    """Write the text that the search looks in: names, company, addresses and phones, lower case."""
    people = list(lead.company.contacts.all()) if lead.company else []
    if lead.contact and lead.contact not in people:
        people.append(lead.contact)
    lead.search_text = keys.search_text(
        lead.external_id or "",
        lead.company.name if lead.company else "",
        lead.company.domain if lead.company else "",
        *(part for p in people for part in (p.name, p.email, p.phone, p.phone_key)),
    )
    lead.save(update_fields=["search_text"])


@transaction.atomic
def create_lead(
    *,
    source: Source,
    company: CompanyDetails,
    contact: ContactDetails,
    details: LeadDetails,
    team: Team,
    by: User,
    now: datetime,
    idempotency_key: uuid.UUID | None = None,
) -> Lead:
    """Take in one lead by hand or by the API: raw, with the specialist who wrote it down, if one.

    The same `idempotency_key` by the same person gives the same lead again. Screening is the same
    as for a file's rows (`prospects.imports`); the caller shows its reasons.
    """
    refuse_reps(by)
    asked, is_new = _asked(by, idempotency_key, now)
    if asked is not None and not is_new:
        return _made_before(asked)
    lead = Lead.objects.create(
        source=source,
        team=team,
        specialist=by if by.is_specialist else None,
        assigned_why=_("wrote it down") if by.is_specialist else "",
        received_at=now,
        stage=Stage.RAW,
        stage_at=now,
        activity_at=now,
        **details.given(),
    )
    StageChange.objects.create(lead=lead, from_stage=NEW, to_stage=Stage.RAW, at=now, by=by)
    if company.name:
        edit_company(lead=lead, details=company, by=by, now=now)
    if contact.given():
        add_contact(lead=lead, details=contact, by=by, now=now)
    if asked is not None:
        asked.made_id = lead.pk
        asked.save(update_fields=["made_id"])
    lead = locked(lead)
    screen_arrival(lead=lead, now=now)
    return lead


def screen_arrival(*, lead: Lead, now: datetime) -> None:
    """Judge a raw lead by the rules of screening, keep the reasons, and screen it out if one holds.

    Call it in the transaction that `locked` the lead. The verdict may be overruled (`restore`).
    """
    reasons = screen(candidate_of(lead), lists_of_organisation(), market_of(Organisation.current()))
    lead.screening = [{"rule": str(reason.rule), "words": reason.words} for reason in reasons]
    lead.save(update_fields=["screening"])
    against = verdict(reasons)
    if against is not None:
        change_stage(
            lead=lead,
            to_stage=Stage.SCREENED_OUT,
            now=now,
            by=None,
            reason=str(against.rule),
            note=against.words,
        )


def candidate_of(lead: Lead) -> Candidate:
    """What screening looks at, of a lead that is stored."""
    company = lead.company or Company()
    contact = lead.contact or Contact()
    return Candidate(
        title=contact.title,
        company=company.name,
        company_key=company.name_key,
        domain=company.domain,
        email=contact.email,
        email_reading=keys.read_email(contact.email),
        phone=contact.phone,
        phone_reading=keys.read_phone(contact.phone, company.country),
        street=company.street,
        city=company.city,
        country=company.country,
        naics=company.naics.code if company.naics else "",
        employees=company.employees,
    )


def _asked(by: User, key: uuid.UUID | None, now: datetime) -> tuple[KeyedRequest | None, bool]:
    """The request of that key, and whether it is new; whoever comes second waits for the first."""
    if key is None:
        return None, True
    return KeyedRequest.objects.get_or_create(by=by, key=key, defaults={"asked_at": now})


def _made_before(asked: KeyedRequest) -> Lead:
    made = Lead.objects.visible_to(asked.by)
    lead = made.filter(pk=asked.made_id).first() if asked.made_id else None
    if lead is None:
        raise NotAllowed(_("This was sent before, and the lead is not yours to see any more."))
    return locked(lead)


def source_named(name: str) -> Source:
    """The source of that name, whatever its case, made where there is none."""
    known = Source.objects.filter(name__iexact=name).first()
    return known or Source.objects.get_or_create(name=name)[0]


@transaction.atomic
def disqualify(*, lead: Lead, reason: str, by: User, now: datetime, note: str = "") -> Lead:
    """Close the lead for good, with a reason; "other" needs words (ValidationError)."""
    refuse_reps(by)
    if reason == Disqualification.OTHER and not note.strip():
        raise ValidationError({"note": _("Say in a few words why.")})
    lead = locked(lead)
    change_stage(lead=lead, to_stage=Stage.DISQUALIFIED, now=now, by=by, reason=reason, note=note)
    return lead


@transaction.atomic
def sign_standard(*, standard: Standard, by: User, now: datetime) -> Standard:
    """Sign for the side the manager stands for; the second signature puts the version in force.

    Refuses (NotAllowed) who is no manager of a side. Every open lead is judged anew by the tick.
    """
    if not by.manages or not by.side:
        raise NotAllowed(_("Only a marketing or a sales manager can sign the standard."))
    standard = Standard.objects.select_for_update().get(pk=standard.pk)
    if by.pk in (standard.marketing_by_id, standard.sales_by_id):
        raise NotAllowed(_("You have signed it already; the other side must be somebody else."))
    if by.side == Side.MARKETING and standard.marketing_by_id is None:
        standard.marketing_by, standard.marketing_at = by, now
    elif by.side == Side.SALES and standard.sales_by_id is None:
        standard.sales_by, standard.sales_at = by, now
    if standard.signed_at is None and standard.marketing_by_id and standard.sales_by_id:
        standard.signed_at = now
        Lead.objects.worked().update(reassess_at=now)
    standard.save()
    return standard


@transaction.atomic
def draft_standard(*, by: User, now: datetime) -> Standard:
    """A version to work on: the draft there is, else a copy of the newest, else the defaults.

    There is never a second draft. Refuses (NotAllowed) who is no manager.
    """
    _refuse_who_does_not_manage(by)
    newest = Standard.objects.select_for_update().order_by("-version").first()
    if newest is not None and newest.signed_at is None:
        return newest
    copied = ("requirements", "least_touches", "least_horizon", "mql_attributes")
    draft, _is_new = Standard.objects.get_or_create(  # two managers at once get the same one
        version=newest.version + 1 if newest else 1,
        defaults={
            "created_at": now,
            **({name: getattr(newest, name) for name in copied} if newest else {}),
        },
    )
    return draft


@transaction.atomic
def edit_standard(*, standard: Standard, terms: Terms, by: User) -> Standard:
    """Write other terms into a draft. Whoever signed the earlier ones has to sign again.

    Refuses (NotAllowed) who is no manager, and a version that both sides signed.
    """
    _refuse_who_does_not_manage(by)
    standard = Standard.objects.select_for_update().get(pk=standard.pk)
    if standard.signed_at is not None:
        raise NotAllowed(_("Both sides have signed this version; draft a new one."))
    standard.requirements = {
        str(attribute): {"least": str(asked.least), "shelf_days": asked.shelf_days}
        for attribute, asked in terms.requirements.items()
    }
    standard.least_touches = terms.least_touches
    standard.least_horizon = terms.least_horizon
    standard.mql_attributes = terms.mql_attributes
    standard.marketing_by = standard.marketing_at = None
    standard.sales_by = standard.sales_at = None
    standard.save()
    return standard


def _refuse_who_does_not_manage(by: User) -> None:
    if not by.manages:
        raise NotAllowed(_("Only a manager can change the standard."))
