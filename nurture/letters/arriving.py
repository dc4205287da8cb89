"""How long a letter is in the post, and so when it arrives. Pure.

What follows a letter in a cadence is dated from its arrival: a call that asks whether the letter came
must not come before it.
"""

from __future__ import annotations

from datetime import date

from nurture.touching import Channel
from team.calendar import Calendar

DOMESTIC = {
    "AT": 2, "AU": 5, "BE": 2, "BR": 6, "CA": 4, "CH": 2, "CZ": 2, "DE": 3, "DK": 5, "ES": 3,
    "FI": 3, "FR": 3, "GB": 2, "IE": 2, "IN": 5, "IT": 4, "JP": 3, "LU": 1, "MX": 7, "NL": 2,
    "NO": 3, "NZ": 4, "PL": 3, "PT": 3, "SE": 3, "SG": 2, "US": 4,
}  # fmt: skip
"""Working days in the post inside a country: the far end of what its post office names for a letter."""
DOMESTIC_ELSEWHERE = 4
EUROPE = frozenset(
    """
    AD AL AT BA BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL
    NO PL PT RO RS SE SI SK SM VA XK
    """.split()  # noqa: SIM905 - a table reads better as one
)
WITHIN_EUROPE = 5
ABROAD = 9
BY_POST = frozenset({Channel.LETTER, Channel.DIRECT_MAIL})


def days_in_the_post(from_country: str, to_country: str) -> int:
    """Working days from the letter box to the desk; a country that is not known is our own."""
    there = to_country or from_country
    if there == from_country:
        return DOMESTIC.get(from_country, DOMESTIC_ELSEWHERE)
    return WITHIN_EUROPE if {from_country, there} <= EUROPE else ABROAD


def arrives_on(posted_on: date, *, from_country: str, calendar: Calendar) -> date:
    """The working day on which a letter is there. `calendar` is that of the prospect's place."""
    return calendar.add_working_days(posted_on, days_in_the_post(from_country, calendar.country))
