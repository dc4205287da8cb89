"""Health for machines: alive, ready, and a few gauges for Prometheus. No page here needs a login."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from leadflow.metrics import EngineCollector, QueueCollector, WorkCollector

LAST_TICK_KEY = "leadflow.last_tick"
TICK_OVERDUE_SECONDS = 120.0  # four missed turns of the heartbeat
BROKER_TIMEOUT_SECONDS = 2


@dataclass(frozen=True)
class Health:
    """What /readyz and /metrics tell. The age is in seconds, None where no tick is known."""

    database: bool
    broker: bool
    last_tick_age: float | None

    @property
    def is_ready(self) -> bool:
        ticks = self.last_tick_age is not None and self.last_tick_age < TICK_OVERDUE_SECONDS
        return self.database and self.broker and ticks


def record_tick(now: datetime) -> None:
    """Called by the heartbeat task; kept until the next one, so that its age can be told."""
    cache.set(LAST_TICK_KEY, now, timeout=None)


def read_health(now: datetime) -> Health:
    broker_up = _broker_answers()
    last_tick: datetime | None = cache.get(LAST_TICK_KEY) if broker_up else None
    return Health(
        database=_database_answers(),
        broker=broker_up,
        last_tick_age=(now - last_tick).total_seconds() if last_tick else None,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    at_once = Retry(NoBackoff(), retries=0)
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=BROKER_TIMEOUT_SECONDS, retry=at_once
        ) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Asks nothing of the services, as a restart would not mend them."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: database, broker and the dispatcher's last tick; 503 where one of them fails."""
    health = read_health(timezone.now())
    return JsonResponse(
        {"ready": health.is_ready, **asdict(health)}, status=200 if health.is_ready else 503
    )


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The same as gauges, and the engine's, read when asked: right with any number of processes."""
    now = timezone.now()
    health = read_health(now)
    registry = CollectorRegistry()

    def gauge(name: str, documentation: str, value: float) -> None:
        Gauge(name, documentation, registry=registry).set(value)

    gauge("leadflow_database_up", "Whether PostgreSQL answers.", health.database)
    gauge("leadflow_broker_up", "Whether Redis answers.", health.broker)
    if health.last_tick_age is not None:
        gauge(
            "leadflow_last_tick_age_seconds",
            "Seconds since beat, broker and worker last moved together.",
            health.last_tick_age,
        )
    if health.database:
        registry.register(EngineCollector())
        registry.register(WorkCollector(now))
    if health.broker:
        registry.register(QueueCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
