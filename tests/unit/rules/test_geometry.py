"""Lines, areas and bars lie where their values say."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from licensing.rules import geometry
from licensing.rules.geometry import Box

BOX = Box(200, 100, left=0, right=0, top=0, bottom=0)
FINITE = st.floats(-1e6, 1e6)


def numbers(path: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", path)]


def test_a_value_stays_until_the_next_is_known_and_then_to_the_end() -> None:
    x, y = geometry.across(BOX, 0, 10), geometry.upwards(BOX, 0, 100)
    assert geometry.staircase([(0, 50), (5, 100)], x, y, until=10) == "M0 50H100V0H200"


def test_nothing_is_drawn_before_anything_is_known() -> None:
    x, y = geometry.across(BOX, 0, 10), geometry.upwards(BOX, 0, 100)
    assert geometry.staircase([(0, None), (5, 40)], x, y, until=10) == "M100 60H200"
    assert geometry.staircase([(0, None)], x, y, until=10) == ""


def test_a_band_lies_between_two_staircases_and_is_closed() -> None:
    x, y = geometry.across(BOX, 0, 10), geometry.upwards(BOX, 0, 100)
    lower, upper = [(0.0, 0.0), (5.0, 10.0)], [(0.0, 20.0), (5.0, 30.0)]
    assert geometry.band(lower, upper, x, y, until=10) == "M0 80H100V70H200L200 90H100V100H0Z"


def test_series_are_stacked_on_each_other() -> None:
    assert geometry.stacked([[1, 2], [3, 4]]) == [[0, 0], [1, 2], [4, 6]]


def test_bars_share_the_width() -> None:
    assert geometry.slots(2, BOX, gap=0.5) == [(25, 50), (125, 50)]
    assert geometry.slots(0, BOX) == []


def test_small_changes_of_large_counts_are_seen_and_small_counts_begin_at_zero() -> None:
    assert geometry.bounds([236, 250, None], zero=False) == (236, 250)
    assert geometry.bounds([3, 250], zero=False) == (0, 250)
    assert geometry.bounds([236, 250], zero=True) == (0, 250)
    assert geometry.bounds([], zero=False) == (0, 0)


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_ticks_are_whole_rise_and_enclose_the_values(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    found = geometry.ticks(low, high)
    assert found == sorted(set(found))
    assert all(tick == int(tick) for tick in found)
    assert found[0] <= low <= high <= found[-1]
    assert 2 <= len(found) <= 8


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1000)), min_size=1, max_size=20))
def test_no_line_leaves_its_picture(points: list[tuple[float, float]]) -> None:
    points.sort()
    x, y = geometry.across(BOX, 0, 100), geometry.upwards(BOX, 0, 1000)
    path = geometry.staircase(points, x, y, until=100)
    across = [float(n) for n in re.findall(r"[MH](-?[\d.e+-]+)", path)]
    down = [float(n) for n in re.findall(r"V(-?[\d.e+-]+)", path)]
    assert all(0 <= each <= 200 for each in across)
    assert all(0 <= each <= 100 for each in down)
    assert across == sorted(across)


@given(FINITE, FINITE, FINITE)
def test_a_scale_never_divides_by_nothing(low: float, high: float, value: float) -> None:
    geometry.Scale(low, high, 0, 100).at(value)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200))
def test_thinned_points_begin_and_end_as_they_did_and_lie_apart(times: list[float]) -> None:
    points: list[geometry.Point] = [(at, at) for at in sorted(times)]
    x = geometry.across(BOX, 0, 100)
    kept = geometry.thinned(points, x)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    places = [x.at(at) // geometry.FINEST for at, _ in kept[1:]]
    assert places == sorted(set(places))
