"""Dates in the usual ways of writing; what may be two dates is never guessed."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from prospects.reading import dates

JUNE = date(2026, 6, 3)


@pytest.mark.parametrize(
    "words",
    [
        "2026-06-03", "2026/06/03", "2026.6.3", "3 Jun 2026", "3. June 2026", "03-Jun-26",
        "3rd June, 2026", "June 3, 2026", "Jun 3 2026", "JUN. 3rd, 2026", "Wed, 3 Jun 2026",
        "Wednesday, June 3, 2026", "20260603", "46176",
    ],
)  # fmt: skip
def test_a_day(words: str) -> None:
    assert dates.parse(words) == datetime(2026, 6, 3)


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("13/6/2026 14:05", (14, 5, 0)), ("6/13/2026 2:05 PM", (14, 5, 0)),
        ("6/13/2026, 2:05:09 p.m.", (14, 5, 9)), ("13.06.2026 9:05", (9, 5, 0)),
        ("13 Jun 2026 12:00 AM", (0, 0, 0)), ("2026-06-13T14:05:09", (14, 5, 9)),
        ("46186.5", (12, 0, 0)), ("June 13, 2026 2 pm", (14, 0, 0)),
    ],
)  # fmt: skip
def test_a_time_of_day(words: str, clock: tuple[int, int, int]) -> None:
    assert dates.parse(words) == datetime(2026, 6, 13, *clock)


@pytest.mark.parametrize("words", ["1780444800", "1780444800000", "2026-06-03 00:00 UTC"])
def test_what_machines_count(words: str) -> None:
    found = dates.parse(words)
    assert (found.date(), str(found.utcoffset())) == (JUNE, "0:00:00")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("3/6/2026", {"dmy": JUNE, "mdy": date(2026, 3, 6)}),
        ("13/6/2026", {"dmy": date(2026, 6, 13)}),
        ("6/13/2026", {"mdy": date(2026, 6, 13)}),
        ("3.6.26", {"dmy": JUNE, "mdy": date(2026, 3, 6), "ymd": date(2003, 6, 26)}),
        ("26/6/31", {"dmy": date(2031, 6, 26)}),
        ("2026/6/3", {}), ("31/31/2026", {}), ("3/6", {}), ("soon", {}),
    ],
)  # fmt: skip
def test_readings(words: str, meant: dict[str, date]) -> None:
    assert dates.readings(words) == meant


def test_an_order_decides_where_it_can() -> None:
    with pytest.raises(dates.Ambiguous):
        dates.parse("3/6/2026")
    assert dates.parse("3/6/2026", "dmy").date() == JUNE
    assert dates.parse("6/13/2026", "dmy").date() == date(2026, 6, 13)
    assert dates.parse("5/5/2026").date() == date(2026, 5, 5)


@pytest.mark.parametrize(
    "words", ["31/31/2026", "2026-13-01", "99 Foo 2026", "", "12345678", "13 pm"]
)
def test_what_is_no_date(words: str) -> None:
    with pytest.raises(dates.NoDate):
        dates.parse(words)


def test_plain_writing() -> None:
    assert dates.plain("3/6/2026", "dmy") == "2026-06-03 00:00:00"
    assert dates.plain("3/6/2026 2:05 PM", "mdy") == "2026-03-06 14:05:00"
    assert dates.plain("tomorrow", "mdy") == "tomorrow"
