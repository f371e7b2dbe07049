"""What every connection to the database is told when it is made."""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created


def compile_no_queries() -> None:
    """Tell each connection to PostgreSQL, from here on, not to compile queries.

    They are many and short: to compile one took up to ten, on a search's page a hundred times as long as to run it.
    """
    connection_created.connect(_without_jit, dispatch_uid="ghconnect.database")


def _without_jit(*, connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
