"""When something is due, and how long to wait before trying again. All times are aware; results are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from hashlib import sha256

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PERIOD = "%Y-%m-%dT%H:%M:%SZ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Quiet hours move a sync by less than a day, whatever the clocks of the zone do meanwhile.
LONGEST_SHIFT = timedelta(hours=22)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)

QuietHours = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Due:
    """The moment something is due and the key of its period, which quiet hours do not change."""

    at: datetime
    period_key: str


def jitter(key: str) -> timedelta:
    """0 to 59 minutes, always the same for the same server."""
    return _hash(key) % 60 * MINUTE


def kept_jitter(anchor: datetime, period_key: str) -> timedelta | None:
    """The jitter with which a period of this anchor was named; None where the key is no such name."""
    try:
        at = datetime.strptime(period_key, PERIOD).replace(tzinfo=UTC)
    except ValueError:
        return None
    found = (at - anchor.replace(microsecond=0)) % WEEK
    return found if found < HOUR else None


def due(
    anchor: datetime, n: int, jitter: timedelta, quiet_hours: QuietHours | None = None, zone: tzinfo = UTC
) -> Due:
    """The `n`-th weekly moment after the anchor, moved to the end of quiet hours if it falls into them."""
    at = (anchor.astimezone(UTC) + n * WEEK + jitter).replace(microsecond=0)
    return Due(after_quiet(at, quiet_hours, zone), _period(at))


def next_due(
    anchor: datetime,
    now: datetime,
    jitter: timedelta,
    quiet_hours: QuietHours | None = None,
    zone: tzinfo = UTC,
) -> Due:
    """The first weekly moment after `now`, within 8 days of it; also when `now` lies before the anchor.

    The anchor's own week is left out once it has begun: enabling requests its run at once.
    """
    n = (now - anchor) // WEEK - 1
    while (found := due(anchor, n, jitter, quiet_hours, zone)).at <= now or (n == 0 and anchor <= now):
        n += 1
    return found


def passed(
    anchor: datetime,
    since: datetime,
    now: datetime,
    jitter: timedelta,
    quiet_hours: QuietHours | None = None,
    zone: tzinfo = UTC,
) -> list[Due]:
    """The weekly moments after `since`, up to `now`: the last is to be run, the others are missed."""
    found: list[Due] = []
    while (one := next_due(anchor, found[-1].at if found else since, jitter, quiet_hours, zone)).at <= now:
        found.append(one)
    return found


def daily(key: str, now: datetime) -> Due:
    """The next of the daily moments of `key` after `now`."""
    return _every(DAY, key, now)


def hourly(key: str, now: datetime) -> Due:
    """The next of the hourly moments of `key` after `now`."""
    return _every(HOUR, key, now)


def wait(attempt: int, retry_after: timedelta | None = None, seed: str = "") -> timedelta:
    """How long to wait after the `attempt`-th failure (from 1): doubling to 6 hours, spread by `seed`.

    At least what the other side asked for, but never longer than a week, in which the next period begins.
    """
    longest = min(FIRST_WAIT * (1 << min(attempt, 20)), LONGEST_WAIT)
    return min(max(longest * share(f"{seed}:{attempt}"), retry_after or timedelta()), WEEK)


def share(seed: str) -> float:
    """Return a number from ½ to 1, always the same for `seed`: what spreads those that would wait equally long."""
    return 0.5 + _hash(seed) % 1000 / 2000


def after_quiet(at: datetime, quiet_hours: QuietHours | None, zone: tzinfo) -> datetime:
    """Return `at`, or the end of the quiet hours around it; they may wrap midnight."""
    if quiet_hours is None:
        return at
    start, end = quiet_hours
    local = at.astimezone(zone)
    clock = local.time()
    if not (start <= clock < end if start < end else start != end and (clock >= start or clock < end)):
        return at
    day = local.date() + (DAY if clock >= end else timedelta())
    return min(datetime.combine(day, end, zone).astimezone(UTC), at + LONGEST_SHIFT)


def _every(step: timedelta, key: str, now: datetime) -> Due:
    offset = _hash(key) % (step // MINUTE) * MINUTE
    at = EPOCH + offset + ((now - EPOCH - offset) // step + 1) * step
    return Due(at, _period(at))


def _period(at: datetime) -> str:
    return at.strftime(PERIOD)


def _hash(key: str) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big")
