"""After a restore a server syncs at most once more in its period, no number moves, no period is left out (§22)."""

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

from ghconnect.models import Enterprise, Server
from ghconnect.usecases.audit_chain import Head, verify
from licensing import numbers
from licensing.models import DueSync, SyncRun
from licensing.usecases import schedule, sync
from tests.integration.engine import drive
from tests.support import postgres, stack

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
