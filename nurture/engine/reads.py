"""What the engine's page shows: how it stands, what came of the last hour, day and week, what hangs.

Figures are the whole organization's and about nobody; what names a lead is shown to who may see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nurture.engine import breaker, counting, turns
from nurture.engine.counting import Count, Outcome
from nurture.engine.settling import Fate
from nurture.engine.standing import Standing, standing
from nurture.engine.states import PlannedState
from nurture.engine.tripping import Limits, percent
from nurture.engine.turns import LONGEST_TURN, Work
from nurture.engine.uncertain import UncertainPage, uncertain_page
from nurture.models import Cadence, Step, SwitchEvent
from nurture.touching import Channel
from team.models import User
from team.templatetags.look import age

DAY = timedelta(hours=24)
CHART_MINUTES = 60
MOST_REASONS = 15
EVENTS_SHOWN = 10
NOT_MADE = (Outcome.PUT_OFF, Outcome.SKIPPED, Outcome.CANCELLED, Outcome.FAILED, Outcome.UNCERTAIN)
DISPATCHER_IS_LATE = timedelta(minutes=2)

WORKS = {
    turns.DISPATCHING: gettext_lazy("Dispatcher"),
    "leadflow.tasks.tick": gettext_lazy("Heartbeat"),
    "nurture.tasks.plan_changed": gettext_lazy("Choosing the next touch"),
    "nurture.tasks.plan_overtaken": gettext_lazy("Plans that time overtook"),
    "nurture.tasks.tally": gettext_lazy("Counting what came of it"),
    "prospects.tasks.reassess_stale": gettext_lazy("Judging what went stale"),
    "prospects.tasks.route_waiting": gettext_lazy("Giving out what waits"),
    "prospects.tasks.rescreen": gettext_lazy("Screening anew"),
    "prospects.tasks.work_on_imports": gettext_lazy("Imports"),
    "prospects.tasks.look_for_duplicates": gettext_lazy("Looking for duplicates"),
    "handoff.tasks.mark_overdue": gettext_lazy("Marking overdue handoffs"),
}
"""Names of periodic work that a reader should know; the others are called by their task."""


@dataclass(frozen=True)
class Refusal:
    """Why touches were not made, and how often in a day and in a week."""

    outcome: str
    channel: str
    reason: str
    in_day: int
    in_week: int


@dataclass(frozen=True)
class Rate:
    """What came of mail in a time, beside the limit of the circuit breaker."""

    label: str
    sent: int
    complaints: int
    complaint_share: str
    bounces: int
    bounce_share: str
    unsubscribed: int


@dataclass(frozen=True)
class Bar:
    """A minute of the chart, in units of its view box."""

    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    bars: tuple[Bar, ...]
    highest: int
    total: int
    sentence: str


@dataclass(frozen=True)
class Paused:
    """One thing that is paused. `what`: as SwitchForm takes it."""

    what: str
    label: str
    since: datetime
    by: str
    why: str
    cadence_pk: int | None = None


@dataclass(frozen=True)
class Turn:
    """A turn of the switches, as it is told."""

    at: datetime
    words: str
    by: str
    why: str


@dataclass(frozen=True)
class WorkRow:
    label: str
    host: str
    started_at: datetime
    seconds: float
    waited: float
    is_running: bool
    failed_at: datetime | None
    failure: str


@dataclass(frozen=True)
class Fact:
    """One of the figures on top, as components/facts.html takes it."""

    label: str
    figure: str
    gloss: str = ""
    url: str = ""


@dataclass(frozen=True)
class EnginePage:
    standing: Standing
    facts: tuple[Fact, ...]
    paused: tuple[Paused, ...]
    dispatcher_at: datetime | None
    dispatcher_lives: bool
    uncertain: UncertainPage
    fates: tuple[tuple[str, str], ...]
    refusals: tuple[Refusal, ...]
    rates: tuple[Rate, ...]
    limits: Limits
    chart: Chart
    works: tuple[WorkRow, ...]
    history: tuple[Turn, ...]


def engine_page(user: User, now: datetime, *, after: int = 0) -> EnginePage:
    """How the engine fares: fourteen queries. `after`: where the list of the uncertain goes on."""
    stands = standing(now)
    counted = counting.counts(now - counting.WEEK, now)
    works = turns.last_turns()
    dispatcher = next((work for work in works if work.name == turns.DISPATCHING), None)
    history = list(
        SwitchEvent.objects.select_related("by", "cadence").order_by("-pk")[:EVENTS_SHOWN]
    )
    return EnginePage(
        standing=stands,
        facts=tuple(_facts(stands)),
        paused=tuple(_paused(stands)),
        dispatcher_at=dispatcher.started_at if dispatcher else None,
        dispatcher_lives=dispatcher is not None and _lives(dispatcher, now),
        uncertain=uncertain_page(user, after=after),
        fates=tuple((str(value), str(label)) for value, label in Fate.choices),
        refusals=tuple(_refusals(counted, now)),
        rates=(
            _rate(_("24 hours"), _since(counted, now - DAY)),
            _rate(_("7 days"), counted),
        ),
        limits=breaker.limits(),
        chart=_chart(now),
        works=tuple(_work_row(work) for work in works),
        history=tuple(_turn(event) for event in history),
    )


def _facts(stands: Standing) -> list[Fact]:
    waited = stands.oldest_due
    by_people = sum(each.count for each in stands.due if each.performer == Step.Performer.PERSON)
    glosses = []
    for each in stands.held:
        words = _("%(count)s %(state)s for %(age)s")
        state = str(PlannedState(each.state).label).lower()
        since = age(stands.now - each.oldest) if each.oldest else ""
        glosses.append(words % {"count": each.count, "state": state, "age": since})
        if each.past_lease:
            glosses.append(_("%s past their lease: taken back soon") % each.past_lease)
    facts = [
        Fact(
            _("Due now"),
            intcomma(stands.due_count),
            _("the oldest since %s") % age(waited) if waited else _("nothing waits"),
        ),
        Fact(
            _("In flight"), intcomma(stands.in_flight), ", ".join(glosses) or _("nothing is held")
        ),
        Fact(
            _("Uncertain"),
            intcomma(stands.uncertain),
            _("for a person to settle") if stands.uncertain else _("every answer came"),
            "#uncertain-title" if stands.uncertain else "",
        ),
        Fact(_("With the specialists"), intcomma(stands.with_people), _("in their Today")),
    ]
    if by_people:
        gloss = _("%s of them for people") % intcomma(by_people)
        facts[0] = replace(facts[0], gloss=f"{facts[0].gloss}, {gloss}")
    if stands.in_print:
        facts.append(Fact(_("In print"), intcomma(stands.in_print), _("letters not posted yet")))
    if stands.paused_enrolments:
        facts.append(
            Fact(_("Paused leads"), intcomma(stands.paused_enrolments), _("by who works with them"))
        )
    return facts


def _lives(work: Work, now: datetime) -> bool:
    allowed = LONGEST_TURN if work.is_running else DISPATCHER_IS_LATE
    return now - work.started_at <= allowed + timedelta(seconds=work.seconds)


def _paused(stands: Standing) -> list[Paused]:
    engine, rows = stands.engine, []
    breaker_words = _("the circuit breaker")
    if engine.paused_at is not None:
        rows.append(
            Paused(
                SwitchEvent.What.EVERYTHING,
                _("Everything"),
                engine.paused_at,
                str(engine.paused_by or _("the engine itself")),
                engine.why,
            )
        )
    if engine.mail_paused_at is not None:
        rows.append(
            Paused(
                SwitchEvent.What.MAIL,
                _("Mail that goes by itself"),
                engine.mail_paused_at,
                str(engine.mail_paused_by or breaker_words),
                engine.mail_why,
            )
        )
    paused = list(Cadence.objects.filter(paused_at__isnull=False, archived_at__isnull=True))
    last = {
        event.cadence_id: event
        for event in SwitchEvent.objects.filter(cadence__in=paused)
        .select_related("by")
        .order_by("cadence_id", "-pk")
        .distinct("cadence")
    }
    for cadence in paused:
        event = last.get(cadence.pk)
        assert cadence.paused_at is not None
        rows.append(
            Paused(
                str(cadence.pk),
                _("The cadence “%s”") % cadence,
                cadence.paused_at,
                str(event.by or "") if event else "",
                event.why if event else "",
                cadence.pk,
            )
        )
    return rows


def _since(counted: Iterable[Count], start: datetime) -> list[Count]:
    return [each for each in counted if each.hour >= start]


def _refusals(counted: list[Count], now: datetime) -> list[Refusal]:
    of_week = _by_reason(counted)
    of_day = _by_reason(_since(counted, now - DAY))
    return [
        Refusal(
            outcome=str(Outcome(outcome).label),
            channel=str(Channel(channel).label),
            reason=reason or _("a person said so"),
            in_day=of_day[outcome, channel, reason],
            in_week=count,
        )
        for (outcome, channel, reason), count in of_week.most_common(MOST_REASONS)
    ]


def _by_reason(counted: Iterable[Count]) -> Counter[tuple[str, str, str]]:
    result: Counter[tuple[str, str, str]] = Counter()
    for each in counted:
        if each.outcome in NOT_MADE:
            result[each.outcome, each.channel, each.reason] += each.count
    return result


def _rate(label: str, counted: Iterable[Count]) -> Rate:
    by_outcome: Counter[str] = Counter()
    for each in counted:
        if each.channel == Channel.EMAIL:
            by_outcome[each.outcome] += each.count
    sent = by_outcome[Outcome.SUBMITTED]
    complaints, bounces = by_outcome[Outcome.COMPLAINED], by_outcome[Outcome.BOUNCED]
    return Rate(
        label=label,
        sent=sent,
        complaints=complaints,
        complaint_share=f"{percent(complaints, sent)}",
        bounces=bounces,
        bounce_share=f"{percent(bounces, sent)}",
        unsubscribed=by_outcome[Outcome.UNSUBSCRIBED],
    )


def _chart(now: datetime) -> Chart:
    """Mails handed over in each of the last sixty minutes: one query, over that hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT floor(extract(epoch FROM %(now)s - opened_at) / 60)::int, count(*)
              FROM nurture_submission
             WHERE opened_at > %(now)s - interval '1 hour' AND opened_at <= %(now)s GROUP BY 1
            """,
            {"now": now},
        )
        by_age = dict(cursor.fetchall())
    highest = max(by_age.values(), default=0)
    total = sum(by_age.values())
    bars = tuple(
        Bar(
            x=(CHART_MINUTES - 1 - age) * 8,
            y=round(80 - 76 * count / highest, 1),
            height=round(76 * count / highest, 1),
        )
        for age, count in sorted(by_age.items())
        if 0 <= age < CHART_MINUTES
    )
    sentence = (
        _("%(total)s mails were handed over in the last hour, at most %(highest)s in a minute.")
        % {"total": total, "highest": highest}
        if total
        else _("No mail was handed over in the last hour.")
    )
    return Chart(bars, highest, total, sentence)


def _work_row(work: Work) -> WorkRow:
    return WorkRow(
        label=str(WORKS.get(work.name, work.name)),
        host=work.host,
        started_at=work.started_at,
        seconds=work.seconds,
        waited=work.waited,
        is_running=work.is_running,
        failed_at=work.failed_at,
        failure=work.failure,
    )


def _turn(event: SwitchEvent) -> Turn:
    what = _("The cadence “%s”") % event.cadence if event.cadence else str(event.get_what_display())
    words = _("%(what)s: %(turned)s") % {
        "what": what,
        "turned": str(event.get_turned_display()).lower(),
    }
    by = str(event.by) if event.by else str(event.get_cause_display()).lower()
    return Turn(event.at, words, by, event.why)
