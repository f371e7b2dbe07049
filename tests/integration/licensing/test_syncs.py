"""Runs: the time line, one run with what it changed, and an owner's word on a held one."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect import wording
from ghconnect.models import AuditEvent, Enterprise, Server
from licensing.models import Account, GitHubSync, Person, ServerPicture, StagedAccount, SyncRun
from licensing.usecases import sync
from tests.integration.engine import drive

from . import state

HOST = "ghe-osaka.octo.example"
SYNCS = f"/enterprises/octo/servers/{HOST}/license/syncs"
State = SyncRun.State


@pytest.fixture
def osaka(octo: Enterprise) -> Server:
    return state.pulled(octo, HOST)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.split("<main")[1])))


def page_of(run: SyncRun, *more: str) -> str:
    return "/".join([SYNCS, str(run.number), *more])


# --- the time line ---------------------------------------------------------------------------------------------


def test_ours_and_github_s_are_in_one_line_newest_first(osaka: Server, owner: Client) -> None:
    now = timezone.now()
    state.at_github(osaka.enterprise, HOST, date=now - timedelta(days=2))
    state.failed(osaka)
    state.at_github(osaka.enterprise, HOST, date=now + timedelta(hours=1), status="failure", error="quota")
    found = words(state.text(owner, SYNCS))
    order = [found.index(text) for text in ("quota", "rejected the token", "GitHub's own sync Synced")[:2]]
    assert order == sorted(order)
    assert found.count("GitHub's own sync") == 2
    assert "Synced GitHub's own sync" in found[order[1] :]


def test_every_entry_is_on_one_page_in_both_directions(osaka: Server, owner: Client) -> None:
    base = timezone.now() - timedelta(days=400)
    # Runs and GitHub's syncs at the same moments: kind and id tell them apart.
    for n in range(60):
        at = base + timedelta(days=n)
        SyncRun.objects.create(
            enterprise=osaka.enterprise, server=osaka, number=n + 1, trigger="weekly", state="failed",
            requested_at=at, started_at=at,
        )  # fmt: skip
        GitHubSync.objects.create(
            enterprise=osaka.enterprise, server=osaka, host=HOST, date=at, status="success", newest=False,
            first_seen_at=at, checked_at=at,
        )  # fmt: skip

    def rows(page: str) -> list[str]:
        found = re.findall(r'<tr><th scope="row" class="no-wrap">(.*?)</th>', page)
        return [re.sub(r"<time[^>]*>|</time>|</a>", "", row) for row in found]

    pages = [state.text(owner, SYNCS)]
    while found := re.search(r'rel="next" href="([^"]+)"', pages[-1]):
        pages.append(state.text(owner, SYNCS + unescape(found[1])))
    assert [len(rows(page)) for page in pages] == [50, 50, 20]
    seen = [row for page in pages for row in rows(page)]
    assert len({row for row in seen if "syncs/" in row}) == 60
    back = [pages[-1]]
    while found := re.search(r'rel="prev" href="([^"]+)"', back[-1]):
        back.append(state.text(owner, SYNCS + unescape(found[1])))
    assert [rows(page) for page in reversed(back)] == [rows(page) for page in pages]


def test_a_server_nobody_synced_says_so(osaka: Server, owner: Client) -> None:
    assert "Neither this console nor GitHub has synced this server." in state.text(owner, SYNCS)


def test_a_long_line_costs_no_more_queries_than_a_short_one(osaka: Server, owner: Client) -> None:
    def grow(day: int) -> None:
        state.failed(osaka)
        state.at_github(osaka.enterprise, HOST, date=timezone.now() - timedelta(days=day))

    grow(30)
    state.text(owner, SYNCS)
    once = state.queries(lambda: state.text(owner, SYNCS))
    grow(20)
    grow(10)
    assert state.queries(lambda: state.text(owner, SYNCS)) == once


# --- one run ---------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(osaka: Server) -> SyncRun:
    """A run that added eve, suspended bob, changed cat's email and lost dan."""
    first = [
        drive.account(n, f"{name}@octo.example", name)
        for n, name in enumerate(("ann", "bob", "cat", "dan"), 1)
    ]
    drive.read_server(osaka, first)
    second = [
        first[0],
        drive.account(2, "bob@octo.example", "bob", suspended=True),
        drive.account(3, "cat@new.example", "cat"),
        drive.account(5, "eve@octo.example", "eve"),
    ]
    return drive.read_server(osaka, second)


def test_a_published_run_names_who_changed_how_and_whose_license(
    changed: SyncRun, owner: Client, manager: Client
) -> None:
    page = state.text(owner, page_of(changed))
    rows = {
        match[1]: words(f"<main>{match[0]}")
        for match in re.finditer(r'<tr><th scope="row">.*?(ann|bob|cat|dan|eve)<.*?</tr>', page, re.DOTALL)
    }
    assert rows.keys() == {"bob", "cat", "dan", "eve"}
    assert "Changed: suspended" in rows["bob"]
    assert "released" in rows["bob"]
    assert "Changed: primary email" in rows["cat"]
    assert "cat@new.example" in rows["cat"]
    assert "Gone" in rows["dan"]
    assert "released" in rows["dan"]
    assert "Added" in rows["eve"]
    assert rows["eve"].endswith("added ")
    person = Person.objects.get(name="eve")
    assert f'href="/enterprises/octo/licensing/people/{person.pk}"' in page
    assert "+1 −1 · 2 changed" in words(page)
    assert "all_users.csv" in words(page)
    assert state.text(manager, page_of(changed)).count('<tr><th scope="row">') == len(rows)


def test_the_first_run_is_its_own_picture(osaka: Server, owner: Client) -> None:
    run = drive.read_server(osaka, [drive.account(1, "ann@octo.example")])
    assert "all its accounts are new" in state.text(owner, page_of(run))
    run = drive.read_server(
        osaka,
        [
            drive.account(1, "ann@octo.example"),
        ],
    )
    assert "No account changed." in state.text(owner, page_of(run))


def test_a_report_of_unknown_age_says_so_beside_its_time(osaka: Server, owner: Client) -> None:
    run = drive.read_server(osaka, [drive.account(1, "ann@octo.example")])
    SyncRun.objects.filter(pk=run.pk).update(age_known=False)
    assert re.search(r" UTC</time> \(age of the report not known\)", state.text(owner, page_of(run)))


def test_a_failed_run_says_what_to_do_and_where(osaka: Server, owner: Client, manager: Client) -> None:
    run = state.failed(osaka)
    page = state.text(owner, page_of(run))
    assert f"{HOST} rejected the token" in page
    assert f'href="/enterprises/octo/servers/{HOST}/settings">Replace token</a>' in page
    assert "(failed)" in page
    assert "Replace token</a>" not in state.text(manager, page_of(run))


def test_a_run_of_the_cloud_side_has_a_page_too(octo: Enterprise, owner: Client) -> None:
    run = drive.read_cloud(octo, [drive.row("ann"), drive.row("bob")])
    page = state.text(owner, f"/enterprises/octo/licensing/syncs/{run.number}")
    assert "GitHub's license report" in words(page)
    assert "2 licenses" in words(page)
    assert "all its accounts are new" not in page


def test_a_run_of_the_cloud_side_names_who_came_who_left_and_who_was_renamed(
    octo: Enterprise, owner: Client
) -> None:
    """Most licenses of the cloud side have no account on a server, and nobody else would tell of them."""
    ann, anna = (drive.row(login, github_com_saml_name_id="ann@x.example") for login in ("ann", "anna"))
    invited = drive.row(
        "dan@x.example", github_com_user=False, github_com_member_roles=(), github_com_name=""
    )
    first = drive.read_cloud(octo, [ann, drive.row("bob"), invited])
    second = drive.read_cloud(octo, [anna, drive.row("cat")])
    third = drive.read_cloud(octo, [anna, drive.row("cat"), drive.row("bob")])
    assert not first.changes.exists()
    told = {run: told_of(owner, run.number) for run in (second, third)}
    assert told[second] == {
        "Bob": ("Gone", "No account is left", "released"),
        "dan@x.example": ("Gone", "No account is left", "released"),
        "Cat": ("Added", "In GitHub's report: consumes a license", "added"),
        "Anna": ("Renamed at GitHub: ann → anna", "In GitHub's report: consumes a license", ""),
    }
    assert told[third] == {"Bob": ("Added", "In GitHub's report: consumes a license", "added")}
    page = state.text(owner, f"/enterprises/octo/licensing/syncs/{second.number}")
    assert "ann → anna" in page
    people = {person.name: person.pk for person in Person.objects.order_by("-pk")}
    for name in ("Bob", "Cat", "Anna"):
        assert f'href="/enterprises/octo/licensing/people/{people[name]}"' in page
    assert "formerly ann" in state.text(owner, f"/enterprises/octo/licensing/people/{people['Anna']}")


def told_of(client: Client, number: int) -> dict[str, tuple[str, str, str]]:
    """By person what the file of a cloud run says: change, reason in words, license."""
    answer = client.get(f"/enterprises/octo/licensing/syncs/{number}.csv")
    rows = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    return {one["person"]: (one["what"], wording.reason(one["reason"]), one["license"]) for one in rows}


def test_runs_of_others_are_not_found(
    changed: SyncRun, owner: Client, octo: Enterprise, stranger: Client
) -> None:
    assert owner.get(f"{SYNCS}/99").status_code == 404
    assert owner.get(f"{SYNCS}/{10**30}").status_code == 404
    assert owner.get(f"/enterprises/octo/licensing/syncs/{changed.number}").status_code == 404
    assert stranger.get(page_of(changed)).status_code == 404


# --- a held run ------------------------------------------------------------------------------------------------


def test_a_held_run_lists_whom_it_would_take_and_who_keeps_a_license(octo: Enterprise, owner: Client) -> None:
    """u01…u20 are on Osaka; u19 is also in the cloud, u20 also on another server."""
    osaka, other = state.pulled(octo, HOST), drive.server(octo, "ghe-tokyo.octo.example")
    drive.read_cloud(octo, [drive.row("u19", github_com_saml_name_id="u19@octo.example")])
    drive.read_server(other, [drive.account(1, "u20@octo.example", "u20-there")])
    run = state.held(osaka)
    page = state.text(owner, page_of(run))
    found = words(page)
    assert "This report would remove 17 of 20 accounts (15 licenses)" in found
    rows = {
        match[1]: words(f"<main>{match[0]}")
        for match in re.finditer(r'<tr><th scope="row">.*?(u\d\d)<.*?</tr>', page, re.DOTALL)
    }
    assert sorted(rows) == [f"u{n:02}" for n in range(4, 21)]
    kept = [login for login, row in rows.items() if "kept by another account" in row]
    assert kept == ["u19", "u20"]
    assert sum("released" in row for row in rows.values()) == 15
    assert all("Not in the report" in row for row in rows.values())
    assert "Accounts of ghe-osaka 20 3" in found
    assert "Licenses released – 15" in found


def test_an_account_that_would_only_be_suspended_is_listed_as_such(osaka: Server, owner: Client) -> None:
    people = [drive.account(n, f"u{n:02}@octo.example", f"u{n:02}") for n in range(1, 13)]
    drive.read_server(osaka, people)
    idle = [drive.account(n, f"u{n:02}@octo.example", f"u{n:02}", suspended=True) for n in range(1, 9)]
    run = drive.read_server(osaka, [*idle, *people[8:]], publish=False)
    assert run.state == State.HELD
    page = state.text(owner, page_of(run))
    assert page.count('In the report">Suspended<') == 8
    assert "Type 8 to confirm." in page


def test_emails_that_would_change_are_shown_with_both(osaka: Server, owner: Client) -> None:
    drive.read_server(osaka, [drive.account(n, f"u{n:02}@old.example", f"u{n:02}") for n in range(1, 31)])
    moved = [drive.account(n, f"u{n:02}@new.example", f"u{n:02}") for n in range(1, 31)]
    run = drive.read_server(osaka, moved, publish=False)
    assert run.state == State.HELD
    page = words(state.text(owner, page_of(run)))
    assert "Emails that would change" in page
    assert "u01@old.example u01@new.example" in page


def test_publishing_takes_the_number_typed(osaka: Server, owner: Client) -> None:
    run = state.held(osaka)
    url = page_of(run, "publish")
    asked = words(state.text(owner, url))
    assert f"17 accounts of {HOST} are removed and 17 licenses released; expected goes from 20 to 3." in asked
    assert "The sync and your name go to the audit log. Type 17 to confirm." in asked
    for typed in ("", "3", "17x"):
        assert "This is not the number of accounts." in owner.post(url, {"typed": typed}).content.decode()
        run.refresh_from_db()
        assert run.state == State.HELD
    assert owner.post(url, {"typed": " 17 "}).headers["Location"] == page_of(run)
    run.refresh_from_db()
    assert (run.state, run.decided_by_login) == (State.QUEUED, "mona")
    assert AuditEvent.objects.filter(action="license_sync.publish_held", actor_login="mona").exists()
    sync.perform(run_id=run.pk)
    assert Account.objects.filter(server=osaka, ended_edition=None).count() == 3
    assert "Published by mona." in state.text(owner, page_of(run))


def test_discarding_keeps_the_data_and_says_which(osaka: Server, owner: Client) -> None:
    run = state.held(osaka)
    at = ServerPicture.objects.get(server=osaka).observed_at
    assert at is not None
    asked = words(state.text(owner, page_of(run, "discard")))
    assert f"The data of {at.day} {at:%b %Y} stays. The next sync starts afresh." in asked
    owner.post(page_of(run, "discard"))
    run.refresh_from_db()
    assert run.state == State.DISCARDED
    assert Account.objects.filter(server=osaka, ended_edition=None).count() == 20
    page = state.text(owner, page_of(run))
    assert "This report would have removed 17 of 20 accounts" in page
    assert "decide" not in page
    assert "Discarded by mona." in page
    assert "data-dialog" not in page


def test_a_decision_is_made_once(osaka: Server, owner: Client) -> None:
    run = state.held(osaka)
    owner.post(page_of(run, "discard"))
    for deed, data in (("publish", {"typed": "17"}), ("discard", {})):
        answer = owner.post(page_of(run, deed), data, follow=True)
        assert "waits for no decision any more" in answer.content.decode()
        assert owner.get(page_of(run, deed)).headers["Location"] == page_of(run)


def test_while_a_newer_sync_is_queued_it_decides(osaka: Server, owner: Client) -> None:
    run = state.held(osaka)
    SyncRun.objects.filter(pk=run.pk).update(way="pull")
    state.requested(osaka)
    answer = owner.post(page_of(run, "publish"), {"typed": "17"}, follow=True)
    assert "A newer sync is queued already" in answer.content.decode()


def test_a_billing_manager_reads_and_does_not_decide(osaka: Server, owner: Client, manager: Client) -> None:
    run = state.held(osaka)
    page = state.text(manager, page_of(run))
    assert "An enterprise owner publishes or discards it." in page
    assert "<dialog" not in page
    for deed in ("publish", "discard"):
        assert manager.get(page_of(run, deed)).status_code == 404
        assert manager.post(page_of(run, deed), {"typed": "17"}).status_code == 404
    run.refresh_from_db()
    assert run.state == State.HELD
    assert state.text(owner, page_of(run)).count("<dialog") == 2


def test_rows_that_are_not_at_hand_are_not_taken_for_an_empty_report(osaka: Server, owner: Client) -> None:
    run = state.held(osaka)
    StagedAccount.objects.filter(run_id=run.pk).delete()
    page = state.text(owner, page_of(run))
    assert "The rows of this report are not at hand to compare." in page
    assert "u04" not in page


def test_a_held_run_of_the_cloud_side_can_be_decided(octo: Enterprise, owner: Client) -> None:
    rows = [drive.row(f"u{n:02}") for n in range(60)]
    drive.read_cloud(octo, rows)
    run = drive.read_cloud(octo, rows[:20], publish=False)
    assert run.state == State.HELD
    url = f"/enterprises/octo/licensing/syncs/{run.number}"
    assert "40 people fewer than before" in words(state.text(owner, url))
    asked = words(state.text(owner, f"{url}/publish"))
    assert "40 rows of GitHub's report are removed here." in asked
    assert owner.post(f"{url}/publish", {"typed": "40"}).headers["Location"] == url
    run.refresh_from_db()
    assert run.state == State.QUEUED


@pytest.mark.parametrize("kind", ["held", "published"])
def test_a_long_diff_costs_no_more_queries_than_a_short_one(osaka: Server, owner: Client, kind: str) -> None:
    counts = []
    for size in (12, 40):
        Account.objects.filter(server=osaka).delete()
        run = state.held(osaka, of=size)
        if kind == "published":
            SyncRun.objects.filter(pk=run.pk).update(state="queued", decided_by_login="mona")
            sync.perform(run_id=run.pk)
        state.text(owner, page_of(run))
        counts.append(state.queries(partial(state.text, owner, page_of(run))))
        if kind == "held":
            SyncRun.objects.filter(pk=run.pk).update(state="discarded")
    assert counts[0] == counts[1]
