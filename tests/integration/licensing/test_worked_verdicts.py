"""Each verdict as a worked example: what GitHub's row says, what the server says, who is named and by how much."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity, LicenseRow, ServerAccount, ServerSyncStatus
from licensing import bridge
from licensing.models import Account, BridgeItem
from licensing.models import LicenseRow as Row
from licensing.usecases import github_status
from tests.integration.api.caller import READ, V1, Script, token
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
# GitHub read Osaka after everything here, Tokyo long before, and Nagoya never.
TOKYO, OSAKA, NAGOYA = (f"ghe-{name}.octo.example" for name in ("tokyo", "osaka", "nagoya"))
SYNCED = [
    ServerSyncStatus("t", TOKYO, datetime(2020, 1, 1, tzinfo=UTC), "success", ""),
    ServerSyncStatus("o", OSAKA, datetime(2035, 1, 1, tzinfo=UTC), "success", ""),
    ServerSyncStatus("n", NAGOYA, None, "never", ""),
]


def of(name: str, number: int, **facts: bool) -> ServerAccount:
    return drive.account(number, f"{name}@octo.example", name, **facts)


def alone(name: str, *ids: str) -> LicenseRow:
    return drive.row("", ids, [f"{name}@octo.example"])


ROWS = [
    drive.row("agreed", [f"{TOKYO}:1"], ["agreed@octo.example"]),
    drive.row("unseen", [f"{TOKYO}:2"], ["unseen@octo.example"]),
    drive.row("split", [f"{TOKYO}:3"], ["split@octo.example"]),
    drive.row("joins"),
    alone("joins", f"{TOKYO}:4"),
    alone("leaves", f"{TOKYO}:6"),
    alone("alone", f"{TOKYO}:7"),
    drive.row("conflict", [f"{TOKYO}:8"], ["conflict@octo.example"]),
    drive.row("other"),
    drive.row("", [f"{TOKYO}:10", f"{OSAKA}:10"], ["part-a@octo.example", "part-b@octo.example"]),
    drive.row("late"),
    alone("late", f"{OSAKA}:11"),
    alone("counted", f"{OSAKA}:12"),
    alone("retired", "ghe-old.octo.example:1"),
    alone("earlier", f"{OSAKA}:14"),
    drive.row("", [f"{TOKYO}:17", f"{TOKYO}:18"], ["two@octo.example"]),
]
IDENTITIES = [
    Identity("agreed", SAML_NAME_ID, "agreed@octo.example"),
    Identity("joins", SAML_NAME_ID, "joins@octo.example"),
    Identity("other", SAML_NAME_ID, "conflict@octo.example"),
    Identity("late", SAML_NAME_ID, "late@octo.example"),
]
# By server and number: the verdict of PRODUCT §2.
VERDICTS = {
    (TOKYO, 1): "agreed",
    (TOKYO, 2): "joined_unseen",
    (TOKYO, 3): "may_split",
    (TOKYO, 4): "will_join",
    (TOKYO, 5): "new_since",
    (TOKYO, 6): "gone_since",
    (TOKYO, 7): "alone",
    (TOKYO, 8): "conflict",
    (TOKYO, 10): "will_part",
    (OSAKA, 10): "will_part",
    (OSAKA, 11): "should_have_joined",
    (OSAKA, 12): "gone_but_counted",
    (NAGOYA, 13): "never_received",
    (OSAKA, 14): "other_account",
    (OSAKA, 15): "not_counted",
    (TOKYO, 16): "new_since",
    (TOKYO, 17): "alone",
    (TOKYO, 18): "gone_since",
}


@pytest.fixture
def world(octo: Enterprise) -> Enterprise:
    tokyo, osaka, nagoya = (drive.server(octo, host) for host in (TOKYO, OSAKA, NAGOYA))
    parts = [of("part-a", 10), of("part-b", 10)]
    before = [of("split", 3), of("leaves", 6)]
    two = [drive.account(n, "two@octo.example", f"two-{n}") for n in (17, 18)]
    drive.read_server(tokyo, [*before, parts[0], *two])
    github_status.keep(enterprise=octo, found=SYNCED)
    now = [of(name, n) for name, n in (("agreed", 1), ("unseen", 2), ("joins", 4), ("new", 5), ("alone", 7))]
    moved = drive.account(3, "moved@octo.example", "split")
    rest = [moved, of("leaves", 6, suspended=True), of("conflict", 8), parts[0]]
    again = drive.account(16, "agreed@octo.example", "agreed-again")
    drive.read_server(tokyo, [*now, *rest, again, two[0], replace(two[1], suspended=True)])
    free = [of("counted", 12, suspended=True), of("free", 15, suspended=True)]
    drive.read_server(osaka, [parts[1], of("late", 11), of("fresh", 14), *free])
    drive.read_server(nagoya, [of("never", 13)])
    drive.read_cloud(octo, ROWS, IDENTITIES)
    octo.refresh_from_db()
    drive.assert_sound(octo)
    return octo


def test_every_account_has_its_verdict(world: Enterprise) -> None:
    live = Account.objects.filter(enterprise=world, ended_edition=None).select_related("server")
    assert {(one.server.host, one.remote_user_id): one.verdict for one in live} == VERDICTS
    assert Row.objects.get(accounts__host="ghe-old.octo.example").verdict == "unknown_server"


def test_the_bridge_names_everybody_and_sums_exactly(world: Enterprise, manager: Client) -> None:
    """+1 new, +1 never received, −1 gone, −1 joins, and one row of two accounts that part: +1.

    An earlier account with a number that somebody else has now: its license goes, theirs comes.
    """
    numbers = bridge.of(world)
    deltas = {line.key: line.value for line in numbers.changes}
    assert deltas == {"new_since": 1, "never_received": 1, "gone_since": -2, "will_join": -1, **AT_GITHUB}
    assert numbers.counted is not None
    assert numbers.counted + sum(value or 0 for value in deltas.values()) == numbers.expected
    page = manager.get("/enterprises/octo/licensing/difference").content.decode()
    assert all(f">{name}<" in page for name in ("new", "never", "leaves", "Joins", "part-b"))
    assert "Not explained" in page


# What of Osaka GitHub should have seen already, and did not: by our count one license each less.
AT_GITHUB = {"will_part": 1, "should_have_joined": -1, "gone_but_counted": -1, "other_account": 1}


def test_an_effect_is_nothing_where_the_license_is_another_s(world: Enterprise) -> None:
    """Who came and joins somebody, who went and whose row holds another account that stays: 0 each."""
    for number, verdict in ((16, "new_since"), (18, "gone_since")):
        account = Account.objects.get(enterprise=world, server__host=TOKYO, remote_user_id=number)
        assert account.verdict == verdict
        assert not BridgeItem.objects.filter(people=account.person_id).exists()


def test_a_server_github_never_synced_is_named(world: Enterprise, manager: Client) -> None:
    (line,) = [one for one in bridge.of(world).changes if one.key == "never_received"]
    assert line.label == "GitHub has never synced ghe-nagoya"
    kobe = drive.server(world, "ghe-kobe.octo.example")
    github_status.keep(enterprise=world, found=[*SYNCED, ServerSyncStatus("k", kobe.host, None, "never", "")])
    drive.read_server(kobe, [of("kobe-1", 1), of("kobe-2", 2)])
    page = manager.get("/enterprises/octo/licensing/difference").content.decode()
    assert "GitHub has never synced ghe-kobe (2), ghe-nagoya (1)" in page


def test_who_may_not_consume_has_a_line_of_its_own(world: Enterprise, manager: Client) -> None:
    """Created ahead and never signed in, or without an email: counted until GitHub has spoken, and said."""
    nagoya = Server.objects.get(host=NAGOYA)
    idle = [drive.account(n, f"idle-{n}@octo.example", never_active=True) for n in (20, 21)]
    drive.read_server(nagoya, [of("never", 13), *idle, drive.account(22, "", "robot")])
    numbers = bridge.of(world)
    (line,) = [one for one in numbers.changes if one.key == "never_received"]
    assert (line.value, [(part.key, part.value) for part in line.parts]) == (
        4,
        [("never_active_unsynced", 2), ("no_email", 1)],
    )
    assert numbers.counted is not None
    assert numbers.counted + sum(one.value or 0 for one in numbers.changes) == numbers.expected
    told = Script(token(world, [READ])).json(f"{V1}/bridge")["lines"]
    assert [(part["key"], part["people"]) for one in told for part in one["parts"]] == [
        ("never_active_unsynced", 2),
        ("no_email", 1),
    ]
    page = manager.get("/enterprises/octo/licensing/difference").content.decode()
    assert "Never signed in; until GitHub has synced the server it is taken to consume" in page
    found = manager.get(line.parts[0].href)
    assert "2 of " in found.content.decode()


def test_totals_are_the_same_everywhere(world: Enterprise, manager: Client) -> None:
    numbers, where = bridge.of(world), "/enterprises/octo/licensing"
    assert numbers.expected == drive.totals(world)["expected"]
    for view, total in (("github", numbers.read), ("expected", numbers.expected)):
        told = json.loads(manager.get(f"{where}/consumed.json", {"view": view}).getvalue())
        rows = (
            manager.get(f"{where}/consumed.csv", {"view": view}).getvalue().decode("utf-8-sig").splitlines()
        )
        assert (len(told["users"]), told["users_listed"], len(rows) - 2) == (total, total, total)
        assert told["console"]["expected"] == numbers.expected
        assert manager.get(f"{where}/consumed", {"view": view}).context["bridge"].expected == numbers.expected
    as_of = json.loads(manager.get(f"{where}/consumed.json", {"as_of": "2999-01-01"}).getvalue())
    assert (as_of["expected"], len(as_of["users"])) == (numbers.expected, numbers.expected)
