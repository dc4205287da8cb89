"""A specialist away: covered, waiting or moved as chosen; promises kept; nothing piles up at the return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nurture.absence.actions import Chosen, end_absence, follow_absences, set_absence
from nurture.absence.spreading import shifted_to, spread, working_days
from nurture.actions import Promised, log_touch, plan_next, promise
from nurture.cadences.enrolments import enrol, resume_enrolment
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.models import Absence, Cadence, Enrolment, PlannedTouch, ShiftedTouch
from prospects.actions import NotAllowed
from prospects.models import Lead
from team.calendar import Calendar
from team.models import Role, Team, User
from tests.cadences import shift_to
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeLead = Callable[..., Lead]
TODAY = date(2026, 6, 17)
NEW_YORK = Calendar(ZoneInfo("America/New_York"), "US")


@pytest.fixture
def priya(person: Callable[..., User], northeast: Team) -> User:
    return person("Priya Raman", Role.SPECIALIST, northeast)


def chosen(way: str = "covered", cover: User | None = None, **own: Any) -> Chosen:
    given = {"away_from": TODAY, "away_until": date(2026, 6, 23), "mail_goes_on": True, **own}
    return Chosen(way=way, cover=cover, **given)


# The heart


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (TODAY, TODAY, 1),
        (TODAY, date(2026, 6, 23), 4),  # Juneteenth and a weekend among them
        (date(2026, 6, 20), date(2026, 6, 21), 0),
    ],
)
def test_days_away_are_working_days(first: date, last: date, days: int) -> None:
    assert working_days(first, last, NEW_YORK) == days


@pytest.mark.parametrize(
    ("due_on", "moved"),
    [
        (TODAY, date(2026, 6, 24)),
        (date(2026, 6, 18), date(2026, 6, 25)),
        (date(2026, 6, 23), date(2026, 6, 29)),
        (date(2026, 6, 3), date(2026, 6, 24)),  # overdue counts from the first day
    ],
)
def test_steps_keep_their_distances(due_on: date, moved: date) -> None:
    last = date(2026, 6, 23)
    assert shifted_to(due_on, first=TODAY, last=last, days=4, there=NEW_YORK) == moved


def test_nothing_moves_to_before_the_return_whatever_holidays_there_are() -> None:
    """They work on our holiday: as many of their working days are over earlier."""
    elsewhere = Calendar(ZoneInfo("Europe/Berlin"), "DE")
    last = date(2026, 6, 19)
    moved = shifted_to(TODAY, first=TODAY, last=last, days=2, there=elsewhere)
    assert moved == date(2026, 6, 22)


@pytest.mark.parametrize(
    ("items", "load", "capacity", "days"),
    [
        (0, [0], 5, []),
        (3, [0], 5, [0, 0, 0]),
        (5, [2, 0, 3], 4, [0, 0, 1, 1, 1]),
        (4, [9, 4, 3], 4, [2, 3, 3, 3]),
        (3, [], 0, [0, 1, 2]),  # nobody does nothing for ever
    ],
)
def test_what_is_overdue_is_spread(
    items: int, load: list[int], capacity: int, days: list[int]
) -> None:
    assert spread(items, load, capacity) == days


# Covered


def test_what_is_covered_stands_in_the_colleagues_today_and_the_lead_stays_whose_it_is(
    dana: User, priya: User, jennifer: User, as_user: AsUser, nurtured_lead: Lead
) -> None:
    assert as_user(priya).get("/today/").context["page"].due == ()
    absence = set_absence(person=dana, chosen=chosen(cover=priya), by=dana, now=NOW)
    page = as_user(priya).get("/today/").context["page"]
    assert [(row.pk, row.stands_in) for row in page.due] == [
        (nurtured_lead.pk, "for Dana Whitfield, until Jun 23")
    ]
    words = "Dana Whitfield is away until Jun 23: 1 due, covered by Priya Raman."
    assert [each.words for each in page.away] == [words]
    assert words in as_user(jennifer).get("/today/").content.decode()
    assert (
        as_user(priya)
        .get("/today/next/")
        .headers["Location"]
        .startswith(f"/leads/{nurtured_lead.pk}/")
    )
    log_touch(lead=nurtured_lead, channel="phone", outcome="no_answer", by=priya, now=NOW)
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.specialist == dana
    end_absence(absence=absence, by=dana, now=NOW)
    assert as_user(priya).get("/today/").context["page"].due == ()
    dana.refresh_from_db()
    assert dana.away_from is None


def test_covering_costs_one_query_more_however_much_is_due(
    dana: User, priya: User, as_user: AsUser, make_lead: MakeLead, django_assert_num_queries: Any
) -> None:
    set_absence(person=dana, chosen=chosen(cover=priya), by=dana, now=NOW)
    for _number in range(2):
        plan_next(lead=make_lead(), now=NOW)
    client = as_user(priya)
    client.get("/today/")
    with CaptureQueriesContext(connection) as few:
        client.get("/today/")
    for _number in range(10):
        plan_next(lead=make_lead(), now=NOW)
    with django_assert_num_queries(len(few)):
        assert len(client.get("/today/").context["page"].due) == 12


# Waiting


def test_what_waits_is_paused_and_goes_on_at_the_return(
    dana: User, nurtured_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 1)), by=dana, now=NOW)
    set_absence(person=dana, chosen=chosen("paused"), by=dana, now=NOW)
    enrolment = Enrolment.objects.get()
    assert enrolment.paused_for is not None
    with pytest.raises(NotAllowed):
        resume_enrolment(enrolment=enrolment, by=dana)
    shift_to(NOW + timedelta(days=2))
    assert not sum(dispatch().values())
    shift_to(NOW + timedelta(days=7))  # June 24, the first day back
    follow_absences(NOW + timedelta(days=7))
    enrolment.refresh_from_db()
    assert not Enrolment.objects.filter(paused_at__isnull=False).exists()
    assert Absence.objects.get().ended_at == NOW + timedelta(days=7)
    assert dispatch()["awaiting_human"] == 1
    assert violations() == []


@pytest.mark.parametrize(("goes_on", "paused"), [(True, 0), (False, 1)])
def test_mail_in_their_name_goes_on_or_waits_as_chosen(
    dana: User,
    priya: User,
    nurtured_lead: Lead,
    make_cadence: Callable[..., Cadence],
    goes_on: bool,
    paused: int,
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("email", 1)), by=dana, now=NOW)
    wanted = chosen(cover=priya, mail_goes_on=goes_on)
    set_absence(person=dana, chosen=wanted, by=dana, now=NOW)
    assert Enrolment.objects.filter(paused_at__isnull=False).count() == paused


def test_who_was_paused_by_hand_stays_so(
    dana: User, nurtured_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 1)), by=dana, now=NOW)
    Enrolment.objects.update(paused_at=NOW)
    absence = set_absence(person=dana, chosen=chosen("paused"), by=dana, now=NOW)
    end_absence(absence=absence, by=dana, now=NOW)
    assert Enrolment.objects.get().paused_at == NOW


# Moved


def test_steps_move_by_the_days_away_once_and_come_back_with_them(
    dana: User, nurtured_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 1)), by=dana, now=NOW)
    absence = set_absence(person=dana, chosen=chosen("shifted"), by=dana, now=NOW)
    planned = PlannedTouch.objects.get()
    assert planned.due_on == date(2026, 6, 25)
    assert planned.reason == "Dana Whitfield is away"
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_at == planned.due_at
    follow_absences(NOW)
    planned.refresh_from_db()
    assert planned.due_on == date(2026, 6, 25)
    shift_to(NOW + timedelta(days=1))
    end_absence(absence=absence, by=dana, now=NOW + timedelta(days=1))
    planned.refresh_from_db()
    assert planned.due_on == date(2026, 6, 18)
    assert not ShiftedTouch.objects.exists()
    dispatch()
    assert violations() == []


def test_who_stays_away_for_longer_moves_each_step_from_where_it_was(
    dana: User, nurtured_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 1)), by=dana, now=NOW)
    set_absence(person=dana, chosen=chosen("shifted"), by=dana, now=NOW)
    User.objects.filter(pk=dana.pk).update(away_until=date(2026, 6, 26))
    follow_absences(NOW + timedelta(days=1))
    assert PlannedTouch.objects.get().due_on == date(2026, 6, 30)
    assert ShiftedTouch.objects.get().was_due_on == date(2026, 6, 18)


def test_a_promise_is_never_moved(
    dana: User, priya: User, jennifer: User, as_user: AsUser, nurtured_lead: Lead
) -> None:
    due = NOW + timedelta(minutes=5)
    given = promise(lead=nurtured_lead, promised=Promised(due), by=dana, now=NOW)
    set_absence(person=dana, chosen=chosen("shifted"), by=dana, now=NOW)
    given.refresh_from_db()
    nurtured_lead.refresh_from_db()
    assert given.due_at == nurtured_lead.next_touch_at == due
    Lead.objects.update(next_touch_at=NOW - timedelta(minutes=1))
    page = as_user(jennifer).get("/today/").context["page"]
    assert page.away[0].is_neglected
    assert "nobody keeps them" in page.away[0].words
    set_absence(person=dana, chosen=chosen("shifted", cover=priya), by=dana, now=NOW)
    page = as_user(priya).get("/today/").context["page"]
    assert [row.pk for row in page.due] == [nurtured_lead.pk]


# Back again


def test_at_the_return_nothing_piles_up(
    dana: User, make_lead: MakeLead, make_cadence: Callable[..., Cadence]
) -> None:
    User.objects.filter(pk=dana.pk).update(daily_touches=2)
    dana.refresh_from_db()
    cadence = make_cadence(("phone", 0))
    leads = [make_lead() for _number in range(5)]
    for lead in leads:
        enrol(lead=lead, cadence=cadence, by=dana, now=NOW)
    dispatch()
    rhythm = make_lead()
    log_touch(
        lead=rhythm, channel="phone", outcome="no_answer", by=dana, now=NOW - timedelta(days=20)
    )
    set_absence(person=dana, chosen=chosen("paused"), by=dana, now=NOW)
    back = NOW + timedelta(days=7)
    shift_to(back)
    follow_absences(back)
    days = list(PlannedTouch.objects.order_by("due_on", "pk").values_list("due_on", flat=True))
    assert days == [date(2026, 6, d) for d in (17, 17, 25, 25, 26)]
    rhythm.refresh_from_db()
    assert rhythm.next_touch_at is not None
    assert rhythm.next_touch_at.date() == date(2026, 6, 26)
    plan_next(lead=rhythm, now=back)
    assert rhythm.next_touch_at.date() == date(2026, 6, 26)  # a plan made anew keeps it
    due = Lead.objects.filter(specialist=dana, next_touch_at__lte=back)
    assert due.count() == 2
    assert violations() == []


def test_the_settings_of_the_person_count_and_an_absence_begins_by_the_tick(
    dana: User, nurtured_lead: Lead, make_cadence: Callable[..., Cadence]
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 3)), by=dana, now=NOW)
    later = chosen("paused", away_from=date(2026, 6, 22), away_until=None)
    absence = set_absence(person=dana, chosen=later, by=dana, now=NOW)
    assert not Enrolment.objects.filter(paused_at__isnull=False).exists()
    User.objects.filter(pk=dana.pk).update(away_from=date(2026, 6, 18))
    follow_absences(NOW + timedelta(days=1))
    absence.refresh_from_db()
    assert (absence.away_from, absence.began_at) == (date(2026, 6, 18), NOW + timedelta(days=1))
    assert Enrolment.objects.filter(paused_for=absence).exists()
    User.objects.filter(pk=dana.pk).update(away_from=None)
    follow_absences(NOW + timedelta(days=2))
    absence.refresh_from_db()
    assert absence.ended_at
    assert not Enrolment.objects.filter(paused_at__isnull=False).exists()


# Who may, and what is refused


def test_only_oneself_and_ones_managers_choose(
    dana: User, sam: User, priya: User, jennifer: User, carol: User, ada: User
) -> None:
    for by in (sam, priya, carol):
        with pytest.raises(PermissionDenied):
            set_absence(person=dana, chosen=chosen("paused"), by=by, now=NOW)
    with pytest.raises(PermissionDenied):  # a rep has no cadences
        set_absence(person=carol, chosen=chosen("paused"), by=carol, now=NOW)
    for by in (dana, jennifer, ada):
        absence = set_absence(person=dana, chosen=chosen("paused"), by=by, now=NOW)
    with pytest.raises(PermissionDenied):
        end_absence(absence=absence, by=priya, now=NOW)
    assert Absence.objects.open().count() == 1


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"away_until": date(2026, 6, 16)}, "away_until"),
        ({"away_from": date(2026, 6, 1), "away_until": date(2026, 6, 3)}, "away_until"),
        ({"way": "shifted", "away_until": None}, "away_until"),
        ({"way": "covered"}, "cover"),
    ],
)
def test_what_cannot_be_is_refused(dana: User, own: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        set_absence(person=dana, chosen=chosen(**{"way": "paused", **own}), by=dana, now=NOW)
    assert list(refused.value.message_dict) == [field]


def test_only_who_sees_the_leads_and_is_there_stands_in(
    dana: User, sam: User, priya: User, jennifer: User
) -> None:
    with pytest.raises(ValidationError):  # of another team
        set_absence(person=dana, chosen=chosen(cover=sam), by=dana, now=NOW)
    User.objects.filter(pk=priya.pk).update(away_from=TODAY)
    priya.refresh_from_db()
    with pytest.raises(ValidationError):
        set_absence(person=dana, chosen=chosen(cover=priya), by=dana, now=NOW)
    set_absence(person=dana, chosen=chosen(cover=jennifer), by=dana, now=NOW)


@pytest.mark.parametrize(
    "columns",
    [
        {"way": "covered"},
        {"way": "shifted", "away_until": None},
        {"away_until": date(2026, 6, 1)},
    ],
)
def test_the_database_refuses_it_too(dana: User, columns: dict[str, Any]) -> None:
    given = {"way": "paused", "away_until": None, **columns}
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(
            person=dana, away_from=TODAY, mail_goes_on=True, by=dana, asked_at=NOW, **given
        )


# The pages


def test_one_sees_what_would_happen_chooses_and_comes_back(
    dana: User,
    priya: User,
    as_user: AsUser,
    nurtured_lead: Lead,
    make_cadence: Callable[..., Cadence],
) -> None:
    enrol(lead=nurtured_lead, cadence=make_cadence(("phone", 1)), by=dana, now=NOW)
    promise(lead=nurtured_lead, promised=Promised(NOW + timedelta(days=2)), by=dana, now=NOW)
    client = as_user(dana)
    assert "Nobody is away" in client.get("/absences/").content.decode()
    url = client.get("/absences/new/").headers["Location"]
    assert client.get(url).status_code == 200
    data = {"away_from": "2026-06-17", "away_until": "2026-06-23", "way": "shifted"}
    shown = client.post(url, data | {"preview": "1"}).content.decode()
    assert "1 step move by 4 working days" in shown
    assert "nobody keeps them" in shown
    assert not Absence.objects.exists()
    wrong = client.post(url, data | {"away_until": ""})
    assert wrong.status_code == 422
    assert "say which day is the last" in wrong.content.decode()
    assert client.post(url, data | {"cover": priya.pk}).status_code == 302
    page = client.get("/absences/").content.decode()
    assert "1 step moved" in page
    assert "Priya Raman" in page
    client.post(f"/absences/{Absence.objects.get().pk}/end/")
    assert Absence.objects.get().ended_at
    assert "Before" in client.get("/absences/").content.decode()


def test_a_manager_chooses_for_theirs_and_sees_where_nothing_is_chosen(
    jennifer: User, dana: User, as_user: AsUser
) -> None:
    User.objects.filter(pk=dana.pk).update(away_from=TODAY)
    client = as_user(jennifer)
    assert "what is due stays with them" in client.get("/absences/").content.decode()
    assert client.post("/absences/new/", {"person": "0"}).status_code == 422
    answer = client.post("/absences/new/", {"person": dana.pk})
    assert answer.headers["Location"] == f"/absences/of/{dana.pk}/"
