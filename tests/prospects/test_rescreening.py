"""Screening anew after a rule changed: shown first, then done, once, and never over a person's word."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from prospects import actions
from prospects.actions import CompanyDetails, ContactDetails, LeadDetails, NotAllowed
from prospects.models import Lead, Listing, Outcome, RescreenedLead, Rescreening, StageChange
from prospects.screening import rescreening, reviewing
from prospects.screening.listings import Entry, add_listings
from prospects.screening.rescreening import (
    ask_rescreening,
    go_on,
    save_without_rescreening,
    stop_rescreening,
    want_rescreening,
)
from prospects.stages import IllegalStep, Stage
from prospects.stepping import Move, change_stages
from prospects.tasks import rescreen
from team.models import Organisation, Role, Team
from team.organisation import MayNotChange, edit_organisation
from tests.fixtures import NOW

RIVAL = {"kind": "competitor", "add": [["rival.com", "", ""]], "remove": []}
NEW = reverse("rescreening-new")


def page_url(record: Rescreening) -> str:
    return reverse("rescreening", args=[record.pk])


@pytest.fixture
def arrive(dana, fair):
    def make(email="a@rival.com", company="Halden Paper", by=dana, title="", country="US") -> Lead:
        return actions.create_lead(
            source=fair,
            company=CompanyDetails(name=company, country=country),
            contact=ContactDetails(last_name="Lind", title=title, email=email),
            details=LeadDetails(),
            team=by.team,
            by=by,
            now=NOW - timedelta(days=9),
        )

    return make


def counted(by, proposal=None) -> Rescreening:
    record = ask_rescreening(by=by, now=NOW, proposal=proposal)
    while go_on(record.pk, now=NOW):
        pass
    record.refresh_from_db()
    return record


def done(by, proposal=None) -> Rescreening:
    record = counted(by, proposal)
    want_rescreening(rescreening=record, by=by, now=NOW)
    while go_on(record.pk, now=NOW):
        pass
    record.refresh_from_db()
    return record


def outcomes(record: Rescreening) -> dict[int, tuple[str, str]]:
    return {
        lead: (out, rule) for lead, out, rule in record.leads.values_list("lead", "outcome", "rule")
    }


# What it would change


def test_it_shows_what_it_would_change_and_changes_nothing(jennifer, arrive):
    rival, other = arrive(), arrive("b@halden.com")
    record = counted(jennifer, RIVAL)
    assert outcomes(record) == {rival.pk: (Outcome.OUT, "competitor")}
    assert (record.counts, record.looked_at) == ([["out", "competitor", 1]], 2)
    assert not Listing.objects.exists()
    assert {lead.stage for lead in Lead.objects.all()} == {Stage.RAW}
    assert other.pk not in outcomes(record)


@pytest.mark.parametrize(
    ("before", "then", "lead", "expected"),
    [
        ({}, {"market_countries": ["DE"]}, {"email": "a@x.com"}, (Outcome.OUT, "out_of_market")),
        (
            {"market_countries": ["DE"]},
            {"market_countries": ["US"]},
            {"email": "a@x.com"},
            (Outcome.BACK, ""),
        ),
        (
            {},
            {"market_naics": ["611"]},
            {"email": "a@mit.edu"},
            (Outcome.BACK, ""),
        ),
        ({}, {"market_countries": ["US"]}, {"email": "a@x.com"}, None),
    ],
)
def test_a_change_of_the_market(ada, arrive, before, then, lead, expected):
    empty: dict[str, Any] = {
        "market_countries": [], "market_naics": [],
        "market_min_employees": None, "market_max_employees": None,
    }  # fmt: skip
    edit_organisation(fields=empty | before, by=ada)
    arrived = arrive(**lead)
    record = counted(ada, {"market": empty | before | then})
    assert outcomes(record).get(arrived.pk) == expected
    done(ada, {"market": empty | before | then})
    arrived.refresh_from_db()
    stage = {Outcome.OUT: Stage.SCREENED_OUT, Outcome.BACK: Stage.RAW}
    if expected:
        assert arrived.stage == stage[expected[0]]


def test_doubts_come_and_go(jennifer, arrive):
    lead = arrive("a@rival.de")
    done(jennifer, RIVAL)
    lead.refresh_from_db()
    assert (lead.stage, lead.is_doubtful) == (Stage.RAW, True)
    taken_off = {"kind": "competitor", "add": [], "remove": [Listing.objects.get().pk]}
    record = done(jennifer, taken_off)
    assert outcomes(record) == {lead.pk: (Outcome.CLEAR, "")}
    lead.refresh_from_db()
    assert not lead.is_doubtful
    assert not Listing.objects.exists()


# Doing it


def test_it_does_what_it_showed_and_says_why_in_the_history(jennifer, arrive):
    lead = arrive()
    record = done(jennifer, RIVAL)
    lead.refresh_from_db()
    change = lead.stage_changes.latest("id")
    assert (lead.stage, change.reason, change.by) == (Stage.SCREENED_OUT, "competitor", None)
    assert "rival.com" in change.note
    assert (lead.stage_at, lead.next_touch_at) == (NOW, None)
    assert lead.screening[0]["rule"] == "competitor"
    assert (record.done, record.passed_over, record.finished_at) == (1, 0, NOW)
    assert Listing.objects.get().added_by == jennifer
    assert Lead.objects.screened_out_for("competitor").get() == lead


def test_leads_in_the_program_are_only_told_of(jennifer, dana, arrive):
    lead = arrive()
    actions.enter_program(lead=lead, by=dana, now=NOW)
    record = done(jennifer, RIVAL)
    assert outcomes(record) == {lead.pk: (Outcome.LISTED, "competitor")}
    lead.refresh_from_db()
    assert lead.stage == Stage.NURTURING


def test_what_a_person_overruled_is_kept(jennifer, dana, arrive):
    passed, restored = arrive(title="Sales Consultant"), arrive("b@halden.com", title="Consultant")
    reviewing.pass_lead(lead=passed, by=dana, now=NOW)
    actions.restore(lead=restored, by=dana, now=NOW, note="she buys")
    consultants = {"kind": "consultant", "add": [["rival.com", "", ""]], "remove": []}
    record = done(jennifer, consultants)
    assert outcomes(record) == {
        passed.pk: (Outcome.KEPT, "consultant"),
        restored.pk: (Outcome.KEPT, "consultant"),
    }
    for lead in (passed, restored):
        lead.refresh_from_db()
        assert lead.stage == Stage.RAW
    # Another rule is another matter.
    record = done(jennifer, RIVAL)
    assert outcomes(record)[passed.pk] == (Outcome.OUT, "competitor")


def test_what_a_person_or_another_system_screened_out_stays_so(
    jennifer, dana, arrive, many_leads, northeast
):
    by_hand = arrive("b@halden.com")
    actions.screen_out(lead=by_hand, reason="competitor", by=dana, now=NOW)
    [brought] = many_leads(1, northeast)
    StageChange.objects.create(
        lead=brought, from_stage="raw", to_stage="screened_out", at=NOW, brought_along=True
    )
    Lead.objects.filter(pk=brought.pk).update(stage="screened_out")
    assert by_hand.pk not in outcomes(counted(jennifer))
    assert brought.pk not in outcomes(counted(jennifer))


def test_a_lead_that_changed_since_is_passed_over(jennifer, dana, arrive):
    lead, other, third = arrive(), arrive(), arrive()
    record = counted(jennifer, RIVAL)
    want_rescreening(rescreening=record, by=jennifer, now=NOW)
    actions.enter_program(lead=lead, by=dana, now=NOW)
    actions.screen_out(lead=other, reason="student", by=dana, now=NOW)
    while go_on(record.pk, now=NOW):
        pass
    record.refresh_from_db()
    assert (record.done, record.passed_over) == (1, 2)
    assert {lead.pk: lead.stage for lead in Lead.objects.all()} == {
        lead.pk: Stage.NURTURING,
        other.pk: Stage.SCREENED_OUT,
        third.pk: Stage.SCREENED_OUT,
    }
    assert other.stage_changes.count() == 2


def test_in_chunks_it_may_stop_anywhere_and_nothing_is_done_twice(jennifer, arrive, monkeypatch):
    monkeypatch.setattr(rescreening, "CHUNK", 2)
    for _number in range(5):
        arrive()
    record = ask_rescreening(by=jennifer, now=NOW, proposal=RIVAL)
    assert go_on(record.pk, now=NOW)
    record.refresh_from_db()
    assert (record.looked_at, record.counted_at) == (2, None)
    assert rescreen() == 1  # the tick goes on where it was
    record.refresh_from_db()
    assert (record.looked_at, record.counts) == (5, [["out", "competitor", 5]])
    want_rescreening(rescreening=record, by=jennifer, now=NOW)
    assert go_on(record.pk, now=NOW)
    record.refresh_from_db()
    assert record.done == 2
    rescreen()
    rescreen()
    record.refresh_from_db()
    assert (record.done, record.finished_at is not None) == (5, True)
    assert StageChange.objects.filter(to_stage=Stage.SCREENED_OUT).count() == 5
    assert not go_on(record.pk, now=NOW)


def test_it_can_be_stopped(jennifer, arrive, monkeypatch):
    monkeypatch.setattr(rescreening, "CHUNK", 1)
    arrive(), arrive()
    record = counted(jennifer, RIVAL)
    want_rescreening(rescreening=record, by=jennifer, now=NOW)
    go_on(record.pk, now=NOW)
    stop_rescreening(rescreening=record, now=NOW)
    assert not go_on(record.pk, now=NOW)
    assert Lead.objects.filter(stage=Stage.SCREENED_OUT).count() == 1


# What it refuses


def test_rules_that_changed_since_are_counted_again(jennifer, ada, arrive):
    arrive()
    record = counted(jennifer, RIVAL)
    add_listings(kind="competitor", entries=[Entry("else.com", "", "")], by=ada, now=NOW)
    with pytest.raises(NotAllowed, match="preview it again"):
        want_rescreening(rescreening=record, by=jennifer, now=NOW)
    with pytest.raises(NotAllowed):
        save_without_rescreening(rescreening=record, by=jennifer, now=NOW)


def test_it_is_wanted_once_and_only_when_counted(jennifer, arrive):
    arrive()
    record = ask_rescreening(by=jennifer, now=NOW, proposal=RIVAL)
    with pytest.raises(NotAllowed, match="still being counted"):
        want_rescreening(rescreening=record, by=jennifer, now=NOW)
    record = done(jennifer, RIVAL)
    with pytest.raises(NotAllowed, match="decided before"):
        want_rescreening(rescreening=record, by=jennifer, now=NOW)


def test_who_does_not_manage(dana):
    with pytest.raises(MayNotChange):
        ask_rescreening(by=dana, now=NOW)


def test_the_rules_may_be_saved_for_leads_to_come_alone(jennifer, arrive):
    lead = arrive()
    record = counted(jennifer, RIVAL)
    save_without_rescreening(rescreening=record, by=jennifer, now=NOW)
    lead.refresh_from_db()
    assert lead.stage == Stage.RAW
    assert Listing.objects.filter(domain="rival.com").exists()
    assert arrive().stage == Stage.SCREENED_OUT


def test_a_manager_changes_the_leads_of_their_teams_alone(jennifer, person, arrive, sam):
    otto = person("Otto Berg", Role.MANAGER, Team.objects.create(name="West"))
    ours, south = arrive(), arrive(by=sam)
    assert outcomes(counted(otto, RIVAL)) == {}
    assert outcomes(counted(jennifer, RIVAL)).keys() == {ours.pk, south.pk}


def test_steps_in_sets_are_the_legal_ones(dana, make_lead):
    lead = make_lead()
    out = Move(lead.pk, Stage.RAW, Stage.SCREENED_OUT, "student")
    assert change_stages([out], now=NOW, by=None) == 1
    with pytest.raises(IllegalStep):
        change_stages([out], now=NOW, by=None)
    with pytest.raises(IllegalStep):
        change_stages([Move(lead.pk, Stage.RAW, Stage.NURTURING)], now=NOW, by=None)


# The pages


def test_from_the_lines_pasted_to_the_leads_changed(as_, jennifer, arrive):
    lead = arrive()
    client = as_(jennifer)
    url = reverse("listing-list", args=["competitor"])
    answer = client.post(url, {"lines": "https://www.rival.com/about", "preview": "1"})
    record = Rescreening.objects.get()
    assert answer["Location"] == page_url(record)
    text = client.get(answer["Location"]).content.decode()
    for words in ("1 lead was looked at; 1 would change.", "Competitor: screened out", "Halden",
                  "Save, and change 1 lead", "1 entry more on the list"):  # fmt: skip
        assert words in " ".join(text.split()), words
    page = client.get(answer["Location"] + "?outcome=out&rule=competitor")
    assert [row.pk for row in page.context["page"].listed] == [lead.pk]
    page = client.post(reverse("rescreening-want", args=[record.pk]), follow=True)
    assert "1 was changed." in page.content.decode()
    lead.refresh_from_db()
    assert lead.stage == Stage.SCREENED_OUT
    assert "screened anew on" in client.get(reverse("screening-rules")).content.decode()


def test_a_large_one_shows_how_far_it_is(as_, jennifer, arrive, monkeypatch):
    monkeypatch.setattr(rescreening, "CHUNK", 1)
    for _number in range(4):
        arrive()
    client = as_(jennifer)
    answer = client.post(NEW)
    page = client.get(answer["Location"])
    assert 'hx-trigger="every 2s"' in page.content.decode()
    part = client.get(answer["Location"], headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "<progress" in part.content.decode()
    rescreen()
    part = client.get(answer["Location"], headers={"HX-Request": "true"})
    assert "hx-trigger" not in part.content.decode()
    assert "Nothing would change" in part.content.decode()


@pytest.mark.parametrize(
    "query", ["outcome=x", "outcome=out&rule=x", "outcome=out&after=x", "rule=%00"]
)
def test_any_address_is_answered(as_, jennifer, arrive, query):
    arrive()
    client = as_(jennifer)
    assert client.get(page_url(counted(jennifer, RIVAL)) + f"?{query}").status_code == 200


def test_another_s_preview_is_not_found(as_, jennifer, victor, ada, dana, arrive):
    url = page_url(counted(jennifer, RIVAL))
    assert as_(victor).get(url).status_code == 404
    assert as_(ada).get(url).status_code == 200
    assert as_(dana).get(url).status_code == 403


def test_it_costs_the_same_with_many(as_, jennifer, arrive, django_assert_max_num_queries):
    arrive()
    client = as_(jennifer)
    client.get(page_url(counted(jennifer, RIVAL)))
    for _number in range(20):
        arrive()
    url = page_url(counted(jennifer, RIVAL))
    with django_assert_max_num_queries(6):
        client.get(url + "?outcome=out&rule=competitor")


def test_previews_that_came_to_nothing_are_forgotten(jennifer, arrive):
    arrive()
    first = counted(jennifer, RIVAL)
    second = counted(jennifer, RIVAL)
    assert list(Rescreening.objects.all()) == [second]
    assert not RescreenedLead.objects.filter(rescreening=first.pk).exists()
    assert Organisation.objects.count() == 1


# At the same instant


def at_once(*acts):
    """Run them together; what each returned or raised."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait(timeout=10)
        try:
            return act()
        except (NotAllowed, IllegalStep) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_job_at_one_lead_take_turns(jennifer, dana, arrive):
    leads = [arrive() for _number in range(6)]
    record = counted(jennifer, RIVAL)
    want_rescreening(rescreening=record, by=jennifer, now=NOW)

    def work():
        for lead in leads:
            with suppress(IllegalStep):
                actions.enter_program(lead=lead, by=dana, now=NOW)

    at_once(work, lambda: go_on(record.pk, now=NOW), lambda: go_on(record.pk, now=NOW))
    while go_on(record.pk, now=NOW):
        pass
    record.refresh_from_db()
    stages = list(Lead.objects.values_list("stage", flat=True))
    assert set(stages) <= {Stage.NURTURING, Stage.SCREENED_OUT}
    assert record.done == stages.count(Stage.SCREENED_OUT)
    assert record.done + record.passed_over == 6
    for lead in leads:
        assert lead.stage_changes.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_is_wanted_by_one_of_two_who_press_at_once(jennifer, arrive):
    arrive()
    record = counted(jennifer, RIVAL)
    said = at_once(
        *[lambda: want_rescreening(rescreening=record, by=jennifer, now=NOW) for _ in range(3)]
    )
    assert sum(isinstance(answer, NotAllowed) for answer in said) == 2
    assert Listing.objects.count() == 1
