"""How much a database is for: SQLite for up to 100,000 accounts, PostgreSQL for what is more (ENGINEERING §20)."""

from __future__ import annotations

from django.db import connection
from django.db.models import Sum

from .models import ServerPicture

SQLITE_ACCOUNTS = 100_000


def outgrown() -> int:
    """Return how many accounts of all servers are kept in SQLite, if they are more than it is for; else 0."""
    if connection.vendor != "sqlite":
        return 0
    accounts: int = ServerPicture.objects.aggregate(n=Sum("accounts"))["n"] or 0
    return accounts if accounts > SQLITE_ACCOUNTS else 0
