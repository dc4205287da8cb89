"""One step of many leads at once: what `actions` does for one, in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, When
from django.db.models.functions import Coalesce, Greatest

from prospects.actions import reassess, terms_in_force
from prospects.models import Lead, StageChange
from prospects.stages import WORKED, IllegalStep, Stage, check_step
from team.models import User


@dataclass(frozen=True)
class Move:
    """One lead's step, with why."""

    lead_id: int
    from_stage: str
    to_stage: str
    reason: str = ""
    note: str = ""


def change_stages(moves: Iterable[Move], *, now: datetime, by: User | None) -> int:
    """Take the steps and append them to the histories; returns how many. `by` None means a rule.

    Only between raw and screened out, where nothing else of the lead changes. Call it in the transaction
    that locked the leads. Refuses (IllegalStep) what section 3 of the domain does not list, and all of it
    where a lead's stage is not the one said.
    """
    groups: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in moves:
        groups[move.from_stage, move.to_stage].append(move)
    for (from_stage, to_stage), group in groups.items():
        check_step(from_stage, to_stage)
        if {from_stage, to_stage} != {Stage.RAW, Stage.SCREENED_OUT}:
            raise IllegalStep(from_stage, to_stage)
        StageChange.objects.bulk_create(
            StageChange(
                lead_id=move.lead_id,
                from_stage=from_stage,
                to_stage=to_stage,
                at=now,
                by=by,
                reason=move.reason,
                note=move.note,
            )
            for move in group
        )
        written: dict[str, Any] = {
            "stage": to_stage,
            "stage_at": now,
            "activity_at": Greatest(F("activity_at"), now),
        }
        if to_stage not in WORKED:
            written["next_touch_at"] = None
        moved = Lead.objects.filter(pk__in=[move.lead_id for move in group], stage=from_stage)
        if moved.update(**written) != len(group):
            raise IllegalStep(from_stage, to_stage)
    return sum(len(group) for group in groups.values())


def enter_program(leads: Sequence[Lead], *, now: datetime, by: User | None) -> None:
    """Take raw leads, which the caller has locked, into the program, and append it to their histories.

    What `actions.enter_program` does for one; whoever has a lead keeps it. A fixed number of
    statements, but for a lead of which everything is documented: that one may pass the gate at once.
    The leads given are brought up to date. Refuses (IllegalStep) where one is not raw any more.
    """
    if not leads:
        return
    StageChange.objects.bulk_create(
        StageChange(lead=lead, from_stage=Stage.RAW, to_stage=Stage.NURTURING, at=now, by=by)
        for lead in leads
    )
    terms = terms_in_force()
    is_mql = When(mql_at=None, documented__gte=terms.mql_attributes, then=now)
    moved = Lead.objects.filter(pk__in=[lead.pk for lead in leads], stage=Stage.RAW)
    written: dict[str, Any] = {
        "stage": Stage.NURTURING,
        "stage_at": now,
        "activity_at": Greatest(F("activity_at"), now),
        "entered_program_at": Coalesce(F("entered_program_at"), now),
        "mql_at": Case(is_mql, default=F("mql_at")),
    }
    if moved.update(**written) != len(leads):
        raise IllegalStep(Stage.RAW, Stage.NURTURING)
    for lead in leads:
        lead.stage, lead.stage_at = Stage.NURTURING, now
        lead.activity_at = max(lead.activity_at, now)
        lead.entered_program_at = lead.entered_program_at or now
        if lead.documented >= terms.mql_attributes:
            lead.mql_at = lead.mql_at or now
        if not lead.open_attributes:
            reassess(lead=lead, now=now, terms=terms)
