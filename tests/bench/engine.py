"""How fast the engine decides and sends: against the bare claim of the same rows, and a bare smtplib loop."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import django
from django.conf import settings
from django.db import connection
from django.test import override_settings

if __name__ == "__main__":
    django.setup()
    for service in settings.EMBEDDED_SERVICES:
        service.ensure()

from nurture.cadences.enrolments import publish
from nurture.engine.channels import SmtpCourier
from nurture.engine.composing import compose
from nurture.engine.deciding import decide_batch
from nurture.engine.dispatching import claim, dispatch
from nurture.models import Cadence, Step, Template
from prospects.consents.hashing import address_hash
from team.models import Organisation, User
from tests.bench.imports import most_memory
from tests.bench.server import cpu_seconds_of

NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)
"""A Wednesday, eleven in the morning in New York: the engine's clock shows this all the while."""
TICKS = 7
CONNECTIONS = (1, 4)
SLOW_MS = 50
"""What a mail server some way off takes for each of its answers."""

FATES = ("later", "skipped", "capped", "anew", "cancelled", "suppressed")
"""What becomes of the touches that do not go, as evenly as their numbers fall."""


@dataclass(frozen=True)
class Decided:
    """What deciding everything that was due cost."""

    seconds: float
    cpu: float
    """Seconds of both, the dispatcher's and PostgreSQL's: what neighbours take is not in them."""
    memory: int
    """Bytes that the process held at most, above what it held before."""
    states: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(self.states.values())


def report(due: int, past: int, mails: int) -> str:
    """The part of the report about the engine: `due` at one instant, `past` touches behind it."""
    _freeze_clock()
    _cadence()
    print(f"Making {due:,} planned touches, due at one instant …")
    _plan(due, going=False)
    bare, bare_cpu = _bare_claim()
    _plan_again()
    decided = _in_a_process("decide")
    print(f"{decided.rows:,} decided in {decided.seconds:.1f} s: {decided.states}")
    _empty()
    lines = [
        "## The engine",
        "",
        (
            f"{due:,} emails of a cadence due at one instant, each with a lead, a person and a company"
            " of its own; all gates are asked of each, and none goes: a sixth each outside their"
            " hours, without the name that the template mentions, at the cap, past its time, out of"
            " the program, suppressed. What follows is written down: a new time, the next step, the"
            " end of the cadence, and the lead’s next touch. The floor is the claim alone, of the"
            " same rows in the same batches: the database keeps a history of states below both."
        ),
        "",
        "| job | rows | seconds | rows/s | × claim | CPU s | × claim | memory MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        (
            f"| bare claim | {due:,} | {bare:.1f} | {due / bare:,.0f} | 1.00 | {bare_cpu:.1f} | 1.00"
            " | |"
        ),
        (
            f"| decide all | {decided.rows:,} | {decided.seconds:.1f}"
            f" | {decided.rows / decided.seconds:,.0f} | {decided.seconds / bare:.2f}"
            f" | {decided.cpu:.1f} | {decided.cpu / bare_cpu:.2f} | {decided.memory / 2**20:.0f} |"
        ),
        "",
        *_mails(mails),
        "",
        *_ticks(past),
        "",
    ]
    return "\n".join(lines)


# What is due


def _freeze_clock() -> None:
    """The engine's clock shows NOW, for this database and all who connect from now on; it goes on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM %s - now()) || ' seconds'", [NOW])
        (shift,) = cursor.fetchone()
        name = settings.DATABASES["default"]["NAME"]
        cursor.execute(f"ALTER DATABASE {name} SET leadflow.clock_shift = %s", [shift])
    connection.close()


def _cadence() -> Cadence:
    Organisation.objects.update(
        mail_from="program@bench.example", postal_address="1 Canal Street\nBoston, MA 02110"
    )
    template = Template.objects.create(
        name="Bench",
        subject="Drives at {{ company }}",
        body="Hello {{ first_name }},\n\nhow do you keep line 3 running?\n\n{{ specialist }}",
        created_at=NOW,
    )
    cadence = Cadence.objects.create(name="Bench", created_at=NOW)
    publish(
        cadence=cadence,
        steps=[
            Step(position=1, channel="email", after_days=0, performer="machine", template=template),
            Step(position=2, channel="phone", after_days=2, performer="person"),
        ],
        by=User.objects.get(name="Marketing"),
        now=NOW,
    )
    return cadence


def _plan(leads: int, *, going: bool) -> None:
    """So many leads more, each in the cadence with its first email due; `going`: every gate is open.

    Written in sets. What a lead's number divided by six leaves over says why its email does not go.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM prospects_lead")
        first = cursor.fetchone()[0] + 1
        told = {"first": first, "last": first + leads - 1, "now": NOW, "going": going}
        for statement in _DUE:
            cursor.execute(statement, told)
        cursor.execute("VACUUM ANALYZE")
    if not going:
        _suppress(told["first"], told["last"])


def _suppress(first: int, last: int) -> None:
    from prospects.models import Suppression

    Suppression.objects.bulk_create(
        Suppression(
            channel="email",
            address_hash=address_hash(settings.SUPPRESSION_KEY, "email", _address(number)),
            why=Suppression.Why.UNSUBSCRIBED,
            at=NOW,
        )
        for number in range(first, last + 1)
        if number % 6 == FATES.index("suppressed")
    )


def _address(number: int) -> str:
    return f"m{number}@company{number}.example"


_DUE = (
    """
    INSERT INTO prospects_source (name, kind)
    SELECT 'Bench', 'list' WHERE NOT EXISTS (SELECT 1 FROM prospects_source)
    """,
    """
    INSERT INTO prospects_company (id, name, name_key, domain, industry_basis, firmographics_basis,
                                   country, region, city, postal_code, street, timezone, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'Company ' || n, 'company' || n, 'company' || n || '.example', '', 'imported',
           CASE WHEN n %% 6 = 0 AND NOT %(going)s THEN 'JP' ELSE 'US' END, 'Ohio', 'Toledo', '43601',
           n || ' Mill Street',
           CASE WHEN n %% 6 = 0 AND NOT %(going)s THEN 'Asia/Tokyo' ELSE 'America/New_York' END,
           %(now)s
      FROM generate_series(%(first)s, %(last)s) n
    """,
    """
    INSERT INTO prospects_contact (id, company_id, first_name, last_name, title, buying_role, email,
                                   email_key, phone, phone_key, timezone, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT n, n, CASE WHEN n %% 6 = 1 AND NOT %(going)s THEN '' ELSE 'Maria' END,
           'Lindqvist ' || n, 'Plant Director', 'decision_maker',
           'm' || n || '@company' || n || '.example', 'm' || n || '@company' || n || '.example',
           '+1 419 ' || lpad((2000000 + n)::text, 7, '0'), '+1419' || (2000000 + n), '', %(now)s
      FROM generate_series(%(first)s, %(last)s) n
    """,
    """
    INSERT INTO prospects_lead (
        id, company_id, contact_id, source_id, team_id, specialist_id, assigned_why, received_at,
        horizon, note, version, stage, stage_at, entered_program_at, screening, contradictions,
        documented, open_attributes, outbound_touches, complete_attempts, next_touch_at,
        next_touch_channel, next_touch_rank, next_touch_why, activity_at, search_text)
    OVERRIDING SYSTEM VALUE
    SELECT n, n, n, (SELECT min(id) FROM prospects_source),
           (SELECT team_id FROM team_user WHERE name = 'Specialist 0 0'),
           (SELECT id FROM team_user WHERE name = 'Specialist 0 0'),
           '', %(now)s - interval '90 days', 'near_term', '', 1,
           CASE WHEN n %% 6 = 4 AND NOT %(going)s THEN 'disqualified' ELSE 'nurturing' END,
           %(now)s - interval '90 days', %(now)s - interval '90 days', '[]', '{}', 2,
           '{environment,pain}', 3, 0, %(now)s - interval '1 hour', 'email', 9,
           'Bench: an email goes out by itself', %(now)s - interval '30 days',
           lower('Company ' || n || ' Maria Lindqvist ' || n)
      FROM generate_series(%(first)s, %(last)s) n
    """,
    """
    INSERT INTO nurture_touch (lead_id, contact_id, channel, direction, outcome, occurred_at, by_id,
                               note)
    SELECT n, n, (array['phone', 'voicemail', 'email'])[t], 'out',
           (array['no_answer', 'left', 'sent'])[t], %(now)s - (40 + t) * interval '1 day',
           (SELECT id FROM team_user WHERE name = 'Specialist 0 0'), ''
      FROM generate_series(%(first)s, %(last)s) n, generate_series(1, 3) t
    """,
    """
    INSERT INTO nurture_enrolment (lead_id, contact_id, version_id, track, enrolled_at, why, "end")
    SELECT n, n, (SELECT max(id) FROM nurture_cadenceversion), 'main', %(now)s, 'bench', ''
      FROM generate_series(%(first)s, %(last)s) n
    """,
    # Those at the cap had a mail yesterday, of an enrolment that is over.
    """
    INSERT INTO nurture_plannedtouch (
        enrolment_id, step_id, occurrence, lead_id, contact_id, channel, performer, state, reason,
        due_on, due_time, zone, due_at, not_after, epoch, tries, created_at)
    SELECT enrolment.id, step.id, 1, enrolment.lead_id, enrolment.contact_id, 'email', 'machine',
           'pending', '', (%(now)s AT TIME ZONE 'America/New_York')::date, '10:00',
           'America/New_York', %(now)s - interval '1 hour',
           %(now)s + CASE WHEN enrolment.lead_id %% 6 = 3 AND NOT %(going)s
                          THEN interval '-1 minute' ELSE interval '23 hours' END,
           0, 0, %(now)s
      FROM nurture_enrolment AS enrolment
      JOIN nurture_step AS step ON step.version_id = enrolment.version_id AND step.position = 1
     WHERE enrolment.lead_id BETWEEN %(first)s AND %(last)s
    """,
    """
    INSERT INTO nurture_submission (planned_id, number, lease, opened_at, message_id,
                                    unsubscribe_token, address_hash, subject, body, body_sha256,
                                    result, reply, closed_at)
    SELECT planned.id, 1, gen_random_uuid(), %(now)s - interval '2 hours', '<bench>',
           'bench ' || planned.id, 'bench', '', '', '', 'unknown', 'bench', %(now)s
      FROM nurture_plannedtouch AS planned
     WHERE planned.lead_id BETWEEN %(first)s AND %(last)s AND planned.lead_id %% 6 = 2
       AND NOT %(going)s
    """,
)


def _bare_claim() -> tuple[float, float]:
    """Seconds of claiming all that is due, in batches, and doing nothing with it; and of CPU."""
    began, before = time.perf_counter(), _cpu()
    while claim():
        pass
    return time.perf_counter() - began, _cpu() - before


def _cpu() -> float:
    """Seconds of CPU that this process and its connection to PostgreSQL took so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return time.process_time() + cpu_seconds_of(backend)


def _plan_again() -> None:
    """Put back what was claimed and not decided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE nurture_plannedtouch SET state = 'pending', lease = NULL, lease_until = NULL"
            " WHERE state = 'claimed'"
        )
        cursor.execute("VACUUM ANALYZE")


def _in_a_process(job: str) -> Decided:
    """Do it in a process of its own, whose memory is its own."""
    output = subprocess.run(
        [sys.executable, "-m", "tests.bench.engine", job],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return Decided(**json.loads(output.splitlines()[-1]))


def _work() -> None:
    """Decide all that is due in this process; prints what it cost."""
    held = most_memory()
    began, before = time.perf_counter(), _cpu()
    done = dispatch([SmtpCourier()])
    took = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": took,
                "cpu": _cpu() - before,
                "memory": most_memory() - held,
                "states": {str(state): count for state, count in done.items()},
            }
        )
    )


# What goes


def _mails(mails: int) -> list[str]:
    lines = [
        (
            f"{mails:,} emails that every gate lets through, to a mail server in a process of its own"
            " on the same two cores, which answers at once or takes"
            f" {SLOW_MS} ms for the answer to each message. The floor is a loop around smtplib’s"
            " `sendmail` with the same message on as many connections; it asks nobody and writes"
            " nothing down."
        ),
        "",
        "| connections | server | smtplib, mails/s | LeadFlow, mails/s | × smtplib | CPU ms a mail |",
        "|--:|---|--:|--:|--:|--:|",
    ]
    for slow in (0, SLOW_MS):
        for connections in CONNECTIONS:
            count = mails // 4 if slow and connections == 1 else mails
            _plan(count, going=True)
            with _mail_server(slow) as port:
                floor = _bare_loop(port, count, connections)
                sent, cpu = _sent(port, count, connections)
            lines.append(
                f"| {connections} | {f'{slow} ms' if slow else 'at once'} | {floor:.0f}"
                f" | {sent:.0f} | {floor / sent:.2f} | {cpu * 1000:.1f} |"
            )
            print(lines[-1])
    return lines


def _sent(port: int, mails: int, connections: int) -> tuple[float, float]:
    """Mails a second by the engine, and the seconds of its own CPU for each."""
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, MAIL_CONNECTIONS=connections):
        began, before = time.perf_counter(), time.process_time()
        done = dispatch()
        took, cpu = time.perf_counter() - began, time.process_time() - before
    assert done["sent"] == mails, done
    return mails / took, cpu / mails


def _bare_loop(port: int, mails: int, connections: int) -> float:
    """Mails a second by smtplib alone, with a message such as the engine writes."""
    message = _a_message()

    def loop(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for _mail in range(number):
                server.sendmail("program@bench.example", ["m1@company1.example"], message)

    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(loop, [mails // connections] * connections))
    return mails / (time.perf_counter() - began)


def _a_message() -> bytes:
    claims = claim(1)
    ((going,), _done) = decide_batch(claims)
    _plan_again()
    return compose(
        going.planned,
        going.written,
        organisation=going.organisation,
        unsubscribe_token="x" * 43,
    ).content


@contextmanager
def _mail_server(slow_ms: int) -> Iterator[int]:
    """A mail server that takes everything and keeps nothing, in a process of its own."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.mail_sink", str(port), str(slow_ms)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    server.stdout.readline()  # it listens
    try:
        yield port
    finally:
        server.terminate()
        server.wait()


# What lies behind


def _ticks(past: int) -> list[str]:
    """A tick with nothing due and one with two batches due, with `past` touches behind and with none."""
    portion = 600
    found: dict[tuple[int, str], float] = {}
    _empty()
    for behind in (0, past):
        if behind:
            print(f"Making {behind:,} past touches …")
            _make_past(behind)
        found[behind, "nothing due"] = _median(_tick)
        found[behind, f"{portion} due"] = _median(_tick, lambda: _plan(portion, going=False))
    lines = [
        (
            f"A tick (`manage.py dispatch`, median of {TICKS}) with {past:,} past touches, each with"
            " its submission and its history, and with none:"
        ),
        "",
        f"| tick | none, ms | {past:,}, ms | ratio |",
        "|---|--:|--:|--:|",
    ]
    for job in ("nothing due", f"{portion} due"):
        none, many = found[0, job], found[past, job]
        lines.append(f"| {job} | {none * 1000:.1f} | {many * 1000:.1f} | {many / none:.2f} |")
        print(lines[-1])
    return lines


def _empty() -> None:
    """What was measured before is out of the way."""
    with connection.cursor() as cursor:
        for statement in _EMPTY:
            cursor.execute(statement)


def _tick() -> Counter[str]:
    return dispatch([SmtpCourier()])


def _median(job: Callable[[], object], before: Callable[[], object] | None = None) -> float:
    found = []
    for _turn in range(TICKS):
        if before is not None:
            before()
        began = time.perf_counter()
        job()
        found.append(time.perf_counter() - began)
    return sorted(found)[TICKS // 2]


_EMPTY = (
    "SET session_replication_role = replica",
    (
        "TRUNCATE nurture_plannedtouch, nurture_submission, nurture_stateevent, nurture_enrolment,"
        " nurture_touch, prospects_suppression, prospects_lead, prospects_contact, prospects_company"
        " CASCADE"
    ),
    "SET session_replication_role = origin",
)


def _make_past(touches: int) -> None:
    """So many touches that were sent, ten to a lead, as the engine leaves them. In sets.

    The triggers that keep the history are off meanwhile: they would take ten times as long, and what
    they would write is written here.
    """
    leads = touches // 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(max(id), 0) FROM prospects_lead")
        first = cursor.fetchone()[0] + 1
        told = {"first": first, "last": first + leads - 1, "now": NOW, "going": True}
        cursor.execute("SET session_replication_role = replica")
        for statement in (*_DUE[1:4], *_PAST):
            cursor.execute(statement, told)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


_PAST = (
    """
    INSERT INTO nurture_enrolment (lead_id, contact_id, version_id, track, enrolled_at, why, "end",
                                   ended_at)
    SELECT n, n, (SELECT max(id) FROM nurture_cadenceversion), 'main',
           %(now)s - interval '1 year', 'bench', 'completed', %(now)s - interval '30 days'
      FROM generate_series(%(first)s, %(last)s) n
    """,
    """
    WITH made AS (
        INSERT INTO nurture_touch (lead_id, contact_id, channel, direction, outcome, occurred_at,
                                   note)
        SELECT n, n, 'email', 'out', 'sent', %(now)s - t * interval '30 days', ''
          FROM generate_series(%(first)s, %(last)s) n, generate_series(1, 10) t
        RETURNING id, lead_id, occurred_at
    ), planned AS (
        INSERT INTO nurture_plannedtouch (
            enrolment_id, step_id, occurrence, lead_id, contact_id, channel, performer, state,
            reason, due_on, due_time, zone, due_at, not_after, epoch, tries, created_at, ended_at,
            touch_id)
        SELECT enrolment.id, (SELECT min(id) FROM nurture_step),
               row_number() OVER (PARTITION BY enrolment.id), made.lead_id, made.lead_id, 'email',
               'machine', 'sent', '', made.occurred_at::date, '10:00', 'America/New_York',
               made.occurred_at, made.occurred_at, 1, 1, made.occurred_at, made.occurred_at, made.id
          FROM made JOIN nurture_enrolment AS enrolment USING (lead_id)
        RETURNING id, due_at
    ), submitted AS (
        INSERT INTO nurture_submission (planned_id, number, lease, opened_at, message_id,
                                        unsubscribe_token, address_hash, subject, body, body_sha256,
                                        result, reply, closed_at)
        SELECT id, 1, gen_random_uuid(), due_at, id || '@bench', 'past ' || id, 'past ' || id,
               'Drives', repeat('How do you keep line 3 running? ', 8), '', 'accepted', '250 OK',
               due_at
          FROM planned
    )
    INSERT INTO nurture_stateevent (planned_id, number, from_state, to_state, at, reason, epoch)
    SELECT planned.id, step.number, step.from_state, step.to_state, planned.due_at, '', 1
      FROM planned,
           (VALUES (1, '', 'pending'), (2, 'pending', 'claimed'), (3, 'claimed', 'submitting'),
                   (4, 'submitting', 'sent')) AS step (number, from_state, to_state)
    """,
)


if __name__ == "__main__":
    _work()
