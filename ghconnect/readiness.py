"""Whether what the console needs is there; why not goes to the log, since anybody may ask."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from . import limits, vitals
from .key_check import right_key

log = logging.getLogger(__name__)


def database() -> bool:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("the database does not answer")
        return False
    return True


def migrations() -> bool:
    """Whether every migration of this release is applied."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        log.exception("the applied migrations cannot be read")
        return False


def broker() -> bool:
    """Whether the broker answers."""
    answers = limits.answers()
    if not answers:
        log.error("the broker does not answer")
    return answers


TESTS: dict[str, Callable[[], bool]] = {
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "sealing key": right_key,
}
# Known and told, but no page needs it: to take every web server out of service because a worker starts again
# would turn a pause into an outage.
BESIDES: dict[str, Callable[[], bool]] = {
    "worker": lambda: vitals.alive("worker"),
    "dispatcher": lambda: vitals.alive("dispatcher"),
}
