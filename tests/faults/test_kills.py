"""Workers killed with SIGKILL before and after each commit of a run."""

from __future__ import annotations

import itertools
import time

import pytest

from ghconnect.models import Enterprise, Server
from licensing.models import Edition, RunChange, StagedAccount, SyncRun
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console, ask
from tests.integration.engine import drive

pytestmark = pytest.mark.timeout(1500)
State = SyncRun.State
CLAIM = ("claim:before", "claim:after")
FETCH = ("fetch:before", "fetch:before-commit", "fetch:after")
STAGE = ("stage:loaded", "stage:before", "stage:after")
COMPARE = ("compare:after", "guard:after")
PUBLISH = ("publish:before", "publish:locked", "publish:before-fence", "publish:after")
POINTS = (*CLAIM, *FETCH, *STAGE, *COMPARE, *PUBLISH)
FEW = ("publish:before-fence",)
_numbers = itertools.count(1)


def person(console: Console) -> None:
    """Somebody new at Osaka: every run has something to publish."""
    number = next(_numbers)
    email = f"new-{number}@octo-corp.example"
    console.sandbox.post_control("add-account", host="osaka", login=f"new-{number}", email=email)


@pytest.fixture(scope="module")
def osaka(console: Console) -> Server:
    """A server with a picture, of an enterprise of its own."""
    server = console.connect(drive.enterprise(), "osaka")
    assert promise.over(SyncRun.objects.get(server=server), within=40)
    return server


@pytest.mark.parametrize("point", (tally.times(0, 1) and POINTS) or FEW)
@pytest.mark.parametrize("deed", ["kill", "crash"] if tally.FULL else ["kill"])
def test_a_run_goes_on_within_a_lease(console: Console, osaka: Server, point: str, deed: str) -> None:
    """Its process, or the whole worker, dies once at the point; another goes on, and nothing is there twice."""
    who = "process" if deed == "kill" else "whole worker"
    line = tally.line(f"SIGKILL of the {who} at {point}")
    for _ in range(tally.times(1, 3 if deed == "kill" else 1)):
        person(console)
        before = Edition.objects.filter(enterprise=osaka.enterprise).count()
        console.arm(f"{deed}={point}")
        run = ask(osaka)
        console.struck()
        died = time.monotonic()
        good = promise.over(run, within=RECOVERY)
        line.add(slowest=time.monotonic() - died, **broken(console, osaka, run, good, before))
        console.revive()
    assert not line.broken, line
    assert line.slowest < RECOVERY


def broken(console: Console, server: Server, run: SyncRun, good: bool, before: int) -> dict[str, int]:
    """Count what the fault broke: the run's own one change is there, once, and so is its edition."""
    of = server.enterprise
    once = Edition.objects.filter(enterprise=of).count() == before + 1
    once = once and RunChange.objects.filter(run=run).count() == run.counts.get("added") == 1
    left = StagedAccount.objects.filter(run_id=run.pk).count()
    return {
        "lost": not good,
        "doubled": promise.doubled(of) + (good and not once),
        "stuck": promise.stuck(of) + bool(left),
        "wrong": promise.wrong(console, of, {"osaka": server}),
    }


@pytest.mark.skipif(not tally.FULL, reason="for the table")
@pytest.mark.parametrize(
    ("kind", "point", "state"),
    [
        ("filtered", "hold:before", State.HELD),
        ("filtered", "hold:after", State.HELD),
        ("server_error", "wait:after", State.WAITING),
        ("unauthorized", "fail:before", State.FAILED),
        ("unauthorized", "fail:after", State.FAILED),
    ],
)
def test_what_is_recorded_is_recorded_once(
    console: Console, osaka: Server, kind: str, point: str, state: str
) -> None:
    """The worker dies while it writes that the run is held, waits or failed: it stands so, and the next one is good."""
    line = tally.line(f"SIGKILL while the outcome is recorded, at {point}")
    for _ in range(6):
        console.sandbox.post_control("break", host="osaka", kind=kind)
        console.arm(f"kill={point}")
        run = ask(osaka)
        console.struck()
        died = time.monotonic()
        good = promise.over(run, state, within=RECOVERY)
        took = time.monotonic() - died
        console.sandbox.post_control("repair", host="osaka")
        after = ask(osaka)
        good = promise.over(after, within=RECOVERY) and good
        line.add(slowest=took, **clean(console, osaka, good))
    assert not line.broken, line


def clean(console: Console, server: Server, good: bool) -> dict[str, int]:
    """Count what is broken where nothing changed."""
    of: Enterprise = server.enterprise
    return {
        "lost": not good,
        "doubled": promise.doubled(of),
        "stuck": promise.stuck(of),
        "wrong": promise.wrong(console, of, {"osaka": server}),
    }


@pytest.mark.skipif(not tally.FULL, reason="for the table")
def test_a_run_that_kills_every_worker_is_given_up(console: Console, osaka: Server) -> None:
    """Five takeovers, and it fails with words; the next run is good."""
    line = tally.line("a run that kills its worker again and again")
    run = None
    for _ in range(5):
        console.arm("kill=stage:before")
        run = run or ask(osaka)
        console.struck(within=RECOVERY)
    failed = promise.over(run, State.FAILED, within=RECOVERY) if run else False
    line.add(tried=5, **clean(console, osaka, failed and promise.over(ask(osaka), within=RECOVERY)))
    assert not line.broken, line
    assert run is not None
    assert run.error_key == "worker_died"
