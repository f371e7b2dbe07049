"""Timing: the median of some tries, and the table they go into."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Row:
    """One line of the table: what was measured, against what, and what must be reached (ENGINEERING §10)."""

    store: str
    what: str
    seconds: float
    floor: float
    target: str
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the floor it took."""
        return self.seconds / self.floor if self.floor else 0.0


@dataclass
class Table:
    """All lines of a run; printed as they come, since a long run is watched."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add a line and say it."""
        self.rows.append(row)
        told = f"{row.seconds:.2f} s, {row.ratio:.2f} × the floor of {row.floor:.2f} s ({row.target})"
        print(f"  {row.what}: {told} {row.note}", flush=True)

    def markdown(self) -> str:
        """The table as it is committed."""
        head = "| what | took | floor | ratio | must reach | |\n|---|---|---|---|---|---|\n"
        return head + "\n".join(
            f"| {r.what} | {r.seconds:.2f} s | {r.floor:.2f} s | **{r.ratio:.2f} ×** | {r.target} | {r.note} |"
            for r in self.rows
        )


def timed(deed: Callable[[], object]) -> float:
    """Seconds that a deed takes, the collector held back."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        deed()
        return time.perf_counter() - began
    finally:
        gc.enable()


def median(deeds: list[float]) -> float:
    """The middle of several tries."""
    return statistics.median(deeds)


def p95(times: list[float]) -> float:
    """What 95 of 100 tries stay under."""
    return sorted(times)[int(len(times) * 0.95)]
