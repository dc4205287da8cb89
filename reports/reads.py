"""What the pages of reports and the API show: frozen dataclasses, a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Count,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.models import Handoff, HandoffState
from nurture.models import Touch
from nurture.touching import ATTEMPTS_BEFORE_GIVING_UP, Channel
from prospects.models import Lead, Source, StageChange
from prospects.models.lead import headline
from prospects.qualification import Attribute
from prospects.screening.judging import Rule
from prospects.stages import Disqualification, Stage
from reports.actions import count_anew
from reports.figures import (
    NOBODY,
    AttemptYield,
    ChannelTouches,
    Counts,
    Effort,
    MonthFigures,
    Reason,
    Share,
    SourceCohort,
    added,
    effort,
    month_figures,
    reasons,
    share_by_attempt,
    source_cohorts,
    touches_by_channel,
    yield_by_attempt,
)
from reports.models import MonthFigures as Kept
from reports.periods import EVERYTHING, Period
from reports.selections import handed_off
from reports.sentences import Sentence, sentences
from team.addresses import addresses
from team.models import Organisation, Role, Team, User
from team.templatetags.look import age, money, money_words

HANDOFFS_SHOWN = 50
PATIENCE = timedelta(seconds=2)
"""How long one request counts for a page of many months before it shows what there is."""


# Whose figures, and of when


def teams_of(user: User) -> list[int]:
    """Ids of the teams whose figures a person sees: an administrator those of all."""
    if user.role == Role.ADMIN:
        return list(Team.objects.values_list("pk", flat=True))
    return user.team_ids


def beginning() -> datetime | None:
    """When the first thing happened that any figure counts; None before anything did."""
    firsts = [
        rows.order_by(at).values_list(at)[:1]
        for rows, at in (
            (Lead.objects.all(), "received_at"),
            (StageChange.objects.filter(superseded_at__isnull=True), "at"),
            (Handoff.objects.all(), "handed_off_at"),
            (Touch.objects.all(), "occurred_at"),
        )
    ]
    return min((at for (at,) in firsts[0].union(*firsts[1:], all=True)), default=None)


def program_period(began: datetime | None, organisation: Organisation, now: datetime) -> Period:
    """From the month in which the program began to the one that runs, both whole."""
    running = Period.month_at(now, organisation.zone)
    first = Period.month_at(min(began or now, now), organisation.zone)
    return Period(EVERYTHING, first.first_on, running.until_on, organisation.zone)


def period_of(key: str, *, user: User, now: datetime) -> Period:
    """The month of a key like 2026-06, or "all" months; ValueError for anything else.

    LookupError for a month that has not begun.
    """
    if key == EVERYTHING:
        return program_period(beginning(), user.organisation, now)
    month = Period.parse(key, user.organisation.zone)
    if now < month.start:
        message = f"{key} has not begun."
        raise LookupError(message)
    return month


# The month


@dataclass(frozen=True)
class HandoffLine:
    """One handoff as the month's table tells it. `tone`: on, good, due, late or empty."""

    id: int
    url: str
    lead_id: int
    company: str
    contact: str
    specialist: str
    handed_off_at: datetime
    touches_before: int
    documented: int
    potential_revenue: Decimal | None
    expected_close_on: date | None
    state: HandoffState
    """As of the end of the month, or as of now while it runs; `words` tell the same."""
    words: str
    tone: str
    since: str
    """What has become of it after the end of the month; empty where nothing has."""
    state_now: HandoffState


@dataclass(frozen=True)
class RepHandoffs:
    rep_id: int
    name: str
    team: str
    lines: tuple[HandoffLine, ...]


@dataclass(frozen=True)
class RepRoom:
    """How much a rep may still be given, as of now."""

    rep_id: int
    name: str
    team: str
    capacity: int
    live: int

    @property
    def free(self) -> int:
        return max(self.capacity - self.live, 0)


@dataclass(frozen=True)
class TeamWaiting:
    """Qualified leads of a team that no rep has, as of now."""

    team_id: int
    team: str
    waiting: int


@dataclass(frozen=True)
class MonthlyReport:
    """Everything that the page and the API say of a month. Instants are aware, money is in `currency`."""

    month: Period
    currency: str
    now: datetime
    so_far: bool
    counted_at: datetime | None
    """None: nothing to count, for there are no teams."""
    previous: Period | None
    next: Period | None
    figures: MonthFigures
    before: MonthFigures
    """The same of the month before."""
    sentences: tuple[Sentence, ...]
    screened_out: tuple[Reason, ...]
    disqualified: tuple[Reason, ...]
    unable_to_qualify: tuple[Reason, ...]
    channels: tuple[ChannelTouches, ...]
    people: tuple[Effort, ...]
    sources: tuple[SourceCohort, ...]
    yields: tuple[AttemptYield, ...]
    """Of the twelve months to the end of the month."""
    handoffs: tuple[RepHandoffs, ...]
    more_handoffs: int
    """Those of the month that `handoffs` leaves out."""
    reps: tuple[RepRoom, ...]
    waiting: tuple[TeamWaiting, ...]

    @property
    def standard_attempts(self) -> int:
        return ATTEMPTS_BEFORE_GIVING_UP

    @property
    def within_standard(self) -> Share:
        """Of the conversations at attempts, those within the attempts of the standard."""
        return share_by_attempt(self.yields, ATTEMPTS_BEFORE_GIVING_UP)


def monthly_report(
    month: Period, *, user: User, now: datetime, handoffs_shown: int = HANDOFFS_SHOWN
) -> MonthlyReport:
    """The month as the person may see it (their teams together); ten queries once it is counted.

    LookupError for a month that has not begun.
    """
    if now < month.start:
        message = f"{month.key} has not begun."
        raise LookupError(message)
    organisation, teams = user.organisation, teams_of(user)
    program = program_period(beginning(), organisation, now)
    within = [m for m in (month, month.previous) if m.first_on >= program.first_on]
    rows = count_anew(months=within, team_ids=teams, now=now)
    ours = _tree(rows, month, teams)
    so_far = month.runs_at(now)
    figures = month_figures(ours)
    handoffs = _first_handoffs(month, teams, handoffs_shown + 1)
    more = max(figures.handed_off - handoffs_shown, 1) if len(handoffs) > handoffs_shown else 0
    people = _people(
        _ids_in(ours) | {pk for h in handoffs for pk in (h.rep_id, h.specialist_id) if pk}
    )
    return MonthlyReport(
        month=month,
        currency=organisation.currency,
        now=now,
        so_far=so_far,
        counted_at=_counted_at(rows, month),
        previous=month.previous if month.first_on > program.first_on else None,
        next=None if so_far else month.next,
        figures=figures,
        before=month_figures(_tree(rows, month.previous, teams)),
        sentences=tuple(
            sentences(
                figures,
                month,
                so_far=so_far,
                amount={
                    "potential_revenue": money_words(
                        figures.potential_revenue, organisation.currency
                    ),
                    "won_revenue": money_words(figures.won_revenue, organisation.currency),
                },
            )
        ),
        screened_out=tuple(reasons(ours.get("leads_screened_out", {}), REASONS)),
        disqualified=tuple(reasons(ours.get("disqualified", {}), REASONS)),
        unable_to_qualify=tuple(reasons(ours.get("unable_to_qualify", {}), REASONS)),
        channels=tuple(touches_by_channel(ours, {c.value: str(c.label) for c in Channel})),
        people=tuple(effort(ours, {str(pk): person.name for pk, person in people.items()})),
        sources=tuple(_sources(month, ours, _tree(rows, month))),
        yields=tuple(yield_by_attempt(ours.get("yield_12m", {}))),
        handoffs=_by_rep(handoffs[:handoffs_shown], people, month, organisation, now),
        more_handoffs=more,
        reps=tuple(_reps(user, teams)),
        waiting=tuple(_waiting(teams)),
    )


REASONS: dict[str, Any] = {
    **dict(Rule.choices),
    **dict(Disqualification.choices),
    "attempts_used_up": gettext_lazy("Attempts used up"),
    "manager_decided": gettext_lazy("A manager decided"),
}


def _tree(
    rows: Sequence[Kept], month: Period, team_ids: Collection[int] | None = None
) -> dict[str, Any]:
    """The counts of the teams (None: of all) together."""
    return added(
        row.figures
        for row in rows
        if row.month_on == month.first_on and (team_ids is None or row.team_id in team_ids)
    )


def _counted_at(rows: Sequence[Kept], month: Period) -> datetime | None:
    return min((row.counted_at for row in rows if row.month_on == month.first_on), default=None)


def _ids_in(tree: Counts) -> set[int]:
    """The people in a tree of counts."""
    found = {by for part in ("touches", "attempts") for by in tree.get(part, {})}
    return {int(by) for by in found - {NOBODY}}


def _sources(period: Period, ours: Counts, everybody: Counts) -> list[SourceCohort]:
    in_period = Q(costs__month_on__gte=period.first_on, costs__month_on__lt=period.until_on)
    sources = (
        Source.objects.order_by()
        .filter(Q(pk__in=list(everybody.get("received", {}))) | in_period)
        .annotate(cost=Coalesce(Sum("costs__amount", filter=in_period), Decimal(0)))
        .values_list("pk", "name", "cost")
    )
    return source_cohorts(ours, everybody, {pk: (name, cost) for pk, name, cost in sources})


def _first_handoffs(month: Period, team_ids: Collection[int], most: int) -> list[Any]:
    """Handoffs of the month by the name of the rep, each rep's newest first: two queries.

    Each rep's are walked along their index, and no further than they are shown: sorted by name, all
    of the month would be read. Of the lead come names: making models of it costs more than asking.
    """
    if not team_ids:
        return []
    of_rep = handed_off(month).of_teams(team_ids).filter(rep=OuterRef("pk"))
    newest = of_rep.order_by("-handed_off_at", "-pk").values("pk")[:most]
    head = Func(ArraySubquery(newest), function="unnest", output_field=BigIntegerField())
    reps = User.objects.order_by("name", "pk")
    ids = list(reps.values_list(head, flat=True)[:most])
    found = (
        Handoff.objects.annotate(
            company=F("lead__company__name"),
            first_name=F("lead__contact__first_name"),
            last_name=F("lead__contact__last_name"),
            lead_elsewhere=F("lead__external_id"),
        )
        .only(*_SHOWN_OF_HANDOFF)
        .in_bulk(ids)
    )
    return [found[pk] for pk in ids]


_SHOWN_OF_HANDOFF = (
    *("lead_id", "rep_id", "specialist_id", "handed_off_at", "accepted_at", "returned_at"),
    *("overdue_at", "wrong_attributes", "potential_revenue", "expected_close_on", "result"),
    *("result_at", "revenue", "lost_reason", "back_on", "touches_before", "documented"),
)


class _Person(NamedTuple):
    name: str
    team: str


def _people(ids: Collection[int]) -> dict[int, _Person]:
    rows = User.objects.filter(pk__in=ids).values_list("pk", "name", "team__name")
    return {pk: _Person(name, team or "") for pk, name, team in rows}


def _by_rep(
    handoffs: Sequence[Any],
    people: Mapping[int, _Person],
    month: Period,
    organisation: Organisation,
    now: datetime,
) -> tuple[RepHandoffs, ...]:
    """Those of `_first_handoffs`, each rep's together."""
    address = addresses("handoff-detail")
    return tuple(
        RepHandoffs(
            rep_id=rep_id,
            name=people[rep_id].name,
            team=people[rep_id].team,
            lines=tuple(
                _line(
                    handoff,
                    url=address(handoff.pk),
                    specialist=people[handoff.specialist_id].name if handoff.specialist_id else "",
                    month=month,
                    organisation=organisation,
                    now=now,
                )
                for handoff in lines
            ),
        )
        for rep_id, lines in groupby(handoffs, lambda handoff: handoff.rep_id)
    )


def _line(
    handoff: Any,
    *,
    url: str,
    specialist: str,
    month: Period,
    organisation: Organisation,
    now: datetime,
) -> HandoffLine:
    """`handoff`: one of `_first_handoffs`."""
    as_of = min(month.end, now)
    state, state_now = handoff.state_at(as_of), handoff.state
    words, tone = _state_in_words(handoff, state, as_of, organisation)
    since = ""
    if state_now != state and not month.runs_at(now):
        since = _state_in_words(handoff, state_now, now, organisation)[0]
    person = f"{handoff.first_name or ''} {handoff.last_name or ''}".strip()
    return HandoffLine(
        id=handoff.pk,
        url=url,
        lead_id=handoff.lead_id,
        company=headline(
            handoff.company or "", person, handoff.lead_elsewhere or "", handoff.lead_id
        ),
        contact=person,
        specialist=specialist,
        handed_off_at=handoff.handed_off_at,
        touches_before=handoff.touches_before,
        documented=handoff.documented,
        potential_revenue=handoff.potential_revenue,
        expected_close_on=handoff.expected_close_on,
        state=state,
        words=words,
        tone=tone,
        since=since,
        state_now=state_now,
    )


def _state_in_words(
    handoff: Handoff, state: HandoffState, as_of: datetime, organisation: Organisation
) -> tuple[str, str]:
    """The state as a full answer, and its tone."""
    match state:
        case HandoffState.WON:
            amount = money(handoff.revenue, organisation.currency)
            return (_("won, %s") % amount if amount else _("won")), "good"
        case HandoffState.LOST:
            reason = handoff.lost_reason
            return (_("lost: %s") % reason if reason else _("lost")), "late"
        case HandoffState.STALLED:
            back = handoff.back_on and date_format(handoff.back_on, "M j")
            return (_("stalled, back on %s") % back if back else _("stalled")), "due"
        case HandoffState.RETURNED:
            wrong = ", ".join(str(Attribute(a).label).lower() for a in handoff.wrong_attributes)
            return (_("returned: %s") % wrong if wrong else _("returned")), "due"
        case HandoffState.ACCEPTED if handoff.accepted_at:
            return _("accepted in %s") % age(handoff.accepted_at - handoff.handed_off_at), "on"
        case HandoffState.OVERDUE:
            return _("overdue, no word for %s") % age(as_of - handoff.handed_off_at), "late"
    return _("waiting for %s") % age(as_of - handoff.handed_off_at), ""


def _reps(user: User, team_ids: Collection[int]) -> list[RepRoom]:
    reps = User.objects.reps().active()
    if user.role != Role.ADMIN:
        reps = reps.filter(team__in=team_ids)
    live = Handoff.objects.live().filter(rep=OuterRef("pk")).order_by().values("rep")
    counted = live.annotate(live=Count("*")).values("live")
    rows = reps.annotate(live=Coalesce(Subquery(counted), 0)).order_by("name", "pk")
    return [
        RepRoom(pk, name, team or "", capacity, live)
        for pk, name, team, capacity, live in rows.values_list(
            "pk", "name", "team__name", "capacity", "live"
        )
    ]


def _waiting(team_ids: Collection[int]) -> list[TeamWaiting]:
    leads = Lead.objects.filter(stage=Stage.QUALIFIED, team__in=team_ids)
    counted = leads.order_by("team__name").values_list("team", "team__name").annotate(Count("pk"))
    return [TeamWaiting(*row) for row in counted]


# The program: every month since the first


@dataclass(frozen=True)
class ProgramMonth:
    month: Period
    figures: MonthFigures
    so_far: bool


@dataclass(frozen=True)
class ProgramReport:
    """The program since its beginning, month by month, oldest first."""

    period: Period
    currency: str
    now: datetime
    counted_at: datetime | None
    """When the oldest of its counts were made."""
    months: tuple[ProgramMonth, ...]
    waiting_months: int
    """Months still to be counted: `months` and the sums leave them out."""
    totals: MonthFigures
    """Of what can be added up over months; under development is as of now."""
    sources: tuple[SourceCohort, ...]
    yields: tuple[AttemptYield, ...]

    @property
    def newest_first(self) -> tuple[ProgramMonth, ...]:
        return self.months[::-1]

    @property
    def standard_attempts(self) -> int:
        return ATTEMPTS_BEFORE_GIVING_UP

    @property
    def within_standard(self) -> Share:
        return share_by_attempt(self.yields, ATTEMPTS_BEFORE_GIVING_UP)


def program_report(
    *, user: User, now: datetime, patience: timedelta | None = PATIENCE
) -> ProgramReport:
    """Every month of the program as the person may see it.

    Months that have never been counted are counted for `patience` (None: all of them).
    """
    organisation, teams = user.organisation, teams_of(user)
    program = program_period(beginning(), organisation, now)
    rows = count_anew(months=program.months[::-1], team_ids=teams, now=now, at_most=patience)
    counted = {row.month_on for row in rows}
    months = [month for month in program.months if month.first_on in counted]
    trees = {month: _tree(rows, month, teams) for month in months}
    everything = added(trees.values())
    # How things stood at the end of a month cannot be added up.
    everything["under_development"] = trees[months[-1]].get("under_development", 0) if months else 0
    return ProgramReport(
        period=program,
        currency=organisation.currency,
        now=now,
        counted_at=min((row.counted_at for row in rows), default=None),
        months=tuple(
            ProgramMonth(month, month_figures(trees[month]), month.runs_at(now)) for month in months
        ),
        waiting_months=len(program.months) - len(months) if teams else 0,
        totals=month_figures(everything),
        sources=tuple(_sources(program, everything, added(row.figures for row in rows))),
        yields=tuple(yield_by_attempt(everything.get("yield", {}))),
    )
