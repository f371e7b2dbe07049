"""Two beats, a clock that jumps, a machine asleep over several periods: each period once."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from licensing.models import DueSync, SyncRun
from licensing.usecases import schedule
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console
from tests.integration.engine import drive
from tests.support.stack import eventually

pytestmark = pytest.mark.timeout(600)
DAY = timedelta(days=1)
State = SyncRun.State


def test_two_beats_and_a_row_due_every_two_seconds(console: Console) -> None:
    """Both see the same due row: one run for each period, and as many reads of the report as runs."""
    server = console.connect(drive.enterprise(), "osaka")
    assert promise.over(server.runs.get(), within=RECOVERY)
    console.start_beat("beat-2")
    line, asked = tally.line("two beats, a row due every 2 s"), console.served("osaka")
    end, periods = time.monotonic() + tally.times(3, 60), list[str]()
    while time.monotonic() < end:
        periods.append(come_due(server))
        time.sleep(2)
        # The next period is written over this one: on a busy machine beats may not have seen it yet.
        taken = server.runs.filter(period=periods[-1]).exclude(state__in=SyncRun.OPEN)
        eventually(taken.exists, within=RECOVERY, what=f"the period {periods[-1]} was run")
        if tally.FULL and len(periods) % 10 == 0:  # restarted at the wrong moment
            console.stop("beat-1", kill=True)
            console.start_beat("beat-1")
    done = server.runs.filter(period__in=periods)
    eventually(lambda: done.filter(state__in=SyncRun.GOOD).count() == len(periods), within=RECOVERY)
    console.stop("beat-2")
    reads = console.served("osaka") - asked
    line.add(
        tried=len(periods),
        lost=len(periods) - done.count(),
        doubled=promise.doubled(server.enterprise) + abs(reads - len(periods)),
        stuck=promise.stuck(server.enterprise),
        wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
    )
    assert not line.broken, line


def come_due(server: Server) -> str:
    """Let the server's next period begin now; returns its key."""
    now = timezone.now().replace(microsecond=0)
    period = f"{now:%Y-%m-%dT%H:%M:%S}Z"
    DueSync.objects.filter(server=server).update(at=now, period=period)
    return period


@pytest.mark.skipif(not tally.FULL, reason="for the table")
def test_a_clock_that_jumps(console: Console) -> None:
    """Forward over one, two and four periods, and back again: no period twice, none left out, never far away."""
    of = drive.enterprise(sandbox=True)
    server = console.connect(of, "osaka")
    assert promise.over(server.runs.get(), within=RECOVERY)
    line = tally.line("clock jumps forward and back")
    for days in (8, 0, 8, 22, 1, 22, 51, 0, 51, 52):
        before = set(server.runs.values_list("pk", flat=True))
        late = days - Enterprise.objects.get(pk=of.pk).clock_offset // 86400
        console.sandbox.post_control("clock", offset_seconds=days * 86400)
        await_offset(of, days)
        time.sleep(3)
        eventually(lambda: not promise.stuck(of), within=RECOVERY)
        made = server.runs.exclude(pk__in=before).exclude(state="missed")
        line.add(
            lost=days_off(server),
            doubled=promise.doubled(of) + max(0, made.count() - (late >= 7)),
            stuck=promise.stuck(of),
            wrong=promise.wrong(console, of, {"osaka": server}),
        )
    console.sandbox.post_control("clock", offset_seconds=0)
    assert not line.broken, line


def await_offset(of: Enterprise, days: int) -> None:
    """Wait until the console goes by pretend GitHub's clock."""
    eventually(Enterprise.objects.filter(pk=of.pk, clock_offset=days * 86400).exists, within=RECOVERY)


def days_off(server: Server) -> int:
    """1 where the next due moment is not within eight days."""
    due = DueSync.objects.get(server=server)
    now = timezone.now() + timedelta(seconds=Enterprise.objects.get(pk=server.enterprise_id).clock_offset)
    return int(not now - timedelta(seconds=30) < due.at <= now + 8 * DAY)


def test_asleep_over_several_periods(console: Console) -> None:
    """It runs once, late; the periods in between are recorded as missed."""
    server = console.connect(drive.enterprise(), "osaka")
    assert promise.over(server.runs.get(), within=RECOVERY)
    line = tally.line("asleep over several periods")
    console.stop("beat-1")
    for weeks in (1, 2, 3, 5, 9) if tally.FULL else (3,):
        wake_after(console, server, weeks)
        runs = server.runs.filter(trigger="weekly")
        eventually(runs.filter(state__in=SyncRun.GOOD).exists, within=RECOVERY)
        missed = runs.filter(state="missed")
        line.add(
            lost=abs(missed.count() - (weeks - 1)),
            doubled=promise.doubled(server.enterprise) + runs.exclude(state="missed").count() - 1,
            stuck=promise.stuck(server.enterprise),
            wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
        )
        runs.delete()
        console.stop("beat-1")
    console.start_beat("beat-1")
    assert not line.broken, line


def wake_after(console: Console, server: Server, weeks: int) -> None:
    """Let the row be as it stood before so many periods passed, then start the beat."""
    anchor = timezone.now() - (weeks * 7 + 1) * DAY
    due = schedule.next_due(server, anchor, anchor)
    DueSync.objects.filter(server=server).update(anchor=anchor, at=due.at, period=due.period_key)
    console.start_beat("beat-1")
