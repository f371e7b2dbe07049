"""From one picture of a server to the next: what an account keeps, what is another, what a file cannot do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ghconnect.models import Enterprise, Server, User
from ghconnect.records import ServerAccount
from ghconnect.usecases import enterprises, servers
from licensing.models import (
    Account,
    Edition,
    LicenseRow,
    Person,
    Recount,
    RowAccount,
    RunChange,
    RunChunk,
    ServerPicture,
    SyncRun,
)
from licensing.rules import formats
from licensing.usecases import recounts, sync, upload
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State = SyncRun.State
HOST = "ghe-a.example.com"
CREATED, LATER = datetime(2024, 1, 2, tzinfo=UTC), datetime(2025, 6, 7, tzinfo=UTC)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANN = drive.account(1, "ann@x.example", "ann", created_at=CREATED)
BOB = drive.account(2, "bob@x.example", "bob", created_at=CREATED)
BOTH = [ANN, BOB]


@pytest.fixture
def of() -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    return drive.server(of, HOST)


@pytest.fixture
def mona() -> User:
    return User.objects.create_user("mona@x.example", "mona")


def file(server: Server, body: bytes, name: str = "all_users.csv", **facts: Any) -> upload.Received:
    return upload.receive(server=server, body=[body], file_name=name, by=None, **facts)


def read(server: Server, *accounts: ServerAccount) -> SyncRun:
    return drive.read_server(server, accounts)


def read_json(server: Server, *users: dict[str, Any]) -> SyncRun:
    got = file(server, json.dumps({"users": users}).encode(), "usage.json")
    done = sync.perform(run_id=got.run.pk)
    assert done is not None
    return done


def live(server: Server, number: int) -> Account:
    return Account.objects.get(server=server, remote_user_id=number, ended_edition=None)


def changes(run: SyncRun) -> list[tuple[str, str, int]]:
    found = RunChange.objects.filter(run=run).order_by("pk")
    logins = dict(Account.objects.values_list("pk", "login"))
    return [(change.kind, logins[change.account_id or 0], change.license) for change in found]


# --- the same content --------------------------------------------------------------------------------------


def test_the_same_content_later_is_a_run_that_changes_nothing(of: Enterprise, server: Server) -> None:
    """It renews contact and success, and nothing else: no edition, no change, no line of history."""
    first = read(server, *BOTH)
    before = drive.everything()
    old = ServerPicture.objects.get(server=server)
    again = read(server, *BOTH)
    assert (again.pk != first.pk, again.state, again.edition) == (True, State.UNCHANGED, None)
    assert again.sha256 == first.sha256
    picture = ServerPicture.objects.get(server=server)
    assert (picture.run_id, picture.last_change) == (again.pk, old.last_change)
    for name in ("last_contact", "last_success", "observed_at"):
        assert getattr(picture, name) > getattr(old, name)
    kept = ("Account", "Person", "Seat", "Match", "Edition", "BridgeItem", "RunChange")
    after = drive.everything()
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_what_was_compared_is_compared_again_where_something_was_published_meanwhile(
    of: Enterprise, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison of the guard holds under the lock for the edition it was made with, and for no other."""
    read(server, *BOTH)

    def meanwhile() -> None:
        drive.read_cloud(of, [drive.row("ann")])
        Account.objects.filter(server=server, remote_user_id=2).update(login="of-that-publication")

    drive.at_point(monkeypatch, "guard:after", meanwhile)
    run = read(server, *BOTH)
    assert (run.state, live(server, 2).login) == (State.PUBLISHED, BOB.login)
    drive.assert_sound(of)


def test_nothing_is_left_staged(server: Server) -> None:
    read(server, *BOTH)
    read(server, *BOTH)
    drive.read_cloud(server.enterprise, [drive.row("ann", [f"{HOST}:1"], ["ann@x.example"])])
    assert {
        name: rows for name, rows in drive.everything().items() if name.startswith("Staged") and rows
    } == {}


def test_the_order_of_a_report_is_no_change(server: Server) -> None:
    read(server, *BOTH)
    assert read(server, *reversed(BOTH)).state == State.UNCHANGED


# --- files that change nothing -----------------------------------------------------------------------------

GOOD = drive.report(BOTH)
BAD: dict[str, bytes] = {
    "cut off": GOOD[:-9],
    "cut in a row": GOOD[:-40] + b"\n",
    "bad boolean": GOOD.replace(b",user,false", b",user,maybe", 1),
    "id twice": GOOD + GOOD.splitlines()[1] + b"\n",
    "no column": GOOD.replace(b",suspended?,", b",suspendet,"),
    "no file of ours": b"hello\n",
    "empty": b"",
    "not text": GOOD.replace(b"ann@", b"\xff@"),
    "json cut off": b'{"users": [{"remoteUserId": 1, "login": "a", "emails": [], "suspended": false}',
    "json that holds another number": b'{"totalCount": 2, "users": [{"remoteUserId": 1, "login": "a",'
    b' "emails": [], "suspended": false}]}',
    "gzip cut off": gzip.compress(GOOD)[:-6],
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_file_changes_nothing_and_leaves_nothing(server: Server, body: bytes) -> None:
    read(server, *BOTH)
    before = drive.everything(), SyncRun.objects.count()
    with pytest.raises(formats.BadFile):
        file(server, body)
    assert (drive.everything(), SyncRun.objects.count()) == before


def test_a_large_file_that_breaks_off_leaves_no_chunk(server: Server) -> None:
    """Several chunks were written by then."""
    people = (drive.account(n, f"{n:x}@{n * 7919:x}.example") for n in range(150_000))

    def body() -> Iterator[bytes]:
        yield from drive.report(people).splitlines(keepends=True)
        assert RunChunk.objects.exists()
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        upload.receive(server=server, body=body(), file_name="all_users.csv", by=None)
    assert not RunChunk.objects.exists()
    assert not SyncRun.objects.exists()


def test_an_encrypted_export_tells_of_the_server_and_nothing_of_people(server: Server) -> None:
    export = {"hostname": HOST, "server_id": "x", "version": "3.19.2", "license": {}, "users": "bm90aGluZw=="}
    with pytest.raises(upload.EncryptedExport) as caught:
        file(server, json.dumps(export).encode(), "usage.json")
    assert (caught.value.facts.host, caught.value.facts.version) == (HOST, "3.19.2")
    assert (RunChunk.objects.count(), SyncRun.objects.count()) == (0, 0)


def test_gzip_is_unpacked(server: Server) -> None:
    got = file(server, gzip.compress(GOOD), "all_users.csv.gz")
    assert (got.accounts, got.format) == (2, "all_users_csv")
    assert file(server, GOOD).run == got.run  # the same content, packed or not


def test_a_file_older_than_the_picture_is_refused(server: Server) -> None:
    sync.perform(run_id=file(server, GOOD, observed_at=NOON).run.pk)
    before = drive.everything()
    with pytest.raises(upload.OlderFile) as caught:
        file(server, drive.report([ANN]), observed_at=NOON - timedelta(seconds=1))
    assert (caught.value.ours - caught.value.theirs) == timedelta(seconds=1)
    assert drive.everything() == before
    assert file(server, drive.report([ANN]), observed_at=NOON).made
    assert file(server, drive.report([BOB])).made  # of unknown age


@pytest.mark.parametrize("known", [True, False])
def test_a_pulled_report_older_than_the_picture_changes_nothing(of: Enterprise, known: bool) -> None:
    """A server may answer with a report it made before the file that was uploaded since (PRODUCT §3, 4)."""
    server = drive.pulled(of, HOST)
    run = SyncRun.objects.get(server=server)
    sync.perform(run_id=file(server, GOOD, observed_at=NOON).run.pk)
    before = drive.totals(of), drive.partition(of), ServerPicture.objects.get().observed_at
    drive.fetched(run, [replace(ANN, email="old@x.example"), BOB])
    SyncRun.objects.filter(pk=run.pk).update(observed_at=NOON - timedelta(days=1), age_known=known)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    if not known:
        assert done.state == State.PUBLISHED
        return
    assert (done.state, done.error_key) == (State.WAITING, "older_file")
    assert (drive.totals(of), drive.partition(of), ServerPicture.objects.get().observed_at) == before
    assert not done.fetch_complete  # it is fetched anew


# --- what an account keeps ---------------------------------------------------------------------------------

HIDDEN = replace(BOB, login="9f8e7d6c", email="9f8e7d6c@obfuscated.example", suspended=True)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_suspended_account_keeps_its_good_names(server: Server, times: int) -> None:
    """SCIM hides login and email of whoever is suspended, in every report from then on (PRODUCT §3, 6)."""
    read(server, *BOTH)
    row = live(server, 2)
    for n in range(times):
        hidden = replace(HIDDEN, login=f"{HIDDEN.login}{n}", email=f"{n}{HIDDEN.email}")
        read(server, ANN, hidden)
    kept = live(server, 2)
    assert (kept.pk, kept.login, kept.email, kept.key) == (row.pk, "bob", "bob@x.example", "bob@x.example")
    assert (kept.suspended, kept.consumes, kept.person_id) == (True, False, row.person_id)


def test_somebody_let_in_again_has_what_the_report_says(server: Server) -> None:
    read(server, *BOTH)
    read(server, ANN, HIDDEN)
    read(server, ANN, replace(BOB, login="bobby", email="bobby@x.example"))
    assert (live(server, 2).login, live(server, 2).consumes) == ("bobby", True)


@pytest.mark.parametrize("change", [{"login": "bobby"}, {"email": "bobby@x.example"}])
def test_one_name_alone_may_change_with_a_suspension(server: Server, change: dict[str, Any]) -> None:
    read(server, *BOTH)
    read(server, ANN, replace(BOB, suspended=True, **change))
    kept = live(server, 2)
    assert {name: getattr(kept, name) for name in change} == change


def test_what_a_format_does_not_know_keeps_its_last_value(server: Server) -> None:
    read(server, ANN, replace(BOB, dormant=True, site_admin=True))
    email = {"email": "bob@x.example", "isPrimary": True}
    ann = {
        "remoteUserId": 1,
        "login": "ann",
        "emails": [{**email, "email": "ann@x.example"}],
        "suspended": False,
    }
    bob = {"remoteUserId": 2, "login": "bob", "emails": [email], "suspended": False}
    assert read_json(server, ann, bob).state == State.UNCHANGED
    kept = live(server, 2)
    assert (kept.dormant, kept.site_admin, kept.never_active) == (True, True, False)
    assert kept.remote_created_at == CREATED
    assert read_json(server, ann, {**bob, "dormant": False}).state == State.PUBLISHED
    kept = live(server, 2)
    assert (kept.dormant, kept.site_admin) == (False, True)


def test_a_fact_that_becomes_known_is_kept(server: Server) -> None:
    read_json(server, {"remoteUserId": 2, "login": "bob", "emails": [], "suspended": False})
    assert (live(server, 2).dormant, live(server, 2).remote_created_at) == (None, None)
    read(server, BOB)
    assert (live(server, 2).dormant, live(server, 2).remote_created_at) == (False, CREATED)


@pytest.mark.parametrize("told", [CREATED, None])
def test_an_account_that_comes_back_keeps_its_row(server: Server, told: datetime | None) -> None:
    read(server, *BOTH)
    row = live(server, 2)
    read(server, ANN)
    run = read(server, ANN, replace(BOB, created_at=told, login="bobby"))
    back = live(server, 2)
    assert (back.pk, back.first_seen_at, back.login) == (row.pk, row.first_seen_at, "bobby")
    assert back.since_edition == run.edition
    assert changes(run) == [("rejoined", "bobby", 1)]
    assert (run.counts["released"], run.counts["licensed"]) == (0, 1)


def test_an_account_made_anew_under_a_number_is_another(server: Server) -> None:
    """Neither the row nor what GitHub's row says of the number before (ENGINEERING §6)."""
    read(server, *BOTH)
    row = live(server, 2)
    run = read(server, ANN, replace(BOB, created_at=LATER, login="new", email="new@x.example"))
    new = live(server, 2)
    assert new.pk != row.pk
    assert (new.former_keys, new.person_id != row.person_id) == ([], True)
    row.refresh_from_db()
    assert row.ended_edition == run.edition
    assert changes(run) == [("gone", "bob", -1), ("added", "new", 1)]
    read(server, ANN)
    read(server, ANN, replace(BOB, created_at=LATER))
    assert live(server, 2).pk == new.pk


def test_a_renamed_login_is_the_same_account(server: Server) -> None:
    read(server, *BOTH)
    row = live(server, 2)
    run = read(server, ANN, replace(BOB, login="bobby"))
    after = live(server, 2)
    assert (after.pk, after.person_id, after.login) == (row.pk, row.person_id, "bobby")
    assert changes(run) == [("changed", "bobby", 0)]
    assert Person.objects.get(pk=row.person_id or 0).name == "bobby"


def test_a_login_that_moves_to_another_number_is_another_account(server: Server) -> None:
    read(server, *BOTH)
    run = read(server, ANN, drive.account(3, "bob2@x.example", "bob", created_at=LATER))
    assert sorted(changes(run)) == [("added", "bob", 1), ("gone", "bob", -1)]


def test_addresses_that_were_are_remembered_each_once(server: Server) -> None:
    for email in ("bob@x.example", "b2@x.example", "bob@x.example", "b3@x.example", "", "b4@x.example"):
        read(server, ANN, replace(BOB, email=email))
    assert live(server, 2).former_keys == ["bob@x.example", "b2@x.example", "b3@x.example"]


# --- servers and contracts ---------------------------------------------------------------------------------


def test_a_removed_server_leaves_the_numbers_that_github_counts(
    of: Enterprise, server: Server, mona: User
) -> None:
    """Its people whom GitHub lists are counted on, as of a server not known here; the others go."""
    rows = [
        drive.row("", [f"{HOST}:1"], ["ann@x.example"]),
        drive.row("bob", [f"{HOST}:2"], ["bob@x.example"]),
    ]
    drive.read_cloud(of, rows)
    read(server, *BOTH, drive.account(3, "cat@x.example", "cat"))
    assert drive.totals(of)["expected"] == 3
    assert drive.totals(of)["lines"] == {"new_since": 1}
    servers.remove(server=server, by=mona)
    of.refresh_from_db()
    after = drive.totals(of)
    assert (after["expected"], after["read_as_counted"], after["lines"]) == (2, 2, {})
    assert set(LicenseRow.objects.values_list("verdict", flat=True)) == {"unknown_server"}
    assert Edition.objects.get(number=of.edition).cause == "server_removed"
    assert not Account.objects.exists()
    assert set(RowAccount.objects.values_list("server", flat=True)) == {None}
    assert set(RunChunk.objects.values_list("run__server", flat=True)) == {None}
    assert not SyncRun.objects.exclude(server=None).exists()
    drive.assert_sound(of)
    # Added again it is read as if for the first time.
    drive.read_server(drive.server(of, HOST), [*BOTH])
    assert drive.totals(of)["expected"] == 2
    assert set(LicenseRow.objects.values_list("verdict", flat=True)) <= {"alone", "joined_unseen", "agreed"}
    drive.assert_sound(of)


def test_another_contract_decides_everybody_again_in_one_edition(
    of: Enterprise, server: Server, mona: User
) -> None:
    invited = [
        drive.row(
            f"new{n}@x.example",
            github_com_user=False,
            github_com_member_roles=(),
            github_com_orgs_with_pending_invites=("octo",),
        )
        for n in range(3)
    ]
    drive.read_cloud(of, [drive.row("ann"), *invited])
    read(server, BOB)
    before = drive.totals(of)
    assert (before["expected"], before["rows"]) == (5, {"cloud": 1, "invitation": 3})
    of.refresh_from_db()
    number = of.edition
    enterprises.set_contract(enterprise=of, contract="metered", renews_on=None, by=mona)
    of.refresh_from_db()
    assert (of.edition, of.contract, drive.totals(of)) == (number, "volume", before)
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    of.refresh_from_db()
    after = drive.totals(of)
    assert (of.edition, Edition.objects.get(number=of.edition).cause) == (number + 1, "contract")
    assert (after["expected"], after["rows"], after["unexplained"]) == (2, {"cloud": 1}, 3)
    drive.assert_sound(of)
    enterprises.set_contract(enterprise=of, contract="volume", renews_on=None, by=mona)
    assert recounts.perform(recount_id=Recount.objects.get(done_at=None).pk)
    assert drive.totals(of) == before
    drive.assert_sound(of)


def test_a_removed_server_leaves_no_names_behind(of: Enterprise, server: Server, mona: User) -> None:
    """Of people it alone had: those who left before too. Their licenses stay in the totals of the past."""
    other = drive.server(of, "ghe-b.example.com")
    drive.read_server(other, [drive.account(1, "eve@x.example", "eve")])
    read(server, *BOTH, drive.account(3, "cat@x.example", "cat"), drive.account(4, "eve@x.example", "eve"))
    read(server, *BOTH, drive.account(4, "eve@x.example", "eve"))
    drive.read_cloud(of, [drive.row("bob", [f"{HOST}:2"], ["bob@x.example"], github_com_name="Bob")])
    servers.remove(server=server, by=mona)
    named = Person.objects.filter(enterprise=of).exclude(name="", sort="")
    assert set(named.values_list("name", flat=True)) == {"eve", "Bob"}
    assert Person.objects.filter(enterprise=of).count() == 4
