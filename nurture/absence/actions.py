"""Choosing what becomes of an absence, and carrying it out: at once, and by the tick of every minute.

What is covered is only shown to somebody else: nothing is written, and the lead stays whose it is.
Waiting is a pause of the lead's cadence that ends by itself; moving keeps the day it was moved from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from nurture.absence.spreading import STAYS, shifted_to, spread, working_days
from nurture.cadence import START_OF_DAY, Rank
from nurture.engine.states import PlannedState
from nurture.engine.timing import LATEST, instant_of
from nurture.models import Absence, Enrolment, PlannedTouch, ShiftedTouch, Step
from prospects.imports.statements import fetch
from prospects.models import Lead
from prospects.reads import calendar_there
from prospects.routing.loads import day_of
from prospects.stages import WORKED
from team.models import Organisation, Role, User

Way = Absence.Way
WAITS = (PlannedState.PENDING, PlannedState.AWAITING_HUMAN)


@dataclass(frozen=True)
class Chosen:
    """What is chosen for an absence."""

    away_from: date
    away_until: date | None
    way: str
    cover: User | None
    mail_goes_on: bool


def may_choose_for(by: User, person: User) -> bool:
    """For oneself, or for those one manages."""
    if by.pk == person.pk:
        return True
    return by.manages and User.objects.visible_to(by).filter(pk=person.pk).exists()


def covers_for(person: User) -> QuerySet[User]:
    """Who may stand in: who sees their leads anyway. Specialists of the team, and its managers."""
    working = User.objects.active().exclude(pk=person.pk)
    above = _teams_above(person.team_id)
    return working.filter(
        Q(role=Role.SPECIALIST, team__isnull=False, team=person.team_id)
        | Q(role=Role.MANAGER, team__in=above)
        | Q(role=Role.ADMIN)
    ).order_by("name", "pk")


def _teams_above(team: int | None) -> list[int]:
    rows = fetch(
        """
        WITH RECURSIVE above AS (
            SELECT id, parent_id FROM team_team WHERE id = %(team)s
            UNION
            SELECT team.id, team.parent_id FROM team_team AS team
              JOIN above ON above.parent_id = team.id
        )
        SELECT id FROM above
        """,
        {"team": team},
    )
    return [pk for (pk,) in rows]


@transaction.atomic
def set_absence(*, person: User, chosen: Chosen, by: User, now: datetime) -> Absence:
    """Write down when somebody is away and what is to become of what is due; it takes effect at once.

    One absence at a time: an earlier choice is taken back first. Refuses (PermissionDenied) who may
    not choose for them, (ValidationError) days that are over, nobody to cover, moving without a last
    day, and a stand-in who does not see the leads or is away themself.
    """
    if not person.is_specialist or not may_choose_for(by, person):
        raise PermissionDenied
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    _check(person, chosen, day_of(now, Organisation.current()).on)
    earlier = Absence.objects.open().select_for_update(of=("self",)).filter(person=person).first()
    if earlier is not None:
        _come_back(earlier, now=now, is_early=True, is_spread=False)
    person.away_from, person.away_until = chosen.away_from, chosen.away_until
    person.save(update_fields=["away_from", "away_until"])
    absence = Absence.objects.create(
        person=person,
        away_from=chosen.away_from,
        away_until=chosen.away_until,
        way=chosen.way,
        cover=chosen.cover,
        mail_goes_on=chosen.mail_goes_on,
        by=by,
        asked_at=now,
    )
    _follow(absence, now)
    return absence


def _check(person: User, chosen: Chosen, today: date) -> None:
    until = chosen.away_until
    if until is not None and until < chosen.away_from:
        raise ValidationError({"away_until": _("The last day is before the first.")})
    if until is not None and until < today:
        raise ValidationError({"away_until": _("That is over already.")})
    if chosen.way == Way.SHIFTED and until is None:
        raise ValidationError({"away_until": _("To move what is due, say which day is the last.")})
    if chosen.way == Way.COVERED and chosen.cover is None:
        raise ValidationError({"cover": _("Say who does it.")})
    if chosen.cover is None:
        return
    if not covers_for(person).filter(pk=chosen.cover.pk).exists():
        raise ValidationError({"cover": _("%s does not see these leads.") % chosen.cover})
    if chosen.cover.is_away_on(max(chosen.away_from, today)):
        raise ValidationError({"cover": _("%s is away themself then.") % chosen.cover})


@transaction.atomic
def end_absence(*, absence: Absence, by: User, now: datetime) -> Absence:
    """They are back, or do not go: what waits goes on, what moved comes back, and nothing piles up.

    Refuses (PermissionDenied) who may not choose for them. One that is over stays as it is.
    """
    if not may_choose_for(by, absence.person):
        raise PermissionDenied
    absence = _open(absence.pk) or absence
    if absence.ended_at is None:
        User.objects.filter(pk=absence.person_id).update(away_from=None, away_until=None)
        _come_back(absence, now=now, is_early=True)
    return absence


def _open(pk: int) -> Absence | None:
    """An open absence with its person, both locked: the person first, as `set_absence` does."""
    person = Absence.objects.open().filter(pk=pk).values("person")
    User.objects.select_for_update(of=("self",)).filter(pk__in=person).first()
    absences = Absence.objects.open().select_for_update(of=("self",))
    return absences.select_related("person", "cover").filter(pk=pk).first()


# By the clock


def follow_absences(now: datetime) -> int:
    """Carry out what is chosen for each absence that is coming or going on; returns how many there are."""
    pks = list(Absence.objects.open().order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        follow(pk, now=now)
    return len(pks)


@transaction.atomic
def follow(pk: int, *, now: datetime) -> None:
    """Begin an absence, go on with it, or end it. The days in the person's settings are what counts."""
    absence = _open(pk)
    if absence is None:
        return
    person = absence.person
    if person.away_from is None:
        _come_back(absence, now=now, is_early=True)
        return
    until = person.away_until or (absence.away_until if absence.way == Way.SHIFTED else None)
    if (absence.away_from, absence.away_until) != (person.away_from, until):
        absence.away_from, absence.away_until = person.away_from, until
        absence.save(update_fields=["away_from", "away_until"])
    _follow(absence, now)


def _follow(absence: Absence, now: datetime) -> None:
    today = day_of(now, Organisation.current()).on
    if absence.away_until is not None and absence.away_until < today:
        _come_back(absence, now=now, is_early=False)
    elif absence.away_from <= today:
        if absence.began_at is None:
            absence.began_at = now
            absence.save(update_fields=["began_at"])
        _pause(absence, now)
        if absence.way == Way.SHIFTED:
            _shift(absence, now)
    elif absence.began_at is not None:  # put off after it began
        _come_back(absence, now=now, is_early=True, ends=False)


def _pause(absence: Absence, now: datetime) -> None:
    """Hold the cadences whose next step waits for them, and those that would write in their name."""
    performers = [
        *([Step.Performer.PERSON] if absence.way == Way.PAUSED else []),
        *([] if absence.mail_goes_on else [Step.Performer.MACHINE]),
    ]
    if not performers:
        return
    open_touches = PlannedTouch.objects.filter(
        state__in=WAITS,
        performer__in=performers,
        lead__specialist=absence.person_id,
        lead__stage__in=sorted(WORKED),
    )
    Enrolment.objects.active().filter(
        paused_at__isnull=True, pk__in=open_touches.values("enrolment")
    ).update(paused_at=now, paused_for=absence)


def _shift(absence: Absence, now: datetime) -> None:
    """Move the steps that wait for them by the working days they are away."""
    last = absence.away_until
    assert last is not None  # the database holds it
    planned = _locked_steps(absence.person_id, last)
    if not planned:
        return
    ours = Organisation.current().calendar
    days = working_days(absence.away_from, last, ours)
    # Who stays away for longer: each step counts from where it was at first.
    was = dict(absence.shifted.values_list("planned", "was_due_on"))
    moves = []
    for touch in planned:
        there = calendar_there(touch.contact, touch.lead.company, ours)
        due_on = was.get(touch.pk, touch.due_on)
        day = shifted_to(due_on, first=absence.away_from, last=last, days=days, there=there)
        moves.append((touch, day))
    ShiftedTouch.objects.bulk_create(
        [
            ShiftedTouch(absence=absence, planned=touch, was_due_on=touch.due_on, due_on=day)
            for touch, day in moves
        ],
        update_conflicts=True,
        unique_fields=["absence", "planned"],
        update_fields=["due_on"],
    )
    _move(moves, reason=_("%s is away") % absence.person, by=absence.by)


# Back again


def _come_back(
    absence: Absence,
    *,
    now: datetime,
    is_early: bool,
    is_spread: bool = True,
    ends: bool = True,
) -> None:
    """What was paused goes on; what moved comes back if they do; what is overdue is spread.

    `ends`: False where the absence was only put off.
    """
    has_begun = absence.began_at is not None
    Enrolment.objects.filter(paused_for=absence).update(paused_at=None, paused_for=None)
    absence.began_at = absence.began_at if ends else None
    absence.ended_at = now if ends else None
    absence.save(update_fields=["began_at", "ended_at"])
    if not has_begun:
        return
    if is_early and absence.way == Way.SHIFTED:
        _move_back(absence, now)
    if is_spread:
        _spread(absence.person, now)


def _move_back(absence: Absence, now: datetime) -> None:
    """Steps that are still where the absence moved them go where they were, but not before today."""
    today = day_of(now, Organisation.current()).on
    shifted = {row.planned_id: row for row in absence.shifted.all()}
    planned = _locked(PlannedTouch.objects.filter(pk__in=shifted, state__in=WAITS))
    _move(
        [
            (touch, max(shifted[touch.pk].was_due_on, today))
            for touch in planned
            if touch.due_on == shifted[touch.pk].due_on
        ],
        reason=_("%s is back") % absence.person,
        by=None,
    )
    absence.shifted.all().delete()


def _spread(person: User, now: datetime) -> None:
    """Overdue steps and the program's own rhythm over the days to come, as many a day as they can do."""
    organisation = Organisation.current()
    ours, today = organisation.calendar, day_of(now, organisation)
    back_on = ours.working_day_on_or_after(today.on)
    overdue = list(
        Lead.objects.worked()
        .select_for_update(of=("self",))
        .select_related("company", "contact__company")
        .filter(specialist=person, next_touch_at__lt=today.ends_at)
        .exclude(next_touch_rank__in=STAYS)
        .order_by("pk")
    )
    steps = {
        planned.lead_id: planned
        for planned in PlannedTouch.objects.open()
        .filter(lead__in=overdue)
        .select_for_update(of=("self",))
        .select_related("contact", "lead__company")
    }
    turns = sorted(
        (lead for lead in overdue if _waits_for_a_person(steps.get(lead.pk))),
        key=lambda lead: (lead.next_touch_rank, lead.next_touch_at, lead.pk),
    )
    days = spread(len(turns), _load(person, back_on, now), person.daily_touches)
    moves: list[tuple[PlannedTouch, date]] = []
    postponed: list[tuple[Lead, datetime]] = []
    for lead, number in zip(turns, days, strict=True):
        if not number:
            continue
        there = calendar_there(lead.contact, lead.company, ours)
        day = there.working_day_on_or_after(ours.add_working_days(back_on, number))
        if lead.pk in steps:
            moves.append((steps[lead.pk], day))
        else:
            postponed.append((lead, datetime.combine(day, START_OF_DAY, there.zone)))
    _move(moves, reason=_("spread after an absence"), by=None)
    _postpone(postponed)


def _waits_for_a_person(planned: PlannedTouch | None) -> bool:
    """A lead in no cadence waits for its specialist too."""
    if planned is None:
        return True
    return planned.performer == Step.Performer.PERSON and planned.state in WAITS


def _load(person: User, back_on: date, now: datetime) -> list[int]:
    """What the days from the return on have already: what stays on the first, and what is due later."""
    organisation = Organisation.current()
    ours, today = organisation.calendar, day_of(now, organisation)
    days = [back_on]
    while len(days) < 40:
        days.append(ours.add_working_days(days[-1], 1))
    rows = fetch(
        """
        SELECT GREATEST((next_touch_at AT TIME ZONE %(zone)s)::date, %(back_on)s), count(*)
          FROM prospects_lead
         WHERE specialist_id = %(person)s AND stage = ANY(%(worked)s)
           AND (next_touch_at >= %(day_ends)s OR next_touch_rank = ANY(%(stays)s))
           AND next_touch_at < %(last)s
         GROUP BY 1
        """,
        {
            "person": person.pk,
            "worked": sorted(WORKED),
            "zone": organisation.zone.key,
            "back_on": back_on,
            "day_ends": today.ends_at,
            "stays": list(STAYS),
            "last": datetime.combine(days[-1] + timedelta(days=1), time(), organisation.zone),
        },
    )
    load = [0] * len(days)
    for day, count in rows:
        number = next((i for i, each in enumerate(days) if each >= day), None)
        if number is not None:
            load[number] += count
    return load


# Moving


def _locked_steps(person: int, last: date) -> list[PlannedTouch]:
    """The steps that wait for a person until a day: their leads are locked, then they."""
    return _locked(
        PlannedTouch.objects.filter(
            state__in=WAITS,
            performer=Step.Performer.PERSON,
            due_on__lte=last,
            lead__specialist=person,
            lead__stage__in=sorted(WORKED),
            enrolment__paused_at__isnull=True,
        )
    )


def _locked(planned: QuerySet[PlannedTouch]) -> list[PlannedTouch]:
    """Planned touches with their leads and contacts; the lead before its touch, as logging does."""
    leads = Lead.objects.filter(pk__in=list(planned.values_list("lead", flat=True)))
    list(leads.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    touches = planned.select_for_update(of=("self",)).select_related("contact", "lead__company")
    return list(touches.order_by("pk"))


def _move(moves: Sequence[tuple[PlannedTouch, date]], *, reason: str, by: User | None) -> None:
    """Plan touches for other days at the same time there, and their leads with them: two statements."""
    if not moves:
        return
    rows = []
    for planned, day in moves:
        instant = instant_of(day, planned.due_time, ZoneInfo(planned.zone))
        rows.append((planned.pk, day, instant, instant + LATEST))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE nurture_plannedtouch AS planned
               SET state = 'pending', due_on = moved.due_on, due_at = moved.due_at,
                   not_after = moved.not_after, reason = %s, moved_by_id = %s
              FROM unnest(%s::bigint[], %s::date[], %s::timestamptz[], %s::timestamptz[])
                AS moved (id, due_on, due_at, not_after)
             WHERE planned.id = moved.id
            """,
            [
                reason[:250],
                by.pk if by else None,
                *(list(column) for column in zip(*rows, strict=True)),
            ],
        )
        cursor.execute(
            """
            UPDATE prospects_lead AS lead SET next_touch_at = planned.due_at
              FROM nurture_plannedtouch AS planned
             WHERE planned.id = ANY(%s) AND lead.id = planned.lead_id AND lead.next_touch_rank = %s
            """,
            [[row[0] for row in rows], Rank.CADENCE],
        )


def _postpone(postponed: Sequence[tuple[Lead, datetime]]) -> None:
    """Put off what the program's own rhythm asks for: one statement."""
    if not postponed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE prospects_lead AS lead
               SET postponed_until = said.until, next_touch_at = GREATEST(next_touch_at, said.until)
              FROM unnest(%s::bigint[], %s::timestamptz[]) AS said (id, until)
             WHERE lead.id = said.id
            """,
            [[lead.pk for lead, _until in postponed], [until for _lead, until in postponed]],
        )
