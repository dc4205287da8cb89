"""The industry codes: both tables complete, found by words and by number."""

from __future__ import annotations

import csv
from functools import cache

import pytest

from prospects.industries import find_industries, load_industry_codes
from prospects.models import IndustryCode
from tests.shared import SHARED, needs_shared_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def codes(db: None) -> None:
    assert load_industry_codes() == 3130


@cache
def published(name: str, code: str, title: str) -> dict[str, str]:
    with (SHARED / "industry-codes" / name).open(encoding="utf-8", newline="") as file:
        return {row[code]: row[title].strip() for row in csv.DictReader(file)}


def letters(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum())


def test_loading_again_changes_nothing(codes: None) -> None:
    before = list(IndustryCode.objects.order_by("key").values_list())
    load_industry_codes()
    assert list(IndustryCode.objects.order_by("key").values_list()) == before


@needs_shared_data
def test_naics_is_as_the_census_bureau_publishes_it(codes: None) -> None:
    meant = published("naics_2022.csv", "code", "title")
    assert len(meant) == 2125
    loaded = dict(IndustryCode.objects.filter(system="naics").values_list("code", "title"))
    assert loaded == meant


@needs_shared_data
def test_sic_has_every_code_and_its_title(codes: None) -> None:
    meant = published("sic_1987.csv", "SIC", "Description")
    assert len(meant) == 1005
    loaded = dict(IndustryCode.objects.filter(system="sic").values_list("code", "title"))
    assert loaded.keys() == meant.keys()
    # The package cuts 50 long titles, and says a dozen in other words.
    same = [
        code
        for code, title in loaded.items()
        if letters(meant[code]).startswith(letters(title.removesuffix("…")))
    ]
    assert len(same) >= 990


def test_titles_are_written_as_people_write(codes: None) -> None:
    assert IndustryCode.objects.get(key="sic-0119").title == "Cash Grains, Not Elsewhere Classified"
    assert IndustryCode.objects.get(key="sic-2341").title.startswith("Women's, Misses', Children's")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("paper mills", "322120"),
        ("paper mill", "322120"),
        ("mills paper", "3221"),
        ("soybean farm", "11111"),
        ("322120", "322120"),
        ("33", "31-33"),
        ("0111", "0111"),
    ],
)
def test_found_by_words_and_by_number(codes: None, words: str, code: str) -> None:
    assert code in [found.code for found in find_industries(words)][:5]


def test_a_number_finds_its_branches_after_itself(codes: None) -> None:
    found = [code.code for code in find_industries("322", limit=5)]
    assert found[0] == "322"
    assert all(code.startswith(("322", "31-")) for code in found[:5])


@pytest.mark.parametrize("words", ["", "  ", "'", "& | !", "zzzzqqq", "\\", "zz:*yy"])
def test_odd_words_find_nothing_and_break_nothing(codes: None, words: str) -> None:
    assert list(find_industries(words)) == []


def test_as_many_as_asked_for(codes: None) -> None:
    assert len(find_industries("manufacturing", limit=7)) == 7
