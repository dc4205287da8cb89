"""Moves many leads between specialists in one action: what it would move, doing it, taking it back.

The plan that is shown is the plan that is done: it carries a fingerprint, and where the leads have
changed in between, the new plan is shown instead (PlanChanged).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from prospects.actions import NotAllowed
from prospects.imports.statements import fetch
from prospects.models import AssignmentRule, Lead, Rebalancing
from prospects.models.lead import LeadQuerySet
from prospects.routing.assigning import write
from prospects.routing.choosing import HeldLead, Move, SpecialistNow, hand_over, level
from prospects.routing.loads import Day, Load, day_of, loads_of, profile_of
from team.models import User

MOST_MOVED = 5000
"""Leads of one person that one action moves; for more it is done again."""
CHUNK = 1000


@dataclass(frozen=True)
class Asked:
    """What a manager asks for. Without `person`: everybody equally full."""

    person: User | None = None
    only_due: bool = False
    """Only what is due until the person is back."""
    wider: bool = False
    """Also among other teams of the manager, not only within each."""


@dataclass(frozen=True)
class Flow:
    """How many leads go from one to another, and why most of them do."""

    from_name: str
    to_name: str
    """Empty: into the team's queue."""
    count: int
    whys: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Change:
    """How many open leads somebody has now, and would have."""

    name: str
    before: int
    after: int
    capacity: int


@dataclass(frozen=True)
class Plan:
    words: str
    moves: tuple[Move, ...]
    flows: tuple[Flow, ...]
    changes: tuple[Change, ...]
    is_all: bool
    """False: there are more leads than one action moves."""

    @property
    def fingerprint(self) -> str:
        text = ",".join(f"{move.lead}:{move.to_person or 0}" for move in sorted(self.moves))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def moved(self) -> int:
        return len(self.moves)


class PlanChanged(Exception):
    """The leads have changed since the plan was shown; `plan` is what would be moved now."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        super().__init__(_("The leads have changed in the meantime. Look again before you move."))


def plan_rebalancing(*, by: User, asked: Asked, now: datetime) -> Plan:
    """What would be moved, from whom to whom and why; nothing is written. Five queries.

    Refuses (NotAllowed) who is no manager, somebody whom they do not manage, and what is due "until
    they are back" of somebody of whom nobody said when that is.
    """
    people = _people_of(by, asked)
    day = day_of(now, by.organisation)
    loads = loads_of(people, day)
    names = {load.now.person: load.now.name for load in loads}
    if asked.person is None:
        moves, is_all = _evenly(loads, day, wider=asked.wider)
    else:
        moves, is_all = _from_one(asked, loads, day)
    return Plan(
        words=_in_words(asked),
        moves=tuple(moves),
        flows=_flows(moves, names),
        changes=_changes(moves, loads),
        is_all=is_all,
    )


@transaction.atomic
def rebalance(*, by: User, asked: Asked, fingerprint: str, now: datetime) -> Rebalancing:
    """Do what the plan of that fingerprint shows; PlanChanged where it would be another one now."""
    _lock(_people_of(by, asked))
    plan = plan_rebalancing(by=by, asked=asked, now=now)
    if plan.fingerprint != fingerprint:
        raise PlanChanged(plan)
    done = Rebalancing.objects.create(by=by, at=now, words=plan.words[:200], moved=plan.moved)
    _write(plan.moves, AssignmentRule.REBALANCED, by, now, done)
    return done


@transaction.atomic
def undo_rebalancing(*, rebalancing: Rebalancing, by: User, now: datetime) -> Rebalancing:
    """Give back every lead that is still where it was moved to, to whom it was moved from.

    What has changed hands since stays. Refuses (NotAllowed) a second time.
    """
    rebalancing = Rebalancing.objects.select_for_update().get(pk=rebalancing.pk)
    if rebalancing.undone_at is not None:
        raise NotAllowed(_("This has been taken back already."))
    words = _("moved back: %s") % rebalancing.words
    moves = [
        Move(lead, to_person, from_person, words[:200])
        for lead, from_person, to_person in _still_there(rebalancing)
    ]
    rebalancing.moved_back = _write(moves, AssignmentRule.UNDONE, by, now, rebalancing)
    rebalancing.undone_at = now
    rebalancing.save(update_fields=["moved_back", "undone_at"])
    return rebalancing


def _still_there(rebalancing: Rebalancing) -> list[tuple[Any, ...]]:
    return fetch(
        """
        SELECT made.lead_id, made.from_person_id, made.to_person_id
          FROM prospects_assignment AS made
         WHERE made.rebalancing_id = %(pk)s
           AND NOT EXISTS (SELECT 1 FROM prospects_assignment AS later
                            WHERE later.lead_id = made.lead_id AND later.id > made.id)
         ORDER BY made.lead_id
        """,
        {"pk": rebalancing.pk},
    )


def _write(
    moves: Sequence[Move], rule: AssignmentRule, by: User, now: datetime, done: Rebalancing
) -> int:
    return sum(
        write(moves[start : start + CHUNK], rule=rule, by=by, now=now, rebalancing=done)
        for start in range(0, len(moves), CHUNK)
    )


def _people_of(by: User, asked: Asked) -> list[int]:
    """The specialists among whom leads are moved, and the one from whom."""
    if not by.manages:
        raise NotAllowed(_("Only a manager can move the leads of others."))
    seen = User.objects.visible_to(by).specialists()
    if asked.person is None:
        return list(seen.active().values_list("pk", flat=True))
    if not seen.filter(pk=asked.person.pk).exists():
        raise NotAllowed(_("%s is no specialist of yours.") % asked.person)
    if asked.only_due and asked.person.away_until is None:
        raise NotAllowed(
            _("Nobody said until when %s is away: say it on the team’s page first.") % asked.person
        )
    others = seen.active()
    if not asked.wider:
        others = others.filter(team=asked.person.team_id)
    return [*others.exclude(pk=asked.person.pk).values_list("pk", flat=True), asked.person.pk]


def _lock(people: Sequence[int]) -> None:
    """The specialists stay as they are: nobody is given a lead meanwhile (prospects.routing.assigning)."""
    fetch(
        "SELECT id FROM team_user WHERE id = ANY(%(people)s) ORDER BY id FOR NO KEY UPDATE",
        {"people": list(people)},
    )


# What is moved


def _evenly(loads: Sequence[Load], day: Day, *, wider: bool) -> tuple[list[Move], bool]:
    groups: dict[int | None, list[SpecialistNow]] = defaultdict(list)
    for load in loads:
        groups[None if wider else load.now.team].append(load.now)
    people = [one.person for group in groups.values() if len(group) > 1 for one in group]
    found = Lead.objects.filter(conversation_at__isnull=True)
    held, is_all = _held(people, found, ("outbound_touches", "-received_at", "pk"), day)
    moves = []
    for group in groups.values():
        moves += level({one.person: held.get(one.person, []) for one in group}, group)
    return moves, is_all


def _from_one(asked: Asked, loads: Sequence[Load], day: Day) -> tuple[list[Move], bool]:
    assert asked.person is not None
    leads = Lead.objects.all()
    if asked.only_due:
        until = asked.person.away_until
        assert until is not None
        back_at = day.ends_at + (until - day.on)
        leads = leads.filter(Q(next_touch_at__lt=back_at) | Q(next_touch_at__isnull=True))
    held, is_all = _held([asked.person.pk], leads, ("next_touch_at", "pk"), day)
    others = [load.now for load in loads if load.now.person != asked.person.pk]
    return hand_over(held.get(asked.person.pk, []), others), is_all


def _held(
    people: Sequence[int], leads: LeadQuerySet, order: tuple[str, ...], day: Day
) -> tuple[Mapping[int, list[HeldLead]], bool]:
    """The open leads of these people, the first in `order`; False: there were more."""
    found: dict[int, list[HeldLead]] = defaultdict(list)
    is_all = True
    for person in people:
        of_person = leads.worked().filter(specialist=person).select_related("company__naics")
        rows = list(of_person.only(*_NEEDED).order_by(*order)[: MOST_MOVED + 1])
        is_all = is_all and len(rows) <= MOST_MOVED
        found[person] = [_held_lead(lead, person, day) for lead in rows[:MOST_MOVED]]
    return found, is_all


_NEEDED = (
    "received_at",
    "next_touch_at",
    "conversation_at",
    "outbound_touches",
    "company__country",
    "company__region",
    "company__employees",
    "company__naics__code",
)


def _held_lead(lead: Lead, holder: int, day: Day) -> HeldLead:
    return HeldLead(
        lead=lead.pk,
        holder=holder,
        profile=profile_of(lead.company),
        weight=lead.outbound_touches,
        received=lead.received_at.timestamp(),
        is_due=lead.next_touch_at is None or lead.next_touch_at < day.ends_at,
        talked=lead.conversation_at is not None,
    )


# In words


def _in_words(asked: Asked) -> str:
    if asked.person is None:
        words = _("evenly among those present")
    elif asked.only_due and asked.person.away_until is not None:
        words = _("what is due with %(name)s until %(until)s") % {
            "name": asked.person,
            "until": date_format(asked.person.away_until, "M j"),
        }
    else:
        words = _("all open leads of %s") % asked.person
    return _("%s, across teams") % words if asked.wider else words


def _flows(moves: Sequence[Move], names: Mapping[int, str]) -> tuple[Flow, ...]:
    whys: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for move in moves:
        whys[move.from_person or 0, move.to_person or 0][move.why] += 1
    return tuple(
        Flow(
            from_name=names.get(from_person, ""),
            to_name=names.get(to_person, ""),
            count=found.total(),
            whys=tuple(found.most_common(2)),
        )
        for (from_person, to_person), found in sorted(
            whys.items(), key=lambda item: (names.get(item[0][0], ""), -item[1].total(), item[0])
        )
    )


def _changes(moves: Sequence[Move], loads: Sequence[Load]) -> tuple[Change, ...]:
    change: Counter[int] = Counter()
    for move in moves:
        change[move.from_person or 0] -= 1
        change[move.to_person or 0] += 1
    return tuple(
        Change(
            name=load.now.name,
            before=load.now.open_leads,
            after=load.now.open_leads + change[load.now.person],
            capacity=load.now.lead_capacity,
        )
        for load in loads
        if change[load.now.person]
    )
