"""The console that is broken, and the table that is printed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.faults import console as consoles
from tests.faults import tally
from tests.support import brokers
from tests.support import stack as stacks


@pytest.fixture(scope="package")
def console(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, folder: Path
) -> Iterator[consoles.Console]:
    """A console of its own, which may be broken."""
    with django_db_blocker.unblock(), stacks.own_database(folder, "faults"):
        with consoles.serving(folder / "faults") as made:
            yield made
            tally.keep(named(made))
        connection.close()


@pytest.fixture(autouse=True)
def whole(console: consoles.Console) -> Iterator[None]:
    """After each test everything runs, and nothing is wrong with the other side."""
    yield
    console.fault.unlink(missing_ok=True)
    console.sandbox.post_control("repair")
    if "broker" not in console.children:
        console.start_broker()
    console.revive()
    console.await_workers()


def named(console: consoles.Console) -> dict[str, str]:
    """What the stack is made of."""
    with connection.cursor() as cursor:
        sqlite = connection.vendor == "sqlite"
        cursor.execute("SELECT sqlite_version()" if sqlite else "SHOW server_version")
        version = str(cursor.fetchone()[0]).split()[0]
    broker = brokers.told(console.environment["REDIS_URL"])
    return {"database": f"{'SQLite' if sqlite else 'PostgreSQL'} {version}", "broker": broker}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if tally.lines() and tally.FULL:
        terminalreporter.write_line("")
        for row in tally.table(tally.lines()):
            terminalreporter.write_line(row)
