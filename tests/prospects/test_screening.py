"""Which raw leads are worth a specialist's time, by a table of cases."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from prospects import keys
from prospects.screening.judging import (
    Candidate,
    Lists,
    Market,
    Rule,
    is_academic,
    is_disposable,
    is_free,
    naics_within,
    screen,
    verdict,
)
from tests.shared import SHARED, needs_shared_data

LISTS = Lists(
    competitor_domains=frozenset({"rival.com"}),
    competitor_names=frozenset({"rivaldrives"}),
    consultant_domains=frozenset({"advise.io"}),
)
MARKET = Market(
    countries=frozenset({"US", "CA"}), naics=("322", "31-33"), min_employees=50, max_employees=5000
)


def candidate(
    *, email: str = "", phone: str = "", company: str = "Halden Paper", **more: object
) -> Candidate:
    return replace(
        Candidate(
            company=company,
            company_key=keys.company_key(company),
            email=email,
            email_reading=keys.read_email(email),
            phone=phone,
            phone_reading=keys.read_phone(phone, "US"),
        ),
        **more,  # type: ignore[arg-type]
    )


GOOD = "maria@halden.com"

CASES = [
    (candidate(email=GOOD), None, ""),
    (candidate(phone="212-736-5000"), None, ""),
    (candidate(street="1 Mill Rd", city="Boston", country="US"), None, ""),
    (candidate(), Rule.UNREACHABLE, "no phone; no email; no postal address"),
    (candidate(email="maria@"), Rule.UNREACHABLE, "email “maria@”: There must be something"),
    (candidate(phone="12"), Rule.UNREACHABLE, "phone “12”: too short for US"),
    (candidate(city="Boston"), Rule.UNREACHABLE, "postal address without street and country"),
    (candidate(email="ann@mit.edu"), Rule.STUDENT, "mit.edu belongs to a school"),
    (candidate(email="ann@cs.ox.ac.uk"), Rule.STUDENT, "ox.ac.uk"),
    (candidate(email=GOOD, title="PhD student, Wharton"), Rule.STUDENT, "PhD student"),
    (candidate(email=GOOD, title="Dean of Students"), None, ""),
    (candidate(email=GOOD, title="Director of Student Services"), None, ""),
    (candidate(email=GOOD, title="Senior Consultant"), Rule.CONSULTANT, "Senior Consultant"),
    (candidate(email=GOOD, title="Freelancer"), Rule.CONSULTANT, "Freelancer"),
    (candidate(email="x@advise.io"), Rule.CONSULTANT, "on your list"),
    (candidate(email="x@mail.rival.com"), Rule.COMPETITOR, "mail.rival.com"),
    (candidate(email=GOOD, domain="rival.com"), Rule.COMPETITOR, "rival.com"),
    (candidate(email=GOOD, company="Rival Drives, Inc."), Rule.COMPETITOR, "Rival Drives, Inc."),
    (candidate(email="x@mailinator.com"), Rule.DISPOSABLE, "mailinator.com"),
    (candidate(email=GOOD, country="DE"), Rule.OUT_OF_MARKET, "country DE"),
    (candidate(email=GOOD, naics="541511"), Rule.OUT_OF_MARKET, "NAICS 541511"),
    (candidate(email=GOOD, naics="322120", employees=310), None, ""),
    (candidate(email=GOOD, naics="333"), None, ""),
    (candidate(email=GOOD, employees=8), Rule.OUT_OF_MARKET, "8 employees, fewer than 50"),
    (candidate(email=GOOD, employees=9000), Rule.OUT_OF_MARKET, "more than 5000"),
]


@pytest.mark.parametrize(("lead", "rule", "words"), CASES)
def test_the_verdict_and_its_words(lead: Candidate, rule: Rule | None, words: str) -> None:
    found = verdict(screen(lead, LISTS, MARKET))
    if rule is None:
        assert found is None
    else:
        assert found is not None
        assert found.rule == rule
        assert words in found.words


def test_free_mail_is_told_but_screens_nobody_out() -> None:
    reasons = screen(candidate(email="maria.lind@gmail.com"), Lists(), Market())
    assert [reason.rule for reason in reasons] == [Rule.FREE_MAIL]
    assert verdict(reasons) is None


def test_every_reason_is_found_at_once() -> None:
    lead = candidate(email="x@mailinator.com", title="Consultant", country="DE")
    rules = {reason.rule for reason in screen(lead, LISTS, MARKET)}
    assert {Rule.CONSULTANT, Rule.DISPOSABLE, Rule.OUT_OF_MARKET} <= rules


def test_a_range_of_sectors_is_within_each_of_its_numbers() -> None:
    assert naics_within("31-33", ["32"])
    assert naics_within("322120", ["31-33"])
    assert not naics_within("44-45", ["31-33"])


@needs_shared_data
class TestTheTablesOfDomains:
    """Recall of the packages' tables on lists that others keep."""

    def share(self, domains: list[str], known: list[bool]) -> float:
        assert domains
        return sum(known) / len(domains)

    def test_disposable(self) -> None:
        domains = (SHARED / "email-domains" / "disposable_ded.txt").read_text().split()
        assert len(domains) > 10_000
        assert self.share(domains, [is_disposable(d) for d in domains]) > 0.98

    def test_free(self) -> None:
        domains = (SHARED / "email-domains" / "free_minus_disposable.txt").read_text().split()
        assert self.share(domains, [is_free(d) for d in domains]) > 0.8

    def test_academic(self) -> None:
        with (SHARED / "email-domains" / "university_domains.csv").open(encoding="utf-8") as file:
            domains = [row["domain"] for row in csv.DictReader(file)]
        assert len(domains) > 10_000
        assert self.share(domains, [is_academic(d) for d in domains]) > 0.92

    def test_free_mail_is_not_academic(self) -> None:
        domains = (SHARED / "email-domains" / "free_minus_disposable.txt").read_text().split()
        assert self.share(domains, [is_academic(d) for d in domains]) < 0.01
