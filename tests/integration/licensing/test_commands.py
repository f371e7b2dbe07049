"""Commands for a person and a cron job: exit codes, words, and the same deeds and numbers as the pages."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ghconnect.models import Enterprise, Server
from licensing.models import (
    Account,
    BridgeItem,
    Edition,
    Match,
    Person,
    RunChunk,
    Seat,
    ServerPicture,
    SyncRun,
)
from licensing.usecases import sync
from tests.integration.engine import drive

from .conftest import OSAKA, TOKYO


def run(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refused(*command: str) -> str:
    with pytest.raises(CommandError) as error:
        run(*command)
    return str(error.value)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "all_users.csv"
    path.write_bytes(drive.report([drive.account(1, "a@octo.example"), drive.account(2, suspended=True)]))
    return path


def test_import_usage_takes_a_file_in(octo: Enterprise, tokyo: Server, report: Path) -> None:
    assert "all_users_csv: 2 accounts, 1 suspended; queued as ghe-tokyo #1" in run(
        "import_usage", str(report), "--server", "ghe-tokyo", "--made-at", "2026-11-20T06:00:00Z"
    )
    made = SyncRun.objects.get()
    assert (made.file_name, made.age_known, made.way) == ("all_users.csv", True, "upload")
    sync.perform(run_id=made.pk)
    assert Account.objects.filter(server=tokyo).count() == 2


def test_import_usage_waits_for_the_worker(
    octo: Enterprise, tokyo: Server, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_: float) -> None:
        sync.perform(run_id=SyncRun.objects.get().pk)

    monkeypatch.setattr("time.sleep", work)
    assert "ghe-tokyo #1 published" in run("import_usage", str(report), "--server", TOKYO, "--wait")


def test_import_usage_says_when_no_worker_comes(octo: Enterprise, tokyo: Server, report: Path) -> None:
    told = refused("import_usage", str(report), "--server", TOKYO, "--wait", "--patience", "0")
    assert "is a worker running?" in told


def test_import_usage_says_what_is_wrong(
    octo: Enterprise, tokyo: Server, report: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(report.read_bytes().replace(b",true,", b",maybe,"))
    assert 'bad.csv, line 3, column "suspended?"' in refused("import_usage", str(bad), "--server", TOKYO)
    assert "could not be read: No such file" in refused("import_usage", "/nowhere", "--server", TOKYO)
    assert "is not a time" in refused("import_usage", str(report), "--server", TOKYO, "--made-at", "soon")
    assert f"Known: {TOKYO}" in refused("import_usage", str(report), "--server", "ghe-nowhere")
    assert not SyncRun.objects.exists()
    assert not RunChunk.objects.exists()


def test_a_host_of_two_enterprises_needs_the_enterprise(
    octo: Enterprise, tokyo: Server, report: Path
) -> None:
    other = drive.server(drive.enterprise("other"), TOKYO)
    assert "--enterprise SLUG" in refused("import_usage", str(report), "--server", TOKYO)
    run("import_usage", str(report), "--server", TOKYO, "--enterprise", "other")
    assert SyncRun.objects.get().server == other


def test_export_writes_what_the_page_gives(estate: Enterprise, tmp_path: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(run("export_consumed_licenses", "--format", "csv"))))
    assert len(lines) - 1 == 5
    path = tmp_path / "out.json"
    run("export_consumed_licenses", "--format", "json", "--view", "expected", "--output", str(path))
    assert json.loads(path.read_text())["users_listed"] == 6
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_export_leaves_the_old_file_when_it_fails(
    estate: Enterprise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def break_off(_: Any) -> Any:
        yield "half"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(
        __import__("licensing.management.commands.export_consumed_licenses", fromlist=["FORMATS"]).FORMATS,
        "csv",
        break_off,
    )
    told = refused("export_consumed_licenses", "--format", "csv", "--output", str(path))
    assert "No space left" in told
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_export_says_which_enterprise_it_needs(estate: Enterprise) -> None:
    drive.enterprise("other")
    assert "Known: octo, other" in refused("export_consumed_licenses", "--format", "csv")
    assert 'no enterprise "nope"' in refused(
        "export_consumed_licenses", "--format", "csv", "--enterprise", "nope"
    )
    asked = ("export_consumed_licenses", "--format", "csv", "--enterprise")
    assert "no token" in refused(*asked, "other", "--view", "github")
    assert "foo:bar" in refused(*asked, "octo", "--query", "foo:bar")


def test_check_numbers_agrees_after_every_kind_of_run(estate: Enterprise, tokyo: Server) -> None:
    assert "All numbers agree" in run("check_numbers")
    drive.read_server(drive.server(estate, OSAKA), [drive.account(1, "dan@octo.example"), drive.account(2)])
    drive.read_server(tokyo, [drive.account(2, "bob@octo.example"), drive.account(4, "dan@octo.example")])
    drive.read_cloud(estate, [drive.row("ann"), drive.row("bob", [f"{TOKYO}:2"], ["bob@octo.example"])])
    assert "All numbers agree" in run("check_numbers", "--enterprise", "octo")
    assert run("check_numbers", "--verbosity", "0") == ""


def lose_a_seat() -> None:
    Seat.objects.filter(to_edition=None)[0].delete()


def lose_a_match() -> None:
    Match.objects.filter(to_edition=None)[0].delete()


def lose_a_person() -> None:
    Person.objects.filter(deployment="server", consumes=True)[0].delete()


def count_one_more() -> None:
    Person.objects.filter(consumes=False).update(consumes=True)


def change_the_bridge() -> None:
    BridgeItem.objects.update(delta=7)


def change_the_totals() -> None:
    edition = Edition.objects.latest("number")
    edition.totals["expected"] += 1
    edition.save()


def change_a_picture() -> None:
    ServerPicture.objects.update(consuming=99)


def orphan_an_account() -> None:
    Account.objects.filter(login="eve").update(person_id=None)


@pytest.mark.parametrize(
    "damage",
    [
        lose_a_seat,
        lose_a_match,
        lose_a_person,
        count_one_more,
        change_the_bridge,
        change_the_totals,
        change_a_picture,
        orphan_an_account,
    ],
)
def test_check_numbers_finds_damage(estate: Enterprise, damage: Any) -> None:
    damage()
    assert "counts differ from their rows" in refused("check_numbers")
