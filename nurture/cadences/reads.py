"""What the pages of cadences show: the list, one as a plan, who is in it, and who could be.

Frozen dataclasses; each read takes a fixed number of queries, however much there is to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from nurture import wording
from nurture.cadences.enrolling import published
from nurture.cadences.enrolments import ENROLLABLE, why_not
from nurture.engine.states import PlannedState
from nurture.models import Cadence, CadenceVersion, Enrolment, PlannedTouch, Step
from nurture.touching import Channel
from prospects.models import Lead
from team.models import User

WORKING_DAYS = 5
PEOPLE_SHOWN = 25
VERSIONS_SHOWN = 10
MOST_CADENCES = 200
MOST_AT_ONCE = 200
"""Leads that are put into a cadence with one press: as many as a page may take the time for."""


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
class UnderWay:
    """What a lead's page says of the cadence that it is in."""

    pk: int
    cadence_pk: int
    cadence: str
    words: str
    is_paused: bool
    cadence_is_paused: bool


@dataclass(frozen=True)
class LeftOut:
    why: str
    count: int


@dataclass(frozen=True)
class Preview:
    """What putting a list of leads into a cadence would do."""

    ready: int
    at_once: int
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
    names = dict(
        Cadence.objects.filter(pk__in=[pk for pk, now_in in was_in.items() if now_in]).values_list(
            "pk", "name"
        )
    )
    return [
        Choice(
            cadence=cadence,
            steps=len(spans.get(cadence.pk, [])),
            weeks=_weeks(spans.get(cadence.pk, [])),
            hindrance=why_not(
                lead,
                cadence,
                is_published=cadence.pk in spans,
                under_way="".join(names.values()),
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
        under_way=Count("pk", filter=~_STAGE & ~_NOBODY & _UNDER_WAY),
        before=Count("pk", filter=~_STAGE & ~_NOBODY & ~_UNDER_WAY & _BEFORE),
        ready=Count("pk", filter=_READY),
    )
    reasons = (
        (_("are not raw or nurturing"), counts["closed"]),
        (_("have nobody we know there"), counts["nobody"]),
        (_("are in a cadence already"), counts["under_way"]),
        (_("went through it before"), counts["before"]),
    )
    return Preview(
        ready=counts["ready"],
        at_once=min(counts["ready"], MOST_AT_ONCE),
        left_out=tuple(LeftOut(why, count) for why, count in reasons if count),
    )


def ready_ids(leads: QuerySet[Lead], cadence: Cadence) -> list[int]:
    """The first leads that could be put into a cadence, at most so many as go at once: one query."""
    ready = _judged(leads, cadence).filter(_READY).order_by("pk")
    return list(ready.values_list("pk", flat=True)[:MOST_AT_ONCE])


_STAGE = ~Q(stage__in=sorted(ENROLLABLE))
_NOBODY = Q(contact__isnull=True)
_UNDER_WAY = Q(is_under_way=True)
_BEFORE = Q(was_in_it=True)
_READY = ~_STAGE & ~_NOBODY & ~_UNDER_WAY & ~_BEFORE


def _judged(leads: QuerySet[Lead], cadence: Cadence) -> QuerySet[Lead]:
    """The leads with what `why_not` asks of their enrolments."""
    of_lead = Enrolment.objects.filter(lead=OuterRef("pk"))
    once = of_lead.filter(version__cadence=cadence, version__cadence__repeats=Cadence.Repeats.ONCE)
    return leads.alias(is_under_way=Exists(of_lead.active()), was_in_it=Exists(once))


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
            is_paused=row.paused_at is not None,
        )
        for row in rows
    ]


def _next_of(touch: PlannedTouch | None, now: datetime) -> str:
    if touch is None:
        return ""
    return next_in_words(touch.channel, touch.state, touch.due_at, ZoneInfo(touch.zone), now)


def next_in_words(channel: str, state: str, due_at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """What a cadence does next, and when on their clock: “Email Jun 19, 9:30 am their time”."""
    what = str(Channel(channel).label)
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
               'cadence_is_paused', cadence.paused_at IS NOT NULL,
               'channel', planned.channel, 'state', planned.state, 'due_at', planned.due_at,
               'zone', planned.zone)
      FROM nurture_enrolment AS enrolment
      JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
      JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
      LEFT JOIN nurture_plannedtouch AS planned
        ON planned.enrolment_id = enrolment.id AND planned.ended_at IS NULL
     WHERE enrolment.lead_id = prospects_lead.id AND enrolment.ended_at IS NULL
     ORDER BY planned.id DESC LIMIT 1"""
"""The cadence that a lead is in, as JSON, inside a query of leads: for `under_way`."""


def under_way(row: dict[str, Any] | None, now: datetime) -> UnderWay | None:
    """What UNDER_WAY read along with a lead."""
    if row is None:
        return None
    words = _("nothing is planned: somebody must settle what is uncertain")
    if row["channel"] and row["state"] != PlannedState.UNCERTAIN:
        due_at = datetime.fromisoformat(row["due_at"])
        words = next_in_words(row["channel"], row["state"], due_at, ZoneInfo(row["zone"]), now)
    return UnderWay(
        pk=row["pk"],
        cadence_pk=row["cadence_pk"],
        cadence=row["cadence"],
        words=words,
        is_paused=row["is_paused"],
        cadence_is_paused=row["cadence_is_paused"],
    )
