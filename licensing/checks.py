"""What `manage.py check --database default` and `migrate` find besides Django's own checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DatabaseError

from .stores import SQLITE_ACCOUNTS, outgrown


@checks.register(checks.Tags.database)
def database_is_large_enough(
    *, databases: Sequence[str] | None = None, **options: Any
) -> list[checks.CheckMessage]:
    """Warn of more accounts in SQLite than it is for."""
    if "default" not in (databases or ()):
        return []
    try:
        accounts = outgrown()
    except DatabaseError:
        return []  # there are no tables yet
    if not accounts:
        return []
    return [
        checks.Warning(
            f"SQLite keeps {accounts:,} accounts; it is for up to {SQLITE_ACCOUNTS:,}.",
            hint="Move to PostgreSQL: manage.py copy_database --to URL (docs/production.md).",
            id="licensing.W001",
        )
    ]
