"""The cache all processes share: the broker's Redis, and nothing in the way where that is down."""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache

log = logging.getLogger(__name__)
DOWN = (redis.RedisError, OSError)


class SharedCache(RedisCache):
    """Counts of sign-in tries and the like. Without Redis they are not counted, and people still get in."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Add a value; without Redis as if there had been none."""
        try:
            return bool(super().add(*args, **kwargs))
        except DOWN as error:
            log.warning("tries are not counted: %s", error)
            return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Get a value; the default without Redis."""
        try:
            return super().get(key, default, version)
        except DOWN:
            return default

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Set a value; nothing without Redis."""
        try:
            super().set(*args, **kwargs)
        except DOWN as error:
            log.warning("tries are not counted: %s", error)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Delete a value; nothing without Redis."""
        try:
            return bool(super().delete(*args, **kwargs))
        except DOWN:
            return False
