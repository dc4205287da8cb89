"""The engine's page: what it shows, its switches, and settling many after an outage."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client

from nurture.cadences.enrolments import enrol
from nurture.engine import running, turns
from nurture.engine.clock import engine_now
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.models import Cadence, Engine, Enrolment, PlannedTouch, Submission, SwitchEvent
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.models import Organisation, User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
PAGE = "/engine/"


@pytest.fixture
def mail_cadence(make_cadence: Callable[..., Cadence]) -> Cadence:
    return make_cadence(("email", 0), ("phone", 2))


@pytest.fixture
def enrolled(
    make_lead: Callable[..., Lead], mail_cadence: Cadence, dana: User
) -> Callable[[], Enrolment]:
    """Put another lead into a cadence whose first mail is due."""
    return lambda: enrol(
        lead=make_lead(now=NOW - timedelta(days=60)),
        cadence=mail_cadence,
        by=dana,
        now=NOW - timedelta(hours=2),
    )


@pytest.fixture
def uncertain(enrolled: Callable[[], Enrolment]) -> Callable[[], PlannedTouch]:
    """A mail whose answer was never heard."""

    def make() -> PlannedTouch:
        planned = enrolled().planned.get()
        lease = uuid.uuid4()
        rows = PlannedTouch.objects.filter(pk=planned.pk)
        rows.update(state="claimed", lease=lease, lease_until=NOW + timedelta(minutes=5))
        rows.update(state="submitting", tries=1)
        Submission.objects.create(
            planned=planned,
            number=1,
            lease=lease,
            opened_at=NOW,
            message_id=f"<{planned.pk}@northwind.example>",
            unsubscribe_token=uuid.uuid4().hex,
            address_hash="0" * 64,
            subject="Drives at Halden",
            body="Hello",
            body_sha256="0" * 64,
            result="unknown",
            reply="Connection unexpectedly closed",
            closed_at=NOW,
        )
        rows.update(state="uncertain", reason="silence", lease=None, lease_until=None)
        planned.refresh_from_db()
        return planned

    return make


def said(client: Client) -> str:
    return client.get(PAGE).content.decode()


# The page


def test_an_engine_that_never_ran(jennifer: User, as_user: AsUser) -> None:
    page = said(as_user(jennifer))
    assert "no dispatcher has run yet" in page
    assert "Nothing has run yet" in page
    assert "Nothing was refused within a week." in page
    assert "No mail was handed over in the last hour." in page
    assert "Every message that was handed over was answered." in page


def test_what_is_due_and_how_late(
    jennifer: User, as_user: AsUser, enrolled: Callable[[], Enrolment], mail_cadence: Cadence
) -> None:
    enrolled()
    page = as_user(jennifer).get(PAGE).context["page"]
    assert page.facts[0].figure == "1"
    assert page.standing.oldest_due > timedelta(minutes=1)
    running.turn_off(
        SwitchEvent.What.MAIL,
        cause=SwitchEvent.Cause.BOUNCES,
        by=None,
        why="11 of the last 200 mails went to addresses that do not work",
        now=NOW,
    )
    text = said(as_user(jennifer))
    assert "by the circuit breaker" in text
    assert "11 of the last 200" in text
    enrolment = Enrolment.objects.get()
    Enrolment.objects.update(paused_at=NOW)
    page = as_user(jennifer).get(PAGE).context["page"]
    assert page.standing.due_count == 0
    assert page.standing.paused_enrolments == 1
    assert enrolment.ended_at is None


def test_a_turn_of_the_dispatcher_shows_that_it_lives(jennifer: User, as_user: AsUser) -> None:
    call_command("dispatch")
    page = as_user(jennifer).get(PAGE).context["page"]
    assert page.dispatcher_lives
    (work,) = page.works
    assert (work.label, work.host) == ("Dispatcher", turns.host())
    turns.finish(turns.DISPATCHING, NOW, failure="OperationalError")
    assert "OperationalError" in said(as_user(jennifer))


def test_what_was_sent_and_refused_is_counted(
    jennifer: User, as_user: AsUser, enrolled: Callable[[], Enrolment], mail_server: MailServer
) -> None:
    mail_server.answers = ["250 OK", "554 5.7.1 <maria@halden2.example> looks like spam"]
    enrolled()
    enrolled()
    dispatch()
    page = as_user(jennifer).get(PAGE).context["page"]
    assert page.chart.total == 2
    assert [(rate.sent, rate.bounces) for rate in page.rates] == [(2, 0), (2, 0)]
    (refusal,) = page.refusals
    assert (refusal.outcome, refusal.reason, refusal.in_day) == ("Failed", "554 5.7.1", 1)


def test_more_of_everything_costs_no_more_queries(
    jennifer: User,
    as_user: AsUser,
    uncertain: Callable[[], PlannedTouch],
    mail_cadence: Cadence,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(jennifer)
    uncertain()
    client.get(PAGE)
    with django_assert_max_num_queries(20) as few:
        client.get(PAGE)
    for number in range(5):
        uncertain()
        running.pause(by=jennifer, why=f"reason {number}", now=NOW)
        running.resume(by=jennifer, why="again", now=NOW)
    with django_assert_num_queries(len(few)):
        client.get(PAGE)


# The switches


def test_pausing_needs_a_reason_and_keeps_what_was_typed(jennifer: User, as_user: AsUser) -> None:
    client = as_user(jennifer)
    answer = client.post("/engine/pause/", {"what": "mail", "why": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert 'value="mail" selected' in answer.content.decode()
    assert not Engine.objects.filter(mail_paused_at__isnull=False).exists()
    assert client.post("/engine/pause/", {"what": "999", "why": "x"}).status_code == 422


def test_everything_is_paused_told_everywhere_and_goes_on(
    jennifer: User,
    dana: User,
    as_user: AsUser,
    enrolled: Callable[[], Enrolment],
    django_capture_on_commit_callbacks: Any,
) -> None:
    enrolled()
    client = as_user(jennifer)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/engine/pause/", {"what": "everything", "why": "a new mail server"})
    assert not sum(dispatch().values())
    assert "A new mail server" in said(client)
    assert "everything is paused" in client.get("/cadences/").content.decode()
    assert "everything is paused" not in as_user(dana).get("/cadences/").content.decode()
    refused = client.post("/engine/resume/", {"what": "everything", "why": ""})
    assert refused.status_code == 422
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/engine/resume/", {"what": "everything", "why": "it runs"})
    assert "everything is paused" not in client.get("/cadences/").content.decode()
    events = SwitchEvent.objects.order_by("pk").values_list("turned", "by", "why")
    assert list(events) == [
        ("off", jennifer.pk, "a new mail server"),
        ("on", jennifer.pk, "it runs"),
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        SwitchEvent.objects.update(why="another")


def test_a_cadence_is_paused_from_the_page(
    jennifer: User, as_user: AsUser, mail_cadence: Cadence
) -> None:
    client = as_user(jennifer)
    client.post("/engine/pause/", {"what": str(mail_cadence.pk), "why": "old prices in it"})
    mail_cadence.refresh_from_db()
    assert mail_cadence.paused_at is not None
    (paused,) = client.get(PAGE).context["page"].paused
    assert (paused.by, paused.why) == (jennifer.name, "old prices in it")
    client.post("/engine/resume/", {"what": str(mail_cadence.pk), "why": "new prices"})
    assert not client.get(PAGE).context["page"].paused


def test_after_a_pause_nothing_goes_out_in_a_burst(
    jennifer: User, enrolled: Callable[[], Enrolment], mail_server: MailServer
) -> None:
    for _number in range(8):
        enrolled()
    running.pause(by=jennifer, why="an outage", now=NOW)
    later = NOW + timedelta(hours=2)
    shift_to(later)
    running.resume(by=jennifer, why="it is over", now=later)
    dues = PlannedTouch.objects.filter(state="pending").values_list("due_at", flat=True)
    assert all(later <= due <= later + timedelta(hours=2) for due in dues)
    assert len(set(dues)) == 8
    assert dispatch()["sent"] == 0
    shift_to(later + timedelta(hours=2))
    assert dispatch()["sent"] == 8
    assert not violations()


def test_who_may_not_and_why_not(dana: User, jennifer: User) -> None:
    for by, why in ((dana, "because"), (jennifer, "")):
        with pytest.raises(NotAllowed):
            running.pause(by=by, why=why, now=NOW)
        with pytest.raises(NotAllowed):
            running.resume(by=by, why=why, now=NOW)


def test_the_commands_turn_the_same_switches(jennifer: User, dana: User) -> None:
    call_command("pause_engine", by=jennifer.email, why="maintenance", mail=True)
    assert Engine.objects.get().mail_paused_by == jennifer
    call_command("resume_engine", by="JENNIFER@northwind.example", why="done", mail=True)
    assert Engine.objects.get().mail_paused_at is None
    for wrong in (dana.email, "nobody@northwind.example"):
        with pytest.raises(CommandError):
            call_command("pause_engine", by=wrong, why="x")


def test_a_database_that_is_a_copy_starts_paused(
    jennifer: User, as_user: AsUser, enrolled: Callable[[], Enrolment], mail_server: MailServer
) -> None:
    dispatch()
    home = Engine.objects.get().home
    assert home
    Engine.objects.update(home="another/16384/00000001")
    enrolled()
    assert not sum(dispatch().values())
    engine = Engine.objects.get()
    assert engine.home == home
    assert engine.paused_at is not None
    assert SwitchEvent.objects.get().cause == "restored"
    assert "This database is a copy" in said(as_user(jennifer))
    running.resume(by=jennifer, why="compared with the server's log", now=engine_now())
    shift_to(engine_now() + timedelta(hours=4))
    assert dispatch()["sent"] == 1


# Settling


def test_many_are_settled_with_one_word(
    jennifer: User, as_user: AsUser, uncertain: Callable[[], PlannedTouch]
) -> None:
    first, second, third = uncertain(), uncertain(), uncertain()
    client = as_user(jennifer)
    text = said(client)
    for evidence in (f"&lt;{first.pk}@northwind.example&gt;", "Connection unexpectedly closed"):
        assert evidence in text
    assert first.contact.email in text
    sent = {"planned": [first.pk, second.pk], "fate": "arrived", "why": "found in the log"}
    client.post("/engine/settle/", sent)
    client.post("/engine/settle/", {"planned": third.pk, "fate": "again", "why": "not in the log"})
    states = dict(PlannedTouch.objects.values_list("pk", "state"))
    assert [states[each.pk] for each in (first, second, third)] == ["sent", "sent", "pending"]
    assert "is settled" in said(client)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"fate": "arrived", "why": "the log"}, "Choose at least one message."),
        ({"planned": "1", "fate": "arrived", "why": ""}, "Say how you know."),
        ({"planned": "x", "fate": "arrived", "why": "the log"}, "not one of the available choices"),
        ({"planned": "1", "fate": "lost", "why": "the log"}, "not one of the available choices"),
    ],
)
def test_what_is_missing_is_said(
    jennifer: User,
    as_user: AsUser,
    uncertain: Callable[[], PlannedTouch],
    sent: dict[str, str],
    words: str,
) -> None:
    planned = uncertain()
    if sent.get("planned") == "1":
        sent = {**sent, "planned": str(planned.pk)}
    answer = as_user(jennifer).post("/engine/settle/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_what_one_may_not_see_is_left_out(
    person: Callable[..., User],
    as_user: AsUser,
    uncertain: Callable[[], PlannedTouch],
) -> None:
    planned = uncertain()
    otto = person("Otto Berg", "manager")
    client = as_user(otto)
    assert client.get(PAGE).context["page"].uncertain.rows == ()
    client.post("/engine/settle/", {"planned": planned.pk, "fate": "leave", "why": "x"})
    planned.refresh_from_db()
    assert planned.state == "uncertain"


# Limits


def test_the_limits_are_set_on_a_page(
    jennifer: User, as_user: AsUser, organisation: Organisation
) -> None:
    client, url = as_user(jennifer), "/settings/mail-limits/"
    sent = {
        "complaint_percent": "0.20",
        "complaints_of_hundred": "2",
        "bounce_percent": "3",
        "refusals_in_a_row": "10",
    }
    assert client.post(url, {**sent, "complaint_percent": "0"}).status_code == 422
    assert client.post(url, sent).status_code == 302
    organisation.refresh_from_db()
    assert organisation.complaints_of_hundred == 2
    assert "Above 0.20 %" in said(client)


# Metrics


def test_metrics_tell_how_it_stands(
    client: Client, enrolled: Callable[[], Enrolment], uncertain: Callable[[], PlannedTouch]
) -> None:
    enrolled()
    uncertain()
    call_command("dispatch")
    text = client.get("/metrics").content.decode()
    for line in (
        'leadflow_planned_due{channel="email",performer="machine"} 1.0',
        "leadflow_uncertain 1.0",
        "leadflow_paused 0.0",
        'leadflow_in_flight{state="submitting"} 0.0',
        "leadflow_sends_total 1.0",
        'leadflow_touches_total{channel="email",outcome="uncertain",reason="silence"} 1.0',
        "leadflow_queue_length",
        f'leadflow_task_turns_total{{host="{turns.host()}",task="{turns.DISPATCHING}"}} 1.0',
    ):
        assert line in text
    assert b"halden" not in text.encode().lower()


def test_metrics_cost_the_same_however_much_there_is(
    client: Client, enrolled: Callable[[], Enrolment], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(10):
        client.get("/metrics")
    for _number in range(5):
        enrolled()
    with django_assert_num_queries(10):
        client.get("/metrics")
