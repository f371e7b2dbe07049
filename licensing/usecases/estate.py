"""What is the same for every account of one publication: the servers, their names, GitHub's last sync of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ghconnect.models import Enterprise, ServerName
from licensing.models import GitHubSync


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What evidence about a server's accounts is read with: its names, and GitHub's last sync of it."""

    names: frozenset[str]
    host: str
    synced_at: datetime | None
    never_synced: bool


@dataclass(slots=True)
class Estate:
    """What is the same for every account of one publication."""

    enterprise: Enterprise
    edition: int
    run_id: int | None
    servers: dict[int, ServerFacts] = field(default_factory=dict)


def estate(enterprise: Enterprise, edition: int, run_id: int | None) -> Estate:
    """Read the facts of servers once."""
    facts = Estate(enterprise, edition, run_id)
    syncs = {
        s.server_id: s for s in GitHubSync.objects.filter(enterprise=enterprise, newest=True) if s.server_id
    }
    names: dict[int, set[str]] = {}
    for server_id, host in ServerName.objects.filter(server__enterprise=enterprise).values_list(
        "server_id", "host"
    ):
        names.setdefault(server_id, set()).add(host)
    for server in enterprise.servers.all():
        sync = syncs.get(server.pk)
        facts.servers[server.pk] = ServerFacts(
            names=frozenset({server.host, *names.get(server.pk, ())}),
            host=server.host,
            synced_at=sync.date if sync and sync.status == "success" else None,
            never_synced=sync is not None and sync.date is None,
        )
    return facts
