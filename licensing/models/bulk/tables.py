"""Whole tables from one database into another, row by row as they are (`manage.py copy_database`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models

from .sql import BATCH, Row

Table = type[models.Model]


def tables() -> list[Table]:
    """Return every table that Django manages, those of many-to-many relations too, referred-to ones first."""
    left = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    ordered: list[Table] = []
    while left:
        ready = [model for model in left if not _needs(model) & set(left) - {model}] or left[:1]
        ordered += ready
        left = [model for model in left if model not in ready]
    return ordered


def _needs(model: Table) -> set[Table]:
    related = (field.related_model for field in model._meta.concrete_fields)
    return {found for found in related if isinstance(found, type)}


def rows(model: Table, alias: str) -> Iterator[Row]:
    """Yield the values of every row in the order of its columns."""
    names = [field.attname for field in model._meta.concrete_fields]
    found = model._base_manager.using(alias).order_by("pk").values_list(*names)
    yield from found.iterator(chunk_size=BATCH)


def count(model: Table, alias: str) -> int:
    """Return how many rows a table has."""
    return model._base_manager.using(alias).count()


def empty(model: Table, alias: str) -> None:
    """Delete all rows of a table."""
    with connections[alias].cursor() as cursor:
        cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


def copy(model: Table, source: str, target: str) -> int:
    """Write all rows of `source` into `target` with their keys; returns how many."""
    connection, fields = connections[target], model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    place, done = f'"{model._meta.db_table}" ({columns})', 0
    prepared = (
        [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)]
        for row in rows(model, source)
    )
    write = _copy if connection.vendor == "postgresql" else _insert
    with connection.cursor() as cursor:
        while batch := list(islice(prepared, BATCH)):
            write(cursor, place, batch)
            done += len(batch)
    return done


def _copy(cursor: Any, place: str, batch: list[list[Any]]) -> None:
    with cursor.copy(f"COPY {place} FROM STDIN") as copying:
        for row in batch:
            copying.write_row(row)


def _insert(cursor: Any, place: str, batch: list[list[Any]]) -> None:
    marks = ", ".join(["%s"] * len(batch[0]))
    cursor.executemany(f"INSERT INTO {place} VALUES ({marks})", batch)


def digest(model: Table, alias: str) -> str:
    """Return a hash of a table's rows that does not depend on their order or on the kind of database."""
    total = 0
    for row in rows(model, alias):
        text = json.dumps([_plain(value) for value in row], ensure_ascii=False, sort_keys=True)
        total += int.from_bytes(sha256(text.encode()).digest(), "big")
    return f"{total % (1 << 256):064x}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if isinstance(value, bool | int | float | str | list | dict | None) else str(value)


def reset_sequences(models_copied: list[Table], alias: str) -> None:
    """Let new rows get numbers after the copied ones."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), models_copied):
            cursor.execute(sql)
