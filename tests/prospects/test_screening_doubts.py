"""Findings that are not certain: a person looks, and nothing is screened out or passed in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prospects.screening.judging import (
    Lists,
    Market,
    Reason,
    Rule,
    Weight,
    calling_countries,
    is_doubtful,
    overruled,
    own_label,
    screen,
    verdict,
)
from prospects.screening.titles import read_title
from tests.prospects.test_screening import GOOD, candidate

LISTS = Lists(
    competitor_domains=frozenset({"rival.com"}),
    competitor_names=frozenset({"rivaldrives"}),
    consultant_domains=frozenset({"advise.io"}),
    consultant_names=frozenset({"acme"}),
)
SELLS_TO_SCHOOLS = Market(naics=("6113",))
AT_HOME = Market(countries=frozenset({"US", "CA"}))

VERDICTS = [
    (candidate(email=GOOD, title="Account Executive at Rival Drives"), Rule.COMPETITOR, "names a"),
    (candidate(email=GOOD, title="CEO, Rival Drives Inc."), Rule.COMPETITOR, "names a company"),
    (candidate(email=GOOD, title="Werkstudent"), Rule.STUDENT, "Werkstudent"),
    (candidate(email=GOOD, title="Management Consultant, Owner"), Rule.CONSULTANT, "Management"),
    (candidate(email=GOOD, title="Freelance Consultant (SAP)"), Rule.CONSULTANT, "SAP"),
    (candidate(email="ann@mit.edu", title="Sophomore"), Rule.STUDENT, "mit.edu"),
]

DOUBTS = [
    (candidate(email="a@mit.edu", title="Director of Facilities"), Rule.STUDENT, "but the title"),
    (candidate(email="a@alumni.stanford.edu"), Rule.STUDENT, "they may work for Halden Paper"),
    (candidate(email="a@mit.edu", domain="halden.com"), Rule.STUDENT, "may work for Halden Paper"),
    (candidate(email=GOOD, title="Marketing Intern"), Rule.STUDENT, "Marketing Intern"),
    (candidate(email=GOOD, title="PhD candidate"), Rule.STUDENT, "PhD candidate"),
    (candidate(email=GOOD, title="Student & Founder"), Rule.STUDENT, "Student & Founder"),
    (candidate(email=GOOD, title="Consultant Surgeon"), Rule.CONSULTANT, "Consultant Surgeon"),
    (candidate(email=GOOD, title="Sales Consultant"), Rule.CONSULTANT, "Sales Consultant"),
    (candidate(email=GOOD, title="Consulting Engineer"), Rule.CONSULTANT, "Consulting Engineer"),
    (candidate(email=GOOD, title="Self-employed"), Rule.CONSULTANT, "Self-employed"),
    (candidate(email=GOOD, title="Buyer, formerly Rival Drives"), Rule.COMPETITOR, "formerly"),
    (candidate(email=GOOD, company="Rival Drives Deutschland GmbH"), Rule.COMPETITOR, "much like"),
    (candidate(email="x@rival.de"), Rule.COMPETITOR, "rival.de is much like rival.com"),
    (candidate(email="x@gmail.com"), Rule.FREE_MAIL, "nothing else ties them to Halden Paper"),
]

NOTHING = [
    candidate(email=GOOD, title="Internship Manager"),
    candidate(email=GOOD, title="Director, Graduate Recruitment"),
    candidate(email=GOOD, title="Consultant Relations Director"),
    candidate(email=GOOD, title="VP Consulting Services"),
    candidate(email=GOOD, title="Maintenance Manager"),
    candidate(email=GOOD, company="Acmetal Works"),  # acme is too short to begin a likeness
    candidate(email="x@arrival.com"),
]


@pytest.mark.parametrize(("lead", "rule", "words"), VERDICTS)
def test_what_is_certain(lead, rule, words):
    found = verdict(screen(lead, LISTS, Market()))
    assert found is not None
    assert (found.rule, words in found.words) == (rule, True)


@pytest.mark.parametrize(("lead", "rule", "words"), DOUBTS)
def test_what_is_doubtful(lead, rule, words):
    reasons = screen(lead, LISTS, Market())
    assert verdict(reasons) is None
    assert is_doubtful(reasons)
    [found] = [reason for reason in reasons if reason.weight == Weight.DOUBT]
    assert (found.rule, words in found.words) == (rule, True), found


@pytest.mark.parametrize("lead", NOTHING)
def test_what_only_looks_alike(lead):
    assert screen(lead, LISTS, Market()) == []


@pytest.mark.parametrize(
    "more",
    [
        {"domain": "halden.com"},
        {"phone_reading": candidate(phone="212-736-5000").phone_reading},
        {"street": "1 Mill Rd"},
        {"company": "", "company_key": ""},
    ],
)
def test_free_mail_is_a_flag_where_something_ties_them_or_no_company_is_named(more):
    reasons = screen(replace(candidate(email="x@gmail.com"), **more), Lists(), Market())
    assert [(r.rule, r.weight) for r in reasons] == [(Rule.FREE_MAIL, Weight.FLAG)]


@pytest.mark.parametrize(
    ("title", "weights"),
    [("Student", [Weight.VERDICT]), ("", [Weight.DOUBT]), ("Registrar", [])],
)
def test_a_program_that_sells_to_schools(title, weights):
    reasons = screen(candidate(email="a@mit.edu", title=title), Lists(), SELLS_TO_SCHOOLS)
    assert [reason.weight for reason in reasons] == weights


@pytest.mark.parametrize(
    ("phone", "country", "weights"),
    [
        ("+49 89 636 48018", "", [Weight.DOUBT]),
        ("+49 89 636 48018", "US", []),
        ("+1 416 736 5000", "", []),
    ],
)
def test_a_phone_from_elsewhere_where_the_country_is_not_known(phone, country, weights):
    lead = replace(candidate(email=GOOD, phone=phone), country=country)
    assert [reason.weight for reason in screen(lead, Lists(), AT_HOME)] == weights


def test_a_verdict_stands_before_a_doubt_and_a_doubt_before_a_flag():
    lead = candidate(email="x@gmail.com", title="Marketing Intern", domain="rival.com")
    weights = [reason.weight for reason in screen(lead, LISTS, Market())]
    assert weights == [Weight.VERDICT, Weight.DOUBT, Weight.FLAG]
    assert not is_doubtful(screen(lead, LISTS, Market()))


def test_a_rule_that_was_overruled_does_not_count_but_is_told():
    reasons = screen(candidate(email="x@mailinator.com", title="Consultant"), Lists(), Market())
    kept = overruled(reasons, {Rule.CONSULTANT})
    assert [(r.rule, r.weight) for r in kept] == [
        (Rule.DISPOSABLE, Weight.VERDICT),
        (Rule.CONSULTANT, Weight.OVERRULED),
    ]
    assert overruled(reasons, set()) == reasons
    flag = [Reason(Rule.FREE_MAIL, "x", Weight.FLAG)]
    assert overruled(flag, {Rule.FREE_MAIL}) == flag


@pytest.mark.parametrize(
    ("domain", "label"),
    [
        ("rival.com", "rival"),
        ("mail.rival.com", "rival"),
        ("rival.co.uk", "rival"),
        ("co.uk", ""),
        ("localhost", ""),
    ],
)
def test_what_somebody_chose_of_a_domain(domain, label):
    assert own_label(domain) == label


def test_the_countries_of_a_calling_code():
    assert calling_countries("+4989123")[0] == "DE"
    assert "CA" in calling_countries("+14167365000")
    assert calling_countries("+999") == ()


@pytest.mark.parametrize("title", ["", "   ", "\x00", "é" * 5000, "at " * 3000, "student " * 999])
def test_any_title_is_read(title):
    read_title(title)
