"""Verdicts and bridge, written in sets, are what the rules say of each account, row and component by itself."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity, ServerAccount
from ghconnect.records import LicenseRow as Record
from licensing.models import Account, BridgeItem, GitHubSync, LicenseRow, Person, SyncRun, bulk
from licensing.rules import bridge, verdicts
from licensing.usecases import estate, judge

from . import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PEOPLE = [f"p{at}@example.com" for at in range(4)]


@pytest.mark.parametrize("seed", range(8))
def test_sets_say_what_the_rules_say(seed: int) -> None:
    """Random people on two servers, joined, split, gone and back, against the rules asked one by one."""
    chance = random.Random(seed)  # noqa: S311
    of = drive.enterprise()
    servers = [drive.server(of, f"ghe{at}.example.com") for at in range(2)]
    if seed % 3:
        _synced(servers[0], chance)
    for again in range(2):
        done = [drive.read_cloud(of, *_cloud(chance, servers))]
        done += [drive.read_server(server, _accounts(chance)) for server in servers[: 1 + seed % 2]]
        for run in done if again else ():
            assert _told(run) == (run.counts.get("licensed", 0), run.counts.get("released", 0))
        assert _written(of) == _by_the_rules(of)
        drive.assert_sound(of)


def test_an_account_of_a_server_not_read_here_keeps_the_license_of_its_row() -> None:
    """PRODUCT §2: who is suspended gives a license back "if nothing else in the row consumes", and of the other
    server nobody but GitHub can say that. Read at last, or active again, it is one license all the same.
    """
    of = drive.enterprise()
    read, unread = (drive.server(of, f"ghe{at}.example.com") for at in range(2))
    ids = [f"{server.host}:1" for server in (read, unread)]
    drive.read_cloud(of, [drive.row("", ids, ["ann@x.example"])])

    def expected(server: Server, *, suspended: bool) -> int:
        drive.read_server(server, [drive.account(1, "ann@x.example", suspended=suspended)])
        drive.assert_sound(of)
        return int(drive.totals(of)["expected"])

    assert [expected(read, suspended=suspended) for suspended in (False, True, False, True)] == [1, 1, 1, 1]
    assert drive.bridge(of) == []
    assert (expected(unread, suspended=False), expected(unread, suspended=True)) == (1, 0)


def _told(run: SyncRun) -> tuple[int, int]:
    """How many licenses the lines of a run name that began, and that ended."""
    began, ended = (run.changes.filter(license=license_).count() for license_ in (1, -1))
    return began, ended


def test_a_situation_has_the_verdict_of_all_facts_it_stands_for() -> None:
    """Whatever the moments, addresses and accounts are: facts with the same number have the same verdict."""
    chance = random.Random(4)  # noqa: S311
    for _ in range(2000):
        given = _facts(chance)
        assert verdicts.verdict(judge.situation(_number(given))) == verdicts.verdict(given)


def _facts(chance: random.Random) -> verdicts.VerdictInput:
    moments = [None, *(timezone.now() + timedelta(days=n) for n in range(8))]
    flags = {
        name: chance.random() < 0.5
        for name in ("consumes", "joins_other", "row_parts", "never_synced", "known_server")
    }
    row = verdicts.RowSays(
        chance.random() < 0.7, chance.choice([None, 4, 7]), tuple(chance.sample(PEOPLE, chance.randrange(3)))
    )
    return verdicts.VerdictInput(
        key=chance.choice(PEOPLE[:2]),
        row=chance.choice([row, row, None]),
        cloud_id=chance.choice([None, 4, 7]),
        explained_cloud_id=chance.choice([None, 4, 7]),
        last_sync=chance.choice(moments),
        stopped_at=chance.choice(moments),
        matched_at=chance.choice(moments),
        **flags,
    )


def _number(given: verdicts.VerdictInput) -> int:
    row = given.row or verdicts.RowSays(False, None, ())
    is_so = {
        **{name: getattr(given, name) for name in bulk.FACTS if hasattr(given, name)},
        "row": given.row is not None,
        "valid": row.valid,
        "row_cloud": row.cloud_id is not None,
        "explained": given.explained_cloud_id is not None,
        "explains": given.explained_cloud_id is not None and given.explained_cloud_id == row.cloud_id,
        "emails": bool(row.emails),
        "listed": given.key in row.emails,
        "cloud": given.cloud_id is not None,
        "stopped_since": verdicts._since(given.stopped_at, given.last_sync),
        "matched_since": verdicts._since(given.matched_at, given.last_sync),
    }
    return sum(1 << at for at, name in enumerate(bulk.FACTS) if is_so[name])


def _synced(server: Server, chance: random.Random) -> None:
    at = timezone.now() + timedelta(days=chance.choice([-1, 1]))
    facts = {"date": at, "status": "success"} if chance.random() < 0.7 else {"date": None, "status": ""}
    seen = {"first_seen_at": timezone.now(), "checked_at": timezone.now()}
    GitHubSync.objects.create(enterprise=server.enterprise, host=server.host, server=server, **seen, **facts)


def _accounts(chance: random.Random) -> list[ServerAccount]:
    numbers = chance.sample(range(1, 9), 6)
    return [
        drive.account(n, chance.choice([*PEOPLE, ""]), suspended=chance.random() < 0.2)
        for n in sorted(numbers)
    ]


def _cloud(chance: random.Random, servers: list[Server]) -> tuple[list[Record], list[Identity]]:
    ids = [f"{server.host}:{n}" for server in servers for n in range(1, 9)]
    chance.shuffle(ids)
    rows = [
        drive.row(f"m{at}", [ids.pop()][: chance.randrange(2)], chance.sample(PEOPLE, 1)) for at in range(4)
    ]
    rows += [
        drive.row("", sorted(ids.pop() for _ in range(1 + chance.randrange(2))), chance.sample(PEOPLE, 1))
        for _ in range(4)
    ]
    told = [
        Identity(f"m{at}", SAML_NAME_ID, chance.choice(PEOPLE)) for at in range(4) if chance.random() < 0.6
    ]
    return rows, told


Found = tuple[dict[int, str], dict[int, tuple[int | None, str]], list[tuple[str, int, tuple[int, ...]]]]


def _written(of: Enterprise) -> Found:
    accounts = Account.objects.filter(enterprise=of, ended_edition=None)
    rows = LicenseRow.objects.filter(enterprise=of)
    items = [
        (item.line, item.delta, tuple(sorted(p.pk for p in item.people.all())))
        for item in BridgeItem.objects.filter(enterprise=of)
    ]
    return (
        {a.pk: a.verdict for a in accounts},
        {r.pk: (r.person_id, r.verdict) for r in rows},
        sorted(items),
    )


def _by_the_rules(of: Enterprise) -> Found:
    facts = estate.estate(of, 0, None)
    people = {p.pk: p for p in Person.objects.filter(enterprise=of)}
    rows = {r.pk: r for r in LicenseRow.objects.filter(enterprise=of)}
    accounts = [
        a
        for a in Account.objects.filter(enterprise=of)
        if a.ended_edition is None or (a.row_id in rows and a.row_valid)
    ]
    ties = _ties(rows, people, accounts)
    said = {a.pk: _verdict(a, rows, people, ties, facts) for a in accounts}
    of_rows = {row: _of_row(row, accounts, said, ties, facts) for row in rows}
    absent = {
        row
        for row in rows
        if of_rows[row][1] in {"gone_since", "unknown_server"} and not _held(row, accounts)
    }
    found = bridge.components(
        [
            bridge.Row(r.pk, r.counted, (*_held(r.pk, accounts), *((-r.pk,) if r.pk in absent else ())))
            for r in rows.values()
        ],
        [
            bridge.Person(
                p.pk,
                p.consumes and p.ended_edition is None,
                tuple(a.pk for a in accounts if a.person_id == p.pk),
                tuple(row for row, person in ties if person == p.pk),
            )
            for p in people.values()
        ],
        {**said, **{-row: "gone_since" for row in absent if not _people(row, ties)}},
    )
    live = {a.pk: said[a.pk] for a in accounts if a.ended_edition is None}
    return live, of_rows, sorted((one.line, one.delta, one.people) for one in found)


def _held(row: int, accounts: list[Account]) -> tuple[int, ...]:
    return tuple(a.pk for a in accounts if a.row_id == row and a.row_valid)


def _people(row: int, ties: set[tuple[int, int]]) -> set[int]:
    return {person for of, person in ties if of == row}


def _ties(
    rows: dict[int, LicenseRow], people: dict[int, Person], accounts: list[Account]
) -> set[tuple[int, int]]:
    found = {
        (a.row_id, a.person_id) for a in accounts if a.row_id and a.row_valid and a.consumes and a.person_id
    }
    for person in people.values():
        for row in rows.values():
            own = row.cloud_account_id is None and person.group in {f"r:{row.pk}", f"i:{row.pk}"}
            same = row.cloud_account_id is not None and row.cloud_account_id == person.cloud_account_id
            if person.ended_edition is None and (own or same):
                found.add((row.pk, person.pk))
    return found


def _verdict(
    a: Account,
    rows: dict[int, LicenseRow],
    people: dict[int, Person],
    ties: set[tuple[int, int]],
    facts: estate.Estate,
) -> str:
    row = rows.get(a.row_id or 0)
    known = facts.servers[a.server_id]
    return verdicts.verdict(
        verdicts.VerdictInput(
            key=a.key,
            consumes=a.consumes,
            row=None
            if row is None
            else verdicts.RowSays(a.row_valid, row.cloud_account_id, tuple(row.server_keys)),
            cloud_id=people[a.person_id or 0].cloud_account_id,
            explained_cloud_id=a.explained_cloud_id,
            joins_other=any(person == a.person_id and of != a.row_id for of, person in ties),
            row_parts=len(_people(a.row_id or 0, ties)) > 1,
            last_sync=known.synced_at,
            never_synced=known.never_synced,
            stopped_at=a.stopped_at,
            matched_at=a.matched_at,
        )
    )


def _of_row(
    row: int,
    accounts: list[Account],
    said: dict[int, str],
    ties: set[tuple[int, int]],
    facts: estate.Estate,
) -> tuple[int | None, str]:
    held = defaultdict(list, {row: [said[pk] for pk in _held(row, accounts)]})[row]
    people = _people(row, ties)
    if not held and not people:
        held = ["gone_since"]
    if _unread(row):
        held = [*held, "unknown_server"]
    return min(people, default=None), min(held, key=verdicts.LINE_ORDER.index, default="")


def _unread(row: int) -> bool:
    found = LicenseRow.objects.get(pk=row)
    if not found.enterprise_server_user:
        return False
    return any(
        each.server is None or not hasattr(each.server, "picture") or each.server.picture.last_success is None
        for each in found.accounts.select_related("server")
    )
