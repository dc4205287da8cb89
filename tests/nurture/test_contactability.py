"""May we contact them now? One answer, in the order of domain.md, section 7."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.contactability import (
    Contactable,
    Reachability,
    may_contact,
    next_opening,
)
from prospects.consents.hashing import address_hash
from team.calendar import Calendar

STOCKHOLM = Calendar(ZoneInfo("Europe/Stockholm"), "SE")
CALL = Reachability(channel="phone", has_address=True)
NOON = datetime(2026, 6, 17, 10, tzinfo=UTC)  # a Wednesday, noon in Stockholm
NIGHT = datetime(2026, 6, 17, 20, tzinfo=UTC)
SATURDAY = datetime(2026, 6, 20, 10, tzinfo=UTC)
ASCENSION = datetime(2026, 5, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reach", "now", "answer", "next_at"),
    [
        (CALL, NOON, Contactable.YES, None),
        (replace(CALL, has_address=False), NIGHT, Contactable.NO_ADDRESS, None),
        (replace(CALL, suppressed=True, invalid=True), NIGHT, Contactable.SUPPRESSED, None),
        (replace(CALL, invalid=True), NIGHT, Contactable.INVALID, None),
        (CALL, NIGHT, Contactable.QUIET_HOURS, "2026-06-18T09:00"),
        (CALL, SATURDAY, Contactable.QUIET_HOURS, "2026-06-22T09:00"),
        (CALL, ASCENSION, Contactable.HOLIDAY, "2026-05-15T09:00"),
        (replace(CALL, channel="email"), NIGHT, Contactable.YES, None),
        (replace(CALL, channel="email", suppressed=True), NOON, Contactable.SUPPRESSED, None),
        (replace(CALL, channel="voicemail"), NIGHT, Contactable.QUIET_HOURS, "2026-06-18T09:00"),
    ],
)
def test_the_answer(
    reach: Reachability, now: datetime, answer: Contactable, next_at: str | None
) -> None:
    verdict = may_contact(reach, calendar=STOCKHOLM, now=now)
    expected = datetime.fromisoformat(next_at).replace(tzinfo=STOCKHOLM.zone) if next_at else None
    assert (verdict.answer, verdict.next_at) == (answer, expected)
    assert verdict.why


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)))
def test_the_next_opening_is_allowed(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    opening = next_opening(now, STOCKHOLM)
    assert opening >= now
    assert may_contact(CALL, calendar=STOCKHOLM, now=opening).allowed


def test_the_hash_needs_the_key() -> None:
    one = address_hash("secret", "email", "a@b.example")
    assert one != address_hash("other", "email", "a@b.example")
    assert one != address_hash("secret", "phone", "a@b.example")
    assert one == address_hash("secret", "email", "a@b.example")
