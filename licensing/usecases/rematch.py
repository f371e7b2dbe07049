"""Match again what a publication touched, and work out licenses, verdicts and the bridge for it.

Called inside the publishing transaction, under the enterprise lock. What to match is marked in the scratch
tables of `models.bulk` (changed keys, changed accounts); everything here costs what was marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from ghconnect.models import Enterprise, ServerName
from licensing.models import BridgeItem, GitHubSync, Person, ServerPicture, bulk
from licensing.rules import bridge, consumption, evidence, matching, verdicts


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What evidence about a server's accounts is read with: its names, and GitHub's last sync of it."""

    names: frozenset[str]
    host: str
    synced_at: datetime | None
    status: str


@dataclass(slots=True)
class Estate:
    """What is the same for every account of one publication."""

    enterprise: Enterprise
    edition: int
    run_id: int | None
    servers: dict[int, ServerFacts] = field(default_factory=dict)
    read_servers: frozenset[int] = frozenset()
    has_rows: bool = False


def estate(enterprise: Enterprise, edition: int, run_id: int | None) -> Estate:
    """Read the facts of servers once."""
    facts = Estate(enterprise, edition, run_id)
    syncs = {s.server_id: s for s in GitHubSync.objects.filter(enterprise=enterprise, newest=True) if s.server_id}
    names: dict[int, set[str]] = {}
    for server_id, host in ServerName.objects.filter(server__enterprise=enterprise).values_list("server_id", "host"):
        names.setdefault(server_id, set()).add(host)
    for server in enterprise.servers.all():
        sync = syncs.get(server.pk)
        facts.servers[server.pk] = ServerFacts(
            names=frozenset({server.host, *names.get(server.pk, ())}),
            host=server.host,
            synced_at=sync.date if sync and sync.status == "success" else None,
            status=sync.status if sync else "",
        )
    facts.read_servers = frozenset(
        ServerPicture.objects.filter(server__enterprise=enterprise)
        .exclude(last_success=None)
        .values_list("server_id", flat=True)
    )
    facts.has_rows = enterprise.license_rows.exists()
    return facts


def rematch(facts: Estate) -> tuple[int, int]:
    """Match marked accounts, settle their persons and seats; returns (licenses released, licenses added)."""
    bulk.spread_keys(facts.enterprise.pk)
    bulk.load("t_decision", bulk.DECISION, _decisions(facts))
    bulk.analyze("t_decision")
    bulk.apply_decisions()
    bulk.rename_groups(_going_on(facts.enterprise.pk))
    bulk.add_people(facts.enterprise.pk, facts.edition)
    bulk.tie_accounts(facts.enterprise.pk, facts.edition, facts.run_id)
    bulk.rows_of_changes()
    bulk.close_components(facts.enterprise.pk)
    bulk.update_many(bulk.PERSON, _people(facts))
    moved = bulk.settle_seats(facts.enterprise.pk, facts.edition, facts.run_id)
    _rebuild_bridge(facts)
    return moved


# --- accounts ----------------------------------------------------------------------------------------------


def _decisions(facts: Estate) -> Iterator[bulk.Row]:
    """Decide key by key: both streams come in the order of the key."""
    values = _by_key(bulk.values_of_keys(facts.enterprise.pk))
    for key, lines in groupby(bulk.accounts_to_match(), key=lambda row: row[1]):
        accounts = [_Known(rows, facts) for _, rows in groupby(lines, key=lambda row: row[0])]
        yield from _decide(key, accounts, values.get(key, []), facts)


def _by_key(rows: list[bulk.Row]) -> dict[str, list[matching.CloudValue]]:
    found: dict[str, list[matching.CloudValue]] = {}
    for key, kind, value, cloud_id, login, database_id in rows:
        found.setdefault(key, []).append(matching.CloudValue(cloud_id, login, database_id, kind, value))
    return found


class _Known:
    """An account with GitHub's row of it, as read from the database."""

    __slots__ = ("account_id", "dormant", "evidence", "first_seen", "key", "listed", "login", "never_active", "old", "row", "server", "suspended")

    def __init__(self, lines: Iterator[bulk.Row], facts: Estate) -> None:
        rows = list(lines)
        (self.account_id, self.key, self.login, self.suspended, self.never_active, former, server_id, self.first_seen, self.old) = rows[0][:9]
        self.dormant = rows[0][16]
        self.server = facts.servers[server_id]
        found = [self._evidence(row, _list(former)) for row in rows if row[9] is not None]
        self.evidence = next((e for e in found if e.valid and e.cloud_id), found[0] if found else None)
        self.row = next((r for r in rows if self.evidence and r[9] == self.evidence.row_id), None)
        self.listed = any(e.valid for e in found)

    def _evidence(self, row: bulk.Row, former: list[str]) -> matching.Evidence:
        emails = tuple(_list(row[12]))
        valid = evidence.valid(
            evidence.Claim(host=row[10], emails=emails),
            evidence.Known(names=self.server.names, key=self.key, former_keys=tuple(former)),
        )
        return matching.Evidence(row[11], valid, emails, row[9], row[14] or "", row[15])


def _list(value: Any) -> list[str]:
    """A JSON column comes as text on SQLite and as a list on PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else (value or [])


def _decide(
    key: str, accounts: list[_Known], values: list[matching.CloudValue], facts: Estate
) -> Iterator[bulk.Row]:
    inputs = [matching.AccountInput(a.account_id, key, a.evidence) for a in accounts]
    learned = matching.learned_cloud(key, inputs) if key else None
    by_id = {account.account_id: account for account in accounts}
    for decision in matching.decide_key(key, inputs, values, learned):
        account = by_id[decision.account_id]
        uses = _consumes(account)
        yield (
            decision.account_id,
            decision.group,
            decision.cloud_id,
            decision.rule,
            decision.value,
            decision.tie,
            decision.explained_rule,
            decision.explained_value,
            uses.consumes,
            uses.reason,
            _verdict(account, decision, uses, facts),
            account.old,
        )
