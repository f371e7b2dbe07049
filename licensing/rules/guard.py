"""What is held for an owner because it would change too much at once, compared with our last picture only."""

from __future__ import annotations

from dataclasses import dataclass

# A cut at a line end looks like a complete report: this many missing at the end of its order look like a cut.
LONGEST_END = 4


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason to hold a run: a key with words, and what they tell."""

    key: str
    params: dict[str, int | str]


@dataclass(frozen=True, slots=True)
class GuardInput:
    """Counts of accounts of one server, in the picture and in the report, and GitHub's ids of the server.

    `stopping` would stop consuming: gone, newly suspended, newly never active. `rekeyed` lose or change their
    key. `recreated` of the `known` ids carry another creation time. `missing_at_end` are gone as one block at
    the end of the report's order. `limit` is the enterprise's setting; `releases` counts licenses.
    """

    accounts: int
    consuming: int
    reported: int
    stopping: int = 0
    releases: int = 0
    rekeyed: int = 0
    known: int = 0
    recreated: int = 0
    missing_at_end: int = 0
    limit: int | None = None
    host: str = ""
    server_id: str = ""
    server_id_at_github: str = ""


@dataclass(frozen=True, slots=True)
class CloudGuardInput:
    """Counts before and after of GitHub's rows, of accounts they join, and of identity values.

    None is "not read": what was not read has not fallen.
    """

    rows: tuple[int | None, int | None]
    joins: tuple[int | None, int | None]
    identities: tuple[int | None, int | None]


def guard(given: GuardInput) -> list[Hold]:
    """Reasons to hold a server run, none when it may be published."""
    return [
        *_moved(given),
        *_empty(given),
        *_stopping(given),
        *_at_end(given),
        *_rekeyed(given),
        *_recreated(given),
    ]


def guard_cloud(given: CloudGuardInput) -> list[Hold]:
    """Reasons to hold the rows, joins and identity values of a cloud run; GitHub's count is never held."""
    pairs = {"rows_fell": given.rows, "joins_fell": given.joins, "identities_fell": given.identities}
    return [
        Hold(key, {"n": before - after, "m": before})
        for key, (before, after) in pairs.items()
        if before is not None and after is not None and before - after > limit(20, 5, before)
    ]


def limit(least: int, percent: int, of: int, setting: int | None = None) -> int:
    """The largest number that still passes: max(`least`, `percent` of `of`, `setting`), rounded down."""
    return max(least, of * percent // 100, setting or 0)


def _moved(given: GuardInput) -> list[Hold]:
    ours, theirs = given.server_id, given.server_id_at_github
    if not ours or not theirs or ours == theirs:
        return []
    return [Hold("other_server", {"host": given.host, "a": ours, "b": theirs})]


def _empty(given: GuardInput) -> list[Hold]:
    return [] if given.reported else [Hold("empty", {"m": given.accounts, "l": given.releases})]


def _stopping(given: GuardInput) -> list[Hold]:
    most = limit(5, 2, given.consuming, given.limit)
    if given.stopping <= most:
        return []
    counts = {"n": given.stopping, "m": given.consuming, "limit": most, "l": given.releases}
    return [Hold("stop_consuming", {**counts})]


def _at_end(given: GuardInput) -> list[Hold]:
    if given.missing_at_end <= LONGEST_END or not given.reported:
        return []
    return [Hold("missing_block", {"n": given.missing_at_end, "m": given.accounts, "l": given.releases})]


def _rekeyed(given: GuardInput) -> list[Hold]:
    if given.rekeyed <= limit(20, 10, given.accounts):
        return []
    return [Hold("keys_changed", {"n": given.rekeyed, "m": given.accounts, "l": given.releases})]


def _recreated(given: GuardInput) -> list[Hold]:
    if given.recreated * 100 <= given.known:
        return []
    return [Hold("recreated", {"n": given.recreated, "m": given.known, "l": given.releases})]
