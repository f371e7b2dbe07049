"""Why a license, since when, and what nearly joined; what a run did; what a renewal is talked about with."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity
from licensing import fixes
from licensing.models import Person, SyncRun
from tests.integration.engine import drive

from .conftest import TOKYO

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
E = "/enterprises/octo/licensing"


@pytest.fixture
def jane(octo: Enterprise, tokyo: Server) -> Enterprise:
    """Jane has two licenses: her address on Tokyo is another than at GitHub."""
    rows = [drive.row("jdoe"), drive.row("", [f"{TOKYO}:7"], ["jdoe@old.example"])]
    drive.read_cloud(octo, rows, [Identity("jdoe", SAML_NAME_ID, "jdoe@octo.example")])
    drive.read_server(tokyo, [drive.account(7, "jdoe@old.example", "jdoe"), drive.account(8, "x@y.example")])
    return octo


def why(client: Client, **of: object) -> dict[str, Any]:
    person = Person.objects.get(ended_edition=None, **of)
    told: dict[str, Any] = json.loads(client.get(f"{E}/people/{person.pk}.json").content)
    return told


def test_the_nearest_miss_says_what_would_join_them(jane: Enterprise, owner: Client) -> None:
    on_server = why(owner, deployment="server", accounts=1, name="jdoe")
    (miss,) = on_server["nearest_misses"]
    assert miss["would_join"] == "Make jdoe@octo.example the primary email of jdoe on ghe-tokyo."
    (back,) = why(owner, deployment="cloud")["nearest_misses"]
    assert (back["account"], back["would_join"]) == ("jdoe · ghe-tokyo", miss["would_join"])
    assert why(owner, name="u8")["nearest_misses"] == []


def test_an_account_says_since_which_sync(jane: Enterprise, tokyo: Server, owner: Client) -> None:
    run = SyncRun.objects.get(server=tokyo)
    (account,) = why(owner, name="u8")["accounts"]
    assert account["joined_by_sync"] == str(run)
    person = Person.objects.get(name="u8")
    page = owner.get(f"{E}/people/{person.pk}").content.decode()
    assert f"/servers/{TOKYO}/license/syncs/{run.number}" in page


def test_a_run_says_whose_an_account_was(jane: Enterprise, tokyo: Server, owner: Client) -> None:
    run = drive.read_server(
        tokyo, [drive.account(7, "jdoe@octo.example", "jdoe"), drive.account(8, "x@y.example")]
    )
    url = f"/enterprises/octo/servers/{TOKYO}/license/syncs/{run.number}"
    page = owner.get(url).content.decode()
    assert "before: jdoe@old.example" in page
    lines = b"".join(owner.get(f"{url}.csv")).decode().splitlines()
    assert len(lines) == 2
    assert "jdoe@octo.example,jdoe@old.example,Jdoe,jdoe,Changed: primary email" in lines[1]
    mine, before = (Person.objects.get(name=name) for name in ("Jdoe", "jdoe"))
    # Who becomes one with somebody is not released (ENGINEERING §9): the line says whose the account was.
    assert lines[1].endswith(f",active,,{mine.pk},{before.pk}")
    for person in (mine, before):
        assert f'href="{E}/people/{person.pk}"' in page
    # And back: whoever has ended is still told of, with the sync that took the account away and whose it is.
    assert before.ended_edition is not None
    of_before = owner.get(f"{E}/people/{before.pk}").content.decode().split('id="former"')[1]
    assert f'href="{url}"' in of_before
    assert f'href="{E}/people/{mine.pk}"' in of_before
    told = owner.get(f"{E}/people/{before.pk}.json").json()["former_accounts"]
    assert [(one["where"], one["person_now"]) for one in told] == [(f"{TOKYO}:7", mine.pk)]


def test_a_renewal_pack_is_what_its_manifest_says(jane: Enterprise, manager: Client) -> None:
    assert "GitHub's count by week" in manager.get(f"{E}/renewal").content.decode()
    data = b"".join(manager.get(f"{E}/renewal.zip"))
    pack = zipfile.ZipFile(io.BytesIO(data))
    manifest = json.loads(pack.read("manifest.json"))
    assert {one["name"] for one in manifest["files"]} | {"manifest.json"} == set(pack.namelist())
    for one in manifest["files"]:
        assert hashlib.sha256(pack.read(one["name"])).hexdigest() == one["sha256"]
    summary = json.loads(pack.read("summary.json"))
    assert summary["counted_by_github"] + sum(summary["bridge"].values()) == summary["expected"]
    changes = pack.read("changes.csv").decode().splitlines()
    assert len(changes) - 1 == summary["reasons"]["github"]["began"] + summary["reasons"]["active"]["began"]
    weeks = list(csv.DictReader(io.StringIO(pack.read("github-count-by-week.csv").decode())))
    newest = weeks[0]
    assert int(newest["available"]) == int(newest["purchased"]) - int(newest["counted_by_github"])
    assert "The count is GitHub's own" in pack.read("method.txt").decode()


def test_a_renewal_pack_lists_the_fixes_github_has_proved(
    jane: Enterprise, tokyo: Server, manager: Client
) -> None:
    moved = [drive.account(7, "jdoe@octo.example", "jdoe"), drive.account(8, "x@y.example")]
    drive.read_server(tokyo, moved)
    joined = [drive.row("jdoe", [f"{TOKYO}:7"], ["jdoe@octo.example"])]
    drive.read_cloud(jane, joined, [Identity("jdoe", SAML_NAME_ID, "jdoe@octo.example")])
    pack = zipfile.ZipFile(io.BytesIO(b"".join(manager.get(f"{E}/renewal.zip"))))
    (proved,) = csv.DictReader(io.StringIO(pack.read("fixes-proved.csv").decode()))
    assert json.loads(pack.read("summary.json"))["fixes_proved_by_github"] == 1
    assert (proved["server"], proved["login"]) == (TOKYO, "jdoe")
    assert proved["primary_email"] == "jdoe@octo.example"


def test_a_renewal_pack_has_all_fixes_and_the_page_says_how_many(
    octo: Enterprise, tokyo: Server, manager: Client
) -> None:
    """More than a page shows: none is left out in silence."""
    logins = [f"p{n:02}" for n in range(fixes.SHOWN + 3)]
    known = [Identity(login, SAML_NAME_ID, f"{login}@octo.example") for login in logins]
    ids = [f"{TOKYO}:{n}" for n in range(1, len(logins) + 1)]
    apart = [drive.row("", [one], [f"{login}@old.example"]) for one, login in zip(ids, logins, strict=True)]
    drive.read_cloud(octo, [*map(drive.row, logins), *apart], known)
    for domain in ("old", "octo"):
        drive.read_server(
            tokyo, [drive.account(n, f"{login}@{domain}.example", login) for n, login in enumerate(logins, 1)]
        )
    joined = [
        drive.row(login, [one], [f"{login}@octo.example"]) for one, login in zip(ids, logins, strict=True)
    ]
    drive.read_cloud(octo, joined, known)
    pack = zipfile.ZipFile(io.BytesIO(b"".join(manager.get(f"{E}/renewal.zip"))))
    proved = list(csv.DictReader(io.StringIO(pack.read("fixes-proved.csv").decode())))
    assert sorted(one["login"] for one in proved) == logins
    assert json.loads(pack.read("summary.json"))["fixes_proved_by_github"] == len(logins)
    assert "The newest 50 of 53; the pack has all." in manager.get(f"{E}/renewal").content.decode()
