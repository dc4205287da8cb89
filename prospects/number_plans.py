"""Phone numbers that are plainly valid, found without parsing: what `keys.read_phone` asks first.

It answers only where phonenumbers itself would say the same, by the same metadata; whatever is written
in any unusual way gets no answer here, and is parsed. Thirty times as quick, which is most of what
an import of a hundred thousand numbers costs. A test compares the two on every example of every region.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

PLAIN = re.compile(r"\+?[0-9(][0-9 ().-]{5,30}")
PUNCTUATION = str.maketrans("", "", " ().-+")
Matcher = Callable[[str], object]


@dataclass(frozen=True)
class Plan:
    """The metadata of one region, as far as plain numbers need it."""

    code: str
    """The country calling code."""
    abroad: Matcher
    """Whether a number begins as an international call from here."""
    prefix: Callable[[str], re.Match[str] | None]
    """What stands before national numbers within the region, such as 0."""
    is_taken_off: bool
    """Whether parsing takes that off and changes nothing else."""
    lengths: frozenset[int]
    general: Matcher
    leading: Matcher | None
    """How the numbers of a region begin that shares its code; None where nothing tells."""
    kinds: dict[int, Matcher]
    """By length, whether a number is of some kind."""

    def is_valid(self, number: str) -> bool:
        matches = self.kinds.get(len(number))
        return matches is not None and matches(number) is not None


def plain_key(words: str, country: str) -> str:
    """E.164 of a number plainly valid as dialled in `country`; empty where one must look closer."""
    if not PLAIN.fullmatch(words):
        return ""
    digits = words.translate(PUNCTUATION)
    if words[0] == "+":
        plan, number = _from_abroad(digits)
    else:
        plan, number = _from_here(digits, country)
    if plan is None:
        return ""
    if begun := plan.prefix(number):
        number = number[begun.end() :]
        if not (plan.is_taken_off and len(number) in plan.lengths and plan.general(number)):
            return ""
    return f"+{plan.code}{number}" if _is_valid(number, plans_of_code(plan.code)) else ""


def _from_abroad(digits: str) -> tuple[Plan | None, str]:
    if digits.startswith("0"):
        return None, ""
    for length in (1, 2, 3):
        if plans := plans_of_code(digits[:length]):
            return plans[0], digits[length:]
    return None, ""


def _from_here(digits: str, country: str) -> tuple[Plan | None, str]:
    plan = plan_of(country)
    if plan is None or plan.abroad(digits):
        return None, ""
    if not digits.startswith(plan.code):
        return plan, digits
    # The country code without a plus: taken as such where the whole is no number, and the rest is.
    rest = digits.removeprefix(plan.code)
    if plan.general(digits) or plan.prefix(rest) or not plan.general(rest):
        return None, ""
    return plan, rest


def _is_valid(number: str, plans: Sequence[Plan]) -> bool:
    """Whether the first region that such a number may belong to has it."""
    for plan in plans:
        if plan.leading is None:
            if plan.is_valid(number):
                return True
        elif plan.leading(number):
            return plan.is_valid(number)
    return False


@cache
def plans_of_code(code: str) -> tuple[Plan, ...]:
    """The plans of the regions that share a country code, the main one first; none of no region."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0), ())
    plans = tuple(plan for region in regions if (plan := plan_of(region)))
    return plans if len(plans) == len(regions) else ()


@cache
def plan_of(country: str) -> Plan | None:
    metadata = PhoneMetadata.metadata_for_region(country, None) if country else None
    general = metadata.general_desc if metadata else None
    if metadata is None or general is None or not general.national_number_pattern:
        return None
    begins = re.compile(metadata.national_prefix_for_parsing or NEVER)
    return Plan(
        code=str(metadata.country_code),
        abroad=re.compile(metadata.international_prefix or NEVER).match,
        prefix=begins.match,
        is_taken_off=begins.groups == 0 and not metadata.national_prefix_transform_rule,
        lengths=frozenset(general.possible_length),
        general=re.compile(general.national_number_pattern).fullmatch,
        leading=re.compile(metadata.leading_digits).match if metadata.leading_digits else None,
        kinds=_kinds(metadata, general),
    )


NEVER = r"(?!)"


def _kinds(metadata: PhoneMetadata, general: PhoneNumberDesc) -> dict[int, Matcher]:
    """One pattern for each length: the general description, and one of the kinds of numbers."""
    kinds = [
        desc
        for desc in (
            *(metadata.fixed_line, metadata.mobile, metadata.toll_free, metadata.premium_rate),
            *(metadata.shared_cost, metadata.personal_number, metadata.voip, metadata.pager),
            *(metadata.uan, metadata.voicemail),
        )
        if desc is not None and desc.national_number_pattern
    ]
    found: dict[int, Matcher] = {}
    for length in general.possible_length:
        patterns = [
            desc.national_number_pattern
            for desc in kinds
            if length in (desc.possible_length or general.possible_length)
        ]
        if patterns:
            either = "|".join(f"(?:{pattern})" for pattern in patterns)
            whole = f"(?=(?:{general.national_number_pattern})\\Z)(?:{either})"
            found[length] = re.compile(whole).fullmatch
    return found
