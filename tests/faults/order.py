"""What came first, whatever the clock said: written down by triggers, under the locks that decide it.

Two invariants compare instants, which mean nothing once the clock has gone back. The injector asks
them of this order instead.
"""

from __future__ import annotations

from django.db import connection

_CREATE = """
CREATE TABLE faults_order (seq bigserial PRIMARY KEY, what text, planned bigint, enrolment bigint,
                           lead bigint, address text);
CREATE FUNCTION faults_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'nurture_submission' THEN
        INSERT INTO faults_order (what, planned, enrolment, lead, address)
        SELECT 'submitted', id, enrolment_id, lead_id, NEW.address_hash
          FROM nurture_plannedtouch WHERE id = NEW.planned_id;
    ELSIF TG_TABLE_NAME = 'prospects_suppression' THEN
        INSERT INTO faults_order (what, address) VALUES ('suppressed', NEW.address_hash);
    ELSIF TG_TABLE_NAME = 'nurture_enrolment' THEN
        INSERT INTO faults_order (what, enrolment) VALUES ('ended', NEW.id);
    ELSE
        INSERT INTO faults_order (what, lead)
        VALUES (CASE NEW.stage WHEN 'nurturing' THEN 'entered' ELSE 'left' END, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER faults_submitted AFTER INSERT ON nurture_submission
   FOR EACH ROW EXECUTE FUNCTION faults_note();
CREATE TRIGGER faults_suppressed AFTER INSERT ON prospects_suppression
   FOR EACH ROW EXECUTE FUNCTION faults_note();
CREATE TRIGGER faults_ended AFTER UPDATE ON nurture_enrolment
   FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
   EXECUTE FUNCTION faults_note();
CREATE TRIGGER faults_moved AFTER UPDATE ON prospects_lead
   FOR EACH ROW WHEN ((OLD.stage = 'nurturing') <> (NEW.stage = 'nurturing'))
   EXECUTE FUNCTION faults_note();
"""

BY_ORDER = {
    "submitted to an address after it was suppressed": """
        SELECT planned FROM faults_order AS submitted
         WHERE what = 'submitted' AND EXISTS (
               SELECT FROM faults_order AS suppressed
                WHERE suppressed.what = 'suppressed' AND suppressed.address = submitted.address
                  AND suppressed.seq < submitted.seq)""",
    "submitted after the lead left the program or the cadence was over": """
        SELECT planned FROM faults_order AS submitted
         WHERE what = 'submitted'
           AND (EXISTS (SELECT FROM faults_order AS ended
                         WHERE ended.what = 'ended' AND ended.enrolment = submitted.enrolment
                           AND ended.seq < submitted.seq)
                OR (SELECT what FROM faults_order AS moved
                     WHERE moved.lead = submitted.lead AND moved.what IN ('left', 'entered')
                       AND moved.seq < submitted.seq ORDER BY seq DESC LIMIT 1) = 'left')""",
}
"""The invariants of these names (nurture.engine.invariants), asked of the order."""


def note_order() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
