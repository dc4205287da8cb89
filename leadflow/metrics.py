"""What /metrics tells of the engine: read from the database when asked, so it is right with any
number of processes and hosts. Figures only, about nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import Redis

from nurture.engine import counting
from nurture.engine.clock import engine_now
from nurture.engine.standing import standing
from nurture.models import PeriodicWork

MOST_REASONS = 50
"""Series of outcomes by reason; the rarer ones are told together as `other`."""
QUEUE = "celery"


class EngineCollector(Collector):
    """The engine as it stands, and what came of planned touches since counting began."""

    def collect(self) -> Iterator[Metric]:
        now = engine_now()
        yield from _standing(now)
        yield from _outcomes(now)


class WorkCollector(Collector):
    """The turns of periodic work, by host. `now`: of the hosts' own clocks."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        labels = ["task", "host"]
        age = GaugeMetricFamily(
            "leadflow_task_last_start_age_seconds", "Since its last turn began.", labels=labels
        )
        took = GaugeMetricFamily(
            "leadflow_task_duration_seconds", "How long its last turn took.", labels=labels
        )
        lag = GaugeMetricFamily(
            "leadflow_queue_lag_seconds", "From the bell to the worker, last time.", labels=labels
        )
        turns = CounterMetricFamily("leadflow_task_turns", "Turns that ended.", labels=labels)
        failures = CounterMetricFamily(
            "leadflow_task_failures", "Turns that ended in an exception.", labels=labels
        )
        for work in PeriodicWork.objects.order_by("name", "host"):
            of = [work.name, work.host]
            age.add_metric(of, (self.now - work.started_at).total_seconds())
            took.add_metric(of, work.seconds)
            lag.add_metric(of, work.waited)
            turns.add_metric(of, work.turns)
            failures.add_metric(of, work.failures)
        yield from (age, took, lag, turns, failures)


class QueueCollector(Collector):
    """What waits in the broker: bells only, so a long queue means too few workers."""

    def collect(self) -> Iterator[Metric]:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as redis:
            length = redis.llen(QUEUE)
        yield GaugeMetricFamily(
            "leadflow_queue_length", "Bells that no worker has heard yet.", value=float(length)
        )


def _standing(now: datetime) -> Iterator[Metric]:
    stands = standing(now)
    due = GaugeMetricFamily(
        "leadflow_planned_due",
        "Planned touches past their time and not paused.",
        labels=["channel", "performer"],
    )
    for each in stands.due:
        due.add_metric([each.channel, each.performer], each.count)
    yield due
    oldest = stands.oldest_due
    yield GaugeMetricFamily(
        "leadflow_oldest_due_seconds",
        "How long the oldest of them has waited; 0 where none is due.",
        value=oldest.total_seconds() if oldest else 0,
    )
    in_flight = GaugeMetricFamily(
        "leadflow_in_flight", "Touches that a dispatcher holds.", labels=["state"]
    )
    held = {each.state: each.count for each in stands.held}
    for state in ("claimed", "submitting"):
        in_flight.add_metric([state], held.get(state, 0))
    yield in_flight
    for name, words, value in (
        ("past_lease", "Held past their lease.", sum(each.past_lease for each in stands.held)),
        ("uncertain", "Messages of which nobody knows whether they arrived.", stands.uncertain),
        ("with_people", "Planned touches that wait in Today.", stands.with_people),
        ("in_print", "Letters in a batch that is not posted yet.", stands.in_print),
        ("paused", "Whether everything is paused.", stands.engine.paused_at is not None),
        (
            "mail_paused",
            "Whether mail is paused, by a person or by the circuit breaker.",
            stands.engine.mail_paused_at is not None,
        ),
        ("mail_held", "Whether mail waits for a server that refuses.", stands.holds_mail),
    ):
        yield GaugeMetricFamily(f"leadflow_{name}", words, value=float(value))


def _outcomes(now: datetime) -> Iterator[Metric]:
    totals = Counter(counting.totals(now))
    outcomes = CounterMetricFamily(
        "leadflow_touches",
        "What came of planned touches, and why.",
        labels=["channel", "outcome", "reason"],
    )
    shown = totals.most_common(MOST_REASONS)
    rest: Counter[tuple[str, str]] = Counter()
    for (channel, outcome, _reason), count in totals.most_common()[MOST_REASONS:]:
        rest[channel, outcome] += count
    for (channel, outcome, reason), count in shown:
        outcomes.add_metric([channel, outcome, reason], count)
    for (channel, outcome), count in rest.items():
        outcomes.add_metric([channel, outcome, "other"], count)
    yield outcomes
    for name, outcome in (
        ("sends", counting.Outcome.SUBMITTED),
        ("bounces", counting.Outcome.BOUNCED),
        ("complaints", counting.Outcome.COMPLAINED),
    ):
        total = sum(
            count
            for (channel, which, _reason), count in totals.items()
            if channel == "email" and which == outcome
        )
        yield CounterMetricFamily(f"leadflow_{name}", f"Mails: {outcome}.", value=total)
