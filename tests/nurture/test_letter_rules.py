"""How addresses are written, where windows are, how long the post takes: the tables, without a database."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from nurture.letters.addressing import Place, address_lines, pile_order
from nurture.letters.arriving import arrives_on, days_in_the_post
from nurture.letters.windows import (
    AVERY_5160,
    AVERY_L7160,
    BY_COUNTRY,
    DIN_5008_B,
    DL_LEFT,
    DL_RIGHT,
    NUMBER_10,
    SWISS_RIGHT,
    LabelSheet,
    Window,
    folds_of,
    label_sheet_of,
    window_of,
)
from team.calendar import Calendar
from team.paper import A4, US_LETTER, paper_of

SIZES = {US_LETTER: (215.9, 279.4), A4: (210.0, 297.0)}


def place(**fields: str) -> Place:
    known = {
        "name": "Maria Lindqvist",
        "company": "Halden Paper",
        "street": "12 Mill Road",
        "city": "Portland",
        "region": "ME",
        "postal_code": "04101",
        "country": "US",
    }
    return Place(**known | fields)


@pytest.mark.parametrize(
    ("fields", "town"),
    [
        ({}, ["Portland, ME 04101"]),
        ({"region": ""}, ["Portland 04101"]),
        ({"postal_code": ""}, ["Portland, ME"]),
        (
            {"country": "CA", "city": "Toronto", "region": "ON", "postal_code": "M5H 2N2"},
            ["Toronto ON M5H 2N2"],
        ),
        ({"country": "DE", "city": "Berlin", "postal_code": "10115"}, ["10115 Berlin"]),
        ({"country": "FR", "city": "Lyon", "postal_code": "69002"}, ["69002 Lyon"]),
        (
            {"country": "GB", "city": "London", "postal_code": "sw1a 1aa"},
            ["LONDON", "SW1A 1AA"],
        ),
        ({"country": "IE", "city": "Dublin", "postal_code": "D02 X285"}, ["Dublin D02 X285"]),
        ({"country": "NZ", "city": "Wellington", "postal_code": "6011"}, ["Wellington 6011"]),
    ],
)
def test_the_town_by_the_custom_of_its_country(fields: dict[str, str], town: list[str]) -> None:
    there = place(**fields)
    assert address_lines(there, from_country=there.country) == (
        "Maria Lindqvist",
        "Halden Paper",
        "12 Mill Road",
        *town,
    )


def test_the_country_stands_only_on_letters_abroad() -> None:
    assert address_lines(place(), from_country="DE")[-1] == "UNITED STATES OF AMERICA"
    assert address_lines(place(country="DE"), from_country="US")[-1] == "GERMANY"
    assert address_lines(place(), from_country="US")[-1] == "Portland, ME 04101"


def test_what_is_not_known_leaves_no_empty_line() -> None:
    assert address_lines(place(name="", company=" "), from_country="US") == (
        "12 Mill Road",
        "Portland, ME 04101",
    )


def test_line_breaks_can_not_push_the_address_out_of_the_window() -> None:
    lines = address_lines(place(street="12 Mill\r\n\n Road"), from_country="US")
    assert lines[2] == "12 Mill Road"


def test_the_pile_is_for_home_first_then_by_country_and_code() -> None:
    places = [("US", "60601"), ("DE", "80331"), ("US", "04101"), ("DE", "10115")]
    assert sorted(places, key=lambda p: pile_order(*p, from_country="US")) == [
        ("US", "04101"),
        ("US", "60601"),
        ("DE", "10115"),
        ("DE", "80331"),
    ]


@pytest.mark.parametrize(
    ("country", "paper", "window", "sheet", "folds"),
    [
        ("US", US_LETTER, NUMBER_10, AVERY_5160, (93.1, 186.3)),
        ("CA", US_LETTER, NUMBER_10, AVERY_5160, (93.1, 186.3)),
        ("CO", US_LETTER, NUMBER_10, AVERY_5160, (93.1, 186.3)),
        ("DE", A4, DIN_5008_B, AVERY_L7160, (105.0, 210.0)),
        ("AT", A4, DIN_5008_B, AVERY_L7160, (105.0, 210.0)),
        ("GB", A4, DL_LEFT, AVERY_L7160, (99.0, 198.0)),
        ("NL", A4, DL_LEFT, AVERY_L7160, (99.0, 198.0)),
        ("FR", A4, DL_RIGHT, AVERY_L7160, (99.0, 198.0)),
        ("CH", A4, SWISS_RIGHT, AVERY_L7160, (99.0, 198.0)),
    ],
)
def test_paper_and_envelopes_of_a_country(
    country: str, paper: str, window: Window, sheet: LabelSheet, folds: tuple[float, float]
) -> None:
    assert paper_of(country) == paper
    assert window_of(country) is window
    assert label_sheet_of(country) is sheet
    assert folds_of(country) == folds


@pytest.mark.parametrize("country", [*BY_COUNTRY, "GB", "JP"])
def test_a_window_lies_on_the_upper_third_of_the_sheet(country: str) -> None:
    """Else it would be folded away, or hang over the edge."""
    window, (width, _height) = window_of(country), SIZES[paper_of(country)]
    assert window.x >= 10
    assert window.x + window.width <= width - 10
    assert window.y + window.height <= folds_of(country)[0]


@pytest.mark.parametrize("sheet", [AVERY_5160, AVERY_L7160])
def test_labels_lie_on_their_sheet_and_not_on_each_other(sheet: LabelSheet) -> None:
    width, height = SIZES[sheet.paper]
    assert sheet.across >= sheet.width
    assert sheet.left + sheet.across * (sheet.columns - 1) + sheet.width <= width
    assert sheet.top + sheet.height * sheet.rows <= height


@pytest.mark.parametrize(("there", "days"), [("US", 4), ("", 4), ("DE", 9), ("MX", 9)])
def test_days_in_the_post_from_the_states(there: str, days: int) -> None:
    assert days_in_the_post("US", there) == days


@pytest.mark.parametrize(
    ("here", "there", "days"),
    [("DE", "DE", 3), ("DE", "FR", 5), ("DE", "US", 9), ("ZZ", "ZZ", 4), ("GB", "GB", 2)],
)
def test_days_in_the_post(here: str, there: str, days: int) -> None:
    assert days_in_the_post(here, there) == days


def test_it_arrives_on_a_working_day_there() -> None:
    """Posted on Wednesday; Juneteenth and the weekend are no days of the post."""
    there = Calendar(zone=ZoneInfo("America/New_York"), country="US")
    assert arrives_on(date(2026, 6, 17), from_country="US", calendar=there) == date(2026, 6, 24)
