"""Match again what a publication touched, and work out licenses, verdicts and the bridge for it.

Called inside the publishing transaction, under the enterprise lock. What to match is marked in the scratch
tables of `models.bulk` (changed keys, changed accounts); everything here costs what was marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ghconnect import clock
from ghconnect.models import Enterprise, ServerName
from licensing.models import bulk
from licensing.rules import consumption, evidence, matching

from . import judge, people
from .estate import Estate, ServerFacts

# Tables that a publication fills before it matches.
FACTS = tuple(
    f"licensing_{name}" for name in ("account", "cloudaccount", "address", "licenserow", "rowaccount")
)


def rematch(facts: Estate) -> tuple[int, int]:
    """Match marked accounts, settle their persons and seats; returns (licenses released, licenses added)."""
    bulk.analyze_grown(*FACTS)
    bulk.spread_keys(facts.enterprise.pk)
    bulk.load("t_decision", bulk.DECISION, decisions(facts))
    bulk.analyze("t_decision")
    bulk.rename_groups(people.going_on(facts.enterprise.pk))
    bulk.rows_of_changes()
    bulk.settle_row_people(facts.enterprise.pk, facts.edition)
    bulk.add_people(facts.enterprise.pk, facts.edition)
    bulk.analyze_grown("licensing_person")
    bulk.tie_accounts(facts.enterprise.pk, facts.edition, facts.run_id, clock.now(facts.enterprise))
    bulk.close_components()
    bulk.settle_people(people.decided(facts))
    moved = bulk.settle_seats(facts.enterprise.pk, facts.edition, facts.run_id)
    judge.judge(facts)
    return moved


# --- accounts ----------------------------------------------------------------------------------------------


def decisions(facts: Estate) -> Iterator[bulk.Row]:
    """Yield the columns of `bulk.DECISION`, key by key: both streams come in the order of the key."""
    values = _Values(bulk.values_of_keys(facts.enterprise.pk))
    for key, lines in groupby(bulk.accounts_to_match(), key=lambda row: row[1]):
        accounts = [_known(list(rows), facts) for _, rows in groupby(lines, key=lambda row: row[0])]
        yield from _decide(key, accounts, values.of(key), facts.enterprise.never_active)


class _Values:
    """The cloud values of one key after the other, so that those of a million keys are never in memory at once."""

    def __init__(self, rows: Iterator[bulk.Row]) -> None:
        self._groups = groupby(rows, key=lambda row: str(row[0]))
        self._key: str | None = None
        self._rows: Iterator[bulk.Row] = iter(())
        self._next()

    def of(self, key: str) -> list[matching.CloudValue]:
        """Return the values of a key; keys are asked for in their order."""
        while self._key is not None and self._key < key:
            self._next()
        return [_value(row) for row in self._rows] if self._key == key else []

    def _next(self) -> None:
        self._key, self._rows = next(self._groups, (None, iter(())))


def _value(row: bulk.Row) -> matching.CloudValue:
    _key, kind, value, cloud_id, login, database_id = row
    return matching.CloudValue(cloud_id, login, database_id, kind, value)


@dataclass(frozen=True, slots=True)
class Known:
    """An account as the database has it, with GitHub's row of it; `listed`: a valid row holds it."""

    account_id: int
    login: str
    has_email: bool
    suspended: bool
    never_active: bool | None
    dormant: bool | None
    synced_since_seen: bool
    evidence: matching.Evidence | None
    listed: bool
    person_id: int | None


def _known(rows: list[bulk.Row], facts: Estate) -> Known:
    """Read one account from its lines of `bulk.accounts_to_match`, one for each of GitHub's rows of it."""
    account_id, key, login, suspended, never_active, former, server_id, first_seen, person_id = rows[0][:9]
    server, seen = facts.servers[server_id], bulk.as_time(first_seen)
    known = evidence.Known(
        names=server.names,
        key=key,
        former_keys=tuple(bulk.as_list(former)),
        server_id_changed=server.server_id_changed,
        key_since=bulk.as_time(rows[0][17]),
        created_at=bulk.as_time(rows[0][18]),
    )
    found = [_evidence(row, server, known) for row in rows if row[9] is not None]
    joining = (each for each in found if each.valid and each.cloud_id)
    return Known(
        account_id=account_id,
        login=login,
        has_email=bool(key),
        suspended=bool(suspended),
        never_active=_flag(never_active),
        dormant=_flag(rows[0][16]),
        synced_since_seen=bool(server.synced_at and seen and server.synced_at > seen),
        evidence=next(joining, found[0] if found else None),
        listed=any(each.valid for each in found),
        person_id=person_id,
    )


def _evidence(row: bulk.Row, server: ServerFacts, known: evidence.Known) -> matching.Evidence:
    emails = tuple(bulk.as_list(row[12]))
    valid = evidence.valid(evidence.Claim(host=row[10], emails=emails, at=server.synced_at), known)
    return matching.Evidence(row[11], valid, emails, row[9], row[14] or "", row[15])


def _decide(
    key: str, accounts: list[Known], values: list[matching.CloudValue], never: str
) -> Iterator[bulk.Row]:
    """Yield the columns of `bulk.DECISION` for all accounts of one key; `never`: see Enterprise.NeverActive."""
    inputs = [matching.AccountInput(a.account_id, key, a.evidence) for a in accounts]
    learned = matching.learned_cloud(key, inputs) if key else None
    by_id = {account.account_id: account for account in accounts}
    for decision in matching.decide_key(key, inputs, values, learned):
        account = by_id[decision.account_id]
        uses = _consumes(account, never)
        yield (
            decision.account_id,
            decision.group,
            decision.cloud_id,
            decision.rule,
            decision.value,
            decision.tie,
            decision.explained_rule,
            decision.explained_value,
            decision.explained_cloud_id,
            uses.consumes,
            uses.reason,
            account.evidence.row_id if account.evidence else None,
            bool(account.evidence and account.evidence.valid),
            account.person_id,
        )


def _consumes(account: Known, never: str) -> consumption.Consumption:
    return consumption.account_consumes(
        login=account.login,
        suspended=account.suspended,
        never_active=account.never_active,
        has_email=account.has_email,
        in_github_row=account.listed,
        github_synced_since_first_seen=account.synced_since_seen,
        never_active_setting=never,
        dormant=account.dormant,
    )


def _flag(value: Any) -> bool | None:
    """A boolean column comes as 0, 1 or NULL on SQLite."""
    return None if value is None else bool(value)


def point_rows(enterprise: Enterprise, *, mark: bool) -> None:
    """Tell GitHub's rows which of our servers their hosts are, by every name a server ever had.

    `mark` matches the accounts again for which that is news.
    """
    names = {server.host: server.pk for server in enterprise.servers.all()}
    for server_id, host in ServerName.objects.filter(server__enterprise=enterprise).values_list(
        "server_id", "host"
    ):
        names.setdefault(host, server_id)
    bulk.point_at_servers(enterprise.pk, names, mark=mark)
