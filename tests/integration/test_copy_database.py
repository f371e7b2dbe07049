"""A console with the storyline moves from SQLite to PostgreSQL, and is the same console there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from celery import current_app
from django.conf import settings
from django.db import connection

from licensing.usecases import copying
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox

POSTGRESQL = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="of the stack that has a PostgreSQL"
)
LOAD = """
import django; django.setup()
from licensing.usecases import sandbox_estate
from tests.support.storyline import PASSWORDS
sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None, alone=True)
"""
# New rows get numbers behind those copied: a week later nearly every table gets some.
GO_ON = """
import django; django.setup()
from ghconnect.models import Server
from licensing.models import SyncRun
from licensing.usecases import runs, sync
server = Server.objects.get(host__startswith="ghe-osaka")
run = runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)
sync.perform(run_id=run.pk)
run.refresh_from_db()
print("goes on:", run.state)
"""
GOES_ON = {f"goes on: {state}" for state in ("published", "unchanged", "held")}
TRIGGER = """
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {deed} END $$;
CREATE TRIGGER change BEFORE INSERT ON ghconnect_server FOR EACH ROW EXECUTE FUNCTION change();
"""
BUSY = """
UPDATE licensing_syncrun SET state = '{state}', lease_until = ? WHERE id = (SELECT max(id) FROM licensing_syncrun)
"""
COPIED, FAILED, REFUSED = 0, 1, 2


class Console:
    """A console of its own: commands on its own database."""

    def __init__(self, url: str, sandbox: Sandbox) -> None:
        self.url = url
        known = {
            "GHCONNECT_RESOLVE": sandbox.resolve,
            "GHCONNECT_CA_BUNDLE": str(sandbox.ca),
            "GHCONNECT_SANDBOX_URL": sandbox.pages_url,
        }
        self.environment = {**os.environ, **known, "DATABASE_URL": url}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def manage(self, *arguments: str) -> str:
        done = self.python("manage.py", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def copy(self, to: str) -> tuple[int, str]:
        done = self.python("manage.py", "copy_database", "--to", to)
        return done.returncode, done.stdout + done.stderr

    def export(self) -> str:
        return self.manage("export_consumed_licenses", "--format", "json", "--enterprise", "octo-corp")


@pytest.fixture(scope="module")
def old(broker: None, sandbox: Sandbox, folder: Path) -> Iterator[Console]:
    """A console on SQLite that holds the storyline."""
    console = Console(f"sqlite:///{folder / 'moving.sqlite3'}", sandbox)
    console.manage("migrate", "--verbosity", "0")
    done = console.python("-c", LOAD)
    assert done.returncode == 0, done.stderr
    yield console
    current_app.control.purge()  # nobody heard these bells


@pytest.fixture
def empty() -> Iterator[str]:
    """The URL of an empty database of the PostgreSQL that the tests have."""
    facts = connection.settings_dict
    own = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres", scheme="postgresql"))
    name = f"{facts['NAME']}_moved"
    with psycopg.connect(own, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def sqlite(console: Console, sql: str, *values: str) -> None:
    """Change the old console's file behind its back."""
    with sqlite3.connect(urlsplit(console.url).path) as file:
        file.execute(sql, values)


@POSTGRESQL
def test_the_console_is_the_same_there_and_goes_on(old: Console, empty: str, sandbox: Sandbox) -> None:
    code, said = old.copy(empty)
    assert code == COPIED, said
    assert f"{len(copying.tables())} tables, " in said
    assert ": all the same." in said
    new = Console(empty, sandbox)
    assert new.export() == old.export()
    assert "All numbers agree with their rows." in new.manage("check_numbers")
    assert new.python("-c", GO_ON).stdout.strip() in GOES_ON
    code, said = old.copy(empty)
    assert code == REFUSED
    assert "the database is not empty" in said


@POSTGRESQL
def test_what_postgresql_does_not_take_is_named_and_all_is_taken_back(old: Console, empty: str) -> None:
    name = "x" * 121
    sqlite(old, "UPDATE ghconnect_enterprise SET name = name || ? WHERE slug = 'octo-corp'", name)
    try:
        code, said = old.copy(empty)
    finally:
        sqlite(old, "UPDATE ghconnect_enterprise SET name = replace(name, ?, '')", name)
    assert code == FAILED
    assert "Not copied, the target is empty: ghconnect_enterprise: value too long" in said
    code, said = old.copy(empty)
    assert code == COPIED, said


@POSTGRESQL
@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("NEW.version = 'other'; RETURN NEW;", "rows are there as they should, but not all say the same"),
        ("RETURN NULL;", "rows were written and 0 are there"),
    ],
    ids=["another value", "a row less"],
)
def test_a_difference_is_seen(old: Console, empty: str, sandbox: Sandbox, deed: str, told: str) -> None:
    Console(empty, sandbox).manage("migrate", "--verbosity", "0")
    with psycopg.connect(empty) as target:
        target.execute(TRIGGER.format(deed=deed))
    code, said = old.copy(empty)
    assert (code, "Not copied, the target is empty: ghconnect_server: " in said, told in said) == (
        FAILED,
        True,
        True,
    ), said
    with psycopg.connect(empty) as target:
        assert target.execute("SELECT count(*) FROM ghconnect_enterprise").fetchone() == (0,)


@POSTGRESQL
def test_a_reference_to_nothing_is_found(old: Console, empty: str) -> None:
    sqlite(old, "UPDATE ghconnect_membership SET user_id = user_id + 1000")
    try:
        code, said = old.copy(empty)
    finally:
        sqlite(old, "UPDATE ghconnect_membership SET user_id = user_id - 1000")
    assert (code, "Not copied, the target is empty: " in said) == (FAILED, True), said


@POSTGRESQL
def test_a_run_that_a_worker_has_is_waited_for(old: Console, empty: str) -> None:
    sqlite(old, BUSY.format(state="running"), "2999-01-01 00:00:00")
    try:
        code, said = old.copy(empty)
    finally:
        sqlite(old, BUSY.format(state="published"), "2000-01-01 00:00:00")
    assert (code, "is running: stop workers and web servers first" in said) == (REFUSED, True), said


@pytest.fixture(scope="module")
def bare(folder: Path, sandbox: Sandbox) -> Console:
    """A console that holds nothing."""
    console = Console(f"sqlite:///{folder / 'bare.sqlite3'}", sandbox)
    console.manage("migrate", "--verbosity", "0")
    return console


@POSTGRESQL
@pytest.mark.rows
def test_every_migration_can_be_written_to_the_other_database(bare: Console, empty: str) -> None:
    """Of all that is copied this is done each time: a migration that names no database writes into the wrong one."""
    code, said = bare.copy(empty)
    assert (code, ": all the same." in said) == (COPIED, True), said


@pytest.mark.parametrize("url", ["sqlite:////tmp/other.sqlite3", "mysql://root@127.0.0.1/other", "nonsense"])
def test_only_postgresql_is_copied_to(url: str, bare: Console) -> None:
    code, said = bare.copy(url)
    assert code == REFUSED, said
    assert "Traceback" not in said


def test_a_database_that_is_not_there_is_said(bare: Console) -> None:
    code, said = bare.copy("postgres://nobody@127.0.0.1:1/nothing")
    assert (code, "the database does not answer" in said, "Traceback" in said) == (REFUSED, True, False), said


def test_an_older_release_is_not_copied(folder: Path, sandbox: Sandbox) -> None:
    console = Console(f"sqlite:///{folder / 'older.sqlite3'}", sandbox)
    code, said = console.copy("postgres://nobody@127.0.0.1:1/nothing")
    assert (code, "run migrate first" in said) == (REFUSED, True), said


def test_tables_come_after_those_they_refer_to() -> None:
    some = copying.tables()
    assert len({model._meta.db_table for model in some}) == len(some)
    place = {model: number for number, model in enumerate(some)}
    for model in some:
        for field in model._meta.concrete_fields:
            if isinstance(field.related_model, type) and field.related_model is not model:
                assert place[field.related_model] < place[model], (model, field)
    assert settings.AUTH_USER_MODEL in {model._meta.label for model in some}
