"""The quick ways with phones and addresses say what the libraries say, or nothing."""

from __future__ import annotations

import csv
from functools import lru_cache

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from prospects import keys
from prospects.number_plans import plain_key
from tests.shared import SHARED, needs_shared_data

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def parsed(words: str, country: str) -> str:
    """E.164 as phonenumbers finds it; empty for what is no valid number."""
    try:
        number = phonenumbers.parse(words, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def agrees(words: str, country: str) -> bool:
    """Whether the quick way answered; it must say the same then."""
    quick = plain_key(words, country)
    assert quick in {"", parsed(words, country)}, (words, country)
    return bool(quick)


@lru_cache
def examples() -> list[dict[str, str]]:
    with (SHARED / "phone" / "phone_examples.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_shared_data
def test_every_example_of_every_region() -> None:
    answered = valid = 0
    for row in examples():
        code, national = row["country_code"], row["national"]
        for words, country in (
            (row["international"], "US"), (row["e164"], ""), (national, row["region"]),
            (f"0{national}", row["region"]), (f"1{national}", row["region"]),
            (f"{code}{national}", row["region"]), (f"+{code}0{national}", "DE"),
            (f"00{code}{national}", row["region"]), (national[:-1], row["region"]),
            (f"{national}1", row["region"]), (national, "CA"), (national, "GB"), (national, "IT"),
        ):  # fmt: skip
            agrees(words, country)
        if row["expected"] == "valid":
            valid += 1
            answered += agrees(row["international"], "")
    assert answered > valid * 0.9  # else it is quick about nothing


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(REGIONS),
    st.sampled_from(["", "0", "1", "8", "00", "011", "+", "++", "(", "cc", "+cc", "+cc 0"]),
    st.text("0123456789 ().-", min_size=5, max_size=16),
)
def test_any_digits(country: str, before: str, digits: str) -> None:
    code = str(phonenumbers.country_code_for_region(country))
    agrees((before.replace("cc", code) + digits).strip(), country)


@pytest.mark.parametrize(
    "words",
    [
        "(617) 253-1000", "617.253.1000", "+1 617 253 1000", "16172531000", "1-617-253-1000",
        "+49 30 901820", "+44 20 7946 0958", "+39 06 6982", "+1 416 392 2489",
    ],
)  # fmt: skip
def test_what_people_write_is_answered_quickly(words: str) -> None:
    assert agrees(words, "US")


ADDRESS = st.from_regex(
    r"\A[a-zA-Z0-9_.+'-]{1,20}@([a-zA-Z0-9-]{1,12}\.){1,3}(com|de|test|local|c0m|x|museum|arpa)\Z"
)


def validated(address: str) -> str:
    try:
        found = validate_email(
            address, allow_display_name=True, allow_quoted_local=True,
            check_deliverability=False, strict=True,
        )  # fmt: skip
    except EmailNotValidError:
        return ""
    return found.normalized.lower()


@settings(max_examples=200, deadline=None)
@given(ADDRESS)
def test_any_address(address: str) -> None:
    assert keys.read_email(address).key == validated(address)


@needs_shared_data
@pytest.mark.parametrize("name", ["email_validator_cases.csv", "isemail_tests.csv"])
def test_every_case_of_the_validators(name: str) -> None:
    with (SHARED / "email" / name).open(encoding="utf-8") as file:
        cases = [row["address_unicode_escaped"] for row in csv.DictReader(file)]
    assert len(cases) > 140
    for case in cases:
        address = case.encode("ascii", "backslashreplace").decode("unicode_escape").strip()
        expected = validated(address.removeprefix("mailto:").strip())
        assert keys.read_email(address).key == expected[:254], address
