"""May we contact this person on this channel now? One answer, with its reason (domain.md, 7).

Pure; the caller says what is stored. Frequency caps bind automatic touches, which the engine of
cadences makes; a person who calls is bound by everything else here.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from nurture.touching import Channel
from team.calendar import Calendar

OPENS, CLOSES = time(9), time(17)


class Contactable(TextChoices):
    YES = "yes", _("may be contacted")
    NO_ADDRESS = "no_address", _("no address")
    SUPPRESSED = "suppressed", _("asked us not to")
    INVALID = "invalid", _("does not work")
    QUIET_HOURS = "quiet_hours", _("outside their hours")
    HOLIDAY = "holiday", _("holiday there")


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
class Reachability:
    """What is known of one address of one contact."""

    channel: str
    has_address: bool
    suppressed: bool = False
    invalid: bool = False
    invalid_why: str = ""


def may_contact(reach: Reachability, *, calendar: Calendar, now: datetime) -> Verdict:
    """The one answer for a contact and a channel; `calendar` is that of the prospect's place.

    The order is that of the domain: no address, suppressed, invalid, quiet hours, holiday.
    Quiet hours and holidays bind what interrupts a person: calls and voicemails.
    """
    if not reach.has_address:
        return Verdict(Contactable.NO_ADDRESS, str(Contactable.NO_ADDRESS.label))
    if reach.suppressed:
        return Verdict(Contactable.SUPPRESSED, str(Contactable.SUPPRESSED.label))
    if reach.invalid:
        return Verdict(Contactable.INVALID, reach.invalid_why or str(Contactable.INVALID.label))
    if reach.channel not in (Channel.PHONE, Channel.VOICEMAIL):
        return Verdict(Contactable.YES, str(Contactable.YES.label))
    local = now.astimezone(calendar.zone)
    holiday = calendar.holiday_on(local.date())
    if not OPENS <= local.time() < CLOSES or local.weekday() > 4:
        opening = next_opening(now, calendar)
        return Verdict(Contactable.QUIET_HOURS, str(Contactable.QUIET_HOURS.label), opening)
    if holiday is not None:
        return Verdict(Contactable.HOLIDAY, holiday, next_opening(now, calendar))
    return Verdict(Contactable.YES, str(Contactable.YES.label))


@lru_cache(maxsize=256)  # a queue asks it for each of its leads, mostly of the same place
def next_opening(now: datetime, calendar: Calendar) -> datetime:
    """The next instant at or after `now` within working hours of the calendar's place."""
    local = now.astimezone(calendar.zone)
    day = local.date()
    if local.time() >= CLOSES:
        day += timedelta(days=1)
    day = calendar.working_day_on_or_after(day)
    opening = datetime.combine(day, OPENS, calendar.zone)
    return max(opening, local) if day == local.date() else opening


def address_hash(secret: str, channel: str, address: str) -> str:
    """The keyed hash under which a suppressed address is remembered, even after erasure."""
    return hmac.new(secret.encode(), f"{channel}:{address}".encode(), hashlib.sha256).hexdigest()


def address_channel(channel: str) -> Channel:
    """The channel whose address is used: voicemail shares the number, direct mail the street."""
    return {Channel.VOICEMAIL: Channel.PHONE, Channel.DIRECT_MAIL: Channel.LETTER}.get(
        Channel(channel), Channel(channel)
    )


def zone_of(name: str, fallback: ZoneInfo) -> ZoneInfo:
    """The prospect's zone, or the organisation's where theirs is not known."""
    return ZoneInfo(name) if name else fallback
