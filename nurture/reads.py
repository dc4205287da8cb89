"""What the page of a lead shows, and its parts.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture import wording
from nurture.cadences.enrolments import ENROLLABLE
from nurture.cadences.reads import UNDER_WAY, UnderWay, under_way
from nurture.mail_templates.scripts import script_for
from nurture.models import Attempt, Touch
from nurture.queue import Urgency, name_of, urgency_of
from nurture.reach import (
    Reach,
    Suppressed,
    may_be_contacted,
    reaches_of,
    suppressed_among,
)
from nurture.standing import (
    AttemptCell,
    FactRow,
    Hurdle,
    Step,
    attempt_cells,
    before_sales,
    fact_rows,
    hurdles_of,
    missing_to_give_up,
    path_of,
    question_before_gate,
)
from nurture.story import Entry, Place, Show, Story, day, said, story_of
from nurture.touching import (
    Channel,
    ConnectAttempt,
)
from nurture.wording import HAPPENINGS, Happening
from prospects.actions import terms_in_force
from prospects.models import Company, Contact, Lead, RecordedAnswer
from prospects.qualification import (
    Assessment,
    Attribute,
    Basis,
    Horizon,
    Terms,
    assess,
)
from prospects.reads import answer_facts, calendar_there, company_facts, contact_facts, contacts_of
from prospects.stages import STEPS, WITH_SALES, Stage
from team.calendar import Calendar
from team.models import Organisation, User


@dataclass(frozen=True)
class PersonThere:
    """Somebody else at the company."""

    contact: Contact
    reached: str
    reaches: tuple[Reach, ...]


@dataclass(frozen=True)
class LeadPage:
    lead: Lead
    name: str
    """The person, else what the lead is called."""
    company: str
    """Where they work, as far as `name` does not say it."""
    contact: Contact | None
    contacts: tuple[Contact, ...]
    reached: str
    reaches: tuple[Reach, ...]
    others: tuple[PersonThere, ...]
    zone: ZoneInfo
    zone_is_theirs: bool
    place: str
    """Where they are, as far as it is known."""
    holiday: str
    urgency: Urgency
    next_words: str
    """What is planned next and when: “Call tomorrow, 9:00 am their time”."""
    cadence: UnderWay | None
    """The cadence it is in, and what that does next."""
    script: str
    """What the cadence gives to say in the touch that waits for a person, filled in."""
    may: str
    """Where the planned touch may not be made now: why not."""
    asks: str
    happenings: tuple[Happening, ...]
    """What may be logged here; the first `keyed` have a key."""
    only_theirs: bool
    """Nothing of ours is logged at this stage, only what comes from them."""
    documented: int
    facts: tuple[FactRow, ...]
    hurdles: tuple[Hurdle, ...]
    before_sales: str
    """How much stands between the lead and sales, in words."""
    touches: int
    least_touches: int
    horizon: str
    least_horizon: str
    horizon_met: bool
    standard: int | None
    path: tuple[Step, ...]
    attempts_words: str
    attempts: tuple[AttemptCell, ...]
    story: Story
    works: bool
    """The reader develops leads: may document, promise, disqualify."""
    may_enrol: bool
    may_hand_off: bool
    is_with_sales: bool
    may_revive: bool
    may_disqualify: bool
    give_up: str
    """What is missing before the lead may be given up; empty when nothing is, or nobody thinks of it."""
    offers_give_up: bool
    may_promise: bool
    may_put_off: bool
    """They may say “not now”, and the lead comes back later."""
    currency: str


@dataclass(frozen=True)
class GivenAnswer:
    """One answer of an attribute's history."""

    words: str
    evidence: str
    by: str
    since: datetime
    contradicted: str
    stands: bool


MOST_SHOWN = 10


REVIVED = (Stage.UNABLE_TO_QUALIFY, Stage.DISQUALIFIED, Stage.LOST)


def page_leads(user: User) -> QuerySet[Lead]:
    """Leads with all that their page shows of the one row: for `get_object_or_404`."""
    return (
        Lead.objects.visible_to(user)
        .select_related("company__naics", "company__sic", "source", "specialist", "rep")
        .annotate(
            attempts_made=RawSQL(_ATTEMPTS, ()),  # noqa: S611 - a constant
            cadence_now=RawSQL(UNDER_WAY, ()),  # noqa: S611 - a constant
        )
    )


_ATTEMPTS = """
    SELECT coalesce(json_agg(attempt ORDER BY attempt.number), '[]')
      FROM nurture_attempt AS attempt WHERE attempt.lead_id = prospects_lead.id"""


def lead_page(
    lead: Lead,
    user: User,
    now: datetime,
    *,
    shown: Show = Show.EVERYTHING,
    before: Place | None = None,
) -> LeadPage:
    """All that the page of a lead shows, for a lead of `page_leads`: five queries more.

    `shown`, `before`: which part of the story.
    """
    organisation = user.organisation
    contacts = contacts_of(lead)
    for contact in contacts:
        if contact.company_id == lead.company_id:
            contact.company = lead.company
    primary = contacts[0] if lead.contact_id else None
    lead.contact = primary
    answers = list(answers_of(lead))
    terms = terms_in_force()
    assessment = _assess(lead, contacts, answers, terms, now)
    suppressed = suppressed_among(contacts)
    there = calendar_there(primary, lead.company, organisation.calendar)
    attempts = attempts_of(lead)
    happenings = loggable(lead, user)
    works = user.works_leads
    thinks_of_it = works and Stage.UNABLE_TO_QUALIFY in STEPS[lead.stage]
    missing = missing_to_give_up(lead, attempts)
    hurdles = hurdles_of(lead, assessment, terms)
    cadence = under_way(lead.cadence_now, there, now)  # type: ignore[attr-defined]
    script = ""
    if cadence is not None and cadence.script:
        script = script_for(cadence.script, lead, there.zone, now, organisation=organisation)
    story = story_of(
        lead, answers, currency=organisation.currency, now=now, shown=shown, before=before
    )
    return LeadPage(
        lead=lead,
        name=name_of(lead),
        company=lead.company.name if lead.company and primary and primary.name else "",
        contact=primary,
        contacts=tuple(contacts),
        reached=reached(primary),
        reaches=(
            reaches_of(primary, lead.company, suppressed=suppressed, calendar=there, now=now)
            if primary
            else ()
        ),
        others=tuple(
            _there(contact, lead.company, suppressed, organisation, now)
            for contact in contacts
            if contact != primary
        ),
        zone=there.zone,
        zone_is_theirs=bool(_zone_name(primary, lead.company)),
        place=(lead.company.city or lead.company.country) if lead.company else "",
        holiday=there.holiday_on(now.astimezone(there.zone).date()) or "",
        urgency=urgency_of(lead, there.zone, now),
        next_words=next_words(lead, there.zone, now),
        cadence=cadence,
        script=script,
        may=_why_not_now(lead, suppressed, there, now),
        asks=question_before_gate(assessment),
        happenings=happenings,
        only_theirs=len(happenings) < len(HAPPENINGS),
        documented=assessment.documented,
        facts=fact_rows(lead, assessment, answers, organisation.currency, now),
        hurdles=hurdles,
        before_sales=before_sales(lead, len(hurdles)),
        touches=lead.outbound_touches,
        least_touches=terms.least_touches,
        horizon=str(Horizon(lead.horizon).label).lower(),
        least_horizon=str(Horizon(terms.least_horizon).label).lower(),
        horizon_met=assessment.horizon_met,
        standard=terms.version if terms.signed else None,
        path=path_of(lead, len(hurdles), now),
        attempts_words=wording.attempts_in_words(attempts, now),
        attempts=attempt_cells(attempts, now),
        story=story if before else with_plan(story, lead, there.zone, now),
        works=works,
        may_enrol=works and lead.stage in ENROLLABLE,
        may_hand_off=works and lead.stage == Stage.QUALIFIED,
        is_with_sales=lead.stage in WITH_SALES,
        may_revive=works and lead.stage in REVIVED,
        may_disqualify=works and Stage.DISQUALIFIED in STEPS[lead.stage],
        give_up=missing if thinks_of_it and lead.conversation_at is None else "",
        offers_give_up=thinks_of_it and (not missing or user.manages),
        may_promise=works and lead.is_worked,
        may_put_off=works and lead.stage in ENROLLABLE,
        currency=organisation.currency,
    )


def answers_of(lead: Lead) -> QuerySet[RecordedAnswer]:
    """All answers ever given for the lead, with `by_name` and `touch_id`, what they rest on."""
    return lead.answers.annotate(by_name=F("by__name"), touch_id=F("resting_on__touch")).order_by(
        "recorded_at", "pk"
    )


def lead_story(
    lead: Lead, user: User, now: datetime, *, shown: Show, before: Place | None
) -> Story:
    """A page of the lead's timeline: two queries."""
    story = story_of(
        lead,
        list(answers_of(lead)),
        currency=user.organisation.currency,
        now=now,
        shown=shown,
        before=before,
    )
    there = calendar_there(lead.contact, lead.company, user.organisation.calendar)
    return story if before else with_plan(story, lead, there.zone, now)


def with_plan(story: Story, lead: Lead, zone: ZoneInfo, now: datetime) -> Story:
    """The story with what is planned on top of all that happened."""
    if lead.next_touch_at is None or story.shown != Show.EVERYTHING:
        return story
    planned = Entry(
        Place(lead.next_touch_at, 9, 0),
        way="planned",
        way_label=_("planned"),
        title=next_words(lead, zone, now),
        detail="" if lead.next_touch_channel == Channel.OTHER else lead.next_touch_why,
        when=_("now") if lead.next_touch_at <= now else day(lead.next_touch_at),
    )
    return replace(story, entries=(planned, *story.entries))


def conversations_of(lead: Lead) -> QuerySet[Touch]:
    """The recent two-way touches, the latest first: what an answer may rest on."""
    return Touch.objects.standing().filter(lead=lead).conversations().order_by("-occurred_at")[:10]


def answer_given(lead: Lead, attribute: Attribute) -> dict[str, Any]:
    """What stands for an attribute, as a form takes it; empty when nothing does."""
    recorded = lead.answers.filter(attribute=attribute, superseded_at__isnull=True).first()
    return asdict(recorded.answer) if recorded else {}


def answer_history(lead: Lead, attribute: Attribute) -> list[GivenAnswer]:
    """What was answered to an attribute, the newest first."""
    recorded = answers_of(lead).filter(attribute=attribute).order_by("-recorded_at", "-pk")
    return [
        GivenAnswer(
            words=said(answer),
            evidence=answer.evidence or str(Basis(answer.basis).label).lower(),
            by=answer.by_name or "",  # type: ignore[attr-defined]
            since=answer.since,
            contradicted=answer.contradicted,
            stands=answer.superseded_at is None,
        )
        for answer in recorded[:MOST_SHOWN]
    ]


def _assess(
    lead: Lead,
    contacts: Sequence[Contact],
    answers: Sequence[RecordedAnswer],
    terms: Terms,
    now: datetime,
) -> Assessment:
    """Judged now, so that what went stale a minute ago does not look well."""
    current = [answer for answer in answers if answer.superseded_at is None]
    return assess(
        company_facts(lead.company) | contact_facts(contacts) | answer_facts(current),
        outbound_touches=lead.outbound_touches,
        horizon=lead.horizon,
        terms=terms,
        now=now,
    )


def attempts_of(lead: Lead) -> list[ConnectAttempt]:
    """The attempts that `page_leads` read along with the lead."""
    return [
        Attempt(
            **{
                name: datetime.fromisoformat(value) if value and name.endswith("_at") else value
                for name, value in made.items()
            }
        ).value
        for made in lead.attempts_made  # type: ignore[attr-defined]
    ]


def _zone_name(contact: Contact | None, company: Company | None) -> str:
    return (contact.timezone if contact else "") or (company.timezone if company else "")


def loggable(lead: Lead, user: User) -> tuple[Happening, ...]:
    """What may be logged: ours by a specialist while the lead is worked, by the rep once it is theirs.

    What comes from them is taken at any stage.
    """
    is_ours_to_touch = lead.stage in WITH_SALES if user.is_rep else lead.is_worked
    return tuple(h for h in HAPPENINGS if is_ours_to_touch or h.came_from_them)


def reached(contact: Contact | None) -> str:
    """“talked to us May 12”, “not reached yet”."""
    if contact is None:
        return ""
    if contact.conversation_at is None:
        return _("not reached yet")
    return _("talked to us %s") % day(contact.conversation_at)


def _there(
    contact: Contact,
    company: Company | None,
    suppressed: Suppressed,
    organisation: Organisation,
    now: datetime,
) -> PersonThere:
    reaches = reaches_of(
        contact,
        company,
        suppressed=suppressed,
        calendar=calendar_there(contact, company, organisation.calendar),
        now=now,
        channels=(Channel.PHONE, Channel.EMAIL),
    )
    return PersonThere(contact, reached(contact), tuple(r for r in reaches if r.shown))


_NEXT = {
    Channel.PHONE: gettext_lazy("Call"),
    Channel.VOICEMAIL: gettext_lazy("Leave a voicemail"),
    Channel.EMAIL: gettext_lazy("Write an email"),
    Channel.LETTER: gettext_lazy("Post a letter"),
    Channel.DIRECT_MAIL: gettext_lazy("Post direct mail"),
    Channel.MEETING: gettext_lazy("Meet"),
}


def next_words(lead: Lead, zone: ZoneInfo, now: datetime) -> str:
    """What is planned next and when, in their time; empty when nothing is."""
    if lead.next_touch_at is None:
        return ""
    what = _NEXT.get(Channel(lead.next_touch_channel or Channel.OTHER))
    if what is None:
        return capfirst(lead.next_touch_why)
    if lead.next_touch_at <= now:
        return _("%s now") % what
    at = wording.moment(lead.next_touch_at, zone, now)
    return _("%(what)s: %(time)s their time") % {"what": what, "time": at}


def _why_not_now(lead: Lead, suppressed: Suppressed, there: Calendar, now: datetime) -> str:
    channel = lead.next_touch_channel or Channel.OTHER
    verdict = may_be_contacted(
        lead.contact, lead.company, channel, suppressed=suppressed, calendar=there, now=now
    )
    if verdict.allowed or not lead.is_worked:
        return ""
    return wording.contactable_in_words(verdict, channel, there.zone, now)
