"""The colors of static/leadflow.css can be read by everyone: WCAG 2.2 AA, in light and in dark."""

import re
from itertools import product
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parent.parent / "static" / "leadflow.css"
TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TOKENS = {name: colors for name, *colors in TOKEN.findall(STYLESHEET.read_text())}

SURFACES = ("paper", "sheet", "sunk", "hover")
WASHES = ("accent-wash", "due-wash", "late-wash", "good-wash")
MEANINGS = ("accent", "due", "late", "good")
TEXT = [
    *product(("ink", "ink-2", "ink-3", *MEANINGS), SURFACES),
    *product(("ink", "ink-2"), WASHES),
    *((meaning, f"{meaning}-wash") for meaning in MEANINGS),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
]
# What must be seen to be operated, but is not read.
EDGES = [
    *product(("edge", "focus"), ("paper", "sheet", "sunk")),
    *product(("accent",), ("paper", "sheet")),
]


def luminance(color: str) -> float:
    """Relative luminance of a #rrggbb, as WCAG 2.2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(text, ground, theme):
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_a_control_can_be_seen(edge, ground, theme):
    assert contrast(TOKENS[edge][theme], TOKENS[ground][theme]) >= 3


def test_black_on_white_is_the_most_there_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_colors_are_said_once():
    """A raw color outside the tokens would escape the theme and these tests."""
    rules = STYLESHEET.read_text().split("@layer base {", 1)[1].split("@media print", 1)[0]
    rules = rules.split("@page", 1)[0]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rules) == []


def test_nothing_is_fetched_from_elsewhere():
    assert not re.search(r"url\([\"']?(https?:)?//", STYLESHEET.read_text())
