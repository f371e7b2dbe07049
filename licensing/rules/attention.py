"""What needs somebody's attention: facts in, items out, most licenses at stake first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .states import Params, State

# GitHub's first sync of a server comes with its weekly one: until then that it has not come is normal.
FIRST_SYNC = timedelta(days=8)
# Of a token, and of the license installed on an instance.
ENDS_SOON = timedelta(days=14)
NEAR_PERCENT = 95


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: `subject` is a host, or "" for the enterprise; `verb` the key of the deed."""

    key: str
    subject: str
    licenses: int
    since: datetime | None
    params: Params
    verb: str


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server and the licenses that hang on it.

    `licenses` that its accounts alone hold, `releases` of its held run, `pending` that GitHub's next sync of it
    would change; `license_ends_at` is when the license installed on it ends, None while unknown.
    """

    host: str
    console: State
    github: State
    licenses: int = 0
    releases: int = 0
    pending: int = 0
    added_at: datetime | None = None
    license_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnknownHost:
    """A host that GitHub lists and this console does not know; `twin` is our server with the same server ID."""

    host: str
    licenses: int
    synced_at: datetime | None = None
    twin: str = ""


@dataclass(frozen=True, slots=True)
class CloudFacts:
    """GitHub's side: its count now and before, what is not explained, and the connection.

    `purchased` is None under a metered contract; `near_percent` of it consumed is near the limit; `held` are the
    params of a held cloud run.
    """

    consumed: int = 0
    consumed_before: int | None = None
    counted_at: datetime | None = None
    unexplained: int = 0
    purchased: int | None = None
    near_percent: int = NEAR_PERCENT
    failing_since: datetime | None = None
    attempts: int = 0
    reason: str = ""
    held: Params | None = None
    held_at: datetime | None = None
    token_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A change that was asked for and given up: nobody was counted by it.

    `cause` is that of the edition it would have made; `host` of the server that was to go, else "".
    """

    cause: str
    host: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class AttentionFacts:
    """Everything attention is drawn from, of one enterprise."""

    servers: tuple[ServerFacts, ...] = ()
    unknown_hosts: tuple[UnknownHost, ...] = ()
    cloud: CloudFacts = field(default_factory=CloudFacts)
    uncounted: tuple[Uncounted, ...] = ()


# By state of this console's sync: the deed that ends it. Other states need nobody.
CONSOLE_VERBS = {
    "held": "review",
    "failing": "remedy",
    "silent": "show_how",
    "never_synced": "sync_now",
    "stale": "sync_now",
    "late": "sync_now",
}
GITHUB_KEYS = {
    "synced_late": "github_stale",
    "synced_stale": "github_stale",
    "uploaded_late": "github_upload_stale",
    "uploaded_stale": "github_upload_stale",
    "failed": "github_failed",
    "never_synced": "github_never_synced",
}


def attention(facts: AttentionFacts, now: datetime) -> list[Item]:
    """All items, sorted by licenses at stake; equal ones by age, then by name."""
    items = [item for server in facts.servers for item in _of_server(server, now)]
    items += map(_of_unknown, facts.unknown_hosts)
    items += map(_of_uncounted, facts.uncounted)
    items += _of_cloud(facts.cloud, now)
    return sorted(items, key=weight)


def weight(item: Item) -> tuple[int, bool, float, str, str]:
    """The place of an item: most licenses at stake, then oldest, then by name."""
    since = item.since.timestamp() if item.since else 0.0
    return (-item.licenses, item.since is None, since, item.subject, item.key)


def _of_server(server: ServerFacts, now: datetime) -> Iterator[Item]:
    """At most one item for each of the two clocks, and one for the license installed on it."""
    state = server.console
    if state.key in CONSOLE_VERBS:
        licenses = server.releases if state.key == "held" else server.licenses
        yield Item(state.key, server.host, licenses, state.at, dict(state.params), CONSOLE_VERBS[state.key])
    ends = server.license_ends_at
    if ends is not None and ends - now <= ENDS_SOON:
        yield Item("license_ends", server.host, 0, None, {"date": ends}, "open_on_the_instance")
    at_github = server.github
    if at_github.key not in GITHUB_KEYS or _too_early(server, now):
        return
    params = {**at_github.params, "date": at_github.at} if at_github.at else dict(at_github.params)
    since = at_github.at or server.added_at
    yield Item(GITHUB_KEYS[at_github.key], server.host, server.pending, since, params, "open_on_the_instance")


def _of_unknown(one: UnknownHost) -> Item:
    if one.twin:
        return Item("moved_or_copied", one.host, one.licenses, one.synced_at, {"twin": one.twin}, "answer")
    return Item("unknown_server", one.host, one.licenses, one.synced_at, {"n": one.licenses}, "see_people")


def _of_uncounted(one: Uncounted) -> Item:
    return Item(f"uncounted_{one.cause}", one.host, 0, one.since, {"reason": one.reason}, "ask_again")


def _too_early(server: ServerFacts, now: datetime) -> bool:
    added = server.added_at
    return server.github.key == "never_synced" and added is not None and now - added <= FIRST_SYNC


def _of_cloud(cloud: CloudFacts, now: datetime) -> Iterator[Item]:
    if cloud.unexplained:
        params: Params = {"n": cloud.unexplained}
        yield Item("not_explained", "", abs(cloud.unexplained), cloud.counted_at, params, "download_evidence")
    before = cloud.consumed_before
    if before is not None and cloud.consumed < before:
        fell = before - cloud.consumed
        yield Item("count_fell", "", fell, cloud.counted_at, {"n": fell}, "see_people")
    if cloud.purchased is not None and cloud.consumed > cloud.purchased:
        over = cloud.consumed - cloud.purchased
        yield Item("over_purchased", "", over, cloud.counted_at, {"n": over}, "see_people")
    elif cloud.purchased and cloud.consumed * 100 >= cloud.purchased * cloud.near_percent:
        near: Params = {"n": cloud.purchased - cloud.consumed, "m": cloud.purchased}
        yield Item("limit_near", "", 0, cloud.counted_at, near, "see_people")
    yield from _of_connection(cloud, now)


def _of_connection(cloud: CloudFacts, now: datetime) -> Iterator[Item]:
    """All licenses are at stake while GitHub's own report cannot be read."""
    if cloud.held is not None:
        yield Item("cloud_held", "", cloud.consumed, cloud.held_at, dict(cloud.held), "review")
    if cloud.failing_since is not None:
        failing: Params = {"date": cloud.failing_since, "n": cloud.attempts, "reason": cloud.reason}
        yield Item("cloud_failing", "", cloud.consumed, cloud.failing_since, failing, "remedy")
    ends = cloud.token_ends_at
    if ends is not None and ends - now <= ENDS_SOON:
        yield Item("token_ends", "", cloud.consumed, None, {"date": ends}, "replace_token")
