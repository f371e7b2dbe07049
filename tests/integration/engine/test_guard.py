"""What is held, through the doors: nothing changes until an owner says so, and only what was seen (ENGINEERING §8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ghconnect.models import AuditEvent, Enterprise, Server, User
from ghconnect.records import SAML_NAME_ID, Identity, LicenseRow, ServerAccount
from ghconnect.usecases import connect, features
from licensing import diffs
from licensing.models import Account, CloudPicture, GitHubSync, ServerPicture, SyncRun
from licensing.models import LicenseRow as Row
from licensing.usecases import held, runs, sync
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State = SyncRun.State
HOST = "ghe-a.example.com"
CREATED = datetime(2024, 1, 2, tzinfo=UTC)


def people(numbers: Iterable[int], **facts: Any) -> list[ServerAccount]:
    return [drive.account(n, f"u{n}@x.example", created_at=CREATED, **facts) for n in numbers]


WHOLE = people(range(1, 41))


@pytest.fixture
def of() -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    """A server with a picture of forty accounts."""
    made = drive.server(of, HOST)
    drive.read_server(made, WHOLE)
    return made


@pytest.fixture
def mona(db: None) -> User:
    return User.objects.create_user("mona@x.example", "mona")


def read(server: Server, accounts: Iterable[ServerAccount]) -> SyncRun:
    return drive.read_server(server, accounts, publish=False)


def keys(run: SyncRun) -> list[str]:
    return [hold["key"] for hold in run.holds]


def numbers() -> dict[str, list[Any]]:
    """Everything that anybody counts by; without what is staged and what was received."""
    found = drive.everything()
    return {
        name: rows
        for name, rows in found.items()
        if not name.startswith("Staged") and name not in ("RunChunk", "AuditEvent", "ServerPicture")
    }


def publish(run: SyncRun, by: User, removes: int) -> SyncRun:
    held.publish(run=run, by=by, removes=removes)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    return done


def live(server: Server) -> set[int]:
    found = Account.objects.filter(server=server, ended_edition=None)
    return set(found.values_list("remote_user_id", flat=True))


# --- what is held ------------------------------------------------------------------------------------------

OTHER_TIME = datetime(2025, 1, 2, tzinfo=UTC)
HELD = {
    "more gone than the limit": (WHOLE[6:], ["stop_consuming"]),
    "more suspended than the limit": (people(range(1, 7), suspended=True) + WHOLE[6:], ["stop_consuming"]),
    "more never active": (people(range(1, 7), never_active=True) + WHOLE[6:], ["stop_consuming"]),
    "gone, suspended and never active together": (
        people([3, 4], suspended=True) + people([5, 6], never_active=True) + WHOLE[6:],
        ["stop_consuming"],
    ),
    "an empty report": ([], ["empty", "stop_consuming"]),
    "a block at the end": (WHOLE[:35], ["missing_block"]),
    "a long block at the end": (WHOLE[:34], ["stop_consuming", "missing_block"]),
    "addresses lost": ([replace(a, email="") for a in WHOLE[:21]] + WHOLE[21:], ["keys_changed"]),
    "addresses changed": (
        [replace(a, email=f"new-{a.email}") for a in WHOLE[:21]] + WHOLE[21:],
        ["keys_changed"],
    ),
    "created at other times": (
        [replace(a, created_at=OTHER_TIME) for a in WHOLE[:1]] + WHOLE[1:],
        ["recreated"],
    ),
}
PUBLISHED = {
    "as many gone as the limit": WHOLE[5:],
    "four at the end": WHOLE[:36],
    "five, but not at the end": [*WHOLE[:34], WHOLE[39]],
    "suspended people who stay so": WHOLE,
    "addresses changed up to the limit": [replace(a, email=f"new-{a.email}") for a in WHOLE[:20]]
    + WHOLE[20:],
    "more accounts": WHOLE + people(range(41, 141)),
    "creation times that are not told": [replace(a, created_at=None) for a in WHOLE],
}


@pytest.mark.parametrize(("accounts", "why"), HELD.values(), ids=HELD)
def test_is_held_and_changes_nothing(server: Server, accounts: list[ServerAccount], why: list[str]) -> None:
    before = numbers()
    run = read(server, accounts)
    assert (run.state, keys(run)) == (State.HELD, why)
    assert numbers() == before
    picture = ServerPicture.objects.get(server=server)
    assert picture.last_contact is not None
    assert picture.last_success is not None
    assert picture.last_contact > picture.last_success
    assert AuditEvent.objects.filter(action="license_sync.held").exists()


@pytest.mark.parametrize("accounts", PUBLISHED.values(), ids=PUBLISHED)
def test_is_published(server: Server, accounts: list[ServerAccount]) -> None:
    assert read(server, accounts).state in SyncRun.GOOD
    assert live(server) == {a.remote_user_id for a in accounts}


def test_the_enterprise_sets_a_higher_limit(of: Enterprise, server: Server) -> None:
    Enterprise.objects.filter(pk=of.pk).update(hold_limit=6)
    server.refresh_from_db()
    assert read(server, WHOLE[6:]).state == State.PUBLISHED


def test_two_percent_is_the_limit_of_a_large_server(of: Enterprise) -> None:
    large = drive.server(of, "ghe-large.example.com")
    drive.read_server(large, people(range(500)))
    assert read(large, people(range(11, 500))).state == State.HELD
    assert read(large, people(range(10, 500))).state == State.PUBLISHED


def test_a_first_picture_is_never_held(of: Enterprise) -> None:
    assert read(drive.server(of, HOST), people(range(1, 5), suspended=True)).state == State.PUBLISHED


def test_a_first_report_without_anybody_is_held(of: Enterprise) -> None:
    run = read(drive.server(of, HOST), [])
    assert (run.state, keys(run)) == (State.HELD, ["empty"])


def test_a_server_that_github_knows_by_another_id_is_held(of: Enterprise) -> None:
    """Also its first picture: it may be another server's."""
    made = drive.server(of, HOST, server_id="ours")
    GitHubSync.objects.create(
        enterprise=of, server=made, host=HOST, instance_id="theirs", first_seen_at=CREATED, checked_at=CREATED
    )
    run = read(made, WHOLE)
    assert (run.state, keys(run)) == (State.HELD, ["other_server"])
    assert run.holds[0]["params"] == {"host": HOST, "a": "ours", "b": "theirs"}


def test_the_end_is_that_of_the_reports_own_order(server: Server) -> None:
    """Accounts that came later stand after all others; what joins in the middle does not hide a cut."""
    read(server, WHOLE + people(range(41, 51)))
    run = read(server, people(range(1, 46)))
    assert (run.state, keys(run)) == (State.HELD, ["missing_block"])


@pytest.mark.parametrize("by_login", [False, True], ids=["by id", "by login"])
def test_a_cut_is_seen_whatever_the_report_is_ordered_by(of: Enterprise, by_login: bool) -> None:
    made = drive.server(of, HOST)

    def ordered(numbers: Iterable[int]) -> list[ServerAccount]:
        found = [replace(a, login=f"u{a.remote_user_id * 7919 % 1000:03}") for a in people(numbers)]
        return sorted(found, key=lambda a: a.login) if by_login else found

    read(made, ordered(range(1, 101)))
    read(made, ordered(range(1, 111)))
    assert keys(read(made, ordered(range(1, 111))[:-5])) == ["missing_block"]


# --- the licenses at stake ---------------------------------------------------------------------------------


def test_says_how_many_licenses_would_be_released(of: Enterprise, server: Server) -> None:
    """Of eight that go: two are in the cloud, one goes on elsewhere on this server, one on another server."""
    drive.read_server(drive.server(of, "ghe-b.example.com"), [drive.account(1, "u3@x.example")])
    drive.read_server(server, [*WHOLE, drive.account(50, "u4@x.example", created_at=CREATED)])
    drive.read_cloud(
        of,
        [drive.row("ann", [f"{HOST}:1"], ["u1@x.example"]), drive.row("bob")],
        [Identity("bob", SAML_NAME_ID, "u2@x.example")],
    )
    run = read(server, [*WHOLE[8:], drive.account(50, "u4@x.example", created_at=CREATED)])
    assert (run.state, run.counts["gone"], run.counts["releases"]) == (State.HELD, 8, 4)
    before = drive.totals(of)["expected"]
    publish(run, User.objects.create_user("m@x.example", "m"), 8)
    assert drive.totals(of)["expected"] == before - 4


@pytest.mark.parametrize("login", ["ann", ""])
@pytest.mark.parametrize("suspended", [True, False])
def test_a_license_that_github_lists_elsewhere_is_not_at_stake(
    of: Enterprise, server: Server, login: str, suspended: bool
) -> None:
    """Somebody in no organization, also of a server not read here: GitHub's row goes on counting that one."""
    ids = [f"{HOST}:1", "ghe-unknown.example.com:1"]
    drive.read_cloud(of, [drive.row(login, ids, ["u1@x.example"], github_com_member_roles=())])
    left = people(range(1, 7), suspended=True) if suspended else []
    run = read(server, [*left, *WHOLE[6:]])
    assert (run.state, run.counts["releases"]) == (State.HELD, 5)
    before = drive.totals(of)["expected"]
    publish(run, User.objects.create_user("m@x.example", "m"), 6)
    assert drive.totals(of)["expected"] == before - 5


# --- an owner's word ---------------------------------------------------------------------------------------


def test_an_owner_publishes_what_was_seen(server: Server, mona: User) -> None:
    run = publish(read(server, WHOLE[6:]), mona, removes=6)
    assert (run.state, run.decided_by_login, run.counts["gone"]) == (State.PUBLISHED, "mona", 6)
    assert live(server) == {a.remote_user_id for a in WHOLE[6:]}
    assert AuditEvent.objects.get(action="license_sync.publish_held").actor_login == "mona"


def test_the_number_to_confirm_is_that_of_the_accounts_listed(of: Enterprise, mona: User) -> None:
    """Ten go that consume nothing, eight others are suspended: eighteen accounts, eight of them with a license."""
    made = drive.server(of, HOST)
    read(made, people(range(1, 21)) + people(range(21, 41), suspended=True))
    left = people(range(1, 9), suspended=True) + people(range(9, 21)) + people(range(21, 31), suspended=True)
    run = read(made, left)
    assert (run.counts["gone"], run.counts["stopping"], diffs.losing(run).count()) == (10, 8, 18)
    with pytest.raises(held.OtherDiff):
        held.publish(run=run, by=mona, removes=10)
    assert publish(run, mona, removes=18).state == State.PUBLISHED


@pytest.mark.parametrize("removes", [0, 5, 7, -6])
def test_another_number_is_refused(server: Server, mona: User, removes: int) -> None:
    run, before = read(server, WHOLE[6:]), numbers()
    with pytest.raises(held.OtherDiff):
        held.publish(run=run, by=mona, removes=removes)
    run.refresh_from_db()
    assert (run.state, run.decided_by_login, numbers()) == (State.HELD, "", before)


REMADE = [replace(a, created_at=CREATED.replace(year=2026)) for a in WHOLE]


def test_a_recreated_server_whose_accounts_are_the_same(server: Server, mona: User) -> None:
    """Restored or copied: each account goes on, with its person, and takes its new time of creation."""
    rows = Account.objects.filter(server=server, ended_edition=None)
    before, run = set(rows.values_list("pk", "person_id")), read(server, REMADE)
    assert keys(run) == ["recreated"]
    with pytest.raises(held.Unanswered):
        held.publish(run=run, by=mona, removes=0)
    held.publish(run=run, by=mona, removes=0, answer="same")
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert (done.state, done.counts["changed"], done.counts["gone"]) == (State.PUBLISHED, 40, 0)
    assert set(rows.values_list("pk", "person_id")) == before
    assert rows.values("remote_created_at").distinct().count() == 1
    assert read(server, REMADE).state == State.UNCHANGED
    assert AuditEvent.objects.get(action="license_sync.publish_held").data["answer"] == "same"


def test_a_recreated_server_that_is_a_new_instance(server: Server, mona: User) -> None:
    """Reinstalled: all old accounts leave, also those whose time is not told; nobody comes back as an old one."""
    rows = Account.objects.filter(server=server, ended_edition=None)
    before = set(rows.values_list("pk", flat=True))
    run = read(server, [*REMADE[:30], *WHOLE[30:]])
    with pytest.raises(held.OtherDiff):
        held.publish(run=run, by=mona, removes=0, answer="new")
    held.publish(run=run, by=mona, removes=40, answer="new")
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert (done.state, done.counts["recreated"], done.counts["added"]) == (State.PUBLISHED, 40, 40)
    after = set(rows.values_list("pk", flat=True))
    assert (len(after), after & before) == (40, set())
    drive.assert_sound(server.enterprise)
    assert read(server, [*REMADE[:30], *WHOLE[30:]]).state == State.UNCHANGED


def test_a_run_that_does_not_ask_takes_no_answer(server: Server, mona: User) -> None:
    with pytest.raises(held.Unanswered):
        held.publish(run=read(server, WHOLE[6:]), by=mona, removes=6, answer="same")


def test_an_owner_discards(server: Server, mona: User) -> None:
    run, before = read(server, WHOLE[6:]), numbers()
    held.discard(run=run, by=mona)
    run.refresh_from_db()
    assert (run.state, run.decided_by_login, numbers()) == (State.DISCARDED, "mona", before)
    with pytest.raises(held.NotHeld):
        held.discard(run=run, by=mona)
    with pytest.raises(held.NotHeld):
        held.publish(run=run, by=mona, removes=6)
    assert sync.perform(run_id=run.pk) is None


def test_a_later_run_takes_the_place_of_a_held_one(server: Server, mona: User) -> None:
    run = read(server, WHOLE[6:])
    read(server, [*WHOLE, *people([41])])
    run.refresh_from_db()
    assert run.state == State.SUPERSEDED
    with pytest.raises(held.NotHeld):
        held.publish(run=run, by=mona, removes=6)


def test_a_held_run_does_not_block_and_a_later_held_one_leaves_it(server: Server) -> None:
    first, second = read(server, WHOLE[6:]), read(server, WHOLE[7:])
    first.refresh_from_db()
    assert (first.state, second.state) == (State.HELD, State.HELD)


@pytest.fixture
def pull(of: Enterprise) -> SyncRun:
    """A held pull that would take six of forty accounts."""
    made = drive.pulled(of, "ghe-p.example.com")
    drive.read_server(made, WHOLE)
    run = sync.perform(run_id=drive.fetched(SyncRun.objects.get(server=made, way="pull"), WHOLE[6:]).pk)
    assert run is not None
    assert run.counts["gone"] == 6
    return run


def test_asks_again_when_the_picture_moved_in_between(pull: SyncRun, mona: User) -> None:
    """The owner saw six go; when a worker comes it would be seven."""
    assert pull.server is not None
    held.publish(run=pull, by=mona, removes=6)
    read(pull.server, [*WHOLE, *people([41])])
    before = numbers()
    again = sync.perform(run_id=pull.pk)
    assert again is not None
    assert (again.state, again.counts["gone"], again.decided_by_login) == (State.HELD, 7, "")
    assert numbers() == before
    assert publish(again, mona, 7).state == State.PUBLISHED


def test_asks_again_when_others_would_go(pull: SyncRun, mona: User) -> None:
    """Six accounts as before, but now one of these people keeps a license by another server."""
    assert pull.counts["releases"] == 6
    drive.read_server(drive.server(pull.enterprise, HOST), [drive.account(1, "u1@x.example")])
    held.publish(run=pull, by=mona, removes=6)
    again = sync.perform(run_id=pull.pk)
    assert again is not None
    assert (again.state, again.counts["gone"], again.counts["releases"]) == (State.HELD, 6, 5)


def test_publishing_asks_the_gate_first_and_says_why(pull: SyncRun, mona: User) -> None:
    """Else the run would end cancelled, and nobody would know why."""
    assert pull.server is not None
    features.switch(server=pull.server, key=runs.KEY, enabled=False, by=mona)
    with pytest.raises(runs.GateClosed, match="sync_disabled"):
        held.publish(run=pull, by=mona, removes=6)
    connect.disable(server=pull.server, by=mona)
    pull.refresh_from_db()
    with pytest.raises(runs.GateClosed, match="connect_off"):
        held.publish(run=SyncRun.objects.get(pk=pull.pk), by=mona, removes=6)
    pull.refresh_from_db()
    assert (pull.state, pull.decided_by_login) == (State.HELD, "")


def test_does_not_ask_again_when_nothing_is_left_to_ask(pull: SyncRun, mona: User) -> None:
    assert pull.server is not None
    held.publish(run=pull, by=mona, removes=6)
    read(pull.server, WHOLE[3:])
    done = sync.perform(run_id=pull.pk)
    assert done is not None
    assert (done.state, done.counts["gone"]) == (State.PUBLISHED, 3)


# --- the cloud side ----------------------------------------------------------------------------------------

ROWS = [drive.row(f"user{n}", [f"{HOST}:{n}"], [f"u{n}@x.example"]) for n in range(1, 41)]
IDENTITIES = [Identity(f"user{n}", SAML_NAME_ID, f"u{n}@x.example") for n in range(1, 41)]


def without_joins(rows: Iterable[LicenseRow]) -> list[LicenseRow]:
    return [
        replace(r, enterprise_server_user_ids=(), enterprise_server_user=False, total_user_accounts=1)
        for r in rows
    ]


CLOUD = {
    "rows": (ROWS[21:], IDENTITIES, ["rows_fell", "joins_fell"]),
    "joins": (without_joins(ROWS[:21]) + ROWS[21:], IDENTITIES, ["joins_fell"]),
    "identities": (ROWS, IDENTITIES[21:], ["identities_fell"]),
}


@pytest.mark.parametrize(("rows", "identities", "why"), CLOUD.values(), ids=CLOUD)
def test_what_github_lists_falls_and_is_held(
    of: Enterprise, server: Server, rows: list[LicenseRow], identities: list[Identity], why: list[str]
) -> None:
    drive.read_cloud(of, ROWS, IDENTITIES)
    before = Row.objects.count(), drive.partition(of), drive.bridge(of), drive.totals(of)
    run = drive.read_cloud(of, rows, identities, publish=False)
    assert (run.state, keys(run)) == (State.HELD, why)
    assert (Row.objects.count(), drive.partition(of), drive.bridge(of)) == before[:3]
    after = drive.totals(of)
    assert (after["expected"], after["read_as_counted"]) == (40, 40)
    # What GitHub counts is its own statement: shown at once, and the rest is said to be unexplained.
    assert CloudPicture.objects.get().consumed == after["counted"] == len(rows)
    assert after["unexplained"] == len(rows) - 40


def test_a_small_fall_is_published(of: Enterprise, server: Server) -> None:
    drive.read_cloud(of, ROWS, IDENTITIES)
    assert drive.read_cloud(of, ROWS[20:], IDENTITIES[20:], publish=False).state == State.PUBLISHED
    assert drive.totals(of)["read_as_counted"] == 20


def test_an_owner_publishes_a_held_cloud_run(of: Enterprise, server: Server, mona: User) -> None:
    drive.read_cloud(of, ROWS, IDENTITIES)
    run = drive.read_cloud(of, ROWS[21:], IDENTITIES[21:], publish=False)
    with pytest.raises(held.OtherDiff):
        held.publish(run=run, by=mona, removes=20)
    assert publish(run, mona, 21).state == State.PUBLISHED
    assert Row.objects.count() == 19
    drive.assert_sound(of)
