"""The way to the broker: Celery's own for Redis, but that a broker which died ends no worker."""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport import redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class QoS(redis.QoS):
    """What a worker has taken and not yet begun."""

    def restore_unacked(self, client: Any = None) -> None:
        """Give back what was not begun; where the broker is gone, forget it: the rows are found without bells.

        kombu 5.7.0 raises here when it closes a lost connection, AttributeError among it, and the worker ends.
        """
        try:
            if getattr(self.channel.connection, "client", None) is not None:
                super().restore_unacked(client)
        except (RedisError, OSError) as error:
            log.info("the broker takes no messages back: %s", error)
        if self._delivered:
            self._delivered.clear()


class Channel(redis.Channel):
    """A channel that closes whether the broker answers or not."""

    QoS = QoS


class Transport(redis.Transport):
    """What `CELERY_BROKER_TRANSPORT` names."""

    Channel = Channel
