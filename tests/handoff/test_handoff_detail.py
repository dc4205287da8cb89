"""/handoffs/<id>/: the dossier as it was frozen, and what the rep does about it."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from handoff.actions import hand_off, mark_overdue, report_result, return_to_program
from handoff.dossier import Word
from handoff.models import Handoff
from nurture.actions import Promised, log_touch, suppress
from prospects.actions import CompanyDetails, ContactDetails, edit_company, edit_contact
from prospects.stages import Stage
from tests.fixtures import NOW

NAUGHTY = '<script>alert("x")</script>{{ 7|add:7 }}\'"&'


def url(handoff: Handoff, name: str = "handoff-detail") -> str:
    return reverse(name, args=[handoff.pk])


def text_of(page) -> str:
    return str(page.content.decode())


def test_the_dossier_reads_like_a_brief(as_, handed, carol):
    text = text_of(as_(carol).get(url(handed)))
    for words in (
        "Halden Paper: Line 3 stops twice a week",
        "Maria Lindqvist1 (Plant Director) decides, by September 15.",
        "Pain, in their words",
        "Line 3 stops twice a week; each stop costs $18,000",
        "We lose two shifts a week to one drive.",
        "Maria proposes, the board signs",
        "Decision on September 15, 2026",
        "Voith, asked for a service contract",
        "The October shutdown",
        "ABB drives, SAP PM",
        "Nothing was promised.",
        "Paper Mills",
        "$84M · 310 people · 2 sites",
        "influences",
        "tel:+16175551001",
        "touches from Apr 22, 2026 to Jun 15, 2026, 1 of them two-way",
        "standard 1 · 10 of 10",
    ):
        assert words in text, words


def test_the_page_shows_what_was_frozen_and_what_changed(as_, handed, carol, dana):
    log_touch(
        lead=handed.lead, channel="email", outcome="replied", by=dana, now=NOW, note="Too late now"
    )
    edit_company(lead=handed.lead, details=CompanyDetails(employees=290), by=dana, now=NOW)
    text = text_of(as_(carol).get(url(handed)))
    assert "310 people" in text
    assert "Too late now" not in text
    assert "Changed since Jun 17, 10:00 a.m." in text
    assert "<del>310</del>" in text
    assert "<ins>290</ins>" in text
    assert "Email: replied" in text


def test_an_address_that_must_not_be_used_is_told(as_, qualified_lead, carol, dana):
    suppress(contact=qualified_lead.contact, channel="phone", now=NOW)
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)
    text = text_of(as_(carol).get(url(handoff)))
    assert "asked us not to" in text
    assert "tel:" not in text
    assert "mailto:m.lindqvist1@halden1.example" in text


def test_and_so_is_one_that_asked_since(as_, handed, carol):
    suppress(contact=handed.lead.contact, channel="phone", now=NOW)
    assert "+1 617 555 1001 (asked us not to)" in text_of(as_(carol).get(url(handed)))


@pytest.fixture
def promised(qualified_lead, carol, dana):
    edit_contact(
        lead=qualified_lead,
        contact=qualified_lead.contact,
        details=ContactDetails(timezone="Europe/Stockholm"),
        by=dana,
        now=NOW,
        confirmed_at=NOW,
    )
    qualified_lead.refresh_from_db()
    log_touch(
        lead=qualified_lead,
        channel="phone",
        outcome="conversation",
        by=dana,
        now=NOW - timedelta(hours=2),
        promised=Promised(
            due_at=NOW + timedelta(hours=16, minutes=30), words="Carol; calls, early"
        ),
    )
    return hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW)


def test_the_expected_call_is_in_their_time(as_, promised, carol):
    text = text_of(as_(carol).get(url(promised)))
    assert "Thursday, June 18, at 9:30 a.m. their time" in text
    assert "(yours: Thursday, 3:30 a.m.)" in text
    assert "5:00 p.m. there" in text


def test_the_expected_call_as_a_calendar_file(as_, promised, carol):
    answer = as_(carol).get(url(promised, "handoff-call"))
    assert answer["Content-Type"].startswith("text/calendar")
    text = text_of(answer)
    assert "DTSTART:20260618T073000Z\r\n" in text
    assert r"SUMMARY:Call Maria Lindqvist1\, Halden Paper" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_no_call_promised_no_file(as_, handed, carol):
    assert as_(carol).get(url(handed, "handoff-call")).status_code == 404


def test_the_json_is_what_was_frozen(as_, handed, carol):
    answer = as_(carol).get(url(handed, "handoff-dossier"))
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == handed.dossiers.get().body
    assert answer.json()["schema"] == 1


def test_the_pdf_is_what_was_frozen(as_, qualified_lead, carol, dana, organisation):
    """On Letter in the United States; what people wrote is text, not markup."""
    word = Word(
        headline="#panic() *Line 3* $x$", said='#read("/etc/passwd") #import "@preview/x:1"'
    )
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW, word=word)
    answer = as_(carol).get(url(handoff, "handoff-dossier-pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.7")
    assert b"[0 0 612 792]" in answer.content
    organisation.country = "SE"
    organisation.save()
    answer = as_(carol).get(url(handoff, "handoff-dossier-pdf"))
    assert b"[0 0 595" in answer.content


def test_a_pdf_that_cannot_be_made_says_so(as_, handed, carol, monkeypatch):
    monkeypatch.setattr("handoff.paper.SECONDS", 0.001)
    answer = as_(carol).get(url(handed, "handoff-dossier-pdf"), follow=True)
    assert "The PDF could not be made. Print the page instead." in text_of(answer)


def test_versions(as_, handed, carol, dana):
    log_touch(lead=handed.lead, channel="email", outcome="replied", by=dana, now=NOW, note="Soon!")
    client = as_(carol)
    answer = client.post(url(handed, "handoff-freeze"), follow=True)
    assert "Frozen anew" in text_of(answer)
    assert "Soon!" in text_of(answer)
    assert "Soon!" not in text_of(client.get(url(handed), {"version": 1}))
    first = client.get(url(handed, "handoff-dossier"), {"version": 1}).json()
    assert len(first["history"]) == 8
    again = client.post(url(handed, "handoff-freeze"), follow=True)
    assert "Nothing has changed" in text_of(again)


def test_a_version_that_is_none(as_, handed, carol):
    client = as_(carol)
    for version in ("0", "3", "x", "-1", "99999999999", "²", ""):
        for name in ("handoff-detail", "handoff-dossier", "handoff-dossier-pdf"):
            assert client.get(url(handed, name), {"version": version}).status_code == 404


# Who sees it

SEES = {
    "carol": 200,
    "luis": 404,
    "dana": 200,
    "sam": 404,
    "charlie": 404,
    "jennifer": 200,
    "ada": 200,
}


def test_who_sees_it(as_, handed, request):
    for who, code in SEES.items():
        client = as_(request.getfixturevalue(who))
        for name in ("handoff-detail", "handoff-dossier", "handoff-dossier-pdf"):
            assert client.get(url(handed, name)).status_code == code, who


DOES = {
    "luis": 404,
    "dana": 403,
    "sam": 404,
    "charlie": 404,
    "jennifer": 403,
    "ada": 403,
}


def test_only_the_rep_answers(as_, handed, request):
    said = {"reason": "x", "result": "won", "revenue": "1"}
    for who, code in DOES.items():
        client = as_(request.getfixturevalue(who))
        for verb in ("accept", "return", "result"):
            assert client.post(url(handed, f"handoff-{verb}"), said).status_code == code, who
    handed.refresh_from_db()
    assert handed.state == "waiting"


def test_others_are_offered_no_answer(as_, handed, jennifer):
    text = text_of(as_(jennifer).get(url(handed)))
    assert url(handed, "handoff-accept") not in text
    assert url(handed, "handoff-return") not in text
    assert "Handed over by Dana Whitfield to Carol Barrett, June 17, 2026" in text
    assert "their territory: US" in text


def test_opening_a_verb_leads_to_the_dossier(as_, handed, carol):
    client = as_(carol)
    for verb in ("accept", "return", "result", "freeze"):
        answer = client.get(url(handed, f"handoff-{verb}"))
        assert (answer.status_code, answer["Location"]) == (302, url(handed))
    handed.refresh_from_db()
    assert handed.state == "waiting"


# Answering


def test_accepting(as_, handed, carol):
    answer = as_(carol).post(url(handed, "handoff-accept"), follow=True)
    assert "Accepted. The first call is yours." in text_of(answer)
    assert "First call by Monday, Jun 22" in text_of(answer)
    again = as_(carol).post(url(handed, "handoff-accept"), follow=True)
    assert "You accepted it already" in text_of(again)


def test_returning(as_, handed, carol):
    answer = as_(carol).post(
        url(handed, "handoff-return"),
        {"wrong_attributes": ["pain", "budget"], "reason": "No money"},
        follow=True,
    )
    assert "Returned. It is back with Dana Whitfield." in text_of(answer)
    handed.refresh_from_db()
    assert handed.wrong_attributes == ["pain", "budget"]


def test_what_was_returned_keeps_its_dossier_but_not_the_lead(as_, handed, carol, dana):
    return_to_program(handoff=handed, wrong_attributes=["pain"], reason="", by=carol, now=NOW)
    edit_company(lead=handed.lead, details=CompanyDetails(employees=290), by=dana, now=NOW)
    text = text_of(as_(carol).get(url(handed)))
    assert "Returned on Jun 17, 2026" in text
    assert "310 people" in text
    assert "290" not in text
    assert "Changed since" not in text
    assert as_(carol).post(url(handed, "handoff-freeze")).status_code == 404


RETURNS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing said": ({}, "Name what was wrong, or say why you return it."),
    "none of the ten": (
        {"wrong_attributes": ["charm"]},
        "charm is not one of the available choices",
    ),
    "far too long": ({"reason": "x" * 1001}, "Ensure this value has at most 1000 characters"),
}


def test_a_return_that_is_none(as_, handed, carol):
    client = as_(carol)
    for said, words in RETURNS.values():
        answer = client.post(url(handed, "handoff-return"), said)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert str(said.get("reason", "")) in text_of(answer)
    handed.refresh_from_db()
    assert handed.state == "waiting"


def test_winning(as_, accepted, carol):
    answer = as_(carol).post(
        url(accepted, "handoff-result"), {"result": "won", "revenue": "395000"}, follow=True
    )
    assert "Reported." in text_of(answer)
    assert "Won on Jun 17, 2026" in text_of(answer)
    again = as_(carol).post(
        url(accepted, "handoff-result"), {"result": "lost", "lost_reason": "x"}, follow=True
    )
    assert "You reported it already, as won" in text_of(again)


RESULTS = {
    "nothing": ({}, "Won, lost or stalled?"),
    "won without revenue": ({"result": "won", "note": "keep me"}, "say how much revenue"),
    "won for words": ({"result": "won", "revenue": "a lot"}, "Enter a number."),
    "lost without a reason": ({"result": "lost", "revenue": "12345"}, "say why, in a few words"),
    "stalled for ever": ({"result": "stalled"}, "name a day to come"),
    "stalled until yesterday": (
        {"result": "stalled", "back_on": "2026-06-16"},
        "name a day to come",
    ),
    "no result of ours": ({"result": "maybe"}, "maybe is not one of the available choices"),
}


def test_a_result_that_is_none(as_, accepted, carol):
    client = as_(carol)
    for said, words in RESULTS.values():
        answer = client.post(url(accepted, "handoff-result"), said)
        assert answer.status_code == 422
        assert words in text_of(answer)
        for value in said.values():
            assert value in text_of(answer)
    accepted.lead.refresh_from_db()
    assert accepted.lead.stage == Stage.ACCEPTED


def test_no_result_before_it_is_accepted(as_, handed, carol):
    answer = as_(carol).post(
        url(handed, "handoff-result"), {"result": "won", "revenue": "1"}, follow=True
    )
    assert "Accept it first" in text_of(answer)


def test_an_overdue_one_says_so(as_, handed, carol):
    Handoff.objects.update(accept_by=NOW - timedelta(hours=1))
    mark_overdue(NOW)
    text = text_of(as_(carol).get(url(handed)))
    assert "Overdue since today, 10:00 a.m." in text
    assert 'data-clock="late"' in text


# Other handoffs of the lead


@pytest.fixture
def again(handed, carol, luis, dana):
    """Carol returned it for no fault; Luis has it now."""
    return_to_program(handoff=handed, wrong_attributes=[], reason="Not mine", by=carol, now=NOW)
    log_touch(lead=handed.lead, channel="email", outcome="sent", by=dana, now=NOW)
    return hand_off(lead=handed.lead, rep=luis, by=dana, now=NOW)


def test_the_dossier_tells_of_the_earlier_handoff(as_, again, handed, luis):
    text = text_of(as_(luis).get(url(again)))
    assert "Carol Barrett returned it on June 17, 2026." in text
    assert "Not mine" in text
    assert url(handed) not in text  # hers, not his


def test_the_team_finds_both(as_, again, handed, dana):
    assert url(handed) in text_of(as_(dana).get(url(again)))
    assert url(again) in text_of(as_(dana).get(url(handed)))


# Anything may be written in a note


def test_naughty_strings_are_text(as_, qualified_lead, carol, dana):
    log_touch(
        lead=qualified_lead, channel="phone", outcome="conversation", by=dana, now=NOW, note=NAUGHTY
    )
    word = Word(headline=NAUGHTY, said=NAUGHTY, hot_buttons=(NAUGHTY,))
    handoff = hand_off(lead=qualified_lead, rep=carol, by=dana, now=NOW, word=word)
    client = as_(carol)
    text = text_of(client.get(url(handoff)))
    assert '<script>alert("x")' not in text
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;{{ 7|add:7 }}" in text
    assert json.loads(client.get(url(handoff, "handoff-dossier")).content)["headline"] == NAUGHTY
    assert NAUGHTY[:8] not in text_of(client.get(reverse("handoff-list")))


def test_a_handoff_brought_along_has_no_dossier(as_, raw_lead, carol, dana):
    handoff = Handoff.objects.create(lead=raw_lead, rep=carol, handed_off_at=NOW, external_id="1")
    text = text_of(as_(carol).get(url(handoff)))
    assert "No dossier was frozen" in text
    assert as_(carol).get(url(handoff, "handoff-dossier")).status_code == 404
    assert reverse("lead-detail", args=[raw_lead.pk]) in text_of(as_(dana).get(url(handoff)))


def test_the_queries_do_not_grow(
    as_, handed, carol, dana, django_assert_max_num_queries, django_assert_num_queries
):
    client = as_(carol)
    with django_assert_max_num_queries(16) as first:
        client.get(url(handed))
    for number in range(10):
        log_touch(
            lead=handed.lead,
            channel="email",
            outcome="replied",
            by=dana,
            now=NOW,
            note=str(number),
            promised=Promised(due_at=NOW + timedelta(days=2)),
        )
    with django_assert_num_queries(len(first)):
        client.get(url(handed))


def test_won_and_then_looked_at(as_, accepted, carol, dana):
    report_result(handoff=accepted, result="won", revenue=Decimal(1), by=carol, now=NOW)
    text = text_of(as_(carol).get(url(accepted)))
    assert url(accepted, "handoff-result") not in text
