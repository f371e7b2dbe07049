"""One number in any world: made-up enterprises are published, then every door that tells the count is asked.

What holds of every world (issue "Who holds a license, and why", Proof), and where it is tried against a slow oracle:

* each account is in exactly one person, and no two cloud accounts are merged: here, of what was published, and
  `tests/unit/rules/test_matching.py`, of the rules; the oracle of both is `tests/unit/rules/oracle.py`
* who consumes a license, and so the number itself, follows from what GitHub and the servers told, by definition: here;
  the oracle is `tests/unit/rules/oracle_licenses.py`, which knows nothing of what was published
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
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as console
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.extra.django import TestCase

from ghconnect.models import Enterprise, Role
from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL
from licensing.bridge import LINES, line_words
from licensing.models import Account, Address, BridgeItem, CloudAccount, Edition, Person
from licensing.models import LicenseRow as Row
from tests.integration.api.caller import Script, token
from tests.integration.engine import drive
from tests.unit.rules import oracle, oracle_licenses

from .conftest import signed_in
from .doors import Doors
from .worlds import World, known, published, worlds

pytestmark = pytest.mark.rows
WORLDS = int(os.environ.get("GHCONNECT_WORLDS", "2"))
PROOF = console.BASE_DIR / "docs/proof/worlds.md"
tried: Counter[str] = Counter()
kinds: Counter[str] = Counter()


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
        _assert_by_definition(of, known(world), truth)
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
        kinds.update(_kinds_of(world))

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


def _assert_by_definition(of: Enterprise, told: oracle_licenses.Told, truth: dict[str, Any]) -> None:
    """Who holds a license is what the oracle says of what was told, without a look at what was published."""
    people = oracle_licenses.people(told)
    live = Account.objects.filter(enterprise=of, ended_edition=None).select_related("server")
    uses = {(a.server.host, a.remote_user_id): a.consumes for a in live}
    assert uses == {place: oracle_licenses.account_consumes(place, told) for place in told.accounts}
    places: dict[int, set[tuple[str, int]]] = {}
    for a in live:
        places.setdefault(a.person_id or 0, set()).add((a.server.host, a.remote_user_id))
    found = [
        (sorted(places.get(p.pk, ())), p.cloud_account.login if p.cloud_account else "", p.consumes)
        for p in Person.objects.filter(enterprise=of, ended_edition=None).select_related("cloud_account")
    ]
    # Who has no account, and no license either, is listed nowhere.
    assert sorted(one for one in found if any(one)) == sorted(
        one for p in people if any(one := (sorted(p.places), p.login, p.consumes))
    )
    assert truth["expected"] == sum(p.consumes for p in people)
    assert truth["read"] == sum(oracle_licenses.counted(row, told) for row in told.rows)


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


def _kinds_of(world: World) -> list[str]:
    """Name what a world has that others have not."""
    last = world.reports[-1][0] if world.reports else []
    has = {
        "an enterprise account": world.kind == "enterprise",
        "a single organization": world.kind == "organization",
        "volume contract": world.contract == "volume",
        "metered contract": world.contract == "metered",
        "managed users": world.managed and bool(world.reports),
        "a suspended managed user": world.suspended and bool(world.reports),
        "cloud only, no server": not world.servers,
        "servers only, no token": not world.reports,
        "a pending invitation": any(oracle_licenses.invited(row) for row in last),
        "a subscriber of Visual Studio": any(row.visual_studio_subscription_user for row in last),
        "one whom GitHub does not count": any(
            row.visual_studio_subscription_user and not oracle_licenses.counted(row, known(world))
            for row in last
        ),
        "accounts never active decided by a setting": world.never_active != oracle_licenses.AS_GITHUB,
        "a server that GitHub synced since": any(one.sync == "after" for one in world.servers),
        "a license that GitHub counts and does not list": world.unread > 0 and bool(world.reports),
    }
    return [name for name, so in has.items() if so]


def _write() -> None:
    """Keep what a long run tried."""
    asked = sum(count for name, count in tried.items() if name != "worlds")
    when = f"{datetime.now(UTC):%d %b %Y}"
    lines = [
        "# One number in any world",
        "",
        f"`make worlds`, {when}: {tried['worlds']:,} made-up enterprises were published. Who is one person, who",
        "consumes a license and what GitHub counts of its own rows was what an oracle says, which is asked of what was",
        "told and knows nothing of what was published; and totals and people were the same at every door. Doors asked:",
        f"{asked:,} times. Differences: **0**.",
        "",
        *_table("worlds with | tried", kinds),
        "",
        *_table("door | asked", Counter({name: count for name, count in tried.items() if name != "worlds"})),
    ]
    PROOF.write_text("\n".join(lines) + "\n")


def _table(head: str, found: Counter[str]) -> list[str]:
    return [f"| {head} |", "|---|--:|", *(f"| {name} | {count:,} |" for name, count in found.items())]
