"""The two clocks of every server, this console's and GitHub's, in words: a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from ghconnect import clock
from ghconnect.models import Enterprise, Server, ServerName
from licensing import sides
from licensing.models import GitHubSync, RowAccount, ServerPicture, SyncRun
from licensing.rules import states

KEY = "license_usage_sync"
State = SyncRun.State
# A server's rhythm of a season ago says little of today's; a sandbox's time may be ahead by as much.
LEARNT_FROM = timedelta(days=400)
# What ends a run with a word on the server; cancelled and superseded runs say nothing of it.
SETTLED = (State.HELD, State.PUBLISHED, State.UNCHANGED, State.FAILED, State.DISCARDED)


@dataclass(frozen=True, slots=True)
class Clocks:
    """A server with everything its row shows. `open` is the run under way, `last` the last one with a word.

    `cadence` is how far apart GitHub's own syncs of it usually are.
    """

    server: Server
    connected: bool
    enabled: bool
    console: sides.Side
    github: sides.Side
    picture: ServerPicture | None = None
    sync: GitHubSync | None = None
    cadence: timedelta = states.WEEK
    open: SyncRun | None = None
    last: SyncRun | None = None
    facts: states.ConsoleFacts = field(default_factory=lambda: states.ConsoleFacts(False, False))

    @property
    def held(self) -> SyncRun | None:
        """The run that waits for an owner, if the last one does."""
        return self.last if self.last is not None and self.last.state == State.HELD else None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A host GitHub knows and this console does not, with the licenses that hang on it alone.

    `twin` is our server of the same server ID: this one is it under another name, or a copy of it.
    """

    host: str
    licenses: int
    sync: GitHubSync | None
    github: sides.Side
    twin: Server | None = None

    @property
    def short_name(self) -> str:
        """The first label of the host name, as people say it."""
        return self.host.split(".", maxsplit=1)[0]


def of(enterprise: Enterprise, *, servers: Iterable[Server] | None = None) -> list[Clocks]:
    """Return the clocks of all servers of the enterprise in order of host, or of `servers` alone."""
    rows = _servers([enterprise])
    if servers is not None:
        rows = rows.filter(pk__in=[server.pk for server in servers])
    return _all(rows, [enterprise])


def one(server: Server) -> Clocks:
    """Return the clocks of one server."""
    return of(server.enterprise, servers=[server])[0]


def of_many(enterprises: Sequence[Enterprise]) -> dict[int, list[Clocks]]:
    """Return the clocks of all servers of several enterprises, by the enterprise's primary key."""
    found: dict[int, list[Clocks]] = {enterprise.pk: [] for enterprise in enterprises}
    for each in _all(_servers(enterprises), enterprises):
        found[each.server.enterprise_id].append(each)
    return found


def _all(rows: QuerySet[Server], enterprises: Sequence[Enterprise]) -> list[Clocks]:
    servers, owners = list(rows), {enterprise.pk: enterprise for enterprise in enterprises}
    for server in servers:
        server.enterprise = owners[server.enterprise_id]
    runs = _runs(servers)
    syncs, rhythms = _syncs(servers, enterprises), cadences(enterprises)
    clocks = []
    for server in servers:
        pair = (runs.get(server.open_id), runs.get(server.last_id))  # type: ignore[attr-defined]
        rhythm = rhythms.get(server.pk, states.WEEK)
        clocks.append(_clocks(server, *pair, syncs.get(server.pk), rhythm))
    return clocks


def cadences(enterprises: Sequence[Enterprise]) -> dict[int, timedelta]:
    """Return how far apart GitHub's syncs of each server usually are, by its primary key; one query."""
    rows = GitHubSync.objects.filter(enterprise__in=enterprises, server__isnull=False, status=states.SUCCESS)
    recent = rows.filter(date__isnull=False, first_seen_at__gte=timezone.now() - LEARNT_FROM)
    dates: dict[int, list[datetime]] = {}
    for pk, date in recent.order_by().values_list("server_id", "date"):
        if date is not None:
            dates.setdefault(pk, []).append(date)
    return {pk: states.cadence(found) for pk, found in dates.items()}


def _syncs(servers: Sequence[Server], enterprises: Sequence[Enterprise]) -> dict[int, GitHubSync]:
    """Return what GitHub last said of each server; of one just added, what it said of that host before."""
    by_host = {(server.enterprise_id, server.host): server for server in servers}
    theirs = Q(server__in=servers) | Q(server=None, host__in={server.host for server in servers})
    found: dict[int, GitHubSync] = {}
    for sync in GitHubSync.standing(theirs, enterprise__in=enterprises):
        server = by_host.get((sync.enterprise_id, sync.host)) if sync.server_id is None else None
        if server is not None:
            found.setdefault(server.pk, sync)
        elif sync.server_id is not None:
            found[sync.server_id] = sync
    for server in servers:
        if server.pk in found:
            found[server.pk].server = server
    return found


def known_to_github_only(enterprise: Enterprise) -> list[Unknown]:
    """Return hosts that GitHub's sync status or its report names and this console does not know: four queries."""
    now = clock.now(enterprise)
    rows = GitHubSync.standing(enterprise=enterprise, server=None).select_related("server")
    syncs = {sync.host: sync for sync in rows}
    licenses = _licenses_elsewhere(enterprise)
    # A server just added is known, though what GitHub said of its host was read before.
    ours = ServerName.objects.filter(server__enterprise=enterprise).values_list("host", flat=True)
    twins = {server.server_id: server for server in enterprise.servers.exclude(server_id="")}
    return [
        _unknown(host, licenses.get(host, 0), syncs.get(host), twins, now)
        for host in sorted((syncs.keys() | licenses.keys()) - set(ours))
    ]


def _unknown(
    host: str, licenses: int, sync: GitHubSync | None, twins: Mapping[str, Server], now: datetime
) -> Unknown:
    twin = twins.get(sync.instance_id) if sync else None
    return Unknown(host, licenses, sync, sides.github_side(sync, now), twin)


def _licenses_elsewhere(enterprise: Enterprise) -> dict[str, int]:
    """Count GitHub's rows that only accounts on hosts not known here make, by host."""
    known = RowAccount.objects.filter(row=OuterRef("row"), server__isnull=False)
    rows = RowAccount.objects.filter(
        enterprise=enterprise, server=None, row__counted=True, row__cloud_account=None
    ).exclude(Exists(known))
    counted = rows.order_by().values("host").annotate(n=Count("row", distinct=True))
    return {str(host): int(n) for host, n in counted.values_list("host", "n")}


def _servers(enterprises: Sequence[Enterprise]) -> QuerySet[Server]:
    mine = SyncRun.objects.filter(server=OuterRef("pk")).order_by("-number").values("pk")
    return (
        Server.objects.filter(enterprise__in=enterprises)
        .select_related("connection", "picture", "due")
        .prefetch_related("connection__features")
        .annotate(
            active_id=Subquery(mine.filter(state__in=SyncRun.ACTIVE)[:1]),
            queued_id=Subquery(mine.filter(state=State.QUEUED)[:1]),
            last_id=Subquery(mine.filter(state__in=SETTLED)[:1]),
        )
        .order_by("host")
    )


def _runs(servers: list[Any]) -> dict[int, SyncRun]:
    for server in servers:
        server.open_id = server.active_id or server.queued_id
    ids = {pk for server in servers for pk in (server.open_id, server.last_id) if pk}
    runs = {run.pk: run for run in SyncRun.objects.filter(pk__in=ids)}
    for server in servers:
        for run in filter(None, (runs.get(server.open_id), runs.get(server.last_id))):
            run.server, run.enterprise = server, server.enterprise
    return runs


def _clocks(
    server: Server,
    moving: SyncRun | None,
    last: SyncRun | None,
    sync: GitHubSync | None,
    rhythm: timedelta,
) -> Clocks:
    now = clock.now(server.enterprise)
    connection, picture = getattr(server, "connection", None), getattr(server, "picture", None)
    enabled_at = next((f.at for f in connection.features.all() if f.key == KEY), None) if connection else None
    facts = _facts(server, enabled_at, moving, last, picture)
    return Clocks(
        server=server,
        connected=connection is not None,
        enabled=enabled_at is not None,
        console=sides.console_side(server, facts, moving, last, now),
        github=sides.github_side(sync, now, readable=bool(server.enterprise.token), cadence=rhythm),
        picture=picture,
        sync=sync,
        cadence=rhythm,
        open=moving,
        last=last,
        facts=facts,
    )


def _facts(
    server: Server,
    enabled_at: datetime | None,
    moving: SyncRun | None,
    last: SyncRun | None,
    picture: ServerPicture | None,
) -> states.ConsoleFacts:
    trouble = moving if moving is not None and sides.struggles(moving) else None
    failed = last if last is not None and last.state == State.FAILED else None
    held = last if last is not None and last.state == State.HELD else None
    due = getattr(server, "due", None)
    return states.ConsoleFacts(
        connected=hasattr(server, "connection"),
        enabled=enabled_at is not None,
        way_in=server.way_in,
        enabled_at=enabled_at,
        moving=sides.progress(moving) if moving and not trouble else None,
        moving_at=moving.started_at or moving.requested_at if moving else None,
        held=sides.held_params(held) if held else None,
        held_at=held.finished_at if held else None,
        failing_since=_failing_since(picture, trouble, failed),
        attempts=(picture.failures if picture else 0) + (trouble.failures if trouble else 0),
        reason=(trouble or failed or SyncRun()).error_key,
        last_contact=picture.last_contact if picture else None,
        last_success=picture.last_success if picture else None,
        picture_at=data_of(picture),
        due_at=due.at if due else None,
    )


def data_of(picture: ServerPicture | None) -> datetime | None:
    """Return the time the published data is of: never later than it was read, whatever the server's clock says."""
    times = (picture.observed_at, picture.last_success) if picture else ()
    return min(filter(None, times), default=None)


def _failing_since(
    picture: ServerPicture | None, trouble: SyncRun | None, failed: SyncRun | None
) -> datetime | None:
    since = picture.failing_since if picture else None
    if since is not None:
        return since
    return (trouble.started_at if trouble else None) or (failed.finished_at if failed else None)
