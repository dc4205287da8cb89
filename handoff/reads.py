"""What pages show of handoffs: frozen dataclasses, a fixed number of queries whatever the size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Max, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.fields.json import KT
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from handoff import dossier as heart
from handoff.clock import Clock, Course, clock_of
from handoff.differences import Difference, differences
from handoff.dossier import (
    CompanyProfile,
    Earlier,
    Entry,
    Individual,
    Known,
    Pledge,
    Word,
    compose,
)
from handoff.drawing import Line, line_of
from handoff.models import Dossier, Handoff, HandoffQuerySet, HandoffState
from handoff.routing import Proposal, RepNow, free_of, propose
from nurture.actions import suppressible_address
from nurture.contactability import Contactable
from nurture.models import Promise, Touch
from nurture.touching import Channel, Direction
from prospects.actions import terms_in_force
from prospects.consents.hashing import address_hash
from prospects.models import Company, Contact, Lead, RecordedAnswer, Suppression
from prospects.qualification import Finding, Terms, assess
from prospects.reads import answer_facts, company_facts, contact_facts, contacts_of
from prospects.routing.loads import profile_of
from team.models import Organisation, User

OPEN_ROWS = 50
CLOSED_ROWS = 20
ALSO_SHOWN = 20
"""Earlier handoffs of a lead that are linked beside a dossier."""


# The dossier of a lead as it stands now.


def current_dossier(
    lead: Lead,
    *,
    now: datetime,
    word: Word,
    terms: Terms | None = None,
    currency: str | None = None,
) -> heart.Dossier:
    """What is known of the lead at `now`, composed as a brief (seven queries, however much it is).

    `terms`: the standard in force, and `currency`: the organisation's, where the caller has them.
    """
    contacts = contacts_of(lead)
    answers = {
        answer.attribute: answer
        for answer in lead.answers.filter(superseded_at__isnull=True).select_related(
            "by", "resting_on"
        )
    }
    terms = terms or terms_in_force()
    assessment = assess(
        company_facts(lead.company) | contact_facts(contacts) | answer_facts(answers.values()),
        outbound_touches=lead.outbound_touches,
        horizon=lead.horizon,
        terms=terms,
        now=now,
    )
    return compose(
        heart.Dossier(
            frozen_at=now,
            word=word,
            specialist=lead.specialist.name if lead.specialist else "",
            source=lead.source.name,
            received_at=lead.received_at,
            standard=terms.version,
            documented=assessment.documented,
            currency=currency or Organisation.current().currency,
            potential_revenue=lead.potential_revenue,
            expected_close_on=lead.expected_close_on,
            note=lead.note,
            company=_profile(lead.company),
            people=_individuals(lead, contacts),
            known=tuple(
                _known(finding, answers.get(attribute))
                for attribute, finding in assessment.findings.items()
            ),
            promised=_pledges(lead),
            history=_history(lead, answers.values()),
            earlier=_earlier(lead),
        )
    )


def _profile(company: Company | None) -> CompanyProfile:
    if company is None:
        return CompanyProfile()
    industry = company.industry
    return CompanyProfile(
        name=company.name,
        domain=company.domain,
        industry_system=industry.get_system_display() if industry else "",
        industry_code=industry.code if industry else "",
        industry=industry.title if industry else "",
        revenue=company.revenue,
        employees=company.employees,
        locations=company.locations,
        street=company.street,
        postal_code=company.postal_code,
        city=company.city,
        region=company.region,
        country=company.country,
        timezone=company.timezone,
    )


def _individuals(lead: Lead, contacts: list[Contact]) -> tuple[Individual, ...]:
    suppressed = _suppressed(contacts)

    def bar(contact: Contact, channel: str, invalid_at: datetime | None) -> str:
        if _hash_of(contact, channel) in suppressed:
            return str(Contactable.SUPPRESSED.label)
        return str(Contactable.INVALID.label) if invalid_at else ""

    return tuple(
        Individual(
            contact=contact.pk,
            name=contact.name,
            title=contact.title,
            role=contact.buying_role,
            primary=contact.pk == lead.contact_id,
            email=contact.email,
            email_bar=bar(contact, Channel.EMAIL, contact.email_invalid_at),
            phone=contact.phone,
            phone_e164=contact.phone_key,
            phone_bar=bar(contact, Channel.PHONE, contact.phone_invalid_at),
            timezone=contact.timezone or (lead.company.timezone if lead.company else ""),
            role_confirmed_at=contact.role_confirmed_at,
            talked_at=contact.conversation_at,
        )
        for contact in contacts
    )


def _hash_of(contact: Contact, channel: str) -> str:
    address = suppressible_address(contact, channel)
    return address_hash(settings.SUPPRESSION_KEY, channel, address) if address else ""


def _suppressed(contacts: list[Contact]) -> set[str]:
    """Hashes of those of the people's addresses that must not be used, in one query."""
    hashes = {
        _hash_of(contact, channel)
        for contact in contacts
        for channel in (Channel.EMAIL, Channel.PHONE)
    } - {""}
    found = Suppression.objects.filter(address_hash__in=hashes)
    return set(found.values_list("address_hash", flat=True)) if hashes else set()


def _known(finding: Finding, answer: RecordedAnswer | None) -> Known:
    known = Known(
        attribute=finding.attribute,
        state=finding.state,
        documented=finding.documented,
        words=finding.fact.words,
        basis=finding.fact.basis,
        since=finding.fact.since,
        why_not=finding.why,
    )
    if answer is None:
        return known
    resting_on = getattr(answer, "resting_on", None)
    return Known(
        attribute=finding.attribute,
        state=finding.state,
        documented=finding.documented,
        words=answer.words,
        on=answer.on,
        amount=answer.amount,
        nobody=answer.nobody,
        basis=answer.basis,
        since=answer.since,
        evidence=answer.evidence,
        touch=resting_on.touch_id if resting_on else None,
        by=answer.by.name if answer.by else "",
        why_not=finding.why,
    )


def _pledges(lead: Lead) -> tuple[Pledge, ...]:
    promises = Promise.objects.filter(lead=lead, dropped_at__isnull=True)
    company_zone = lead.company.timezone if lead.company else ""
    return tuple(
        Pledge(
            promise=promise.pk,
            channel=promise.channel,
            due_at=promise.due_at,
            words=promise.words,
            contact=promise.contact.name if promise.contact else "",
            timezone=(promise.contact.timezone if promise.contact else "") or company_zone,
            by=promise.by.name,
            given_at=promise.created_at,
            kept_at=promise.kept_at,
        )
        for promise in promises.select_related("contact", "by")
    )


def _history(lead: Lead, answers: Iterable[RecordedAnswer]) -> tuple[Entry, ...]:
    rests: dict[int, list[str]] = {}
    for answer in answers:
        resting_on = getattr(answer, "resting_on", None)
        if resting_on is not None:
            rests.setdefault(resting_on.touch_id, []).append(answer.attribute)
    touches = Touch.objects.standing().filter(lead=lead).select_related("contact", "by")
    return tuple(
        Entry(
            touch=touch.pk,
            at=touch.occurred_at,
            channel=touch.channel,
            direction=touch.direction,
            outcome=touch.outcome,
            two_way=touch.is_conversation,
            contact=touch.contact.name if touch.contact else "",
            by=touch.by.name if touch.by else "",
            note=touch.note,
            minutes=touch.minutes,
            documented=tuple(rests.get(touch.pk, ())),
        )
        for touch in touches
    )


def _earlier(lead: Lead) -> tuple[Earlier, ...]:
    """The handoffs of the lead that have ended; the one that is live is no part of its own dossier."""
    ended = Handoff.objects.filter(lead=lead).exclude(
        returned_at__isnull=True, result_at__isnull=True
    )
    return tuple(
        Earlier(
            handed_off_at=handoff.handed_off_at,
            rep=handoff.rep.name,
            ended=handoff.state,
            ended_at=handoff.result_at or handoff.returned_at,
            reason=handoff.return_reason or handoff.lost_reason,
            wrong=tuple(handoff.wrong_attributes),
        )
        for handoff in ended.select_related("rep")
    )


# Who could take a lead.


def proposals(lead: Lead, *, now: datetime) -> list[Proposal]:
    """Every rep who can log in, in the order in which the lead should be offered to them (two queries)."""
    return propose(
        profile_of(lead.company),
        _reps_now(User.objects.active().reps().filter(email__isnull=False)),
        now,
    )


def proposal_for(*, lead: Lead, rep: User, now: datetime) -> Proposal:
    """Why this rep, in the words of the proposal."""
    (proposal,) = propose(profile_of(lead.company), _reps_now(User.objects.filter(pk=rep.pk)), now)
    return proposal


def _reps_now(reps: Any) -> list[RepNow]:
    is_live = Q(handoffs__returned_at__isnull=True, handoffs__result_at__isnull=True)
    counted = reps.annotate(
        live=Count("handoffs", filter=is_live & Q(handoffs__isnull=False)),
        last_handoff_at=Max("handoffs__handed_off_at"),
    ).prefetch_related("territories")
    return [
        RepNow(
            rep=rep.pk,
            name=rep.name,
            capacity=rep.capacity,
            live=rep.live,
            areas=tuple(territory.area for territory in rep.territories.all()),
            last_handoff_at=rep.last_handoff_at,
        )
        for rep in counted
    ]


@dataclass(frozen=True)
class Room:
    """How much a rep has on hand."""

    live: int
    capacity: int

    @property
    def free(self) -> int:
        return free_of(self.capacity, self.live)


def room_of(rep: User) -> Room:
    return Room(live=Handoff.objects.live().filter(rep=rep).count(), capacity=rep.capacity)


# The list.


@dataclass(frozen=True)
class Row:
    """A handoff as a line of a list."""

    pk: int
    lead: int
    headline: str
    company: str
    contact: str
    title: str
    rep: str
    specialist: str
    state: HandoffState
    clock: Clock
    potential_revenue: Decimal | None
    expected_close_on: Any
    handed_off_at: datetime
    asked_at: datetime | None
    """When they last asked us themselves, if that was after the handoff and it is still open."""
    why: str


@dataclass(frozen=True)
class Page:
    """Some rows, and where there are others: addresses relative to the list's, empty for none."""

    rows: list[Row]
    next_url: str = ""
    first_url: str = ""

    def in_state(self, *states: HandoffState) -> list[Row]:
        return [row for row in self.rows if row.state in states]


@dataclass(frozen=True)
class Handoffs:
    """The list: what is open by urgency, what is closed by age. A page further on shows one of them."""

    open: Page | None
    closed: Page | None
    currency: str

    @property
    def is_empty(self) -> bool:
        return not any(page and page.rows for page in (self.open, self.closed))

    @property
    def late(self) -> list[Row]:
        return self.open.in_state(HandoffState.OVERDUE) if self.open else []

    @property
    def waiting(self) -> list[Row]:
        return self.open.in_state(HandoffState.WAITING) if self.open else []

    @property
    def accepted(self) -> list[Row]:
        return self.open.in_state(HandoffState.ACCEPTED) if self.open else []


class BadCursor(ValueError):
    """The address of a further page that no page of ours links to."""


_RANK = Case(
    When(accepted_at__isnull=False, then=Value(2)),
    When(overdue_at__isnull=False, then=Value(0)),
    default=Value(1),
    output_field=IntegerField(),
)


def handoffs(
    user: User, *, now: datetime, open_after: str = "", closed_after: str = ""
) -> Handoffs:
    """What the user may see: late first, then waiting, accepted, closed; each the oldest first but
    the closed, of which the latest come first (two queries).

    Keyset pages: `open_after` or `closed_after` is the cursor of a page. Refuses (BadCursor) others.
    """
    organisation = user.organisation
    mine = Handoff.objects.visible_to(user)
    return Handoffs(
        open=None if closed_after else _open_page(mine, open_after, organisation, now),
        closed=None if open_after else _closed_page(mine, closed_after, organisation, now),
        currency=organisation.currency,
    )


def overdue(user: User, *, now: datetime, limit: int = 10) -> list[Row]:
    """The handoffs whose rep did not answer in time, the oldest first: for the manager's own page."""
    late = _for_rows(Handoff.objects.visible_to(user).waiting().filter(overdue_at__isnull=False))
    organisation = user.organisation
    return [
        _row(handoff, organisation, now) for handoff in late.order_by("handed_off_at", "pk")[:limit]
    ]


def _open_page(
    mine: HandoffQuerySet, after: str, organisation: Organisation, now: datetime
) -> Page:
    found = _for_rows(mine.live()).annotate(rank=_RANK)
    if after:
        rank, at, pk = _cursor(after, parts=3)
        found = found.filter(
            Q(rank__gt=rank)
            | Q(rank=rank, handed_off_at__gt=at)
            | Q(rank=rank, handed_off_at=at, pk__gt=pk)
        )
    rows = list(found.order_by("rank", "handed_off_at", "pk")[: OPEN_ROWS + 1])
    last = rows[OPEN_ROWS - 1] if len(rows) > OPEN_ROWS else None
    return Page(
        rows=[_row(handoff, organisation, now) for handoff in rows[:OPEN_ROWS]],
        next_url=_address("open", last.rank, last.handed_off_at, last.pk) if last else "",
        first_url="?" if after else "",
    )


def _closed_page(
    mine: HandoffQuerySet, after: str, organisation: Organisation, now: datetime
) -> Page:
    found = _for_rows(mine.exclude(returned_at__isnull=True, result_at__isnull=True))
    if after:
        at, pk = _cursor(after, parts=2)
        found = found.filter(Q(handed_off_at__lt=at) | Q(handed_off_at=at, pk__lt=pk))
    rows = list(found.order_by("-handed_off_at", "-pk")[: CLOSED_ROWS + 1])
    last = rows[CLOSED_ROWS - 1] if len(rows) > CLOSED_ROWS else None
    return Page(
        rows=[_row(handoff, organisation, now) for handoff in rows[:CLOSED_ROWS]],
        next_url=_address("closed", last.handed_off_at, last.pk) if last else "",
        first_url="?" if after else "",
    )


def _address(page: str, *key: Any) -> str:
    words = "_".join(k.isoformat() if isinstance(k, datetime) else str(k) for k in key)
    return f"?{urlencode({page: words})}"


def _cursor(text: str, *, parts: int) -> list[Any]:
    """rank (where there are three parts), instant and id, as a page wrote them."""
    try:
        *rank, at, pk = text.split("_")
        instant = datetime.fromisoformat(at)
        found: list[Any] = [*map(int, rank), instant, int(pk)]
    except ValueError as error:
        raise BadCursor(text) from error
    if len(found) != parts or instant.tzinfo is None:
        raise BadCursor(text)
    return found


def _for_rows(found: HandoffQuerySet) -> Any:
    """With what a row shows: the frozen headline, and the rep's first call after accepting."""
    latest = Dossier.objects.filter(handoff=OuterRef("pk")).order_by("-version")
    return found.select_related("lead__company", "lead__contact", "rep", "specialist").annotate(
        headline=Subquery(latest.values(headline=KT("body__headline"))[:1]),
        called_at=_first_call(),
    )


def _first_call() -> Subquery:
    """When the rep first called or met them after accepting; empty as long as none is logged."""
    calls = (
        Touch.objects.standing()
        .filter(
            lead=OuterRef("lead"),
            by=OuterRef("rep"),
            occurred_at__gte=OuterRef("accepted_at"),
            channel__in=[Channel.PHONE, Channel.VOICEMAIL, Channel.MEETING],
            direction=Direction.OUT,
        )
        .order_by()
        .values("lead")
        .annotate(first=Min("occurred_at"))
    )
    return Subquery(calls.values("first"))


def _row(handoff: Any, organisation: Organisation, now: datetime) -> Row:
    lead = handoff.lead
    is_open = handoff.returned_at is None and handoff.result_at is None
    asked_since = lead.asked_at is not None and lead.asked_at > handoff.handed_off_at
    return Row(
        pk=handoff.pk,
        lead=lead.pk,
        headline=handoff.headline or lead.headline,
        company=lead.headline,
        contact=lead.contact.name if lead.contact else "",
        title=lead.contact.title if lead.contact else "",
        rep=handoff.rep.name,
        specialist=handoff.specialist.name if handoff.specialist else "",
        state=handoff.state,
        clock=clock_of(course_of(handoff, handoff.called_at, organisation.currency), now),
        potential_revenue=handoff.potential_revenue,
        expected_close_on=handoff.expected_close_on,
        handed_off_at=handoff.handed_off_at,
        asked_at=lead.asked_at if is_open and asked_since else None,
        why=handoff.proposed_why,
    )


def course_of(handoff: Handoff, called_at: datetime | None, currency: str) -> Course:
    return Course(
        handed_off_at=handoff.handed_off_at,
        accept_by=handoff.accept_by,
        accepted_at=handoff.accepted_at,
        first_call_by=handoff.first_call_by,
        called_at=called_at,
        expected_close_on=handoff.expected_close_on,
        returned_at=handoff.returned_at,
        return_reason=handoff.return_reason,
        wrong_attributes=tuple(handoff.wrong_attributes),
        result=handoff.result,
        result_at=handoff.result_at,
        revenue=handoff.revenue,
        currency=currency,
        lost_reason=handoff.lost_reason,
        back_on=handoff.back_on,
    )


# The dossier's page.


@dataclass(frozen=True)
class Version:
    number: int
    frozen_at: datetime


@dataclass(frozen=True)
class Sibling:
    """Another handoff of the same lead that the reader may open."""

    pk: int
    rep: str
    handed_off_at: datetime
    clock: Clock


@dataclass(frozen=True)
class Briefing:
    """A handoff with the dossier as it was frozen, and what has changed since.

    `dossier` is None for a handoff brought along from another system. `changes` is None where the
    reader no longer sees the lead itself: what it says today is not theirs to read.
    """

    handoff: Handoff
    handed_over: str
    now: datetime
    clock: Clock
    is_rep: bool
    dossier: heart.Dossier | None
    line: Line
    version: int
    versions: list[Version]
    changes: list[Difference] | None
    siblings: list[Sibling]
    sees_lead: bool

    @property
    def may_answer(self) -> bool:
        """Accept or return."""
        states = (HandoffState.WAITING, HandoffState.OVERDUE)
        return self.is_rep and self.handoff.state in states

    @property
    def may_report(self) -> bool:
        return self.is_rep and self.handoff.state == HandoffState.ACCEPTED

    @property
    def may_freeze(self) -> bool:
        """Something changed while the rep has it, so that a new version makes sense."""
        states = (HandoffState.WAITING, HandoffState.OVERDUE, HandoffState.ACCEPTED)
        return bool(self.changes) and self.handoff.state in states


def briefing(
    handoff: Handoff, *, reader: User, now: datetime, version: int | None = None
) -> Briefing | None:
    """The dossier's page (thirteen queries at most); None: there is no such version."""
    organisation = reader.organisation
    versions = [
        Version(number, frozen_at)
        for number, frozen_at in handoff.dossiers.order_by("version").values_list(
            "version", "frozen_at"
        )
    ]
    latest = versions[-1].number if versions else 0
    body = frozen_body(handoff, version)
    if version is not None and body is None:
        return None
    dossier = heart.from_json(body) if body else None
    lead = _visible_lead(handoff, reader)
    changes = None
    if dossier is not None and lead is not None and version in (None, latest):
        today = current_dossier(lead, now=now, word=dossier.word, currency=organisation.currency)
        changes = differences(dossier, today)
    return Briefing(
        handoff=handoff,
        handed_over=handed_over_in_words(handoff),
        now=now,
        clock=clock_of(course_of(handoff, _called_at(handoff), organisation.currency), now),
        is_rep=handoff.rep_id == reader.pk,
        dossier=dossier,
        line=line_of(dossier.history if dossier else ()),
        version=version or latest,
        versions=versions,
        changes=changes,
        siblings=_siblings(handoff, reader, organisation, now),
        sees_lead=lead is not None,
    )


def _visible_lead(handoff: Handoff, reader: User) -> Lead | None:
    return (
        Lead.objects.visible_to(reader)
        .select_related("company__naics", "company__sic", "contact", "source", "specialist")
        .filter(pk=handoff.lead_id)
        .first()
    )


def _called_at(handoff: Handoff) -> datetime | None:
    if handoff.accepted_at is None:
        return None
    return Handoff.objects.filter(pk=handoff.pk).values_list(_first_call(), flat=True).first()


def _siblings(
    handoff: Handoff, reader: User, organisation: Organisation, now: datetime
) -> list[Sibling]:
    others = (
        Handoff.objects.visible_to(reader)
        .filter(lead=handoff.lead_id)
        .exclude(pk=handoff.pk)
        .select_related("rep")
        .order_by("-handed_off_at", "-pk")[:ALSO_SHOWN]
    )
    return [
        Sibling(
            pk=other.pk,
            rep=other.rep.name,
            handed_off_at=other.handed_off_at,
            clock=clock_of(course_of(other, None, organisation.currency), now),
        )
        for other in others
    ]


def handed_over_in_words(handoff: Handoff) -> str:
    """ "Handed over by Dana Whitfield to Carol Barrett, June 17, 2026 · standard 3 · 10 of 10"."""
    words = {
        "by": handoff.by,
        "rep": handoff.rep,
        "day": date_format(localtime(handoff.handed_off_at), "F j, Y"),
    }
    parts = [
        _("Handed over by %(by)s to %(rep)s, %(day)s") % words
        if handoff.by
        else _("Handed over to %(rep)s, %(day)s") % words
    ]
    if handoff.standard:
        parts.append(_("standard %s") % handoff.standard.version)
        parts.append(_("%s of 10") % handoff.documented)
    return " · ".join(parts)


def frozen_body(handoff: Handoff, version: int | None) -> dict[str, Any] | None:
    """The JSON as it was frozen: of the version asked for, else of the latest."""
    found = handoff.dossiers.order_by("-version")
    chosen = found.filter(version=version) if version is not None else found
    return chosen.values_list("body", flat=True).first()
