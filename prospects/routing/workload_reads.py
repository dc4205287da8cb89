"""Who has how much, and who waits: what the page of the workload shows.

Frozen dataclasses; a fixed number of queries, however many people and leads there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from prospects.first_touch import FIRST_HOUR
from prospects.heads import heads
from prospects.models import Lead, Rebalancing
from prospects.routing.choosing import Dealer
from prospects.routing.loads import Load, day_of, loads_of, profile_of
from team.languages import language_name
from team.models import Team, User
from team.territories import grouped

PAGE = 50
UNDO_FOR = timedelta(days=30)
MOST_REBALANCINGS = 5
NEWEST = ("-received_at", "-pk")


@dataclass(frozen=True)
class QueuePlace:
    """Where a page of the queue ended."""

    received_at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{self.received_at.isoformat()}_{self.pk}"

    @classmethod
    def parse(cls, text: str) -> QueuePlace | None:
        """The place that an address names; None for what is no place."""
        at, _separator, pk = text.rpartition("_")
        try:
            place = cls(datetime.fromisoformat(at), int(pk))
        except ValueError:
            return None
        return place if place.received_at.tzinfo and abs(place.pk) < 2**63 else None


@dataclass(frozen=True)
class PersonLoad:
    """One specialist: what they have, what they may have, and whether they are there."""

    pk: int
    name: str
    team: str
    open_leads: int
    lead_capacity: int
    due_today: int
    daily_touches: int
    due_this_week: int
    presence: str
    """ "present", "away until Jul 3", "left"."""
    is_present: bool
    is_full: bool
    has_left: bool
    placed_for: str
    """Languages and territories, as far as they are set."""


@dataclass(frozen=True)
class WaitingLead:
    """A lead of the queue: since when, and why nobody has it."""

    pk: int
    name: str
    about: str
    source: str
    team: str
    received_at: datetime
    tone: str
    why: str


@dataclass(frozen=True)
class PastRebalancing:
    pk: int
    words: str
    by: str
    at: datetime
    moved: int
    moved_back: int | None
    may_undo: bool


@dataclass(frozen=True)
class Workload:
    people: tuple[PersonLoad, ...]
    waiting: tuple[WaitingLead, ...]
    after: QueuePlace | None
    """Where the next page of the queue begins."""
    rebalancings: tuple[PastRebalancing, ...]
    may_take: bool
    may_rebalance: bool


def workload(user: User, now: datetime, *, after: QueuePlace | None = None) -> Workload:
    """The people and the queue of the teams that somebody sees: five queries, a manager’s six."""
    loads = loads_of(specialists_seen(user), day_of(now, user.organisation))
    teams = _Teams(Team.objects.values_list("pk", "parent_id", "name"))
    leads = list(_waiting(user, after))
    more, leads = len(leads) > PAGE, leads[:PAGE]
    dealers = teams.dealers(loads, {lead.team_id for lead in leads})
    last = leads[-1] if more else None
    return Workload(
        people=tuple(_person(load, teams.names) for load in loads),
        waiting=tuple(_waits(lead, teams.names, dealers[lead.team_id], now) for lead in leads),
        after=QueuePlace(last.received_at, last.pk) if last else None,
        rebalancings=tuple(_rebalancings(user, now)) if user.manages else (),
        may_take=user.is_specialist,
        may_rebalance=user.manages,
    )


def specialists_seen(user: User) -> QuerySet[User, int]:
    """Ids of the specialists one sees: who works here, and who left and still has open leads."""
    open_leads = Lead.objects.worked().filter(specialist=OuterRef("pk"))
    seen = User.objects.visible_to(user).specialists()
    return seen.filter(Q(is_active=True) | Exists(open_leads)).values_list("pk", flat=True)


class _Teams:
    """The teams and what lies below them."""

    def __init__(self, rows: Iterable[tuple[int, int | None, str]]) -> None:
        self.names: dict[int, str] = {}
        self._children: dict[int | None, list[int]] = defaultdict(list)
        for pk, parent, name in rows:
            self.names[pk] = name
            self._children[parent].append(pk)

    def dealers(self, loads: list[Load], teams: Iterable[int]) -> dict[int, Dealer]:
        """For each team who may be given its leads, as `assigning` chooses them."""
        found = {}
        for team in teams:
            below = self._below(team)
            people = [load.now for load in loads if load.works_here and load.now.team in below]
            found[team] = Dealer(people)
        return found

    def _below(self, team: int) -> set[int]:
        found, coming = {team}, [team]
        while coming:
            children = set(self._children[coming.pop()]) - found
            found |= children
            coming += children
        return found


def _waiting(user: User, after: QueuePlace | None) -> QuerySet[Lead]:
    waiting = Lead.objects.waiting()
    if after is not None:
        waiting = waiting.filter(
            Q(received_at__lt=after.received_at) | Q(pk__lt=after.pk),
            received_at__lte=after.received_at,
        )
    return heads(user, waiting, NEWEST, PAGE + 1).select_related(
        "company__naics", "contact", "source"
    )


def _person(load: Load, names: Mapping[int, str]) -> PersonLoad:
    now = load.now
    full = now.open_leads >= now.lead_capacity or now.due_today >= now.daily_touches
    return PersonLoad(
        pk=now.person,
        name=now.name,
        team=names.get(now.team or 0, ""),
        open_leads=now.open_leads,
        lead_capacity=now.lead_capacity,
        due_today=now.due_today,
        daily_touches=now.daily_touches,
        due_this_week=load.due_this_week,
        presence=_presence(load),
        is_present=not now.is_away,
        is_full=full,
        has_left=not load.works_here,
        placed_for=" · ".join(
            [
                *([", ".join(sorted(map(language_name, now.languages)))] if now.languages else ()),
                *(group.words for group in grouped(now.areas)),
            ]
        ),
    )


def _presence(load: Load) -> str:
    if not load.works_here:
        return _("left")
    if load.now.is_away:
        until = load.now.away_until
        return _("away until %s") % date_format(until, "M j") if until else _("away")
    if load.away_from and load.is_away_later:
        return _("present, away from %s") % date_format(load.away_from, "M j")
    return _("present")


def _waits(lead: Lead, names: Mapping[int, str], dealer: Dealer, now: datetime) -> WaitingLead:
    person = lead.contact.name if lead.contact else ""
    title = lead.contact.title if lead.contact else ""
    company = lead.company.name if lead.company and person else ""
    why = dealer.why_it_waits(profile_of(lead.company))
    return WaitingLead(
        pk=lead.pk,
        name=person or lead.headline,
        about=", ".join(filter(None, (title, company))),
        source=lead.source.name,
        team=names.get(lead.team_id, ""),
        received_at=lead.received_at,
        tone="due" if now - lead.received_at <= FIRST_HOUR else "",
        why=why or _("somebody is free: it is given out within a minute"),
    )


def _rebalancings(user: User, now: datetime) -> list[PastRebalancing]:
    past = Rebalancing.objects.visible_to(user).select_related("by").order_by("-at", "-pk")
    return [
        PastRebalancing(
            pk=one.pk,
            words=one.words,
            by=one.by.name,
            at=one.at,
            moved=one.moved,
            moved_back=one.moved_back,
            may_undo=one.undone_at is None and now - one.at <= UNDO_FOR,
        )
        for one in past.filter(at__gte=now - UNDO_FOR)[:MOST_REBALANCINGS]
    ]
