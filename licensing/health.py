"""How the last syncs of each server went, as a strip of runs: a constant number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from ghconnect import moments
from ghconnect.models import Server
from ghconnect.templatetags.ghconnect_ui import number
from licensing import showing
from licensing.clocks import SETTLED
from licensing.models import SyncRun

State = SyncRun.State
SHOWN = 20
# What went well stands full, what waits for somebody two thirds, what failed one third: told without colours too.
HEIGHTS: Mapping[str, int] = {
    State.PUBLISHED: 24,
    State.UNCHANGED: 24,
    State.HELD: 16,
    State.DISCARDED: 16,
    State.FAILED: 8,
}
WIDTH, STEP, HIGH = 8, 11, 24


@dataclass(frozen=True, slots=True)
class Cell:
    """One run in the strip."""

    x: int
    y: int
    height: int
    css: str
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The last runs of a server, the newest at the right; `words` says the same."""

    server: Server
    cells: list[Cell]
    words: str
    counts: Mapping[str, int]
    width: int = SHOWN * STEP
    height: int = HIGH


def strips(servers: Iterable[Server]) -> dict[int, Strip]:
    """Return the strip of each server, by its primary key."""
    known = {server.pk: server for server in servers}
    place = Window(RowNumber(), partition_by="server_id", order_by=F("number").desc())
    ended = SyncRun.objects.filter(server__in=known, state__in=SETTLED).annotate(place=place)
    runs: dict[int, list[SyncRun]] = {pk: [] for pk in known}
    for run in ended.filter(place__lte=SHOWN).order_by("server_id", "number"):
        runs[run.server_id or 0].append(run)
    return {pk: _strip(known[pk], found) for pk, found in runs.items()}


def _strip(server: Server, runs: list[SyncRun]) -> Strip:
    counts = dict(Counter(str(run.get_state_display()) for run in reversed(runs)))
    cells = [_cell(run, at * STEP) for at, run in enumerate(runs)]
    return Strip(server, cells, _words(server, counts), counts)


def _cell(run: SyncRun, x: int) -> Cell:
    height = HEIGHTS[run.state]
    when: datetime = run.finished_at or run.requested_at
    title = f"{moments.moment(when)}: {run.get_state_display()}"
    return Cell(x, HIGH - height, height, f"run-{showing.CSS[run.state]}", title)


def _words(server: Server, counts: Mapping[str, int]) -> str:
    """Say what the strip shows: "ghe-tokyo: Published 18, Held 1, Failed 1"."""
    if not counts:
        return _("{host}: no sync yet").format(host=server.short_name)
    told = ", ".join(f"{state} {number(n)}" for state, n in counts.items())
    return f"{server.short_name}: {told}"
