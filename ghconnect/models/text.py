"""Text that is ordered, searched or joined: by code point, as Python does it, on either database (ENGINEERING §20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Combinable

    _CharField = models.CharField[str | int | Combinable, str]
else:
    _CharField = models.CharField


class CodePointField(_CharField):
    """A CharField that is COLLATE "C" on PostgreSQL, whatever the database's own order is; SQLite's own is this one.

    So lists come in one order, words that begin with something are found by the column's index, and an upgrade of
    the operating system's languages leaves no index out of order.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, str | None]:
        parameters = super().db_parameters(connection)
        return {**parameters, "collation": "C"} if connection.vendor == "postgresql" else parameters
