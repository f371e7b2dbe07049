"""The state of a server, one for this console's sync and one for GitHub's own: the first that is true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

PULL = "pull"
UPLOAD = "upload"
SUCCESS = "success"
WEEK, DAY = timedelta(days=7), timedelta(days=1)
# "Sync now" pressed twice is no rhythm; three gaps or more are one, and the last eight tell how it is today.
NO_RHYTHM, FEW_GAPS, LAST_GAPS = timedelta(hours=12), 3, 8

Params = dict[str, object]


@dataclass(frozen=True, slots=True)
class State:
    """A key of `ghconnect.wording`'s states, the moment its age is counted from, and what its sentence needs."""

    key: str
    at: datetime | None = None
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on this console calls a server silent, stale or late, and GitHub's sync stale.

    GitHub's sync is late a day after the server's own cadence (`cadence`), by default after 8 days (PRODUCT §6.3).
    """

    silent: timedelta = timedelta(days=14)
    stale: timedelta = timedelta(days=15)
    late: timedelta = timedelta(hours=24)
    github: timedelta = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class ConsoleFacts:
    """What this console knows of its own sync of a server.

    `moving` are the params of an open run that moves (a, b, n), `held` those of a run that waits for an owner
    (n, m, l); `reason` is the key of the last error; `picture_at` the time the published data is of.
    """

    connected: bool
    enabled: bool
    way_in: str = PULL
    enabled_at: datetime | None = None
    moving: Params | None = None
    moving_at: datetime | None = None
    held: Params | None = None
    held_at: datetime | None = None
    failing_since: datetime | None = None
    attempts: int = 0
    reason: str = ""
    last_contact: datetime | None = None
    last_success: datetime | None = None
    picture_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GitHubFacts:
    """What GitHub reports of its own sync of a server, its words verbatim; `kind` is connect or upload.

    `cadence` is how far apart the server's syncs usually are.
    """

    reported: bool
    date: datetime | None = None
    status: str = ""
    error: str = ""
    kind: str = ""
    cadence: timedelta = WEEK


DEFAULTS = Thresholds()


def console_state(facts: ConsoleFacts, now: datetime, limits: Thresholds = DEFAULTS) -> State:
    """The state of this console's sync; the params of a sentence are named as in it."""
    if not facts.connected:
        return State("disconnected", facts.picture_at)
    if not facts.enabled:
        return State("disabled", facts.picture_at, {"date": facts.picture_at})
    return _of_run(facts) or _of_contact(facts, now, limits) or _of_age(facts, now, limits)


def github_state(facts: GitHubFacts, now: datetime, limits: Thresholds = DEFAULTS) -> State:
    """The state of GitHub's own sync; a word that is not "success" is no success."""
    if not facts.reported:
        return State("not_reported")
    if facts.date is None and not facts.error:
        return State("never_synced", None, {"words": facts.status})
    if facts.status != SUCCESS or facts.date is None:
        return State("failed", facts.date, {"words": facts.error or facts.status})
    key = "uploaded" if facts.kind == UPLOAD else "synced"
    return State(key + _lateness(now - facts.date, facts.cadence, limits), facts.date)


def _lateness(age: timedelta, rhythm: timedelta, limits: Thresholds) -> str:
    """The end of a state's key; a server with a slow rhythm is never stale before it is late."""
    late = rhythm + DAY
    if age > max(limits.github, late):
        return "_stale"
    return "_late" if age > late else ""


def cadence(dates: Iterable[datetime]) -> timedelta:
    """How far apart a server's syncs at GitHub usually are: the median of the last gaps, a week while unknown."""
    known = sorted(set(dates))
    gaps = [later - earlier for earlier, later in pairwise(known) if later - earlier > NO_RHYTHM]
    last = sorted(gaps[-LAST_GAPS:])
    return last[len(last) // 2] if len(last) >= FEW_GAPS else WEEK


def _of_run(facts: ConsoleFacts) -> State | None:
    if facts.moving is not None:
        return State("syncing", facts.moving_at, facts.moving)
    if facts.held is not None:
        return State("held", facts.held_at, facts.held)
    if facts.failing_since is None:
        return None
    params = {"n": facts.attempts, "reason": facts.reason}
    times = {"date": facts.failing_since, "date2": facts.picture_at}
    return State("failing", facts.failing_since, {**params, **times})


def _of_contact(facts: ConsoleFacts, now: datetime, limits: Thresholds) -> State | None:
    heard = facts.last_contact or facts.enabled_at
    if facts.way_in != PULL and heard is not None and now - heard > limits.silent:
        return State("silent", heard, {"n": (now - heard).days})
    return State("never_synced", facts.enabled_at) if facts.last_success is None else None


def _of_age(facts: ConsoleFacts, now: datetime, limits: Thresholds) -> State:
    success = facts.last_success
    if success is not None and now - success > limits.stale:
        return State("stale", success, {"n": (now - success).days})
    if facts.due_at is not None and now - facts.due_at > limits.late:
        return State("late", facts.due_at, {"when": facts.due_at})
    return State("fresh", success)
