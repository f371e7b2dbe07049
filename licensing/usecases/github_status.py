"""Watch GitHub's own sync of each server: an append-only history, since nobody else keeps it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ghconnect import clock
from ghconnect.github.errors import GitHubError
from ghconnect.models import Enterprise, Server, ServerName
from ghconnect.queue import send
from ghconnect.records import ServerSyncStatus
from ghconnect.usecases import clients
from licensing.models import CloudPicture, GitHubSync, SyncRun
from licensing.rules.normalise import host_key

from . import runs

log = logging.getLogger(__name__)


def watch(*, enterprise_id: int) -> bool:
    """Read license-sync-status once and keep what changed; when a server's date moved, the licenses are read too.

    Trouble is kept with the cloud picture and tried again in the next hour. Returns whether it was read.
    """
    enterprise = Enterprise.objects.get(pk=enterprise_id)
    if settings.GHCONNECT_PAUSE_SYNCS or not enterprise.token:
        return False
    try:
        with clients.of_enterprise(enterprise) as client:
            found = client.license_sync_status()
    except GitHubError as error:
        log.warning("license-sync-status of %s not read: %s", enterprise, error)
        CloudPicture.objects.update_or_create(
            enterprise=enterprise,
            defaults={"status_error_key": error.key, "status_error_params": error.params},
        )
        return False
    if keep(enterprise=enterprise, found=found):
        runs.request(subject=enterprise, trigger=SyncRun.Trigger.DAILY)
    send("licensing.refresh_attention", enterprise_id=enterprise.pk)
    return True


@transaction.atomic
def keep(*, enterprise: Enterprise, found: list[ServerSyncStatus]) -> bool:
    """Append what changed and mark what was checked; returns whether a server's date moved."""
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    now, moved = clock.now(enterprise), False
    found = [_kept(status) for status in found]
    newest = {sync.host: sync for sync in GitHubSync.objects.filter(enterprise=enterprise, newest=True)}
    servers = _servers(enterprise, _hosts_by_id(found))
    for status in found:
        moved |= _keep_one(enterprise, status, newest.get(host_key(status.host)), servers, now)
    CloudPicture.objects.update_or_create(
        enterprise=enterprise,
        defaults={"status_checked_at": now, "status_error_key": "", "status_error_params": {}},
    )
    return moved


def _kept(status: ServerSyncStatus) -> ServerSyncStatus:
    """Cut GitHub's words to what their columns hold; the text of an error has no limit."""
    return replace(
        status, server_id=status.server_id[:64], host=status.host[:255], status=status.status[:120]
    )


def _hosts_by_id(found: list[ServerSyncStatus]) -> dict[str, set[str]]:
    hosts: dict[str, set[str]] = {}
    for status in found:
        if status.server_id:
            hosts.setdefault(status.server_id, set()).add(host_key(status.host))
    return hosts


def _servers(enterprise: Enterprise, hosts: dict[str, set[str]]) -> dict[str, Server]:
    """Our servers by every name they had; a server whose `server_id` GitHub lists under a new name learns it.

    An id that GitHub lists under several names is no rename: one of them is a copy, and people must say which.
    """
    ours = {server.host: server for server in enterprise.servers.all()}
    for name in ServerName.objects.filter(server__enterprise=enterprise).select_related("server"):
        ours.setdefault(name.host, name.server)
    for server in {server.pk: server for server in ours.values()}.values():
        listed = hosts.get(server.server_id, set()) if server.server_id else set()
        named = next(iter(listed), "")
        if len(listed) == 1 and named not in ours:
            ServerName.objects.get_or_create(server=server, host=named)
            ours[named] = server
    return ours


def _keep_one(
    enterprise: Enterprise,
    status: ServerSyncStatus,
    old: GitHubSync | None,
    servers: dict[str, Server],
    now: datetime,
) -> bool:
    host = host_key(status.host)
    server = servers.get(host)
    if server is not None and not server.server_id and status.server_id:
        Server.objects.filter(pk=server.pk, server_id="").update(server_id=status.server_id)
    facts = (status.server_id, status.date, status.status, status.error, server.pk if server else None)
    if old is not None and facts == (old.instance_id, old.date, old.status, old.error, old.server_id):
        GitHubSync.objects.filter(pk=old.pk).update(checked_at=now)
        return False
    if old is not None:
        GitHubSync.objects.filter(pk=old.pk).update(newest=False)
    GitHubSync.objects.create(
        enterprise=enterprise,
        server=server,
        instance_id=status.server_id,
        host=host,
        date=status.date,
        status=status.status,
        error=status.error,
        first_seen_at=now,
        checked_at=now,
    )
    return old is not None and old.date != status.date
