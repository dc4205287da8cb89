"""What changes companies, contacts and leads because someone asked.

Every verb is atomic, says who (`by`) and when (`now`, an aware instant), and is the same function
for a page, the API and a script. `change_stage` is the only writer of `Lead.stage`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from prospects import keys
from prospects.consents.reads import suppressed_kinds
from prospects.duplicates.finding import look_for_duplicates
from prospects.first_touch import first_touch
from prospects.imports.verdicts import search_text_of
from prospects.models import (
    AddressKind,
    AssignmentRule,
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
    Fact,
    Terms,
)
from prospects.reads import (
    answer_facts,
    assessment_of,
    company_facts,
    contact_facts,
    contacts_of,
    facts_of,
    lists_of_organisation,
    market_of,
    standing_answers,
)
from prospects.routing.assigning import give, note_writer, route_lead
from prospects.screening.judging import Candidate, screen, verdict
from prospects.screening.mail_domains import note_mail_domains
from prospects.screening.overruling import note_verdict, overrule
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
    """The lead as it is now, locked until the transaction ends: two writers must take turns.

    Where it was merged meanwhile, the one that it went into.
    """
    try:
        lead = (
            Lead.objects.select_for_update(of=("self",))
            .select_related("company", "contact")
            .get(pk=lead.pk)
        )
    except Lead.DoesNotExist:
        kept = Lead.objects.that_took(lead.pk).first()
        if kept is None:
            raise
        lead = locked(kept)
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
        at=max(now, lead.stage_at),  # clocks differ between hosts, and go back; a history does not
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


VERDICT_COLUMNS = ("documented", "open_attributes", "reassess_at", "mql_at")
"""The columns of a lead that `judge` brings up to date."""


def reassess(*, lead: Lead, now: datetime, terms: Terms | None = None) -> Assessment:
    """Judge the lead by the standard, store the verdict, and take the step it leads to.

    Called in the transaction of every write that changes a fact (the lead `locked`), and by the
    tick when a fact goes stale. `terms`: the standard in force, where the caller has it already.
    """
    assessment = judge(lead=lead, now=now, terms=terms)
    lead.save(update_fields=VERDICT_COLUMNS)
    return assessment


def judge(
    *,
    lead: Lead,
    now: datetime,
    terms: Terms | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> Assessment:
    """The same for a caller who saves the lead anyway: VERDICT_COLUMNS are left for it to save.

    Moves nurturing → qualified when the gate passes and back when it no longer does. `terms` and
    `facts`: the standard in force and what is known of the lead, where the caller has read them.
    """
    terms = terms or terms_in_force()
    assessment = assessment_of(lead, now=now, terms=terms, facts=facts)
    lead.documented = assessment.documented
    lead.open_attributes = list(assessment.open_attributes)
    lead.reassess_at = assessment.changes_at
    passed_screening = lead.stage not in (Stage.RAW, Stage.SCREENED_OUT)
    if passed_screening and assessment.documented >= terms.mql_attributes:
        lead.mql_at = lead.mql_at or now
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


@transaction.atomic
def enter_program(*, lead: Lead, by: User | None, now: datetime, note: str = "") -> Lead:
    """Take a raw lead that passed screening into the program; the specialist keeps it, or takes it."""
    refuse_reps(by)
    lead = locked(lead)
    _check_stage(lead, {Stage.RAW}, Stage.NURTURING)
    if lead.specialist_id is None and by is not None and by.is_specialist:
        words = _("took it from the team’s queue")
        give(lead=lead, to_person=by, rule=AssignmentRule.TOOK, why=words, by=by, now=now)
    change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, note=note)
    reassess(lead=lead, now=now)
    return lead


@transaction.atomic
def screen_out(*, lead: Lead, reason: str, by: User, now: datetime, note: str = "") -> Lead:
    """A person's verdict that a raw lead is not worth a specialist's time."""
    refuse_reps(by)
    lead = locked(lead)
    change_stage(lead=lead, to_stage=Stage.SCREENED_OUT, now=now, by=by, reason=reason, note=note)
    note_verdict(lead=lead, reason=reason, words=note, by=by)
    return lead


@transaction.atomic
def restore(*, lead: Lead, by: User, now: datetime, note: str = "") -> Lead:
    """Overrule the screening: the lead is raw again; its reasons stay on record and do not count."""
    refuse_reps(by)
    lead = locked(lead)
    check_step(lead.stage, Stage.RAW)
    out = lead.stage_changes.filter(superseded_at__isnull=True).order_by("at", "id").last()
    change_stage(lead=lead, to_stage=Stage.RAW, now=now, by=by, reason="restored", note=note)
    overrule(lead=lead, by=by, now=now, why=note, reason=out.reason if out else "")
    route_lead(lead=lead, now=now)
    plan_first_touch(lead=lead, now=now)
    return lead


@transaction.atomic
def revive(*, lead: Lead, by: User | None, now: datetime, note: str = "") -> Lead:
    """Bring a lead that was given up, disqualified or lost back into the program, history kept."""
    refuse_reps(by)
    lead = locked(lead)
    _check_stage(lead, GIVEN_UP, Stage.NURTURING)
    change_stage(lead=lead, to_stage=Stage.NURTURING, now=now, by=by, reason="revived", note=note)
    reassess(lead=lead, now=now)
    route_lead(lead=lead, now=now)
    return lead


def _check_stage(lead: Lead, from_stages: AbstractSet[str], to_stage: Stage) -> None:
    """Refuse a verb its step from elsewhere: only the rep takes back a lead that they were handed."""
    if lead.stage not in from_stages:
        raise IllegalStep(lead.stage, to_stage)


@transaction.atomic
def assign(*, lead: Lead, specialist: User, by: User, now: datetime, why: str = "") -> Lead:
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
    took = specialist == by
    give(
        lead=lead,
        to_person=specialist,
        rule=AssignmentRule.TOOK if took else AssignmentRule.HAND,
        why=why or (_("took it over") if took else _("given by %s") % by),
        by=by,
        now=now,
    )
    plan_first_touch(lead=lead, now=now)
    return lead


ANSWER_COLUMNS = (*VERDICT_COLUMNS, "activity_at")
"""The columns of a lead that `record_answer` brings up to date."""


def record_answer(
    *,
    lead: Lead,
    attribute: Attribute,
    answer: Answer,
    evidence: Evidence,
    by: User | None,
    now: datetime,
) -> tuple[RecordedAnswer, Assessment]:
    """Save one answer (its earlier ones stay) and judge what it leads to.

    Call it in the transaction that `locked` the lead, as two answers at once must not both miss the
    tenth; ANSWER_COLUMNS are left for the caller to save, and the touch, if any, to link. Refuses
    (ValidationError) an attribute that is derived.
    """
    if attribute in DERIVED:
        raise ValidationError(
            _("“%s” is read from the company, the people and the touches; it cannot be ticked.")
            % Attribute(attribute).label
        )
    standing = standing_answers(lead)
    earlier = [recorded.pk for recorded in standing if recorded.attribute == attribute]
    if earlier:
        RecordedAnswer.objects.filter(pk__in=earlier).update(superseded_at=now)
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
    lead.activity_at = max(lead.activity_at, now)
    known = [other for other in standing if other.pk not in earlier]
    return recorded, judge(lead=lead, now=now, facts=facts_of(lead, [*known, recorded]))


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
    lead.activity_at = max(lead.activity_at, now)
    assessment = judge(lead=lead, now=now)
    lead.save(update_fields=ANSWER_COLUMNS)
    return assessment


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
    if lead.version != version:
        raise StaleVersion(lead)
    given = details.given()
    for name, value in given.items():
        setattr(lead, name, value)
    lead.version += 1
    lead.activity_at = max(lead.activity_at, now)
    judge(lead=lead, now=now)
    lead.save(update_fields=[*given, "version", "activity_at", *VERDICT_COLUMNS])
    return lead


@transaction.atomic
def edit_company(
    *,
    lead: Lead,
    details: CompanyDetails,
    by: User | None,
    now: datetime,
    evidence: Evidence | None = None,
) -> Company:
    """Write what is known of the lead's company, made here if there is none yet.

    `evidence`: what industry code and firmographics rest on; research unless they said so.
    """
    lead = locked(lead)
    company = lead.company or Company()
    _write_company(company, details, now, evidence)
    if lead.company_id is None:
        lead.company = company
        lead.save(update_fields=["company"])
        if lead.contact and lead.contact.company_id is None:
            lead.contact.company = company
            lead.contact.save(update_fields=["company"])
    refresh_company_leads(company, now)
    return company


def _write_company(
    company: Company, details: CompanyDetails, now: datetime, evidence: Evidence | None = None
) -> None:
    given = details.given()
    for name, value in given.items():
        setattr(company, name, value)
    company.name_key = keys.company_key(company.name)
    company.edited_at = now
    basis, since = (evidence.basis, evidence.at) if evidence else (Basis.RESEARCH, now)
    if {"naics", "sic"} & set(given):
        company.industry_basis, company.industry_since = basis, since
    if {"revenue", "employees", "locations"} & set(given):
        company.firmographics_basis, company.firmographics_since = basis, since
    renamed = company.pk is not None
    company.save()
    if {"name", "domain"} & set(given):
        look_for_duplicates(companies=[company.pk], now=now, renamed=renamed)


@transaction.atomic
def add_contact(
    *,
    lead: Lead,
    details: ContactDetails,
    by: User | None,
    now: datetime,
    confirmed_at: datetime | None = None,
) -> Contact:
    """Add a person to the lead's company; the lead's first person becomes its primary contact.

    `confirmed_at`: the touch in which their role was said.
    """
    lead = locked(lead)
    contact = Contact(company=lead.company)
    _write_contact(contact, details, lead.company, now, confirmed_at)
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
    """Write what is known of a person. `confirmed_at`: the touch in which their role was said.

    With another address, or one that works again, the next touch of their leads is chosen anew: by
    nurture, which finds leads without a plan within a minute.
    """
    lead = locked(lead)
    before = _addresses(contact)
    _write_contact(contact, details, lead.company, now, confirmed_at)
    if _addresses(contact) != before:
        Lead.objects.worked().filter(contact=contact).update(next_touch_at=None)
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


def _addresses(contact: Contact) -> tuple[str, bool, str, bool]:
    """What the choice of a channel rests on."""
    return (
        contact.email_key,
        contact.can_be_emailed,
        contact.phone_key,
        contact.can_be_called,
    )


def _write_contact(
    contact: Contact,
    details: ContactDetails,
    company: Company | None,
    now: datetime,
    confirmed_at: datetime | None = None,
) -> None:
    """`company`: the lead's, whose country a telephone number is read in."""
    given = details.given()
    role_changed = given.get("buying_role", contact.buying_role) != contact.buying_role
    for name, value in given.items():
        setattr(contact, name, value)
    country = company.country if company else ""
    if contact.phone and not country and not contact.phone.startswith("+"):
        country = Organisation.current().country
    contact.email_key = keys.email_key(contact.email)
    contact.phone_key = keys.phone_key(contact.phone, country)
    if "email" in given:
        contact.email_invalid_at = None
    if "phone" in given:
        contact.phone_invalid_at = None
    if confirmed_at is not None or role_changed:
        contact.role_confirmed_at = confirmed_at
    contact.edited_at = now
    renamed = contact.pk is not None
    contact.save()
    if given.get("email"):
        contact.email_invalid_at = note_mail_domains([contact.pk]).get(contact.pk)
    if {"first_name", "last_name", "email", "phone"} & set(given):
        look_for_duplicates(contacts=[contact.pk], now=now, renamed=renamed)


def _refresh(lead: Lead, contact: Contact, now: datetime) -> None:
    """Bring up to date what other rows say of this person."""
    if contact.company is not None:
        refresh_company_leads(contact.company, now)
    else:
        _refresh_lead(lead, contacts_of(lead), standing_answers(lead), terms_in_force(), now)


def refresh_company_leads(company: Company, now: datetime) -> None:
    """A company's facts count for each of its leads: write their verdicts and search texts anew."""
    leads = list(
        Lead.objects.select_for_update(of=("self",))
        .select_related("company__naics", "company__sic", "contact")
        .filter(company=company)
        .order_by("pk")
    )
    colleagues = list(company.contacts.order_by("pk"))
    answers: dict[int, list[RecordedAnswer]] = {lead.pk: [] for lead in leads}
    for answer in RecordedAnswer.objects.filter(lead__in=leads, superseded_at__isnull=True):
        answers[answer.lead_id].append(answer)
    terms = terms_in_force()
    for lead in leads:
        people = list(colleagues)
        if lead.contact is not None and lead.contact not in colleagues:
            people.append(lead.contact)
        _refresh_lead(lead, people, answers[lead.pk], terms, now)


def _refresh_lead(
    lead: Lead,
    people: Sequence[Contact],
    answers: Iterable[RecordedAnswer],
    terms: Terms,
    now: datetime,
) -> None:
    """Write the verdict and the search text of one lead; `people`: of its company and its own."""
    facts = company_facts(lead.company) | contact_facts(people) | answer_facts(answers)
    judge(lead=lead, now=now, terms=terms, facts=facts)
    lead.search_text = search_text_of(lead, people)
    lead.save(update_fields=["search_text", *VERDICT_COLUMNS])


@transaction.atomic
def create_lead(
    *,
    source: Source,
    company: CompanyDetails,
    contact: ContactDetails,
    details: LeadDetails,
    team: Team,
    by: User | None,
    now: datetime,
    idempotency_key: uuid.UUID | None = None,
    asked_at: datetime | None = None,
    known: Contact | None = None,
) -> Lead:
    """Take in one lead by hand, by the API or by a form: raw, with who wrote it down, if a specialist.

    The same `idempotency_key` by the same person gives the same lead again. Screening is the same
    as for a file's rows (`prospects.imports.leads`); the caller shows its reasons. `asked_at`: when they
    asked us themselves (`by` is None then). `known`: a person we have, with a need that is another
    one; `contact` and `company` say nothing then.
    """
    refuse_reps(by)
    asked, is_new = _asked(by, idempotency_key, now)
    if asked is not None and not is_new:
        return _made_before(asked)
    person, firm = known, known.company if known is not None else None
    if known is None and company.name:
        firm = Company()
        _write_company(firm, company, now)
    if known is None and contact.given():
        person = Contact(company=firm)
        _write_contact(person, contact, firm, now)
    lead = Lead.objects.create(
        source=source,
        team=team,
        specialist=by if by is not None and by.is_specialist else None,
        assigned_why=_("wrote it down") if by is not None and by.is_specialist else "",
        received_at=now,
        asked_at=asked_at,
        contact=person,
        company=firm,
        stage=Stage.RAW,
        stage_at=now,
        activity_at=now,
        **details.given(),
    )
    StageChange.objects.create(lead=lead, from_stage=NEW, to_stage=Stage.RAW, at=now, by=by)
    if by is not None and by.is_specialist:
        note_writer(lead=lead, by=by, now=now)
    # Nobody else sees the lead before all is committed, and a new company has no other people.
    people = contacts_of(lead) if known is not None else [person] if person is not None else []
    _refresh_lead(lead, people, (), terms_in_force(), now)
    if asked is not None:
        asked.made_id = lead.pk
        asked.save(update_fields=["made_id"])
    screen_arrival(lead=lead, now=now)
    route_lead(lead=lead, now=now)
    plan_first_touch(lead=lead, now=now)
    return lead


def plan_first_touch(*, lead: Lead, now: datetime) -> None:
    """Store when a raw lead is due for its first touch: its specialist sees it at once, without a tick.

    Call it in the transaction that `locked` the lead and gave it to somebody. Leaves a lead alone
    that nobody has, that was screened out, or that has a plan; what follows is planned by nurture.
    """
    if lead.stage != Stage.RAW or lead.specialist_id is None or lead.next_touch_at is not None:
        return
    suppressed = suppressed_kinds(lead.contact) if lead.contact is not None else frozenset()
    planned = first_touch(
        received_at=lead.received_at,
        asked_at=lead.asked_at,
        can_call=lead.contact is not None
        and lead.contact.can_be_called
        and AddressKind.PHONE not in suppressed,
        can_email=lead.contact is not None
        and lead.contact.can_be_emailed
        and AddressKind.EMAIL not in suppressed,
        now=now,
    )
    lead.next_touch_at, lead.next_touch_channel = planned.at, planned.channel
    lead.next_touch_rank, lead.next_touch_why = planned.rank, planned.why
    lead.save(
        update_fields=[
            "next_touch_at",
            "next_touch_channel",
            "next_touch_rank",
            "next_touch_why",
        ]
    )


def screen_arrival(*, lead: Lead, now: datetime) -> None:
    """Judge a raw lead by the rules of screening, keep the reasons, and screen it out if one holds.

    Call it in the transaction that `locked` the lead. The verdict may be overruled (`restore`).
    """
    organisation = Organisation.current()
    candidate = candidate_of(lead, organisation.country)
    reasons = screen(candidate, lists_of_organisation(), market_of(organisation))
    lead.screening = [reason.stored for reason in reasons]
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


def candidate_of(lead: Lead, country: str) -> Candidate:
    """What screening looks at, of a lead that is stored; `country`: where we dial from."""
    company = lead.company or Company()
    contact = lead.contact or Contact()
    return Candidate(
        title=contact.title,
        company=company.name,
        company_key=company.name_key,
        domain=company.domain,
        email=contact.email,
        email_reading=keys.read_email(contact.email),
        email_is_dead=contact.email_invalid_at is not None,
        phone=contact.phone,
        phone_reading=keys.read_phone(contact.phone, company.country or country),
        street=company.street,
        city=company.city,
        country=company.country,
        naics=company.naics.code if company.naics else "",
        employees=company.employees,
    )


def _asked(
    by: User | None, key: uuid.UUID | None, now: datetime
) -> tuple[KeyedRequest | None, bool]:
    """The request of that key, and whether it is new; whoever comes second waits for the first."""
    if key is None or by is None:
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


def disqualify(*, lead: Lead, reason: str, by: User, now: datetime, note: str = "") -> Lead:
    """Close the lead for good, with a reason; "other" needs words (ValidationError).

    Call it in a transaction: that of `nurture.actions.disqualify`, which drops the promises too.
    """
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
