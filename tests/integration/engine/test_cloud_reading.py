"""A read of GitHub's report goes on where it stopped: after a pause, and after its worker's death."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ghconnect.models import Enterprise
from ghconnect.usecases import clients
from licensing.models import LicenseRow, RunChunk, SyncRun
from licensing.usecases import cloud_reading, runs, sync
from tests.integration.engine import drive
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
State, Trigger = SyncRun.State, SyncRun.Trigger
MANY, USUAL = 1_000_000, 5_000


@pytest.fixture
def octo(octo: Enterprise, sandbox: Sandbox) -> Iterator[Enterprise]:
    """Its report has three pages; pretend GitHub allows as much as before when the test is over."""
    yield octo
    sandbox.post_control("settings", rate_limit=USUAL)


def read(octo: Enterprise) -> SyncRun:
    run = runs.request(subject=octo, trigger=Trigger.MANUAL)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    return done


def allow(octo: Enterprise, sandbox: Sandbox, requests: int) -> None:
    """Let so many requests of this hour be left, beside the tenth that is left to others."""
    with clients.of_enterprise(octo) as client:

        def used(resource: str) -> int:
            return int(client.get("/rate_limit").json()["resources"][resource]["used"])

        # Lists of GraphQL shall not be what waits; and of fewer than twenty requests no tenth is left to others.
        while (core := used("core")) < max(20, used("graphql") + 40):
            client.me()
    limit = next(most for most in range(core, MANY) if most - core - requests + 1 == most // 10)
    sandbox.post_control("settings", rate_limit=limit)


def at(run: SyncRun, name: str) -> Any:
    """What was kept of where a read stands."""
    assert run.reading is not None
    return run.reading[name]


def asked(sandbox: Sandbox) -> int:
    """How often a page of the report was asked for."""
    counts: dict[str, int] = sandbox.get("/served.json")
    return sum(n for path, n in counts.items() if path.endswith("/consumed-licenses"))


def sound(octo: Enterprise, run: SyncRun, *, drifting: bool = False) -> bool:
    drive.assert_sound(octo)
    uploads = RunChunk.objects.filter(run=run).values_list("upload", flat=True)
    whole = len(set(uploads)) == 1 and not RunChunk.objects.filter(run=None).exists()
    return whole and run.state in SyncRun.GOOD and run.counts.get("drifting", False) is drifting


def test_a_read_of_three_hours_asks_for_each_page_about_once(octo: Enterprise, sandbox: Sandbox) -> None:
    before = asked(sandbox)
    allow(octo, sandbox, 2)
    run = read(octo)
    assert (run.state, run.error_key, run.failures, run.fetch_complete) == (State.WAITING, "rate", 0, False)
    assert (at(run, "part"), at(run, "at"), run.fetched) == ("report", 2, 200)
    allow(octo, sandbox, 2)
    assert read(octo).pk == run.pk
    run.refresh_from_db()
    # What is read beside the report needs requests, too.
    assert (run.state, at(run, "part") != "report") == (State.WAITING, True)
    sandbox.post_control("settings", rate_limit=MANY)
    run = read(octo)
    assert (asked(sandbox) - before, run.fetched, run.reading) == (4, LicenseRow.objects.count(), None)
    assert sound(octo, run)
    assert (drive.totals(octo)["unexplained"], run.counts["sources"]["visual_studio"]["state"]) == (0, "read")


def test_a_worker_that_dies_leaves_its_pages_to_the_next(
    octo: Enterprise, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_reading, "TOGETHER", 1)
    before = asked(sandbox)
    for _ in range(2):
        with monkeypatch.context() as armed:
            drive.at_point(armed, "fetch:kept", sys.exit)
            with pytest.raises(SystemExit):
                read(octo)
        SyncRun.objects.update(lease_until="2020-01-01T00:00Z")
    run = SyncRun.objects.get()
    assert (at(run, "at"), run.takeovers, RunChunk.objects.filter(run=run).count()) == (2, 0, 2)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert asked(sandbox) - before == 3 + 2
    assert sound(octo, done)


def test_a_worker_that_lost_its_run_keeps_nothing(
    octo: Enterprise, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_reading, "TOGETHER", 1)

    def taken_over() -> None:
        SyncRun.objects.update(attempt=7)

    drive.at_point(monkeypatch, "fetch:kept", taken_over)
    run = read(octo)
    assert (run.state, run.attempt, at(run, "at"), run.fetched) == (State.RUNNING, 7, 1, 100)
    assert RunChunk.objects.count() == 1


def test_a_report_that_moved_in_the_pause_is_read_again_unless_that_takes_long(
    octo: Enterprise, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page kept last has other rows: who came or went before it, nobody can tell."""
    read(octo)
    before = set(LicenseRow.objects.values_list("row_key", flat=True))
    for long in (False, True):
        allow(octo, sandbox, 2)
        run = read(octo)
        assert (run.state, at(run, "at")) == (State.WAITING, 2)
        sandbox.post_control("settings", rate_limit=MANY)
        sandbox.post_control("break", host="ghec", kind="shifting", value=7, times=1)
        with monkeypatch.context() as patched:
            if long:
                patched.setattr(cloud_reading, "LONG", timedelta(0))
            asks = asked(sandbox)
            run = read(octo)
        assert asked(sandbox) - asks == (2 if long else 2 + 3)
        assert sound(octo, run, drifting=long)
        assert set(LicenseRow.objects.values_list("row_key", flat=True)) == before


def test_what_was_kept_a_day_ago_is_another_report(
    octo: Enterprise, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(octo, sandbox, 2)
    read(octo)
    sandbox.post_control("settings", rate_limit=MANY)
    monkeypatch.setattr(cloud_reading, "TOO_OLD", timedelta(0))
    asks = asked(sandbox)
    assert sound(octo, read(octo))
    assert asked(sandbox) - asks == 3


def test_half_a_report_goes_with_its_run(octo: Enterprise, sandbox: Sandbox) -> None:
    allow(octo, sandbox, 2)
    read(octo)
    sandbox.post_control("break", host="ghec", kind="unauthorized")
    run = read(octo)
    assert (run.state, RunChunk.objects.count()) == (State.FAILED, 0)
