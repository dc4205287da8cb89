"""Charts as SVG: values in, markup out. Pure; every color is a class of the stylesheet.

A chart is for the eye: its label says in a sentence what it shows, and the page has its table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH = 480
"""Of a chart in half of the page, in its own units: about a pixel each."""


@dataclass(frozen=True)
class Point:
    """`low` and `high` bound where the value may lie, where that is known."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Column:
    """A bar of which `part` stands out. Empty labels are left out; `group` begins a group (a year)."""

    label: str
    value: float
    part: float = 0
    group: str = ""


def nice_steps(most: float, count: int = 3) -> list[float]:
    """Round numbers from 0 to `most` or a little beyond, `count` steps or somewhat fewer or more."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / count
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.75)
    return [step * number for number in range(int(-(-most // step)) + 1)]


def _n(value: float) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def _svg(width: float, height: float, label: str, *parts: SafeString) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        _n(width),
        _n(height),
        label,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", css_class: str = ""
) -> SafeString:
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}"{}>{}</text>',
        _n(x),
        _n(y),
        anchor,
        format_html(' class="{}"', css_class) if css_class else "",
        words,
    )


def _rect(x: float, y: float, width: float, height: float, css_class: str) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>',
        css_class,
        _n(x),
        _n(y),
        _n(width),
        _n(height),
        _n(min(2, width / 2, height / 2)),
    )


def _path(
    points: Iterable[tuple[float, float]], css_class: str, *, closed: bool = False
) -> SafeString:
    corners = " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return format_html('<path class="{}" d="M{}{}"/>', css_class, corners, " Z" if closed else "")


def _across(y: float, left: float, right: float) -> SafeString:
    return format_html(
        '<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"/>', _n(left), _n(y), _n(right), _n(y)
    )


def _mark(left: float, right: float, y: float) -> SafeString:
    return format_html(
        '<line class="mark" x1="{}" y1="{}" x2="{}" y2="{}"/>', _n(left), _n(y), _n(right), _n(y)
    )


def line(
    points: Sequence[Point],
    *,
    label: str,
    mark: int | None = None,
    mark_label: str = "",
    unit: str = "",
) -> SafeString:
    """A line with the band in which the values may lie, and a mark at the point of that index."""
    height, left, right, top, bottom = 230, 44, WIDTH - 12, 26, 200
    most = max((point.high or point.value for point in points), default=0)
    steps = nice_steps(most)
    across = (right - left) / max(len(points) - 1, 1)

    def x(index: int) -> float:
        return left + across * index

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / steps[-1]

    parts = []
    for step in steps:
        parts += [
            _across(y(step), left, right),
            _text(left - 8, y(step) + 4, f"{step:g}{unit}", anchor="end"),
        ]
    bounded = [
        (x(i), y(p.low), y(p.high))
        for i, p in enumerate(points)
        if p.low is not None and p.high is not None
    ]
    if bounded:
        upper = [(at, high) for at, _low, high in bounded]
        lower = [(at, low) for at, low, _high in reversed(bounded)]
        parts.append(_path(upper + lower, "band", closed=True))
    if mark is not None:
        parts.append(
            format_html(
                '<line class="mark" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>',
                _n(x(mark)),
                _n(top - 8),
                _n(bottom),
            )
        )
        parts.append(_text(x(mark) + 6, top - 10, mark_label))
    if len(points) > 1:
        parts.append(_path(((x(i), y(p.value)) for i, p in enumerate(points)), "line"))
    for i, point in enumerate(points):
        parts.append(
            format_html(
                '<circle class="touch in" cx="{}" cy="{}" r="3"/>', _n(x(i)), _n(y(point.value))
            )
        )
        parts.append(_text(x(i), bottom + 20, point.label, anchor="middle"))
    return _svg(WIDTH, height, label, *parts)


def bars(
    columns: Sequence[Column], *, label: str, limits: Sequence[float | None] = ()
) -> SafeString:
    """Upright bars, each with the part of it that stands out; as wide as two charts.

    `limits`: for each bar how high it should be at most, drawn as a line; None for one without.
    """
    width, height, left, top, bottom = WIDTH * 2.25, 220, 44, 12, 172
    most = max((column.value for column in columns), default=0)
    steps = nice_steps(max([most, *(limit for limit in limits if limit is not None)]))
    if steps[-1] < len(steps) - 1:  # counts have no halves
        steps = [float(number) for number in range(int(steps[-1]) + 2)]
    across = (width - left) / max(len(columns), 12)
    thick = min(across * 0.62, 36)

    def tall(value: float) -> float:
        return (bottom - top) * value / steps[-1]

    parts = []
    for step in steps:
        parts += [
            _across(bottom - tall(step), left, width),
            _text(left - 8, bottom - tall(step) + 4, f"{step:,g}", anchor="end"),
        ]
    for i, column in enumerate(columns):
        middle = left + across * (i + 0.5)
        if column.value:
            high = max(tall(column.value), 1.5)
            parts.append(_rect(middle - thick / 2, bottom - high, thick, high, "bar soft"))
        if column.part:
            high = max(tall(column.part), 1.5)
            parts.append(_rect(middle - thick / 2, bottom - high, thick, high, "bar"))
        if column.label:
            parts.append(_text(middle, bottom + 18, column.label, anchor="middle"))
        if column.group:
            parts.append(_text(middle - thick / 2, bottom + 38, column.group, css_class="value"))
    parts += [
        _mark(left + across * i, left + across * (i + 1), bottom - tall(limit))
        for i, limit in enumerate(limits)
        if limit is not None
    ]
    return _svg(width, height, label, *parts)


def funnel(steps: Sequence[tuple[int, int]]) -> list[SafeString]:
    """A bar for each row of a table: how many of the most there are, and the outline of before.

    They stretch with their cells and say nothing aloud: the numbers stand in the row.
    """
    most = max((count for step in steps for count in step), default=0) or 1
    return [
        format_html(
            '<svg class="chart" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true">'
            "{}{}</svg>",
            _rect(0, 0.5, max(100 * count / most, 0.5 if count else 0), 4, "bar"),
            _before(100 * before / most) if before else "",
        )
        for count, before in steps
    ]


def _before(at: float) -> SafeString:
    return format_html(
        '<line class="mark" vector-effect="non-scaling-stroke" x1="{0}" y1="0" x2="{0}" y2="5"/>',
        _n(at),
    )


def sparkline(values: Sequence[float], *, label: str) -> SafeString:
    """How a figure went, in the height of a line of text; the last value has a dot."""
    width, height = 120, 28
    most = max(values, default=0) or 1
    across = (width - 8) / max(len(values) - 1, 1)
    points = [(4 + across * i, height - 5 - (height - 10) * v / most) for i, v in enumerate(values)]
    parts = [_path(points, "line")] if len(points) > 1 else []
    if any((a != b) for a, b in pairwise(values)) or len(values) == 1:
        x, y = points[-1]
        parts.append(
            format_html('<circle class="touch in" cx="{}" cy="{}" r="2.5"/>', _n(x), _n(y))
        )
    return _svg(width, height, label, *parts)
