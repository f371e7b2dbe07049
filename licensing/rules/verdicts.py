"""What GitHub's row says of a server account, compared with the published rules: exactly one verdict each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# What a verdict usually does to the expected count; the bridge counts, it does not look here for numbers.
EFFECT = {
    "new_since": +1,
    "never_received": +1,
    "gone_since": -1,
    "will_join": -1,
    "will_part": +1,
    "should_have_joined": 0,
    "gone_but_counted": 0,
    "conflict": 0,
    "other_account": 0,
    "may_split": 0,
    "unknown_server": 0,
    "alone": 0,
    "joined_unseen": 0,
    "agreed": 0,
    "not_counted": 0,
}

# The order of lines, and which verdict speaks for people who have several: what changes comes first.
LINE_ORDER = tuple(EFFECT)


@dataclass(frozen=True, slots=True)
class RowSays:
    """GitHub's row of an account: whether it is evidence, its cloud account (None without), its emails."""

    valid: bool
    cloud_id: int | None
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerdictInput:
    """The four facts about an account.

    Now: `key`, `consumes`, and `stopped_at`, the latest moment at which it can have stopped.
    Received: `last_sync`, GitHub's last sync of the server, and `never_synced` when GitHub says so.
    GitHub's row: `row`; `row_parts` when the row's accounts are several persons now.
    Expected: `cloud_id` of its person and `explained_cloud_id`, which the documented rules alone give;
    `joins_other` when its person is also in another row; `matched_at`, the latest moment at which the
    matching values can have come.
    """

    key: str
    consumes: bool
    row: RowSays | None
    cloud_id: int | None = None
    explained_cloud_id: int | None = None
    joins_other: bool = False
    row_parts: bool = False
    last_sync: datetime | None = None
    never_synced: bool = False
    stopped_at: datetime | None = None
    matched_at: datetime | None = None
    known_server: bool = True


def verdict(given: VerdictInput) -> str:
    """The key of the verdict, one of EFFECT."""
    row = given.row
    if not given.known_server:
        return "unknown_server"
    if row is None:
        return _without_row(given)
    if not row.valid:
        return "other_account"
    if not given.consumes:
        return "gone_since" if _since(given.stopped_at, given.last_sync) else "gone_but_counted"
    return _alone(given) if row.cloud_id is None else _joined(given, row, row.cloud_id)


def _without_row(given: VerdictInput) -> str:
    if not given.consumes:
        return "not_counted"
    return "never_received" if given.never_synced else "new_since"


def _joined(given: VerdictInput, row: RowSays, cloud_id: int) -> str:
    if given.explained_cloud_id is not None:
        return "agreed" if given.explained_cloud_id == cloud_id else "conflict"
    return "may_split" if row.emails and given.key not in row.emails else "joined_unseen"


def _alone(given: VerdictInput) -> str:
    if given.cloud_id is not None or given.joins_other:
        return "will_join" if _since(given.matched_at, given.last_sync) else "should_have_joined"
    return "will_part" if given.row_parts else "alone"


def _since(moment: datetime | None, last_sync: datetime | None) -> bool:
    """Whether it may have happened after GitHub's last sync: in doubt yes, which accuses nobody."""
    return moment is None or last_sync is None or moment >= last_sync
