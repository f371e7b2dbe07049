"""Move this console's data to another database: all of it or nothing, counted and hashed (ENGINEERING §20)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction

from licensing.models.bulk import snapshot, tables

Say = Callable[[str], None]
SOURCE, TARGET = "default", "copy_target"
# `migrate` fills these by itself; they are taken from the source instead.
MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}


class NotEmpty(Exception):
    """The target holds rows already: `table` is one that does."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


class Differs(Exception):
    """A table is not the same on both sides after copying; nothing was kept in the target."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


def copy_database(*, to: dict[str, Any], say: Say) -> int:
    """Copy every table of the default database into the database that `to` describes; returns how many rows.

    The target is migrated first and must be empty. Counts and hashes of each table are compared before anything
    is kept. Raises NotEmpty, Differs, django.db.Error.
    """
    with _opened(to):
        call_command("migrate", database=TARGET, interactive=False, verbosity=0)
        _check_empty()
        with snapshot.snapshot(), transaction.atomic(using=TARGET):
            return _copy(say)


@contextmanager
def _opened(to: dict[str, Any]) -> Iterator[None]:
    connections.databases[TARGET] = connections.configure_settings({SOURCE: {}, TARGET: to})[TARGET]
    try:
        yield
    finally:
        connections[TARGET].close()
        del connections[TARGET]
        del connections.databases[TARGET]


def _check_empty() -> None:
    for model in tables.tables():
        table = model._meta.db_table
        if table not in MADE_BY_MIGRATE and tables.count(model, TARGET):
            raise NotEmpty(table)


def _copy(say: Say) -> int:
    found, done = tables.tables(), 0
    for model in reversed(found):
        if model._meta.db_table in MADE_BY_MIGRATE:
            tables.empty(model, TARGET)
    for model in found:
        copied = tables.copy(model, SOURCE, TARGET)
        if tables.digest(model, SOURCE) != tables.digest(model, TARGET):
            raise Differs(model._meta.db_table)
        say(f"{model._meta.db_table}: {copied} rows, the same on both sides")
        done += copied
    tables.reset_sequences(found, TARGET)
    return done
