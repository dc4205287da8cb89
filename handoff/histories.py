"""Tells the histories of leads anew from the handoffs that were brought along.

A leads file says how a lead ended ("won"); the handoffs file knows how it came to that. Where both
speak, the handoffs win: the steps that they contradict are superseded, never deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _
from psycopg2.extras import execute_values

from handoff.models import Handoff, Result
from prospects.history import Event, Step, chain, in_order
from prospects.imports.lead_rows import HANDOFF_NOT_KNOWN
from prospects.imports.statements import CopyBuffer, execute
from prospects.models import Lead, StageChange
from prospects.stages import NEW, WORKED, Stage

BATCH = 2000

OF_SALES = frozenset({Stage.HANDED_OFF, Stage.ACCEPTED, Stage.WON, Stage.LOST})
"""Stages that a lead comes to by a handoff alone."""

RETURNED, STALLED = "returned", "stalled"
"""Reasons of steps back into the program that a handoff explains."""


def events_of(handoff: Handoff) -> list[Event]:
    """What one handoff did to its lead, in the order in which it must have happened."""
    events = [Event(handoff.handed_off_at, Stage.HANDED_OFF)]
    if handoff.accepted_at is not None:
        events.append(Event(handoff.accepted_at, Stage.ACCEPTED))
    if handoff.returned_at is not None:
        events.append(Event(handoff.returned_at, Stage.NURTURING, RETURNED, handoff.return_reason))
    if handoff.result_at is not None:
        stage = {Result.WON: Stage.WON, Result.LOST: Stage.LOST}.get(Result(handoff.result))
        if stage is not None:
            events.append(Event(handoff.result_at, stage, note=handoff.lost_reason))
        else:
            events.append(Event(handoff.result_at, Stage.NURTURING, STALLED))
    return events


def contradictions_of(handoff: Handoff, received_at: datetime, now: datetime) -> list[str]:
    """What does not fit together in one handoff, in words."""
    at = handoff.handed_off_at
    found = []
    if at < received_at:
        found.append(_("Was handed off before it was received."))
    if handoff.accepted_at is not None and handoff.accepted_at < at:
        found.append(_("Was accepted before it was handed off."))
    if handoff.returned_at is not None and handoff.returned_at < at:
        found.append(_("Was returned before it was handed off."))
    if handoff.result_at is not None:
        result = str(Result(handoff.result).label).lower()
        if handoff.result_at < received_at:
            found.append(_("Was %s before it was received.") % result)
        elif handoff.result_at < at:
            found.append(_("Was %s before it was handed off.") % result)
        elif handoff.accepted_at is not None and handoff.result_at < handoff.accepted_at:
            found.append(_("Was %s before it was accepted.") % result)
        if handoff.returned_at is not None:
            found.append(_("Was returned, and is said to be %s.") % result)
    dates = (at, handoff.accepted_at, handoff.returned_at, handoff.result_at)
    latest = max(date for date in dates if date is not None)
    if latest > now:
        found.append(_("Has a date in the future: %s.") % f"{latest:%Y-%m-%d}")
    return found


def tell_anew(lead_ids: Sequence[int], *, now: datetime) -> None:
    """Make histories, stages, reps and contradictions of these leads agree with their handoffs."""
    for start in range(0, len(lead_ids), BATCH):
        _Batch(lead_ids[start : start + BATCH], now).write()


class _Batch:
    """Some leads, their handoffs and their histories, and what is to be written of them."""

    def __init__(self, lead_ids: Sequence[int], now: datetime) -> None:
        self.now = now
        leads = Lead.objects.select_for_update(no_key=True).filter(pk__in=lead_ids)
        self.leads = {lead.pk: lead for lead in leads.order_by("pk")}
        self.handoffs: dict[int, list[Handoff]] = defaultdict(list)
        self.changes: dict[int, list[StageChange]] = defaultdict(list)
        for handoff in Handoff.objects.filter(lead__in=lead_ids).order_by("handed_off_at", "pk"):
            self.handoffs[handoff.lead_id].append(handoff)
        standing = StageChange.objects.filter(lead__in=lead_ids, superseded_at__isnull=True)
        for change in standing.order_by("at", "pk"):
            self.changes[change.lead_id].append(change)
        self.superseded: list[int] = []
        self.steps = CopyBuffer(
            "prospects_stagechange",
            (
                "lead_id",
                "from_stage",
                "to_stage",
                "at",
                "reason",
                "note",
                "brought_along",
            ),
            texts=("from_stage", "reason", "note"),
        )
        self.rows: list[tuple[object, ...]] = []
        self.flags: list[tuple[object, ...]] = []

    def write(self) -> None:
        for pk, lead in self.leads.items():
            self._tell(lead, self.handoffs[pk], self.changes[pk])
        if self.superseded:
            execute(
                "UPDATE prospects_stagechange SET superseded_at = %(now)s WHERE id = ANY(%(ids)s)",
                {"now": self.now, "ids": self.superseded},
            )
        self.steps.flush()
        self._write_leads()
        self._write_flags()

    def _tell(self, lead: Lead, handoffs: list[Handoff], changes: list[StageChange]) -> None:
        words = [w for w in lead.contradictions if w != HANDOFF_NOT_KNOWN]
        for handoff in handoffs:
            found = contradictions_of(handoff, lead.received_at, self.now)
            words += found
            if found != handoff.contradictions:
                self.flags.append((handoff.pk, found))
        if _went_on_here(changes):
            words.append(_("Its history went on here before this handoff was brought along."))
            self.rows.append(self._row(lead, words))
            return
        if said := _ending_unknown_to(handoffs, changes):
            words.append(said)
        steps = _desired(lead, handoffs, changes)
        kept = _common(changes, steps)
        self.superseded += [change.pk for change in changes[kept:]]
        for step in steps[kept:]:
            self.steps.add(
                (
                    lead.pk,
                    step.from_stage,
                    step.to_stage,
                    step.at,
                    step.reason,
                    step.note,
                    True,
                )
            )
        lead.stage, lead.stage_at = steps[-1].to_stage, steps[-1].at
        lead.rep_id = handoffs[-1].rep_id if lead.stage in OF_SALES else None
        first = handoffs[0].handed_off_at
        lead.qualified_at = min(lead.qualified_at or first, first)
        lead.activity_at = max(lead.activity_at, lead.stage_at)
        if lead.stage not in WORKED:
            lead.next_touch_at = None
        self.rows.append(self._row(lead, words))

    def _row(self, lead: Lead, words: list[str]) -> tuple[object, ...]:
        return (
            lead.pk,
            str(lead.stage),
            lead.stage_at,
            lead.rep_id,
            lead.qualified_at,
            lead.activity_at,
            lead.next_touch_at,
            [word[:200] for word in dict.fromkeys(words)],
        )

    def _write_leads(self) -> None:
        with connection.cursor() as cursor:
            execute_values(
                cursor.cursor,
                """
                UPDATE prospects_lead AS lead
                   SET stage = said.stage, stage_at = said.stage_at, rep_id = said.rep_id,
                       qualified_at = said.qualified_at, activity_at = said.activity_at,
                       next_touch_at = said.next_touch_at, contradictions = said.contradictions
                  FROM (VALUES %s) AS said
                       (id, stage, stage_at, rep_id, qualified_at, activity_at, next_touch_at,
                        contradictions)
                 WHERE lead.id = said.id
                """,
                self.rows,
                template=(
                    "(%s, %s, %s::timestamptz, %s::bigint, %s::timestamptz, %s::timestamptz,"
                    " %s::timestamptz, %s::varchar[])"
                ),
                page_size=BATCH,
            )

    def _write_flags(self) -> None:
        if not self.flags:
            return
        with connection.cursor() as cursor:
            execute_values(
                cursor.cursor,
                """
                UPDATE handoff_handoff AS handoff SET contradictions = said.contradictions
                  FROM (VALUES %s) AS said (id, contradictions)
                 WHERE handoff.id = said.id
                """,
                self.flags,
                template="(%s, %s::varchar[])",
                page_size=BATCH,
            )


def _went_on_here(changes: Sequence[StageChange]) -> bool:
    """Whether somebody took a step here: what people did is not told anew."""
    return any(not change.brought_along and change.from_stage != NEW for change in changes)


def _ending_unknown_to(handoffs: Sequence[Handoff], changes: Sequence[StageChange]) -> str:
    """An ending that the leads file told and no handoff does."""
    known = {event.to_stage for handoff in handoffs for event in events_of(handoff)}
    told = [c for c in changes if c.to_stage in (Stage.WON, Stage.LOST) and c.to_stage not in known]
    if not told:
        return ""
    return (
        _("Is said to be %s, but no handoff of it ended so.")
        % str(Stage(told[-1].to_stage).label).lower()
    )


def _desired(lead: Lead, handoffs: Sequence[Handoff], changes: Sequence[StageChange]) -> list[Step]:
    first = handoffs[0].handed_off_at
    groups = [[event] for event in _own_events(changes, first)]
    groups += [events_of(handoff) for handoff in handoffs]
    return chain(changes[0].at if changes else lead.received_at, in_order(groups))


def _own_events(changes: Iterable[StageChange], first_handoff_at: datetime) -> list[Event]:
    """What the lead went through besides its handoffs."""
    return [
        Event(change.at, change.to_stage, change.reason, change.note)
        for change in changes
        if change.from_stage != NEW
        and change.to_stage not in OF_SALES
        and change.reason not in (RETURNED, STALLED)
        and not (change.to_stage == Stage.QUALIFIED and change.at >= first_handoff_at)
    ]


def _common(changes: Sequence[StageChange], steps: Sequence[Step]) -> int:
    """How many of the first steps stand already."""
    count = 0
    for change, step in zip(changes, steps, strict=False):
        if (change.from_stage, change.to_stage, change.at, change.reason, change.note) != (
            step.from_stage,
            step.to_stage,
            step.at,
            step.reason,
            step.note,
        ):
            break
        count += 1
    return count
