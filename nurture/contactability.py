"""May we contact this person on this channel now? One answer, with its reason (domain.md, 7).

Pure; the caller says what is stored. The order is that of the domain: no address, suppressed, invalid,
no consent where it is needed, frequency cap, quiet hours, holiday. What has no next time at all comes
before what only waits. `nurture.engine.gates` asks the same function before each automatic touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from nurture.touching import Channel
from team.calendar import Calendar, instant_of

OPENS, CLOSES = time(9), time(17)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_DAYS_AHEAD = 400
"""A place with no allowed day within them has none."""


class Contactable(TextChoices):
    YES = "yes", _("may be contacted")
    NO_ADDRESS = "no_address", _("no address")
    SUPPRESSED = "suppressed", _("asked us not to")
    INVALID = "invalid", _("does not work")
    NO_CONSENT = "no_consent", _("no consent")
    NOT_OURS = "not_ours", _("our postal address is missing, and the law there asks for it")
    CAP = "cap", _("they heard from us often enough for now")
    QUIET_HOURS = "quiet_hours", _("outside their hours")
    HOLIDAY = "holiday", _("holiday there")


NEVER = frozenset({Contactable.SUPPRESSED, Contactable.INVALID, Contactable.NO_CONSENT})
"""There is an address, and it must not be used at any time."""


@dataclass(frozen=True)
class Verdict:
    """The answer; `next_at` is the next allowed instant when the reason is only "not now"."""

    answer: Contactable
    why: str
    next_at: datetime | None = None

    @property
    def allowed(self) -> bool:
        return self.answer == Contactable.YES


@dataclass(frozen=True)
class Hours:
    """When people may be contacted, on their own clock: from `opens` to before `closes`."""

    opens: time = OPENS
    closes: time = CLOSES
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    """Monday is 1."""

    def within(self, other: Hours) -> Hours:
        """What both allow; may be nothing at all."""
        return Hours(
            max(self.opens, other.opens),
            min(self.closes, other.closes),
            self.weekdays & other.weekdays,
        )


WORKDAY = Hours()
ANY_DAY = frozenset(range(1, 8))


@dataclass(frozen=True)
class Limits:
    """What binds contact on one channel with people of one place: our own word and the law's.

    Made by `nurture.regions`; of two that say something the stricter counts.
    """

    hours: Hours = WORKDAY
    a_day: int = 1
    a_week: int = 3
    grounds: frozenset[str] | None = None
    """Bases of which one is needed (prospects.models.Consent.Basis); None: none is."""
    lacks_postal_address: bool = False
    """The law asks for ours, and we have none."""
    laws: tuple[str, ...] = ()
    """What the stricter rules rest on, to be shown."""


@dataclass(frozen=True)
class Ground:
    """One entry of what a person agreed to, for one address."""

    basis: str
    given_at: datetime
    expires_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def counts_at(self, at: datetime) -> bool:
        return self.withdrawn_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True)
class Reachability:
    """What is known of one address of one contact."""

    channel: str
    has_address: bool
    suppressed: bool = False
    invalid: bool = False
    invalid_why: str = ""
    grounds: tuple[Ground, ...] = ()
    limits: Limits = Limits()


def may_contact(
    reach: Reachability,
    *,
    calendar: Calendar,
    now: datetime,
    heard_at: Sequence[datetime] | None = None,
) -> Verdict:
    """The one answer for a contact and a channel; `calendar` is that of the prospect's place.

    `heard_at`: for an automatic touch, when this person got automatic ones within the last week: caps
    bind it, and quiet hours whatever its channel. None: a person does it; then no cap binds, and
    quiet hours and holidays bind what interrupts: calls and voicemails.
    """
    if never := never_contactable(reach, now, automatic=heard_at is not None):
        return never
    binds_hours = interrupts(reach.channel) or (
        heard_at is not None and reach.channel == Channel.EMAIL
    )
    heard = tuple(heard_at or ())
    limits = reach.limits
    hours = limits.hours if binds_hours else None
    refused = _not_now(limits, hours, heard, calendar, now)
    if refused is None:
        return Verdict(Contactable.YES, str(Contactable.YES.label))
    answer, why = refused
    next_at = next_allowed(now, calendar, hours=hours, limits=limits, heard_at=heard)
    if next_at is None:
        return Verdict(answer, _t("no hours are left in which they may be contacted"))
    if later := never_contactable(reach, next_at, automatic=heard_at is not None):
        return Verdict(later.answer, _t("%s by the time they may be contacted") % later.why)
    return Verdict(answer, why, next_at)


def interrupts(channel: str) -> bool:
    """Whether a touch rings at somebody's desk, so that quiet hours bind a person who makes it."""
    return channel in (Channel.PHONE, Channel.VOICEMAIL)


def never_contactable(
    reach: Reachability, now: datetime, *, automatic: bool = False
) -> Verdict | None:
    """Why this address may not be used at any time; None where it may be, if perhaps not now."""
    if not reach.has_address:
        return Verdict(Contactable.NO_ADDRESS, str(Contactable.NO_ADDRESS.label))
    if reach.suppressed:
        return Verdict(Contactable.SUPPRESSED, str(Contactable.SUPPRESSED.label))
    if reach.invalid:
        return Verdict(Contactable.INVALID, reach.invalid_why or str(Contactable.INVALID.label))
    if lacking := _lacks_ground(reach.grounds, reach.limits.grounds, now):
        return Verdict(Contactable.NO_CONSENT, lacking)
    if automatic and reach.limits.lacks_postal_address and not interrupts(reach.channel):
        return Verdict(Contactable.NOT_OURS, str(Contactable.NOT_OURS.label))
    return None


def _lacks_ground(given: Iterable[Ground], needed: frozenset[str] | None, now: datetime) -> str:
    """Why there is no ground to contact them, in words; empty where there is one, or none is needed.

    A word taken back outweighs everything that was given before it, whatever its basis.
    """
    given = tuple(given)
    withdrawn_at = max((g.withdrawn_at for g in given if g.withdrawn_at), default=None)
    counting = [
        ground
        for ground in given
        if ground.counts_at(now) and (withdrawn_at is None or ground.given_at > withdrawn_at)
    ]
    if withdrawn_at is not None and not counting:
        return _t("took their consent back")
    if needed is None or any(ground.basis in needed for ground in counting):
        return ""
    if any(g.expires_at is not None and g.expires_at <= now and g.basis in needed for g in given):
        return _t("their consent has expired")
    return str(Contactable.NO_CONSENT.label)


def _not_now(
    limits: Limits,
    hours: Hours | None,
    heard: tuple[datetime, ...],
    calendar: Calendar,
    now: datetime,
) -> tuple[Contactable, str] | None:
    """What stands in the way at this instant and will pass; None: nothing."""
    if _below_caps_from(now, heard, limits, calendar) > now:
        return Contactable.CAP, str(Contactable.CAP.label)
    if hours is None or _is_open(now, calendar, hours):
        return None
    local = now.astimezone(calendar.zone)
    holiday = calendar.holiday_on(local.date())
    if holiday is not None and _on_the_clock(local, hours):
        return Contactable.HOLIDAY, holiday
    return Contactable.QUIET_HOURS, str(Contactable.QUIET_HOURS.label)


def next_allowed(
    now: datetime,
    calendar: Calendar,
    *,
    hours: Hours | None,
    limits: Limits,
    heard_at: Sequence[datetime] = (),
) -> datetime | None:
    """The first instant at or after `now` that caps, quiet hours and holidays all allow.

    Each in turn moves it to the first instant that it allows itself, until none does: so there is none
    before it. None: no day is allowed at all. `hours`: None where no quiet hours bind.
    """
    at = now
    while True:
        free_at = _below_caps_from(at, heard_at, limits, calendar)
        opens_at = free_at if hours is None else opening_in(hours, free_at, calendar)
        if opens_at is None or opens_at == at:
            return opens_at
        at = opens_at


def _below_caps_from(
    at: datetime, heard_at: Sequence[datetime], limits: Limits, calendar: Calendar
) -> datetime:
    """The first instant at or after `at` at which one more touch reaches neither cap.

    The day is a calendar day of the prospect's place; the week is seven times 24 hours.
    """
    heard = sorted(heard_at)
    while True:
        day = at.astimezone(calendar.zone).date()
        same_day = sum(heard_one.astimezone(calendar.zone).date() == day for heard_one in heard)
        lately = [heard_one for heard_one in heard if at - heard_one < WEEK]
        if same_day >= limits.a_day:
            at = instant_of(day + DAY, time(), calendar.zone)
        elif len(lately) >= limits.a_week:
            at = lately[-limits.a_week] + WEEK
        else:
            return at


def _on_the_clock(local: datetime, hours: Hours) -> bool:
    return (
        hours.opens <= local.time().replace(tzinfo=None) < hours.closes
        and local.isoweekday() in hours.weekdays
    )


def _is_open(at: datetime, calendar: Calendar, hours: Hours) -> bool:
    local = at.astimezone(calendar.zone)
    return _on_the_clock(local, hours) and calendar.holiday_on(local.date()) is None


def next_opening(now: datetime, calendar: Calendar) -> datetime:
    """The next instant at or after `now` within a usual working day of the calendar's place."""
    opening = opening_in(WORKDAY, now, calendar)
    assert opening is not None  # no country is on holiday for a year
    return opening


@lru_cache(maxsize=1024)  # a queue asks it for each of its leads, mostly of the same place
def opening_in(hours: Hours, now: datetime, calendar: Calendar) -> datetime | None:
    """The first instant at or after `now` within the hours of the prospect's place, on no holiday.

    None where they allow no day at all. Their hours lie between 5:00 and midnight (the database sees
    to it), and no clock is changed then but where a whole day is skipped.
    """
    if _is_open(now, calendar, hours):
        return now.astimezone(calendar.zone)
    if hours.opens >= hours.closes or not hours.weekdays:
        return None
    day = now.astimezone(calendar.zone).date()
    for _ahead in range(MOST_DAYS_AHEAD):
        opens = instant_of(day, hours.opens, calendar.zone)
        if opens >= now and _is_open(opens, calendar, hours):
            return opens.astimezone(calendar.zone)
        day += DAY
    return None


def address_channel(channel: str) -> Channel:
    """The channel whose address is used: voicemail shares the number, direct mail the street."""
    return {Channel.VOICEMAIL: Channel.PHONE, Channel.DIRECT_MAIL: Channel.LETTER}.get(
        Channel(channel), Channel(channel)
    )


def zone_of(name: str, fallback: ZoneInfo) -> ZoneInfo:
    """The prospect's zone, or the organisation's where theirs is not known."""
    return ZoneInfo(name) if name else fallback
