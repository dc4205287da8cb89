"""When two companies or two people may be one (domain.md, section 4, `duplicate`): the doubtful cases.

Pure. A name is turned into a few keys; only names that share a key are ever compared, so that finding
is a question to an index. What is certain is merged by `prospects.imports.resolving`; this is what a person
decides. Measured in docs/decisions/0027.
"""

from __future__ import annotations

import re
from functools import lru_cache

from prospects.keys import company_key, company_words, folded, is_placeholder
from prospects.models.duplicates import Likeness

SHORTEST_TO_MISSPELL = 8
"""Shorter names one letter apart are mostly different ones: Delta and Delia."""

SHORTENED = {
    "assoc": "associates",
    "assocs": "associates",
    "associate": "associates",
    "bros": "brothers",
    "bldg": "building",
    "bldrs": "builders",
    "centre": "center",
    "ctr": "center",
    "chem": "chemical",
    "chems": "chemical",
    "cntr": "center",
    "comm": "communications",
    "comms": "communications",
    "cons": "construction",
    "const": "construction",
    "constr": "construction",
    "dept": "department",
    "dev": "development",
    "dist": "distribution",
    "distr": "distribution",
    "ed": "education",
    "eng": "engineering",
    "engr": "engineering",
    "engrg": "engineering",
    "ent": "enterprises",
    "equip": "equipment",
    "fin": "financial",
    "gbl": "global",
    "govt": "government",
    "hosp": "hospital",
    "ind": "industries",
    "indus": "industries",
    "industry": "industries",
    "industrial": "industries",
    "inst": "institute",
    "ins": "insurance",
    "intl": "international",
    "int": "international",
    "labs": "laboratories",
    "lab": "laboratories",
    "laboratory": "laboratories",
    "mach": "machinery",
    "mgmt": "management",
    "mgt": "management",
    "mfg": "manufacturing",
    "mfr": "manufacturing",
    "manuf": "manufacturing",
    "mktg": "marketing",
    "mt": "mount",
    "natl": "national",
    "no": "north",
    "pharm": "pharmaceuticals",
    "pharma": "pharmaceuticals",
    "pharmaceutical": "pharmaceuticals",
    "prod": "products",
    "prods": "products",
    "product": "products",
    "prop": "properties",
    "props": "properties",
    "pub": "publishing",
    "rehab": "rehabilitation",
    "rlty": "realty",
    "saint": "st",
    "service": "services",
    "svc": "services",
    "svcs": "services",
    "soln": "solutions",
    "solns": "solutions",
    "solution": "solutions",
    "sys": "systems",
    "system": "systems",
    "tech": "technologies",
    "techs": "technologies",
    "technology": "technologies",
    "telecom": "telecommunications",
    "trans": "transport",
    "transp": "transport",
    "transportation": "transport",
    "univ": "university",
    "util": "utilities",
    "whse": "warehouse",
}
"""Words that are written in more than one way, and the one they are compared as."""

COMMON = frozenset(
    {
        "and", "und", "et", "y", "e", "the", "of", "for", "de", "der", "die", "das", "la", "le",
        "group", "grp", "gruppe", "groupe", "grupo", "gruppo", "holding", "holdings", "hldg",
        "hldgs", "company", "co", "corp", "corporation", "inc", "incorporated", "ltd", "limited",
        "llc", "llp", "plc", "gmbh", "ag", "sa", "bv", "nv", "usa", "us", "com",
    }
)  # fmt: skip
"""Words that one writes and another leaves out."""


@lru_cache(maxsize=65536)
def words_key(name: str) -> str:
    """The words that make the name, however abbreviated, in alphabetical order and closed up.

    Empty where nothing but common words would be left.
    """
    if is_placeholder(name):
        return ""
    words = [word for part in company_words(name) for word in part.split("/")]
    telling = sorted({SHORTENED.get(word, word) for word in words if word not in COMMON})
    key = "".join(telling)
    return key[:250] if len(key) > 2 else ""


def _may_be_misspelled(key: str) -> bool:
    """Numbers are not misspelled: Store 12 is not Store 13."""
    return len(key) >= SHORTEST_TO_MISSPELL and not re.search(r"\d", key)


def _halves(key: str, length: int) -> tuple[str, str]:
    """What names of `length` one slip away from this one must begin with, or else end with."""
    half = (length - 1) // 2
    return f"<{length} {key[:half]}", f">{length} {key[len(key) - half :]}"


def stored_keys(name: str) -> frozenset[str]:
    """The keys under which a company is found: its words, and both halves of its name."""
    key, words = company_key(name), words_key(name)
    found = {f"={words}"} if words else set()
    if key:
        found.add(f"={key}")
    if _may_be_misspelled(key):
        found.update(_halves(key, len(key)))
    return frozenset(found)


def sought_keys(name: str) -> frozenset[str]:
    """The keys of those whose name may be like this one.

    One letter more, less, or other, or two letters in each other's place, cannot touch both halves
    of a name: one of them is the same. So three lengths of two halves find them all.
    """
    key = company_key(name)
    found = set(stored_keys(name))
    if _may_be_misspelled(key):
        for length in (len(key) - 1, len(key) + 1):
            found.update(_halves(key, length))
    return frozenset(found)


def likeness_of_companies(one: str, other: str) -> Likeness | None:
    """How the names of two companies are alike, the strongest way first; None: they are not."""
    key, other_key = company_key(one), company_key(other)
    if key and key == other_key:
        return Likeness.NAME
    words = words_key(one)
    if words and words in (words_key(other), other_key):
        return Likeness.WORDS
    if key and key == words_key(other):
        return Likeness.WORDS
    both = _may_be_misspelled(key) and _may_be_misspelled(other_key)
    if both and is_one_slip(key, other_key):
        return Likeness.LETTER
    return None


def is_one_slip(one: str, other: str) -> bool:
    """One letter more, less or other, or two neighbors swapped. Equal is no slip."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    rest, other_rest = one[start:], other[start:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (
            len(rest) > 1
            and rest[:2] == other_rest[1::-1]
            and len(other_rest) > 1
            and rest[2:] == other_rest[2:]
        )
    )


Name = tuple[str, str]
"""The first and the last name of a person."""


def likeness_of_people(one: Name, other: Name) -> Likeness | None:
    """How two people's names are alike: the same, or the same but for a first name's initial."""
    first, last = (_plain(part) for part in one)
    other_first, other_last = (_plain(part) for part in other)
    if f"{first}{last}" == f"{other_first}{other_last}":
        return Likeness.PERSON if first or last else None
    if not last or last != other_last:
        return None
    initials = first[:1] == other_first[:1] and min(len(first), len(other_first)) == 1
    return Likeness.INITIAL if initials else None


def _plain(text: str) -> str:
    return re.sub(r"\W", "", folded(text))
