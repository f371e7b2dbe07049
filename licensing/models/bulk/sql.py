"""One statement at a time, on SQLite and PostgreSQL alike: what every room of raw SQL leans on.

SQLite keeps no statistics here: where it must begin with the small table, the query says CROSS JOIN, which holds
the order there and is an ordinary join on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, count, islice
from typing import Any

from django.db import connection

BATCH = 5000
FEW = 200  # so many rows are quicker one by one
_cursors = count()


Row = tuple[Any, ...]
# A table, its columns and rows to load into it.
Part = tuple[str, Sequence[str], Sequence[Row]]


def moment(value: datetime | None) -> Any:
    """Return a time as raw SQL of this database takes it."""
    if value is not None and value.tzinfo is UTC:
        # As Django writes it, without asking for zones: a tenth of what it takes to stage an account.
        return str(value.replace(tzinfo=None)) if connection.vendor == "sqlite" else value
    return connection.ops.adapt_datetimefield_value(value) if value else None


def document(value: Any) -> str:
    """Return a JSON column's text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_list(value: Any) -> list[str]:
    """Return a JSON list; it comes as text on SQLite and as a list on PostgreSQL."""
    if value is None or value == "[]":
        return []  # of most accounts and rows: reading them as JSON took a tenth of a first sync
    found: list[str] = json.loads(value) if isinstance(value, str) else value
    return found


def as_time(value: Any) -> datetime | None:
    """Return a time, aware; it comes without its zone, which is UTC, on SQLite."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def by_code_point(column: str) -> str:
    """Return the column ordered by code point, as Python orders strings, on either database."""
    return f'{column} COLLATE "C"' if connection.vendor == "postgresql" else column


def run_sql(sql: str, *params: Any) -> int:
    """Run one statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def one(sql: str, *params: Any) -> Row:
    """Return the only row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: Row = cursor.fetchone()
        return row


def stream(sql: str, *params: Any) -> Iterator[Row]:
    """Yield the rows of a query in batches, from a server-side cursor on PostgreSQL."""
    cursor: Any
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        cursor = connection.connection.cursor(name=f"ghconnect_{next(_cursors)}")
        cursor.itersize = BATCH
        with cursor:
            yield from cursor.execute(sql, params)
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def load(table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert rows in bulk, by COPY on PostgreSQL; returns how many.

    Rows are taken in batches and never while a COPY is open: they may come from a query of this connection.
    """
    names = ", ".join(f'"{column}"' for column in columns)
    done, rows = 0, iter(rows)
    write = _copy if connection.vendor == "postgresql" else _insert
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            write(cursor, f"{table} ({names})", batch)
            done += len(batch)
    return done


def _copy(cursor: Any, target: str, batch: list[Row]) -> None:
    with cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in batch:
            copy.write_row(row)


def _insert(cursor: Any, target: str, batch: list[Row]) -> None:
    marks = ", ".join(["%s"] * len(batch[0]))
    cursor.executemany(f"INSERT INTO {target} VALUES ({marks})", batch)


def update_many(sql: str, rows: Iterable[Row]) -> None:
    """Run one statement for many rows of parameters."""
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(sql, batch)


def set_columns(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Set columns of rows by their id; a row is (*values, id).

    PostgreSQL takes one statement for many rows at a third of what a statement for each costs there; for a few it
    is not worth a table.
    """
    rows = iter(rows)
    pairs = ", ".join(f'"{column}" = %s' for column in columns)
    one_by_one = f"UPDATE {table} SET {pairs} WHERE id = %s"
    if connection.vendor == "sqlite":
        update_many(one_by_one, rows)
        return
    few = list(islice(rows, FEW))
    if len(few) < FEW:
        update_many(one_by_one, few)
        return
    names = [*columns, "id"]
    listed = ", ".join(f'"{name}"' for name in names)
    run_sql(f"CREATE TEMPORARY TABLE t_set ON COMMIT DROP AS SELECT {listed} FROM {table} WHERE FALSE")
    load("t_set", names, chain(few, rows))
    analyze("t_set")
    pairs = ", ".join(f'"{column}" = t_set."{column}"' for column in columns)
    run_sql(f"UPDATE {table} SET {pairs} FROM t_set WHERE {table}.id = t_set.id")
    run_sql("DROP TABLE t_set")


def analyze(*tables: str) -> None:
    """Let PostgreSQL know the size of tables just filled; SQLite needs no telling."""
    if connection.vendor == "postgresql":
        for table in tables:
            run_sql(f"ANALYZE {table}")


def analyze_grown(*tables: str) -> None:
    """Let PostgreSQL know of tables it has never looked at, or that have more than doubled since it did.

    So have those that it takes for less than half of what this publication touches.

    Its own look comes by the minute: a first publication would be planned as of empty tables, and take the square
    of its time. Another publication that is looking at a table now is not waited for.
    """
    if connection.vendor != "postgresql":
        return
    grown = stream(
        """
        SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[])
          AND (reltuples < 0 OR reltuples * 2 < greatest((SELECT count(*) FROM t_account),
              (SELECT count(*) FROM t_row), (SELECT count(*) FROM t_group))
            OR pg_relation_size(oid) > 2 * greatest(relpages, 4) * current_setting('block_size')::int)
        """,
        list(tables),
    )
    for (table,) in list(grown):
        run_sql(f"ANALYZE (SKIP_LOCKED) {table}")
