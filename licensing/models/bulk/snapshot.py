"""Reads of one moment: what is exported, or counted twice, must not move in between (ENGINEERING §20)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from .sql import run_sql

BEGIN = {
    "postgresql": ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"],
    # Django's own transactions take the write lock at once; a reader has no use for it.
    "sqlite": ["BEGIN DEFERRED", "PRAGMA query_only = ON"],
}
END = {"postgresql": ["ROLLBACK"], "sqlite": ["PRAGMA query_only = OFF", "ROLLBACK"]}


@contextmanager
def snapshot() -> Iterator[None]:
    """Let everything read inside be of one moment. It waits for no writer and no writer waits for it.

    The database refuses to write inside. Within a transaction it is that transaction.
    """
    if connection.in_atomic_block:
        yield
        return
    for sql in BEGIN[connection.vendor]:
        run_sql(sql)
    try:
        yield
    finally:
        for sql in END[connection.vendor]:
            run_sql(sql)
