"""How values look on a page."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from team.templatetags.look import age, icon, money, money_short, money_words

NOW = datetime(2026, 6, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (420000, "USD", "$420,000"),
        (Decimal("1.40"), "USD", "$1.40"),
        (Decimal("1.00"), "USD", "$1"),
        (-1200, "EUR", "\N{MINUS SIGN}€1,200"),
        (1200, "SEK", "1,200\N{NARROW NO-BREAK SPACE}SEK"),
        (0, "USD", "$0"),
        (None, "USD", ""),
    ],
)
def test_money(amount, currency, shown):
    assert money(amount, currency) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (950, "$950"),
        (420_000, "$420K"),
        (1_500, "$1.5K"),
        (999_500, "$1M"),
        (3_500_000, "$3.5M"),
        (84_000_000, "$84M"),
        (2_000_000_000, "$2B"),
        (None, ""),
    ],
)
def test_money_in_facts_is_short(amount, shown):
    assert money_short(amount, "USD") == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (420_000, "$420,000"),
        (3_500_000, "$3.5\N{NO-BREAK SPACE}million"),
        (3_512_000, "$3.5\N{NO-BREAK SPACE}million"),
        (1_200_000_000, "$1.2\N{NO-BREAK SPACE}billion"),
        (0, "$0"),
        (None, ""),
    ],
)
def test_money_in_sentences_is_said(amount, shown):
    assert money_words(amount, "USD") == shown


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(days=45), "6 wk"),
        (timedelta(days=420), "14 mo"),
        (timedelta(days=1100), "3 yr"),
        (timedelta(days=-1), "now"),
    ],
)
def test_an_age_has_the_one_unit_that_matters(span, shown):
    assert age(NOW - span, NOW) == shown
    assert age(span) == shown


def test_an_icon_is_for_the_eye_only_and_needs_no_style():
    svg = icon("phone")
    assert 'aria-hidden="true"' in svg
    assert "style" not in svg
