"""Charts: well-formed, named, without a style of their own, and safe whatever they are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team.charts import Column, Point, bars, funnel, line, nice_steps, sparkline

NASTY = '"><script>alert(1)</script>&'
NUMBERS = st.floats(0, 1e9, allow_nan=False)


def drawn(svg: str) -> ET.Element:
    root = ET.fromstring(svg)  # noqa: S314, our own
    assert root.tag == "svg"
    assert not re.search(r"\sstyle=|<script|\son[a-z]+=", svg)
    assert "nan" not in svg
    assert "inf" not in svg
    return root


@pytest.mark.parametrize(
    "svg",
    [
        line([Point(NASTY, 1.0)], label=NASTY, mark=0, mark_label=NASTY),
        bars([Column(NASTY, 2, 1, NASTY)], label=NASTY),
        sparkline([1, 2], label=NASTY),
    ],
)
def test_what_it_is_told_stays_text(svg):
    root = drawn(svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", NASTY)


@given(st.lists(NUMBERS, max_size=30))
def test_every_series_can_be_drawn(values: Sequence[float]) -> None:
    drawn(sparkline(values, label="x"))
    drawn(bars([Column("x", value, value / 2) for value in values], label="x"))
    drawn(line([Point("x", value, value / 2, value * 2) for value in values], label="x"))
    for svg in funnel([(int(value), int(value) // 2) for value in values]):
        drawn(svg)


def test_a_line_has_its_band_its_points_and_its_mark():
    points = [Point(str(n), rate, rate - 1, rate + 1) for n, rate in enumerate((9.0, 8.0, 2.0), 1)]
    root = drawn(line(points, label="x", mark=1, mark_label="the standard: 2", unit=" %"))
    by_class = [element.get("class") for element in root.iter()]
    assert by_class.count("touch in") == 3
    assert {"band", "line", "mark", "axis"} <= set(by_class)
    words = [text.text for text in root.iter("text")]
    assert words[:5] == ["0 %", "5 %", "10 %", "the standard: 2", "1"]


def test_bars_are_as_high_as_their_values():
    root = drawn(bars([Column("Jan", 10, 5), Column("Feb", 0), Column("Mar", 5)], label="x"))
    heights = [
        (rect.get("class"), float(rect.get("height", "")), float(rect.get("y", "")))
        for rect in root.iter("rect")
    ]
    soft = [height for css_class, height, _y in heights if css_class == "bar soft"]
    assert len(soft) == 2, "nothing is drawn for nothing"
    assert soft[0] == 2 * soft[1]
    assert {round(height + y) for _class, height, y in heights} == {172}, "they stand on the line"


def test_the_funnel_says_nothing_aloud():
    first, second = funnel([(200, 100), (0, 0)])
    assert drawn(first).get("aria-hidden") == "true"
    assert [rect.get("width") for rect in drawn(first).iter("rect")] == ["100"]
    assert list(drawn(first).iter("line"))
    assert not list(drawn(second).iter("line"))


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 0.5, 1]),
        (9, [0, 5, 10]),
        (17, [0, 5, 10, 15, 20]),
        (100, [0, 50, 100]),
        (4369, [0, 2000, 4000, 6000]),
    ],
)
def test_axes_have_round_numbers(most, steps):
    assert nice_steps(most) == steps
