"""The cloud side: reads that move, renames, values no longer visible, and what GitHub does not explain."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from ghconnect.models import Enterprise, Server
from ghconnect.records import (
    SAML_CLAIM_EMAIL,
    SAML_NAME_ID,
    SAML_USERNAME,
    VERIFIED_EMAIL,
    Identity,
    LicenseRow,
    ServerSyncStatus,
)
from ghconnect.usecases import clients
from licensing import clocks, instances
from licensing.models import (
    Account,
    Address,
    CloudAccount,
    CloudPicture,
    Edition,
    GitHubCount,
    GitHubSync,
    Lacked,
    Match,
    Person,
    RunChunk,
    Seat,
    ServerPicture,
    StagedRow,
    SyncRun,
)
from licensing.models import (
    LicenseRow as Row,
)
from licensing.usecases import cloud_reads, estate, github_status, runs, sync
from tests.integration.engine import drive
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db
State, Trigger = SyncRun.State, SyncRun.Trigger
HOST = "ghe-a.example.com"


@pytest.fixture
def of() -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    return drive.server(of, HOST)


# --- reads that move, over real HTTP -----------------------------------------------------------------------


def read(octo: Enterprise) -> SyncRun:
    run = runs.request(subject=octo, trigger=Trigger.MANUAL)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    return done


def test_rows_are_never_read_without_the_count_that_stands_on_them(
    octo: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies between the two leaves neither: whoever takes over reads both again."""
    with monkeypatch.context() as patched:
        patched.setattr(GitHubCount.objects, "create", lambda **_: sys.exit("killed"))
        with pytest.raises(SystemExit):
            read(octo)
    run = SyncRun.objects.get(enterprise=octo)
    assert (run.fetch_complete, RunChunk.objects.filter(run=run).count()) == (False, 0)
    SyncRun.objects.filter(pk=run.pk).update(lease_until="2020-01-01T00:00Z")
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert (done.state, CloudPicture.objects.get().consumed) == (State.PUBLISHED, 236)
    assert drive.totals(octo)["unexplained"] == 0


def test_a_whole_read_is_published(octo: Enterprise, sandbox: Sandbox) -> None:
    run = read(octo)
    assert (run.state, run.counts.get("drifting"), run.counts["identities"]) == (
        State.PUBLISHED,
        None,
        "read",
    )
    picture = CloudPicture.objects.get(enterprise=octo)
    assert (picture.consumed, picture.rows, run.counts["pages"]) == (sandbox.licenses, run.fetched, 3)
    assert Row.objects.count() == run.fetched > 200
    drive.assert_sound(octo)
    assert read(octo).state == State.UNCHANGED


def test_a_read_pauses_where_few_requests_remain(octo: Enterprise, sandbox: Sandbox) -> None:
    """Other tools ask with the same token: the last 500 requests of an hour are theirs (ENGINEERING §17)."""
    sandbox.post_control("break", host="ghec", kind="scarce", value=499)
    run = read(octo)
    assert (run.state, run.error_key, run.fetch_complete) == (State.WAITING, "rate", False)
    assert run.resume_at is not None
    with clients.of_enterprise(octo) as client:  # pretend GitHub's hour began when this token was first used
        client.consumed_licenses(1)
        assert abs(run.resume_at - client.left["core"].reset) < timedelta(minutes=1)
    sandbox.post_control("break", host="ghec", kind="scarce", value=1000)
    assert read(octo).pk == run.pk
    run.refresh_from_db()
    assert run.state == State.PUBLISHED


def test_rows_that_move_while_they_are_read_are_read_again(octo: Enterprise, sandbox: Sandbox) -> None:
    sandbox.post_control("break", host="ghec", kind="shifting", value=7, times=3)
    run = read(octo)
    assert (run.state, "drifting" in run.counts) == (State.PUBLISHED, False)
    whole = run.fetched
    assert Row.objects.count() == whole
    assert set(RunChunk.objects.values_list("run", flat=True)) == {run.pk}
    assert RunChunk.objects.values("upload").distinct().count() == 1


def test_a_read_that_goes_on_moving_adds_and_takes_nothing_away(octo: Enterprise, sandbox: Sandbox) -> None:
    read(octo)
    before = set(Row.objects.values_list("row_key", flat=True))
    totals = drive.totals(octo)
    sandbox.post_control("break", host="ghec", kind="shifting", value=7)
    run = read(octo)
    assert run.counts["drifting"] is True
    assert run.fetched < len(before)
    assert run.state in SyncRun.GOOD
    assert set(Row.objects.values_list("row_key", flat=True)) == before
    moved = {"counted": 0, "counted_at": ""}
    assert {**drive.totals(octo), **moved} == {**totals, **moved}
    drive.assert_sound(octo)


MEMBERS = [drive.row(f"user{n}", github_com_saml_name_id=f"u{n}@x.example") for n in range(1, 6)]


def test_what_a_moving_read_lacks_goes_with_the_next_whole_one(of: Enterprise) -> None:
    drive.read_cloud(of, MEMBERS)
    new = drive.row("new")
    run = drive.read_cloud(of, [*MEMBERS[1:], new], told={"drifting": True})
    assert (run.counts["rows_added"], run.counts["rows_gone"]) == (1, 0)
    assert Row.objects.filter(row_key="user1").exists()
    assert Address.objects.filter(key="u1@x.example").exists()
    assert drive.totals(of)["expected"] == 6
    drive.read_cloud(of, [*MEMBERS[1:], new])
    assert not Row.objects.filter(row_key="user1").exists()
    assert not Address.objects.filter(key="u1@x.example").exists()
    assert drive.totals(of)["expected"] == 5
    drive.assert_sound(of)


def test_what_two_moving_reads_lack_goes(of: Enterprise) -> None:
    """A report that never stands still: each read lacks another row, and one that is really gone is missing in both."""
    drive.read_cloud(of, MEMBERS)
    for absent, left in ((2, 5), (3, 4), (4, 4), (5, 4)):
        here = [row for n, row in enumerate(MEMBERS, 1) if n not in (1, absent)]
        run = drive.read_cloud(of, here, told={"drifting": True})
        assert run.state in SyncRun.GOOD
        assert (Row.objects.count(), drive.totals(of)["expected"]) == (left, left)
        drive.assert_sound(of)
    assert not Row.objects.filter(row_key="user1").exists()
    assert not Address.objects.filter(key="u1@x.example").exists()
    assert Address.objects.filter(key="u5@x.example").exists()
    drive.read_cloud(of, MEMBERS[3:])  # a whole read: what it lacks is gone
    assert (Row.objects.count(), Lacked.objects.count()) == (2, 0)
    drive.read_cloud(of, MEMBERS[4:], told={"drifting": True})
    assert Row.objects.count() == 2


def test_what_a_moving_read_lacks_stays_where_the_next_has_it(of: Enterprise) -> None:
    drive.read_cloud(of, MEMBERS)
    ids = dict(CloudAccount.objects.values_list("login_key", "pk"))
    seats = list(Seat.objects.order_by("pk").values())
    drive.read_cloud(of, MEMBERS[1:], told={"drifting": True})
    drive.read_cloud(of, MEMBERS)
    assert dict(CloudAccount.objects.values_list("login_key", "pk")) == ids
    assert list(Seat.objects.order_by("pk").values()) == seats


# --- renames -----------------------------------------------------------------------------------------------


named = drive.row


RENAMES = {
    "by NameID": (
        named("ann", github_com_saml_name_id="ann@x.example"),
        named("anna", github_com_saml_name_id="Ann@x.example"),
    ),
    "by accounts on servers": (
        named("ann", ids=[f"{HOST}:1", f"{HOST}:2"]),
        named("anna", ids=[f"{HOST}:2", f"{HOST}:1"]),
    ),
}
OTHERS = {
    "with no value": (named("ann"), named("anna")),
    "with another NameID": (
        named("ann", github_com_saml_name_id="ann@x.example"),
        named("anna", github_com_saml_name_id="anna@x.example"),
    ),
    "with some of the accounts": (
        named("ann", ids=[f"{HOST}:1", f"{HOST}:2"]),
        named("anna", ids=[f"{HOST}:1"]),
    ),
}


@pytest.mark.parametrize(("before", "after"), RENAMES.values(), ids=RENAMES)
def test_a_renamed_login_is_the_same_person(
    of: Enterprise, server: Server, before: LicenseRow, after: LicenseRow
) -> None:
    drive.read_server(server, [drive.account(1, "ann@x.example"), drive.account(2)])
    drive.read_cloud(of, [before, named("bob")])
    person = Person.objects.get(name="Ann")
    seats = list(Seat.objects.filter(person_id=person.pk).values())
    run = drive.read_cloud(of, [after, named("bob")])
    assert (run.counts["rows_added"], run.counts["rows_gone"], run.counts["released"]) == (0, 0, 0)
    person.refresh_from_db()
    assert (person.name, person.ended_edition, person.consumes) == ("Anna", None, True)
    assert list(Seat.objects.filter(person_id=person.pk).values()) == seats
    assert CloudAccount.objects.get(ended_edition=None, login_key="anna").pk == person.cloud_account_id
    drive.assert_sound(of)


@pytest.mark.parametrize(("before", "after"), OTHERS.values(), ids=OTHERS)
def test_another_login_is_another_person(of: Enterprise, before: LicenseRow, after: LicenseRow) -> None:
    drive.read_cloud(of, [before])
    run = drive.read_cloud(of, [after])
    assert (run.counts["rows_added"], run.counts["rows_gone"]) == (1, 1)
    assert CloudAccount.objects.get(login_key="ann").ended_edition == run.edition
    drive.assert_sound(of)


def test_a_value_that_two_have_renames_nobody(of: Enterprise) -> None:
    same = {"github_com_saml_name_id": "shared@x.example"}
    drive.read_cloud(of, [named("ann", **same), named("bob", **same)])
    run = drive.read_cloud(of, [named("anna", **same), named("bobby", **same)])
    assert (run.counts["rows_added"], run.counts["rows_gone"]) == (2, 2)


def test_two_that_change_names_with_each_other_are_no_rename(of: Enterprise) -> None:
    """GitHub gave both logins away anew: the login is what its row is of."""
    ann, bob = (named(x, github_com_saml_name_id=f"{x}@x.example") for x in ("ann", "bob"))
    drive.read_cloud(of, [ann, bob])
    swapped = [
        named("ann", github_com_saml_name_id="bob@x.example"),
        named("bob", github_com_saml_name_id="ann@x.example"),
    ]
    run = drive.read_cloud(of, swapped)
    assert (run.counts["rows_changed"], run.counts["values"]) == (2, 4)
    drive.assert_sound(of)


# --- values that are visible, and no longer ----------------------------------------------------------------

CAT = named("cat", github_com_verified_domain_emails=("cat-v@x.example",))
VALUES = [
    Identity("cat", SAML_CLAIM_EMAIL, "cat-c@x.example"),
    Identity("cat", SAML_USERNAME, "cat-u@x.example"),
    Identity("cat", SAML_NAME_ID, "cat-n@x.example"),
]
ON_SERVER = [
    drive.account(n, f"cat-{what}@x.example") for n, what in enumerate(("c", "u", "n", "v", "other"), start=1)
]


def keys() -> set[str]:
    return {key.split("@")[0] for key in Address.objects.values_list("key", flat=True)}


@pytest.mark.parametrize("why", ["not_found_ghec", "forbidden", "not_readable"])
def test_values_stay_when_the_token_may_no_longer_see_them(of: Enterprise, server: Server, why: str) -> None:
    """And so do the people they join; the time of the values stays with them."""
    drive.read_server(server, ON_SERVER)
    drive.read_cloud(of, [CAT], VALUES)
    before, read_at = drive.partition(of), CloudPicture.objects.get().identities_at
    assert (drive.totals(of)["expected"], keys()) == (2, {"cat-c", "cat-u", "cat-n", "cat-v"})
    run = drive.read_cloud(of, [CAT], told={"identities": why})
    assert (run.state, drive.partition(of)) == (State.UNCHANGED, before)
    picture = CloudPicture.objects.get()
    assert picture.identities_at == read_at
    assert picture.rows_at is not None
    assert read_at is not None
    assert picture.rows_at > read_at
    assert keys() == {"cat-c", "cat-u", "cat-n", "cat-v"}


def test_values_that_only_rows_tell_follow_the_rows(of: Enterprise, server: Server) -> None:
    """A token that never saw identities: what a row no longer says is gone."""
    drive.read_server(server, ON_SERVER)
    unseen = {"identities": "forbidden"}
    row = drive.row(
        "cat",
        github_com_saml_name_id="cat-n@x.example",
        github_com_verified_domain_emails=("cat-v@x.example",),
    )
    drive.read_cloud(of, [row], told=unseen)
    assert (keys(), CloudPicture.objects.get().identities_at) == ({"cat-n", "cat-v"}, None)
    assert drive.totals(of)["expected"] == 4
    drive.read_cloud(of, [named("cat")], told=unseen)
    assert keys() == set()
    assert drive.totals(of)["expected"] == 6


def test_values_that_are_seen_again_and_are_other_take_the_place_of_the_old(
    of: Enterprise, server: Server
) -> None:
    drive.read_server(server, ON_SERVER)
    drive.read_cloud(of, [CAT], VALUES)
    drive.read_cloud(of, [CAT], told={"identities": "forbidden"})
    drive.read_cloud(of, [CAT], VALUES[:1])
    assert keys() == {"cat-c", "cat-v"}


def test_an_identity_provider_that_suddenly_lists_nobody_is_held(of: Enterprise) -> None:
    """It was readable, and empty: no kind of value is left to compare with, and still all have fallen."""
    rows = [named(f"user{n}") for n in range(40)]
    drive.read_cloud(of, rows, [Identity(f"user{n}", SAML_CLAIM_EMAIL, f"u{n}@x.example") for n in range(40)])
    run = drive.read_cloud(of, rows, [], publish=False)
    assert (run.state, [hold["key"] for hold in run.holds]) == (State.HELD, ["identities_fell"])
    assert Address.objects.count() == 40


def test_a_scope_that_is_lost_is_no_fall(of: Enterprise) -> None:
    rows = [named(f"user{n}", github_com_saml_name_id=f"u{n}@x.example" if n < 3 else "") for n in range(40)]
    drive.read_cloud(of, rows, [Identity(f"user{n}", SAML_NAME_ID, f"u{n}@x.example") for n in range(40)])
    run = drive.read_cloud(of, rows, told={"identities": "forbidden"}, publish=False)
    assert run.state == State.UNCHANGED
    assert Address.objects.count() == 40


def test_a_verified_email_joins_after_every_identity(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(1, "shared@x.example")])
    drive.read_cloud(
        of,
        [named("ann", github_com_verified_domain_emails=("shared@x.example",)), named("bob")],
        [Identity("bob", SAML_USERNAME, "shared@x.example")],
    )
    account = Account.objects.get()
    assert (account.rule, account.tie) == (SAML_USERNAME, False)
    drive.read_cloud(
        of, [named("ann", github_com_verified_domain_emails=("shared@x.example",)), named("bob")]
    )
    account.refresh_from_db()
    assert account.rule == VERIFIED_EMAIL
    run = SyncRun.objects.latest("pk")
    assert list(
        Match.objects.filter(account_id=account.pk).order_by("pk").values_list("rule", "to_edition")
    ) == [
        ("own_email", run.edition - 1 if run.edition else None),
        (SAML_USERNAME, run.edition),
        (VERIFIED_EMAIL, None),
    ]


# --- GitHub's own words ------------------------------------------------------------------------------------


def test_what_github_counts_and_does_not_list_is_said(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    drive.read_cloud(of, [named("ann"), named("bob")], consumed=5)
    found = drive.totals(of)
    assert (found["counted"], found["read_as_counted"], found["unexplained"]) == (5, 2, 3)
    assert found["expected"] == 3
    drive.assert_sound(of)
    drive.read_cloud(of, [named("ann"), named("bob")], consumed=1)
    assert drive.totals(of)["unexplained"] == -1


def test_a_count_that_moves_alone_is_kept_and_shown_in_the_standing_edition(of: Enterprise) -> None:
    drive.read_cloud(of, [named("ann")], consumed=1)
    edition = Edition.objects.get(enterprise=of)
    run = drive.read_cloud(of, [named("ann")], consumed=4)
    assert (run.state, Edition.objects.count()) == (State.UNCHANGED, 1)
    edition.refresh_from_db()
    assert (edition.totals["counted"], edition.totals["unexplained"]) == (4, 3)
    assert list(GitHubCount.objects.order_by("pk").values_list("consumed", flat=True)) == [1, 4]
    drive.read_cloud(of, [named("ann")], consumed=4)
    assert GitHubCount.objects.count() == 2


def test_github_reads_a_server_and_its_verdicts_follow(of: Enterprise, server: Server) -> None:
    """`last_sync.date` that moves asks for the licenses; by them verdicts are given anew, once."""

    def status(day: int) -> list[ServerSyncStatus]:
        return [ServerSyncStatus("id-1", HOST, datetime(2030, 1, day, tzinfo=UTC), "success", "")]

    drive.read_server(
        server, [drive.account(1, "ann@x.example"), drive.account(2, "bob@x.example", never_active=True)]
    )
    rows = [named("", ids=[f"{HOST}:1"], emails=["ann@x.example"])]
    assert github_status.keep(enterprise=of, found=status(1)) is False
    assert drive.read_cloud(of, rows).counts["judged"] == 1  # the other is judged by its new row
    bob = Account.objects.get(remote_user_id=2)
    assert (bob.consumes, bob.reason, bob.verdict) == (False, "never_active", "not_counted")
    assert github_status.keep(enterprise=of, found=status(1)) is False
    assert drive.read_cloud(of, rows).state == State.UNCHANGED
    assert github_status.keep(enterprise=of, found=status(8)) is True
    assert drive.read_cloud(of, rows).counts["judged"] == 2
    drive.assert_sound(of)


def test_of_a_server_with_two_names_the_later_sync_counts(of: Enterprise, server: Server) -> None:
    """A renamed server stays listed under its old name: rows are read all the same, and judged by the later sync."""

    def status(host: str, day: int) -> ServerSyncStatus:
        return ServerSyncStatus("id-1", host, datetime(2030, 1, day, tzinfo=UTC), "success", "")

    drive.read_server(server, [drive.account(1, "ann@x.example")])
    github_status.keep(enterprise=of, found=[status(HOST, 1)])
    drive.read_cloud(of, [named("", ids=[f"{HOST}:1"], emails=["ann@x.example"])])
    new = "new-name.x.example"
    for found in ([status(new, 8)], [status(new, 8), status(HOST, 3)]):
        github_status.keep(enterprise=of, found=found)
        run = drive.read_cloud(of, [named("", ids=[f"{new}:1"], emails=["ann@x.example"])])
        assert (run.state in SyncRun.GOOD, run.error_params) == (True, {})
        judged = ServerPicture.objects.values_list("judged_by", flat=True).get(server=server)
        known = estate.estate(of, 1, None).servers[server.pk]
        assert judged == known.synced_at == datetime(2030, 1, 8, tzinfo=UTC)
        assert [one.at for one in instances.of(of)] == [judged]
        said = clocks.one(server).sync
        assert said is not None
        assert said.date == judged
    assert GitHubSync.objects.filter(server=server, newest=True).count() == 2
    drive.assert_sound(of)


def test_a_report_of_any_length_is_loaded_in_the_same_memory(of: Enterprise) -> None:
    """Eight thousand rows of 4 KB: whatever keeps them together needs more than thirty megabytes."""
    roles = tuple(f"organization-{n:0240}:Member" for n in range(16))
    rows = [drive.row(f"u{n}", github_com_member_roles=roles) for n in range(8000)]
    run = runs.request(subject=of, trigger=Trigger.MANUAL)
    drive._keep(run, (cloud_reads.line("row", asdict(row)) for row in rows))
    del rows
    claimed = runs.claim(run.pk)
    assert claimed is not None
    tracemalloc.start()
    sync._stage(claimed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert StagedRow.objects.count() == 8000
    assert peak < 28_000_000


def test_nothing_github_says_is_too_long_to_go_on(of: Enterprise, server: Server) -> None:
    """PostgreSQL refuses what is longer than its column: one odd value would keep all others out for good."""
    long = "x" * 500
    ann = drive.row(
        "ann",
        github_com_name=long,
        license_type=long,
        github_com_profile=f"https://{long}",
        github_com_saml_name_id=long,
        visual_studio_license_status=long,
        visual_studio_subscription_email=long,
        github_com_verified_domain_emails=(f"{long}@x.example", "ann@x.example"),
    )
    assert drive.read_cloud(of, [ann]).state == State.PUBLISHED
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    assert Account.objects.get().rule == VERIFIED_EMAIL
    assert set(Address.objects.values_list("key", flat=True)) == {"ann@x.example"}
    assert (len(Row.objects.get().github_com_name), len(Person.objects.get().name)) == (255, 255)
    odd = ServerSyncStatus(long, HOST, datetime(2026, 11, 1, tzinfo=UTC), long, long)
    github_status.keep(enterprise=of, found=[odd])
    said = GitHubSync.objects.get()
    assert (len(said.status), len(said.instance_id), said.error) == (120, 64, long)
