"""Today: who is due, in which order and why; what waits, what comes up; and who is served next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from nurture import actions
from nurture.actions import Promised, disqualify, log_touch, plan_next, promise, suppress
from nurture.tasks import plan_changed, plan_overtaken
from prospects.actions import LeadDetails, edit_lead
from prospects.models import Contact, Lead, Suppression
from prospects.qualification import Answer, Attribute, Horizon
from prospects.stages import Stage
from team.models import User
from tests.fixtures import NOW

MakeLead = Callable[..., Lead]
AsUser = Callable[[User], Client]
TODAY = "/today/"


@pytest.fixture
def due(make_lead: MakeLead, dana: User) -> Callable[..., Lead]:
    """Make a lead that is due for its next attempt, by company: due("Birch")."""

    def make(company: str, *, days: int = 20, by: User = dana, **fields: Any) -> Lead:
        lead = make_lead(company, by=by, **fields)
        log_touch(
            lead=lead, channel="phone", outcome="no_answer", by=by, now=NOW - timedelta(days=days)
        )
        lead.refresh_from_db()
        return lead

    return make


def in_zone(lead: Lead, zone: str) -> None:
    Contact.objects.filter(leads=lead).update(timezone=zone)


def names(answer: Any) -> list[str]:
    return [row.about.removeprefix("Plant Director, ") for row in answer.context["page"].due]


# The queue


def test_the_queue_is_ranked_and_says_why(
    due: Callable[..., Lead], make_lead: MakeLead, dana: User, as_user: AsUser
) -> None:
    routine = due("Routine")
    fresh = make_lead("Fresh", now=NOW - timedelta(minutes=52))
    plan_next(lead=fresh, now=NOW)
    kept = due("Promised")
    promise(
        lead=kept,
        promised=Promised(NOW + timedelta(hours=1), words="call about the figures"),
        by=dana,
        now=NOW - timedelta(days=1),
    )
    Lead.objects.filter(pk=kept.pk).update(next_touch_at=NOW - timedelta(minutes=5))
    started = due("Started", days=1)
    plan_overtaken()  # the attempt of three weeks ago is over
    answer = as_user(dana).get(TODAY)
    pks = [row.pk for row in answer.context["page"].due]
    assert pks == [kept.pk, fresh.pk, started.pk, routine.pk]
    page = answer.content.decode()
    assert "Attempt 2 of 6 is next" in page
    assert "4 touches are due; 1 is promised." in page
    assert "Promised for 10:55 a.m. their time: call about the figures" in page
    assert "Fresh inquiry, waiting 52 min" in page
    assert "Attempt 1 of 6: voicemail and email missing" in page
    assert "+1 617 555 1001" in page


def test_a_qualified_lead_is_due_for_sales(
    qualified_lead: Lead, dana: User, as_user: AsUser
) -> None:
    plan_next(lead=qualified_lead, now=NOW)
    assert "Ready for sales: hand it to a rep" in as_user(dana).get(TODAY).content.decode()


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "may call"),
        ("America/Los_Angeles", "not before 9 a.m."),
        ("Europe/Stockholm", "not before tomorrow, 9 a.m."),
    ],
)
def test_a_row_says_whether_they_may_be_called_now(
    due: Callable[..., Lead], dana: User, as_user: AsUser, zone: str, words: str
) -> None:
    in_zone(due("Halden"), zone)
    (row,) = as_user(dana).get(TODAY).context["page"].due
    assert row.may == words


def test_a_row_says_who_must_not_be_called(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    asked, wrong = due("Asked"), due("Wrong")
    assert asked.contact is not None
    suppress(contact=asked.contact, channel="phone", now=NOW, why=Suppression.Why.ASKED)
    Contact.objects.filter(leads=wrong).update(phone_invalid_at=NOW)
    may = {row.pk: (row.may, row.may_tone) for row in as_user(dana).get(TODAY).context["page"].due}
    assert may == {asked.pk: ("asked us not to", "late"), wrong.pk: ("wrong number", "late")}


def test_times_are_in_the_readers_zone(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    User.objects.filter(pk=dana.pk).update(timezone="Asia/Tokyo")
    assert "Thursday, June 18" in as_user(dana).get(TODAY).content.decode()


def test_a_lead_without_names_is_called_what_it_is_called(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = due("Nameless")
    Contact.objects.filter(leads=lead).update(first_name="", last_name="", title="")
    Lead.objects.filter(pk=lead.pk).update(company=None, external_id="uci-7")
    (row,) = as_user(dana).get(TODAY).context["page"].due
    assert (row.name, row.about) == ("uci-7", "")


def test_a_long_queue_is_read_in_pages_and_nobody_twice(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    made = {due(f"Company {n}", days=20 + n % 3).pk for n in range(53)}
    client = as_user(dana)
    first = client.get(TODAY)
    second = client.get(TODAY + first.context["next_url"])
    rows = [*first.context["page"].due, *second.context["page"].due]
    assert len(first.context["page"].due) == 50
    assert [row.number for row in rows] == list(range(1, 54))
    assert {row.pk for row in rows} == made
    assert second.context["next_url"] == ""


@pytest.mark.parametrize(
    "query", ["?after=nonsense", "?after=1.2", "?after=99999999999999999999999.1.1", "?start=x"]
)
def test_an_address_that_makes_no_sense_shows_the_first_page(
    due: Callable[..., Lead], dana: User, as_user: AsUser, query: str
) -> None:
    due("Halden")
    assert names(as_user(dana).get(TODAY + query)) == ["Halden"]


def test_more_leads_cost_no_more_queries(
    due: Callable[..., Lead],
    dana: User,
    as_user: AsUser,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(dana)
    due("First")
    client.get(TODAY)
    with django_assert_max_num_queries(8) as few:
        client.get(TODAY)
    for n in range(10):
        due(f"Company {n}")
    with django_assert_num_queries(len(few)):
        client.get(TODAY)


# Who sees what


def test_own_leads_and_nobody_elses(
    due: Callable[..., Lead], dana: User, sam: User, south: Any, as_user: AsUser
) -> None:
    due("Hers")
    due("His", by=sam, team=south)
    assert names(as_user(dana).get(TODAY)) == ["Hers"]
    assert names(as_user(sam).get(TODAY)) == ["His 2"]


@pytest.mark.parametrize(
    ("who", "status"), [("dana", 200), ("jennifer", 200), ("ada", 200), ("carol", 403)]
)
def test_who_may_open_it(
    request: pytest.FixtureRequest, as_user: AsUser, dana: User, who: str, status: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.get(TODAY).status_code == status
    assert client.get("/today/next/").status_code == (302 if status == 200 else 403)


def test_strangers_log_in_first(client: Client, db: None) -> None:
    assert client.get(TODAY).headers["Location"] == "/login/?next=/today/"


def test_somebody_without_a_team_is_told_what_to_do_first(
    nurtured_lead: Lead, charlie: User, as_user: AsUser
) -> None:
    page = as_user(charlie).get(TODAY).content.decode()
    assert "No leads yet" in page
    assert reverse("import-list") in page
    assert "Halden" not in page


def test_nothing_due_says_what_is_next(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    promise(
        lead=nurtured_lead,
        promised=Promised(NOW + timedelta(days=1), words="call again"),
        by=dana,
        now=NOW,
    )
    page = as_user(dana).get(TODAY).content.decode()
    assert "Nothing is due" in page
    assert "Next: tomorrow, 11 a.m., Call again." in page
    assert "Coming up" in page


@pytest.mark.parametrize("who", ["dana", "jennifer", "ada"])
def test_nothing_to_do_is_not_nothing_there(
    request: pytest.FixtureRequest, raw_lead: Lead, dana: User, as_user: AsUser, who: str
) -> None:
    disqualify(lead=raw_lead, reason="no_need", by=dana, now=NOW)
    page = as_user(request.getfixturevalue(who)).get(TODAY).content.decode()
    assert "Nothing is due" in page
    assert "No leads yet" not in page


# The team's queue


@pytest.fixture
def waiting(make_lead: MakeLead, jennifer: User, dana: User) -> Lead:
    """A raw lead of the Northeast that is nobody's, half an hour old: Dana may have no more."""
    User.objects.filter(pk=dana.pk).update(lead_capacity=0)
    return make_lead("Waiting", by=jennifer, now=NOW - timedelta(minutes=30))


def test_what_nobody_took_is_in_sight_with_its_age(
    waiting: Lead, dana: User, sam: User, as_user: AsUser
) -> None:
    page = as_user(dana).get(TODAY).content.decode()
    assert "The team’s queue" in page
    assert "waiting 30 min" in page
    assert as_user(sam).get(TODAY).context["page"].waiting == ()


def test_taking_the_next(waiting: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    assert "/today/take/" in client.get(TODAY).content.decode()
    answer = client.post("/today/take/")
    assert answer.headers["Location"] == f"/leads/{waiting.pk}/?from=today"
    waiting.refresh_from_db()
    assert (waiting.specialist, waiting.stage) == (dana, Stage.NURTURING)


def test_taking_a_lead(waiting: Lead, dana: User, as_user: AsUser) -> None:
    answer = as_user(dana).post(f"/leads/{waiting.pk}/take/")
    assert answer.headers["Location"] == f"/leads/{waiting.pk}/?from=today"
    waiting.refresh_from_db()
    assert (waiting.specialist, waiting.stage) == (dana, Stage.NURTURING)
    assert waiting.next_touch_why == "came in, nobody was in touch yet"


def test_the_second_to_take_is_told_who_was_faster(
    waiting: Lead, dana: User, person: Any, northeast: Any, as_user: AsUser
) -> None:
    tom = person("Tom Reyes", "specialist", northeast)
    as_user(dana).post(f"/leads/{waiting.pk}/take/")
    answer = as_user(tom).post(f"/leads/{waiting.pk}/take/", follow=True)
    assert "Dana Whitfield was faster: the lead is theirs." in answer.content.decode()


@pytest.mark.parametrize(("who", "status"), [("sam", 404), ("charlie", 404), ("carol", 403)])
def test_who_cannot_take(
    request: pytest.FixtureRequest, waiting: Lead, as_user: AsUser, who: str, status: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.post(f"/leads/{waiting.pk}/take/").status_code == status


def test_a_manager_assigns_instead(waiting: Lead, jennifer: User, as_user: AsUser) -> None:
    client = as_user(jennifer)
    assert f"/leads/{waiting.pk}/assign/" in client.get(TODAY).content.decode()
    answer = client.post(f"/leads/{waiting.pk}/take/", follow=True)
    assert "Only a specialist takes leads" in answer.content.decode()


# One lead after the other


def served(answer: Any) -> str:
    return str(answer.headers["Location"])


def test_start_serves_the_first(due: Callable[..., Lead], dana: User, as_user: AsUser) -> None:
    first = due("First", days=30)
    due("Second")
    assert served(as_user(dana).get("/today/next/")) == f"/leads/{first.pk}/?from=today"


def test_skipping_serves_the_next_and_keeps_the_reason(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    first, second = due("First", days=30), due("Second")
    client = as_user(dana)
    assert served(client.post(f"/leads/{first.pk}/skip/", {"why": "on the other line"})) == (
        f"/leads/{second.pk}/?from=today"
    )
    assert "Skipped today: on the other line" in client.get(TODAY).content.decode()
    focus = client.get(f"/leads/{second.pk}/?from=today").context["focus"]
    assert (focus.position, focus.total) == (2, "2")
    assert served(client.post(f"/leads/{second.pk}/skip/")) == TODAY


def test_who_was_skipped_is_there_again_tomorrow(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = due("First")
    client = as_user(dana)
    client.post(f"/leads/{lead.pk}/skip/")
    assert served(client.get("/today/next/")) == TODAY
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        client.force_login(dana)
        session = client.session
        session["round"] = {"on": "2026-06-17", "logged": [], "skipped": {str(lead.pk): "later"}}
        session.save()
        assert served(client.get("/today/next/")) == f"/leads/{lead.pk}/?from=today"


def test_who_may_not_be_called_now_is_passed_over(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    early, awake = due("Early", days=30), due("Awake")
    in_zone(early, "America/Los_Angeles")
    client = as_user(dana)
    assert served(client.get("/today/next/")) == f"/leads/{awake.pk}/?from=today"
    in_zone(awake, "America/Los_Angeles")
    answer = client.get("/today/next/", follow=True)
    assert "Nobody else may be contacted before noon." in answer.content.decode()


def test_who_can_never_be_called_is_served_since_somebody_must_decide(
    due: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = due("Wrong")
    Contact.objects.filter(leads=lead).update(phone_invalid_at=NOW)
    answer = as_user(dana).get("/today/next/", follow=True)
    assert answer.context["lead"].pk == lead.pk
    assert "(wrong number)" in answer.content.decode()


def test_who_is_no_longer_mine_is_not_served(
    due: Callable[..., Lead], dana: User, sam: User, as_user: AsUser
) -> None:
    lead = due("Moved")
    Lead.objects.filter(pk=lead.pk).update(specialist=sam)
    assert served(as_user(dana).get("/today/next/")) == TODAY


def test_a_long_way_past_those_asleep_costs_few_queries(
    due: Callable[..., Lead], dana: User, as_user: AsUser, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        in_zone(due(f"Asleep {n}", days=30), "Asia/Tokyo")
    awake = due("Awake")
    client = as_user(dana)
    with django_assert_max_num_queries(8):
        assert served(client.get("/today/next/")) == f"/leads/{awake.pk}/?from=today"


# What prospects changes is planned by the tick


def test_a_lead_written_down_is_due_at_once(raw_lead: Lead, dana: User, as_user: AsUser) -> None:
    assert names(as_user(dana).get(TODAY)) == ["Halden Paper"]
    assert plan_changed() == 0


def test_a_lead_of_a_list_is_due_within_a_minute(
    raw_lead: Lead, dana: User, as_user: AsUser
) -> None:
    Lead.objects.update(next_touch_at=None)  # as an import leaves it
    client = as_user(dana)
    assert names(client.get(TODAY)) == []
    assert plan_changed() == 1
    assert names(client.get(TODAY)) == ["Halden Paper"]
    assert plan_changed() == 0


def test_an_edit_that_opens_or_closes_the_gate_is_planned_for(
    qualified_lead: Lead, dana: User, as_user: AsUser
) -> None:
    def edit(horizon: str) -> str:
        qualified_lead.refresh_from_db()
        edit_lead(
            lead=qualified_lead,
            details=LeadDetails(horizon=horizon),
            version=qualified_lead.version,
            by=dana,
            now=NOW,
        )
        assert plan_changed() == 1
        qualified_lead.refresh_from_db()
        return qualified_lead.next_touch_why

    assert "stay in touch" in edit(Horizon.LONG_TERM)
    assert "ready for sales" in edit(Horizon.NEAR_TERM)


def test_a_decision_that_comes_near_is_planned_for(
    almost_ready: Lead, dana: User, at_now: None
) -> None:
    almost_ready.answers.filter(attribute="process", superseded_at=None).update(superseded_at=NOW)
    assert plan_overtaken() == 0
    actions.document(
        lead=almost_ready,
        attribute=Attribute.PROCESS,
        answer=Answer(words="The board", on=(NOW + timedelta(days=30)).date()),
        by=dana,
        now=NOW,
    )
    with time_machine.travel(NOW + timedelta(days=10), tick=False):
        assert plan_overtaken() == 1
        almost_ready.refresh_from_db()
        assert almost_ready.next_touch_why == "they decide on Jul 17"
    with time_machine.travel(NOW + timedelta(days=40), tick=False):
        assert plan_overtaken() == 1
        assert plan_overtaken() == 0


def test_a_promise_on_a_lead_that_is_ready_comes_up_on_its_day(
    qualified_lead: Lead, dana: User, at_now: None
) -> None:
    due = NOW + timedelta(days=3)
    promise(lead=qualified_lead, promised=Promised(due_at=due), by=dana, now=NOW)
    qualified_lead.refresh_from_db()
    assert "ready for sales" in qualified_lead.next_touch_why
    assert plan_overtaken() == 0
    with time_machine.travel(due, tick=False):
        assert plan_overtaken() == 1
        assert plan_overtaken() == 0
    qualified_lead.refresh_from_db()
    assert qualified_lead.next_touch_at == due
