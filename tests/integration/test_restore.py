"""After a restore (§22): at most one more sync in the period, no number moves, no period or alert twice or left out."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from ghconnect.models import Enterprise, Server, User
from ghconnect.usecases.audit_chain import Head, verify
from licensing import numbers
from licensing.models import AlertDelivery, AttentionItem, DueSync, SyncRun
from licensing.usecases import alerts, attention, deliver, schedule, sync
from tests.integration.engine import drive
from tests.integration.licensing import state
from tests.support import postgres, receivers, stack

PEOPLE = [drive.account(n, f"{n}@x.example") for n in range(1, 6)]


@pytest.fixture
def _own(folder: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), stack.own_database(folder, "restore"):
        yield
        connection.close()


def backup(folder: Path) -> Callable[[], None]:
    """Back the database up as the docs say; returns what restores it."""
    if connection.vendor == "sqlite":
        kept, used = folder / "kept.sqlite3", Path(connection.settings_dict["NAME"])
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(kept)])

        def restore() -> None:
            connection.close()
            for ending in ("-wal", "-shm"):
                used.with_name(used.name + ending).unlink(missing_ok=True)
            shutil.copyfile(kept, used)

        return restore
    found = postgres.of_machine("this machine's")
    if found is None or not (found.folder / "pg_dump").exists():
        pytest.skip("there is no pg_dump here")
    known = connection.settings_dict
    where = ["--host", known["HOST"], "--port", str(known["PORT"]), "--username", known["USER"]]
    environment = {**os.environ, "PGPASSWORD": known["PASSWORD"]}
    dump = str(folder / "kept.dump")

    def run(program: str, *more: str) -> None:
        subprocess.run([found.folder / program, *where, *more], env=environment, check=True)

    run("pg_dump", "--format=custom", "--file", dump, known["NAME"])

    def restore_dump() -> None:
        connection.close()
        run("pg_restore", "--clean", "--if-exists", "--dbname", known["NAME"], dump)

    return restore_dump


def weekly(server: Server) -> list[tuple[str, str]]:
    found = SyncRun.objects.filter(server=server, trigger=SyncRun.Trigger.WEEKLY).order_by("pk")
    return list(found.values_list("period", "state"))


def read(server: Server) -> None:
    """Let a worker read the server's queued run."""
    run = SyncRun.objects.get(server=server, state=SyncRun.State.QUEUED)
    sync.perform(run_id=drive.fetched(run, PEOPLE).pk)


def come(server: Server, now: datetime) -> None:
    """Ask twice what is due, as two dispatchers do, and read it."""
    schedule.dispatch(now=now)
    schedule.dispatch(now=now)
    read(server)


@pytest.mark.rows
@pytest.mark.usefixtures("_own")
def test_a_restored_console_goes_on_as_if_it_had_slept(tmp_path: Path) -> None:
    of = drive.enterprise()
    server = drive.pulled(of, "ghe-a.example.com")
    read(server)
    due = DueSync.objects.get(server=server)
    first, key = due.at + timedelta(minutes=2), due.period
    restore = backup(tmp_path)

    come(server, first)
    before = drive.totals(of)
    assert weekly(server) == [(key, "unchanged")]

    restore()
    server = Server.objects.get(pk=server.pk)
    of = Enterprise.objects.get(pk=of.pk)
    assert weekly(server) == []
    come(server, first)
    schedule.dispatch(now=first + timedelta(days=1))
    assert weekly(server) == [(key, "unchanged")]
    assert drive.totals(of) == before

    following = DueSync.objects.get(server=server)
    come(server, following.at + timedelta(minutes=2))
    assert weekly(server) == [(key, "unchanged"), (following.period, "unchanged")]
    of.refresh_from_db()
    assert all(finding.agrees for finding in numbers.recount(of))
    assert all(isinstance(found, Head) for found in verify())
    drive.assert_sound(of)


def tell() -> None:
    """Look at what needs somebody, as the dispatcher does, and let a worker come to each receiver."""
    attention.refresh_ids()
    for pk in list(AlertDelivery.objects.filter(done_at=None).values_list("receiver", flat=True)):
        deliver.deliver(receiver_id=pk)


@pytest.mark.rows
@pytest.mark.usefixtures("_own")
def test_alerts_sent_before_the_backup_are_not_sent_again_and_later_ones_are_known_by_their_id(
    tmp_path: Path,
) -> None:
    """What was sent is in the backup; what waited in it is sent again, once, with the id it was first sent with."""
    of = drive.enterprise()
    by = User.objects.create_user("mona@octo.example", "mona")
    with receivers.web() as hook:
        wish = alerts.Wish(webhook_url=hook.url, secret="correct horse battery")
        alerts.change(enterprise=of, wish=wish, console_url="https://console.example/", by=by)
        state.failed(state.pulled(of, "ghe-a.example.com"))
        tell()
        assert [each.json["event"] for each in hook.received] == ["attention.opened"]
        alerts.test(enterprise=of, by=by)
        restore = backup(tmp_path)
        tell()
        sent = [each.json["id"] for each in hook.received]
        assert len(set(sent)) == 2

        restore()
        for _ in range(3):
            tell()
    assert [each.json["id"] for each in hook.received] == [*sent, sent[-1]]
    assert not AlertDelivery.objects.filter(done_at=None).exists()
    assert AttentionItem.objects.filter(enterprise=of, cleared_at=None).exists()
