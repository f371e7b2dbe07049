"""Floors: the least a database needs for the same rows, without anything being decided (ENGINEERING §10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction

from ghconnect.records import ServerAccount
from licensing.models import Account, SyncRun, bulk
from licensing.rules import formats
from licensing.rules.normalise import email_key

REPORT = formats.FORMATS["all_users_csv"]
# What a sync leaves behind, referred-to tables first. Staged rows are loaded and dropped besides.
TABLES = tuple(
    model._meta.db_table
    for model in apps.get_app_config("licensing").get_models(include_auto_created=True)
    if not model._meta.db_table.startswith("licensing_staged")
)


@dataclass(frozen=True)
class Written:
    """Rows of one table that a sync inserted and changed."""

    table: str
    new: int
    changed: int


def remember(tables: tuple[str, ...] = TABLES) -> None:
    """Keep a picture of the tables in the database in use, beside them."""
    for table in tables:
        _run(f"CREATE TABLE before_{table} AS SELECT * FROM {table}")


def take_back(tables: tuple[str, ...] = TABLES) -> list[Written]:
    """Undo what happened since `remember`, keeping new and changed rows in tables beside; returns how many."""
    written = []
    for table in tables:
        _run(
            f"CREATE TABLE new_{table} AS SELECT * FROM {table} WHERE id NOT IN (SELECT id FROM before_{table})"
        )
        _run(
            f"CREATE TABLE changed_{table} AS SELECT n.* FROM {table} n JOIN before_{table} b ON b.id = n.id "
            f"WHERE {_differs(table)}"
        )
        written.append(Written(table, _count(f"new_{table}"), _count(f"changed_{table}")))
    with transaction.atomic():
        for table in reversed(tables):
            _run(f"DELETE FROM {table} WHERE id IN (SELECT id FROM new_{table})")
            _run(
                _overwrite(table, f"(SELECT b.* FROM before_{table} b JOIN changed_{table} c ON c.id = b.id)")
            )
        for table in tables:
            _run(f"DROP TABLE before_{table}")
    return written


def parse_and_write(report: bytes, written: list[Written], run: SyncRun) -> None:
    """Read the report's bytes, load its accounts by COPY, and write the kept rows by one statement a table."""
    with transaction.atomic():
        stage(report, run)
        for each in written:
            if each.new:
                _run(f"INSERT INTO {each.table} SELECT * FROM new_{each.table}")
            if each.changed:
                _run(_overwrite(each.table, f"changed_{each.table}"))
        bulk.forget_staged(run.pk)


@contextmanager
def no_foreign_keys() -> Iterator[None]:
    """Let the database look up no row that another refers to; on PostgreSQL by a superuser."""
    off, on = {
        "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT"),
        "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    }[connection.vendor]
    _run(off)
    try:
        yield
    finally:
        _run(on)


def bare_copy() -> None:
    """The accounts alone, by COPY into the table they have."""
    columns = [field.column for field in Account._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM new_licensing_account")
        rows = [tuple(_as_text(value) for value in row) for row in cursor.fetchall()]
    with transaction.atomic():
        bulk.load("licensing_account", columns, rows)
        transaction.set_rollback(True)


def stage_and_join(report: bytes, run: SyncRun) -> None:
    """What a sync that finds nothing new cannot do without: read, load, one full join with what is published."""
    with transaction.atomic():
        stage(report, run)
        assert run.server is not None
        server, of_run = run.server.pk, (run.pk, run.attempt)
        list(bulk.stream(_JOIN, server, *of_run, server, *of_run))
        bulk.forget_staged(run.pk)


_SAME = """s.login = a.login AND s.email = a.email AND s.suspended = a.suspended AND s.site_admin = a.site_admin
  AND s.dormant = a.dormant AND s.never_active = a.never_active AND s.remote_created_at = a.remote_created_at"""
_JOIN = f"""
  SELECT s.remote_user_id, a.id FROM licensing_stagedaccount s LEFT JOIN licensing_account a
    ON a.server_id = %s AND a.remote_user_id = s.remote_user_id AND a.ended_edition IS NULL
  WHERE s.run_id = %s AND s.attempt = %s AND (a.id IS NULL OR NOT ({_SAME}))
  UNION ALL
  SELECT a.remote_user_id, a.id FROM licensing_account a
  WHERE a.server_id = %s AND a.ended_edition IS NULL AND NOT EXISTS (
    SELECT 1 FROM licensing_stagedaccount s
    WHERE s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id)
"""


def stage(report: bytes, run: SyncRun) -> None:
    """Load the accounts of a report into the staged rows, as the pipeline's own step does."""
    accounts = formats.read(REPORT, iter([report]))
    bulk.load("licensing_stagedaccount", bulk.STAGED, _staged(run, accounts))
    bulk.analyze("licensing_stagedaccount")


def _staged(run: SyncRun, accounts: Iterator[ServerAccount]) -> Iterator[bulk.Row]:
    for position, a in enumerate(accounts):
        yield (
            run.pk, run.attempt, position, a.remote_user_id, a.login, a.email, email_key(a.email),
            a.site_admin, a.suspended, a.dormant, a.never_active, bulk.moment(a.created_at),
        )  # fmt: skip


def _differs(table: str) -> str:
    """Whether row n differs from row b; JSON on PostgreSQL has an order only as text."""
    sides = (
        ", ".join(_comparable(f'{side}."{column}"', kind) for column, kind in _columns(table))
        for side in "nb"
    )
    new, old = sides
    test = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return f"({new}) {test} ({old})"


def _comparable(column: str, kind: str) -> str:
    return f"{column}::text" if connection.vendor == "postgresql" and kind.startswith("json") else column


def _overwrite(table: str, source: str) -> str:
    names = [name for name, _ in _columns(table) if name != "id"]
    if not names:
        return "SELECT 1"
    pairs = ", ".join(f"{name} = o.{name}" for name in (f'"{name}"' for name in names))
    return f"UPDATE {table} SET {pairs} FROM {source} o WHERE {table}.id = o.id"


def _columns(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA table_info({table})")
            return [(row[1], row[2]) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
        )
        return list(cursor.fetchall())


def _count(table: str) -> int:
    return int(bulk.one(f"SELECT count(*) FROM {table}")[0])


def _as_text(value: object) -> object:
    return bulk.document(value) if isinstance(value, list | dict) else value


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
