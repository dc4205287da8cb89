"""What must never be so of planned touches: each a question that must return no row.

Asked in the tests after every fault, nightly, and by `manage.py verify_touches`.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import connection

MOST_SHOWN = 20

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Violation:
    """Rows that should not be: what is wrong with them, and the first of their planned touches."""

    what: str
    planned: tuple[int, ...]


class Broken(Exception):
    """What must never be so is so: a fault of the engine, or of whoever changed its tables by hand."""


INVARIANTS = {
    "more than one submission was accepted": """
        SELECT planned_id FROM nurture_submission WHERE result = 'accepted'
         GROUP BY 1 HAVING count(*) > 1""",
    "sent by machine without an accepted submission": """
        SELECT id FROM nurture_plannedtouch AS planned
         WHERE state = 'sent' AND performer = 'machine' AND channel = 'email'
           AND NOT EXISTS (SELECT FROM nurture_submission
                            WHERE planned_id = planned.id AND result = 'accepted')""",
    "accepted, but not sent": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_submission AS submission ON submission.planned_id = planned.id
         WHERE submission.result = 'accepted' AND planned.state <> 'sent'""",
    "an open submission of a touch that is not being sent": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_submission AS submission ON submission.planned_id = planned.id
         WHERE submission.result = '' AND planned.state <> 'submitting'""",
    "submitted to an address after it was suppressed": """
        SELECT submission.planned_id FROM nurture_submission AS submission
          JOIN prospects_suppression AS suppression USING (address_hash)
         WHERE suppression.at < submission.opened_at""",
    "a broken chain of states": """
        SELECT planned_id FROM (
            SELECT planned_id, number, from_state,
                   lag(to_state, 1, '') OVER chain AS was,
                   lag(number, 1, 0) OVER chain AS before
              FROM nurture_stateevent WINDOW chain AS (PARTITION BY planned_id ORDER BY number)
        ) AS event WHERE from_state <> was OR number <> before + 1""",
    "the last event is not its state": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          LEFT JOIN LATERAL (SELECT to_state FROM nurture_stateevent
                              WHERE planned_id = planned.id ORDER BY number DESC LIMIT 1
          ) AS latest ON true
         WHERE latest.to_state IS DISTINCT FROM planned.state""",
    "submitted again after an unknown fate without a person's word": """
        SELECT planned_id FROM (
            SELECT planned_id, result, lead(id) OVER (PARTITION BY planned_id ORDER BY number) AS later
              FROM nurture_submission
        ) AS earlier
         WHERE result = 'unknown' AND later IS NOT NULL
         GROUP BY planned_id
        HAVING count(*) > (
               SELECT count(*) FROM nurture_stateevent AS event
                WHERE event.planned_id = earlier.planned_id AND event.from_state = 'uncertain'
                  AND event.to_state = 'pending' AND event.by_id IS NOT NULL)""",
    "stuck: claimed past its lease": """
        SELECT id FROM nurture_plannedtouch
         WHERE state = 'claimed' AND lease_until < leadflow_now() - interval '5 minutes'""",
    "stuck: being sent for half an hour": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_submission AS submission ON submission.planned_id = planned.id
         WHERE planned.state = 'submitting' AND submission.result = ''
           AND submission.opened_at < leadflow_now() - interval '30 minutes'""",
    "stuck: overdue while nothing is paused": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_enrolment AS enrolment ON enrolment.id = planned.enrolment_id
          JOIN nurture_cadenceversion AS version ON version.id = enrolment.version_id
          JOIN nurture_cadence AS cadence ON cadence.id = version.cadence_id
         WHERE planned.state = 'pending'
           AND NOT (planned.performer = 'machine' AND planned.channel IN ('letter', 'direct_mail'))
           AND planned.due_at < leadflow_now() - interval '10 minutes'
           AND enrolment.paused_at IS NULL AND cadence.paused_at IS NULL
           AND NOT EXISTS (SELECT FROM nurture_engine
                            WHERE paused_at IS NOT NULL
                               OR (planned.channel = 'email' AND planned.performer = 'machine'
                                   AND (mail_paused_at IS NOT NULL
                                        OR mail_holds_until > leadflow_now())))""",
    "as many submissions as times it was being sent": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
         WHERE (SELECT count(*) FROM nurture_submission WHERE planned_id = planned.id)
            <> (SELECT count(*) FROM nurture_stateevent
                 WHERE planned_id = planned.id AND to_state = 'submitting')
           AND performer = 'machine' AND channel = 'email'""",
    "an active enrolment without exactly one open touch": """
        SELECT COALESCE(max(planned.id), -enrolment.id) FROM nurture_enrolment AS enrolment
          LEFT JOIN nurture_plannedtouch AS planned ON planned.enrolment_id = enrolment.id
         WHERE enrolment.ended_at IS NULL
         GROUP BY enrolment.id
        HAVING count(*) FILTER (WHERE planned.state IN
                 ('pending', 'claimed', 'submitting', 'awaiting_human', 'uncertain')) <> 1""",
    "something still planned in an enrolment that is over": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_enrolment AS enrolment ON enrolment.id = planned.enrolment_id
         WHERE enrolment.ended_at IS NOT NULL
           AND planned.state IN ('pending', 'claimed', 'awaiting_human')""",
    "one step planned twice": """
        SELECT max(id) FROM nurture_plannedtouch GROUP BY enrolment_id, step_id, occurrence
        HAVING count(*) > 1""",
    "submitted outside their hours": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_submission AS submission ON submission.planned_id = planned.id
          LEFT JOIN team_organisation AS ours ON true
         WHERE planned.channel = 'email'
           AND submission.opened_at >= COALESCE(ours.limits_since, '-infinity')
           AND ((submission.opened_at AT TIME ZONE planned.zone)::time
                  NOT BETWEEN COALESCE(ours.opens, '9:00') AND COALESCE(ours.closes, '17:00')
                OR extract(isodow FROM submission.opened_at AT TIME ZONE planned.zone)
                  <> ALL (COALESCE(ours.weekdays, '{1,2,3,4,5}')))""",
    "more automatic touches to a person in a day than the cap allows": """
        SELECT max(planned.id) FROM nurture_plannedtouch AS planned
          JOIN nurture_submission AS submission ON submission.planned_id = planned.id
          LEFT JOIN team_organisation AS ours ON true
         WHERE submission.result IN ('accepted', 'unknown', '')
           AND submission.opened_at >= COALESCE(ours.limits_since, '-infinity')
         -- By address too: who was two people that day, and is one since a merge, was written to twice.
         GROUP BY planned.contact_id, submission.address_hash,
                  (submission.opened_at AT TIME ZONE planned.zone)::date
        HAVING count(*) > COALESCE(max(ours.touches_a_day), 1)""",
    "submitted after the lead left the program or the cadence was over": """
        SELECT submission.planned_id FROM nurture_submission AS submission
          JOIN nurture_plannedtouch AS planned ON planned.id = submission.planned_id
          JOIN nurture_enrolment AS enrolment ON enrolment.id = planned.enrolment_id
         WHERE enrolment.ended_at < submission.opened_at
            OR EXISTS (SELECT FROM prospects_stagechange AS step
                        WHERE step.lead_id = planned.lead_id AND step.superseded_at IS NULL
                          AND step.from_stage = 'nurturing' AND step.at < submission.opened_at
                          AND NOT EXISTS (SELECT FROM prospects_stagechange AS back
                                           WHERE back.lead_id = planned.lead_id
                                             AND back.superseded_at IS NULL
                                             AND back.to_stage = 'nurturing'
                                             AND back.at BETWEEN step.at AND submission.opened_at))""",
    "steps out of order": """
        SELECT id FROM (
            SELECT planned.id, step.position,
                   lag(step.position) OVER (PARTITION BY planned.enrolment_id ORDER BY planned.id)
                     AS before
              FROM nurture_plannedtouch AS planned
              JOIN nurture_step AS step ON step.id = planned.step_id
             WHERE planned.state = 'sent'
        ) AS walked WHERE position < before""",
    "a letter that lies in no pile": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
         WHERE planned.state IN ('claimed', 'submitting')
           AND planned.channel IN ('letter', 'direct_mail')
           AND NOT EXISTS (SELECT FROM nurture_letter AS letter
                             JOIN nurture_printbatch AS batch ON batch.id = letter.batch_id
                            WHERE letter.planned_id = planned.id AND letter.out_at IS NULL
                              AND batch.cancelled_at IS NULL AND batch.lease = planned.lease)""",
    "a letter sent that nobody posted": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
         WHERE planned.state = 'sent' AND planned.performer = 'machine'
           AND planned.channel IN ('letter', 'direct_mail')
           AND NOT EXISTS (SELECT FROM nurture_letter
                            WHERE planned_id = planned.id AND posted_id = planned.touch_id)""",
    "a letter posted that is planned still": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_letter AS letter ON letter.planned_id = planned.id
         WHERE letter.posted_id IS NOT NULL AND letter.out_at IS NULL
           AND planned.state IN ('pending', 'claimed', 'submitting', 'awaiting_human')""",
    "stuck: posted, and not written down for ten minutes": """
        SELECT letter.planned_id FROM nurture_letter AS letter
          JOIN nurture_printbatch AS batch ON batch.id = letter.batch_id
         WHERE letter.posted_id IS NULL AND letter.out_at IS NULL
           AND batch.posted_at < leadflow_now() - interval '10 minutes'""",
    "a message of another lead": """
        SELECT planned.id FROM nurture_plannedtouch AS planned
          JOIN nurture_touch AS touch ON touch.id = planned.touch_id
         WHERE touch.lead_id <> planned.lead_id""",
}
"""What must not be, and the question that finds it: planned touches (or, negative, enrolments)."""


def violations() -> list[Violation]:
    """Ask them all; nothing is the good answer."""
    found = []
    with connection.cursor() as cursor:
        for what, question in INVARIANTS.items():
            cursor.execute(question)
            rows = cursor.fetchmany(MOST_SHOWN)
            if rows:
                found.append(Violation(what, tuple(pk for (pk,) in rows)))
    return found


def verify() -> int:
    """Ask them all and log what is broken, each at once; returns how many were asked.

    Refuses (Broken) to end well where one is: the engine's page shows a turn that failed.
    """
    found = violations()
    for violation in found:
        logger.error("invariant_broken", what=violation.what, planned=violation.planned)
    if found:
        raise Broken("; ".join(violation.what for violation in found))
    return len(INVARIANTS)
