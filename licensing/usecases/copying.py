"""Move a console from SQLite to PostgreSQL: every table, compared row by row before it counts (ENGINEERING §28)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import environ
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, router, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.db.models.functions import Now

from licensing.models import SyncRun
from licensing.models.bulk import copying
from licensing.models.bulk.snapshot import snapshot

TARGET = "copy"
Table = type[Model]


class Refused(Exception):
    """Nothing was written: what stands in the way."""


class NotCopied(Exception):
    """The copy was taken back: what went wrong."""


@dataclass(frozen=True, slots=True)
class Copied:
    """One table as it was copied and compared."""

    table: str
    rows: int


def copy(url: str, told: Callable[[Copied], None]) -> None:
    """Copy every table of this console's SQLite into the empty PostgreSQL at `url`, in one transaction.

    `told` hears of each table once it is there. Raises Refused, NotCopied.
    """
    refuse_source()
    with opened(url):
        refuse_target()
        with routed():
            call_command("migrate", database=TARGET, verbosity=0, interactive=False)
        try:
            with snapshot(), transaction.atomic(using=TARGET):
                _copy(told)
        except (copying.NotStorable, DatabaseError) as error:
            raise NotCopied(str(error).strip()) from error


def _copy(told: Callable[[Copied], None]) -> None:
    some = tables()
    copying.empty_tables(some, TARGET)
    for model in some:
        written = copying.copy_rows(model, TARGET, copying.rows_of(model, "default"))
        found = copying.sum_of(model, TARGET)
        if found != written:
            raise NotCopied(f"{model._meta.db_table}: {_difference(written, found)}")
        told(Copied(model._meta.db_table, found.rows))
    copying.finish(some, TARGET)


def _difference(written: copying.Sum, found: copying.Sum) -> str:
    if written.rows != found.rows:
        return f"{written.rows:,} rows were written and {found.rows:,} are there"
    return f"{found.rows:,} rows are there as they should, but not all say the same"


def tables() -> list[Table]:
    """Return every table's model, none before those it refers to."""
    models = sorted(apps.get_models(include_auto_created=True), key=lambda model: model._meta.db_table)
    kept = {model._meta.db_table: model for model in models if model._meta.managed and not model._meta.proxy}
    return [
        kept[name] for name in TopologicalSorter({n: _referred(m) for n, m in kept.items()}).static_order()
    ]


def _referred(model: Table) -> list[str]:
    """The tables it refers to; a reference to itself orders nothing."""
    named = {
        field.related_model._meta.db_table
        for field in model._meta.concrete_fields
        if isinstance(field.related_model, type)
    }
    return sorted(named - {model._meta.db_table})


def refuse_source() -> None:
    """Raise Refused unless this is a whole SQLite that no worker writes to."""
    if connection.vendor != "sqlite":
        raise Refused("this console's database is not SQLite")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Refused("this console's database is of an older release: run migrate first")
    if run := SyncRun.objects.filter(state=SyncRun.State.RUNNING, lease_until__gt=Now()).first():
        raise Refused(f"{run} is running: stop workers and web servers first")


def refuse_target() -> None:
    """Raise Refused unless the database is there, is PostgreSQL and is empty."""
    try:
        filled = copying.filled_table(TARGET)
    except DatabaseError as error:
        raise Refused(f"the database does not answer: {str(error).strip()}") from error
    if filled:
        raise Refused(f"the database is not empty: {filled} has rows")


class _ToTarget:
    """Sends what names no database to the target."""

    def db_for_read(self, _model: Table, **_hints: Any) -> str:
        return TARGET

    db_for_write = db_for_read


@contextmanager
def routed() -> Iterator[None]:
    """Let migrations that write rows write them to the target: they name no database."""
    before = router.routers
    router.routers = [_ToTarget()]
    try:
        yield
    finally:
        router.routers = before


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Let `TARGET` name the database at `url` while the context lasts. Raises Refused where it is none."""
    try:
        config = environ.Env.db_url_config(url)
    except (ValueError, ImproperlyConfigured) as error:
        raise Refused(f"the URL cannot be read: {error}") from error
    if config.get("ENGINE") != "django.db.backends.postgresql":
        raise Refused("the URL is not one of PostgreSQL: postgres://user@host/name")
    connections.settings[TARGET] = connections.configure_settings({"default": config})["default"]
    try:
        yield
    finally:
        connections[TARGET].close()
        del connections[TARGET]
        del connections.settings[TARGET]
