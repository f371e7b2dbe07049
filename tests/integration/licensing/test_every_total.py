"""One number in any world: made-up enterprises are published, then every door that tells the count is asked.

What holds of every world (issue "Who holds a license, and why", Proof), and where it is tried against a slow oracle:

* each account is in exactly one person, and no two cloud accounts are merged: here, of what was published, and
  `tests/unit/rules/test_matching.py`, of the rules; the oracle of both is `tests/unit/rules/oracle.py`
* each match names a rule and a value both sides have: here, and `test_matching.py`
* order never matters: `test_matching.py`, `tests/unit/rules/test_bridge.py`, and of whole pictures
  `tests/integration/engine/test_people_over_time.py`
* incremental is from scratch: `test_matching.py`, and `tests/integration/engine/test_incremental.py`
* the bridge sums exactly: `test_bridge.py`, `tests/integration/engine/test_verdicts.py`, and here by GitHub's total
* totals agree, on pages, APIs, files, commands and as of today: here

`GHCONNECT_WORLDS` is how many worlds are tried; `make worlds` tries many and writes docs/proof/worlds.md.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as console
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ghconnect.models import Enterprise, Role
from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL, Identity, LicenseRow
from licensing.bridge import LINES, line_words
from licensing.models import Account, Address, BridgeItem, CloudAccount, Edition, Person, SyncRun
from licensing.models import LicenseRow as Row
from tests.integration.api.caller import Script, token
from tests.integration.engine import drive
from tests.integration.engine.test_incremental import HOSTS, accounts, reports, values
from tests.unit.rules import oracle

from .conftest import signed_in
from .doors import Doors

pytestmark = pytest.mark.rows
WORLDS = int(os.environ.get("GHCONNECT_WORLDS", "2"))
PROOF = console.BASE_DIR / "docs/proof/worlds.md"
INVITED = drive.row(
    "new@x.example",
    github_com_user=False,
    github_com_member_roles=(),
    github_com_orgs_with_pending_invites=("octo",),
)
# Two of Visual Studio: a member, whom GitHub counts, and one who never came, whom it does not (reference §4.2).
SUBSCRIBERS = (
    drive.row("vic", visual_studio_subscription_user=True, license_type="Visual Studio subscription"),
    drive.row(
        "",
        github_com_user=False,
        github_com_member_roles=(),
        visual_studio_subscription_user=True,
        visual_studio_subscription_email="val@x.example",
    ),
)
extras = st.lists(st.sampled_from([INVITED, *SUBSCRIBERS[:1]]), unique_by=lambda row: row.github_com_login)


@dataclass(frozen=True)
class World:
    """What an enterprise is told by GitHub, in turn (None: there is no token), and by two servers."""

    contract: str
    reports: list[tuple[list[LicenseRow], list[Identity]]]
    unread: int
    servers: list[list[Any]]
    later: list[Any]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    told = [([*draw(reports()), *draw(extras)], draw(values)) for _ in range(draw(st.integers(0, 2)))]
    return World(
        draw(st.sampled_from(["volume", "metered"])),
        told,
        draw(st.sampled_from([0, 0, 1, -1])),
        [draw(accounts) for _ in range(draw(st.integers(1, 2)))],
        draw(st.lists(accounts, max_size=1)),
    )


def published(world: World) -> Enterprise:
    """Bring a world in: GitHub's report, the servers, a later report, and the first server once more."""
    of = drive.enterprise()
    Enterprise.objects.filter(pk=of.pk).update(contract=world.contract)
    of.refresh_from_db()
    servers = [drive.server(of, host) for host in HOSTS[: len(world.servers)]]
    for at, (rows, told) in enumerate(world.reports):
        count = max(0, len([row for row in rows if _counts(row, world.contract)]) + world.unread)
        _good(drive.read_cloud(of, rows, told, consumed=count))
        if not at:
            for server, listed in zip(servers, world.servers, strict=True):
                _good(drive.read_server(server, listed))
    if not world.reports:
        for server, listed in zip(servers, world.servers, strict=True):
            _good(drive.read_server(server, listed))
    for listed in world.later:
        _good(drive.read_server(servers[0], listed))
    of.refresh_from_db()
    return of


def _good(run: SyncRun) -> None:
    assert run.state in SyncRun.GOOD, (run.state, run.error_key, run.error_params)


def _counts(row: LicenseRow, contract: str) -> bool:
    return contract == "volume" or row is not INVITED


tried: Counter[str] = Counter()


class EveryTotal(TestCase):
    """Each example is an enterprise of its own, asked by an owner and by a script."""

    # Not made smaller: that would take minutes, and a world is small enough to be read.
    @settings(
        max_examples=WORLDS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(worlds())
    def test_every_door_tells_one_number_of_any_world(self, world: World) -> None:
        of = published(world)
        drive.assert_sound(of)
        truth = _by_hand(of)
        owner = signed_in(of, of.slug, Role.OWNER)
        doors = Doors(of, owner, Script(token(of)), {str(line_words(key)): key for key in LINES})
        for name, told in doors.each(by_github=truth["counted"] is not None):
            # What files tell of people has no ids: the first file says who, and all others say the same.
            if "people_told" in told:
                assert len(told["people_told"]) == truth["expected"], name
                truth.setdefault("people_told", told["people_told"])
            assert told == {key: truth[key] for key in told}, name
            tried[name] += 1
        tried["worlds"] += 1

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        if "GHCONNECT_WORLDS" in os.environ:
            _write()


def _by_hand(of: Enterprise) -> dict[str, Any]:
    """The figures by counting one by one what was published, with each account's home by the oracle."""
    totals = Edition.objects.get(enterprise=of, number=of.edition).totals
    live = list(Account.objects.filter(enterprise=of, ended_edition=None))
    rows = list(Row.objects.filter(enterprise=of))
    _assert_homes(live, rows, list(CloudAccount.objects.filter(enterprise=of, ended_edition=None)))
    alive = Person.objects.filter(enterprise=of, ended_edition=None)
    people = {person.pk for person in alive if person.consumes}
    lines: Counter[str] = Counter()
    for item in BridgeItem.objects.filter(enterprise=of):
        lines[item.line] += item.delta
    read = [row for row in rows if row.counted]
    counted = totals["counted"]
    unexplained = 0 if counted is None else counted - len(read)
    assert (counted or 0) - unexplained + sum(lines.values()) == len(people)
    return {
        "counted": counted,
        "expected": len(people),
        "people": people,
        "lines": dict(lines),
        "read": len(read),
        "not_explained": unexplained,
        "rows": sorted((row.github_com_login, tuple(sorted(row.enterprise_server_user_ids))) for row in read),
    }


def _assert_homes(live: list[Account], rows: list[Row], clouds: list[CloudAccount]) -> None:
    """Each account is in one person, the oracle's; no person has two cloud accounts; each match has its value on both
    sides.
    """
    row_of = {row.pk: row for row in rows}
    listed = [
        oracle.Account(
            a.pk,
            a.key,
            row_of[a.row_id].cloud_account_id if a.row_id in row_of else None,
            a.row_valid,
            tuple(row_of[a.row_id].server_keys) if a.row_id in row_of else (),
        )
        for a in live
    ]
    known = [
        oracle.Cloud(
            c.pk,
            c.login,
            c.database_id,
            tuple(Address.objects.filter(cloud_account=c).values_list("kind", "key")),
        )
        for c in clouds
    ]
    people: dict[int, set[int]] = {}
    for a in live:
        assert a.person_id is not None
        people.setdefault(a.person_id, set()).add(a.pk)
    assert {frozenset(one) for one in people.values()} == oracle.partition(listed, known)
    cloud_of = dict(Person.objects.filter(pk__in=people).values_list("pk", "cloud_account_id"))
    held = [cloud for cloud in cloud_of.values() if cloud]
    assert len(held) == len(set(held)), "a cloud account in two persons"
    for a, one in zip(live, listed, strict=True):
        assert cloud_of[a.person_id or 0] == oracle.home(one, listed, known)[1]
        assert a.rule_value in {"", a.key}
        if a.rule in (*IDENTITY_KINDS, VERIFIED_EMAIL):
            values_there = next(c.values for c in known if c.id == cloud_of[a.person_id or 0])
            assert (a.rule, a.rule_value) in values_there


def _write() -> None:
    """Keep what a long run tried."""
    asked = sum(count for name, count in tried.items() if name != "worlds")
    when = f"{datetime.now(UTC):%d %b %Y}"
    lines = [
        "# One number in any world",
        "",
        f"`make worlds`, {when}: {tried['worlds']:,} made-up enterprises (servers, GitHub's report, both contracts,",
        "with and without a token) were published. Their totals and people were the same at every door, and every",
        f"account was in the one person the oracle gives it. Doors asked: {asked:,} times. Differences: **0**.",
        "",
        "| door | asked |",
        "|---|--:|",
        *(f"| {name} | {count:,} |" for name, count in tried.items() if name != "worlds"),
    ]
    PROOF.write_text("\n".join(lines) + "\n")
