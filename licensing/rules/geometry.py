"""Where the lines, areas and bars of a picture lie: numbers in, SVG coordinates out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A value at a moment or place of the axis; None where nothing is known yet.
Point = tuple[float, float | None]
NICE = (1, 2, 2.5, 5, 10)
# So many SVG units lie between two points of a line.
FINEST = 2


@dataclass(frozen=True, slots=True)
class Box:
    """The size of a picture and the room left at its edges for words, in SVG units."""

    width: int
    height: int
    left: int = 48
    right: int = 16
    top: int = 12
    bottom: int = 28

    @property
    def across(self) -> int:
        """How wide the plot is."""
        return self.width - self.left - self.right

    @property
    def down(self) -> int:
        """How high the plot is."""
        return self.height - self.top - self.bottom

    @property
    def floor(self) -> int:
        """Where the plot ends below."""
        return self.height - self.bottom


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high`, laid over `length` units from `start` on; a negative length grows upwards."""

    low: float
    high: float
    start: float
    length: float

    def at(self, value: float) -> float:
        """Return where a value lies, rounded to a tenth."""
        span = self.high - self.low or 1
        return round(self.start + (value - self.low) / span * self.length, 1)


def across(box: Box, low: float, high: float) -> Scale:
    """Return the scale from left to right."""
    return Scale(low, high, box.left, box.across)


def upwards(box: Box, low: float, high: float) -> Scale:
    """Return the scale from the floor to the top."""
    return Scale(low, high, box.floor, -box.down)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about `count` round values that enclose low and high; whole numbers, since licenses are."""
    step = float(max(1, math.ceil(_round_up((high - low or 1) / count))))  # 2.5 is round, and no license
    first, last = math.floor(low / step), math.ceil(high / step)
    return [each * step for each in range(first, max(last, first + 1) + 1)]


def _round_up(step: float) -> float:
    power: float = 10 ** math.floor(math.log10(step))
    return next(nice * power for nice in NICE if nice * power >= step)


def bounds(values: Iterable[float | None], *, zero: bool) -> tuple[float, float]:
    """Return the least and greatest value; from zero on where asked, or where the values fill most of it anyway."""
    known = [value for value in values if value is not None] or [0]
    low, high = min(known), max(known)
    return (min(0, low), high) if zero or low < high / 2 else (low, high)


def thinned(points: Sequence[Point], x: Scale) -> list[Point]:
    """Return the first point and the last of every two units along the axis: years are drawn no finer than is seen."""
    kept = {x.at(at) // FINEST: (at, value) for at, value in points[1:]}
    return [*points[:1], *kept.values()]


def staircase(points: Sequence[Point], x: Scale, y: Scale, *, until: float) -> str:
    """Return the path of a value that stays until the next one is known, at the end of the axis."""
    known = [(at, value) for at, value in points if value is not None]
    if not known:
        return ""
    steps = [(at, y.at(value)) for at, value in known]
    parts = [f"M{x.at(steps[0][0]):g} {steps[0][1]:g}"]
    # A step that changes nothing would be a dot in a dashed line.
    parts += [
        f"H{x.at(at):g}V{now:g}" for (_, before), (at, now) in itertools.pairwise(steps) if now != before
    ]
    return "".join([*parts, f"H{x.at(until):g}"])


def band(lower: Sequence[Point], upper: Sequence[Point], x: Scale, y: Scale, *, until: float) -> str:
    """Return the closed path between two staircases over the same moments."""
    there, back = staircase(upper, x, y, until=until), _backwards(lower, x, y, until)
    return f"{there}{back}Z" if there and back else ""


def _backwards(points: Sequence[Point], x: Scale, y: Scale, until: float) -> str:
    known = [(at, value) for at, value in points if value is not None]
    if not known:
        return ""
    parts = [f"L{x.at(until):g} {y.at(known[-1][1]):g}"]
    for (_, before), (at, value) in reversed(list(itertools.pairwise(known))):
        if y.at(before) != y.at(value):
            parts.append(f"H{x.at(at):g}V{y.at(before):g}")
    return "".join([*parts, f"H{x.at(known[0][0]):g}"])


def stacked(series: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the running sums of series over the same moments, from a floor of zeros on."""
    sums = [[0.0] * len(series[0])] if series else []
    for values in series:
        sums.append([below + value for below, value in zip(sums[-1], values, strict=True)])
    return sums


def slots(count: int, box: Box, *, gap: float = 0.25) -> list[tuple[float, float]]:
    """Return (x, width) of `count` bars beside each other; `gap` is the share of a slot left free."""
    room = box.across / max(count, 1)
    return [(round(box.left + room * (at + gap / 2), 1), round(room * (1 - gap), 1)) for at in range(count)]
