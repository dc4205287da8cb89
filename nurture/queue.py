"""The queue of Today: who is due and why, what waits, what comes up, and who is served next.

Frozen dataclasses; each read takes a fixed number of queries, however long the queue is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture import wording
from nurture.absence.reads import Away, away_now, covered_by, covered_leads
from nurture.cadence import Rank
from nurture.contactability import NEVER, Verdict, never_contactable
from nurture.mail_templates.scripts import scripts_due
from nurture.reach import (
    Suppressed,
    may_be_contacted,
    reachability_among,
    suppressed_among,
)
from nurture.rounds import Round
from nurture.story import Place
from nurture.touching import Channel
from prospects.first_touch import FIRST_HOUR
from prospects.heads import heads
from prospects.models import Lead
from prospects.qualification import QUESTIONS
from prospects.reads import calendar_there
from team.addresses import addresses
from team.calendar import Calendar
from team.dates import clock
from team.models import User
from team.templatetags.look import age

PAGE = 50
MOST_COUNTED = 200
"""A queue is counted up to here; beyond it says “200+”."""
MOST_WAITING = 10
MOST_COMING_UP = 8
COMING_UP = timedelta(days=7)
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Urgency:
    """Why a lead is due and where it ranks, in words and in color (docs/look.md)."""

    words: str
    tone: str


@dataclass(frozen=True)
class DueLead:
    """One row of the queue."""

    pk: int
    url: str
    number: int
    """Its place in the queue, from 1."""
    key: str
    """The key that opens it: 1 to 9."""
    name: str
    about: str
    """Title and company."""
    urgency: Urgency
    asks: str
    """“Ask: …”, the question of the cheapest open attribute."""
    says: str
    """“Say: …”, how the script of a cadence's call begins."""
    there: str
    """The time where they are."""
    may: str
    may_tone: str
    phone: str
    phone_link: str
    phone_why: str
    """Why it must not be called at all, where it is no link: “asked us not to”."""
    skipped: str
    """“Skipped today: …”; empty if it was not."""
    stands_in: str
    """“for Dana, until Dec 3”; empty for one's own."""


@dataclass(frozen=True)
class WaitingLead:
    """A raw lead of the team that nobody has taken yet."""

    pk: int
    name: str
    about: str
    source: str
    received_at: datetime
    is_fresh: bool


@dataclass(frozen=True)
class ComingUp:
    """A lead that is due later: when, as the reader says it, and why."""

    pk: int
    name: str
    about: str
    at: datetime
    when: str
    words: str


@dataclass(frozen=True)
class TodayPage:
    due: tuple[DueLead, ...]
    sentence: str
    """How many are due and promised, “200+” at most; empty on a later page."""
    after: Place | None
    """Where the next page begins."""
    waiting: tuple[WaitingLead, ...]
    more_are_waiting: bool
    coming_up: tuple[ComingUp, ...]
    next_up: ComingUp | None
    """With nothing due: the next that will be."""
    sees_leads: bool
    """There are leads at all: nothing to do is not nothing there."""
    away: tuple[Away, ...]
    """Whom the reader covers, and for a manager who of theirs is away."""


def due_leads(user: User, now: datetime, away: dict[int, Away]) -> QuerySet[Lead]:
    """Who is due now, in the order of the queue: the user's own leads, and those done for who is away."""
    mine = Q(specialist=user)
    if away:
        mine |= covered_leads(user, away)
    return Lead.objects.worked().filter(mine).due(now)


def today(
    user: User,
    past: Round,
    now: datetime,
    *,
    after: Place | None = None,
    start: int = 1,
) -> TodayPage:
    """The queue of the user's own leads and what stands around it: at most nine queries.

    `after`: where the last page ended, and `start` the number of the first row then.
    """
    absent = away_now(user, now)
    away = {each.person: each for each in absent if each.cover == user.pk}
    queue = due_leads(user, now, away)
    rows = list(_after(queue, after).only(*_SHOWN)[: PAGE + 1])
    is_more = len(rows) > PAGE
    rows = rows[:PAGE]
    _bring_home(rows)
    suppressed = suppressed_among(lead.contact for lead in rows if lead.contact)
    ours, address = user.organisation.calendar, addresses("lead-detail")
    of_cadences = [lead.pk for lead in rows if lead.next_touch_rank == Rank.CADENCE]
    scripts = scripts_due(of_cadences, now, organisation=user.organisation)
    sentence = ""
    if rows and after is None:
        ranks = (
            list(queue.values_list("next_touch_rank", flat=True)[: MOST_COUNTED + 1])
            if is_more
            else [lead.next_touch_rank for lead in rows]
        )
        sentence = due_in_words(len(ranks), ranks.count(Rank.PROMISE))
    waiting = list(_waiting(user))
    coming_up = [
        _coming_up(lead, now)
        for lead in _own(user)
        .filter(
            next_touch_rank=Rank.PROMISE, next_touch_at__gt=now, next_touch_at__lte=now + COMING_UP
        )
        .order_by("next_touch_at")[:MOST_COMING_UP]
    ]
    next_up = None
    if not rows:
        next_lead = _own(user).filter(next_touch_at__gt=now).order_by("next_touch_at").first()
        next_up = _coming_up(next_lead, now) if next_lead else None
    return TodayPage(
        due=tuple(
            _due(
                lead,
                now,
                url=f"{address(lead.pk)}?from=today",
                number=number,
                past=past,
                suppressed=suppressed,
                ours=ours,
                script=scripts.get(lead.pk, ""),
                away=away,
            )
            for number, lead in enumerate(rows, start)
        ),
        sentence=sentence,
        after=_queue_place(rows[-1]) if is_more else None,
        waiting=tuple(_waits(lead, now) for lead in waiting[:MOST_WAITING]),
        more_are_waiting=len(waiting) > MOST_WAITING,
        coming_up=tuple(coming_up),
        next_up=next_up,
        sees_leads=bool(rows or next_up) or Lead.objects.visible_to(user).exists(),
        away=tuple(absent),
    )


_NAMES = ("external_id", "company__name", "contact__first_name", "contact__last_name")
_SHOWN = (
    *_NAMES,
    "specialist_id",
    "received_at",
    "open_attributes",
    "next_touch_at",
    "next_touch_channel",
    "next_touch_rank",
    "next_touch_why",
    "contact__title",
    "contact__company_id",
    "contact__email_key",
    "contact__phone",
    "contact__phone_key",
    "contact__timezone",
    "contact__phone_invalid_at",
    "contact__email_invalid_at",
    "contact__address_invalid_at",
    "company__country",
    "company__city",
    "company__region",
    "company__street",
    "company__postal_code",
    "company__timezone",
)


def _after(queue: QuerySet[Lead], place: Place | None) -> QuerySet[Lead]:
    queue = queue.select_related("contact", "company")
    if place is None:
        return queue
    same_rank = Q(next_touch_rank=place.weight)
    return queue.filter(
        Q(next_touch_rank__gt=place.weight)
        | (same_rank & Q(next_touch_at__gt=place.at))
        | (same_rank & Q(next_touch_at=place.at, pk__gt=place.pk))
    )


def _queue_place(lead: Lead) -> Place:
    assert lead.next_touch_at is not None
    return Place(lead.next_touch_at, lead.next_touch_rank, lead.pk)


def _bring_home(leads: Sequence[Lead]) -> None:
    """Give each person the company that was read with their lead, so that it is not asked again."""
    for lead in leads:
        if lead.contact and lead.contact.company_id == lead.company_id:
            lead.contact.company = lead.company


def _own(user: User) -> QuerySet[Lead]:
    return (
        Lead.objects.worked()
        .filter(specialist=user)
        .select_related("contact", "company")
        .only(*_SHOWN)
    )


def _waiting(user: User) -> QuerySet[Lead]:
    """The freshest first: the first hour matters most."""
    first = heads(user, Lead.objects.waiting(), ("-received_at", "-pk"), MOST_WAITING + 1)
    return first.select_related("contact", "company", "source").only(
        *_NAMES, "contact__title", "received_at", "source__name"
    )


def due_in_words(due: int, promised: int) -> str:
    """“31 touches are due; 4 are promised.”"""
    count = f"{MOST_COUNTED}+" if due > MOST_COUNTED else str(due)
    words = ngettext("%s touch is due", "%s touches are due", due) % count
    if promised:
        words += ngettext("; %s is promised", "; %s are promised", promised) % promised
    return f"{words}."


SAYS_IT_ALL = (Rank.INQUIRY, Rank.FRESH, Rank.READY, Rank.FOLLOW_UP, Rank.GIVE_UP)
"""Reasons beside which a question to ask would say nothing more."""


def _due(
    lead: Lead,
    now: datetime,
    *,
    url: str,
    number: int,
    past: Round,
    suppressed: Suppressed,
    ours: Calendar,
    script: str,
    away: dict[int, Away],
) -> DueLead:
    there = calendar_there(lead.contact, lead.company, ours)
    channel = lead.next_touch_channel or Channel.OTHER
    is_talk = channel in (Channel.PHONE, Channel.MEETING)
    may = may_be_contacted(
        lead.contact, lead.company, channel, suppressed=suppressed, calendar=there, now=now
    )
    closed = never_contactable(
        reachability_among(lead.contact, lead.company, Channel.PHONE, suppressed), now
    )
    question = question_of(lead) if is_talk and lead.next_touch_rank not in SAYS_IT_ALL else ""
    skipped = past.skipped.get(lead.pk, "")
    return DueLead(
        pk=lead.pk,
        url=url,
        number=number,
        key=str(number) if number <= 9 else "",
        name=name_of(lead),
        about=about(lead),
        urgency=urgency_of(lead, there.zone, now),
        asks=_("Ask: %(question)s") % {"question": question} if question else "",
        says=_("Say: %(script)s") % {"script": Truncator(script).words(18)} if script else "",
        there=clock(now.astimezone(there.zone)),
        may=wording.contactable_in_words(may, channel, there.zone, now),
        may_tone="on" if may.allowed else "" if may.next_at else "late",
        phone=lead.contact.phone if lead.contact else "",
        phone_link=f"tel:{lead.contact.phone_key}" if lead.contact and closed is None else "",
        phone_why=closed.why if closed and closed.answer in NEVER else "",
        skipped=_("Skipped today: %(why)s") % {"why": skipped} if skipped else "",
        stands_in=stands_in(away.get(lead.specialist_id or 0)),
    )


def stands_in(away: Away | None) -> str:
    """“for Dana Whitfield, until Dec 3”; empty for one's own lead."""
    if away is None:
        return ""
    return _("for %(name)s, %(until)s") % {"name": away.name, "until": away.until_words}


def name_of(lead: Lead) -> str:
    """Whom one calls: the person, else what the lead is called."""
    return (lead.contact.name if lead.contact else "") or lead.headline


def about(lead: Lead) -> str:
    """Title and company, as far as they are known and not said by `name_of`."""
    title = lead.contact.title if lead.contact else ""
    has_name = bool(lead.contact and lead.contact.name)
    company = lead.company.name if lead.company and has_name else ""
    return ", ".join(part for part in (title, company) if part)


def urgency_of(lead: Lead, zone: ZoneInfo, now: datetime) -> Urgency:
    """Why the lead is due, as the queue says it; times are theirs (`zone`)."""
    why, at = capfirst(lead.next_touch_why), lead.next_touch_at
    if at is None:
        return Urgency(why, "")
    match lead.next_touch_rank:
        case Rank.PROMISE:
            time = wording.moment(at, zone, now)
            is_late = at.astimezone(zone).date() < now.astimezone(zone).date()
            promised = _("Promised for %(time)s their time: %(words)s") % {
                "time": time,
                "words": lead.next_touch_why,
            }
            return Urgency(promised, "late" if is_late else "due")
        case Rank.INQUIRY:
            waits = now - at
            words = _("Asked %s ago") % age(waits) if waits >= A_MINUTE else _("Asked just now")
            return Urgency(words, "due")
        case Rank.FRESH:
            waits = now - at
            return Urgency(
                _("Fresh inquiry, waiting %s") % age(waits), "late" if waits > FIRST_HOUR else "due"
            )
        case Rank.READY:
            return Urgency(why, "on")
        case _:
            return Urgency(why, "")


def question_of(lead: Lead) -> str:
    """What the cheapest open attribute asks; empty when nothing is open."""
    for attribute in lead.open_attributes:
        return str(QUESTIONS[attribute])
    return ""


def _waits(lead: Lead, now: datetime) -> WaitingLead:
    return WaitingLead(
        pk=lead.pk,
        name=name_of(lead),
        about=about(lead),
        source=lead.source.name,
        received_at=lead.received_at,
        is_fresh=now - lead.received_at <= FIRST_HOUR,
    )


def _coming_up(lead: Lead, now: datetime) -> ComingUp:
    assert lead.next_touch_at is not None
    return ComingUp(
        pk=lead.pk,
        name=name_of(lead),
        about=about(lead),
        at=lead.next_touch_at,
        when=moment_here(lead.next_touch_at, now),
        words=capfirst(lead.next_touch_why),
    )


# Focus: one lead after the other


@dataclass(frozen=True)
class Focus:
    """Where the reader is in today's queue: “8 of 31”."""

    position: int
    total: str
    is_skipped: bool


@dataclass(frozen=True)
class Serving:
    """Who comes next, asked anew: still worked, still theirs, still due, contactable now."""

    pk: int | None
    opens_at: datetime | None = None
    """With nobody to serve: when the first of those who are due may be contacted."""


def due_ids(user: User, now: datetime) -> list[int]:
    """The ids of who is due, in the order of the queue: one more than is counted, at most."""
    due = due_leads(user, now, covered_by(user))
    return list(due.values_list("pk", flat=True)[: MOST_COUNTED + 1])


def focus_of(pk: int, due: Sequence[int], past: Round) -> Focus:
    """The lead's place among those of today, what was handled already before it."""
    total = len({*due, *past.handled, pk})
    return Focus(
        position=len(past.handled - {pk}) + 1,
        total=f"{MOST_COUNTED}+" if len(due) > MOST_COUNTED else str(total),
        is_skipped=pk in past.skipped,
    )


CHUNK = 25


def next_due(due: Sequence[int], past: Round, ours: Calendar, now: datetime) -> Serving:
    """The first in the queue who may be contacted now; who was logged today waits for the others.

    Who may not be contacted *now* is passed over, and is there again when they may. Who may not be
    contacted on the channel at all is served: a person must decide. Two queries for each 25 leads
    that are passed over.
    """
    logged = set(past.logged)
    turns = [pk for pk in due if pk not in past.handled] + [pk for pk in due if pk in logged]
    opens_at: datetime | None = None
    for lead, verdict in _verdicts(turns, ours, now):
        if verdict.next_at is None:
            return Serving(lead.pk)
        opens_at = min(opens_at or verdict.next_at, verdict.next_at)
    return Serving(None, opens_at)


def _verdicts(pks: Sequence[int], ours: Calendar, now: datetime) -> Iterator[tuple[Lead, Verdict]]:
    for start in range(0, len(pks), CHUNK):
        chunk = pks[start : start + CHUNK]
        leads = Lead.objects.select_related("contact", "company").only(*_SHOWN).in_bulk(chunk)
        _bring_home(list(leads.values()))
        suppressed = suppressed_among(lead.contact for lead in leads.values() if lead.contact)
        for pk in chunk:
            lead = leads[pk]
            yield (
                lead,
                may_be_contacted(
                    lead.contact,
                    lead.company,
                    lead.next_touch_channel or Channel.OTHER,
                    suppressed=suppressed,
                    calendar=calendar_there(lead.contact, lead.company, ours),
                    now=now,
                ),
            )


def moment_here(at: datetime, now: datetime) -> str:
    """A time as the reader would say it."""
    return wording.moment(at, timezone.get_current_timezone(), now)
