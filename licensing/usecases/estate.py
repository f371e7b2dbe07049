"""What is the same for every account of one publication: the servers, their names, GitHub's last sync of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from ghconnect.models import Enterprise, Server, ServerName
from licensing.models import CloudPicture, GitHubSync
from licensing.rules import evidence


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What evidence about a server's accounts is read with: GitHub's last sync of it, and its names at that time.

    `server_id_changed`: GitHub knows the server under another id than we do, so its rows are of another instance.
    """

    names: frozenset[str]
    synced_at: datetime | None
    never_synced: bool
    server_id_changed: bool


@dataclass(frozen=True, slots=True)
class Estate:
    """What is the same for every account of one publication; `managed`: the enterprise has managed users (EMU)."""

    enterprise: Enterprise
    edition: int
    run_id: int | None
    servers: dict[int, ServerFacts]
    managed: bool


def estate(enterprise: Enterprise, edition: int, run_id: int | None) -> Estate:
    """Read the facts of servers once."""
    syncs = {s.server_id: s for s in GitHubSync.standing(enterprise=enterprise)}
    names: defaultdict[int, list[evidence.Name]] = defaultdict(list)
    for name in ServerName.objects.filter(server__enterprise=enterprise):
        names[name.server_id].append(evidence.Name(name.host, name.from_at, name.to_at))
    servers = {s.pk: _facts(s, names[s.pk], syncs.get(s.pk)) for s in enterprise.servers.all()}
    return Estate(enterprise, edition, run_id, servers, CloudPicture.managed(enterprise))


def _facts(server: Server, names: list[evidence.Name], sync: GitHubSync | None) -> ServerFacts:
    at = sync.date if sync and sync.status == "success" else None
    then = evidence.names_at(names, at) if at else frozenset(name.host for name in names)
    return ServerFacts(
        names=then | {server.host},
        synced_at=at,
        never_synced=sync is not None and sync.date is None,
        server_id_changed=bool(sync and server.server_id and sync.instance_id not in {"", server.server_id}),
    )
