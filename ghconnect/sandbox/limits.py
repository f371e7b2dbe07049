"""Primary rate limits per token and resource, counted by the hour in memory (reference §13).

An hour is as long as the world says, so that a test can wait for its end.
"""

import threading
import time

HOUR = 3600
_lock = threading.Lock()
_used: dict[tuple[str, str], tuple[int, int]] = {}


def spend(token: str, resource: str, most: int, hour: int = HOUR) -> dict[str, int]:
    """Count one request; `remaining` below zero means that it was one too many."""
    return _state(token, resource, most, hour, cost=1)


def give_back(token: str, resource: str, most: int, hour: int = HOUR) -> dict[str, int]:
    """Count one request less: what has not changed costs nothing."""
    return _state(token, resource, most, hour, cost=-1)


def state(token: str, resource: str, most: int, hour: int = HOUR) -> dict[str, int]:
    """limit, remaining, used and the reset in epoch seconds; costs nothing."""
    return _state(token, resource, most, hour, cost=0)


def _state(token: str, resource: str, most: int, hour: int, cost: int) -> dict[str, int]:
    moment = int(time.time())
    with _lock:
        reset, used = _used.get((token, resource), (moment + hour, 0))
        if moment >= reset:
            reset, used = moment + hour, 0
        used += cost
        _used[token, resource] = reset, used
    return {"limit": most, "remaining": most - used, "used": used, "reset": reset}
