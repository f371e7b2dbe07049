"""Users of a server, what is read and kept, and the export this console itself reads again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from licensing.models import Account
from licensing.rules import formats
from licensing.usecases import sync, upload
from tests.integration.engine import drive

from . import state
from .conftest import TOKYO

USERS, DATA, EXPORT = (f"/enterprises/octo/servers/{TOKYO}/{page}" for page in ("users", "data", "export"))
MADE = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
PEOPLE = [
    drive.account(1, "Ann.Lee@Octo.example", "ann", site_admin=True, created_at=MADE),
    drive.account(2, "bob@octo.example", "Bob", dormant=True),
    drive.account(3, "", "svc-deploy"),
    drive.account(4, "cat@octo.example", "cat_octo", suspended=True),
    drive.account(5, "zoe@octo.example", "zoe", never_active=True),
]


@pytest.fixture
def read(tokyo: Server) -> Server:
    drive.read_server(tokyo, PEOPLE)
    return tokyo


def logins(page: str) -> list[str]:
    return re.findall(r'<span class="text-bold">([^<]+)</span>', page)


# --- users -----------------------------------------------------------------------------------------------------


def test_accounts_are_listed_with_what_they_are(read: Server, owner: Client) -> None:
    page = unescape(state.text(owner, USERS))
    rows = {login: row for row in page.split("<tr>") if (login := "".join(logins(row)))}
    assert set(rows) == {"ann", "Bob", "svc-deploy", "cat_octo", "zoe"}
    assert "site admin" in rows["ann"]
    assert "dormant" in rows["Bob"]
    assert "suspended" in rows["cat_octo"]
    assert "never active" in rows["zoe"]
    assert "Ann.Lee@Octo.example" in rows["ann"]
    assert "/licensing/people/" in rows["ann"]


def test_the_verdict_says_rule_and_value(estate: Enterprise, owner: Client) -> None:
    page = unescape(state.text(owner, USERS))
    row = next(row for row in page.split("<tr>") if "bob-on-tokyo" in row)
    assert "Joined by GitHub: SAML NameID, bob@octo.example" in row


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("bob", ["Bob"]),
        ("BO", ["Bob"]),
        ("ann.lee@octo", ["ann"]),
        ("cat_", ["cat_octo"]),
        ("cat%25", []),
        ("lee", []),
        ("svc-", ["svc-deploy"]),
        ("%00", []),
        (" zoe ", ["zoe"]),
    ],
)
def test_search_is_by_the_beginning_and_says_so(
    read: Server, owner: Client, typed: str, found: list[str]
) -> None:
    page = state.text(owner, f"{USERS}?q={typed}")
    assert logins(page) == (found if typed != "%00" else logins(state.text(owner, USERS)))
    if not found and typed != "%00":
        assert "No login and no primary email of this server begins with that." in page
    else:
        assert "By the beginning of a login or of a primary email." in page


def test_every_account_is_on_one_page_and_the_search_goes_along(tokyo: Server, owner: Client) -> None:
    people = [drive.account(n, f"u{n}@octo.example", f"u{n:03}") for n in range(120)]
    drive.read_server(tokyo, [*people, drive.account(999, "other@octo.example", "other")])
    pages = [state.text(owner, f"{USERS}?q=u")]
    while found := re.search(r'rel="next" href="([^"]+)"', pages[-1]):
        pages.append(state.text(owner, USERS + unescape(found[1])))
    assert [len(logins(page)) for page in pages] == [50, 50, 20]
    assert [login for page in pages for login in logins(page)] == [f"u{n:03}" for n in range(120)]


def test_three_users_cost_no_more_queries_than_one(tokyo: Server, owner: Client) -> None:
    drive.read_server(tokyo, PEOPLE[:1])
    state.text(owner, USERS)
    once = state.queries(lambda: state.text(owner, USERS))
    drive.read_server(tokyo, PEOPLE)
    assert state.queries(lambda: state.text(owner, USERS)) == once


def test_before_the_first_sync_there_is_a_way_on(tokyo: Server, owner: Client) -> None:
    page = state.text(owner, USERS)
    assert "This console has not read this server yet." in page
    assert f"/servers/{TOKYO}/license" in page


def test_users_and_export_are_for_owners(read: Server, manager: Client, stranger: Client) -> None:
    for url in (USERS, EXPORT):
        assert manager.get(url).status_code == 404
        assert stranger.get(url).status_code == 404
    assert ">Users<" not in state.text(manager, DATA)


# --- what is read and kept -------------------------------------------------------------------------------------


def test_every_field_that_is_read_has_its_use(read: Server, owner: Client) -> None:
    page = state.text(owner, DATA)
    table = page.split('aria-label="Fields that are read"')[1].split("</table>", maxsplit=1)[0]
    uses = re.findall(r'<th scope="row">(.+?)</th><td[^>]*>(.+?)</td>', table)
    assert len(uses) == len(formats.ALL) == len({use for _, use in uses})
    assert [name for name, _ in uses][:3] == ["ID", "Login", "Primary email"]
    run = Account.objects.filter(server=read).values_list("run_id", flat=True).first()
    assert run
    assert "SHA-256 of the report" in page
    assert "bytes, compressed" in page


def test_the_sample_is_for_owners(read: Server, owner: Client, manager: Client) -> None:
    assert "Ann.Lee@Octo.example" in state.text(owner, DATA)
    page = state.text(manager, DATA)
    assert "@" not in page.split(">Sample<")[1]
    assert "Enterprise owners see the accounts." in page


# --- export ----------------------------------------------------------------------------------------------------


def exported(client: Client) -> bytes:
    answer = client.get(EXPORT)
    assert answer.streaming
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="{TOKYO}-accounts-for-ghconnect.json"'
    )
    return bytes(answer.getvalue())


def test_the_file_says_what_it_is_and_this_console_reads_it_again(read: Server, owner: Client) -> None:
    body = exported(owner)
    told = json.loads(body)
    assert told["note"] == "This file is made for this console. GitHub does not accept it."
    assert (told["hostName"], told["totalCount"]) == (TOKYO, 5)
    format_ = formats.recognise(body[: formats.HEAD], "x.json")
    assert format_.key == "console_json"
    found = {account.remote_user_id: account for account in formats.read(format_, [body])}
    assert found == {account.remote_user_id: account for account in PEOPLE}


def test_what_no_source_told_is_left_out(tokyo: Server, owner: Client) -> None:
    drive.read_server(tokyo, [drive.account(1, "ann@octo.example")])
    Account.objects.filter(server=tokyo).update(dormant=None, never_active=None, site_admin=None)
    users = json.loads(exported(owner))["users"]
    assert users[0].keys() == {"remoteUserId", "login", "emails", "suspended"}


def test_the_note_is_in_english_whoever_exports(read: Server, owner: Client) -> None:
    owner.post("/language", {"language": "ja"})
    assert json.loads(exported(owner))["note"].startswith("This file is made")


def test_exporting_and_adding_it_again_changes_nothing(read: Server, owner: Client) -> None:
    body = exported(owner)
    got = upload.receive(server=read, body=[body], file_name="x.json", by=None)
    done = sync.perform(run_id=got.run.pk)
    assert done is not None
    assert done.state == "unchanged"


def test_an_export_of_nothing_is_still_a_whole_file(tokyo: Server, owner: Client) -> None:
    assert json.loads(exported(owner))["users"] == []


def test_many_accounts_cost_no_more_queries_than_one(tokyo: Server, owner: Client) -> None:
    drive.read_server(tokyo, PEOPLE[:1])
    exported(owner)
    once = state.queries(lambda: exported(owner))
    drive.read_server(tokyo, [drive.account(n) for n in range(1, 30)])
    assert state.queries(lambda: exported(owner)) == once
