"""What the pages of cadences show: the list, one as a plan, who is in it, and who could be.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from nurture import wording
from nurture.cadences.enrolling import published
from nurture.cadences.enrolments import ENROLLABLE, why_not
from nurture.engine.states import PlannedState
from nurture.mail_templates.scripts import raw_script
from nurture.models import Cadence, CadenceVersion, Enrolment, PlannedTouch, Step
from nurture.models.cadences import BATCH_CHANNELS
from nurture.touching import Channel
from prospects.models import Lead
from team.calendar import Calendar
from team.models import User

WORKING_DAYS = 5
PEOPLE_SHOWN = 25
VERSIONS_SHOWN = 10
MOST_CADENCES = 200


@dataclass(frozen=True)
class CadenceRow:
    pk: int
    name: str
    about: str
    steps: int
    weeks: int
    """From the first to the last step, begun weeks of five working days."""
    active: int
    """Leads in it that the reader may see."""
    is_paused: bool
    is_archived: bool


@dataclass(frozen=True)
class PlanStep:
    """A step as one reads it."""

    number: int
    day: int
    """The working day on which it falls if all before it were on time; 1 is the first."""
    wait: int
    at: time
    label: str
    """Of its channel."""
    by: str
    words: str
    """The name of its template."""
    subject: str
    body: str
    script: str


@dataclass(frozen=True)
class InIt:
    """A lead under way."""

    pk: int
    lead_pk: int
    lead: str
    contact: str
    version: int
    track: str
    since: datetime
    next_words: str
    next_pk: int | None
    """The planned touch, whose page says why and why not."""
    is_paused: bool


@dataclass(frozen=True)
class Version:
    number: int
    published_at: datetime | None
    by: str
    active: int


@dataclass(frozen=True)
class CadencePage:
    cadence: Cadence
    then: str
    number: int
    """Of the version that new leads start with; 0: none is published."""
    weeks: int
    main: tuple[PlanStep, ...]
    not_now: tuple[PlanStep, ...]
    versions: tuple[Version, ...]
    people: tuple[InIt, ...]
    active: int
    newer: int | None
    older: int | None


@dataclass(frozen=True)
class Choice:
    """A cadence that a lead could be put into, and what stands in the way."""

    cadence: Cadence
    steps: int
    weeks: int
    hindrance: str


@dataclass(frozen=True)
class StepAhead:
    """A step after the open one, and its day where they are."""

    channel: str
    on: date


@dataclass(frozen=True)
class UnderWay:
    """What a lead's page says of the cadence that it is in."""

    pk: int
    cadence_pk: int
    cadence: str
    words: str
    is_paused: bool
    waits_for: str
    """Who is away, where it waits for their return."""
    cadence_is_paused: bool
    planned_pk: int | None
    """What is open of it; its page says why and why not."""
    ahead: tuple[StepAhead, ...]
    script: str
    """What a person is given to say, not yet filled in; empty where nothing waits for one."""


@dataclass(frozen=True)
class LeftOut:
    why: str
    count: int


@dataclass(frozen=True)
class Preview:
    """What putting a list of leads into a cadence would do."""

    ready: int
    left_out: tuple[LeftOut, ...]

    @property
    def skipped(self) -> int:
        return sum(each.count for each in self.left_out)


def newest_published() -> QuerySet[CadenceVersion]:
    """The version of each cadence that new leads start with."""
    is_published = CadenceVersion.objects.filter(published_at__isnull=False)
    newer = is_published.filter(cadence=OuterRef("cadence"), number__gt=OuterRef("number"))
    return is_published.filter(~Exists(newer))


def cadence_rows(user: User) -> list[CadenceRow]:
    """All cadences, those in use first: three queries."""
    spans = _spans()
    active = dict(
        Enrolment.objects.active()
        .visible_to(user)
        .values_list("version__cadence")
        .annotate(Count("pk"))
    )
    cadences = Cadence.objects.order_by(F("archived_at").asc(nulls_first=True), "name")
    return [
        CadenceRow(
            pk=cadence.pk,
            name=cadence.name,
            about=cadence.about,
            steps=len(spans.get(cadence.pk, [])),
            weeks=_weeks(spans.get(cadence.pk, [])),
            active=active.get(cadence.pk, 0),
            is_paused=cadence.paused_at is not None,
            is_archived=cadence.archived_at is not None,
        )
        for cadence in cadences[:MOST_CADENCES]
    ]


def cadence_page(
    cadence: Cadence, user: User, now: datetime, *, before: int | None, after: int | None
) -> CadencePage:
    """One cadence, and a page of who is in it by keyset: five queries."""
    seen = Enrolment.objects.active().filter(version__cadence=cadence).visible_to(user)
    active = dict(seen.values_list("version").annotate(Count("pk")))
    versions = list(
        cadence.versions.filter(published_at__isnull=False)
        .select_related("by")
        .order_by("-number")[:VERSIONS_SHOWN]
    )
    steps = list(versions[0].steps.select_related("template")) if versions else []
    main = [step for step in steps if step.track == Step.Track.MAIN]
    rows, newer, older = _turned(seen, before, after)
    return CadencePage(
        cadence=cadence,
        then=cadence.then.name if cadence.then else "",
        number=versions[0].number if versions else 0,
        weeks=_weeks([step.after_days for step in main]),
        main=_plan(main),
        not_now=_plan([step for step in steps if step.track == Step.Track.NOT_NOW]),
        versions=tuple(
            Version(
                version.number,
                version.published_at,
                str(version.by or ""),
                active.get(version.pk, 0),
            )
            for version in versions
        ),
        people=tuple(_people(rows, now)),
        active=sum(active.values()),
        newer=newer,
        older=older,
    )


def choices_for(lead: Lead) -> list[Choice]:
    """The cadences that are open, each with what hinders the lead: four queries."""
    spans = _spans()
    was_in = dict(
        Enrolment.objects.filter(lead=lead)
        .values_list("version__cadence")
        .annotate(running=Count("pk", filter=Q(ended_at__isnull=True)))
    )
    cadences = list(Cadence.objects.filter(archived_at__isnull=True)[:MOST_CADENCES])
    under_way = Cadence.objects.filter(
        pk__in=[pk for pk, now_in in was_in.items() if now_in]
    ).first()
    return [
        Choice(
            cadence=cadence,
            steps=len(spans.get(cadence.pk, [])),
            weeks=_weeks(spans.get(cadence.pk, [])),
            hindrance=why_not(
                lead,
                cadence,
                is_published=cadence.pk in spans,
                under_way=under_way.name if under_way else "",
                is_held=under_way is not None and under_way.is_exclusive,
                went_through=cadence.pk in was_in,
            ),
        )
        for cadence in cadences
    ]


def closed(cadence: Cadence) -> str:
    """Why nobody at all can be put into a cadence, in words; empty where they can: one query."""
    if cadence.archived_at is not None:
        return _("It is archived: nobody is put into it any more.")
    if published(cadence) is None:
        return _("No version of it is published yet.")
    return ""


def preview(leads: QuerySet[Lead], cadence: Cadence) -> Preview:
    """Which of some leads could be put into a cadence, counted by reason: one query."""
    counts = _judged(leads, cadence).aggregate(
        closed=Count("pk", filter=_STAGE),
        nobody=Count("pk", filter=~_STAGE & _NOBODY),
        unassigned=Count("pk", filter=~_STAGE & ~_NOBODY & _UNASSIGNED),
        under_way=Count("pk", filter=~_STAGE & ~_NOBODY & ~_UNASSIGNED & _UNDER_WAY),
        before=Count("pk", filter=~_STAGE & ~_NOBODY & ~_UNASSIGNED & ~_UNDER_WAY & _BEFORE),
        ready=Count("pk", filter=_READY),
    )
    reasons = (
        (_("are not raw or nurturing"), counts["closed"]),
        (_("have nobody we know there"), counts["nobody"]),
        (_("have no specialist yet"), counts["unassigned"]),
        (_("are in a cadence already"), counts["under_way"]),
        (_("went through it before"), counts["before"]),
    )
    return Preview(
        ready=counts["ready"],
        left_out=tuple(LeftOut(why, count) for why, count in reasons if count),
    )


def ready_by_specialist(leads: QuerySet[Lead], cadence: Cadence) -> dict[int, int]:
    """How many leads of each specialist could be put into a cadence: one query."""
    ready = _judged(leads, cadence).filter(_READY).order_by()
    return dict(ready.values_list("specialist").annotate(Count("pk")))


_STAGE = ~Q(stage__in=sorted(ENROLLABLE))
_NOBODY = Q(contact__isnull=True)
_UNASSIGNED = Q(specialist__isnull=True)
_UNDER_WAY = Q(is_under_way=True)
_BEFORE = Q(was_in_it=True)
_READY = ~_STAGE & ~_NOBODY & ~_UNASSIGNED & ~_UNDER_WAY & ~_BEFORE


def _judged(leads: QuerySet[Lead], cadence: Cadence) -> QuerySet[Lead]:
    """The leads with what `why_not` asks of their enrolments."""
    of_lead = Enrolment.objects.filter(lead=OuterRef("pk"))
    once = of_lead.filter(version__cadence=cadence, version__cadence__repeats=Cadence.Repeats.ONCE)
    running = of_lead.active()
    if cadence.is_exclusive:  # it ends every other
        running = running.filter(version__cadence__repeats=Cadence.Repeats.EXCLUSIVE)
    return leads.alias(is_under_way=Exists(running), was_in_it=Exists(once))


def _spans() -> dict[int, list[int]]:
    """The waits of each cadence's steps, by cadence: working days, in order."""
    spans: dict[int, list[int]] = {}
    steps = Step.objects.filter(version__in=newest_published(), track=Step.Track.MAIN).order_by(
        "version", "position"
    )
    for cadence, days in steps.values_list("version__cadence", "after_days"):
        spans.setdefault(cadence, []).append(days)
    return spans


def _weeks(waits: Iterable[int]) -> int:
    days = sum(waits)
    return max(1, -(-days // WORKING_DAYS))


def _plan(steps: Iterable[Step]) -> tuple[PlanStep, ...]:
    day, plan = 1, []
    for number, step in enumerate(steps, 1):
        day += step.after_days
        template = step.template
        plan.append(
            PlanStep(
                number=number,
                day=day,
                wait=step.after_days,
                at=step.at,
                label=step.get_channel_display(),
                by=step.get_performer_display(),
                words=template.name if template else "",
                subject=template.subject if template else "",
                body=template.body if template else "",
                script=step.script,
            )
        )
    return tuple(plan)


def _turned(
    seen: QuerySet[Enrolment], before: int | None, after: int | None
) -> tuple[list[Enrolment], int | None, int | None]:
    """A page of enrolments, the newest first, and the keys of the pages beside it."""
    rows = seen.select_related("lead__company", "lead__contact", "contact", "version__cadence")
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: PEOPLE_SHOWN + 1])
        page = found[:PEOPLE_SHOWN][::-1]
    else:
        older = rows.filter(pk__lt=before) if before is not None else rows
        found = list(older.order_by("-pk")[: PEOPLE_SHOWN + 1])
        page = found[:PEOPLE_SHOWN]
    if not page:
        return [], None, None
    more = len(found) > PEOPLE_SHOWN
    has_newer = more if after is not None else before is not None
    has_older = more if after is None else True
    return page, page[0].pk if has_newer else None, page[-1].pk if has_older else None


def _people(rows: list[Enrolment], now: datetime) -> list[InIt]:
    planned = {
        touch.enrolment_id: touch
        for touch in PlannedTouch.objects.open().filter(enrolment__in=rows)
    }
    return [
        InIt(
            pk=row.pk,
            lead_pk=row.lead_id,
            lead=str(row.lead),
            contact=str(row.contact),
            version=row.version.number,
            track=row.get_track_display() if row.track != Step.Track.MAIN else "",
            since=row.enrolled_at,
            next_words=_next_of(planned.get(row.pk), now),
            next_pk=planned[row.pk].pk if row.pk in planned else None,
            is_paused=row.paused_at is not None,
        )
        for row in rows
    ]


def _next_of(touch: PlannedTouch | None, now: datetime) -> str:
    if touch is None:
        return ""
    by_machine = touch.performer == Step.Performer.MACHINE
    zone = ZoneInfo(touch.zone)
    return next_in_words(touch.channel, touch.state, touch.due_at, zone, now, by_machine=by_machine)


def next_in_words(
    channel: str,
    state: str,
    due_at: datetime,
    zone: ZoneInfo,
    now: datetime,
    *,
    by_machine: bool = False,
) -> str:
    """What a cadence does next, and when on their clock: “Email Jun 19, 9:30 am their time”."""
    what = str(Channel(channel).label)
    if by_machine and channel in BATCH_CHANNELS:
        if state != PlannedState.PENDING:
            return _("%s, which is printed and waits for the post") % what
        if due_at <= now:
            return _("%s, which waits to be printed") % what
    if state == PlannedState.AWAITING_HUMAN:
        return _("%s, which waits for a person") % what
    if due_at <= now:
        return _("%s, due now") % what
    at = wording.moment(due_at, zone, now)
    return _("%(what)s, %(when)s their time") % {"what": what, "when": at}


UNDER_WAY = """
    SELECT json_build_object(
               'pk', enrolment.id, 'cadence_pk', cadence.id, 'cadence', cadence.name,
               'is_paused', enrolment.paused_at IS NOT NULL,
               'waits_for', (SELECT person.name FROM nurture_absence AS absence
                               JOIN team_user AS person ON person.id = absence.person_id
                              WHERE absence.id = enrolment.paused_for_id),
               'cadence_is_paused', cadence.paused_at IS NOT NULL,
               'channel', planned.channel, 'state', planned.state, 'due_at', planned.due_at,
               'zone', planned.zone, 'by_machine', planned.performer = 'machine',
               'planned_pk', planned.id, 'due_on', planned.due_on, 'script', step.script,
               'template', (SELECT body FROM nurture_template WHERE id = step.template_id),
               'ahead', (SELECT json_agg(later ORDER BY later.position) FROM (
                          SELECT position, channel, after_days FROM nurture_step
                           WHERE version_id = step.version_id AND track = step.track
                             AND position > step.position
                           ORDER BY position LIMIT 4) AS later))
      FROM nurture_enrolment AS enrolment
      JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
      JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
      LEFT JOIN nurture_plannedtouch AS planned
        ON planned.enrolment_id = enrolment.id AND planned.ended_at IS NULL
      LEFT JOIN nurture_step AS step ON step.id = planned.step_id
     WHERE enrolment.lead_id = prospects_lead.id AND enrolment.ended_at IS NULL
     ORDER BY planned.id DESC LIMIT 1"""
"""The cadence that a lead is in, as JSON, inside a query of leads: for `under_way`."""


def under_way(row: dict[str, Any] | None, there: Calendar, now: datetime) -> UnderWay | None:
    """What UNDER_WAY read along with a lead. `there`: the calendar of the prospect's place."""
    if row is None:
        return None
    words = _("nothing is planned: somebody must settle what is uncertain")
    if row["channel"] and row["state"] != PlannedState.UNCERTAIN:
        due_at = datetime.fromisoformat(row["due_at"])
        words = next_in_words(
            row["channel"],
            row["state"],
            due_at,
            ZoneInfo(row["zone"]),
            now,
            by_machine=row["by_machine"],
        )
    return UnderWay(
        pk=row["pk"],
        cadence_pk=row["cadence_pk"],
        cadence=row["cadence"],
        words=words,
        is_paused=row["is_paused"],
        waits_for=row["waits_for"] or "",
        cadence_is_paused=row["cadence_is_paused"],
        planned_pk=row["planned_pk"],
        ahead=_ahead(row, there, now),
        script=(
            raw_script(row["channel"], row["script"], row["template"] or "")
            if row["state"] == PlannedState.AWAITING_HUMAN and not row["by_machine"]
            else ""
        ),
    )


def _ahead(row: dict[str, Any], there: Calendar, now: datetime) -> tuple[StepAhead, ...]:
    """The days on which the steps after the open one fall, if each is made on its day."""
    if not row["ahead"]:
        return ()
    day = max(date.fromisoformat(row["due_on"]), now.astimezone(there.zone).date())
    ahead = []
    for step in row["ahead"]:
        waits = step["after_days"]
        day = there.add_working_days(day, waits) if waits else there.working_day_on_or_after(day)
        ahead.append(StepAhead(str(Channel(step["channel"]).label), day))
    return tuple(ahead)
