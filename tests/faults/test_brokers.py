"""The broker stopped and started, with and without its data, and while nobody looks."""

from __future__ import annotations

import time

import pytest

from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console, ask
from tests.integration.engine import drive

pytestmark = pytest.mark.timeout(900)
# Workers try to reach a broker again after 2, 4, 6 … seconds.
RECONNECT = RECOVERY + 15


@pytest.mark.parametrize("how", ["with", "without"])
def test_a_run_asked_for_while_the_broker_is_down(console: Console, how: str) -> None:
    """Nobody hears the bell, or the message dies with the broker: the row is found when it is back."""
    server = console.connect(drive.enterprise(), "osaka", enabled=True)
    lines = tally.line(f"broker killed and started {how} its data, asked while it is down")
    for _ in range(tally.times(1, 8)):
        console.stop("broker", kill=True)
        run = ask(server)
        time.sleep(0.5)
        console.start_broker(empty=how == "without")
        back = time.monotonic()
        good = promise.over(run, within=RECONNECT)
        lines.add(
            slowest=time.monotonic() - back,
            lost=not good,
            doubled=promise.doubled(server.enterprise),
            stuck=promise.stuck(server.enterprise),
            wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
        )
    assert not lines.broken, lines
    assert not console.revive(), "a worker ended because its broker had"
    if not tally.FULL:
        return
    _mid_run(console, how)


def _mid_run(console: Console, how: str) -> None:
    """It dies while a worker is about to publish; the worker needs no broker for that."""
    server = console.connect(drive.enterprise(), "osaka", enabled=True)
    line = tally.line(f"broker killed and started {how} its data, while a worker publishes")
    for _ in range(8):
        console.arm("sleep=publish:locked@1")
        run = ask(server)
        console.struck(within=RECONNECT)
        console.stop("broker", kill=True)
        time.sleep(0.5)
        console.start_broker(empty=how == "without")
        good = promise.over(run, within=RECONNECT)
        line.add(
            lost=not good,
            doubled=promise.doubled(server.enterprise),
            stuck=promise.stuck(server.enterprise),
            wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
        )
    assert not line.broken, line
    assert not console.revive(), "a worker ended because its broker had"


@pytest.mark.skipif(not tally.FULL, reason="for the table")
@pytest.mark.parametrize("point", ["request:before", "ring:before"])
def test_who_asks_dies_before_the_bell(console: Console, point: str) -> None:
    """The command is killed before its commit (nothing was asked) or after it (the row is found)."""
    server = console.connect(drive.enterprise(), "osaka", enabled=True)
    first = server.runs.get()
    assert promise.over(first, within=RECONNECT)
    line = tally.line(f"SIGKILL of the command that asks, at {point}")
    console.stop("beat-1")
    for _ in range(4):
        before = server.runs.count()
        console.arm(f"kill={point}")
        console.start(
            "command", "django", "sync_licenses", server.host, "--enterprise", server.enterprise.slug
        )
        console.struck()
        time.sleep(0.3)
        console.stop("command", kill=True)
        asked = server.runs.count() - before
        if "beat-1" not in console.children:
            console.start_beat("beat-1")
        good = asked == (point != "request:before") and promise.over(
            server.runs.latest("pk"), within=RECONNECT
        )
        console.stop("beat-1")
        line.add(
            lost=not good,
            doubled=promise.doubled(server.enterprise),
            stuck=promise.stuck(server.enterprise),
            wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
        )
    console.start_beat("beat-1")
    assert not line.broken, line
