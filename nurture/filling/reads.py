"""What the pages of filling show: the coming month, what a rule would do, how far a job is.

Frozen dataclasses; a fixed number of queries, however many leads there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, QuerySet
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nurture.cadences.enrolling import published
from nurture.cadences.reads import Preview, preview, ready_by_specialist
from nurture.filling.month import PROMISED, Month, PersonAhead, course_of, month_of, work_of
from nurture.filling.projecting import Falls, Kind, added
from nurture.filling.rules import (
    WHY,
    Terms,
    count_found,
    in_words,
    specialists_of,
    terms_of,
)
from nurture.models import Cadence, EnrolmentRule, FilledLead, Filling
from nurture.touching import Channel
from prospects.models import Lead
from prospects.routing.workload_reads import specialists_seen
from team.charts import Column, bars
from team.models import User

MOST_PEOPLE = 30
"""Specialists of whom a page draws the month."""
MOST_RULES = 100
MOST_FILLINGS = 10
PAGE = 50


# The month


@dataclass(frozen=True)
class DayRow:
    """What one working day has for a specialist."""

    on: date
    calls: int
    voicemails: int
    mails: int
    """By the specialist."""
    letters: int
    promised: int
    added: int
    """Touches by a person that the new leads bring."""
    total: int
    """By a person."""
    capacity: int | None
    is_over: bool
    automatic: int
    """Mails that go out by themselves."""


@dataclass(frozen=True)
class PersonMonth:
    pk: int
    name: str
    words: str
    """“23 touches on Jun 17, 412 in four weeks; the fullest day is Jun 22: 58 of 60”."""
    begins: int
    """Leads that would begin within these days."""
    begins_today: int
    chart: SafeString
    rows: tuple[DayRow, ...]


def people_seen(user: User) -> list[User]:
    """The specialists whose month somebody may look at: one query."""
    seen = User.objects.active().filter(pk__in=specialists_seen(user))
    return list(seen.order_by("name", "pk")[:MOST_PEOPLE])


def coming_month(user: User, now: datetime) -> tuple[PersonMonth, ...]:
    """What is planned for the team at hand: six queries."""
    return shown(month_of(people_seen(user), now, user.organisation))


def shown(
    month: Month,
    falls: Sequence[Falls] = (),
    begins: Mapping[int, Sequence[int]] | None = None,
) -> tuple[PersonMonth, ...]:
    """The month of each, with what leads add that begin so."""
    none = [0] * len(month.ahead.days)
    return tuple(
        _person(person, month.ahead.days, falls, (begins or {}).get(person.pk, none))
        for person in month.people
    )


def _person(
    person: PersonAhead, days: Sequence[date], falls: Sequence[Falls], begins: Sequence[int]
) -> PersonMonth:
    rows = tuple(
        _day(on, planned, more, most)
        for on, planned, more, most in zip(
            days, person.planned, added(falls, begins), person.capacity, strict=True
        )
    )
    words = _in_words(rows)
    return PersonMonth(
        pk=person.pk,
        name=person.name,
        words=words,
        begins=sum(begins),
        begins_today=begins[0],
        chart=bars(
            [
                Column(
                    label=date_format(row.on, "j"),
                    value=row.total,
                    part=row.total - row.added,
                    group=date_format(row.on, "F")
                    if i == 0 or row.on.day < days[i - 1].day
                    else "",
                )
                for i, row in enumerate(rows)
            ],
            label=f"{person.name}: {words}",
            limits=[row.capacity for row in rows],
        ),
        rows=rows,
    )


def _day(on: date, planned: Counter[Kind], more: Counter[Kind], capacity: int | None) -> DayRow:
    together = planned + more

    def by_person(*channels: str) -> int:
        return sum(together[Kind(channel, by_person=True)] for channel in channels)

    total = work_of(together)
    return DayRow(
        on=on,
        calls=by_person(Channel.PHONE),
        voicemails=by_person(Channel.VOICEMAIL),
        mails=by_person(Channel.EMAIL),
        letters=by_person(Channel.LETTER, Channel.DIRECT_MAIL),
        promised=together[PROMISED],
        added=work_of(more),
        total=total,
        capacity=capacity,
        is_over=total > (capacity or 0),
        automatic=sum(count for kind, count in together.items() if not kind.by_person),
    )


def _in_words(rows: Sequence[DayRow]) -> str:
    fullest = max(rows, key=lambda row: row.total)
    said = _("%(first)s on %(day)s, %(all)s in four weeks") % {
        "day": date_format(rows[0].on, "M j"),
        "first": ngettext("%s touch", "%s touches", rows[0].total) % f"{rows[0].total:,}",
        "all": f"{sum(row.total for row in rows):,}",
    }
    if not fullest.total:
        return said
    day = date_format(fullest.on, "M j")
    if fullest.capacity is None:
        return said + _("; the fullest day is %(day)s: %(total)s, while they are away") % {
            "day": day,
            "total": f"{fullest.total:,}",
        }
    return said + _("; the fullest day is %(day)s: %(total)s of %(most)s") % {
        "day": day,
        "total": f"{fullest.total:,}",
        "most": f"{fullest.capacity:,}",
    }


# Rules


@dataclass(frozen=True)
class RuleRow:
    pk: int
    position: int
    cadence_pk: int
    cadence: str
    when: str
    whom: str
    team: str
    taken: int
    is_paused: bool
    cadence_is_closed: bool
    waits: bool
    """Nobody else has room at this moment."""


def rule_rows(user: User, now: datetime) -> list[RuleRow]:
    """The rules that somebody may see, in the order in which they take leads: three queries."""
    rules = list(
        EnrolmentRule.objects.visible_to(user)
        .select_related("cadence", "team")
        .prefetch_related("sources")
        .annotate(taken=Count("enrolments"))
        .order_by("position", "pk")[:MOST_RULES]
    )
    return [
        RuleRow(
            pk=rule.pk,
            position=rule.position,
            cadence_pk=rule.cadence_id,
            cadence=rule.cadence.name,
            when=str(rule.get_when_display()),
            whom=in_words(
                Terms(
                    cadence=rule.cadence,
                    when=rule.when,
                    min_documented=rule.min_documented,
                    min_revenue=rule.min_revenue,
                    horizons=tuple(rule.horizons),
                ),
                [source.name for source in rule.sources.all()],
            ),
            team=rule.team.name if rule.team else "",
            taken=rule.taken,  # type: ignore[attr-defined]
            is_paused=rule.paused_at is not None,
            cadence_is_closed=bool(rule.cadence.archived_at or rule.cadence.paused_at),
            waits=rule.looks_at is not None and rule.looks_at > now,
        )
        for rule in rules
    ]


@dataclass(frozen=True)
class LeftOut:
    count: int
    why: str


@dataclass(frozen=True)
class RulePreview:
    """Whom a rule would take, today and later, whom it leaves out, and the month that makes."""

    ready: int
    today: int
    later: int
    """Within four weeks, as there is room."""
    beyond: int
    left_out: tuple[LeftOut, ...]
    people: tuple[PersonMonth, ...]

    @property
    def skipped(self) -> int:
        return sum(each.count for each in self.left_out)


def rule_preview(terms: Terms, user: User, now: datetime) -> RulePreview | None:
    """What a rule would do, of the leads that somebody sees; None where nothing is published.

    Eight queries, whatever the numbers.
    """
    version = published(terms.cadence)
    if version is None:
        return None
    found = count_found(terms, Lead.objects.visible_to(user))
    people = [person for person in specialists_of(terms)[:MOST_PEOPLE] if person.pk in found.ready]
    month = month_of(people, now, user.organisation, version=version)
    falls = month.projector.from_start(course_of(version))
    begins = month.begins(falls, found.ready, is_paced=True)
    today = sum(days[0] for days in begins.values())
    all_of_them = sum(sum(days) for days in begins.values())
    ready = sum(found.ready.values())
    return RulePreview(
        ready=ready,
        today=today,
        later=all_of_them - today,
        beyond=ready - all_of_them,
        left_out=tuple(LeftOut(count, str(WHY[key])) for key, count in found.left_out.items()),
        people=shown(month, falls, begins),
    )


def saved_preview(rule: EnrolmentRule, user: User, now: datetime) -> RulePreview | None:
    return rule_preview(terms_of(rule), user, now)


# Many at once


@dataclass(frozen=True)
class FillPreview:
    """Who would go in, and the month that makes."""

    counts: Preview
    today: int
    people: tuple[PersonMonth, ...]


def fill_preview(
    leads: QuerySet[Lead], cadence: Cadence, user: User, now: datetime, *, is_paced: bool
) -> FillPreview:
    """What putting leads into a cadence would come to: eight queries, whatever the numbers."""
    counts = preview(leads, cadence)
    version = published(cadence)
    if version is None or not counts.ready:
        return FillPreview(counts, 0, ())
    waiting = ready_by_specialist(leads, cadence)
    people = list(User.objects.filter(pk__in=waiting).order_by("name", "pk")[:MOST_PEOPLE])
    month = month_of(people, now, user.organisation, version=version)
    falls = month.projector.from_start(course_of(version))
    begins = month.begins(falls, waiting, is_paced=is_paced)
    return FillPreview(
        counts=counts,
        today=sum(days[0] for days in begins.values()),
        people=shown(month, falls, begins),
    )


@dataclass(frozen=True)
class FilledRow:
    lead_pk: int
    lead: str
    result: str
    tone: str
    why: str


@dataclass(frozen=True)
class FillingPage:
    filling: Filling
    is_open: bool
    waits: int
    percent: int
    sentence: str
    reasons: tuple[LeftOut, ...]
    rows: tuple[FilledRow, ...]
    after: int | None
    """Key of the next page of leads."""


def filling_page(filling: Filling, user: User, now: datetime, *, after: int = 0) -> FillingPage:
    """How far a job is, why leads were left out, and a page of its leads: three queries."""
    reasons = (
        filling.leads.filter(result=FilledLead.Result.SKIPPED)
        .values_list("why")
        .annotate(count=Count("pk"))
        .order_by("-count", "why")[:20]
    )
    found = list(
        filling.leads.visible_to(user)
        .filter(pk__gt=after)
        .select_related("lead__company", "lead__contact")
        .order_by("pk")[: PAGE + 1]
    )
    done = filling.enrolled + filling.skipped
    is_open = filling.finished_at is None and filling.cancelled_at is None
    return FillingPage(
        filling=filling,
        is_open=is_open,
        waits=filling.total - done,
        percent=100 * done // max(filling.total, 1),
        sentence=_filling_in_words(filling, now),
        reasons=tuple(LeftOut(count, why) for why, count in reasons),
        rows=tuple(
            FilledRow(
                lead_pk=row.lead_id,
                lead=str(row.lead),
                result=str(row.get_result_display()) if row.result else _("waits"),
                tone={"enrolled": "on", "skipped": ""}.get(row.result, "due"),
                why=row.why,
            )
            for row in found[:PAGE]
        ),
        after=found[PAGE - 1].pk if len(found) > PAGE else None,
    )


def _filling_in_words(filling: Filling, now: datetime) -> str:
    waits = filling.total - filling.enrolled - filling.skipped
    if filling.cancelled_at:
        return _("Stopped: %s were not reached.") % f"{waits:,}"
    if filling.finished_at:
        return _("Done.")
    if filling.looks_at and filling.looks_at > now:
        return (
            _("Today everybody has as many as they can do. %s wait, and go in as there is room.")
            % f"{waits:,}"
        )
    return _("%s are still to be looked at.") % f"{waits:,}"


def fillings_of(cadence: Cadence, user: User) -> list[Filling]:
    """The latest jobs for a cadence that somebody may see: one query."""
    return list(
        Filling.objects.visible_to(user).filter(cadence=cadence).order_by("-pk")[:MOST_FILLINGS]
    )
