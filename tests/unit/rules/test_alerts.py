"""When an alert is tried again, and what of an item's ups and downs is told."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from licensing.rules import alerts

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def told(*, is_open: bool, told: str = "", came_back: bool = False, stays: timedelta = MINUTE) -> str:
    return alerts.to_tell(is_open=is_open, told=told, came_back=came_back, stays=stays)


def test_what_opens_and_what_clears_is_told_once() -> None:
    assert told(is_open=True) == "opened"
    assert told(is_open=True, told="opened") == ""
    assert told(is_open=False, told="opened") == "cleared"
    assert told(is_open=False, told="cleared") == ""


def test_an_item_nobody_was_told_of_clears_in_silence() -> None:
    assert told(is_open=False) == ""


def test_an_item_that_came_back_is_told_of_once_it_stayed() -> None:
    assert told(is_open=True, told="cleared", came_back=True) == ""
    assert told(is_open=True, told="cleared", came_back=True, stays=HOUR) == "opened"


@given(st.integers(1, 10_000), st.text(max_size=5))
def test_pauses_grow_to_an_hour_and_never_end(failures: int, seed: str) -> None:
    pause = alerts.pause(failures, seed=seed)
    assert timedelta(seconds=2) <= pause <= HOUR
    assert alerts.pause(failures + 2, seed=seed) >= min(pause, HOUR / 2)


def test_a_receiver_may_ask_for_more_but_for_an_hour_at_most() -> None:
    assert alerts.pause(1, timedelta(minutes=10)) == 10 * MINUTE
    assert alerts.pause(1, timedelta(days=10)) == HOUR
