"""What is due, as rows: one run for each period, whatever happens to clocks and dispatchers (ENGINEERING §22)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.utils import timezone

from ghconnect import clock
from ghconnect.models import Enterprise, Server
from ghconnect.usecases import connect, features
from licensing import showing
from licensing.models import DueSync, SyncRun
from licensing.usecases import runs, schedule
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State, Trigger = SyncRun.State, SyncRun.Trigger
WEEK = timedelta(days=7)


@pytest.fixture
def of() -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    return drive.pulled(of, "ghe-a.example.com")


def switch(server: Server, enabled: bool) -> None:
    features.switch(server=server, key=runs.KEY, enabled=enabled, by=None)


def due(server: Server) -> DueSync:
    return DueSync.objects.get(server=server)


def over(server: Server) -> None:
    """Let every run of the server be over."""
    SyncRun.objects.filter(server=server, state__in=SyncRun.OPEN).update(state=State.PUBLISHED)


def let_it_be(at: datetime) -> None:
    """Let the clock say so."""
    offset = round((at - timezone.now()).total_seconds())
    Enterprise.objects.update(sandbox=True, clock_offset=max(0, offset))


def weekly(server: Server) -> list[str]:
    found = SyncRun.objects.filter(server=server, trigger=Trigger.WEEKLY).order_by("pk")
    return list(found.values_list("period", flat=True))


def key(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- the switch --------------------------------------------------------------------------------------------


def test_enabling_asks_for_a_run_at_once_and_sets_what_is_due(server: Server) -> None:
    run = SyncRun.objects.get(server=server)
    assert (run.trigger, run.state, run.period) == (Trigger.FIRST, State.QUEUED, "")
    row = due(server)
    assert (row.kind, row.enterprise) == ("weekly", server.enterprise)
    assert WEEK <= row.at - row.anchor.replace(microsecond=0) < WEEK + timedelta(hours=1)
    assert row.period == key(row.at)


def test_disabling_takes_both_away(server: Server) -> None:
    switch(server, False)
    assert not DueSync.objects.filter(server=server).exists()
    assert not SyncRun.objects.filter(server=server, state__in=SyncRun.OPEN).exists()


def test_disconnecting_takes_both_away(server: Server) -> None:
    connect.disable(server=server, by=None)
    assert not DueSync.objects.filter(server=server).exists()
    assert not SyncRun.objects.filter(server=server, state__in=SyncRun.OPEN).exists()


def test_enabling_again_begins_a_new_rhythm(server: Server) -> None:
    DueSync.objects.update(anchor=timezone.now() - timedelta(days=100))
    switch(server, False)
    switch(server, True)
    assert timezone.now() - due(server).anchor < timedelta(minutes=1)
    assert SyncRun.objects.filter(server=server, state=State.QUEUED).count() == 1


def test_a_server_whose_file_is_uploaded_is_due_but_not_read(of: Enterprise) -> None:
    made = drive.server(of, "ghe-u.example.com")
    connect.enable(server=made, by=None)
    switch(made, True)
    schedule.dispatch(now=due(made).at)
    assert not SyncRun.objects.exists()
    assert due(made).at > timezone.now() + WEEK


# --- dispatching -------------------------------------------------------------------------------------------


def test_nothing_is_due_before_its_moment(server: Server) -> None:
    over(server)
    assert schedule.dispatch(now=due(server).at - timedelta(seconds=1)) == 0
    assert weekly(server) == []


def test_at_its_moment_one_run_is_asked_for(server: Server) -> None:
    over(server)
    row = due(server)
    for _ in range(3):
        schedule.dispatch(now=row.at)
    assert weekly(server) == [row.period]
    assert due(server).at == row.at + WEEK


def test_every_week_has_its_own_run(server: Server) -> None:
    first = due(server).at
    for n in range(5):
        over(server)
        schedule.dispatch(now=first + n * WEEK + timedelta(minutes=3))
    assert weekly(server) == [key(first + n * WEEK) for n in range(5)]


@pytest.mark.parametrize("missed", [1, 2, 9])
def test_missed_periods_are_one_run_for_the_latest(
    server: Server, missed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are rows of the list too, each at the moment it was due."""
    over(server)
    row = due(server)
    now = row.at + missed * WEEK + timedelta(days=3)
    schedule.dispatch(now=now)
    schedule.dispatch(now=now)
    rows = SyncRun.objects.filter(server=server, trigger="weekly").order_by("number")
    assert list(rows.filter(state="missed").values_list("period", "requested_at")) == [
        (key(row.at + n * WEEK), row.at + n * WEEK) for n in range(missed)
    ]
    (run,) = rows.exclude(state="missed")
    assert (run.period, run.state) == (key(row.at + missed * WEEK), "queued")
    assert due(server).at == row.at + (missed + 1) * WEEK
    assert caplog.text.count("missed its period") == missed
    assert showing.late(run) is None or showing.late(run) == row.at + missed * WEEK
    assert "was not running" in showing.note(rows[0])


def test_a_clock_that_goes_back_asks_for_no_period_twice(server: Server) -> None:
    over(server)
    row = due(server)
    schedule.dispatch(now=row.at)
    DueSync.objects.filter(pk=row.pk).update(at=row.at, period=row.period)  # as a backup of then has it
    over(server)
    schedule.dispatch(now=row.at + timedelta(minutes=1))
    assert weekly(server) == [row.period]
    assert due(server).at == row.at + WEEK


def test_periods_missed_or_read_while_the_clock_was_ahead_are_read_when_they_come(server: Server) -> None:
    """It jumps a month ahead and back: each week that then comes has its run, and each period one."""
    over(server)
    first = due(server)
    moments = [first.at + n * WEEK for n in range(5)]
    let_it_be(moments[3] + timedelta(hours=5))
    schedule.dispatch()
    over(server)
    assert SyncRun.objects.filter(server=server, state="missed").count() == 3
    let_it_be(timezone.now())
    schedule.dispatch()
    assert due(server).at == first.at
    for moment in moments:
        let_it_be(moment + timedelta(minutes=1))
        for _ in range(2):
            schedule.dispatch()
            over(server)
    rows = SyncRun.objects.filter(server=server, trigger="weekly").exclude(period="").order_by("period")
    assert list(rows.values_list("period", "state")) == [(key(moment), "published") for moment in moments]


def test_a_clock_put_right_by_minutes_brings_no_period_about_again(server: Server) -> None:
    over(server)
    row = due(server)
    let_it_be(row.at + timedelta(minutes=10))
    schedule.dispatch()
    over(server)
    let_it_be(row.at + timedelta(minutes=1))
    DueSync.objects.filter(pk=row.pk).update(at=row.at, period=row.period)
    schedule.dispatch()
    assert weekly(server) == [row.period]


@pytest.mark.parametrize(("kind", "far"), [("daily", timedelta(days=20)), ("hourly", timedelta(hours=3))])
def test_a_clock_that_was_ahead_keeps_github_unread_no_longer_than_usual(
    of: Enterprise, kind: str, far: timedelta
) -> None:
    schedule.on_enterprise_token(enterprise=of, by=None)
    row, now = DueSync.objects.get(kind=kind), clock.now(of)
    DueSync.objects.filter(pk=row.pk).update(at=now + far, period="far")
    schedule.dispatch(now=now)
    again = DueSync.objects.get(pk=row.pk)
    assert now < again.at <= now + far / 3 + timedelta(days=1)
    assert again.period != "far"


def test_a_server_whose_id_becomes_known_is_not_read_twice_in_a_week(server: Server) -> None:
    """Its jitter came from its host; another one would bring the same week about again, under another name."""
    over(server)
    first = due(server)
    for server_id in map(str, range(20)):  # some of them come later within the hour
        Server.objects.filter(pk=server.pk).update(server_id=server_id)
        DueSync.objects.filter(pk=first.pk).update(at=first.at, period=first.period)
        schedule.dispatch(now=first.at + timedelta(seconds=10))
        assert due(server).at == first.at + WEEK
    assert weekly(server) == [first.period]


@pytest.mark.parametrize("start", [0, -1, 1])
def test_quiet_hours_that_are_set_later_hold_for_what_is_due_already(server: Server, start: int) -> None:
    """It comes at their end, for the same period, once; hours elsewhere change nothing."""
    over(server)
    row = due(server)
    hour = (row.at + timedelta(hours=start)).hour
    Server.objects.filter(pk=server.pk).update(quiet_from=time(hour), quiet_to=time((hour + 2) % 24))
    held = start < 1
    assert schedule.dispatch(now=row.at) == (not held)
    assert weekly(server) == ([] if held else [row.period])
    if held:
        later = due(server)
        assert (later.at.hour, later.at.minute, later.period) == ((hour + 2) % 24, 0, row.period)
        assert schedule.dispatch(now=later.at) == 1
    assert weekly(server) == [row.period]
    assert due(server).period == key(datetime.fromisoformat(row.period) + WEEK)


def test_a_weekly_run_takes_a_queued_one_for_its_own(server: Server) -> None:
    row = due(server)
    schedule.dispatch(now=row.at)
    run = SyncRun.objects.get(server=server)
    assert (run.trigger, run.period) == (Trigger.FIRST, row.period)
    over(server)
    schedule.dispatch(now=row.at)
    assert SyncRun.objects.count() == 1


def test_one_subject_that_fails_does_not_stop_the_rest(
    of: Enterprise, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = drive.pulled(of, "ghe-b.example.com")
    over(server)
    over(other)
    real = runs.request

    def request(*, subject: Server, **facts: Any) -> SyncRun:
        if subject.pk == server.pk:
            raise RuntimeError("trouble of one server")
        return real(subject=subject, **facts)

    monkeypatch.setattr("licensing.usecases.runs.request", request)
    now = max(due(server).at, due(other).at)
    schedule.dispatch(now=now)
    assert (weekly(server), len(weekly(other))) == ([], 1)
    monkeypatch.undo()
    schedule.dispatch(now=now)
    assert (len(weekly(server)), len(weekly(other))) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_once_ask_once(of: Enterprise) -> None:
    """Two beats, and one more: no second run, no period left out; the database lets one go first."""
    servers = [drive.pulled(of, f"ghe-{n}.example.com") for n in range(4)]
    for server in servers:
        over(server)
    first = {server.pk: due(server).at for server in servers}
    for week in range(3):
        now = max(first.values()) + week * WEEK
        assert at_once(3, lambda now=now: schedule.dispatch(now=now)) == 4  # type: ignore[misc]
        for server in servers:
            over(server)
    for server in servers:
        assert weekly(server) == [key(first[server.pk] + n * WEEK) for n in range(3)]


def at_once(n: int, deed: Callable[[], int]) -> int:
    """Do it in threads that begin together, each with its own connection; returns the sum."""
    start, found = threading.Barrier(n), list[int]()

    def one() -> None:
        try:
            start.wait()
            found.append(deed())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == n
    return sum(found)


# --- the next moment ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Sao_Paulo", "Pacific/Kiritimati"])
@pytest.mark.parametrize("quiet", [None, (time(22), time(6)), (time(0), time(23, 59)), (time(8), time(20))])
def test_the_next_moment_is_within_eight_days(
    of: Enterprise, zone: str, quiet: tuple[time, time] | None
) -> None:
    of.time_zone = zone
    of.save()
    quiet_from, quiet_to = quiet or (None, None)
    server = drive.pulled(of, "ghe-q.example.com", quiet_from=quiet_from, quiet_to=quiet_to)
    over(server)
    now = timezone.now()
    for days in (0, 1, 6, 7, 8, 30, 400):
        schedule.dispatch(now=now + timedelta(days=days))
        left = due(server).at - (now + timedelta(days=days))
        assert timedelta(0) < left <= timedelta(days=8)
        over(server)
    if quiet == (time(8), time(20)):
        local = due(server).at.astimezone(ZoneInfo(zone)).time()
        assert not time(8) <= local < time(20)


@pytest.mark.parametrize(
    "far",
    [timedelta(days=8, minutes=1), timedelta(days=9), timedelta(days=4000)],
    ids=str,
)
def test_a_moment_that_is_too_far_is_worked_out_anew(
    server: Server, far: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    over(server)
    right, now = due(server), timezone.now()
    DueSync.objects.filter(pk=right.pk).update(at=now + far, period="far")
    schedule.dispatch(now=now)
    assert (due(server).at, due(server).period) == (right.at, right.period)
    assert "too far" in caplog.text
    assert weekly(server) == []


# --- the cloud side ----------------------------------------------------------------------------------------


def test_a_token_is_used_at_once_then_daily_and_hourly(of: Enterprise) -> None:
    schedule.on_enterprise_token(enterprise=of, by=None)
    run = SyncRun.objects.get()
    assert (run.server, run.trigger) == (None, Trigger.FIRST)
    rows = {row.kind: row for row in DueSync.objects.filter(enterprise=of)}
    now = clock.now(of)
    assert set(rows) == {"daily", "hourly"}
    assert timedelta(0) < rows["daily"].at - now <= timedelta(days=1)
    assert rows["hourly"].at <= now


def test_the_cloud_is_read_once_a_day_however_often_it_is_asked(of: Enterprise) -> None:
    schedule.on_enterprise_token(enterprise=of, by=None)
    SyncRun.objects.update(state=State.PUBLISHED)
    row = DueSync.objects.get(kind="daily")
    for _ in range(2):
        schedule.dispatch(now=row.at)
    SyncRun.objects.update(state=State.PUBLISHED)
    for _ in range(2):
        schedule.dispatch(now=row.at + timedelta(days=3, hours=1))
    daily = SyncRun.objects.filter(trigger=Trigger.DAILY).order_by("pk")
    assert list(daily.values_list("period", flat=True)) == [
        row.period,
        key(row.at + timedelta(days=1)),
    ]
    assert DueSync.objects.get(kind="daily").at == row.at + timedelta(days=4)


def test_a_second_token_changes_no_rhythm_twice(of: Enterprise) -> None:
    for _ in range(2):
        schedule.on_enterprise_token(enterprise=of, by=None)
    assert DueSync.objects.filter(enterprise=of).count() == 2
    assert SyncRun.objects.count() == 1


def test_a_pretend_enterprise_that_is_being_loaded_is_left_alone(server: Server) -> None:
    over(server)
    Enterprise.objects.update(sandbox=True, clock_offset=-86400)
    assert schedule.dispatch(now=due(server).at) == 0
    Enterprise.objects.update(clock_offset=0)
    assert schedule.dispatch(now=due(server).at) == 1
