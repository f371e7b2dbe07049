"""Signs of life of worker and dispatcher, kept where both stacks meet: in the broker's Redis."""

from __future__ import annotations

import logging
import time

import redis
from django.conf import settings

log = logging.getLogger(__name__)
PATIENCE = 2.0  # seconds the broker may take
KEPT = 7 * 86_400
# Seconds of silence after which each is missing: a worker beats every few seconds, the dispatcher asks every 30.
SILENCE = {"worker": 60, "dispatcher": 300}
EVERY = 5.0
_last: dict[str, float] = {}


def broker() -> redis.Redis:
    """Return a client of the broker that does not wait for long; a context manager."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


def mark(kind: str) -> None:
    """Say that `kind` lives now; at most every few seconds, and a broker that is down stops nobody."""
    now = time.monotonic()
    if now - _last.get(kind, -EVERY) < EVERY:
        return
    _last[kind] = now
    try:
        with broker() as client:
            client.set(_key(kind), int(time.time()), ex=KEPT)
    except (redis.RedisError, OSError) as error:
        log.debug("no sign of life of %s kept: %s", kind, error)


def age(kind: str) -> float | None:
    """Return seconds since `kind` was last heard of; None if never. Raises RedisError, OSError."""
    with broker() as client:
        told = client.get(_key(kind))
    return max(0.0, time.time() - int(told)) if isinstance(told, bytes) else None


def alive(kind: str) -> bool:
    """Whether `kind` was heard of lately."""
    try:
        silent = age(kind)
    except (redis.RedisError, OSError):
        return False
    return silent is not None and silent < SILENCE[kind]


def _key(kind: str) -> str:
    return f"ghconnect:alive:{kind}"
