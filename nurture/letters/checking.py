"""What must come out of a pile before it is posted: everything is asked again, for all of its letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from nurture.actions import suppressible_address
from nurture.engine import gates
from nurture.engine.situations import AT_HAND, SHARED, Case, read_cases
from nurture.engine.states import PlannedState
from nurture.models import Letter, PlannedTouch, PrintBatch
from nurture.touching import Channel
from prospects.consents.hashing import hash_of
from team.models import Organisation


@dataclass(frozen=True)
class MustGo:
    """A letter that may not be posted any more."""

    letter: Letter
    why: str
    decision: gates.Later | gates.Skip | gates.Cancel | None
    """What becomes of its planned touch; None: it was stopped already."""
    lead_pk: int


def must_go(batch: PrintBatch, now: datetime) -> list[MustGo]:
    """What has to be taken out of a pile that is not posted yet, in its order, each with its reason.

    A lead that talked to us, opted out, was handed off; an address that changed or came back. Caps and
    words are no matter any more: it is printed. A fixed number of queries. `now`: the engine's.
    """
    letters = {letter.planned_id: letter for letter in batch.letters.inside().order_by("number")}
    planned_touches = list(
        PlannedTouch.objects.select_related(*AT_HAND).filter(pk__in=letters).order_by("pk")
    )
    held = [
        planned
        for planned in planned_touches
        if planned.state == PlannedState.CLAIMED and planned.lease == batch.lease
    ]
    found = [
        MustGo(
            letters[planned.pk],
            planned.reason or planned.get_state_display().lower(),
            None,
            planned.lead_id,
        )
        for planned in set(planned_touches).difference(held)
    ]
    found += _refused(held, letters, now)
    return sorted(found, key=lambda each: each.letter.number)


def _refused(
    held: list[PlannedTouch], letters: dict[int, Letter], now: datetime
) -> Iterable[MustGo]:
    prefetch_related_objects(held, *SHARED)
    organisation = Organisation.current()
    for case in read_cases(held, organisation=organisation, now=now):
        letter = letters[case.planned.pk]
        decision = _ask_again(case, now)
        if isinstance(decision, gates.Skip | gates.Cancel):
            yield MustGo(letter, decision.why, decision, case.planned.lead_id)
        elif _address_hash(case) != letter.address_hash:
            why = _("their address changed")
            later = gates.Later(case.planned.due_at, why)
            yield MustGo(letter, why, later, case.planned.lead_id)


def _ask_again(case: Case, now: datetime) -> gates.Decision:
    """The gates, but for the words: they are on paper."""
    return gates.decide(replace(case.situation, hindrance=""), calendar=case.calendar, now=now)


def _address_hash(case: Case) -> str:
    return hash_of(Channel.LETTER, suppressible_address(case.planned.contact, Channel.LETTER))
