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
from licensing.models import bulk, bulk_cloud
from licensing.rules import consumption, evidence, matching

from . import judge
from .estate import Estate


def rematch(facts: Estate) -> tuple[int, int]:
    """Match marked accounts, settle their persons and seats; returns (licenses released, licenses added)."""
    bulk.spread_keys(facts.enterprise.pk)
    bulk.load("t_decision", bulk.DECISION, _decisions(facts))
    bulk.analyze("t_decision")
    bulk.apply_decisions(clock.now(facts.enterprise))
    bulk.rename_groups(_going_on(facts.enterprise.pk))
    bulk.rows_of_changes()
    bulk.settle_row_people(facts.enterprise.pk, facts.edition)
    bulk.add_people(facts.enterprise.pk, facts.edition)
    bulk.tie_accounts(facts.enterprise.pk, facts.edition, facts.run_id)
    bulk.close_components()
    bulk.update_many(bulk.PERSON, _people(facts))
    moved = bulk.settle_seats(facts.enterprise.pk, facts.edition, facts.run_id)
    judge.judge(facts)
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

    __slots__ = (
        "account_id",
        "dormant",
        "evidence",
        "first_seen",
        "key",
        "listed",
        "login",
        "never_active",
        "old",
        "row",
        "server",
        "suspended",
    )

    def __init__(self, lines: Iterator[bulk.Row], facts: Estate) -> None:
        rows = list(lines)
        (
            self.account_id,
            self.key,
            self.login,
            self.suspended,
            self.never_active,
            former,
            server_id,
            self.first_seen,
            self.old,
        ) = rows[0][:9]
        self.dormant = rows[0][16]
        self.server = facts.servers[server_id]
        found = [self._evidence(row, bulk.as_list(former)) for row in rows if row[9] is not None]
        self.evidence = next((e for e in found if e.valid and e.cloud_id), found[0] if found else None)
        self.row = next((r for r in rows if self.evidence and r[9] == self.evidence.row_id), None)
        self.listed = any(e.valid for e in found)

    def _evidence(self, row: bulk.Row, former: list[str]) -> matching.Evidence:
        emails = tuple(bulk.as_list(row[12]))
        valid = evidence.valid(
            evidence.Claim(host=row[10], emails=emails),
            evidence.Known(names=self.server.names, key=self.key, former_keys=tuple(former)),
        )
        return matching.Evidence(row[11], valid, emails, row[9], row[14] or "", row[15])


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
            decision.explained_cloud_id,
            uses.consumes,
            uses.reason,
            account.evidence.row_id if account.evidence else None,
            bool(account.evidence and account.evidence.valid),
            account.old,
        )


def _consumes(account: _Known) -> consumption.Consumption:
    synced = account.server.synced_at is not None and account.server.synced_at > account.first_seen
    return consumption.account_consumes(
        login=account.login,
        suspended=bool(account.suspended),
        never_active=_flag(account.never_active),
        has_email=bool(account.key),
        in_github_row=account.listed,
        github_synced_since_first_seen=synced,
        dormant=_flag(account.dormant),
    )


def _flag(value: Any) -> bool | None:
    """A boolean column comes as 0, 1 or NULL on SQLite."""
    return None if value is None else bool(value)


# --- persons -------------------------------------------------------------------------------------------------


def _going_on(enterprise_id: int) -> Iterator[tuple[str, int]]:
    """Pair each group that has no person with the one that lost most accounts to it; nobody is taken twice."""
    groups: set[str] = set()
    people: set[int] = set()
    for group, person, _ in bulk.orphaned_people(enterprise_id):
        if group not in groups and person not in people:
            groups.add(group)
            people.add(person)
            yield group, person


def _people(facts: Estate) -> Iterator[bulk.Row]:
    """Decide marked persons: columns of `bulk.PERSON`."""
    for row in list(bulk.people_touched()):
        person = _Touched(*row)
        uses = person.consumption(facts.enterprise.contract)
        alive = bool(person.cloud_login or person.accounts or person.row_id)
        name = person.cloud_name or person.cloud_login or person.row_login or person.login or ""
        yield (
            name[:255],
            name.lower()[:255],
            uses.consumes and alive,
            uses.reason,
            _license_type(person),
            person.deployment(),
            person.accounts,
            None if alive else facts.edition,
            person.id,
        )


@dataclass(frozen=True, slots=True)
class _Touched:
    """One line of `bulk.people_touched`."""

    id: int
    group: str
    cloud_login: str | None
    cloud_name: str | None
    accounts: int
    consuming: int
    login: str | None
    reason: str | None
    idle: str | None
    row_id: int | None
    row_login: str | None
    license_type: str | None
    visual_studio: bool | None
    github_user: bool | None
    server_user: bool | None
    member_roles: Any
    pending: Any
    unread: bool

    def facts(self) -> consumption.RowFacts:
        """What GitHub's row says, for the rule."""
        return consumption.RowFacts(
            cloud_user=bool(self.github_user),
            server_user=bool(self.server_user),
            visual_studio=bool(self.visual_studio),
            member=bool(bulk.as_list(self.member_roles)),
            pending=bool(bulk.as_list(self.pending)),
            email_login="@" in (self.row_login or ""),
        )

    def consumption(self, contract: str) -> consumption.Consumption:
        """Whether this person consumes: by the row of the cloud, else by an account, else by GitHub's word alone."""
        row = None
        if self.row_id is not None and consumption.row_kind(self.facts()) != "server":
            row = consumption.row_counts(self.facts(), contract or consumption.VOLUME)
        accounts = [consumption.Consumption(True, self.reason or "active")] if self.consuming else []
        if self.accounts and not self.consuming:
            accounts = [consumption.Consumption(False, self.idle or "suspended")]
        return consumption.person_consumes(row, accounts, elsewhere=bool(self.unread))

    def deployment(self) -> str:
        """Where this person has accounts, as GitHub's pages filter it."""
        if self.group.startswith("i:"):
            return "invitation"
        if (
            self.cloud_login
            and self.row_id is not None
            and consumption.row_kind(self.facts()) == "invitation"
        ):
            return "invitation"
        if not self.cloud_login:
            return "server"
        return "both" if self.accounts or self.unread else "cloud"


def _license_type(person: _Touched) -> str:
    if person.visual_studio or "visual studio" in (person.license_type or "").lower():
        return "visual_studio"
    return "enterprise"


# --- where rows lead -----------------------------------------------------------------------------------------


def point_rows(enterprise: Enterprise, *, mark: bool) -> None:
    """Tell GitHub's rows which of our servers their hosts are, by every name a server ever had.

    `mark` matches the accounts again for which that is news.
    """
    names = {server.host: server.pk for server in enterprise.servers.all()}
    for server_id, host in ServerName.objects.filter(server__enterprise=enterprise).values_list(
        "server_id", "host"
    ):
        names.setdefault(host, server_id)
    bulk_cloud.point_at_servers(enterprise.pk, names, mark=mark)
