"""Enterprise Server instances as GitHub's own licensing page lists them (reference §3): an event and its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from ghconnect import clock
from ghconnect.models import Enterprise, Server
from licensing import clocks
from licensing.models import GitHubSync
from licensing.rules import states

from .sides import Side, github_side


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: what happened last, when, and the state it is in; `server` None when only GitHub knows it."""

    host: str
    server: Server | None
    event: str
    at: datetime | None
    side: Side | None
    error: str

    @property
    def menu_id(self) -> str:
        """The id of the row's menu."""
        return f"m-{self.server.pk}" if self.server else ""

    @property
    def menu_label(self) -> str:
        """The name of the row's menu."""
        return _("Actions for {name}").format(name=self.host)


def of(enterprise: Enterprise) -> list[Instance]:
    """Return GitHub's instances and ours that GitHub does not list, by host; three queries."""
    now = clock.now(enterprise)
    rows = GitHubSync.standing(enterprise=enterprise).select_related("server")
    syncs = {sync.server_id or sync.host: sync for sync in rows}.values()
    rhythms = clocks.cadences([enterprise])
    found = [
        _listed(sync, github_side(sync, now, cadence=rhythms.get(sync.server_id or 0, states.WEEK)))
        for sync in syncs
    ]
    listed = {one.server.pk for one in found if one.server}
    for server in enterprise.servers.all():
        if server.pk not in listed:
            found.append(Instance(server.host, server, _("GitHub does not list this server"), None, None, ""))
    return sorted(found, key=lambda one: one.host)


def _listed(sync: GitHubSync, side: Side) -> Instance:
    failed = bool(sync.error) or (sync.date is not None and sync.status != states.SUCCESS)
    host = sync.server.host if sync.server else sync.host
    return Instance(
        host, sync.server, event(sync), sync.date, side, (sync.error or sync.status) if failed else ""
    )


def event(sync: GitHubSync) -> str:
    """GitHub's words. Its API does not tell an upload from a sync: a server that only uploads cannot have synced."""
    if sync.date is None:
        return _("GitHub Connect server usage never synced")
    if sync.server is not None and sync.server.way_in == Server.WayIn.UPLOAD:
        return _("Server usage uploaded")
    return _("GitHub Connect server usage synced")
