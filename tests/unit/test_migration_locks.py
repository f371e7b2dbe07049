"""No migration locks a table that grows with accounts or runs for as long as it is large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, Field

LARGE = {
    *("account", "address", "bridgeitem", "cloudaccount", "licenserow", "match", "person", "rowaccount"),
    *("runchange", "runchunk", "seat", "syncrun", "auditevent", "auditseal"),
}
# Landed before the first release: nobody has large tables yet.
BEFORE_RELEASE = {("licensing", "0003_seat_by_end"), ("licensing", "0008_search_terms")}
LOADER = MigrationLoader(None)
OURS = sorted(key for key in LOADER.disk_migrations if key[0] in ("ghconnect", "licensing"))


def locking(migration: Migration) -> Iterator[str]:
    """Say each operation that scans or rewrites a large table of another migration under a lock."""
    made = {each.name_lower for each in migration.operations if isinstance(each, ops.CreateModel)}
    for each in migration.operations:
        name = str(getattr(each, "model_name", "")).lower()
        if name in LARGE - made and (words := problem(each, before(migration, each))):
            yield f"{words} on {name}"


def before(migration: Migration, operation: Operation) -> Field[Any, Any] | None:
    """The column as the migrations before it leave it."""
    if not isinstance(operation, ops.AlterField):
        return None
    state = LOADER.project_state([each for each in migration.dependencies if each[0] == migration.app_label])
    old: Field[Any, Any] = state.models[migration.app_label, operation.model_name_lower].fields[
        operation.name
    ]
    return old


def problem(operation: Operation, old: Field[Any, Any] | None) -> str:
    if isinstance(operation, ops.AddIndex):
        return "an index that is not built concurrently"
    if isinstance(operation, ops.AddConstraint):
        return "a constraint that is checked at once"
    if isinstance(operation, ops.AlterField) and old is not None:
        new = operation.field
        grows = (new.max_length or 0) >= (old.max_length or 0)
        same = type(new) is type(old) and grows and (new.null or not old.null)
        return "" if same else "a column that changes its type"
    if isinstance(operation, ops.AddField):
        field = operation.field
        has = field.default is not NOT_PROVIDED or field.db_default is not NOT_PROVIDED
        return "" if field.null or has else "a column that must not be null and has no default"
    return ""


@pytest.mark.parametrize("key", OURS, ids=lambda key: key[1])
def test_a_migration_locks_no_large_table(key: tuple[str, str]) -> None:
    if key not in BEFORE_RELEASE:
        assert list(locking(LOADER.disk_migrations[key])) == []


def test_the_rule_finds_what_it_is_for() -> None:
    assert list(locking(LOADER.disk_migrations[("licensing", "0003_seat_by_end")])) == [
        "an index that is not built concurrently on seat"
    ]
