"""Enrolment by rule: whom each rule speaks of, what stands in their way, and who is taken now.

A rule asks what is so, not what happened: a lead that it could not take yesterday, as its specialist
had no room, is asked for again. Whoever was in a cadence since, or talked to us, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from nurture.cadences.actions import refuse_but_managers
from nurture.cadences.enrolling import published
from nurture.filling.batches import BATCH, enrol_batch
from nurture.filling.month import course_of, month_of
from nurture.models import Cadence, CadenceVersion, Engine, Enrolment, EnrolmentRule
from prospects.actions import NotAllowed
from prospects.imports.statements import fetch
from prospects.models import Lead, Source, StageChange
from prospects.models.lead import DOUBTFUL
from prospects.qualification import Horizon
from prospects.stages import Stage
from team.models import Organisation, Role, User, team_ids_below

LOOK_AGAIN = timedelta(minutes=10)
"""After everybody had as many as they can do, a rule looks again then: cadences end all day long."""
TURN = 5_720_431
"""The advisory lock of whoever gives out room: two at once would give out the same."""
When = EnrolmentRule.When


@dataclass(frozen=True)
class Terms:
    """What a rule asks, saved or only typed."""

    cadence: Cadence
    when: str
    sources: frozenset[int] = frozenset()
    teams: frozenset[int] | None = None
    """None: every team."""
    min_documented: int = 0
    min_revenue: Decimal | None = None
    horizons: tuple[str, ...] = ()
    first: str = EnrolmentRule.First.OLDEST
    again: bool = False
    rule: int | None = None
    """The saved rule: whom it took before."""


def terms_of(rule: EnrolmentRule) -> Terms:
    """The terms of a saved rule: two queries."""
    return Terms(
        cadence=rule.cadence,
        when=rule.when,
        sources=frozenset(rule.sources.values_list("pk", flat=True)),
        teams=frozenset(team_ids_below([rule.team_id])) if rule.team_id else None,
        min_documented=rule.min_documented,
        min_revenue=rule.min_revenue,
        horizons=tuple(rule.horizons),
        first=rule.first,
        again=rule.again,
        rule=rule.pk,
    )


def leads_meant(terms: Terms) -> QuerySet[Lead]:
    """The leads that a rule speaks of, whatever stands in their way."""
    leads: QuerySet[Lead] = Lead.objects.filter(
        stage=Stage.RAW if terms.when == When.SCREENED else Stage.NURTURING
    )
    if terms.when == When.RETURNED:
        came_back = StageChange.objects.filter(
            lead=OuterRef("pk"),
            at=OuterRef("stage_at"),
            superseded_at__isnull=True,
            from_stage=Stage.HANDED_OFF,
        )
        leads = leads.filter(Exists(came_back))
    if terms.sources:
        leads = leads.filter(source__in=terms.sources)
    if terms.teams is not None:
        leads = leads.filter(team__in=terms.teams)
    if terms.min_documented:
        leads = leads.filter(documented__gte=terms.min_documented)
    if terms.min_revenue is not None:
        leads = leads.filter(potential_revenue__gte=terms.min_revenue)
    if terms.horizons:
        leads = leads.filter(horizon__in=terms.horizons)
    return leads


def _hindrances(terms: Terms) -> dict[str, Q]:
    """What may stand in a lead's way, by key and in order: conditions on `_asked` leads."""
    since = {
        When.SCREENED: "received_at",
        When.ENTERED: "entered_program_at",
        When.RETURNED: "stage_at",
    }[When(terms.when)]
    talked = Q(conversation_at__isnull=False)
    if terms.when == When.RETURNED:
        talked &= Q(conversation_at__gte=F(since))
    return {
        "nobody": Q(specialist__isnull=True),
        "doubtful": DOUBTFUL,
        "unknown": Q(contact__isnull=True),
        "running": Q(is_under_way=True),
        "taken": Q(was_taken=True),
        "before": Q(was_in_it=True),
        "since": Q(was_in_one=True),
        "talked": talked,
    }


WHY = {
    "nobody": gettext_lazy("have no specialist yet"),
    "doubtful": gettext_lazy("are in doubt: a person looks at them first"),
    "unknown": gettext_lazy("have nobody we know there"),
    "running": gettext_lazy("are in a cadence already"),
    "taken": gettext_lazy("were taken by this rule before"),
    "before": gettext_lazy("went through this cadence before"),
    "since": gettext_lazy("were in a cadence since"),
    "talked": gettext_lazy("talked to us: a person goes on with them"),
}
"""Each hindrance as a sentence that a number begins."""


def _asked(terms: Terms) -> QuerySet[Lead]:
    """The leads meant, with what the hindrances ask of their enrolments."""
    of_lead = Enrolment.objects.filter(lead=OuterRef("pk"))
    running = of_lead.active()
    if terms.cadence.is_exclusive:
        running = running.filter(version__cadence__repeats=Cadence.Repeats.EXCLUSIVE)
    once = of_lead.filter(version__cadence=terms.cadence)
    since = {When.SCREENED: "received_at", When.ENTERED: "entered_program_at"}.get(
        When(terms.when), "stage_at"
    )
    return leads_meant(terms).alias(
        is_under_way=Exists(running),
        was_taken=Exists(
            of_lead.filter(rule=terms.rule) if terms.rule and not terms.again else of_lead.none()
        ),
        was_in_it=Exists(once if terms.cadence.repeats == Cadence.Repeats.ONCE else of_lead.none()),
        was_in_one=Exists(
            of_lead.filter(enrolled_at__gte=OuterRef(since), ended_at__isnull=False)
            if not terms.cadence.is_exclusive and not terms.again
            else of_lead.none()
        ),
    )


def ready_leads(terms: Terms) -> QuerySet[Lead]:
    """Those in whose way nothing stands, in the order in which they are taken."""
    ready = _asked(terms)
    for hindrance in _hindrances(terms).values():
        ready = ready.exclude(hindrance)
    if terms.first == EnrolmentRule.First.BEST:
        return ready.order_by(
            F("potential_revenue").desc(nulls_last=True), "-documented", "received_at", "pk"
        )
    return ready.order_by("received_at", "pk")


@dataclass(frozen=True)
class Found:
    """Who is ready, by specialist, and how many are not, by reason."""

    ready: dict[int, int]
    left_out: dict[str, int]


def count_found(terms: Terms, visible: QuerySet[Lead] | None = None) -> Found:
    """Counted by specialist and reason: one query. `visible`: only among these."""
    asked = _asked(terms)
    if visible is not None:
        asked = asked.filter(pk__in=visible.values("pk"))
    clear = Q()
    counts = {}
    for key, hindrance in _hindrances(terms).items():
        counts[f"n_{key}"] = Count("pk", filter=clear & hindrance)
        clear &= ~hindrance
    rows = asked.values("specialist").annotate(n_ready=Count("pk", filter=clear), **counts)
    ready: dict[int, int] = {}
    left_out: dict[str, int] = {}
    for row in rows.order_by():
        if row["n_ready"]:
            ready[row["specialist"]] = row["n_ready"]
        for key in WHY:
            if row[f"n_{key}"]:
                left_out[key] = left_out.get(key, 0) + row[f"n_{key}"]
    return Found(ready, {key: left_out[key] for key in WHY if key in left_out})


# Taking


def take_by_rules(*, now: datetime) -> int:
    """Let every rule in force take whom it may, in their order; returns how many leads.

    While the engine is paused nobody begins anything by itself.
    """
    if Engine.objects.filter(pk=1, paused_at__isnull=False).exists():
        return 0
    due = EnrolmentRule.objects.in_force().filter(Q(looks_at__isnull=True) | Q(looks_at__lte=now))
    taken = 0
    for pk in list(due.values_list("pk", flat=True)):
        while batch := take_batch(pk, now=now):
            taken += batch
    return taken


@transaction.atomic
def take_batch(pk: int, *, now: datetime) -> int:
    """Let one rule take a batch; returns how many leads, 0 where none is left or another is at it.

    Any number of these may run at once: one at a time gives out room, and a lead that another process
    put into a cadence meanwhile is left out.
    """
    if not has_turn():
        return 0
    rule = EnrolmentRule.objects.in_force().select_related("cadence", "team").filter(pk=pk).first()
    version = published(rule.cadence) if rule else None
    if rule is None or version is None:
        return 0
    version.cadence = rule.cadence
    terms = terms_of(rule)
    people = list(specialists_of(terms))
    rooms = rooms_of(people, version, now)
    ids = _within(ready_leads(terms), rooms)
    if ids:
        why = pgettext("why a lead is in a cadence", "rule: %s") % rule.get_when_display()
        said = enrol_batch(ids, version=version, by=None, why=why, now=now, rule=rule)
        return sum(not words for words in said.values())
    if not all(rooms.values()):
        EnrolmentRule.objects.filter(pk=pk).update(looks_at=now + LOOK_AGAIN)
    return 0


def has_turn() -> bool:
    """Whether nobody else gives out room until this transaction ends."""
    return bool(fetch("SELECT pg_try_advisory_xact_lock(%(turn)s)", {"turn": TURN})[0][0])


def specialists_of(terms: Terms) -> QuerySet[User]:
    """Who may be given work by a rule: the specialists who work here, of its teams."""
    people = User.objects.active().specialists().order_by("name", "pk")
    return people if terms.teams is None else people.filter(team__in=terms.teams)


def rooms_of(people: Sequence[User], version: CadenceVersion, now: datetime) -> dict[int, int]:
    """How many leads each may begin with today, of those that go through this version."""
    month = month_of(people, now, Organisation.current(), version=version)
    return month.room_today(month.projector.from_start(course_of(version)))


def _within(ready: QuerySet[Lead], rooms: Mapping[int, int]) -> list[int]:
    """The first of each specialist, as many as they have room for: a query for each who has."""
    ids: list[int] = []
    for person, most in rooms.items():
        room = min(most, BATCH - len(ids))
        if room > 0:
            ids += ready.filter(specialist=person).values_list("pk", flat=True)[:room]
    return ids


# What managers do with rules


@transaction.atomic
def save_rule(
    *, rule: EnrolmentRule, sources: Sequence[Source], by: User, now: datetime
) -> EnrolmentRule:
    """Write a rule down; it counts from the next minute on.

    Refuses (NotAllowed) who does not manage, and a manager for other teams than theirs: a rule for
    every team is an administrator's.
    """
    _refuse_for_others(rule, by)
    is_new = rule.pk is None
    if is_new:
        rule.created_at, rule.by = now, by
    rule.looks_at = None
    rule.save()
    rule.sources.set(sources)
    return rule


def pause_rule(*, rule: EnrolmentRule, by: User, now: datetime) -> None:
    """It takes nobody until it is resumed; whom it took goes on."""
    _refuse_for_others(rule, by)
    EnrolmentRule.objects.filter(pk=rule.pk, paused_at=None).update(paused_at=now)


def resume_rule(*, rule: EnrolmentRule, by: User) -> None:
    _refuse_for_others(rule, by)
    EnrolmentRule.objects.filter(pk=rule.pk).update(paused_at=None, looks_at=None)


def _refuse_for_others(rule: EnrolmentRule, by: User) -> None:
    refuse_but_managers(by)
    if by.role != Role.ADMIN and rule.team_id not in by.team_ids:
        raise NotAllowed(_("A manager makes rules for the teams below them: choose one."))


HORIZONS = [(horizon.value, horizon.label) for horizon in Horizon]


def in_words(terms: Terms, source_names: Sequence[str]) -> str:
    """Whom a rule takes: “from Trade fair, with 4 of ten documented, worth 50,000 or more”."""
    said = []
    if source_names:
        said.append(_("from %s") % ", ".join(source_names))
    if terms.min_documented:
        said.append(_("%s or more of ten documented") % terms.min_documented)
    if terms.min_revenue is not None:
        said.append(_("worth %s or more") % f"{terms.min_revenue:,.0f}")
    if terms.horizons:
        labels = dict(HORIZONS)
        said.append(" / ".join(str(labels[each]) for each in terms.horizons).lower())
    return ", ".join(said) or _("all of them")
