"""Giving leads to specialists: at once, in sets, by the clock, and what is kept of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from nurture.actions import log_touch, take_lead
from nurture.taking import take_next
from prospects import actions
from prospects.actions import NotAllowed
from prospects.imports.leads import import_leads
from prospects.models import Assignment, Lead
from prospects.routing.assigning import route_all, route_lead, route_waiting
from team.models import Role, Territory, User
from tests.fixtures import NOW

TODAY = date(2026, 6, 17)


@pytest.fixture
def priya(person, northeast):
    return person("Priya Raman", Role.SPECIALIST, northeast)


def settle(user: User, **fields) -> None:
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()


def history(lead: Lead) -> list[tuple]:
    rows = lead.assignments.order_by("id").select_related("from_person", "to_person", "by")
    return [
        (str(a.from_person or ""), str(a.to_person or ""), a.rule, a.why, str(a.by or ""))
        for a in rows
    ]


# At once


def test_a_lead_goes_to_a_specialist_at_once(make_lead, dana, jennifer):
    lead = make_lead(by=jennifer)
    assert (lead.specialist, lead.team, lead.assigned_why) == (dana, dana.team, "by turns")
    assert history(lead) == [("", "Dana Whitfield", "turn", "by turns", "")]
    stored = Lead.objects.get()
    assert stored.specialist == dana
    assert stored.next_touch_at is not None  # on Today without a tick


def test_by_turns(make_lead, dana, priya, jennifer):
    names = [make_lead(by=jennifer).specialist.name.split()[0] for _ in range(4)]
    assert names == ["Dana", "Priya", "Dana", "Priya"]


def test_by_territory_and_language_across_the_teams_below(make_lead, dana, sam, jennifer, region):
    Territory.objects.create(person=sam, country="US")
    settle(sam, languages=["en", "es"])
    lead = make_lead(by=jennifer, team=region)
    assert (lead.specialist, lead.team) == (sam, sam.team)
    assert lead.assigned_why == "their territory: US; speaks English; by turns"


def test_a_lead_of_a_team_stays_in_it(make_lead, dana, sam, jennifer, south):
    assert make_lead(by=jennifer, team=south).specialist == sam


def test_who_writes_it_down_keeps_it(make_lead, dana, priya):
    lead = make_lead(by=priya)
    assert lead.specialist == priya
    assert history(lead) == [("", "Priya Raman", "wrote", "wrote it down", "Priya Raman")]


def test_what_is_screened_out_goes_to_nobody_until_it_is_restored(make_lead, dana, jennifer):
    lead = make_lead(by=jennifer)
    assert lead.specialist == dana
    student = actions.create_lead(
        source=lead.source,
        company=actions.CompanyDetails(name="Campus"),
        contact=actions.ContactDetails(last_name="Ek", title="Student", phone="+1 617 555 9000"),
        details=actions.LeadDetails(),
        team=lead.team,
        by=jennifer,
        now=NOW,
    )
    assert (student.stage, student.specialist) == ("screened_out", None)
    restored = actions.restore(lead=student, by=jennifer, now=NOW)
    assert (restored.stage, restored.specialist) == ("raw", dana)


FULL = {
    "open leads": ({"lead_capacity": 0}, "nobody is free: Dana Whitfield has 0 of 0 open leads"),
    "touches": (
        {"daily_touches": 0},
        "nobody is free: Dana Whitfield has 0 of 0 touches due today",
    ),
    "away": (
        {"away_from": TODAY, "away_until": TODAY},
        "nobody is free: Dana Whitfield is away until Jun 17",
    ),
    "away for good": ({"away_from": TODAY}, "nobody is free: Dana Whitfield is away"),
    "gone": ({"is_active": False}, "no specialist works in this team"),
}


@pytest.mark.parametrize(("fields", "why"), FULL.values(), ids=FULL.keys())
def test_with_nobody_free_it_waits_and_says_why(make_lead, dana, jennifer, fields, why):
    settle(dana, **fields)
    lead = make_lead(by=jennifer, now=NOW)
    assert (lead.specialist, lead.assigned_why) == (None, why)
    assert history(lead) == []
    assert lead in Lead.objects.waiting()


def test_absence_ends(make_lead, dana, jennifer):
    settle(dana, away_from=TODAY - timedelta(days=9), away_until=TODAY - timedelta(days=1))
    assert make_lead(by=jennifer, now=NOW).specialist == dana


def test_only_open_leads_and_what_is_due_count(make_lead, dana, jennifer):
    settle(dana, lead_capacity=2, daily_touches=1)
    closed = make_lead(by=dana)
    actions.disqualify(lead=closed, reason="no_need", by=dana, now=NOW)
    later = make_lead(by=dana)
    Lead.objects.filter(pk=later.pk).update(next_touch_at=NOW + timedelta(days=3))
    assert make_lead(by=jennifer, now=NOW).specialist == dana
    waits = make_lead(by=jennifer, now=NOW)
    assert waits.specialist is None


def test_statements_of_a_lead_that_is_given_out(
    make_lead, dana, jennifer, django_assert_num_queries, django_assert_max_num_queries
):
    lead = make_lead(by=jennifer)
    Lead.objects.filter(pk=lead.pk).update(specialist=None)
    lead = actions.locked(lead)
    with transaction.atomic(), django_assert_max_num_queries(4):
        assert route_lead(lead=lead, now=NOW)
    with transaction.atomic(), django_assert_num_queries(0):
        assert not route_lead(lead=lead, now=NOW)


# In sets, by the clock


def test_what_waits_is_given_out_when_there_is_room(many_leads, dana, priya, northeast):
    leads = many_leads(8, northeast)
    settle(dana, lead_capacity=3)
    settle(priya, daily_touches=2)
    assert route_all(now=NOW) == 5
    held = [lead.specialist_id for lead in Lead.objects.order_by("-received_at", "-pk")]
    assert sorted(filter(None, held)) == [dana.pk] * 3 + [priya.pk] * 2
    assert held[5:] == [None] * 3  # the freshest first
    assert Assignment.objects.count() == 5
    assert route_all(now=NOW) == 0
    settle(dana, lead_capacity=200)
    assert route_all(now=NOW) == 3
    assert len(leads) == 8


def test_who_waits_for_somebody_in_particular_holds_up_nobody(
    many_leads, make_lead, dana, priya, northeast, jennifer
):
    settle(dana, languages=["de"], lead_capacity=0)
    settle(priya, languages=["en"], lead_capacity=0)
    german = [make_lead(by=jennifer) for _ in range(60)]
    for lead in german:
        lead.company.country = "DE"
        lead.company.save()
    older = many_leads(3, northeast)
    Lead.objects.filter(pk__in=[lead.pk for lead in older]).update(
        received_at=NOW - timedelta(days=400)
    )
    settle(priya, lead_capacity=5)
    assert route_waiting(team_id=northeast.pk, now=NOW) == 3
    assert {lead.specialist for lead in Lead.objects.filter(pk__in=[o.pk for o in older])} == {
        priya
    }
    assert Lead.objects.waiting().count() == 60


def test_many_take_no_more_statements_than_few(
    many_leads, dana, northeast, django_assert_num_queries
):
    settle(dana, lead_capacity=10_000, daily_touches=10_000)
    many_leads(5, northeast)
    with django_assert_num_queries(7):
        assert route_all(now=NOW) == 5
    many_leads(300, northeast)
    with django_assert_num_queries(7):
        assert route_all(now=NOW) == 300


def test_leads_of_a_team_without_specialists_wait(many_leads, region, jennifer):
    many_leads(2, region)
    assert route_all(now=NOW) == 0


# By hand


def test_a_manager_gives_a_specialist_takes(make_lead, dana, priya, jennifer):
    lead = make_lead(by=dana)
    actions.assign(lead=lead, specialist=priya, by=jennifer, now=NOW)
    actions.assign(lead=lead, specialist=priya, by=jennifer, now=NOW)  # nothing changes
    actions.assign(lead=lead, specialist=dana, by=dana, now=NOW, why="knows them")
    assert history(lead) == [
        ("", "Dana Whitfield", "wrote", "wrote it down", "Dana Whitfield"),
        ("Dana Whitfield", "Priya Raman", "hand", "given by Jennifer Osei", "Jennifer Osei"),
        ("Priya Raman", "Dana Whitfield", "took", "knows them", "Dana Whitfield"),
    ]


def test_a_manager_may_go_beyond_capacity(make_lead, dana, priya, jennifer):
    settle(priya, lead_capacity=0)
    lead = make_lead(by=dana)
    assert actions.assign(lead=lead, specialist=priya, by=jennifer, now=NOW).specialist == priya


def test_the_freshest_is_taken_next(many_leads, dana, northeast):
    older, newer = many_leads(2, northeast)
    Lead.objects.filter(pk=older.pk).update(received_at=NOW - timedelta(hours=3))
    taken = take_next(by=dana, now=NOW)
    assert taken
    assert (taken.pk, taken.specialist, taken.stage) == (newer.pk, dana, "nurturing")
    assert taken.next_touch_at is not None
    assert history(taken)[0][2:] == ("took", "took it from the team’s queue", "Dana Whitfield")
    after_it = take_next(by=dana, now=NOW)
    assert after_it
    assert after_it.pk == older.pk
    assert take_next(by=dana, now=NOW) is None


def test_a_lead_in_the_program_that_lost_its_specialist_can_be_taken(make_lead, dana, priya):
    lead = make_lead(by=dana)
    log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    Lead.objects.update(specialist=None)
    assert take_lead(lead=lead, by=priya, now=NOW).specialist == priya
    assert take_next(by=priya, now=NOW) is None


def test_only_specialists_of_the_team_take(many_leads, northeast, jennifer, sam, charlie):
    many_leads(1, northeast)
    with pytest.raises(NotAllowed):
        take_next(by=jennifer, now=NOW)
    assert take_next(by=sam, now=NOW) is None
    assert take_next(by=charlie, now=NOW) is None


def test_who_is_in_touch_first_has_it(many_leads, dana, northeast):
    (lead,) = many_leads(1, northeast)
    log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    assert Lead.objects.get().specialist == dana
    assert history(lead)[0][2:] == ("took", "was in touch first", "Dana Whitfield")


def test_the_history_cannot_be_changed(raw_lead, dana, sam):
    kept = raw_lead.assignments.get()
    for forbidden in (
        lambda: Assignment.objects.filter(pk=kept.pk).update(why="another"),
        lambda: Assignment.objects.filter(pk=kept.pk).delete(),
        lambda: Assignment.objects.create(
            lead=raw_lead, from_person=dana, to_person=dana, rule="hand", at=NOW
        ),
        lambda: Assignment.objects.create(lead=raw_lead, rule="hand", at=NOW),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            forbidden()


# At the same instant


def at_once(count, act):
    barrier = Barrier(count)

    def run(_number):
        barrier.wait(timeout=10)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_two_choices_at_once_do_not_exceed_capacity(make_lead, dana, jennifer):
    settle(dana, lead_capacity=3)
    leads = at_once(6, lambda: make_lead(by=jennifer))
    assert len([lead for lead in leads if lead.specialist_id == dana.pk]) == 3
    assert Lead.objects.filter(specialist=dana).count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_give_each_lead_once(many_leads, dana, northeast):
    many_leads(40, northeast)
    settle(dana, lead_capacity=30)
    given = at_once(3, lambda: route_all(now=NOW))
    assert sum(given) == 30
    assert Assignment.objects.count() == Lead.objects.filter(specialist=dana).count() == 30


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_next_get_two_leads(many_leads, dana, priya, northeast):
    many_leads(6, northeast)
    taken = at_once(6, lambda: take_next(by=dana, now=NOW))
    pks = [lead.pk for lead in taken if lead]
    assert len(pks) == len(set(pks)) >= 1
    assert Lead.objects.filter(specialist=dana).count() == len(pks)


def test_an_import_gives_out_its_leads(tmp_path, dana, priya, northeast, jennifer):
    file = tmp_path / "fair.csv"
    file.write_text(
        "company,phone,specialist\n"
        + "".join(f"Firm {n},+1 617 555 {2000 + n},\n" for n in range(4))
        + "Named,+1 617 555 3000,Dana Whitfield\n"
    )
    import_leads(file, by=jennifer, team=northeast, now=NOW)
    held = dict(Lead.objects.values_list("company__name", "specialist__name"))
    assert held.pop("Named") == "Dana Whitfield"
    assert sorted(held.values()) == ["Dana Whitfield"] * 2 + ["Priya Raman"] * 2
    rules = list(Assignment.objects.values_list("rule", flat=True).order_by("rule"))
    assert rules == ["file"] + ["turn"] * 4
    import_leads(file, by=jennifer, team=northeast, now=NOW)
    assert Assignment.objects.count() == 5
