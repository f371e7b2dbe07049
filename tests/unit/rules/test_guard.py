"""The guard: each limit at its edge, and nothing held without a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.guard import (
    CloudGuardInput,
    GuardInput,
    guard,
    guard_cloud,
    limit,
)

CALM = GuardInput(accounts=1000, consuming=900, reported=1000, known=1000, host="h", server_id="a")


def keys(**facts: object) -> list[str]:
    return [hold.key for hold in guard(replace(CALM, **facts))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "held"),
    [
        ({}, []),
        ({"stopping": 18}, []),
        ({"stopping": 19}, ["stop_consuming"]),
        ({"stopping": 5, "consuming": 8}, []),
        ({"stopping": 6, "consuming": 8}, ["stop_consuming"]),
        ({"stopping": 50, "limit": 50}, []),
        ({"stopping": 51, "limit": 50}, ["stop_consuming"]),
        ({"stopping": 18, "limit": 3}, []),
        ({"rekeyed": 100}, []),
        ({"rekeyed": 101}, ["keys_changed"]),
        ({"rekeyed": 20, "accounts": 30}, []),
        ({"rekeyed": 21, "accounts": 30}, ["keys_changed"]),
        ({"recreated": 10}, []),
        ({"recreated": 11}, ["recreated"]),
        ({"recreated": 1, "known": 99}, ["recreated"]),
        ({"missing_at_end": 4}, []),
        ({"missing_at_end": 5}, ["missing_block"]),
        ({"reported": 0}, ["empty"]),
        ({"reported": 0, "missing_at_end": 1000}, ["empty"]),
        ({"server_id_at_github": "a"}, []),
        ({"server_id_at_github": "b"}, ["other_server"]),
        ({"server_id_at_github": "b", "server_id": ""}, []),
    ],
    ids=str,
)
def test_each_limit(facts: dict[str, object], held: list[str]) -> None:
    assert keys(**facts) == held


def test_the_filtered_report_of_berlin() -> None:
    berlin = GuardInput(
        accounts=44, consuming=44, reported=3, stopping=41, releases=12, known=3, missing_at_end=41
    )
    stopping, at_end = guard(berlin)
    assert (stopping.key, stopping.params) == ("stop_consuming", {"n": 41, "m": 44, "limit": 5, "l": 12})
    assert (at_end.key, at_end.params) == ("missing_block", {"n": 41, "m": 44, "l": 12})


def test_a_first_report_is_not_held_unless_it_is_empty() -> None:
    first = GuardInput(accounts=0, consuming=0, reported=44)
    assert guard(first) == []
    assert [hold.key for hold in guard(replace(first, reported=0))] == ["empty"]


def test_a_fall_says_by_how_many() -> None:
    (hold,) = guard_cloud(CloudGuardInput((236, 100), (90, 90), (None, None)))
    assert hold.params == {"n": 136, "m": 236}


def cloud(**pairs: tuple[int | None, int | None]) -> list[str]:
    plain: dict[str, tuple[int | None, int | None]] = dict.fromkeys(("rows", "joins", "identities"), (0, 0))
    return [hold.key for hold in guard_cloud(CloudGuardInput(**{**plain, **pairs}))]


@pytest.mark.parametrize("what", ["rows", "joins", "identities"])
def test_each_fall_of_the_cloud(what: str) -> None:
    assert cloud(**{what: (1000, 950)}) == []
    assert cloud(**{what: (1000, 949)}) == [f"{what}_fell"]
    assert cloud(**{what: (30, 10)}) == []
    assert cloud(**{what: (30, 9)}) == [f"{what}_fell"]
    assert cloud(**{what: (1000, None)}) == []
    assert cloud(**{what: (None, 0)}) == []
    assert cloud(**{what: (10, 1000)}) == []


@given(st.integers(0, 10**7), st.none() | st.integers(0, 10**6))
def test_a_limit_is_the_largest_of_three(of: int, setting: int | None) -> None:
    found = limit(5, 2, of, setting)
    assert found >= 5
    assert found * 100 >= of * 2 - 99
    assert found >= (setting or 0)
    assert found in {5, of * 2 // 100, setting}
