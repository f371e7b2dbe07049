"""Due moments and waits: examples and properties, with clocks that go back and quiet hours over midnight."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.rules.schedule import (
    LONGEST_WAIT,
    WEEK,
    QuietHours,
    daily,
    due,
    hourly,
    jitter,
    next_due,
    passed,
    wait,
)

ANCHOR = datetime(2026, 3, 2, 1, 40, 7, 123456, tzinfo=UTC)
TEN = timedelta(minutes=10)
DAY = timedelta(days=1)
TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
JITTERS = st.text().map(jitter)
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
QUIET = st.none() | st.tuples(TIMES, TIMES)
ZONES = st.sampled_from([UTC, TOKYO, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])


def test_weekly_from_the_anchor_with_jitter() -> None:
    found = next_due(ANCHOR, ANCHOR, TEN)
    assert found.at == datetime(2026, 3, 9, 1, 50, 7, tzinfo=UTC)
    assert found.period_key == "2026-03-09T01:50:07Z"


def test_the_moment_itself_is_past() -> None:
    first = next_due(ANCHOR, ANCHOR, TEN)
    assert next_due(ANCHOR, first.at, TEN).at == first.at + WEEK


@pytest.mark.parametrize(
    ("quiet", "zone", "at"),
    [
        ((time(9), time(18)), UTC, "2026-03-09T01:50:07+00:00"),
        ((time(9), time(18)), TOKYO, "2026-03-09T09:00:00+00:00"),
        ((time(22), time(6)), UTC, "2026-03-09T06:00:00+00:00"),
        ((time(1, 50, 7), time(2)), UTC, "2026-03-09T02:00:00+00:00"),
        ((time(1), time(1, 50, 7)), UTC, "2026-03-09T01:50:07+00:00"),
        ((time(5), time(5)), UTC, "2026-03-09T01:50:07+00:00"),
        ((time(1, 49), time(1, 48)), UTC, "2026-03-09T23:50:07+00:00"),
        ((time(1, 50, 7), time(1, 0)), UTC, "2026-03-09T23:50:07+00:00"),
        ((time(22), time(1, 50, 7)), UTC, "2026-03-09T01:50:07+00:00"),
    ],
)
def test_quiet_hours_move_it_to_their_end(quiet: QuietHours, zone: ZoneInfo, at: str) -> None:
    found = due(ANCHOR, 1, TEN, quiet, zone)
    assert found.at.isoformat() == at
    assert found.period_key == "2026-03-09T01:50:07Z"


def test_evening_before_midnight_moves_to_the_next_morning() -> None:
    evening = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert due(evening, 1, TEN, (time(22), time(6)), UTC).at == datetime(2026, 3, 10, 6, tzinfo=UTC)


def test_quiet_hours_over_a_change_of_clocks() -> None:
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC) - WEEK
    assert due(night, 1, timedelta(), (time(0), time(4)), BERLIN).at == datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_missed_moments_are_told_apart_from_the_one_to_run() -> None:
    late = passed(ANCHOR, ANCHOR, ANCHOR + 4 * WEEK, TEN)
    assert [one.at.day for one in late] == [9, 16, 23]
    assert passed(ANCHOR, late[-1].at, ANCHOR + 4 * WEEK, TEN) == []
    assert passed(ANCHOR, ANCHOR, late[0].at, TEN) == late[:1]


@given(MOMENTS, MOMENTS, JITTERS, QUIET, ZONES)
@settings(max_examples=500)
def test_next_is_within_eight_days_whatever_the_clock(
    anchor: datetime, now: datetime, spread: timedelta, quiet: QuietHours | None, zone: ZoneInfo
) -> None:
    found = next_due(anchor, now, spread, quiet, zone)
    assert now < found.at <= now + 8 * DAY
    near = (now - anchor) // WEEK
    moments = {n: due(anchor, n, spread, quiet, zone) for n in range(near - 3, near + 4)}
    assert found == min(
        (one for n, one in moments.items() if one.at > now and not (n == 0 and anchor <= now)),
        key=lambda one: one.at,
    )


@given(MOMENTS, st.integers(-100, 100), JITTERS, QUIET, ZONES)
@settings(max_examples=500)
def test_moments_follow_each_other_outside_the_quiet_hours(
    anchor: datetime, n: int, spread: timedelta, quiet: QuietHours | None, zone: ZoneInfo
) -> None:
    this, following = (due(anchor, i, spread, quiet, zone) for i in (n, n + 1))
    plain = due(anchor, n, spread)
    assert this.at < following.at
    assert timedelta() <= this.at - plain.at < DAY
    assert this.period_key == plain.period_key
    assert plain.at - anchor - n * WEEK < timedelta(hours=1)


@given(MOMENTS, st.integers(0, 23), JITTERS, ZONES, st.integers(1, 20))
@settings(max_examples=500)
def test_no_sync_begins_in_quiet_hours(
    anchor: datetime, start: int, spread: timedelta, zone: ZoneInfo, hours: int
) -> None:
    quiet = (time(start), time((start + hours) % 24))
    local = due(anchor, 1, spread, quiet, zone).at.astimezone(zone)
    into = (local.hour - start) % 24
    assert into >= hours or local.time() == quiet[1]


@given(MOMENTS, st.timedeltas(timedelta(), 60 * DAY), JITTERS, QUIET, ZONES)
def test_no_moment_is_left_out_or_doubled(
    anchor: datetime, ahead: timedelta, spread: timedelta, quiet: QuietHours | None, zone: ZoneInfo
) -> None:
    found = passed(anchor, anchor, anchor + ahead, spread, quiet, zone)
    every = [due(anchor, n, spread, quiet, zone) for n in range(1, 12)]
    assert found == [one for one in every if one.at <= anchor + ahead]


@given(st.text(), MOMENTS)
def test_daily_and_hourly(key: str, now: datetime) -> None:
    for every, step in ((daily, DAY), (hourly, timedelta(hours=1))):
        found = every(key, now)
        assert now < found.at <= now + step
        assert every(key, found.at).at == found.at + step
        assert every(key, found.at - timedelta(microseconds=1)) == found


@given(st.text())
def test_jitter_is_a_minute_of_an_hour(key: str) -> None:
    assert jitter(key) in {timedelta(minutes=n) for n in range(60)}
    assert jitter(key) == jitter(key)


def test_jitter_spreads() -> None:
    assert len({jitter(f"server {n}") for n in range(600)}) == 60


@given(st.integers(1, 10_000), st.text())
def test_waits_grow_to_six_hours(attempt: int, seed: str) -> None:
    this, following = wait(attempt, None, seed), wait(attempt + 1, None, seed)
    assert timedelta(seconds=30) <= this <= LONGEST_WAIT
    assert following >= this or this >= LONGEST_WAIT / 2


@given(st.integers(1, 100), st.timedeltas(timedelta(), 10_000 * DAY), st.text())
def test_waits_are_at_least_what_was_asked(attempt: int, asked: timedelta, seed: str) -> None:
    assert wait(attempt, asked, seed) == min(max(wait(attempt, None, seed), asked), WEEK)


def test_the_first_and_the_longest_wait() -> None:
    assert {wait(1, None, f"{n}") // timedelta(seconds=30) for n in range(100)} == {1}
    assert {wait(50, None, f"{n}") // timedelta(hours=3) for n in range(100)} == {1}


def test_waits_of_servers_are_spread() -> None:
    assert len({wait(5, None, f"server {n}") for n in range(100)}) > 80
