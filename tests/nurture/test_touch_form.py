"""What a specialist writes down: touches, answers, promises, ends; refused in words, never twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.actions import hand_off
from nurture import wording
from nurture.actions import Promised, log_touch
from nurture.models import Promise, Touch
from prospects.actions import ContactDetails, add_contact
from prospects.models import Contact, Lead
from prospects.qualification import Attribute
from prospects.stages import Stage
from team.models import User
from tests.fixtures import NOW

AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true", "HX-Target": "lead"}
NO_ANSWER = "phone-no_answer-out"
TALKED = "phone-conversation-out"


def filled(outcome: str = NO_ANSWER, **fields: Any) -> dict[str, Any]:
    return {"outcome": outcome, "key": str(uuid.uuid4()), **fields}


def at(lead: Lead, what: str = "touches/") -> str:
    return f"/leads/{lead.pk}/{what}"


# Logging


@pytest.mark.parametrize("happening", wording.HAPPENINGS, ids=lambda h: h.value)
def test_every_outcome_is_logged_as_it_says(
    nurtured_lead: Lead, dana: User, as_user: AsUser, happening: wording.Happening
) -> None:
    answer = as_user(dana).post(at(nurtured_lead), filled(happening.value, note="As it was"))
    assert answer.headers["Location"] == at(nurtured_lead, "")
    touch = Touch.objects.latest("pk")
    assert (touch.channel, touch.outcome, touch.direction, touch.note, touch.by) == (
        happening.channel,
        happening.outcome,
        happening.direction,
        "As it was",
        dana,
    )
    assert touch.contact_id == nurtured_lead.contact_id
    assert touch.occurred_at == NOW


def test_a_double_click_logs_once(raw_lead: Lead, dana: User, as_user: AsUser) -> None:
    client, form = as_user(dana), filled()
    for _ in range(3):
        assert client.post(at(raw_lead), form).status_code == 302
    assert raw_lead.touches.count() == 1


def test_another_touch_under_the_same_key_is_refused(
    raw_lead: Lead, dana: User, as_user: AsUser
) -> None:
    client, form = as_user(dana), filled()
    client.post(at(raw_lead), form)
    answer = client.post(at(raw_lead), {**form, "outcome": TALKED})
    assert answer.status_code == 422
    assert "This form was sent before, as “Call: No answer”." in answer.content.decode()
    assert raw_lead.touches.count() == 1


def test_it_says_what_was_logged_what_comes_next_and_how_to_undo(
    raw_lead: Lead, dana: User, as_user: AsUser
) -> None:
    page = as_user(dana).post(at(raw_lead), filled(), follow=True).content.decode()
    assert "Maria Lindqvist1: no answer. Next: Leave a voicemail now." in page
    assert f"/leads/{raw_lead.pk}/touches/{raw_lead.touches.get().pk}/take-back/" in page


def test_with_whom_how_long_and_when(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    """Its time is the reader's: Dana sits in New York, four hours behind."""
    other = add_contact(
        lead=nurtured_lead, details=ContactDetails(first_name="Ylva"), by=dana, now=NOW
    )
    form = filled(TALKED, contact=other.pk, minutes="11.5", occurred_at="2026-06-16T09:30")
    as_user(dana).post(at(nurtured_lead), form)
    touch = Touch.objects.latest("pk")
    assert (touch.contact, touch.minutes) == (other, Decimal("11.50"))
    assert touch.occurred_at == datetime(2026, 6, 16, 13, 30, tzinfo=UTC)


def test_the_touch_that_opens_the_gate_says_so(
    qualified_lead: Lead, dana: User, as_user: AsUser
) -> None:
    page = as_user(dana).post(at(qualified_lead), filled(TALKED), follow=True).content.decode()
    assert "Qualified: ready for sales." in page


# What is refused


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outcome": ""}, "Say what happened: one of the outcomes."),
        ({"outcome": "phone-sent-out"}, "not one of the available choices"),
        ({"occurred_at": "2026-06-17T12:30"}, "A touch is logged after it happened."),
        ({"occurred_at": "yesterday"}, "Enter a valid date/time."),
        ({"minutes": "-1"}, "greater than or equal to 0"),
        ({"minutes": "a while"}, "Enter a number."),
        ({"contact": "999999"}, "not one of the available choices"),
        ({"promises": "on", "promised_at": "2026-06-16T09:00"}, "A promise is for a time to come."),
        ({"key": "not a key"}, "Enter a valid UUID."),
        ({"note": "x" * 10_001}, "at most 10000 characters"),
        ({"note": "a\x00b"}, "Null characters are not allowed."),
    ],
)
@pytest.mark.parametrize("by_htmx", [True, False])
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    nurtured_lead: Lead,
    dana: User,
    as_user: AsUser,
    fields: dict[str, str],
    words: str,
    by_htmx: bool,
) -> None:
    form = filled(**{"note": "We budget in September", **fields})
    answer = as_user(dana).post(at(nurtured_lead), form, headers=HTMX if by_htmx else {})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert form["note"][:20].replace("\x00", "") in page.replace("\x00", "")
    assert nurtured_lead.touches.count() == 1
    assert ("<html" in page) is not by_htmx
    if by_htmx:
        assert answer.headers["HX-Retarget"] == "#touch"


def test_the_outcome_that_was_chosen_stays_chosen(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    form = filled("meeting-held-out", minutes="?", promises="on", promised_words="call in March")
    page = as_user(dana).post(at(nurtured_lead), form).content.decode()
    assert 'value="meeting-held-out" checked' in page
    assert "call in March" in page
    assert form["key"] in page


def test_nothing_of_ours_is_logged_at_a_closed_lead(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    client = as_user(dana)
    client.post(at(nurtured_lead, "disqualify/"), {"reason": "no_need"})
    assert client.post(at(nurtured_lead), filled()).status_code == 422
    assert client.post(at(nurtured_lead), filled("email-replied-in")).status_code == 302
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.stage == Stage.NURTURING


@pytest.mark.parametrize(
    ("who", "status"), [("jennifer", 302), ("ada", 302), ("sam", 404), ("carol", 404)]
)
def test_who_may_log(
    request: pytest.FixtureRequest, nurtured_lead: Lead, as_user: AsUser, who: str, status: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.post(at(nurtured_lead), filled()).status_code == status


def test_a_rep_logs_their_calls_once_it_is_theirs(
    qualified_lead: Lead, carol: User, dana: User, as_user: AsUser
) -> None:
    hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    assert as_user(carol).post(at(qualified_lead), filled()).status_code == 302
    assert Touch.objects.latest("pk").by == carol


def test_a_form_without_the_token_is_refused(nurtured_lead: Lead, dana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(dana)
    assert client.post(at(nurtured_lead), filled()).status_code == 403


# Promises


def test_a_promise_is_kept_in_their_time(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    Contact.objects.filter(leads=nurtured_lead).update(timezone="America/Los_Angeles")
    form = filled(
        "phone-callback_requested-out",
        promised_at="2026-06-23T15:00",
        promised_by="phone",
        promised_words="the summer figures",
    )
    as_user(dana).post(at(nurtured_lead), form)
    promise = Promise.objects.get()
    zone = ZoneInfo("America/Los_Angeles")
    assert promise.due_at == datetime(2026, 6, 23, 15, tzinfo=zone)
    assert (promise.words, promise.given_in) == ("the summer figures", Touch.objects.latest("pk"))
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_at == promise.due_at


def test_a_promise_that_was_folded_away_again_is_none(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    as_user(dana).post(at(nurtured_lead), filled(promised_at="2026-06-23T15:00"))
    assert not Promise.objects.exists()


def test_a_promise_by_itself(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    assert "Promise a touch" in client.get(at(nurtured_lead, "promises/new/")).content.decode()
    refused = client.post(at(nurtured_lead, "promises/new/"), {"promised_at": "2026-06-16T15:00"})
    assert refused.status_code == 422
    assert "A promise is for a time to come." in refused.content.decode()
    client.post(
        at(nurtured_lead, "promises/new/"),
        {"promised_at": "2026-06-23T15:00", "promised_by": "email", "promised_words": "figures"},
    )
    assert Promise.objects.get().channel == "email"


# From Today: log, and the next


@pytest.fixture
def two_due(make_lead: Callable[..., Lead], dana: User) -> tuple[Lead, Lead]:
    leads = make_lead("First"), make_lead("Second")
    for days, lead in zip((30, 20), leads, strict=True):
        log_touch(
            lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW - timedelta(days=days)
        )
    return leads


def test_saving_serves_the_next_lead(
    two_due: tuple[Lead, Lead], dana: User, as_user: AsUser
) -> None:
    first, second = two_due
    client = as_user(dana)
    focus = client.get(at(first, "?from=today")).context["focus"]
    assert (focus.position, focus.total) == (1, "2")
    answer = client.post(at(first), filled(**{"from": "today"}))
    assert answer.headers["Location"] == at(second, "?from=today")
    focus = client.get(answer.headers["Location"]).context["focus"]
    assert (focus.position, focus.total) == (2, "2")


def test_by_htmx_the_next_lead_comes_with_the_answer(
    two_due: tuple[Lead, Lead], dana: User, as_user: AsUser
) -> None:
    first, second = two_due
    answer = as_user(dana).post(at(first), filled(**{"from": "today"}), headers=HTMX)
    page = answer.content.decode()
    assert answer.headers["HX-Push-Url"] == at(second, "?from=today")
    assert "<html" not in page
    assert "<title>Maria Lindqvist2" in page
    assert 'hx-swap-oob="innerHTML"' in page
    assert "take-back" in page


def test_who_was_just_called_waits_for_the_others(
    two_due: tuple[Lead, Lead], dana: User, as_user: AsUser
) -> None:
    """After “no answer” the voicemail is due at once; it comes when everybody had their turn."""
    first, second = two_due
    client = as_user(dana)
    client.post(at(first), filled(**{"from": "today"}))
    answer = client.post(at(second), filled(**{"from": "today"}))
    assert answer.headers["Location"] == at(first, "?from=today")


def test_save_and_stay(two_due: tuple[Lead, Lead], dana: User, as_user: AsUser) -> None:
    first, _second = two_due
    answer = as_user(dana).post(at(first), filled(TALKED, stay="1", **{"from": "today"}))
    assert answer.headers["Location"] == at(first, "?from=today")


def test_after_the_last_one_today_says_so(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    answer = client.post(at(nurtured_lead), filled(TALKED, **{"from": "today"}), headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/today/"
    page = client.get("/today/").content.decode()
    assert "Maria Lindqvist1: conversation." in page
    assert "Nothing is due" in page
    assert "take-back" in page


def test_logging_costs_the_same_however_long_the_queue(
    make_lead: Callable[..., Lead], dana: User, as_user: AsUser, django_assert_num_queries: Any
) -> None:
    def due(count: int) -> None:
        for n in range(count):
            lead = make_lead(f"Company {n}")
            log_touch(
                lead=lead,
                channel="phone",
                outcome="no_answer",
                by=dana,
                now=NOW - timedelta(days=30),
            )

    due(3)
    client = as_user(dana)
    first, second = Lead.objects.order_by("pk")[:2]
    client.get(at(first, "?from=today"))
    with CaptureQueriesContext(connection) as few:
        client.post(at(first), filled(**{"from": "today"}), headers=HTMX)
    due(12)
    with django_assert_num_queries(len(few)):
        client.post(at(second), filled(**{"from": "today"}), headers=HTMX)


# Taking back


def test_undo(raw_lead: Lead, dana: User, as_user: AsUser) -> None:
    client = as_user(dana)
    client.post(at(raw_lead), filled())
    touch = raw_lead.touches.get()
    page = client.post(at(raw_lead, f"touches/{touch.pk}/take-back/"), follow=True)
    assert "Taken back: Call: No answer." in page.content.decode()
    assert not raw_lead.touches.standing().exists()


def test_undo_takes_back_what_followed(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    """The promise it kept is open again, the one given in it never was, the number works again."""
    log_touch(
        lead=nurtured_lead,
        channel="email",
        outcome="replied",
        by=dana,
        now=NOW - timedelta(days=1),
        promised=Promised(NOW + timedelta(hours=2), words="call today"),
    )
    client = as_user(dana)
    form = filled(
        "phone-wrong_number-out", promises="on", promised_at="2026-06-23T15:00", promised_words="b"
    )
    client.post(at(nurtured_lead), form)
    touch = Touch.objects.latest("pk")
    assert Promise.objects.open().get().given_in == touch
    assert Contact.objects.get(leads=nurtured_lead).phone_invalid_at is not None
    client.post(at(nurtured_lead, f"touches/{touch.pk}/take-back/"))
    assert Promise.objects.open().get().words == "call today"
    assert Contact.objects.get(leads=nurtured_lead).phone_invalid_at is None
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.next_touch_why == "call today"
    told = client.get(at(nurtured_lead, "")).context["page"].story.entries
    assert not [entry for entry in told if entry.title.startswith("Promised for Jun 23")]


def test_undo_has_its_limits(
    nurtured_lead: Lead, raw_lead: Lead, dana: User, jennifer: User, sam: User, as_user: AsUser
) -> None:
    touch = nurtured_lead.touches.get()
    path = at(nurtured_lead, f"touches/{touch.pk}/take-back/")
    assert as_user(sam).post(path).status_code == 404
    refused = as_user(jennifer).post(path, follow=True).content.decode()
    assert "Only what you logged within the last minute can be taken back." in refused
    assert nurtured_lead.touches.standing().count() == 1
    assert as_user(dana).get(path).status_code == 405


# Answers


def test_an_answer_rests_on_the_latest_conversation_unless_said_else(
    almost_ready: Lead, dana: User, as_user: AsUser
) -> None:
    client, path = as_user(dana), at(almost_ready, "answers/urgency/")
    page = client.get(path).content.decode()
    assert "What happens if nothing changes, and on what date?" in page
    assert "Jun 15: Conversation, 24 minutes – We lose two shifts a week to one…" in page
    talk = almost_ready.touches.get(outcome="conversation")
    form = {"words": "The October shutdown", "on": "2026-10-01", "rests_on": str(talk.pk)}
    assert client.post(path, form).headers["Location"] == at(almost_ready, "")
    almost_ready.refresh_from_db()
    assert almost_ready.stage == Stage.QUALIFIED
    assert almost_ready.next_touch_why == "ready for sales: hand it to a rep"
    answer = almost_ready.answers.get(attribute=Attribute.URGENCY)
    assert answer.resting_on.touch == talk


def test_by_htmx_an_answer_changes_the_facts_and_leaves_the_note_alone(
    almost_ready: Lead, dana: User, as_user: AsUser
) -> None:
    client, path = as_user(dana), at(almost_ready, "answers/urgency/")
    part = client.get(path, headers=HTMX).content.decode()
    assert "<html" not in part
    talk = almost_ready.touches.get(outcome="conversation")
    form = {"words": "The shutdown", "on": "2026-10-01", "rests_on": str(talk.pk)}
    page = client.post(path, form, headers=HTMX).content.decode()
    assert 'id="ten"' in page
    assert "10 of 10" in page
    assert "Hand to a rep" in page
    assert 'name="note"' not in page


def test_our_own_research_is_only_assumed(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    form = {"words": "Voith", "rests_on": "research"}
    as_user(dana).post(at(nurtured_lead, "answers/competition/"), form)
    answer = nurtured_lead.answers.get()
    assert (answer.words, answer.basis, answer.by) == ("Voith", "research", dana)


@pytest.mark.parametrize(
    ("attribute", "fields", "words"),
    [
        ("environment", {}, "This field is required."),
        ("budget", {}, "Write down what you know."),
        ("budget", {"amount": "much"}, "Enter a number."),
        ("process", {"on": "soon", "words": "x"}, "Enter a valid date."),
        ("competition", {"nobody": "on", "words": "Voith"}, "Either somebody or nobody."),
        ("pain", {"words": "x", "rests_on": "999"}, "not one of the available choices"),
    ],
)
@pytest.mark.parametrize("by_htmx", [True, False])
def test_an_answer_that_says_nothing_is_refused(
    almost_ready: Lead,
    dana: User,
    as_user: AsUser,
    attribute: str,
    fields: dict[str, str],
    words: str,
    by_htmx: bool,
) -> None:
    form = {"rests_on": "research", **fields}
    path = at(almost_ready, f"answers/{attribute}/")
    answer = as_user(dana).post(path, form, headers=HTMX if by_htmx else {})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    if by_htmx:
        assert answer.headers["HX-Retarget"] == f"#in-{attribute}"


def test_nobody_else_and_nothing_set_aside_are_answers(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    client = as_user(dana)
    for attribute, field in (("competition", {"nobody": "on"}), ("budget", {"amount": "0"})):
        form = {**field, "rests_on": "research"}
        path = at(nurtured_lead, f"answers/{attribute}/")
        assert client.post(path, form).status_code == 302
    assert {
        fact.key: fact.words for fact in client.get(at(nurtured_lead, "")).context["page"].facts
    }["budget"] == "0"


@pytest.mark.parametrize("attribute", ["industry", "engaged", "nonsense"])
def test_what_is_derived_has_no_form(
    nurtured_lead: Lead, dana: User, as_user: AsUser, attribute: str
) -> None:
    assert as_user(dana).get(at(nurtured_lead, f"answers/{attribute}/")).status_code == 404


def test_a_contradiction_closes_the_gate(qualified_lead: Lead, dana: User, as_user: AsUser) -> None:
    client, path = as_user(dana), at(qualified_lead, "answers/budget/contradict/")
    assert client.post(path, {"why": ""}).status_code == 422
    client.post(path, {"why": "Finance says there is none"})
    qualified_lead.refresh_from_db()
    assert qualified_lead.stage == Stage.NURTURING
    assert "ready for sales" not in qualified_lead.next_touch_why
    page = client.get(at(qualified_lead, "answers/budget/")).content.decode()
    assert "Finance says there is none" in page


@pytest.mark.parametrize(
    "what",
    [
        "answers/budget/",
        "answers/budget/contradict/",
        "promises/new/",
        "disqualify/",
        "give-up/",
        "skip/",
        "take/",
    ],
)
def test_a_rep_develops_no_leads(
    qualified_lead: Lead, carol: User, sam: User, dana: User, as_user: AsUser, what: str
) -> None:
    hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    assert as_user(carol).post(at(qualified_lead, what)).status_code == 403
    assert as_user(sam).post(at(qualified_lead, what)).status_code == 404


# The end of a lead


def test_disqualifying(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    client, path = as_user(dana), at(nurtured_lead, "disqualify/")
    assert "Asked us to stop" in client.get(path).content.decode()
    assert "This field is required." in client.post(path).content.decode()
    refused = client.post(path, {"reason": "other"})
    assert (refused.status_code, "Say in a few words why." in refused.content.decode()) == (
        422,
        True,
    )
    done = client.post(path, {"reason": "no_fit", "note": "Too small"}, follow=True)
    assert "Disqualified: no fit." in done.content.decode()
    again = client.post(path, {"reason": "no_fit"})
    assert again.status_code == 422
    assert "cannot go from" in again.content.decode()


def test_disqualifying_from_today_serves_the_next(
    two_due: tuple[Lead, Lead], dana: User, as_user: AsUser
) -> None:
    first, second = two_due
    answer = as_user(dana).post(at(first, "disqualify/?from=today"), {"reason": "no_need"})
    assert answer.headers["Location"] == at(second, "?from=today")


def test_giving_up_needs_the_attempts_or_a_manager(
    nurtured_lead: Lead, dana: User, jennifer: User, as_user: AsUser
) -> None:
    path = at(nurtured_lead, "give-up/")
    specialist, manager = as_user(dana), as_user(jennifer)
    assert "6 more complete attempts come first." in specialist.get(path).content.decode()
    refused = specialist.post(path)
    assert refused.status_code == 422
    assert "Six complete attempts come before giving up; 0 so far." in refused.content.decode()
    assert manager.post(path, {"override": ""}).status_code == 422
    done = manager.post(path, {"override": "the plant is closed"}, follow=True)
    assert "Given up as unable to qualify." in done.content.decode()
    nurtured_lead.refresh_from_db()
    assert nurtured_lead.stage == Stage.UNABLE_TO_QUALIFY
