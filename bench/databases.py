"""Databases of a bench: one made once, and copies of it, each as it was before what is measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


def use(name: str) -> None:
    """Let this process' connection open another database next."""
    connection.close()
    connection.settings_dict["NAME"] = name


def current() -> str:
    """The database in use: a file on SQLite, a name on PostgreSQL."""
    return str(connection.settings_dict["NAME"])


@contextmanager
def copied(label: str) -> Iterator[str]:
    """Use a copy of the database that is in use while the context lasts; yields its name."""
    before = current()
    name = copy(label)
    use(name)
    try:
        yield name
    finally:
        use(before)
        drop(name)


def copy(label: str) -> str:
    """Copy the database in use and return the copy's name; the one in use is closed."""
    before = current()
    if connection.vendor == "sqlite":
        _run("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        name = str(Path(before).with_name(f"{Path(before).stem}-{label}.sqlite3"))
        shutil.copyfile(before, name)
        return name
    name = f"{before}_{label}"
    drop(name)
    _admin(f'CREATE DATABASE "{name}" TEMPLATE "{before}"')
    return name


def create() -> None:
    """Make the database that is in use, empty; one of the same name is dropped."""
    drop(current())
    if connection.vendor == "postgresql":
        _admin(f'CREATE DATABASE "{current()}"')


def drop(name: str) -> None:
    """Drop a database, if it is there."""
    if connection.vendor == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(name + ending).unlink(missing_ok=True)
        return
    _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def settle() -> None:
    """Do what a database does by itself within minutes: statistics, dead rows, pages on the disk."""
    if connection.vendor == "postgresql":
        _run("VACUUM ANALYZE")
        _run("CHECKPOINT")
    else:
        _run("PRAGMA wal_checkpoint(TRUNCATE)")


def describe() -> str:
    """The database's own name and version."""
    sql = "SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return f"{connection.display_name} {str(cursor.fetchone()[0]).split()[0]}"


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _admin(sql: str) -> None:
    """A statement outside this database, on a connection of its own."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql)


def url(name: str) -> str:
    """The DATABASE_URL of a database beside the one of the environment."""
    given = os.environ["DATABASE_URL"]
    return f"sqlite:///{name}" if given.startswith("sqlite") else f"{given.rsplit('/', 1)[0]}/{name}"
