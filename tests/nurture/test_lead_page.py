"""A lead's page: who, the story, the ten, what stands before the gate; and who may see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handoff.actions import accept, hand_off
from nurture import actions, wording
from nurture.actions import Promised, log_touch
from nurture.models import Touch
from nurture.story import Place
from nurture.touching import OUTCOMES
from prospects.actions import (
    CompanyDetails,
    ContactDetails,
    add_contact,
    edit_company,
    screen_out,
)
from prospects.models import Company, Contact, Lead
from prospects.qualification import Answer, Attribute
from team.models import User
from tests.fixtures import ANSWERS, NOW

AsUser = Callable[[User], Client]


def address(lead: Lead, query: str = "") -> str:
    return f"/leads/{lead.pk}/{query}"


def page_of(client: Client, lead: Lead, query: str = "") -> str:
    answer = client.get(address(lead, query))
    assert answer.status_code == 200
    return answer.content.decode()


def read(client: Client, lead: Lead, query: str = "") -> Any:
    return client.get(address(lead, query)).context["page"]


# Who may see it


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("dana", 200),
        ("jennifer", 200),
        ("ada", 200),
        ("sam", 404),
        ("charlie", 404),
        ("carol", 404),
    ],
)
def test_who_sees_it(
    request: pytest.FixtureRequest, nurtured_lead: Lead, as_user: AsUser, who: str, status: int
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.get(address(nurtured_lead)).status_code == status
    assert client.get(address(nurtured_lead, "story/")).status_code == status


def test_strangers_log_in_first(client: Client, nurtured_lead: Lead) -> None:
    assert client.get(address(nurtured_lead)).status_code == 302


def test_a_rep_sees_what_they_were_handed_and_calls(
    qualified_lead: Lead, carol: User, dana: User, as_user: AsUser
) -> None:
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    accept(handoff=handoff, by=carol, now=NOW)
    page = read(as_user(carol), qualified_lead)
    assert not page.only_theirs
    assert not page.works
    shown = page_of(as_user(carol), qualified_lead)
    assert "Disqualify" not in shown
    assert reverse("answer-document", args=[qualified_lead.pk, "budget"]) not in shown


# How much it costs


def test_twenty_touches_in_eight_queries_and_thirty_in_no_more(
    almost_ready: Lead,
    dana: User,
    as_user: AsUser,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    client = as_user(dana)

    def log(count: int, days: int) -> None:
        for n in range(count):
            log_touch(
                lead=almost_ready,
                channel="email",
                outcome="sent",
                note="Figures",
                by=dana,
                now=NOW - timedelta(days=days, minutes=n),
            )

    log(12, 5)
    assert almost_ready.touches.count() == 20
    client.get(address(almost_ready))
    with django_assert_max_num_queries(8) as few:
        client.get(address(almost_ready))
    log(10, 4)
    add_contact(lead=almost_ready, details=ContactDetails(last_name="Ek"), by=dana, now=NOW)
    with django_assert_num_queries(len(few)):
        client.get(address(almost_ready))
    with django_assert_max_num_queries(10):  # whom they stand in for, and who is next
        client.get(address(almost_ready, "?from=today"))


# Who and where


def test_who_how_to_reach_them_and_what_time_it_is(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    edit_company(
        lead=nurtured_lead,
        details=CompanyDetails(street="1 Mill Road", timezone="America/New_York"),
        by=dana,
        now=NOW,
    )
    page = page_of(as_user(dana), nurtured_lead)
    for words in (
        "Maria Lindqvist1",
        "Plant Director",
        "Decision maker · not reached yet",
        'href="tel:+16175551001"',
        'href="mailto:m.lindqvist1@halden1.example"',
        "Letter to Boston",
        "may call",
        "may write",
        "may post",
        "It is <b>11:00 a.m.</b> in Boston, Wednesday.",
    ):
        assert words in page


def test_a_zone_nobody_knows_is_not_pretended(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    Contact.objects.filter(leads=nurtured_lead).update(timezone="")
    Company.objects.update(timezone="")
    assert "Their time zone is not known" in page_of(as_user(dana), nurtured_lead)


def test_the_others_there(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    other = add_contact(
        lead=nurtured_lead,
        details=ContactDetails(
            first_name="Ylva", last_name="Holm", title="Finance", buying_role="influencer"
        ),
        by=dana,
        now=NOW,
    )
    page = page_of(as_user(dana), nurtured_lead)
    assert "Also at Halden Paper" in page
    assert "influencer · not reached yet" in page
    assert reverse("contact-edit", args=[nurtured_lead.pk, other.pk]) in page


def test_a_lead_of_which_nothing_is_known(
    make_lead: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = make_lead()
    Lead.objects.filter(pk=lead.pk).update(contact=None, company=None, external_id="uci-7")
    page = page_of(as_user(dana), lead)
    assert "uci-7" in page
    assert "0 of 10" in page
    assert "No attempt yet" in page or "Attempt 1 of 6 is next" in page


def test_what_people_type_stays_text(nurtured_lead: Lead, dana: User, as_user: AsUser) -> None:
    nasty = "<script>alert(1)</script>{{ 7|add:7 }}"
    log_touch(
        lead=nurtured_lead, channel="phone", outcome="conversation", note=nasty, by=dana, now=NOW
    )
    page = page_of(as_user(dana), nurtured_lead)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}" in page


# The story


def titles(page: Any) -> list[str]:
    return [entry.title for entry in page.story.entries]


def test_one_timeline_of_everything_newest_first(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    talk = log_touch(
        lead=nurtured_lead,
        channel="phone",
        outcome="conversation",
        minutes=Decimal(11),
        note="Line 3 stops twice a week.",
        by=dana,
        now=NOW - timedelta(days=3),
        promised=Promised(NOW + timedelta(days=6), words="call when the figures are in"),
    )
    actions.document(
        lead=nurtured_lead,
        attribute=Attribute.PAIN,
        answer=ANSWERS[Attribute.PAIN],
        by=dana,
        now=NOW - timedelta(days=3),
        touch=talk,
    )
    actions.document(
        lead=nurtured_lead,
        attribute=Attribute.COMPETITION,
        answer=Answer(words="Voith"),
        by=dana,
        now=NOW - timedelta(days=1),
    )
    client = as_user(dana)
    page = read(client, nurtured_lead)
    assert titles(page) == [
        "Call: Tue 11 a.m. their time",
        "Documented: Competition",
        "Promised for Jun 23, 11 a.m.",
        "Conversation, 11 minutes",
        "Into the program",
        "No answer",
        "Given to Dana Whitfield",
        "Came in",
    ]
    conversation = page.story.entries[3]
    assert (conversation.note, conversation.noted) == (
        "Line 3 stops twice a week.",
        "business pain",
    )
    assert page.story.entries[-1].detail == "Trade fair · Dana Whitfield"
    assert titles(read(client, nurtured_lead, "?show=conversations")) == [
        "Conversation, 11 minutes"
    ]
    assert titles(read(client, nurtured_lead, "?show=mail")) == []
    assert titles(read(client, nurtured_lead, "?show=facts")) == [
        "Documented: Competition",
        "Documented: Business pain",
        "Into the program",
        "Came in",
    ]
    assert "Nothing of this kind yet." in page_of(client, nurtured_lead, "?show=mail")


def test_what_was_taken_back_or_corrected_is_not_told(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    wrong = nurtured_lead.touches.get()
    log_touch(
        lead=nurtured_lead,
        channel="phone",
        outcome="busy",
        by=dana,
        now=NOW,
        occurred_at=wrong.occurred_at,
        supersedes=wrong,
    )
    told = titles(read(as_user(dana), nurtured_lead))
    assert "Busy" in told
    assert "No answer" not in told


@pytest.mark.parametrize("by_htmx", [True, False])
def test_a_long_story_is_read_in_pages_and_nothing_twice(
    nurtured_lead: Lead, dana: User, as_user: AsUser, by_htmx: bool
) -> None:
    at = NOW - timedelta(days=2)
    for n in range(70):
        # Many at one instant: the place must tell them apart.
        log_touch(
            lead=nurtured_lead,
            channel="email",
            outcome="sent",
            by=dana,
            now=at - timedelta(minutes=n // 10),
        )
    client, seen, before, turns = as_user(dana), [], "", 0
    while turns < 10:
        part = f"story/?before={before}" if by_htmx else f"?before={before}"
        answer = client.get(address(nurtured_lead, part))
        story = answer.context["story"]
        seen += [e.place for e in story.entries if e.way != "planned"]
        turns += 1
        if story.earlier is None:
            break
        before = str(story.earlier)
    assert turns == 3
    assert len(seen) == len(set(seen)) == 70 + 4
    assert seen == sorted(seen, reverse=True)


def test_a_place_survives_its_address() -> None:
    place = Place(NOW + timedelta(microseconds=123457), 4, 17)
    assert Place.parse(str(place)) == place
    assert Place.parse("") is None
    assert Place.parse("9" * 40 + ".1.1") is None


@pytest.mark.parametrize("query", ["?show=nonsense", "?before=nonsense", "?before=1.1.1"])
def test_an_address_that_makes_no_sense_is_no_error(
    nurtured_lead: Lead, dana: User, as_user: AsUser, query: str
) -> None:
    page_of(as_user(dana), nurtured_lead, query)


def test_every_outcome_has_a_name() -> None:
    named = {(happening.channel, happening.outcome) for happening in wording.HAPPENINGS}
    assert named == {
        (str(channel), str(outcome))
        for channel, outcomes in OUTCOMES.items()
        for outcome in outcomes
    }
    assert len(wording.HAPPENING) == len(wording.HAPPENINGS)


# The ten, and what stands before the gate


def test_the_ten_with_state_evidence_and_age(
    almost_ready: Lead, dana: User, as_user: AsUser
) -> None:
    page = read(as_user(dana), almost_ready)
    rows = {row.key: row for row in page.facts}
    assert page.documented == 9
    assert page.before_sales == "1 stands before sales"
    assert [h.words for h in page.hurdles] == ["urgency"]
    assert page.hurdles[0].url == "#fact-urgency"
    assert (rows["industry"].state, rows["industry"].meta) == ("assumed", "322120")
    assert rows["firmographics"].meta == "$84M · 310 · 2"
    assert rows["people"].meta == "1 + 1"
    assert (rows["budget"].words, rows["budget"].evidence, rows["budget"].meta) == (
        "Capex, set in September · 420,000",
        "call, Jun 15, 24 min",
        "2 d",
    )
    assert (rows["urgency"].is_open, rows["urgency"].why) == (True, "nothing known")
    assert page.asks == "What happens if nothing changes, and on what date?"


def test_what_is_missing_is_said_and_leads_to_its_field(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    page = read(as_user(dana), nurtured_lead)
    assert [(h.words, h.url) for h in page.hurdles[-3:]] == [
        ("6 more touches of ours", "#touch"),
        ("a near-term horizon", reverse("lead-edit", args=[nurtured_lead.pk])),
        ("a standard that marketing and sales have signed", reverse("standard")),
    ]
    assert page.before_sales == "13 stand before sales"
    shown = page_of(as_user(dana), nurtured_lead)
    assert 'id="fact-budget"' in shown
    assert reverse("answer-document", args=[nurtured_lead.pk, "budget"]) in shown
    assert reverse("company-edit", args=[nurtured_lead.pk]) in shown
    assert reverse("contact-new", args=[nurtured_lead.pk]) in shown


def test_a_fact_that_went_stale_says_so_at_once(
    almost_ready: Lead, dana: User, as_user: AsUser
) -> None:
    talk = almost_ready.touches.get(outcome="conversation")
    actions.document(
        lead=almost_ready,
        attribute=Attribute.URGENCY,
        answer=Answer(words="The shutdown", on=(NOW - timedelta(days=3)).date()),
        by=dana,
        now=NOW,
        touch=talk,
    )
    row = read(as_user(dana), almost_ready).facts[-1]
    assert (row.state, row.why) == ("stale", "its date, Jun 14, has passed")


def test_a_fact_soon_to_go_stale_says_until_when_it_counts(
    almost_ready: Lead, dana: User, as_user: AsUser
) -> None:
    talk = almost_ready.touches.get(outcome="conversation")
    actions.document(
        lead=almost_ready,
        attribute=Attribute.URGENCY,
        answer=Answer(words="The shutdown", on=(NOW + timedelta(days=3)).date()),
        by=dana,
        now=NOW,
        touch=talk,
    )
    row = read(as_user(dana), almost_ready).facts[-1]
    assert row.evidence == "call, Jun 15, 24 min · counts until Jun 20"


def test_a_qualified_lead_offers_the_handoff(
    qualified_lead: Lead, dana: User, as_user: AsUser
) -> None:
    page = page_of(as_user(dana), qualified_lead)
    assert "Hand to a rep" in page
    assert reverse("handoff-new", args=[qualified_lead.pk]) in page
    assert "ready for sales" in page


# The path and the attempts


def steps(page: Any) -> list[tuple[str, str]]:
    return [(step.label, step.state) for step in page.path]


def test_the_path(
    nurtured_lead: Lead, qualified_lead: Lead, dana: User, carol: User, as_user: AsUser
) -> None:
    client = as_user(dana)
    assert steps(read(client, qualified_lead)) == [
        ("Raw", "done"),
        ("Nurturing", "done"),
        ("Qualified", "now"),
        ("Sales", "ahead"),
    ]
    hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    page = read(client, qualified_lead)
    assert steps(page)[-1] == ("Handed off", "now")
    assert page.path[-1].note == "Carol"
    assert "With Carol Barrett" in page_of(client, qualified_lead)


def test_the_path_of_what_stopped(
    raw_lead: Lead, make_lead: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    other = make_lead("Other")
    actions.disqualify(lead=raw_lead, reason="no_need", by=dana, now=NOW)
    screen_out(lead=other, reason="student", by=dana, now=NOW)
    client = as_user(dana)
    assert steps(read(client, raw_lead))[0] == ("Disqualified", "stopped")
    assert steps(read(client, other))[0] == ("Screened out", "stopped")
    assert reverse("lead-revive", args=[raw_lead.pk]) in page_of(client, raw_lead)
    assert reverse("lead-restore", args=[other.pk]) in page_of(client, other)


def test_at_a_closed_lead_only_what_comes_from_them_is_logged(
    nurtured_lead: Lead, dana: User, as_user: AsUser
) -> None:
    actions.disqualify(lead=nurtured_lead, reason="no_need", by=dana, now=NOW)
    page = read(as_user(dana), nurtured_lead)
    assert page.only_theirs
    assert {happening.direction for happening in page.happenings} == {"in"}


def attempts(lead: Lead, dana: User, *weeks: int, channels: str = "pve") -> None:
    made = {"p": ("phone", "no_answer"), "v": ("voicemail", "left"), "e": ("email", "sent")}
    for week in weeks:
        for letter in channels:
            channel, outcome = made[letter]
            log_touch(
                lead=lead,
                channel=channel,
                outcome=outcome,
                by=dana,
                now=NOW - timedelta(days=7 * week),
            )


def test_the_attempt_meter(
    make_lead: Callable[..., Lead], dana: User, jennifer: User, as_user: AsUser
) -> None:
    client = as_user(dana)
    lead = make_lead()
    assert read(client, lead).attempts_words == "Attempt 1 of 6 is next"
    attempts(lead, dana, 9, 8, 7)
    log_touch(lead=lead, channel="phone", outcome="no_answer", by=dana, now=NOW)
    log_touch(lead=lead, channel="voicemail", outcome="left", by=dana, now=NOW)
    page = read(client, lead)
    assert page.attempts_words == "Attempt 4 of 6: email missing"
    assert [cell.state for cell in page.attempts] == ["complete"] * 3 + ["open"] + ["ahead"] * 2
    assert page.give_up == "3 more complete attempts come first."
    assert not page.offers_give_up
    assert reverse("lead-give-up", args=[lead.pk]) in page_of(as_user(jennifer), lead)


def test_attempts_that_ended_incomplete_do_not_count(
    make_lead: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = make_lead(now=NOW - timedelta(days=90))
    attempts(lead, dana, 11, 10, 9, 8, 7, 6, channels="p")
    attempts(lead, dana, 5)
    page = read(as_user(dana), lead)
    assert page.attempts_words == "Attempt 8 is next; 1 of 6 complete"
    assert [cell.state for cell in page.attempts] == ["ended"] * 5 + ["complete"]


def test_six_attempts_offer_giving_up(
    make_lead: Callable[..., Lead], dana: User, as_user: AsUser
) -> None:
    lead = make_lead(now=NOW - timedelta(days=90))
    attempts(lead, dana, 11, 10, 9, 8, 7, 6)
    page = read(as_user(dana), lead)
    assert page.attempts_words == "6 complete attempts"
    assert (page.give_up, page.offers_give_up) == ("", True)
    assert Touch.objects.filter(lead=lead).count() == 18
