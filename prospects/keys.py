"""Normalised keys: two spellings of one company, address or phone have the same key.

Pure: no database, no network (an email address's domain is not asked whether it takes mail). An empty
key means that there is nothing to compare; it never equals another empty key.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from cleanco.clean import NON_NFKD_MAP, get_unique_terms
from django.utils.translation import gettext_lazy as _
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from iso3166 import countries
from phonenumbers import ValidationResult

from prospects.number_plans import plain_key

COMPANY_KEY_LENGTH = 250
DOMAIN = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
PLACEHOLDERS = frozenset(
    {
        "none", "n/a", "na", "n.a.", "null", "nil", "-", "--", "---", ".", "?", "x", "xx", "xxx",
        "unknown", "not provided", "[not provided]", "self", "individual", "private person",
        "no company", "tbd", "test",
    }
)  # fmt: skip
"""What people type when they have nothing to say."""


FAULTS = {
    "no_country": _("no country code, and the country is not known"),
    "no_number": _("not a phone number"),
    "short": _("too short for %(detail)s"),
    "long": _("too long for %(detail)s"),
    "country_code": _("no such country code"),
    "plan": _("no such number in %(detail)s"),
    "email": "%(detail)s",
}


@dataclass(frozen=True)
class Reading:
    """What became of an address or a number: its key, or what is wrong with it (one of FAULTS)."""

    key: str = ""
    fault: str = ""
    detail: str = ""

    @property
    def problem(self) -> str:
        """What is wrong, in words; empty for a good one and for none at all."""
        return str(FAULTS[self.fault]) % {"detail": self.detail} if self.fault else ""


def folded(text: str) -> str:
    """Lower case without accents: "Łódź" and "LODZ" are the same."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(
        NON_NFKD_MAP.get(letter, letter) for letter in parts if not unicodedata.combining(letter)
    ).lower()


def is_placeholder(text: str) -> bool:
    """Whether a cell says nothing ("n/a", "unknown")."""
    return text.strip().lower() in PLACEHOLDERS


# Companies


def _term_tokens() -> frozenset[tuple[str, ...]]:
    return frozenset(
        tokens for term in get_unique_terms() if (tokens := _tokens(term)) and tokens != ("and",)
    )


def _tokens(text: str) -> tuple[str, ...]:
    plain = folded(text).replace(".", "").replace("'", "").replace("’", "").replace("&", " and ")
    return tuple(WORD.findall(plain.replace("_", " ")))


WORD = re.compile(r"\w+(?:/\w+)?")
SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://")
AFTER_HOST = re.compile(r"[/?#:\\\s]")


LEGAL_FORMS = _term_tokens()
"""The legal forms of all countries, from cleanco, each as a tuple of words."""

LONGEST_FORM = max(len(form) for form in LEGAL_FORMS)


@lru_cache(maxsize=65536)
def company_key(name: str) -> str:
    """The name without case, accents, punctuation, spacing, "the" and legal form.

    `GTXPro` and `GTX Pro, Inc.` have the same key. Empty where the name says nothing.
    """
    if is_placeholder(name):
        return ""
    return "".join(company_words(name)).replace("/", "")[:COMPANY_KEY_LENGTH]


def company_words(name: str) -> list[str]:
    """The words of the name without case, accents, punctuation, "the" and legal form."""
    words = list(_tokens(name))
    if len(words) > 1 and words[0] == "the":
        del words[0]
    while (size := _trailing_form(words)) or (len(words) > 1 and words[-1] == "and"):
        del words[-(size or 1) :]
    return words


def _trailing_form(words: list[str]) -> int:
    """How many words at the end are a legal form; something must be left before them."""
    for size in range(min(LONGEST_FORM, len(words) - 1), 0, -1):
        if tuple(words[-size:]) in LEGAL_FORMS:
            return size
    return 0


@lru_cache(maxsize=65536)
def domain_of(text: str) -> str:
    """The domain in a web or email address, lower case and in ASCII, without `www.`; else empty."""
    host = text.strip().lower().rsplit("@", 1)[-1]
    if not DOMAIN.fullmatch(host):
        host = AFTER_HOST.split(SCHEME.sub("", host, count=1), maxsplit=1)[0].rstrip(".")
    host = host.removeprefix("www.")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return host if DOMAIN.fullmatch(host) else ""


# People


@lru_cache(maxsize=8192)
def read_email(text: str) -> Reading:
    """An email address, checked for syntax (RFC 5321 and 6531); "Jane <jane@acme.com>" is hers."""
    address = text.strip().removeprefix("mailto:").strip()
    if not address:
        return Reading()
    if _is_plain_email(address):
        return Reading(key=address.lower())
    try:
        valid = validate_email(
            address,
            allow_display_name=True,
            allow_quoted_local=True,
            check_deliverability=False,
            strict=True,
        )
    except (EmailNotValidError, UnicodeError) as error:
        return Reading(fault="email", detail=str(error).rstrip("."))
    return Reading(key=valid.normalized.lower()[:254])


PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,62}",
    re.IGNORECASE | re.ASCII,
)


RESERVED = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


def _is_plain_email(address: str) -> bool:
    """Whether an address is plainly valid, so that the validator would say the same at length.

    What is written in any unusual way is left to the validator. A test compares the two.
    """
    local, _at, domain = address.partition("@")
    return (
        len(local) <= 64
        and len(address) <= 254
        and "--" not in domain
        and PLAIN_EMAIL.fullmatch(address) is not None
        and not f".{domain}".lower().endswith(RESERVED)
    )


def email_key(email: str) -> str:
    """The normalised address; empty where it is none."""
    return read_email(email).key


@lru_cache(maxsize=8192)
def read_phone(text: str, country: str = "") -> Reading:
    """A phone number as dialled in `country` (ISO 3166), checked against that country's number plan.

    The key is E.164 without an extension.
    """
    words = text.strip()
    if not words:
        return Reading()
    if key := plain_key(words, country):
        return Reading(key=key)
    try:
        number = phonenumbers.parse(words, country or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return Reading(fault="no_country")
        return Reading(fault="no_number")
    if phonenumbers.is_valid_number(number):
        return Reading(key=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    where = phonenumbers.region_code_for_country_code(number.country_code or 0)
    reason = phonenumbers.is_possible_number_with_reason(number)
    return Reading(fault=_PHONE_FAULTS.get(reason, "plan"), detail=where)


_PHONE_FAULTS = {
    ValidationResult.TOO_SHORT: "short",
    ValidationResult.TOO_LONG: "long",
    ValidationResult.INVALID_COUNTRY_CODE: "country_code",
}


def phone_key(phone: str, country: str = "") -> str:
    """E.164 by the country's number plan; empty where it is no valid number."""
    return read_phone(phone, country).key


def person_key(first_name: str, last_name: str) -> str:
    """A person's name without case, accents, punctuation and spacing."""
    return " ".join(_tokens(f"{first_name} {last_name}"))


def search_text(*parts: str) -> str:
    """What a lead is found by: each part once, lower case, with and without its accents."""
    found: dict[str, None] = {}
    for part in parts:
        if lower := part.lower().strip():
            found[lower] = None
            if not lower.isascii():
                found[folded(lower)] = None
    return " ".join(found)


# Places

OTHER_COUNTRY_NAMES = {
    "america": "US",
    "bolivia": "BO",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "iran": "IR",
    "ivory coast": "CI",
    "laos": "LA",
    "macedonia": "MK",
    "moldova": "MD",
    "north korea": "KP",
    "northern ireland": "GB",
    "russia": "RU",
    "scotland": "GB",
    "south korea": "KR",
    "korea": "KR",
    "syria": "SY",
    "tanzania": "TZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "uk": "GB",
    "united kingdom": "GB",
    "united states": "US",
    "usa": "US",
    "venezuela": "VE",
    "vietnam": "VN",
    "wales": "GB",
    "czech republic": "CZ",
    "belgie": "BE", "belgique": "BE", "brasil": "BR", "cape verde": "CV", "danmark": "DK",
    "deutschland": "DE", "espana": "ES", "hellas": "GR", "italia": "IT", "magyarorszag": "HU",
    "nederland": "NL", "norge": "NO", "osterreich": "AT", "polska": "PL", "schweiz": "CH",
    "suisse": "CH", "suomi": "FI", "sverige": "SE", "svizzera": "CH", "turkiye": "TR",
    "allemagne": "DE", "espagne": "ES", "etats-unis": "US", "royaume-uni": "GB", "italie": "IT",
    "frankreich": "FR", "italien": "IT", "spanien": "ES", "vereinigte staaten": "US",
    "vereinigtes konigreich": "GB", "estados unidos": "US", "reino unido": "GB", "alemania": "DE",
    "francia": "FR", "reunion": "RE",
}  # fmt: skip
"""Everyday names that ISO 3166 writes differently, and what the larger countries call themselves."""


@lru_cache(maxsize=8192)
def _place_key(name: str) -> str:
    return folded(name).replace(".", "").replace("’", "'").strip()


def _country_names() -> dict[str, str]:
    known = dict(OTHER_COUNTRY_NAMES)
    for country in countries:
        for name in (country.alpha2, country.alpha3, country.name, country.apolitical_name):
            known.setdefault(_place_key(name), country.alpha2)
    return known


COUNTRIES = _country_names()


def country_code(text: str) -> str:
    """The ISO 3166 code of a country's code or English name; empty where it is not known."""
    return COUNTRIES.get(_place_key(text), "")
