"""Move rows into another database: a table at a time, and a sum that tells whether both hold the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import psycopg
from django.core.management.color import no_style
from django.db import DatabaseError, connections
from django.db.models import Model

from .sql import BATCH, Row

WHOLE = 1 << 256
# What a fresh database holds after `migrate`: Django writes it there itself, and a migration of ours where chains end.
OF_MIGRATE = frozenset(
    {"django_migrations", "django_content_type", "auth_permission", "ghconnect_auditheads"}
)


class NotStorable(Exception):
    """PostgreSQL does not take a row; the message is its own."""


@dataclass(slots=True)
class Sum:
    """How many rows there are, and the sum of their hashes: the same in whatever order they are read."""

    rows: int = 0
    total: int = 0

    def add(self, row: Row) -> None:
        """Count a row in."""
        self.rows += 1
        self.total = (self.total + int.from_bytes(sha256(_plain(row)).digest())) % WHOLE


def _plain(row: Row) -> bytes:
    """Return a row as the same bytes from either database."""
    return json.dumps(row, default=_as_text, sort_keys=True, ensure_ascii=True).encode()


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def columns(model: type[Model]) -> list[str]:
    """Return the attributes a table's columns are read by, in one order."""
    return [field.attname for field in model._meta.concrete_fields]


def rows_of(model: type[Model], alias: str) -> Iterator[Row]:
    """Yield all rows of a table as Python values, in memory that does not grow with them."""
    found = model._base_manager.using(alias).order_by().values_list(*columns(model))
    yield from found.iterator(chunk_size=BATCH)


def copy_rows(model: type[Model], alias: str, rows: Iterable[Row]) -> Sum:
    """Write rows into the table of PostgreSQL that `alias` names; returns their sum. Raises NotStorable."""
    target, fields, done = connections[alias], model._meta.concrete_fields, Sum()
    quote = target.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        try:
            with (
                target.cursor() as cursor,
                cursor.copy(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN") as to,
            ):
                for row in batch:
                    to.write_row([f.get_db_prep_save(v, target) for f, v in zip(fields, row, strict=True)])
        except (psycopg.Error, DatabaseError, ValueError) as error:
            raise NotStorable(f"{model._meta.db_table}: {str(error).strip().splitlines()[0]}") from error
        for row in batch:
            done.add(row)
    return done


def sum_of(model: type[Model], alias: str) -> Sum:
    """Read a table and return its sum."""
    found = Sum()
    for row in rows_of(model, alias):
        found.add(row)
    return found


def filled_table(alias: str) -> str:
    """Return the name of a table with rows that `migrate` did not write, "" in an empty database."""
    target = connections[alias]
    with target.cursor() as cursor:
        for table in sorted(set(target.introspection.table_names(cursor)) - OF_MIGRATE):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {target.ops.quote_name(table)})")
            if cursor.fetchone()[0]:
                return table
    return ""


def empty_tables(models: Iterable[type[Model]], alias: str) -> None:
    """Delete what `migrate` wrote, so that the rows copied keep their numbers."""
    target = connections[alias]
    tables = [model._meta.db_table for model in models]
    with target.cursor() as cursor:
        for sql in target.ops.sql_flush(no_style(), tables, reset_sequences=False):
            cursor.execute(sql)


def finish(models: Iterable[type[Model]], alias: str) -> None:
    """Check every reference between tables, and let new rows get numbers behind those copied."""
    target = connections[alias]
    target.check_constraints()
    with target.cursor() as cursor:
        for sql in target.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(sql)
