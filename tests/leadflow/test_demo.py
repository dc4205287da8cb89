"""The demo: a year that adds up, and three people with work waiting."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from handoff.models import Handoff, HandoffState
from leadflow import demo
from leadflow.demo.year import Year
from nurture.cadence import Rank
from nurture.models import Promise, Touch
from nurture.touching import Channel, Direction
from prospects.models import Import, Lead, RecordedAnswer, SourceCost, StageChange
from prospects.stages import STEPS, Stage
from reports.periods import Period
from team.calendar import Calendar
from team.models import Organisation, User

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
"""A Friday, eleven in the morning where the organisation is."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The whole demo, played once for all tests of this module and undone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_industry_codes", verbosity=0)
        Year(NOW).play()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def played(seeded: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def arrive(time_machine: Any) -> Client:
    """A visitor's browser, at the hour at which the demo ends."""
    time_machine.move_to(NOW, tick=False)
    return Client()


def person(name: str) -> User:
    return User.objects.get(name=name)


@pytest.mark.usefixtures("played")
class TestTheYear:
    def test_its_size(self) -> None:
        assert 1900 <= Lead.objects.count() <= 2150
        assert Touch.objects.count() > 3000

    def test_the_counts_of_each_import_add_up(self) -> None:
        files = Import.objects.all()
        assert files.count() > 20
        for file in files:
            assert file.read == (
                file.created + file.updated + file.duplicates + file.screened_out + file.refused
            )
        assert sum(file.duplicates for file in files) > 30
        assert sum(file.refused for file in files) == 0

    def test_every_history_is_an_unbroken_chain_of_legal_steps(self) -> None:
        last: dict[int, str] = {}
        times: dict[int, datetime] = {}
        for change in StageChange.objects.order_by("lead_id", "at", "id"):
            assert change.from_stage == last.get(change.lead_id, "")
            assert change.to_stage in STEPS[change.from_stage]
            assert change.at >= times.get(change.lead_id, change.at)
            last[change.lead_id], times[change.lead_id] = change.to_stage, change.at
        assert last == dict(Lead.objects.values_list("pk", "stage"))

    def test_every_stage_is_there(self) -> None:
        found = set(Lead.objects.values_list("stage", flat=True))
        assert found == {str(stage) for stage in Stage}

    def test_nothing_is_in_the_future(self) -> None:
        assert not Touch.objects.filter(occurred_at__gt=NOW).exists()
        assert not StageChange.objects.filter(at__gt=NOW).exists()
        assert not RecordedAnswer.objects.filter(recorded_at__gt=NOW).exists()
        assert not Lead.objects.filter(activity_at__gt=NOW).exists()
        assert not Import.objects.filter(started_at__gt=NOW).exists()
        assert not SourceCost.objects.filter(month_on__gt=NOW.date()).exists()
        for handoff in Handoff.objects.all():
            happened = (handoff.handed_off_at, handoff.accepted_at, handoff.result_at)
            assert all(at <= NOW for at in happened if at)

    def test_nobody_is_called_outside_their_business_hours(self) -> None:
        ours = Organisation.current().zone
        live = (Channel.PHONE, Channel.VOICEMAIL, Channel.MEETING)
        touches = Touch.objects.select_related("contact__company", "lead__company")
        for touch in touches.filter(direction=Direction.OUT):
            company = touch.lead.company
            there = ZoneInfo(company.timezone) if company and company.timezone else ours
            at = touch.occurred_at.astimezone(there)
            if touch.channel in live:
                calendar = Calendar(zone=there, country=company.country if company else "US")
                assert 9 <= at.hour < 18, touch
                assert calendar.is_working_day(at.date()), touch
            at_ours = touch.occurred_at.astimezone(ours)
            assert 9 <= at_ours.hour < 18, touch
            assert at_ours.weekday() < 5, touch

    def test_nobody_is_given_more_than_they_can_take(self) -> None:
        for rep in User.objects.reps():
            steps: list[tuple[datetime, int]] = []
            for handoff in rep.handoffs.all():
                steps.append((handoff.handed_off_at, 1))
                if ended := handoff.returned_at or handoff.result_at:
                    steps.append((ended, -1))
            live = 0
            for _at, step in sorted(steps):
                live += step
                assert live <= rep.capacity

    def test_every_outcome_of_a_handoff_is_there(self) -> None:
        found = {handoff.state for handoff in Handoff.objects.all()}
        assert found == set(HandoffState)

    def test_only_the_three_can_log_in(self) -> None:
        able = {user.email for user in User.objects.all() if user.has_usable_password()}
        assert able == {person.login for person in demo.PEOPLE}


@pytest.mark.usefixtures("played")
class TestTheThree:
    def log_in(self, client: Client, login: str) -> str:
        """The page they land on."""
        posted = {"username": login, "password": demo.PASSWORD}
        answer = client.post(reverse("login"), posted, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_the_login_page_names_them(self, arrive: Client) -> None:
        page = arrive.get(reverse("login")).content.decode()
        for someone in demo.PEOPLE:
            assert someone.name in page
            assert someone.login in page
        assert demo.PASSWORD in page

    def test_dana_has_a_queue_of_every_kind(self, arrive: Client) -> None:
        due = Lead.objects.worked().filter(specialist=person("Dana Whitfield")).due(NOW)
        assert 20 <= due.count() <= 45
        ranks = set(due.values_list("next_touch_rank", flat=True))
        assert ranks >= {
            Rank.PROMISE,
            Rank.FRESH,
            Rank.READY,
            Rank.DECISION_NEAR,
            Rank.ATTEMPT,
            Rank.FOLLOW_UP,
            Rank.NEXT_ATTEMPT,
            Rank.LONG_TERM,
        }
        page = self.log_in(arrive, "dana@northwind.example")
        for lead in due[:3]:
            assert lead.contact is not None
            assert lead.contact.last_name in page

    def test_dana_has_a_promise_for_today_and_a_fresh_inquiry(self) -> None:
        dana = person("Dana Whitfield")
        today = NOW.date()
        promises = Promise.objects.open().filter(lead__specialist=dana)
        assert any(promise.due_at.date() == today for promise in promises)
        fresh = Lead.objects.filter(specialist=dana, stage=Stage.RAW)
        assert fresh.filter(received_at=NOW - timedelta(minutes=20)).exists()

    def test_dana_has_a_lead_one_answer_away_and_some_that_are_ready(self) -> None:
        mine = Lead.objects.filter(specialist=person("Dana Whitfield"))
        assert mine.filter(stage=Stage.NURTURING, documented=9, outbound_touches__gte=7).exists()
        assert mine.filter(stage=Stage.QUALIFIED).count() >= 2

    def test_carol_has_two_waiting_and_some_live(self, arrive: Client) -> None:
        carol = person("Carol Barrett")
        waiting = Handoff.objects.waiting().filter(rep=carol).order_by("accept_by")
        assert waiting.count() == 2
        assert waiting[0].accept_by is not None
        assert timedelta() < waiting[0].accept_by - NOW < timedelta(hours=2)
        assert Handoff.objects.live().filter(rep=carol, accepted_at__isnull=False).exists()
        page = self.log_in(arrive, "carol@northwind.example")
        for handoff in waiting:
            assert handoff.lead.headline in page

    def test_jennifers_last_month_reads_well(self, arrive: Client) -> None:
        self.log_in(arrive, "jennifer@northwind.example")
        last = Period.month_at(NOW, Organisation.current().zone).previous
        page = arrive.get(f"/reports/{last.key}/")
        assert page.status_code == 200
        made = Handoff.objects.filter(handed_off_at__gte=last.start, handed_off_at__lt=last.end)
        assert 5 <= made.count() <= 16


def digest() -> list[Any]:
    """What happened, without the numbers of rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT touch.occurred_at, touch.channel, touch.outcome, touch.note, company.name
              FROM nurture_touch touch JOIN prospects_lead lead ON lead.id = touch.lead_id
              LEFT JOIN prospects_company company ON company.id = lead.company_id
             ORDER BY touch.id
            """
        )
        touches = cursor.fetchall()
        cursor.execute(
            "SELECT at, from_stage, to_stage, reason, note FROM prospects_stagechange ORDER BY id"
        )
        steps = cursor.fetchall()
        cursor.execute(
            """
            SELECT external_id, received_at, stage, documented, next_touch_at, next_touch_why
              FROM prospects_lead ORDER BY id
            """
        )
        leads = cursor.fetchall()
        cursor.execute(
            'SELECT attribute, words, "on", amount FROM prospects_recordedanswer ORDER BY id'
        )
        return [touches, steps, leads, cursor.fetchall()]


@pytest.mark.django_db
def test_the_same_day_gives_the_same_demo() -> None:
    call_command("load_industry_codes", verbosity=0)
    found = []
    for _time in range(2):
        with transaction.atomic():
            Year(NOW, months=1).play()
            found.append(digest())
            transaction.set_rollback(True)
    assert len(found[0][0]) > 50
    assert found[0] == found[1]


@pytest.mark.django_db
def test_a_database_that_is_in_use_is_left_alone() -> None:
    User.objects.create_user("somebody@elsewhere.example", "a long password", name="Somebody")
    with pytest.raises(CommandError, match="empty database"):
        call_command("seed_demo")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(CommandError, match="still to come"):
        call_command("seed_demo", today=datetime(2999, 1, 1, tzinfo=UTC).date())


@pytest.mark.django_db
@pytest.mark.parametrize("now", ["2026-11-22T03:10", "2026-11-20T21:40", "2026-11-26T12:00"])
def test_it_ends_at_any_hour_of_any_day(now: str) -> None:
    """On a Sunday before dawn, late in the evening, on Thanksgiving."""
    ends = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(demo.TIMEZONE))
    call_command("load_industry_codes", verbosity=0)
    Year(ends, months=1).play()
    assert not Touch.objects.filter(occurred_at__gt=ends).exists()
    assert Lead.objects.filter(received_at=ends - timedelta(minutes=20)).exists()
