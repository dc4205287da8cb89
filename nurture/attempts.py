"""What a lead's touches come to: its connect attempts and the columns of the lead that rest on them.

Written anew from the touches, for one lead after a touch and for a whole file of them after an
import, so that what is stored can never drift from what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from django.db import connection

from nurture.models import Attempt
from nurture.touching import (
    ATTEMPT_CHANNELS,
    TALKED,
    ConnectAttempt,
    Direction,
    group_attempts,
    is_conversation,
)
from prospects.imports.statements import CopyBuffer, fetch
from prospects.models import Lead
from team.calendar import Calendar
from team.models import Organisation

BATCH = 2000
"""Leads whose touches are in memory at a time."""


class StandingTouch(NamedTuple):
    """What grouping needs of a touch, cheaper than the whole: an import groups 100,000s."""

    lead_id: int
    channel: str
    direction: str
    outcome: str
    occurred_at: datetime


class RememberingCalendar(Calendar):
    """The same calendar, asked for many windows: the touches of one day share theirs."""

    @cached_property
    def _windows(self) -> dict[tuple[date, int], datetime]:
        return {}

    def end_of_window(self, start: datetime, working_days: int) -> datetime:
        key = (start.astimezone(self.zone).date(), working_days)
        if key not in self._windows:
            self._windows[key] = super().end_of_window(start, working_days)
        return self._windows[key]


@dataclass(frozen=True)
class TouchSummary:
    """What the standing touches of one lead come to."""

    attempts: list[ConnectAttempt]
    outbound: int = 0
    last_at: datetime | None = None
    last_outbound_at: datetime | None = None
    conversation_at: datetime | None = None

    @property
    def complete_attempts(self) -> int:
        return sum(attempt.is_complete for attempt in self.attempts)


def sum_up(touches: Iterable[StandingTouch], calendar: Calendar) -> TouchSummary:
    """`touches`: the standing ones of one lead, in the order they occurred."""
    made = list(touches)
    ours = [touch.occurred_at for touch in made if touch.direction == Direction.OUT]
    talks = [
        touch.occurred_at
        for touch in made
        if is_conversation(touch.channel, touch.direction, touch.outcome)
    ]
    return TouchSummary(
        attempts=group_attempts(made, calendar),
        outbound=len(ours),
        last_at=made[-1].occurred_at if made else None,
        last_outbound_at=ours[-1] if ours else None,
        conversation_at=talks[-1] if talks else None,
    )


def regroup(lead_ids: Sequence[int]) -> None:
    """Write the attempts and the touch columns of any number of leads anew from their touches.

    A fixed number of queries per batch of leads. Call it in the transaction that wrote the touches,
    with the leads locked.
    """
    organisation = Organisation.current()
    calendar = RememberingCalendar(organisation.zone, organisation.country)
    for start in range(0, len(lead_ids), BATCH):
        _regroup_batch(list(lead_ids[start : start + BATCH]), calendar)


def regroup_lead(lead: Lead, calendar: Calendar, *, talked: bool = True) -> TouchSummary:
    """The same for one lead, which is brought up to date; returns what its touches come to.

    Stores the attempts that are not stored so yet. The columns of the lead (TOUCH_COLUMNS) are the
    caller's to save. `talked`: a conversation was written or taken back, so that what is said of the
    people must be written anew too.
    """
    summary = summary_of(lead, calendar)
    _keep_attempts(lead.pk, summary.attempts)
    lead.outbound_touches = summary.outbound
    lead.conversation_at = summary.conversation_at
    lead.complete_attempts = summary.complete_attempts
    if summary.last_at is not None:
        lead.activity_at = max(lead.activity_at, summary.last_at)
    if talked:
        _write_people([lead.pk])
    return summary


TOUCH_COLUMNS = ("outbound_touches", "conversation_at", "complete_attempts", "activity_at")
"""The columns of a lead that rest on its touches."""


def _keep_attempts(lead_id: int, attempts: Sequence[ConnectAttempt]) -> None:
    """Store one lead's attempts in one statement; rows that say so already are left alone."""
    rows = [_row(lead_id, attempt) for attempt in attempts]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(ATTEMPT_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_ATTEMPTS, [lead_id, len(rows), *columns])


_KEEP_ATTEMPTS = """
    WITH gone AS (
        DELETE FROM nurture_attempt WHERE lead_id = %s AND number > %s
    )
    INSERT INTO nurture_attempt AS stored (
        lead_id, number, opened_at, closes_at, called, left_voicemail, emailed, conversation_at,
        completed_at
    )
    SELECT * FROM unnest(
        %s::bigint[], %s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::boolean[],
        %s::boolean[], %s::boolean[], %s::timestamptz[], %s::timestamptz[]
    )
    ON CONFLICT (lead_id, number) DO UPDATE
       SET opened_at = excluded.opened_at, closes_at = excluded.closes_at,
           called = excluded.called, left_voicemail = excluded.left_voicemail,
           emailed = excluded.emailed, conversation_at = excluded.conversation_at,
           completed_at = excluded.completed_at
     WHERE (stored.opened_at, stored.closes_at, stored.called, stored.left_voicemail,
            stored.emailed, stored.conversation_at, stored.completed_at)
           IS DISTINCT FROM
           (excluded.opened_at, excluded.closes_at, excluded.called, excluded.left_voicemail,
            excluded.emailed, excluded.conversation_at, excluded.completed_at)
"""


def summary_of(lead: Lead, calendar: Calendar) -> TouchSummary:
    """What the touches of one lead come to, read only."""
    return sum_up(_standing([lead.pk]), calendar)


def summaries_of(lead_ids: Sequence[int], calendar: Calendar) -> dict[int, TouchSummary]:
    """The same for many leads, by their ids, in one question."""
    summaries = {lead_id: TouchSummary([]) for lead_id in lead_ids}
    for lead_id, of_lead in groupby(_standing(lead_ids), lambda touch: touch.lead_id):
        summaries[lead_id] = sum_up(of_lead, calendar)
    return summaries


def _standing(lead_ids: Sequence[int]) -> Iterable[StandingTouch]:
    rows = fetch(
        """
        SELECT lead_id, channel, direction, outcome, occurred_at
          FROM nurture_touch
         WHERE lead_id = ANY(%(leads)s) AND superseded_at IS NULL
         ORDER BY lead_id, occurred_at, id
        """,
        {"leads": list(lead_ids)},
    )
    return map(StandingTouch._make, rows)


def _regroup_batch(lead_ids: list[int], calendar: Calendar) -> dict[int, TouchSummary]:
    summaries = summaries_of(lead_ids, calendar)
    Attempt.objects.filter(lead__in=lead_ids).delete()
    copied = CopyBuffer("nurture_attempt", ATTEMPT_COLUMNS)
    for lead_id, summary in summaries.items():
        for attempt in summary.attempts:
            copied.add(_row(lead_id, attempt))
    copied.flush()
    _write_columns(summaries)
    return summaries


ATTEMPT_COLUMNS = (
    "lead_id",
    "number",
    "opened_at",
    "closes_at",
    "called",
    "left_voicemail",
    "emailed",
    "conversation_at",
    "completed_at",
)


def _row(lead_id: int, attempt: ConnectAttempt) -> tuple[object, ...]:
    return (
        lead_id,
        attempt.number,
        attempt.opened_at,
        attempt.closes_at,
        *(channel in attempt.channels for channel in ATTEMPT_CHANNELS),
        attempt.conversation_at,
        attempt.completed_at,
    )


def _write_columns(summaries: dict[int, TouchSummary]) -> None:
    """What the touches say of the leads and of the people in them: two statements for any number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE prospects_lead AS lead
               SET outbound_touches = made.outbound,
                   conversation_at = made.conversation_at,
                   complete_attempts = made.complete_attempts,
                   activity_at = GREATEST(lead.activity_at, made.last_at)
              FROM unnest(
                       %s::bigint[], %s::integer[], %s::timestamptz[], %s::integer[],
                       %s::timestamptz[]
                   ) AS made (lead_id, outbound, conversation_at, complete_attempts, last_at)
             WHERE lead.id = made.lead_id
            """,
            [
                list(summaries),
                [summary.outbound for summary in summaries.values()],
                [summary.conversation_at for summary in summaries.values()],
                [summary.complete_attempts for summary in summaries.values()],
                [summary.last_at for summary in summaries.values()],
            ],
        )
    _write_people(list(summaries))


def _write_people(lead_ids: Sequence[int]) -> None:
    """The last conversation with each person in the touches of these leads.

    A person may be in the touches of more than one lead of their company.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE prospects_contact AS contact
               SET conversation_at = talks.talked
              FROM (
                       SELECT contact_id, max(occurred_at) FILTER (
                                  WHERE superseded_at IS NULL AND outcome = ANY(%(talked)s)
                              ) AS talked
                         FROM nurture_touch
                        WHERE contact_id IN (
                                  SELECT contact_id FROM nurture_touch
                                   WHERE lead_id = ANY(%(leads)s)
                              )
                        GROUP BY contact_id
                   ) AS talks
             WHERE contact.id = talks.contact_id
               AND contact.conversation_at IS DISTINCT FROM talks.talked
            """,
            {"leads": list(lead_ids), "talked": [str(outcome) for outcome in TALKED]},
        )
