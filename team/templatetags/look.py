"""How values look on a page: icons, money, ages. Nothing here decides anything.

Dates and times need no filter of ours: `{{ at|date:"M j" }}` is in the reader's zone, and
`{% load tz %}{{ at|timezone:zone|date:"g:i a" }}` in the prospect's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

register = template.Library()

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$"}
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


@lru_cache(maxsize=256)
def _drawn(name: str) -> str:
    return lucide(name, size=18, **{"class": "icon", "aria-hidden": "true"})


@register.simple_tag
def icon(name: str) -> str:
    """A Lucide icon as inline SVG, for the eye only: the words beside it say the same."""
    return _drawn(str(name))


def _amount(value: Decimal | float | str, places: int) -> str:
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return _grouped(exact, places, get_language())


@lru_cache(maxsize=1024)
def _grouped(exact: Decimal, places: int, language: str | None) -> str:
    return number_format(exact, decimal_pos=places, use_l10n=True, force_grouping=True)


def _with_currency(text: str, currency: str) -> str:
    sign = SIGNS.get(currency)
    minus = ""
    if text.startswith("-"):
        minus, text = "\N{MINUS SIGN}", text[1:]
    return f"{minus}{sign}{text}" if sign else f"{minus}{text}{NARROW_SPACE}{currency}"


def _shortened(value: Decimal | float | str) -> tuple[str, int]:
    """The amount in its largest unit and that unit's power of a thousand: 3,500,000 is 3.5, 2."""
    amount = Decimal(str(value))
    power = 0
    # 999,500 rounds to a million, not to 1,000K.
    while power < 3 and abs(amount) >= Decimal("999.5"):
        amount, power = amount / 1000, power + 1
    places = 1 if power and abs(amount) < 10 else 0
    text = _amount(amount, places)
    if places and text.endswith("0"):
        text = _amount(amount, 0)
    return text, power


@register.filter
def money(value: Decimal | float | str | None, currency: str = "USD") -> str:
    """`{{ 420000|money:"USD" }}` is $420,000; cents are shown where there are any."""
    if value is None or value == "":
        return ""
    places = 0 if Decimal(str(value)) == Decimal(str(value)).to_integral_value() else 2
    return _with_currency(_amount(value, places), currency or "USD")


@register.filter
def money_short(value: Decimal | float | str | None, currency: str = "USD") -> str:
    """`{{ 420000|money_short:"USD" }}` is $420K, 84 million is $84M: for facts and lists."""
    if value is None or value == "":
        return ""
    text, power = _shortened(value)
    return _with_currency(text + ("", "K", "M", "B")[power], currency or "USD")


@register.filter
def money_words(value: Decimal | float | str | None, currency: str = "USD") -> str:
    """`{{ 3500000|money_words:"USD" }}` is $3.5 million, 420,000 stays $420,000: for sentences."""
    if value is None or value == "":
        return ""
    text, power = _shortened(value)
    if power < 2:
        return money(Decimal(str(value)).to_integral_value(ROUND_HALF_UP), currency)
    unit = _("million") if power == 2 else _("billion")
    return f"{_with_currency(text, currency or 'USD')}\N{NO-BREAK SPACE}{unit}"


MINUTE, HOUR, DAY = 1, 60, 1440
# Up to how many minutes, in which unit, said how.
AGES = (
    (HOUR, MINUTE, gettext_noop("%d min")),
    (DAY, HOUR, gettext_noop("%d h")),
    (14 * DAY, DAY, gettext_noop("%d d")),
    (92 * DAY, 7 * DAY, gettext_noop("%d wk")),
    (730 * DAY, 30 * DAY, gettext_noop("%d mo")),
)
YEARS = gettext_noop("%d yr")


@register.filter
def age(value: datetime | timedelta | None, now: datetime | None = None) -> str:
    """How long ago, in the one unit that matters: 12 min, 3 h, 2 d, 6 wk, 14 mo, 3 yr."""
    if value is None:
        return ""
    span = value if isinstance(value, timedelta) else (now or timezone.now()) - value
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return _("now")
    for limit, unit, words in AGES:
        if minutes < limit:
            return _aged(words, minutes // unit, get_language())
    return _aged(YEARS, minutes // (365 * DAY), get_language())


# A list has one in each row, mostly the same few; looking a translation up takes its time.
@lru_cache(maxsize=1024)
def _aged(words: str, count: int, language: str | None) -> str:
    return _(words) % count
