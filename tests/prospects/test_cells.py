"""What people write in cells is read, never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from prospects.reading import cells
from prospects.reading.cells import BadCell

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-06-30", datetime(2026, 6, 30, 4, tzinfo=UTC)),
        ("2026-06-30 14:05", datetime(2026, 6, 30, 18, 5, tzinfo=UTC)),
        ("2024-07-11T21:22:06.000+0000", datetime(2024, 7, 11, 21, 22, 6, tzinfo=UTC)),
        ("2010-10-14T12:00:00.000Z", datetime(2010, 10, 14, 12, tzinfo=UTC)),
        ("2009-07-14 22:14:45+0800", datetime(2009, 7, 14, 14, 14, 45, tzinfo=UTC)),
        ("07/15/2009 02:14:45+0800", datetime(2009, 7, 14, 18, 14, 45, tzinfo=UTC)),
        ("31.12.2009", datetime(2009, 12, 31, 5, tzinfo=UTC)),
    ],
)
def test_instants(cell: str, instant: datetime) -> None:
    assert cells.instant(cell, NEW_YORK) == instant


@pytest.mark.parametrize("cell", ["soon", "05/06/2009", "2026-13-01", "0001-01-01", "2026-02-30"])
def test_a_date_that_may_be_two_or_none_is_refused(cell: str) -> None:
    with pytest.raises(BadCell, match=cell):
        cells.instant(cell, NEW_YORK)


def test_a_day_is_the_one_that_is_written() -> None:
    assert cells.day("2026-06-30T23:59:00-08:00") == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1250000.50", "1250000.50"),
        ("1,234,567.89", "1234567.89"),
        ("1.234.567,89", "1234567.89"),
        ("$3 500", "3500"),
        ("EUR 12", "12"),
        ("12 USD", "12"),
        ("1’000.50", "1000.50"),
        ("1e6", "1000000"),
    ],
)
def test_amounts(cell: str, amount: str) -> None:
    assert cells.amount(cell) == Decimal(amount)


@pytest.mark.parametrize("cell", ["many", "50-100", "-5", "1.500", "99999999999999999", ""])
def test_what_is_no_amount_is_refused(cell: str) -> None:
    with pytest.raises(BadCell):
        cells.amount(cell)


def test_counts_are_whole() -> None:
    assert cells.count("1,500") == 1500
    with pytest.raises(BadCell, match="not a whole number"):
        cells.count("3.5")


@pytest.mark.parametrize(
    ("cell", "sign", "plain"),
    [
        ("1.500", ",", "1500"),
        ("1.500", ".", "1.5000"),
        ("€ 2.750,50", ",", "2750.50"),
        ("1,500", ",", "1.5000"),
        ("1,250,000.75", ".", "1250000.75"),
        ("many", ",", "many"),
    ],
)
def test_amounts_of_a_column_whose_decimal_sign_is_known(cell: str, sign: str, plain: str) -> None:
    assert cells.plain_number(cell, sign) == plain


@pytest.mark.parametrize(
    ("cell", "sign"),
    [
        ("1.500", "?"), ("1,500", ""), ("1500", ""), ("12,5", ","), ("12.5", "."), ("$1,234.50", "."),
        ("1.234,50", ","), ("1.234.567", ","), ("1,234,567", "."), ("0.500", "."), ("many", ""),
    ],
)  # fmt: skip
def test_the_decimal_sign_that_a_number_shows(cell: str, sign: str) -> None:
    assert cells.decimal_sign(cell) == sign


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("4.41234567890E+11", "441234567890"), ("4,41234567890E+11", "441234567890"),
        ("1E+0", "1"), ("6172531000.0", "6172531000"), ("+1 617 253 1000", "+1 617 253 1000"),
        ("2011", "2011"), ("", ""),
    ],
)  # fmt: skip
def test_digits_that_a_spreadsheet_rewrote(cell: str, digits: str) -> None:
    assert cells.digits(cell) == digits


@pytest.mark.parametrize("cell", ["4.4E+11", "4,4E+11", "4.4e+20", "1E+12"])
def test_digits_that_are_lost_are_not_made_up(cell: str) -> None:
    with pytest.raises(BadCell, match="has lost digits"):
        cells.digits(cell)


def test_text_loses_control_characters_but_no_words() -> None:
    assert cells.text(" a\x00b\r\nc ") == "ab\nc"
    assert cells.line("a\n b\t c", 10) == "a b c"
    with pytest.raises(BadCell, match="longer than 3"):
        cells.line("abcd", 3)


def test_a_list_of_addresses_in_one_cell() -> None:
    listed = '[{"label": "work", "value": "a@x.com"}, {"label": "home", "value": "b@x.com"}]'
    assert cells.listed(listed) == ["a@x.com", "b@x.com"]
    assert cells.listed("[broken") == ["[broken"]
    assert cells.listed("a@x.com") == ["a@x.com"]
    assert cells.listed("a@x.com ::: b@x.com") == ["a@x.com", "b@x.com"]
    assert cells.listed("a@x.com; b@x.com, c@x.com") == ["a@x.com", "b@x.com", "c@x.com"]
    assert cells.listed('"Doe, Ann" <a@x.com>') == ['"Doe, Ann" <a@x.com>']
