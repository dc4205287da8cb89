"""What a dossier says, and what changed since it was frozen (domain.md, section 8)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.differences import differences
from handoff.dossier import (
    CompanyProfile,
    Dossier,
    Earlier,
    Entry,
    HotButton,
    Individual,
    Known,
    Pledge,
    Word,
    compose,
    from_json,
    to_json,
)
from handoff.drawing import LINE_WIDTH, line_of

NOW = datetime(2026, 6, 17, 15, 0, tzinfo=UTC)
TALK = Entry(
    touch=9,
    at=NOW - timedelta(days=2),
    channel="phone",
    direction="out",
    outcome="conversation",
    two_way=True,
    contact="Maria Lindqvist",
    by="Dana Whitfield",
    note="Answer times in writing. Not the price.",
    minutes=Decimal("24.00"),
    documented=("pain", "budget"),
)
MAIL = Entry(touch=3, at=NOW - timedelta(days=40), channel="email", direction="out", outcome="sent")
MARIA = Individual(
    contact=1, name="Maria Lindqvist", title="Plant Director", role="decision_maker", primary=True
)
YLVA = Individual(contact=2, name="Ylva Holm", title="Finance", role="influencer")
PAIN = Known(
    "pain",
    "confirmed",
    documented=True,
    words="Line 3 stops twice a week; each stop costs $18,000",
    basis="touch",
    since=TALK.at,
    evidence="call, Jun 15, 24 min",
    touch=9,
    by="Dana Whitfield",
)
PROCESS = Known(
    "process", "confirmed", words="The board signs", on=date(2026, 9, 15), basis="touch"
)
CALL = Pledge(promise=5, channel="phone", due_at=NOW + timedelta(days=1), words="call at 9:30")
FULL = Dossier(
    frozen_at=NOW,
    specialist="Dana Whitfield",
    source="Trade fair",
    received_at=NOW - timedelta(days=60),
    standard=3,
    documented=10,
    potential_revenue=Decimal("420000.00"),
    expected_close_on=date(2026, 9, 20),
    company=CompanyProfile(name="Halden Paper", employees=310, revenue=Decimal(84_000_000)),
    people=(YLVA, MARIA),
    known=(
        PROCESS,
        Known("urgency", "confirmed", words="The October shutdown", on=date(2026, 10, 1)),
        PAIN,
    ),
    promised=(CALL,),
    history=(MAIL, TALK),
    earlier=(Earlier(NOW - timedelta(days=90), "Luis", "returned", NOW, "no budget", ("budget",)),),
)

HEADLINES = {
    "company and the first sentence of the pain": (FULL, "Halden Paper: Line 3 stops twice a week"),
    "the word of who hands over": (
        replace(FULL, word=Word(headline=" Line 3 must run by October ")),
        "Line 3 must run by October",
    ),
    "without a company, the person": (
        replace(FULL, company=CompanyProfile()),
        "Maria Lindqvist: Line 3 stops twice a week",
    ),
    "without a pain, the company": (replace(FULL, known=()), "Halden Paper"),
    "without anything": (Dossier(frozen_at=NOW), "Company not known"),
    "a long pain is cut at a word": (
        replace(FULL, known=(replace(PAIN, words="stops " * 60),)),
        "Halden Paper: " + " ".join(["stops"] * 18) + "…",
    ),
}


@pytest.mark.parametrize(("gathered", "headline"), HEADLINES.values(), ids=HEADLINES.keys())
def test_the_headline(gathered, headline):
    assert compose(gathered).headline == headline


OPENINGS = {
    "who, when, why, how much": (
        FULL,
        (
            "Maria Lindqvist (Plant Director) decides, by September 15."
            " What drives it: The October shutdown, October 1."
            " $420,000 in potential revenue, expected to close by September 20."
        ),
    ),
    "two decide": (
        replace(FULL, people=(MARIA, replace(YLVA, role="decision_maker")), known=()),
        (
            "Maria Lindqvist (Plant Director) and Ylva Holm (Finance) decide."
            " $420,000 in potential revenue, expected to close by September 20."
        ),
    ),
    "what is not recorded is not said": (
        Dossier(frozen_at=NOW),
        "Who decides is not known.",
    ),
}


@pytest.mark.parametrize(("gathered", "opening"), OPENINGS.values(), ids=OPENINGS.keys())
def test_the_opening(gathered, opening):
    assert compose(gathered).opening == opening


REPLY = replace(TALK, touch=11, at=NOW, channel="email", direction="in", note="Call me Thursday.")

HOT_BUTTONS = {
    "the note of the talk in which the pain came up stands first": (
        replace(FULL, history=(MAIL, TALK, REPLY)),
        ["Answer times in writing. Not the price.", "Call me Thursday."],
    ),
    "the word of who hands over replaces them": (
        replace(FULL, word=Word(hot_buttons=("Answer times",), by="Dana", at=NOW)),
        ["Answer times"],
    ),
    "a note that only repeats the pain is none": (
        replace(FULL, history=(replace(TALK, note=PAIN.words),)),
        [],
    ),
    "what we wrote down of our own mails is none": (
        replace(FULL, history=(replace(MAIL, note="Sent the brochure."),)),
        [],
    ),
    "three at most": (
        replace(FULL, history=tuple(replace(TALK, touch=n, note=f"{n}") for n in range(20, 30))),
        ["29", "28", "27"],
    ),
    "nothing is invented": (replace(FULL, history=()), []),
}


@pytest.mark.parametrize(("gathered", "expected"), HOT_BUTTONS.values(), ids=HOT_BUTTONS.keys())
def test_the_hot_buttons(gathered, expected):
    assert [button.words for button in compose(gathered).hot_buttons] == expected


def test_each_hot_button_has_its_evidence():
    (button,) = compose(FULL).hot_buttons
    assert button == HotButton(TALK.note, "Conversation, 24 min", TALK.at, TALK.touch)
    (said,) = compose(
        replace(FULL, word=Word(hot_buttons=("Price",), by="Dana", at=NOW))
    ).hot_buttons
    assert (said.evidence, said.at) == ("Dana", NOW)


def test_the_order_of_a_brief():
    dossier = compose(replace(FULL, history=(TALK, MAIL, REPLY)))
    assert [person.contact for person in dossier.people] == [1, 2]
    assert [known.attribute for known in dossier.known] == ["pain", "process", "urgency"]
    assert [entry.touch for entry in dossier.history] == [11, 9, 3]


EXPECTED_CALLS = {
    "a call ahead": (CALL, 5),
    "a meeting ahead": (replace(CALL, channel="meeting"), 5),
    "a mail is no call": (replace(CALL, channel="email"), None),
    "kept": (replace(CALL, kept_at=NOW), None),
    "past": (replace(CALL, due_at=NOW - timedelta(days=1)), None),
}


@pytest.mark.parametrize(("pledge", "expected"), EXPECTED_CALLS.values(), ids=EXPECTED_CALLS.keys())
def test_the_expected_call(pledge, expected):
    found = replace(FULL, promised=(pledge,)).expected_call
    assert (found.promise if found else None) == expected


def test_the_figures_say_where_nothing_is_recorded():
    figures = {f.label: (f.figure, f.gloss) for f in Dossier(frozen_at=NOW).figures}
    assert figures == {
        "Potential": ("–", "no close expected yet"),
        "Decision": ("–", "no date"),
        "Budget": ("–", "not known"),
        "Touches": ("0", "over 0 days, 0 conversations"),
    }


# JSON


def test_a_dossier_survives_json():
    dossier = compose(FULL)
    assert from_json(to_json(dossier)) == dossier


def test_the_json_is_plain():
    body = to_json(compose(FULL))
    assert body["schema"] == 1
    assert body["potential_revenue"] == "420000.00"
    assert body["expected_close_on"] == "2026-09-20"
    assert body["frozen_at"] == "2026-06-17T15:00:00+00:00"
    assert body["people"][0]["role"] == "decision_maker"
    assert type(body["people"][0]["role"]) is str


def test_an_older_dossier_is_read_with_what_it_lacks_empty():
    body = {"frozen_at": NOW.isoformat(), "schema": 0, "headline": "Old", "gone": {"a": 1}}
    assert from_json(body) == Dossier(frozen_at=NOW, schema=0, headline="Old")


@given(
    words=st.text(max_size=40),
    amount=st.none() | st.decimals(0, 10**9, places=2),
    on=st.none() | st.dates(),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_any_value_survives_json(words, amount, on, at):
    known = Known("budget", words=words, amount=amount, on=on, since=at)
    dossier = Dossier(frozen_at=NOW, known=(known,), word=Word(hot_buttons=(words,)))
    assert from_json(to_json(dossier)) == dossier


# What changed

LATER = {
    "nothing": (FULL, []),
    "time passed": (replace(FULL, frozen_at=NOW + timedelta(days=9)), []),
    "potential": (
        replace(FULL, potential_revenue=Decimal(500000)),
        [("Potential revenue", "$420,000", "$500,000")],
    ),
    "close": (
        replace(FULL, expected_close_on=None),
        [("Expected close", "Sep 20, 2026", "")],
    ),
    "a person came": (
        replace(FULL, people=(YLVA, MARIA, Individual(contact=7, name="Jonas Ek"))),
        [("New person", "", "Jonas Ek, role unknown")],
    ),
    "a person went": (
        replace(FULL, people=(MARIA,)),
        [("No longer there", "Ylva Holm, Finance, influences", "")],
    ),
    "a role": (
        replace(FULL, people=(MARIA, replace(YLVA, role="blocker"))),
        [("Ylva Holm", "Ylva Holm, Finance, influences", "Ylva Holm, Finance, blocker")],
    ),
    "a phone, and that it may not be used": (
        replace(FULL, people=(YLVA, replace(MARIA, phone="+1 617", phone_bar="asked us not to"))),
        [("Maria Lindqvist, phone", "", "+1 617 (asked us not to)")],
    ),
    "an answer": (
        replace(FULL, known=(replace(PROCESS, on=date(2026, 10, 1)), *FULL.known[1:])),
        [
            (
                "Decision process",
                "The board signs · Sep 15, 2026",
                "The board signs · Oct 1, 2026",
            )
        ],
    ),
    "how sure": (
        replace(FULL, known=(replace(PROCESS, state="stale"), *FULL.known[1:])),
        [("Decision process, how sure", "confirmed", "stale")],
    ),
    "the company": (
        replace(FULL, company=replace(FULL.company, employees=290)),
        [("Employees", "310", "290")],
    ),
    "a touch": (
        replace(FULL, history=(MAIL, TALK, REPLY)),
        [("Email: conversation", "", "Maria Lindqvist · Jun 17, 2026")],
    ),
    "a promise kept": (
        replace(FULL, promised=(replace(CALL, kept_at=NOW),)),
        [("Promise kept", "", "call at 9:30, Jun 18, 2026")],
    ),
    "a promise dropped": (
        replace(FULL, promised=()),
        [("Promise dropped", "call at 9:30, Jun 18, 2026", "")],
    ),
}


@pytest.mark.parametrize(("current", "expected"), LATER.values(), ids=LATER.keys())
def test_what_changed_since(current, expected):
    found = [(d.what, d.before, d.after) for d in differences(FULL, current)]
    assert found == expected


# The drawn line


def entries(*days: float) -> list[Entry]:
    return [
        replace(MAIL, touch=n, at=NOW + timedelta(days=day)) for n, day in enumerate(days, start=1)
    ]


LINES = {
    "nothing": ([], []),
    "one": (entries(0), [8]),
    "the ends": (entries(0, 10), [8, 392]),
    "in proportion": (entries(0, 5, 10), [8, 200, 392]),
    "too near each other": (entries(0, 0, 10), [8, 17, 392]),
    "too near the end": (entries(0, 10, 10), [8, 383, 392]),
    "all at once": (entries(0, 0), [8, 17]),
}


@pytest.mark.parametrize(("history", "places"), LINES.values(), ids=LINES.keys())
def test_the_places_on_the_line(history, places):
    assert [dot.x for dot in line_of(history).dots] == places


@given(st.lists(st.floats(0, 1000), max_size=300))
def test_the_line_keeps_order_and_bounds(days):
    line = line_of(entries(*days))
    places = [dot.x for dot in line.dots]
    assert places == sorted(places)
    assert all(0 <= place <= LINE_WIDTH for place in places)
    times = [dot.entry.at for dot in line.dots]
    assert times == sorted(times)


def test_labels_keep_apart_and_the_latest_wins():
    talks = [replace(TALK, touch=n, at=NOW + timedelta(days=n)) for n in range(30)]
    labels = line_of(talks).labels
    assert labels[0].anchor == "end"
    places = sorted(label.x for label in labels)
    assert all(b - a >= 100 for a, b in pairwise(places))


def test_the_line_is_said_in_words():
    assert line_of((MAIL, TALK)).summary == (
        "2 touches from May 8, 2026 to Jun 15, 2026, 1 of them two-way"
    )
