"""Filling cadences: by rule and many at once, as many a day as there is room for, each lead once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from nurture.actions import Promised, log_touch, promise
from nurture.cadence import Rank
from nurture.cadences.actions import archive_cadence
from nurture.cadences.enrolments import enrol, stop_enrolment
from nurture.cadences.reads import preview
from nurture.engine.dispatching import dispatch
from nurture.engine.invariants import violations
from nurture.filling.jobs import ask_filling, cancel_filling, go_on, waiting_fillings
from nurture.filling.month import month_of
from nurture.filling.reads import rule_preview
from nurture.filling.rules import Terms, count_found, take_batch, take_by_rules, terms_of
from nurture.models import Cadence, Enrolment, EnrolmentRule, FilledLead, Filling, PlannedTouch
from prospects import actions
from prospects.actions import NotAllowed
from prospects.models import Lead, Source, StageChange
from prospects.stages import Stage
from team.models import Organisation, Team, User
from tests.fixtures import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("posting_address", "clock_at_now")]

AsUser = Callable[[User], Client]
MakeCadence = Callable[..., Cadence]
MakeLead = Callable[..., Lead]


@pytest.fixture
def cadence(make_cadence: MakeCadence) -> Cadence:
    return make_cadence(("phone", 0), ("voicemail", 0), ("phone", 3))


@pytest.fixture
def make_rule(cadence: Cadence, jennifer: User, northeast: Team) -> Callable[..., EnrolmentRule]:
    def make(**fields: Any) -> EnrolmentRule:
        fields = {"cadence": cadence, "when": "screened", "team": northeast, **fields}
        return EnrolmentRule.objects.create(created_at=NOW, by=jennifer, **fields)

    return make


MakeRule = Callable[..., EnrolmentRule]


def enrolled() -> list[int]:
    return list(Enrolment.objects.active().order_by("pk").values_list("lead", flat=True))


# By rule


def test_after_screening_the_oldest_go_first_as_many_as_there_is_room_for(
    make_rule: MakeRule, make_lead: MakeLead, dana: User
) -> None:
    leads = [make_lead(now=NOW - timedelta(days=days)) for days in (3, 9, 5, 7)]
    User.objects.filter(pk=dana.pk).update(daily_touches=4)  # two touches on the first day each
    rule = make_rule()
    assert take_by_rules(now=NOW) == 2
    assert enrolled() == sorted([leads[1].pk, leads[3].pk])
    rule.refresh_from_db()
    assert rule.looks_at == NOW + timedelta(minutes=10)
    assert take_by_rules(now=NOW + timedelta(minutes=1)) == 0
    assert take_by_rules(now=NOW + timedelta(hours=1)) == 0  # still no room today
    for lead in Lead.objects.filter(pk__in=enrolled()):
        assert lead.stage == Stage.NURTURING
        assert lead.entered_program_at == NOW
        assert (lead.next_touch_rank, lead.next_touch_channel) == (Rank.CADENCE, "phone")
        assert lead.next_touch_why == "First contact: call"
    assert StageChange.objects.filter(to_stage=Stage.NURTURING, by=None).count() == 2
    enrolment = Enrolment.objects.first()
    assert enrolment is not None
    assert (enrolment.rule, enrolment.by, enrolment.why) == (rule, None, "rule: after screening")
    dispatch()
    assert violations() == []


def test_the_surplus_is_taken_on_the_next_day(
    make_rule: MakeRule, make_lead: MakeLead, dana: User, make_cadence: MakeCadence
) -> None:
    for _number in range(4):
        make_lead()
    User.objects.filter(pk=dana.pk).update(daily_touches=2)
    make_rule(cadence=make_cadence(("letter", 0), name="Letter"))
    assert take_by_rules(now=NOW) == 2
    for lead in Lead.objects.filter(pk__in=enrolled()):
        dispatch()
        log_touch(lead=lead, channel="letter", outcome="posted", by=dana, now=NOW)
    assert take_by_rules(now=NOW + timedelta(minutes=30)) == 0  # they made two today
    assert take_by_rules(now=NOW + timedelta(days=1)) == 2


def test_set_based_enrolment_leaves_what_one_by_one_leaves(
    make_rule: MakeRule, make_lead: MakeLead, cadence: Cadence, dana: User, standard: Any
) -> None:
    one, other = make_lead(), make_lead()
    enrol(lead=one, cadence=cadence, by=dana, now=NOW)
    make_rule()
    assert take_by_rules(now=NOW) == 1
    columns = [f.attname for f in Lead._meta.concrete_fields]
    differing = {
        column
        for column in columns
        if Lead.objects.values_list(column).get(pk=one.pk)
        != Lead.objects.values_list(column).get(pk=other.pk)
    }
    assert differing <= {"id", "company_id", "contact_id", "search_text", "received_at", "version"}
    own = {"id", "enrolment_id", "lead_id", "contact_id"}
    first, second = map(dict, PlannedTouch.objects.order_by("pk").values())
    assert {key for key in first if first[key] != second[key]} == own


@pytest.mark.parametrize(
    ("terms", "taken"),
    [
        ({}, 2),
        ({"min_revenue": 50_000}, 1),
        ({"min_revenue": 90_000}, 0),
        ({"min_documented": 1}, 0),
        ({"horizons": ["long_term"]}, 0),
        ({"horizons": ["unknown", "near_term"]}, 2),
    ],
)
def test_a_rule_asks_for_score_and_horizon(
    make_rule: MakeRule, make_lead: MakeLead, terms: dict[str, Any], taken: int
) -> None:
    make_lead(potential_revenue=60_000)
    make_lead()
    make_rule(**terms)
    assert take_by_rules(now=NOW) == taken


def test_a_rule_asks_for_sources_and_its_team(
    make_rule: MakeRule, make_lead: MakeLead, south: Team, sam: User
) -> None:
    make_lead()
    make_lead(by=sam, team=south)
    rule = make_rule()
    rule.sources.add(Source.objects.create(name="Web"))
    assert take_by_rules(now=NOW) == 0
    rule.sources.set(Source.objects.all())
    assert take_by_rules(now=NOW) == 1
    assert Enrolment.objects.get().lead.team_id == rule.team_id


def test_the_best_go_first(make_rule: MakeRule, make_lead: MakeLead, dana: User) -> None:
    leads = [make_lead(potential_revenue=worth) for worth in (10_000, None, 90_000, 50_000)]
    User.objects.filter(pk=dana.pk).update(daily_touches=4)
    make_rule(first="best")
    assert take_by_rules(now=NOW) == 2
    assert enrolled() == [leads[2].pk, leads[3].pk]


def test_a_lead_is_taken_once_unless_the_rule_says_again(
    make_rule: MakeRule, nurtured_lead: Lead, dana: User
) -> None:
    rule = make_rule(when="entered")
    assert take_by_rules(now=NOW) == 1
    stop_enrolment(enrolment=Enrolment.objects.get(), by=dana, now=NOW)
    assert take_by_rules(now=NOW) == 0
    assert set(count_found(terms_of(rule)).left_out) == {"taken"}
    EnrolmentRule.objects.update(again=True)
    assert take_by_rules(now=NOW) == 1


def test_who_talked_to_us_is_left_to_a_person(
    make_rule: MakeRule, nurtured_lead: Lead, dana: User
) -> None:
    log_touch(lead=nurtured_lead, channel="phone", outcome="conversation", by=dana, now=NOW)
    rule = make_rule(when="entered")
    assert take_by_rules(now=NOW) == 0
    assert count_found(terms_of(rule)).left_out == {"talked": 1}


def test_what_came_back_from_a_rep_is_taken_after_the_return(
    make_rule: MakeRule, make_lead: MakeLead, dana: User, carol: User
) -> None:
    lead, other = make_lead(), make_lead()
    for which in (lead, other):
        actions.change_stage(lead=which, to_stage=Stage.NURTURING, now=NOW, by=dana)
    for to_stage, rep in (
        (Stage.QUALIFIED, None),
        (Stage.HANDED_OFF, carol),
        (Stage.NURTURING, None),
    ):
        actions.change_stage(lead=lead, to_stage=to_stage, now=NOW, by=dana, rep=rep)
    make_rule(when="returned")
    assert take_by_rules(now=NOW) == 1
    assert enrolled() == [lead.pk]


def test_nobody_begins_with_who_is_away_or_before_a_person_looked(
    make_rule: MakeRule, make_lead: MakeLead, dana: User
) -> None:
    doubtful = make_lead()
    Lead.objects.filter(pk=doubtful.pk).update(screening=[{"rule": "x", "weight": "doubt"}])
    nobodys = make_lead()
    Lead.objects.filter(pk=nobodys.pk).update(specialist=None)
    rule = make_rule()
    assert take_by_rules(now=NOW) == 0
    assert count_found(terms_of(rule)).left_out == {"nobody": 1, "doubtful": 1}
    make_lead()
    User.objects.filter(pk=dana.pk).update(away_from=NOW.date())
    assert take_by_rules(now=NOW) == 0


def test_a_paused_rule_and_a_paused_cadence_take_nobody(
    make_rule: MakeRule, make_lead: MakeLead, jennifer: User, cadence: Cadence
) -> None:
    make_lead()
    rule = make_rule(paused_at=NOW)
    assert take_by_rules(now=NOW) == 0
    EnrolmentRule.objects.update(paused_at=None)
    archive_cadence(cadence=cadence, by=jennifer, now=NOW)
    assert take_batch(rule.pk, now=NOW) == 0


def at_once(count: int, act: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(count)

    def run(_number: int) -> Any:
        barrier.wait(timeout=20)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_enrol_each_lead_once_and_nobody_beyond_their_room(
    make_rule: MakeRule, make_lead: MakeLead, dana: User
) -> None:
    for _number in range(12):
        make_lead()
    User.objects.filter(pk=dana.pk).update(daily_touches=16)
    make_rule()
    make_rule(position=2)
    assert sum(at_once(3, lambda: take_by_rules(now=NOW))) == 8
    assert len(enrolled()) == Enrolment.objects.count() == 8
    dispatch()
    assert violations() == []


# Exclusive


def test_an_exclusive_cadence_ends_another_and_no_other_ends_it(
    make_rule: MakeRule,
    make_cadence: MakeCadence,
    nurtured_lead: Lead,
    cadence: Cadence,
    dana: User,
) -> None:
    urgent = make_cadence(("phone", 0), name="Recall", repeats=Cadence.Repeats.EXCLUSIVE)
    rival = make_cadence(("phone", 0), name="Rival", repeats=Cadence.Repeats.EXCLUSIVE)
    first = enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
    second = enrol(lead=nurtured_lead, cadence=urgent, by=dana, now=NOW)
    first.refresh_from_db()
    assert first.end == Enrolment.End.REPLACED
    assert first.planned.get().reason == "“Recall” took over"
    for other in (cadence, rival):
        with pytest.raises(
            NotAllowed, match="it is in “Recall”, which no other cadence interrupts"
        ):
            enrol(lead=nurtured_lead, cadence=other, by=dana, now=NOW)
    assert Enrolment.objects.active().get() == second
    assert preview(Lead.objects.all(), rival).ready == 0
    dispatch()
    assert violations() == []


def test_a_rule_of_an_exclusive_cadence_takes_who_is_in_another(
    make_rule: MakeRule,
    make_cadence: MakeCadence,
    nurtured_lead: Lead,
    cadence: Cadence,
    dana: User,
) -> None:
    urgent = make_cadence(("phone", 0), name="Recall", repeats=Cadence.Repeats.EXCLUSIVE)
    enrol(lead=nurtured_lead, cadence=cadence, by=dana, now=NOW)
    assert preview(Lead.objects.all(), urgent).ready == 1
    make_rule(cadence=urgent, when="entered")
    assert take_by_rules(now=NOW) == 1
    assert Enrolment.objects.active().get().version.cadence == urgent
    dispatch()
    assert violations() == []


# Many at once


def fill(cadence: Cadence, by: User, **options: Any) -> Filling:
    given = {"leads": Lead.objects.all(), "words": "all", "paced": False, **options}
    return ask_filling(cadence=cadence, by=by, now=NOW, **given)


def test_a_job_puts_in_whom_it_can_and_says_of_each_why_not(
    cadence: Cadence, make_cadence: MakeCadence, make_lead: MakeLead, dana: User
) -> None:
    other = make_cadence(("phone", 0), name="Other")
    leads = [make_lead() for _number in range(5)]
    Lead.objects.filter(pk=leads[0].pk).update(contact=None)
    Lead.objects.filter(pk=leads[1].pk).update(specialist=None)
    enrol(lead=leads[2], cadence=other, by=dana, now=NOW)
    filling = fill(cadence, dana)
    while go_on(filling.pk, now=NOW):
        pass
    filling.refresh_from_db()
    assert (filling.total, filling.enrolled, filling.skipped) == (5, 2, 3)
    assert filling.finished_at == NOW
    said = dict(FilledLead.objects.values_list("lead", "why"))
    assert [said[lead.pk] for lead in leads] == [
        "nobody is known there",
        "nobody has it yet",
        "it is in “Other” already",
        "",
        "",
    ]
    dispatch()
    assert violations() == []


def test_a_paced_job_goes_on_on_the_next_day(
    cadence: Cadence, make_lead: MakeLead, dana: User, make_cadence: MakeCadence
) -> None:
    letter = make_cadence(("letter", 1), name="Letter")
    for _number in range(5):
        make_lead()
    User.objects.filter(pk=dana.pk).update(daily_touches=2)
    filling = fill(letter, dana, paced=True)
    while go_on(filling.pk, now=NOW):
        pass
    filling.refresh_from_db()
    assert (filling.enrolled, filling.finished_at) == (2, None)
    assert waiting_fillings(NOW) == []
    tomorrow = NOW + timedelta(days=1)
    assert waiting_fillings(tomorrow) == [filling.pk]
    assert go_on(filling.pk, now=tomorrow)
    filling.refresh_from_db()
    assert filling.enrolled == 4


def test_a_stopped_job_leaves_the_rest_and_who_is_in(
    cadence: Cadence, make_lead: MakeLead, dana: User, jennifer: User
) -> None:
    for _number in range(3):
        make_lead()
    filling = fill(cadence, dana)
    with pytest.raises(NotAllowed):
        cancel_filling(filling=filling, by=jennifer, now=NOW)
    cancel_filling(filling=filling, by=dana, now=NOW)
    assert not go_on(filling.pk, now=NOW)
    assert not Enrolment.objects.exists()


def test_a_job_is_refused_where_there_is_nothing_to_do(
    cadence: Cadence, make_lead: MakeLead, dana: User, sam: User, carol: User
) -> None:
    make_lead()
    for by in (sam, carol):  # who sees none of them, and a rep
        with pytest.raises(NotAllowed):
            fill(cadence, by)
    with pytest.raises(NotAllowed):
        fill(Cadence.objects.create(name="Empty", created_at=NOW), dana)
    assert not Filling.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_job_put_each_lead_in_once(
    cadence: Cadence, make_lead: MakeLead, dana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nurture.filling.jobs.BATCH", 3)
    for _number in range(10):
        make_lead()
    filling = fill(cadence, dana)

    def work() -> None:
        while go_on(filling.pk, now=NOW):
            pass

    at_once(3, work)
    work()
    filling.refresh_from_db()
    assert (filling.enrolled, Enrolment.objects.count()) == (10, 10)
    dispatch()
    assert violations() == []


def test_a_batch_costs_the_same_however_many_leads_are_in_it(
    cadence: Cadence,
    make_lead: MakeLead,
    dana: User,
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    make_lead()
    filling = fill(cadence, dana)
    with django_assert_max_num_queries(32) as few:
        go_on(filling.pk, now=NOW)
    for _number in range(10):
        make_lead()
    filling = fill(cadence, dana, leads=Lead.objects.filter(enrolments=None))
    with django_assert_num_queries(len(few)):
        go_on(filling.pk, now=NOW)
    assert Enrolment.objects.count() == 11


def test_the_database_holds_that_results_add_up(cadence: Cadence, dana: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Filling.objects.create(
            cadence=cadence, by=dana, words="x", asked_at=NOW, total=1, enrolled=1, skipped=1
        )


# The coming month


def test_the_month_counts_what_is_planned_and_promised(
    cadence: Cadence, make_lead: MakeLead, dana: User, organisation: Organisation
) -> None:
    enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    promised = make_lead()
    actions.enter_program(lead=promised, by=dana, now=NOW)
    due = NOW + timedelta(days=1)
    promise(lead=promised, promised=Promised(due), by=dana, now=NOW)
    month = month_of([dana], NOW, organisation)
    assert [day.isoformat() for day in month.ahead.days[:4]] == [
        "2026-06-17",
        "2026-06-18",
        "2026-06-22",  # the 19th is a holiday
        "2026-06-23",
    ]
    assert month.people[0].load[:5] == [2, 1, 0, 1, 0]


def test_the_month_takes_few_queries_whatever_the_numbers(
    cadence: Cadence,
    make_lead: MakeLead,
    dana: User,
    jennifer: User,
    as_user: AsUser,
    django_assert_num_queries: Any,
    django_assert_max_num_queries: Any,
) -> None:
    client = as_user(jennifer)
    enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    client.get("/cadences/month/")
    with django_assert_max_num_queries(12) as few:
        client.get("/cadences/month/")
    for _number in range(10):
        enrol(lead=make_lead(), cadence=cadence, by=dana, now=NOW)
    with django_assert_num_queries(len(few)):
        page = client.get("/cadences/month/").content.decode()
    assert "Dana Whitfield" in page
    assert 'class="mark"' in page


def test_a_preview_says_who_begins_when_and_who_is_left_out(
    make_rule: MakeRule, make_lead: MakeLead, dana: User, jennifer: User, cadence: Cadence
) -> None:
    for _number in range(5):
        make_lead()
    Lead.objects.filter(pk=make_lead().pk).update(contact=None)
    User.objects.filter(pk=dana.pk).update(daily_touches=4)
    found = rule_preview(Terms(cadence=cadence, when="screened"), jennifer, NOW)
    assert found is not None
    assert (found.ready, found.today, found.later, found.beyond) == (5, 2, 3, 0)
    assert [(each.count, each.why) for each in found.left_out] == [(1, "have nobody we know there")]
    assert found.people[0].rows[0].added == 4


# The pages


def rule_sent(cadence: Cadence, in_team: Team, **own: Any) -> dict[str, Any]:
    return {
        "cadence": cadence.pk,
        "when": "screened",
        "team": in_team.pk,
        "min_documented": 0,
        "first": "oldest",
        "position": 1,
        **own,
    }


def test_a_manager_sees_whom_a_rule_takes_before_it_is_saved(
    jennifer: User, as_user: AsUser, cadence: Cadence, northeast: Team, make_lead: MakeLead
) -> None:
    make_lead()
    client = as_user(jennifer)
    assert "Write the first rule" in client.get("/cadences/rules/").content.decode()
    assert client.get(f"/cadences/rules/new/?cadence={cadence.pk}").status_code == 200
    shown = client.post("/cadences/rules/new/", rule_sent(cadence, northeast, preview="1"))
    assert shown.status_code == 200
    assert "It would take 1 lead today" in shown.content.decode()
    assert not EnrolmentRule.objects.exists()
    assert client.post("/cadences/rules/new/", rule_sent(cadence, northeast)).status_code == 302
    rule = EnrolmentRule.objects.get()
    assert rule.by == jennifer
    assert not Enrolment.objects.exists()
    page = client.get(f"/cadences/rules/{rule.pk}/").content.decode()
    assert "It would take 1 lead today" in page
    client.post(f"/cadences/rules/{rule.pk}/pause/")
    assert take_by_rules(now=NOW) == 0
    client.post(f"/cadences/rules/{rule.pk}/resume/")
    assert take_by_rules(now=NOW) == 1
    assert "First contact" in client.get("/cadences/rules/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cadence": ""}, "This field is required."),
        ({"team": ""}, "This field is required."),
        ({"min_documented": 11}, "There are ten attributes."),
        ({"min_revenue": "-1"}, "Revenue is not negative."),
        ({"horizons": ["soon"]}, "soon"),
        ({"when": "someday"}, "someday"),
    ],
)
def test_a_wrong_rule_is_told_with_what_was_typed(
    jennifer: User,
    as_user: AsUser,
    cadence: Cadence,
    northeast: Team,
    wrong: dict[str, Any],
    words: str,
) -> None:
    data = rule_sent(cadence, northeast, position=7) | wrong
    answer = as_user(jennifer).post("/cadences/rules/new/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert 'value="7"' in answer.content.decode()


def test_a_manager_makes_no_rule_for_every_team(
    jennifer: User,
    ada: User,
    as_user: AsUser,
    cadence: Cadence,
    northeast: Team,
    make_rule: MakeRule,
) -> None:
    rule = make_rule(team=None)
    assert as_user(jennifer).get(f"/cadences/rules/{rule.pk}/").status_code == 404
    assert as_user(ada).get(f"/cadences/rules/{rule.pk}/").status_code == 200
    data = rule_sent(cadence, northeast, team="")
    assert as_user(ada).post("/cadences/rules/new/", data).status_code == 302


def test_many_are_chosen_shown_and_put_in(
    dana: User, sam: User, as_user: AsUser, cadence: Cadence, make_lead: MakeLead
) -> None:
    for _number in range(3):
        make_lead()
    client, url = as_user(dana), f"/cadences/{cadence.pk}/enrol/"
    assert client.get(url).status_code == 200
    said = client.get(url, {"stage": "raw", "paced": "on"}).content.decode()
    assert "3 leads would go in" in said
    assert "3 of them today" in said
    assert as_user(sam).get(url, {"stage": "raw"}).context["preview"].counts.ready == 0
    answer = client.post(url, {"stage": "raw", "paced": "on"}, follow=True)
    assert "Raw" in answer.content.decode()
    assert Enrolment.objects.active().count() == 3
    filling = Filling.objects.get()
    assert answer.redirect_chain[0][0] == f"/cadences/fillings/{filling.pk}/"
    assert as_user(sam).get(answer.redirect_chain[0][0]).status_code == 404
    page = client.get(answer.redirect_chain[0][0], {"after": "nonsense"})
    assert page.context["page"].filling.enrolled == 3
    assert page.context["page"].sentence == "Done."
    assert client.post(url, {"stage": "nowhere"}).status_code == 422
    assert client.post(url, {"stage": "raw"}).status_code == 422  # nobody is left
