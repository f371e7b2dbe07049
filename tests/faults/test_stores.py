"""The database goes away in the middle of a run: PostgreSQL restarted or crashed, SQLite locked by somebody else."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

import pytest
from django.db import connection, connections

from ghconnect.models import Server
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console, ask
from tests.integration.engine import drive
from tests.support import postgres
from tests.support.processes import program
from tests.support.stack import eventually

pytestmark = pytest.mark.timeout(900)
AGAIN = RECOVERY + 20
# A run whose store failed is tried again after 2 s; where it fails once more, after a minute or two (ENGINEERING §3).
AFTER_A_WAIT = RECOVERY + 120
POINTS = ("fetch:after", "stage:before", "publish:locked", "publish:before-fence")


@pytest.fixture
def osaka(console: Console) -> Server:
    """A server with a picture, of an enterprise of its own."""
    server = console.connect(drive.enterprise(), "osaka")
    assert promise.over(server.runs.get(), within=AGAIN)
    return server


def count(console: Console, server: Server, line: tally.Line, good: bool, took: float = 0.0) -> None:
    """Write down one try."""
    line.add(
        slowest=took,
        lost=not good,
        doubled=promise.doubled(server.enterprise),
        stuck=promise.stuck(server.enterprise),
        wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
    )


@pytest.mark.parametrize("seconds", (tally.times(0, 1) and [4, 24]) or [3])
def test_sqlite_locked_by_somebody_else(console: Console, osaka: Server, seconds: float) -> None:
    """Longer than a lease, and longer than the time-out of a writer: late, and nothing else."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    line = tally.line("SQLite locked by another writer, longer than a lease")
    for point in POINTS if tally.FULL else POINTS[:1]:
        console.arm(f"sleep={point}@0.5")
        run = ask(osaka)
        console.struck()
        if point.startswith("publish:"):
            time.sleep(0.6)
        with closing(
            sqlite3.connect(connection.settings_dict["NAME"], timeout=30, isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        free = time.monotonic()
        good = promise.over(run, within=AGAIN + 20)
        count(console, osaka, line, good, time.monotonic() - free)
    assert not line.broken, line


@pytest.mark.skipif(not tally.FULL, reason="for the table: the other tests of this session need their server")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restarted", "crashed"])
def test_postgresql_goes_away_in_the_middle_of_a_run(
    console: Console, osaka: Server, how: signal.Signals
) -> None:
    """Workers, beat and this process lose their connections; unlogged tables are empty after a crash."""
    if connection.vendor != "postgresql" or not os.environ.get("GHCONNECT_TEST_OWN_POSTGRES"):
        pytest.skip("needs a PostgreSQL of our own")
    words = "restarted" if how == signal.SIGINT else "crashed and recovered"
    line = tally.line(f"PostgreSQL {words} in the middle of a run")
    with Restart() as restart:
        for point in POINTS:
            console.arm(f"sleep={point}@1")
            run = ask(osaka)
            console.struck()
            restart(how)
            back = time.monotonic()
            good = promise.over(run, within=AFTER_A_WAIT)
            count(console, osaka, line, good, time.monotonic() - back)
        assert not line.broken, line


class Restart:
    """Ends our own server and starts it again as it was started; the last one lives as long as this session."""

    kept = ExitStack()

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self.data = Path(cursor.fetchone()[0])
            # What was committed is there after a crash, as in production.
            name = connection.ops.quote_name(connection.settings_dict["NAME"])
            cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
        connections.close_all()
        return self

    def __exit__(self, *_: object) -> None:
        connections.close_all()

    def __call__(self, how: signal.Signals) -> None:
        """Send the signal to the server, wait for its end, and start it again."""
        command = shlex.split((self.data / "postmaster.opts").read_text())
        process = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(process, how)
        connections.close_all()
        eventually(lambda: not (self.data / "postmaster.pid").exists() or not alive(process), within=20)
        self.kept.enter_context(
            program("postgres-again", *command, folder=self.data.parent, user=postgres.somebody())
        )
        eventually(reachable, within=30)


def alive(process: int) -> bool:
    """Whether a process still runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def reachable() -> bool:
    """Whether the database answers."""
    try:
        connection.ensure_connection()
    except Exception:
        return False
    return True
