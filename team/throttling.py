"""How often somebody may knock: counted in Redis, by keyed hashes, never by an address in clear.

A sliding window, counted by one atomic script (the package `limits`), so that many at once are many.
Redis is a convenience everywhere (decision 3): while it is away nothing is counted and all may pass.
"""

from __future__ import annotations

import ipaddress
import logging
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

logger = logging.getLogger(__name__)


class Limit:
    """So many in such a time: `Limit("log-in by name", "10/15 minutes")`; the name keeps them apart."""

    def __init__(self, name: str, rate: str) -> None:
        self.name = name
        self.item: RateLimitItem = parse(rate)

    @property
    def seconds(self) -> int:
        """The length of the window."""
        return int(self.item.get_expiry())

    def allows(self, who: str) -> bool:
        """Count one more of `who`; False when that is more than the limit."""
        try:
            return bool(_limiter().hit(self.item, self.name, _hashed(who)))
        except StorageError:
            logger.warning("Nothing is counted for “%s”: Redis does not answer.", self.name)
            return True

    def forget(self, who: str) -> None:
        """Begin anew with `who`."""
        try:
            _limiter().clear(self.item, self.name, _hashed(who))
        except StorageError:
            logger.warning("Nothing is forgotten for “%s”: Redis does not answer.", self.name)


def _hashed(who: str) -> str:
    return salted_hmac("team.throttling", who, algorithm="sha256").hexdigest()[:32]


@cache
def _limiter() -> SlidingWindowCounterRateLimiter:
    address = str(settings.CACHES["default"]["LOCATION"]).replace("unix://", "redis+unix://", 1)
    storage = RedisStorage(
        address, key_prefix="leadflow-limit", wrap_exceptions=True, socket_timeout=1
    )
    return SlidingWindowCounterRateLimiter(storage)


def address_of(request: HttpRequest) -> str:
    """Where a request came from, as far as it can be counted by: an IPv4 address, or an IPv6 /64.

    Behind the one proxy that ends TLS it is the last address that `X-Forwarded-For` names, the one
    that proxy added; anything before it is what the client claims.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_TLS_PROXY:
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        address = said or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
