"""Counts of tries in a time, kept by the broker's Redis, never in the database (ENGINEERING §24)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
PATIENCE = 1.0  # seconds Redis may take


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left of a limit after a try: `used` of `most`, until `reset` (Unix seconds)."""

    most: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """How many tries are left."""
        return max(0, self.most - self.used)

    @property
    def over(self) -> bool:
        """Whether this try was one too many."""
        return self.used > self.most


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in so many seconds, from the first of them, for each key. Without Redis nobody is kept out."""

    name: str
    most: int
    seconds: int

    def wait(self, key: object) -> int:
        """Return the seconds until another try, 0 when there is one left."""
        with_key = self._key(key)
        try:
            line = store().pipeline()
            line.get(with_key)
            line.ttl(with_key)
            tried, left = line.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("tries of %s are not counted: %s", self.name, error)
            return 0
        return max(1, int(left)) if tried is not None and int(tried) >= self.most else 0

    def count(self, key: object) -> None:
        """Note a try."""
        with_key = self._key(key)
        try:
            line = store().pipeline()
            line.set(with_key, 0, ex=self.seconds, nx=True)
            line.incr(with_key)
            line.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("tries of %s are not counted: %s", self.name, error)

    def spend(self, key: object, *, tries: int = 1) -> Spent:
        """Count `tries` (−1 gives one back, 0 only looks) and return what is left; one question to Redis."""
        with_key, now = self._key(key), int(time.time())
        try:
            line = store().pipeline()
            line.set(with_key, 0, ex=self.seconds, nx=True)
            line.incrby(with_key, tries)
            line.ttl(with_key)
            _made, used, left = line.execute()
        except (redis.RedisError, OSError) as error:
            log.warning("tries of %s are not counted: %s", self.name, error)
            return Spent(self.most, 0, now + self.seconds)
        return Spent(self.most, max(0, int(used)), now + max(1, int(left)))

    def _key(self, key: object) -> str:
        return f"ghconnect:limit:{self.name}:{key}"


def store() -> redis.Redis:
    """Return the client of the broker's Redis, for what may be lost at any time."""
    return _redis(settings.REDIS_URL)


def answers() -> bool:
    """Whether Redis answers, asked once: people wait for this."""
    try:
        return bool(store().ping())
    except (redis.RedisError, OSError):
        return False


@cache
def _redis(url: str) -> redis.Redis:
    """A client that asks once: by itself the library tries again for six seconds."""
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(
        url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=once, retry_on_error=[]
    )
