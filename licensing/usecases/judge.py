"""Give verdicts and rebuild the bridge for the marked components: whole ones, as `close_components` left them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from licensing.models import BridgeItem, bulk
from licensing.rules import bridge, verdicts

from .estate import Estate


@dataclass(slots=True)
class Account:
    """One line of `bulk.component_accounts`, as the rules ask it."""

    id: int
    key: str
    consumes: bool
    person: int
    row: int | None
    valid: bool
    row_cloud: int | None
    row_keys: tuple[str, ...]
    explained: int | None
    matched_at: datetime | None
    stopped_at: datetime | None
    server: int
    old: str
    cloud: int | None


@dataclass(slots=True)
class Components:
    """Marked rows, persons and accounts, and who is tied to what."""

    rows: list[bulk.Row]
    people: list[bulk.Row]
    accounts: list[Account]
    people_of_row: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    rows_of_person: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    verdicts: dict[int, str] = field(default_factory=dict)


def judge(facts: Estate) -> None:
    """Write verdicts of accounts and rows where they changed, and the bridge items of these components."""
    found = _read()
    bulk.settle_verdicts(
        (found.verdicts[account.id], account.id)
        for account in found.accounts
        if _decide(account, found, facts) != account.old
    )
    bulk.settle_rows(_rows(found))
    bulk.drop_bridge_items()
    _write_items(facts, bridge.components(_bridge_rows(found), _bridge_people(found), found.verdicts))


def _read() -> Components:
    found = Components(
        bulk.component_rows(), bulk.component_people(), [_account(row) for row in bulk.component_accounts()]
    )
    for account in found.accounts:
        if account.row is not None and account.valid and account.consumes:
            _tie(found, account.row, account.person)
    own = {group: person for person, group, _, _, alive in found.people if alive}
    by_cloud = {cloud: person for person, _, _, cloud, alive in found.people if alive and cloud is not None}
    for row, _, cloud, _, _, _ in found.rows:
        person = by_cloud.get(cloud) if cloud is not None else own.get(f"r:{row}", own.get(f"i:{row}"))
        if person is not None:
            _tie(found, row, person)
    return found


def _tie(found: Components, row: int, person: int) -> None:
    found.people_of_row[row].add(person)
    found.rows_of_person[person].add(row)


def _account(row: bulk.Row) -> Account:
    values = list(row)
    values[2], values[5] = bool(row[2]), bool(row[5])
    values[7] = tuple(bulk.as_list(row[7]))
    values[9], values[10] = bulk.as_time(row[9]), bulk.as_time(row[10])
    return Account(*values)


def _decide(account: Account, found: Components, facts: Estate) -> str:
    """Work out and keep the verdict of one account."""
    server = facts.servers.get(account.server)
    says = None
    if account.row is not None:
        says = verdicts.RowSays(account.valid, account.row_cloud, account.row_keys)
    given = verdicts.VerdictInput(
        key=account.key,
        consumes=account.consumes,
        row=says,
        cloud_id=account.cloud,
        explained_cloud_id=account.explained,
        joins_other=bool(account.row and found.rows_of_person[account.person] - {account.row}),
        row_parts=bool(account.row and len(found.people_of_row[account.row]) > 1),
        last_sync=server.synced_at if server else None,
        never_synced=bool(server and server.never_synced),
        stopped_at=account.stopped_at,
        matched_at=account.matched_at,
        known_server=server is not None,
    )
    found.verdicts[account.id] = verdicts.verdict(given)
    return found.verdicts[account.id]


def _rows(found: Components) -> Iterable[tuple[int | None, str, int]]:
    """The person and the verdict that speak for each row, where they changed; and verdicts of absent accounts."""
    of_row = defaultdict(list)
    for account in found.accounts:
        if account.row is not None and account.valid:
            of_row[account.row].append(found.verdicts[account.id])
    order = {key: place for place, key in enumerate(verdicts.LINE_ORDER)}
    for row, _, _, old_verdict, old_person, unread in found.rows:
        if not of_row[row] and not found.people_of_row[row]:
            found.verdicts[-row] = "gone_since"  # its server is read here, and has no such account
            of_row[row].append("gone_since")
        if unread:
            of_row[row].append("unknown_server")
        verdict = min(of_row[row], key=order.__getitem__, default="")
        person = min(found.people_of_row[row], default=None)
        if (person, verdict) != (old_person, old_verdict):
            yield person, verdict, row


def _bridge_rows(found: Components) -> Iterable[bridge.Row]:
    accounts = defaultdict(list)
    for account in found.accounts:
        if account.row is not None and account.valid:
            accounts[account.row].append(account.id)
    for row, counted, *_ in found.rows:
        absent = (-row,) if -row in found.verdicts else ()
        yield bridge.Row(row, bool(counted), (*accounts[row], *absent))


def _bridge_people(found: Components) -> Iterable[bridge.Person]:
    accounts = defaultdict(list)
    for account in found.accounts:
        accounts[account.person].append(account.id)
    for person, _, consumes, _, _ in found.people:
        rows = tuple(found.rows_of_person[person])
        yield bridge.Person(person, bool(consumes), tuple(accounts[person]), rows)


def _write_items(facts: Estate, components: list[bridge.Component]) -> None:
    items = BridgeItem.objects.bulk_create(
        [BridgeItem(enterprise=facts.enterprise, line=one.line, delta=one.delta) for one in components]
    )
    pairs = list(zip(items, components, strict=True))
    people, rows = BridgeItem.people.through, BridgeItem.rows.through
    people.objects.bulk_create(
        [people(bridgeitem_id=item.pk, person_id=person) for item, one in pairs for person in one.people]
    )
    rows.objects.bulk_create(
        [rows(bridgeitem_id=item.pk, licenserow_id=row) for item, one in pairs for row in one.rows]
    )
