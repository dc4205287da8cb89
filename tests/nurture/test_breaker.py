"""The circuit breaker: its rule as a table, and planted complaints, bounces and refusals that trip it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from nurture.actions import log_touch
from nurture.cadences.enrolments import enrol
from nurture.engine import breaker, running
from nurture.engine.breaker import mail_may_go, set_limits, watch
from nurture.engine.clock import engine_now
from nurture.engine.counting import OLDEST, Outcome, counts, summed, tally_hours
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.engine.tripping import FINE, Hold, Limits, Record, Trip, judge, percent
from nurture.models import Cadence, Engine, PlannedTouch, Submission, SwitchEvent, Tally
from prospects.actions import NotAllowed
from prospects.models import Lead, Suppression
from team.models import Organisation, User
from tests.cadences import shift_to
from tests.fixtures import NOW
from tests.mail_server import MailServer

# The rule

LIMITS = Limits()
AT = NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (Record(), "fine"),
        (Record(complaints_of_hundred=2), "fine"),
        (Record(complaints_of_hundred=3), "complaints"),
        (Record(sent_in_week=299, complaints_in_week=2), "fine"),  # too few to say
        (Record(sent_in_week=300, complaints_in_week=1), "complaints"),  # 0.33 %
        (Record(sent_in_week=1000, complaints_in_week=3), "fine"),  # 0.30 %: not more
        (Record(sent_in_week=1000, complaints_in_week=4), "complaints"),
        (Record(bounces_of_last=10), "fine"),  # 5 % of 200: not more
        (Record(bounces_of_last=11), "bounces"),
        (Record(sent_in_day=199, bounces_in_day=100), "fine"),
        (Record(sent_in_day=200, bounces_in_day=10), "fine"),
        (Record(sent_in_day=200, bounces_in_day=11), "bounces"),
        (Record(bounces_of_last=200, complaints_of_hundred=3), "complaints"),
        (Record(refused_in_a_row=19, refused_at=AT), "fine"),
        (Record(refused_in_a_row=20, refused_at=AT), 5),
        (Record(refused_in_a_row=39, refused_at=AT), 5),
        (Record(refused_in_a_row=40, refused_at=AT), 10),
        (Record(refused_in_a_row=60, refused_at=AT), 20),
        (Record(refused_in_a_row=100_000, refused_at=AT), 60),
        (Record(refused_in_a_row=40, refused_at=AT, bounces_of_last=50), "bounces"),
    ],
)
def test_the_rule(record: Record, verdict: str | int) -> None:
    match judge(record, LIMITS):
        case Trip(cause, why):
            assert cause == verdict
            assert why
        case Hold(until, _why):
            assert until == AT + timedelta(minutes=int(verdict))
        case fine:
            assert fine is FINE
            assert verdict == "fine"


def test_the_limits_are_the_organizations() -> None:
    strict = Limits(complaints_of_hundred=1, bounce_percent=Decimal("0.5"))
    assert isinstance(judge(Record(complaints_of_hundred=1), strict), Trip)
    assert isinstance(judge(Record(bounces_of_last=2), strict), Trip)


def test_shares_of_nothing() -> None:
    assert percent(0, 0) == percent(5, 0) == 0
    assert percent(1, 300) == Decimal("0.33")


# With mail


@pytest.fixture
def sent(
    make_lead: Callable[..., Lead],
    make_cadence: Callable[..., Cadence],
    dana: User,
    mail_server: MailServer,
    posting_address: Organisation,
    clock_at_now: None,
) -> Callable[[int], list[Submission]]:
    """Put so many leads into a cadence whose first mail is due, and dispatch."""
    cadence = make_cadence(("email", 0), ("phone", 2))

    def send(count: int) -> list[Submission]:
        before = set(Submission.objects.values_list("pk", flat=True))
        for _number in range(count):
            lead = make_lead(now=NOW - timedelta(days=60))
            enrol(lead=lead, cadence=cadence, by=dana, now=NOW - timedelta(hours=2))
        dispatch()
        return list(Submission.objects.exclude(pk__in=before).order_by("pk"))

    return send


def complain(submission: Submission) -> None:
    Suppression.objects.create(
        channel="email",
        address_hash=submission.address_hash,
        why="complaint",
        at=engine_now(),
        source="mail",
    )


def bounce(submission: Submission) -> None:
    planned = submission.planned
    log_touch(
        lead=planned.lead,
        contact=planned.contact,
        channel="email",
        outcome="bounced",
        by=None,
        now=NOW,
    )


@pytest.mark.django_db
def test_planted_complaints_stop_the_mail_and_nothing_else(
    sent: Callable[[int], list[Submission]],
    mail_server: MailServer,
    make_lead: Callable[..., Lead],
    make_cadence: Callable[..., Cadence],
    dana: User,
) -> None:
    first, second, third, *_rest = sent(4)
    complain(first)
    complain(second)
    assert watch(NOW).mail_paused_at is None
    complain(third)
    engine = watch(NOW)
    assert engine.mail_paused_at == NOW
    assert engine.paused_at is None
    assert "3 complaints" in engine.mail_why
    (event,) = SwitchEvent.objects.all()
    assert (event.what, event.turned, event.cause, event.by) == ("mail", "off", "complaints", None)

    call = make_cadence(("phone", 0), name="Calls")
    enrol(lead=make_lead(), cadence=call, by=dana, now=NOW - timedelta(hours=2))
    assert sent(2) == []
    assert len(mail_server.arrived) == 4
    assert PlannedTouch.objects.filter(state="awaiting_human").count() == 1
    assert not violations()


@pytest.mark.django_db
def test_only_a_manager_closes_it_with_a_reason_and_what_was_counts_no_more(
    sent: Callable[[int], list[Submission]], mail_server: MailServer, dana: User, jennifer: User
) -> None:
    for submission in sent(3):
        complain(submission)
    watch(NOW)
    later = NOW + timedelta(minutes=5)
    shift_to(later)
    for by, why in ((dana, "looked into it"), (jennifer, " ")):
        with pytest.raises(NotAllowed):
            running.resume(what="mail", by=by, why=why, now=later)
    running.resume(what="mail", by=jennifer, why="a bought list; its leads are out", now=later)
    assert mail_may_go(later)
    assert watch(later).mail_paused_at is None
    assert sent(1)
    assert [event.turned for event in SwitchEvent.objects.order_by("pk")] == ["off", "on"]


@pytest.mark.django_db
def test_planted_bounces_stop_the_mail(sent: Callable[[int], list[Submission]], ada: User) -> None:
    set_limits(limits=Limits(bounce_percent=Decimal(1)), by=ada)
    for submission in sent(3):
        bounce(submission)
    engine = watch(NOW)
    assert engine.mail_paused_at is not None
    assert "addresses that do not work" in engine.mail_why
    assert SwitchEvent.objects.get().cause == "bounces"


@pytest.mark.django_db
def test_addresses_refused_at_the_door_count(
    sent: Callable[[int], list[Submission]], mail_server: MailServer, ada: User
) -> None:
    set_limits(limits=Limits(bounce_percent=Decimal("0.5")), by=ada)
    mail_server.refuse_recipients = {f"m.lindqvist{n}@halden{n}.example" for n in range(9)}
    assert sent(2) == []
    assert PlannedTouch.objects.filter(state="skipped", reason__startswith="550").count() == 2
    assert watch(NOW).mail_paused_at is not None


@pytest.mark.django_db
def test_refusals_in_a_row_make_mail_wait_and_it_goes_on_by_itself(
    sent: Callable[[int], list[Submission]], mail_server: MailServer, ada: User
) -> None:
    set_limits(limits=Limits(refusals_in_a_row=2), by=ada)
    mail_server.answers = ["451 4.7.1 Try again later"] * 2
    sent(2)
    engine = watch(NOW)
    assert engine.mail_paused_at is None
    assert engine.mail_holds_until is not None
    assert not mail_may_go(NOW)
    assert not SwitchEvent.objects.exists()
    later = NOW + timedelta(minutes=6)
    shift_to(later)
    assert mail_may_go(later)
    dispatch()
    assert len(mail_server.arrived) == 2
    assert watch(later + timedelta(minutes=1)).mail_holds_until is None


@pytest.mark.django_db
def test_it_is_judged_once_in_ten_seconds_whoever_asks(
    clock_at_now: None, django_assert_num_queries: object
) -> None:
    assert mail_may_go(NOW)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert mail_may_go(NOW + timedelta(seconds=9))
    assert mail_may_go(NOW + timedelta(seconds=11))
    assert Engine.objects.get().mail_judged_at == NOW + timedelta(seconds=11)
    assert mail_may_go(NOW)  # the clock went back
    assert Engine.objects.get().mail_judged_at == NOW


@pytest.mark.django_db
def test_who_manages_nothing_sets_no_limits(dana: User) -> None:
    with pytest.raises(NotAllowed):
        set_limits(limits=LIMITS, by=dana)
    assert breaker.limits() == LIMITS


# Counting


@pytest.mark.django_db
def test_an_hour_is_counted_once_and_says_the_same_after(
    sent: Callable[[int], list[Submission]], mail_server: MailServer
) -> None:
    mail_server.answers = ["250 OK", "550 5.1.1 <maria@halden2.example> No such mailbox"]
    submissions = sent(2)
    complain(submissions[0])
    direct = summed(counts(NOW - timedelta(days=7), NOW))
    assert direct["email", Outcome.SUBMITTED, ""] == 2
    assert direct["email", Outcome.SENT, ""] == 1
    assert direct["email", Outcome.FAILED, "550 5.1.1"] == 1
    assert direct["email", Outcome.BOUNCED, ""] == 1
    assert direct["email", Outcome.COMPLAINED, ""] == 1
    later = NOW + timedelta(hours=3)
    shift_to(later)
    assert tally_hours(later) > 0
    assert tally_hours(later) == 0
    assert Tally.objects.exists()
    assert summed(counts(NOW - timedelta(days=7), later)) == direct
    much_later = NOW + timedelta(days=60)
    shift_to(much_later)
    tally_hours(much_later)
    assert set(Tally.objects.values_list("hour", flat=True)) == {OLDEST}
    assert summed(counts(OLDEST, much_later)) == direct
    assert not counts(much_later - timedelta(days=7), much_later)


@pytest.mark.django_db
def test_the_second_who_counts_does_nothing(clock_at_now: None) -> None:
    assert tally_hours(NOW) == 7 * 24 - 1
    assert tally_hours(NOW + timedelta(minutes=10)) == 0
    assert tally_hours(NOW + timedelta(minutes=80)) == 2
