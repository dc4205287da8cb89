"""Gives leads to specialists, and keeps who got which and why. The only writer of assignments.

Whoever chooses by load first locks the specialists (`_locked_specialists`), so that two choices at once
cannot both find the last free place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from psycopg2.extras import execute_values

from prospects.imports.statements import execute, fetch
from prospects.models import Assignment, AssignmentRule, Lead, Rebalancing
from prospects.routing.choosing import Dealer, Move
from prospects.routing.loads import day_of, loads_of, profile_of
from team.models import Organisation, Team, User

CHUNK = 1000
"""Waiting leads that are looked at in one transaction."""
FEWEST = 50
MOST_CHUNKS = 20
"""Of one team in one tick, so that leads nobody can take do not hold up the others for long."""


# Writing


def give(
    *,
    lead: Lead,
    to_person: User,
    rule: AssignmentRule,
    why: str,
    by: User | None,
    now: datetime,
) -> None:
    """Give one lead to a specialist; nothing is written where they have it already.

    Call it in the transaction that `locked` the lead; the lead given is brought up to date.
    """
    if lead.specialist_id == to_person.pk:
        return
    move = Move(lead.pk, lead.specialist_id, to_person.pk, why)
    write([move], rule=rule, by=by, now=now)
    lead.specialist, lead.assigned_why = to_person, why
    lead.team_id = to_person.team_id or lead.team_id


def note_writer(*, lead: Lead, by: User, now: datetime) -> None:
    """A lead that a specialist wrote down is theirs from the start."""
    Assignment.objects.create(
        lead=lead,
        to_person=by,
        rule=AssignmentRule.WROTE,
        why=lead.assigned_why,
        at=now,
        by=by,
    )


def write(
    moves: Sequence[Move],
    *,
    rule: AssignmentRule,
    by: User | None,
    now: datetime,
    rebalancing: Rebalancing | None = None,
) -> int:
    """Move leads and append that to their history, in one statement; returns how many were moved.

    A lead that is no longer where the move takes it from stays as it is.
    """
    if not moves:
        return 0
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            """
            WITH said (number, lead_id, from_id, to_id, why, rule, at, by_id, rebalancing_id)
              AS (VALUES %s),
            moved AS (
                UPDATE prospects_lead AS lead
                   SET specialist_id = said.to_id, assigned_why = said.why,
                       team_id = COALESCE((SELECT team_id FROM team_user WHERE id = said.to_id),
                                          lead.team_id)
                  FROM said
                 WHERE lead.id = said.lead_id
                   AND lead.specialist_id IS NOT DISTINCT FROM said.from_id
                RETURNING lead.id
            )
            INSERT INTO prospects_assignment
                   (lead_id, from_person_id, to_person_id, rule, why, at, by_id, rebalancing_id)
            SELECT lead_id, from_id, to_id, rule, why, at, by_id, rebalancing_id
              FROM said JOIN moved ON moved.id = said.lead_id
             ORDER BY number
            """,
            [
                (
                    number,
                    move.lead,
                    move.from_person,
                    move.to_person,
                    move.why,
                    str(rule),
                    now,
                    by.pk if by else None,
                    rebalancing.pk if rebalancing else None,
                )
                for number, move in enumerate(moves)
            ],
            template="(%s, %s::bigint, %s::bigint, %s::bigint, %s, %s, %s::timestamptz,"
            " %s::bigint, %s::bigint)",
            page_size=len(moves),
        )
        return int(cursor.rowcount)


# Imports


def follow_import(*, intake_id: int, now: datetime) -> None:
    """Keep whom a file gave its leads to, and give out those that it gave to nobody.

    Call it in the import's transaction once its leads are written: it reads `resolved`.
    """
    _note_filed(intake_id, now)
    route_all(now=now)


def _note_filed(intake_id: int, now: datetime) -> int:
    """One statement; there is nothing to keep where the file named no specialist."""
    return execute(
        """
        INSERT INTO prospects_assignment
               (lead_id, from_person_id, to_person_id, rule, why, at, by_id)
        SELECT lead.id, last.to_person_id, lead.specialist_id, 'file',
               COALESCE(NULLIF(lead.assigned_why, ''), %(why)s), %(now)s,
               (SELECT by_id FROM prospects_import WHERE id = %(intake)s)
          FROM prospects_lead AS lead
          LEFT JOIN LATERAL (
                   SELECT to_person_id FROM prospects_assignment
                    WHERE lead_id = lead.id ORDER BY at DESC, id DESC LIMIT 1
               ) AS last ON true
         WHERE lead.id IN (SELECT lead_id FROM resolved WHERE fate <> 'same')
           AND lead.specialist_id IS NOT NULL
           AND lead.specialist_id IS DISTINCT FROM last.to_person_id
         ORDER BY lead.id
        """,
        {"now": now, "intake": intake_id, "why": _("named in the file")},
    )


# Choosing


def _locked_specialists(team_id: int) -> list[int]:
    """Who may be given the leads of a team: specialists of it and of the teams below, locked."""
    rows = fetch(
        """
        WITH RECURSIVE below AS (
            SELECT id FROM team_team WHERE id = %(team)s
            UNION
            SELECT team.id FROM team_team AS team JOIN below ON team.parent_id = below.id
        )
        SELECT id FROM team_user
         WHERE role = 'specialist' AND is_active AND team_id IN (SELECT id FROM below)
         ORDER BY id FOR NO KEY UPDATE
        """,
        {"team": team_id},
    )
    return [pk for (pk,) in rows]


def _dealer_of(team_id: int, now: datetime) -> Dealer:
    people = _locked_specialists(team_id)
    if not people:
        return Dealer([])
    day = day_of(now, Organisation.current())
    return Dealer([load.now for load in loads_of(people, day, most=True)])


def route_lead(*, lead: Lead, now: datetime) -> bool:
    """Give a lead that nobody has to the specialist it goes to; False where it waits.

    Call it in the transaction that `locked` the lead. Four statements at most, one where there is no
    specialist; why it waits is kept in `assigned_why` too.
    """
    if not lead.is_worked or lead.is_doubtful or lead.specialist_id is not None:
        return False
    dealer = _dealer_of(lead.team_id, now)
    choice = dealer.deal(profile_of(lead.company))
    if choice.person is not None:
        move = Move(lead.pk, None, choice.person, choice.why)
        write([move], rule=AssignmentRule.TURN, by=None, now=now)
        lead.specialist_id = choice.person
        lead.team_id = dealer.team_of(choice.person) or lead.team_id
    lead.assigned_why = choice.why
    if choice.person is None:
        lead.save(update_fields=["assigned_why"])
    return choice.person is not None


class Place(NamedTuple):
    """Where in the queue one has come to."""

    received_at: datetime
    pk: int


@dataclass(frozen=True)
class _Dealt:
    given: int
    after: Place | None
    """Where to go on; None: nobody has room, or nobody waits."""


def route_all(*, now: datetime) -> int:
    """Give out what waits, of every team; returns how many leads found somebody."""
    waiting = Lead.objects.waiting().order_by().filter(team=OuterRef("pk"))
    teams = Team.objects.filter(Exists(waiting)).values_list("pk", flat=True).order_by("pk")
    return sum(route_waiting(team_id=team_id, now=now) for team_id in list(teams))


def route_waiting(*, team_id: int, now: datetime) -> int:
    """Give out what waits in a team's queue, the freshest first, as far as there is room.

    In transactions of a thousand leads; who waits for somebody that is full keeps their place.
    """
    given, after = 0, None
    for _chunk in range(MOST_CHUNKS):
        dealt = _route_chunk(team_id, after, now)
        given, after = given + dealt.given, dealt.after
        if after is None:
            break
    return given


@transaction.atomic
def _route_chunk(team_id: int, after: Place | None, now: datetime) -> _Dealt:
    dealer = _dealer_of(team_id, now)
    room = dealer.room
    if not room:
        return _Dealt(0, None)
    waiting = Lead.objects.waiting().filter(team=team_id)
    if after is not None:
        waiting = waiting.filter(
            Q(received_at__lt=after.received_at) | Q(pk__lt=after.pk),
            received_at__lte=after.received_at,
        )
    size = min(CHUNK, max(FEWEST, room))
    leads = list(
        waiting.select_for_update(of=("self",), skip_locked=True)
        .select_related("company__naics")
        .only(
            "received_at",
            "company__country",
            "company__region",
            "company__employees",
            "company__naics__code",
        )[:size]
    )
    moves = []
    for lead in leads:
        choice = dealer.deal(profile_of(lead.company))
        if choice.person is not None:
            moves.append(Move(lead.pk, None, choice.person, choice.why))
    given = write(moves, rule=AssignmentRule.TURN, by=None, now=now)
    is_more = len(leads) == size and dealer.room > 0
    return _Dealt(given, Place(leads[-1].received_at, leads[-1].pk) if is_more else None)
