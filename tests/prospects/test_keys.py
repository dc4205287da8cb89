"""Two spellings of one company, address or number have one key."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospects import keys
from tests.shared import SHARED, needs_shared_data


@pytest.mark.parametrize(
    "spellings",
    [
        ("GTXPro", "GTX Pro, Inc.", "gtx  pro inc", "The GTX-Pro Corporation"),
        ("Müller GmbH & Co. KG", "MULLER", "Muller GmbH"),
        ("Łódź Sp. z o.o.", "lodz"),
        ("AT&T Inc.", "AT and T", "at & t"),
        ("Halden Paper A/S", "Halden Paper"),
        ("Société Générale S.A.", "SOCIETE GENERALE"),
    ],
)
def test_spellings_of_one_company(spellings: tuple[str, ...]) -> None:
    assert len({keys.company_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Acme", "Acme Paper"), ("Nordic AB", "Nordic Oil")])
def test_other_companies_stay_apart(one: str, other: str) -> None:
    assert keys.company_key(one) != keys.company_key(other)


@pytest.mark.parametrize("nothing", ["", "n/a", "None", "-", "[not provided]", "???"])
def test_a_cell_that_says_nothing_has_no_key(nothing: str) -> None:
    assert keys.company_key(nothing) == ""


def test_a_company_that_is_called_as_a_legal_form_keeps_its_name() -> None:
    assert keys.company_key("Company") == "company"
    assert keys.company_key("The Limited") == "limited"


@given(st.text(max_size=60))
def test_a_company_key_is_stable_and_plain(name: str) -> None:
    key = keys.company_key(name)
    assert key == key.lower()
    assert " " not in key
    assert keys.company_key(f"  {name} ") == key


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.com/about?x=1", "acme.com"),
        ("acme.co.uk.", "acme.co.uk"),
        ("Jane@Sub.Acme.com", "sub.acme.com"),
        ("http://acme.com:8080", "acme.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("localhost", ""),
        ("not a domain", ""),
        ("", ""),
    ],
)
def test_domains(text: str, domain: str) -> None:
    assert keys.domain_of(text) == domain


def test_an_email_address_is_one_whatever_its_case() -> None:
    assert keys.email_key(" Jane.Doe@ACME.com ") == "jane.doe@acme.com"
    assert keys.email_key("mailto:jane.doe@acme.com") == "jane.doe@acme.com"


def test_what_is_wrong_with_an_email_address_is_told() -> None:
    assert keys.read_email("jane@").problem
    assert keys.read_email("").problem == ""


def test_a_phone_number_is_read_as_dialled_in_its_country() -> None:
    assert keys.phone_key("(212) 736-5000", "US") == "+12127365000"
    assert keys.phone_key("+1 212 736 5000") == "+12127365000"
    assert keys.phone_key("212-736-5000 ext. 12", "US") == "+12127365000"
    assert keys.phone_key("020 7946 0018", "GB") == "+442079460018"


@pytest.mark.parametrize(
    ("phone", "country", "words"),
    [
        ("12", "US", "too short for US"),
        ("call me", "US", "not a phone number"),
        ("212 736 5000", "", "no country code"),
        ("555-214-7314", "US", "no such number in US"),
    ],
)
def test_what_is_wrong_with_a_phone_number_is_told(phone: str, country: str, words: str) -> None:
    reading = keys.read_phone(phone, country)
    assert reading.key == ""
    assert words in reading.problem


@needs_shared_data
def test_the_numbers_of_every_region() -> None:
    with (SHARED / "phone" / "phone_examples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1619
    right = [
        row
        for row in rows
        if bool(keys.phone_key(row["international"], "")) == (row["expected"] == "valid")
        and keys.phone_key(row["international"], "") in ("", row["e164"])
    ]
    # The data and the library are of different days: number plans change.
    assert len(right) / len(rows) > 0.99


@needs_shared_data
def test_the_email_addresses_of_the_validator_s_own_cases() -> None:
    with (SHARED / "email" / "email_validator_cases.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    wrong = []
    for row in rows:
        address = row["address_unicode_escaped"].encode().decode("unicode_escape")
        is_valid = "_valid" in row["test_function"]
        # Space around an address is no fault in a cell; plain ASCII is not asked for.
        if address != address.strip() or "smtputf8_off" in row["test_function"]:
            continue
        # A name around the address is no fault either, nor is a quoted part before the @.
        if not address.startswith('"') and "<" not in address:
            wrong += [address] if bool(keys.email_key(address)) != is_valid else []
    assert wrong == []


def test_search_text_has_each_part_once_with_and_without_accents() -> None:
    text = keys.search_text("Müller GmbH", "", "jane@x.de", "Müller GmbH")
    assert text == "müller gmbh muller gmbh jane@x.de"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("USA", "US"),
        ("United States", "US"),
        ("Côte d'Ivoire", "CI"),
        ("uk", "GB"),
        ("Atlantis", ""),
    ],
)
def test_countries_by_name_and_code(words: str, code: str) -> None:
    assert keys.country_code(words) == code
