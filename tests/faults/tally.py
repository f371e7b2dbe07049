"""The table of faults: how often each was tried, and how often the promise was broken."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FULL = bool(os.environ.get("GHCONNECT_FAULTS_TABLE"))
HEAD = ("fault", "tried", "runs lost", "doubled", "stuck", "licenses wrong", "slowest recovery, s")


@dataclass
class Line:
    """One kind of fault; `slowest` is the longest recovery in seconds, where that was measured."""

    fault: str
    tried: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    wrong: int = 0
    slowest: float = 0.0

    @property
    def broken(self) -> int:
        """How often the promise was broken."""
        return self.lost + self.doubled + self.stuck + self.wrong

    def add(self, *, tried: int = 1, slowest: float = 0.0, **counts: int) -> None:
        """Count a try, and what it broke: `lost`, `doubled`, `stuck`, `wrong`."""
        self.tried += tried
        self.slowest = max(self.slowest, slowest)
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)


_lines: dict[str, Line] = {}


def line(fault: str) -> Line:
    """Return the line of a kind of fault."""
    return _lines.setdefault(fault, Line(fault))


def lines() -> list[Line]:
    """Return all lines, in the order of their first try."""
    return list(_lines.values())


def times(few: int, many: int) -> int:
    """Return how often to try: few in the usual tests, many for the table."""
    return many if FULL else few


def keep(stack: dict[str, str]) -> None:
    """Write the table where the environment says, for `python -m tests.faults`."""
    if FULL:
        told = {"stack": stack, "lines": [asdict(each) for each in _lines.values()]}
        Path(os.environ["GHCONNECT_FAULTS_TABLE"]).write_text(json.dumps(told))


def table(found: list[Line]) -> list[str]:
    """Return the lines of a Markdown table."""
    rows = [
        (each.fault, each.tried, each.lost, each.doubled, each.stuck, each.wrong, _seconds(each.slowest))
        for each in found
    ]
    cells = [HEAD, ("---", *["---:"] * 6), *rows]
    return [f"| {' | '.join(map(str, row))} |" for row in cells]


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value else "–"
