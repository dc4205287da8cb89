"""When automatic mail must stop by itself, or wait a while. Pure: counts in, a verdict out.

Mailbox providers judge a sender by complaints and by mail to addresses that do not work; once they
think ill of one, nobody's mail arrives any more, a colleague's own neither. Google and Yahoo ask
bulk senders to stay below 0.3 % of complaints (their sender guidelines of February 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

LAST_FOR_COMPLAINTS = 100
LAST_FOR_BOUNCES = 200
LEAST_IN_WEEK = 300
"""Mails of a week, below which a share of complaints says nothing yet."""
LEAST_IN_DAY = LAST_FOR_BOUNCES
SHORTEST_HOLD = timedelta(minutes=5)
LONGEST_HOLD = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """From which on it stops; the organization's settings. Percent are 0 to 100."""

    complaint_percent: Decimal = Decimal("0.30")
    complaints_of_hundred: int = 3
    bounce_percent: Decimal = Decimal("5.00")
    refusals_in_a_row: int = 20


@dataclass(frozen=True)
class Record:
    """What came of our mail, since somebody last said that it may go on."""

    sent_in_week: int = 0
    complaints_in_week: int = 0
    complaints_of_hundred: int = 0
    """Of the last hundred mails, those that were complained about since."""
    sent_in_day: int = 0
    bounces_in_day: int = 0
    bounces_of_last: int = 0
    """Of the last two hundred mails, those to addresses that turned out not to work."""
    refused_in_a_row: int = 0
    """Refusals for now, and connections that were not to be had, since a mail was last accepted."""
    refused_at: datetime | None = None
    """The last of them."""


@dataclass(frozen=True)
class Fine:
    pass


@dataclass(frozen=True)
class Trip:
    """Stop, until a person has looked into it. `cause`: one of SwitchEvent.Cause."""

    cause: str
    why: str


@dataclass(frozen=True)
class Hold:
    """Wait, then go on by itself."""

    until: datetime
    why: str


Verdict = Fine | Trip | Hold
FINE = Fine()


def judge(record: Record, limits: Limits) -> Verdict:
    """What is to be done. The gravest reason decides: complaints, then bounces, then refusals."""
    if record.complaints_of_hundred >= limits.complaints_of_hundred:
        return Trip(
            "complaints",
            _("%(count)s complaints about the last %(last)s mails (the limit is %(limit)s)")
            % {
                "count": record.complaints_of_hundred,
                "last": LAST_FOR_COMPLAINTS,
                "limit": limits.complaints_of_hundred,
            },
        )
    complaints = percent(record.complaints_in_week, record.sent_in_week)
    if record.sent_in_week >= LEAST_IN_WEEK and complaints > limits.complaint_percent:
        return Trip(
            "complaints",
            _("complaints about %(share)s %% of the mails of a week (the limit is %(limit)s %%)")
            % {"share": complaints, "limit": limits.complaint_percent},
        )
    of_last = percent(record.bounces_of_last, LAST_FOR_BOUNCES)
    if of_last > limits.bounce_percent:
        return Trip(
            "bounces",
            _("%(count)s of the last %(last)s mails went to addresses that do not work")
            % {"count": record.bounces_of_last, "last": LAST_FOR_BOUNCES},
        )
    in_day = percent(record.bounces_in_day, record.sent_in_day)
    if record.sent_in_day >= LEAST_IN_DAY and in_day > limits.bounce_percent:
        return Trip(
            "bounces",
            _(
                "%(share)s %% of the mails of a day went to addresses that do not work"
                " (the limit is %(limit)s %%)"
            )
            % {"share": in_day, "limit": limits.bounce_percent},
        )
    times = record.refused_in_a_row // limits.refusals_in_a_row
    if times and record.refused_at is not None:
        # Longer each time: a server that is asked again too soon refuses for longer.
        hold = min(SHORTEST_HOLD * 2 ** (min(times, 10) - 1), LONGEST_HOLD)
        return Hold(
            record.refused_at + hold,
            _("the mail server refused %s mails in a row") % record.refused_in_a_row,
        )
    return FINE


def percent(part: int, whole: int) -> Decimal:
    """A share in percent, to two places; of nothing it is 0."""
    return round(Decimal(100 * part) / whole, 2) if whole else Decimal(0)
