"""The workload: who has how much, who waits and why, and moving leads with a preview."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from prospects import actions
from prospects.models import Assignment, Lead, Rebalancing
from prospects.routing.rebalancing import (
    Asked,
    PlanChanged,
    plan_rebalancing,
    rebalance,
    undo_rebalancing,
)
from team.models import Role, User
from tests.fixtures import NOW

PAGE, MOVE = "/workload/", "/workload/rebalance/"


@pytest.fixture
def priya(person, northeast):
    return person("Priya Raman", Role.SPECIALIST, northeast)


def settle(user: User, **fields) -> None:
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()


def held() -> dict[str, int]:
    names = Lead.objects.values_list("specialist__name", flat=True)
    return {(name or "nobody").split()[0]: list(names).count(name) for name in names}


# The page


def test_who_has_how_much(many_leads, as_, dana, priya, sam, jennifer, northeast):
    many_leads(5, northeast, specialist=dana, next_touch_at=NOW - timedelta(days=3))
    many_leads(2, northeast, specialist=dana, next_touch_at=NOW + timedelta(days=2))
    many_leads(1, northeast, specialist=dana, next_touch_at=NOW + timedelta(days=20))
    many_leads(1, northeast, specialist=dana)  # not planned yet: due
    many_leads(1, northeast, specialist=dana, stage="lost")
    settle(priya, away_from=date(2026, 6, 15), away_until=date(2026, 7, 3), languages=["de"])
    answer = as_(jennifer).get(PAGE)
    people = {p.name: p for p in answer.context["page"].people}
    assert list(people) == ["Dana Whitfield", "Priya Raman", "Sam Ortiz"]
    found = people["Dana Whitfield"]
    assert (found.open_leads, found.due_today, found.due_this_week) == (9, 6, 8)
    assert people["Priya Raman"].presence == "away until Jul 3"
    page = answer.content.decode()
    assert "German" in page
    assert "<strong>9</strong> of 200" in page


def test_the_queue_is_in_sight_with_age_and_reason(many_leads, as_, dana, jennifer, northeast):
    settle(dana, lead_capacity=0)
    old, fresh = many_leads(2, northeast)
    Lead.objects.filter(pk=old.pk).update(received_at=NOW - timedelta(days=3))
    answer = as_(jennifer).get(PAGE)
    waiting = answer.context["page"].waiting
    assert [lead.pk for lead in waiting] == [fresh.pk, old.pk]
    assert [lead.tone for lead in waiting] == ["due", ""]
    assert "Nobody is free: Dana Whitfield has 0 of 0 open leads." in answer.content.decode()


def test_somebody_is_free_meanwhile(many_leads, as_, dana, northeast):
    many_leads(1, northeast)
    page = as_(dana).get(PAGE).content.decode()
    assert "Somebody is free: it is given out within a minute." in page
    assert "Take the next lead" in page
    assert MOVE not in page


def test_others_see_nothing(many_leads, as_, northeast, charlie, sam, carol):
    many_leads(3, northeast)
    for outsider in (charlie, sam):
        assert not as_(outsider).get(PAGE).context["page"].waiting
    assert as_(carol).get(PAGE).status_code == 403


def test_the_queue_is_walked_to_its_end(many_leads, as_, jennifer, northeast, south):
    pks = {lead.pk for lead in many_leads(60, northeast) + many_leads(50, south)}
    client, url, seen = as_(jennifer), PAGE, set()
    for expected in (50, 50, 10):
        answer = client.get(url)
        page = answer.context["page"]
        assert len(page.waiting) == expected
        seen |= {lead.pk for lead in page.waiting}
        url = PAGE + answer.context["next_url"].partition("#")[0]
    assert seen == pks
    assert client.get(PAGE + "?after=nonsense").status_code == 200
    assert client.get(PAGE + "?after=2026-06-17T10:00:00_1").status_code == 200


def test_more_of_all_takes_no_more_queries(
    many_leads, as_, person, jennifer, northeast, dana, django_assert_num_queries
):
    client = as_(jennifer)
    many_leads(2, northeast)
    with django_assert_num_queries(8):
        client.get(PAGE)
    many_leads(30, northeast)
    for number in range(10):
        colleague = person(f"P{number} X", Role.SPECIALIST, northeast)
        many_leads(2, northeast, specialist=colleague)
    with django_assert_num_queries(8):
        client.get(PAGE)


def test_empty(as_, jennifer):
    page = as_(jennifer).get(PAGE).content.decode()
    assert "No specialist works in these teams yet" in page
    assert "Nobody waits" in page


def test_who_left_is_listed_while_they_have_leads(many_leads, as_, jennifer, dana, northeast):
    settle(dana, is_active=False)
    assert not as_(jennifer).get(PAGE).context["page"].people
    many_leads(1, northeast, specialist=dana)
    page = as_(jennifer).get(PAGE)
    (found,) = page.context["page"].people
    assert (found.presence, found.has_left) == ("left", True)
    assert f"{MOVE}?how=all&amp;person={dana.pk}" in page.content.decode()


def test_the_next_is_taken_from_the_page(many_leads, as_, dana, jennifer, northeast):
    (lead,) = many_leads(1, northeast)
    answer = as_(dana).post("/today/take/")
    assert answer["Location"] == f"/leads/{lead.pk}/?from=today"
    assert Lead.objects.get().specialist == dana
    assert as_(dana).post("/today/take/")["Location"] == "/today/"
    assert as_(jennifer).post("/today/take/")["Location"] == PAGE


# Moving


def test_evenly(many_leads, jennifer, dana, priya, sam, northeast, south):
    many_leads(10, northeast, specialist=dana)
    many_leads(4, south, specialist=sam)
    plan = plan_rebalancing(by=jennifer, asked=Asked(), now=NOW)
    assert [(f.from_name, f.to_name, f.count) for f in plan.flows] == [
        ("Dana Whitfield", "Priya Raman", 5)
    ]
    assert plan.flows[0].whys == (("by turns", 5),)
    assert [(c.name, c.before, c.after) for c in plan.changes] == [
        ("Dana Whitfield", 10, 5),
        ("Priya Raman", 0, 5),
    ]
    done = rebalance(by=jennifer, asked=Asked(), fingerprint=plan.fingerprint, now=NOW)
    assert held() == {"Dana": 5, "Priya": 5, "Sam": 4}
    assert (done.moved, done.words) == (5, "evenly among those present")
    assert Assignment.objects.filter(rebalancing=done, rule="rebalanced", by=jennifer).count() == 5


def test_evenly_across_teams(many_leads, jennifer, dana, sam, northeast):
    many_leads(10, northeast, specialist=dana)
    assert not plan_rebalancing(by=jennifer, asked=Asked(), now=NOW).moves
    asked = Asked(wider=True)
    plan = plan_rebalancing(by=jennifer, asked=asked, now=NOW)
    rebalance(by=jennifer, asked=asked, fingerprint=plan.fingerprint, now=NOW)
    assert held() == {"Dana": 5, "Sam": 5}
    assert set(Lead.objects.filter(specialist=sam).values_list("team", flat=True)) == {sam.team_id}


def test_all_of_a_leaver(many_leads, jennifer, dana, priya, northeast):
    many_leads(6, northeast, specialist=dana, conversation_at=NOW)
    settle(dana, is_active=False)
    settle(priya, lead_capacity=4)
    asked = Asked(person=dana)
    plan = plan_rebalancing(by=jennifer, asked=asked, now=NOW)
    assert [(f.to_name, f.count) for f in plan.flows] == [("Priya Raman", 4), ("", 2)]
    done = rebalance(by=jennifer, asked=asked, fingerprint=plan.fingerprint, now=NOW)
    assert held() == {"Priya": 4, "nobody": 2}
    assert "nobody is free" in Lead.objects.waiting()[0].assigned_why
    undo_rebalancing(rebalancing=done, by=jennifer, now=NOW)
    assert held() == {"Dana": 6}


def test_what_is_due_while_somebody_is_away(many_leads, jennifer, dana, priya, northeast):
    many_leads(2, northeast, specialist=dana, next_touch_at=NOW + timedelta(days=2))
    many_leads(3, northeast, specialist=dana, next_touch_at=NOW + timedelta(days=9))
    asked = Asked(person=dana, only_due=True)
    with pytest.raises(actions.NotAllowed, match="Nobody said until when"):
        plan_rebalancing(by=jennifer, asked=asked, now=NOW)
    settle(dana, away_from=date(2026, 6, 17), away_until=date(2026, 6, 19))
    plan = plan_rebalancing(by=jennifer, asked=Asked(person=dana, only_due=True), now=NOW)
    assert plan.words == "what is due with Dana Whitfield until Jun 19"
    assert [(f.to_name, f.count) for f in plan.flows] == [("Priya Raman", 2)]


def test_undo_leaves_what_changed_hands_since(many_leads, jennifer, dana, priya, northeast):
    many_leads(10, northeast, specialist=dana)
    plan = plan_rebalancing(by=jennifer, asked=Asked(), now=NOW)
    done = rebalance(by=jennifer, asked=Asked(), fingerprint=plan.fingerprint, now=NOW)
    moved = Lead.objects.filter(specialist=priya)[0]
    actions.assign(lead=moved, specialist=dana, by=jennifer, now=NOW)
    back = undo_rebalancing(rebalancing=done, by=jennifer, now=NOW)
    assert (back.moved, back.moved_back) == (5, 4)
    assert held() == {"Dana": 10}
    with pytest.raises(actions.NotAllowed):
        undo_rebalancing(rebalancing=done, by=jennifer, now=NOW)


def test_only_what_was_shown_is_done(many_leads, jennifer, dana, priya, northeast):
    many_leads(10, northeast, specialist=dana)
    plan = plan_rebalancing(by=jennifer, asked=Asked(), now=NOW)
    many_leads(4, northeast, specialist=dana)
    with pytest.raises(PlanChanged) as changed:
        rebalance(by=jennifer, asked=Asked(), fingerprint=plan.fingerprint, now=NOW)
    assert changed.value.plan.moved == 7
    assert held() == {"Dana": 14}


def test_only_a_manager_moves_only_theirs(many_leads, dana, priya, jennifer, person, region):
    with pytest.raises(actions.NotAllowed):
        plan_rebalancing(by=dana, asked=Asked(), now=NOW)
    stranger = person("Zoe Far", Role.SPECIALIST)
    with pytest.raises(actions.NotAllowed):
        plan_rebalancing(by=jennifer, asked=Asked(person=stranger), now=NOW)


def test_moving_takes_the_same_statements_for_many(
    many_leads, jennifer, dana, priya, northeast, django_assert_max_num_queries
):
    many_leads(600, northeast, specialist=dana)
    settle(priya, lead_capacity=1000)
    asked = Asked(person=dana)
    plan = plan_rebalancing(by=jennifer, asked=asked, now=NOW)
    with django_assert_max_num_queries(12):
        rebalance(by=jennifer, asked=asked, fingerprint=plan.fingerprint, now=NOW)
    assert held() == {"Priya": 600}


# Its pages


def test_preview_then_move_then_undo(many_leads, as_, jennifer, dana, priya, northeast):
    many_leads(10, northeast, specialist=dana)
    client = as_(jennifer)
    assert "See what would be moved" in client.get(MOVE).content.decode()
    shown = client.get(MOVE, {"how": "evenly"})
    page = shown.content.decode()
    assert "Move 5 leads" in page
    assert held() == {"Dana": 10}
    said = {"how": "evenly", "fingerprint": shown.context["plan"].fingerprint}
    moved = client.post(MOVE, said, follow=True)
    assert "5 leads are moved." in moved.content.decode()
    assert "Evenly among those present" in moved.content.decode()
    done = Rebalancing.objects.get()
    back = client.post(f"/workload/moves/{done.pk}/undo/", follow=True)
    assert "5 leads are moved back." in back.content.decode()
    assert held() == {"Dana": 10}
    again = client.post(f"/workload/moves/{done.pk}/undo/", follow=True)
    assert "taken back already" in again.content.decode()


def test_a_plan_that_has_changed_is_shown_anew(many_leads, as_, jennifer, dana, priya, northeast):
    many_leads(4, northeast, specialist=dana)
    answer = as_(jennifer).post(MOVE, {"how": "evenly", "fingerprint": "0" * 32})
    assert answer.status_code == 422
    assert "Look again before you move" in answer.content.decode()
    assert "Move 2 leads" in answer.content.decode()


ERRORS = {
    "nothing said": ({}, "how"),
    "nobody named": ({"how": "all"}, "person"),
    "nobody there": ({"how": "all", "person": "999999"}, "person"),
    "no such way": ({"how": "upside down"}, "how"),
}


@pytest.mark.parametrize(("said", "field"), ERRORS.values(), ids=ERRORS.keys())
def test_what_is_wrong_is_said(as_, jennifer, dana, said, field):
    answer = as_(jennifer).post(MOVE, said)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_nothing_to_move(as_, jennifer, dana):
    assert "nothing to move" in as_(jennifer).get(MOVE, {"how": "evenly"}).content.decode()


def test_the_lead_says_who_has_it_and_why(raw_lead, as_, jennifer, dana, priya):
    actions.assign(lead=raw_lead, specialist=priya, by=jennifer, now=NOW, why="knows the mill")
    page = as_(jennifer).get(f"/leads/{raw_lead.pk}/").content.decode()
    assert "(knows the mill)" in page
    assert "Given to Priya Raman" in page
    assert "Given to Dana Whitfield" in page
