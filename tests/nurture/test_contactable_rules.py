"""The one answer: every rule by a table, and what must hold of the next time wherever somebody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.contactability import (
    ANY_DAY,
    WEEK,
    Contactable,
    Ground,
    Hours,
    Limits,
    Reachability,
    may_contact,
)
from nurture.regions import OurLimits, Rule, RuleBook, in_force_on, limits_of
from team.calendar import Calendar

BERLIN = Calendar(ZoneInfo("Europe/Berlin"), "DE")
NOON = datetime(2026, 6, 17, 10, tzinfo=UTC)
"""A Wednesday, twelve in Berlin."""
DAY = timedelta(days=1)
MAIL = Reachability("email", has_address=True)
CALL = Reachability("phone", has_address=True)
ASKS = Limits(grounds=frozenset({"consent", "customer"}))
YES = Ground("consent", NOON - 30 * DAY)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In Berlin, June 2026."""
    return datetime(2026, 6, day, hour, minute, tzinfo=BERLIN.zone)


@pytest.mark.parametrize(
    ("reach", "heard", "now", "answer", "next_at"),
    [
        # what never passes comes first, in this order
        (Reachability("email", has_address=False, suppressed=True), (), NOON, "no_address", None),
        (replace(MAIL, suppressed=True, invalid=True), (), NOON, "suppressed", None),
        (replace(MAIL, invalid=True, limits=ASKS), (), NOON, "invalid", None),
        (replace(MAIL, limits=ASKS), (NOON,), NOON, "no_consent", None),
        # consent
        (replace(MAIL, limits=ASKS, grounds=(YES,)), (), NOON, "yes", None),
        (
            replace(MAIL, limits=ASKS, grounds=(replace(YES, basis="interest"),)),
            (),
            NOON,
            "no_consent",
            None,
        ),
        (
            replace(MAIL, limits=ASKS, grounds=(replace(YES, expires_at=NOON),)),
            (),
            NOON,
            "no_consent",
            None,
        ),
        (
            replace(MAIL, limits=ASKS, grounds=(replace(YES, expires_at=NOON + DAY),)),
            (),
            NOON,
            "yes",
            None,
        ),
        (
            replace(MAIL, grounds=(replace(YES, withdrawn_at=NOON - DAY),)),
            (),
            NOON,
            "no_consent",
            None,
        ),
        (
            replace(
                MAIL,
                grounds=(replace(YES, withdrawn_at=NOON - DAY), replace(YES, basis="customer")),
            ),
            (),
            NOON,
            "no_consent",
            None,
        ),
        (
            replace(
                MAIL,
                limits=ASKS,
                grounds=(
                    replace(YES, withdrawn_at=NOON - 9 * DAY),
                    replace(YES, given_at=NOON - DAY),
                ),
            ),
            (),
            NOON,
            "yes",
            None,
        ),
        (replace(CALL, limits=ASKS), None, NOON, "no_consent", None),
        # our own address, where the law asks for it: of what goes by itself
        (replace(MAIL, limits=Limits(lacks_postal_address=True)), (), NOON, "not_ours", None),
        (replace(MAIL, limits=Limits(lacks_postal_address=True)), None, NOON, "yes", None),
        # caps bind what goes by itself
        (MAIL, (NOON - timedelta(hours=2),), NOON, "cap", at(18, 9)),
        (MAIL, (NOON - timedelta(hours=2),), at(19, 16), "yes", None),
        (MAIL, (at(15, 12), at(16, 12), at(17, 9)), at(18, 10), "cap", at(22, 12)),
        (CALL, None, NOON, "yes", None),
        (replace(MAIL, limits=Limits(a_day=2)), (NOON - timedelta(hours=2),), NOON, "yes", None),
        # a cap that ends on a Saturday waits for Monday
        (MAIL, (at(19, 12),), at(19, 13), "cap", at(22, 9)),
        # quiet hours and holidays
        (MAIL, (), at(17, 8, 59), "quiet_hours", at(17, 9)),
        (MAIL, None, at(17, 3), "yes", None),
        (CALL, None, at(17, 17), "quiet_hours", at(18, 9)),
        (CALL, None, at(20, 12), "quiet_hours", at(22, 9)),
        (
            CALL,
            None,
            datetime(2026, 5, 25, 10, tzinfo=UTC),
            "holiday",
            datetime(2026, 5, 26, 9, tzinfo=BERLIN.zone),
        ),
        (Reachability("letter", has_address=True), (), at(20, 3), "yes", None),
        # consent that ends before the next hour comes is none by then
        (
            replace(MAIL, limits=ASKS, grounds=(replace(YES, expires_at=at(18, 8)),)),
            (),
            at(17, 20),
            "no_consent",
            None,
        ),
        # no hour is left at all
        (
            replace(CALL, limits=Limits(hours=Hours(time(9), time(17), frozenset()))),
            None,
            NOON,
            "quiet_hours",
            None,
        ),
    ],
)
def test_the_answer_and_the_next_time(
    reach: Reachability,
    heard: tuple[datetime, ...] | None,
    now: datetime,
    answer: str,
    next_at: datetime | None,
) -> None:
    verdict = may_contact(reach, calendar=BERLIN, now=now, heard_at=heard)
    assert (verdict.answer, verdict.next_at) == (answer, next_at)
    assert verdict.why


HOURS = st.builds(
    lambda opens, length, days: Hours(
        time(opens), time(min(opens + length, 23), 30), frozenset(days)
    ),
    st.integers(5, 20),
    st.integers(0, 14),
    st.sets(st.integers(1, 7), min_size=1),
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


@settings(max_examples=150, deadline=None)
@given(
    now=INSTANTS,
    zone=ZONES,
    country=st.sampled_from(["", "US", "DE", "JP", "AE"]),
    hours=HOURS,
    caps=st.tuples(st.integers(1, 3), st.integers(1, 5)),
    ago=st.lists(st.integers(0, 7 * 24 * 60), max_size=6),
)
def test_the_next_time_is_allowed_and_none_before_it_is(
    now: datetime,
    zone: ZoneInfo,
    country: str,
    hours: Hours,
    caps: tuple[int, int],
    ago: list[int],
) -> None:
    calendar = Calendar(zone, country)
    reach = replace(MAIL, limits=Limits(hours, *caps))
    heard = tuple(now - timedelta(minutes=minutes) for minutes in ago)

    def allowed(instant: datetime) -> bool:
        return may_contact(reach, calendar=calendar, now=instant, heard_at=heard).allowed

    verdict = may_contact(reach, calendar=calendar, now=now, heard_at=heard)
    if verdict.allowed:
        return
    assert verdict.next_at is not None
    assert verdict.next_at > now
    assert allowed(verdict.next_at)
    assert not allowed(verdict.next_at - timedelta(seconds=1))
    span = verdict.next_at - now
    assert not any(allowed(now + span * share / 50) for share in range(50)), "none before it"


@pytest.mark.slow
def test_in_every_zone_across_changes_of_its_clocks() -> None:
    """Each zone, each day on which its clocks change in ten years, from the evening before."""
    reach = replace(CALL, limits=Limits(Hours(time(8), time(21), ANY_DAY)))
    for name in sorted(available_timezones()):
        calendar = Calendar(ZoneInfo(name))
        for instant in changes(calendar.zone):
            now = instant - timedelta(hours=14)
            for _step in range(8):
                verdict = may_contact(reach, calendar=calendar, now=now)
                then = verdict.next_at or now
                local = then.astimezone(calendar.zone)
                assert time(8) <= local.time() < time(21), (name, now, then)
                assert may_contact(reach, calendar=calendar, now=then).allowed, (name, now)
                now += timedelta(hours=4)


def changes(zone: ZoneInfo) -> list[datetime]:
    """Instants, to the day, about which the zone's offset changes from 2020 to 2030."""
    day, found = datetime(2020, 1, 1, tzinfo=UTC), []
    while day.year < 2030:
        after = day + timedelta(days=7)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            one = day
            while one.astimezone(zone).utcoffset() == (one + DAY).astimezone(zone).utcoffset():
                one += DAY
            found.append(one)
        day = after
    return found


# Rules of places


def rule(pk: int = 1, **says: object) -> Rule:
    given = {
        "country": "US",
        "regions": frozenset(),
        "channel": "phone",
        "in_force_from": date(2020, 1, 1),
    }
    return Rule(id=pk, **(given | says))  # type: ignore[arg-type]


TODAY = date(2026, 6, 17)


@pytest.mark.parametrize(
    ("rules", "counting"),
    [
        ([rule(1)], [1]),
        ([rule(1), rule(2, in_force_from=date(2025, 1, 1))], [2]),
        ([rule(1), rule(2, in_force_from=TODAY + DAY)], [1]),
        ([rule(1), rule(2)], [2]),
        ([rule(1), rule(2, in_force_from=date(2025, 1, 1), in_force_to=date(2025, 12, 31))], []),
        ([rule(1, in_force_to=TODAY)], [1]),
        ([rule(1), rule(2, regions=frozenset({"fl"})), rule(3, channel="email")], [1, 2, 3]),
    ],
)
def test_the_latest_rule_that_has_begun_counts(rules: list[Rule], counting: list[int]) -> None:
    assert sorted(one.id for one in in_force_on(TODAY, rules)) == counting


@pytest.mark.parametrize(
    ("country", "region", "channel", "expected"),
    [
        ("US", "", "phone", Limits(laws=("TCPA",))),
        ("US", " florida ", "phone", Limits(a_day=1, laws=("TCPA", "FTSA"))),
        ("US", "", "email", Limits(lacks_postal_address=True, laws=("CAN-SPAM",))),
        ("DE", "", "email", Limits(grounds=frozenset({"consent"}), laws=("UWG", "stricter"))),
        ("FR", "", "email", Limits()),
        ("US", "", "letter", Limits()),
    ],
)
def test_the_stricter_of_ours_and_theirs_binds(
    country: str, region: str, channel: str, expected: Limits
) -> None:
    rules = [
        rule(1, opens=time(8), closes=time(21), law="TCPA"),
        rule(2, regions=frozenset({"fl", "florida"}), most_a_day=3, law="FTSA"),
        rule(3, channel="email", needs_postal_address=True, law="CAN-SPAM"),
        rule(
            4, country="DE", channel="email", grounds=frozenset({"consent", "customer"}), law="UWG"
        ),
        rule(5, country="DE", channel="email", grounds=frozenset({"consent"}), law="stricter"),
    ]
    ours = OurLimits(has_postal_address=False)
    assert limits_of(rules, ours, country=country, region=region, channel=channel) == expected


def test_our_hours_are_narrowed_never_widened() -> None:
    book = RuleBook(
        OurLimits(Hours(time(7), time(22), ANY_DAY)),
        (rule(1, opens=time(8), closes=time(20), weekdays=frozenset({1, 2, 3, 4, 5, 6})),),
    )
    hours = book.limits(country="US", region="", channel="phone").hours
    assert hours == Hours(time(8), time(20), frozenset({1, 2, 3, 4, 5, 6}))
    assert book.limits(country="SE", region="", channel="phone").hours.opens == time(7)


def test_a_week_is_seven_times_24_hours() -> None:
    heard = (NOON - WEEK + timedelta(seconds=1), NOON - 2 * DAY, NOON - 3 * DAY)
    verdict = may_contact(MAIL, calendar=BERLIN, now=NOON, heard_at=heard)
    assert verdict.answer == Contactable.CAP
    assert verdict.next_at == NOON + timedelta(seconds=1)
