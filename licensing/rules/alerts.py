"""When an alert is tried again, and what of an item's ups and downs is told (ENGINEERING §26)."""

from __future__ import annotations

from datetime import timedelta

from . import schedule

SAME_ITEM = timedelta(hours=24)
# An item that came back is told of once it stayed: one that flutters would be a nag.
STAYED = timedelta(hours=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
# With these answers a webhook refuses this one alert; the next may fare better.
ABOUT_THIS_ONE = (400, 409, 413, 415, 422)
EVENTS = (
    "attention.opened",
    "attention.cleared",
    "license_sync.completed",
    "license_sync.failed",
    "license_sync.held",
    "license.consumed",
    "license.released",
    "limit.near",
)
USUAL = EVENTS[:2]
OPENED, CLEARED = "opened", "cleared"


def pause(failures: int, retry_after: timedelta | None = None, seed: str = "") -> timedelta:
    """How long to wait after so many failures in a row (from 1): 5 s, doubling to an hour, spread by `seed`."""
    longest = min(FIRST_PAUSE * (1 << min(max(failures - 1, 0), 20)), LONGEST_PAUSE)
    asked = min(retry_after or timedelta(), LONGEST_PAUSE)
    return max(longest * schedule.share(f"{seed}:{failures}"), asked)


def to_tell(*, is_open: bool, told: str, came_back: bool, stays: timedelta) -> str:
    """Return what is to be told of an item, OPENED or CLEARED, "" for nothing; never twice the same in a row.

    `came_back`: it was cleared within a day and is the same item again; `stays` is how long it is as it is.
    """
    if not is_open:
        return CLEARED if told == OPENED else ""
    return OPENED if told != OPENED and (not came_back or stays >= STAYED) else ""
