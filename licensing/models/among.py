"""`pk__among=ids`: one of many numbers, bound as one value; `__in` spells a thousand of them out in the statement."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BigIntegerField, Lookup
from django.db.models.sql.compiler import SQLCompiler


@BigIntegerField.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """Equal to one of the numbers given."""

    lookup_name = "among"
    prepare_rhs = False

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        """Compare with the members of an array."""
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, list(self.rhs)]

    def as_sqlite(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        """Compare with the members of a JSON list."""
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(list(self.rhs))]
