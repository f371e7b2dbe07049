"""A real worker on the real broker reads the real sandbox, dies, is replaced, and meets every kind of trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from ghconnect.models import Connection, Enterprise, Server
from ghconnect.seal import seal
from licensing.models import Account, Edition, RunChange, Seat, ServerPicture, StagedAccount, SyncRun
from licensing.usecases import runs, sweep
from tests.integration.engine import drive
from tests.support.processes import running
from tests.support.sandbox import Sandbox
from tests.support.stack import Stack, eventually, worker

State = SyncRun.State
LEASE = 3


@pytest.fixture
def of(stack: Stack) -> Enterprise:
    """An enterprise of its own, without a cloud side."""
    return drive.enterprise()


@pytest.fixture
def mended(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Pretend GitHub, whose trouble ends with the test."""
    yield sandbox
    sandbox.post_control("repair", host="osaka")


def connect(of: Enterprise, sandbox: Sandbox, short: str, *, enabled: bool = True) -> Server:
    facts = sandbox.server(short)
    token = {"token": seal(facts["token"]), "token_login": ""}
    return drive.pulled(of, facts["host"], enabled=enabled, **token)


def run_of(server: Server) -> SyncRun:
    return SyncRun.objects.filter(server=server).latest("pk")


def ask(server: Server) -> SyncRun:
    return runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)


def until(run: SyncRun, *states: str, within: float = 20, sweeping: bool = False) -> SyncRun:
    """Wait until the run stands so; `sweeping` does meanwhile what the scheduler does every few seconds."""

    def stands() -> bool:
        if sweeping:
            sweep.sweep()
            time.sleep(0.2)
        run.refresh_from_db()
        return run.state in states

    eventually(stands, within=within, what=f"{run} is {run.state} {run.error_key}, not {states}")
    return run


def live(server: Server) -> int:
    return Account.objects.filter(server=server, ended_edition=None).count()


def licenses(of: Enterprise) -> int:
    return Seat.objects.filter(enterprise=of, to_edition=None).count()


def test_from_a_click_to_a_published_picture(of: Enterprise, mended: Sandbox) -> None:
    """The server prepares its report first (202): the run waits, the worker goes free, and it goes on by itself."""
    mended.post_control("break", host="osaka", kind="accepted", times=1)
    server = connect(of, mended, "osaka")
    run = until(run_of(server), State.WAITING)
    assert (run.error_key, run.failures, run.lease_until) == ("preparing", 0, None)
    until(run, *SyncRun.GOOD, sweeping=True)
    assert (run.state, run.attempt, run.takeovers, run.failures) == (State.PUBLISHED, 2, 0, 0)
    assert (run.format, run.age_known, run.error_key) == ("all_users_csv", True, "")
    assert live(server) == run.fetched == run.counts["added"] > 50
    picture, edition = ServerPicture.objects.get(server=server), Edition.objects.get(enterprise=of)
    assert (picture.accounts, picture.run_id, edition.run_id) == (run.fetched, run.pk, run.pk)
    assert edition.totals["expected"] == licenses(of)
    assert not StagedAccount.objects.filter(run_id=run.pk).exists()
    server.refresh_from_db()
    assert server.version
    drive.assert_sound(of)
    assert until(ask(server), *SyncRun.GOOD).state == State.UNCHANGED


def lost(server: Server) -> SyncRun:
    """A run whose message nobody got."""
    return SyncRun.objects.create(
        enterprise=server.enterprise,
        server=server,
        number=1 + SyncRun.objects.filter(server=server).count(),
        trigger="manual",
        requested_at=timezone.now(),
    )


def test_a_run_whose_message_was_lost_is_found(of: Enterprise, mended: Sandbox) -> None:
    server = connect(of, mended, "osaka")
    until(run_of(server), State.PUBLISHED)
    run = lost(server)
    time.sleep(0.5)
    run.refresh_from_db()
    assert run.state == State.QUEUED
    sweep.sweep()
    until(run, State.UNCHANGED)


def test_a_broker_that_is_down_when_somebody_asks(of: Enterprise, mended: Sandbox, stack: Stack) -> None:
    """The command asks all the same; the row is found when the broker is back."""
    server = connect(of, mended, "osaka", enabled=False)
    enable_without_first_run(server)
    away = {**stack.environment, "REDIS_URL": "redis://127.0.0.1:1/0"}
    command = ("django", "sync_licenses", server.host, "--enterprise", of.slug)
    with running("no-broker", *command, folder=stack.folder, environment=away) as child:
        assert child.process.wait(30) == 0, child.log.read_text()
    assert "broker is away" in child.log.read_text()
    run = run_of(server)
    assert (run.state, run.attempt) == (State.QUEUED, 0)
    sweep.sweep()
    until(run, State.PUBLISHED)


def enable_without_first_run(server: Server) -> None:
    made = Connection.objects.get(server=server)
    made.features.create(key=runs.KEY, by_login="test", at=timezone.now())


# --- death -------------------------------------------------------------------------------------------------

POINTS = ("fetch:after", "stage:after", "publish:before-fence", "publish:after")


def test_a_worker_killed_at_each_step_is_replaced_within_a_lease(mended: Sandbox, stack: Stack) -> None:
    """SIGKILL, once at each step, on a worker of its own; another takes the run over, and nothing is there twice."""
    pairs = [(point, connect(drive.enterprise(), mended, "osaka", enabled=False)) for point in POINTS]
    found = []
    with ExitStack() as closing:
        for point, _ in pairs:
            closing.enter_context(doomed(stack, point))
        for point, server in pairs:
            enable_without_first_run(server)
            run = lost(server)
            current_app.send_task("licensing.perform_sync", kwargs={"run_id": run.pk}, queue=queue(point))
            found.append(run)
        for (point, server), run in zip(pairs, found, strict=True):
            left(run, server, published=point == "publish:after")
        for point, run in zip(POINTS, found, strict=True):
            until(run, State.PUBLISHED, within=LEASE, sweeping=True)
            assert (run.attempt, run.takeovers) == ((1, 0) if point == "publish:after" else (2, 1))
    for _, server in pairs:
        settled(server)


def left(run: SyncRun, server: Server, *, published: bool) -> None:
    """Its worker was killed: nothing of it shows, and its lease runs out; or all of it was there by then."""
    if published:
        until(run, State.PUBLISHED, within=30)
        return
    eventually(lambda: expired(run), within=30, what=f"the lease of {run}, whose worker is killed, ends")
    assert (run.state, run.attempt, live(server)) == (State.RUNNING, 1, 0)
    assert not Edition.objects.filter(enterprise=run.enterprise).exists()


def expired(run: SyncRun) -> bool:
    run.refresh_from_db()
    return run.lease_until is not None and run.lease_until < timezone.now()


def settled(server: Server) -> None:
    """The picture is there once."""
    run, of = run_of(server), server.enterprise
    assert run.counts["added"] == run.fetched == live(server)
    assert Edition.objects.filter(enterprise=of).count() == 1
    assert not RunChange.objects.filter(run=run).exists()  # a first picture has no diff
    assert not StagedAccount.objects.filter(run_id=run.pk).exists()
    drive.assert_sound(of)


def queue(point: str) -> str:
    return f"doomed-{point}"


def doomed(stack: Stack, point: str) -> Any:
    """Return the context of a worker that is killed at a point; it takes only what is sent to it."""
    name = f"doomed-{POINTS.index(point)}"
    command = (
        "celery --quiet -A ghconnect worker --loglevel INFO --concurrency 1 --without-gossip --without-mingle"
    )
    faults = {"GHCONNECT_FAULTS": f"kill={point}", "GHCONNECT_LEASE_SECONDS": str(LEASE)}
    return running(
        name,
        *command.split(),
        "--without-heartbeat",
        "--queues",
        queue(point),
        "--hostname",
        f"{name}@%h",
        folder=stack.folder,
        environment={**stack.environment, **faults},
    )


# --- trouble -----------------------------------------------------------------------------------------------

REPORT = "/stafftools/reports"
# kind of trouble, its arguments: how the run stands then, by which key
WAITING: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "server_error": ({"value": 503}, ("server_error",)),
    "rate_limit": ({"value": 120}, ("rate",)),
    "secondary_limit": ({"value": 90}, ("secondary_rate",)),
    "refused": ({}, ("refused",)),
    "cut_length": ({"path": REPORT}, ("truncated",)),
    "cut_chunked": ({"path": REPORT}, ("truncated",)),
    "empty": ({"path": REPORT}, ("bad_answer", "bad_file")),
    "no_header": ({}, ("bad_file",)),
}
HELD = {
    "cut_line": ({"value": 0.5}, {"stop_consuming", "missing_block"}),
    "no_rows": ({}, {"empty", "stop_consuming"}),
    "filtered": ({}, {"stop_consuming"}),
}
FAILED = {"unauthorized": "unauthorized", "not_found": "wrong_host"}


def test_every_kind_of_trouble_changes_nothing_and_is_got_over(of: Enterprise, mended: Sandbox) -> None:
    server = connect(of, mended, "osaka")
    until(run_of(server), State.PUBLISHED)
    before = live(server), licenses(of), of_edition(of)
    for kind, (arguments, keys) in WAITING.items():
        mended.post_control("break", host="osaka", kind=kind, **arguments)
        begun = timezone.now()
        run = until(ask(server), State.WAITING)
        assert (kind, run.error_key in keys, run.failures) == (kind, True, 1), run.error_key
        assert run.resume_at is not None
        if kind in ("rate_limit", "secondary_limit"):
            asked = timedelta(seconds=arguments["value"])
            assert asked - timedelta(seconds=2) <= run.resume_at - begun <= asked + timedelta(seconds=5)
        got_over(mended, server, run)
        assert (live(server), licenses(of), of_edition(of)) == before
    for kind, key in FAILED.items():
        mended.post_control("break", host="osaka", kind=kind)
        run = until(ask(server), State.FAILED)
        broken = Connection.objects.get(server=server)
        assert (run.error_key, broken.broken_key, run.resume_at) == (key, key, None)
        assert broken.features.count() == 1
        assert (live(server), licenses(of), of_edition(of)) == before
        mended.post_control("repair", host="osaka")
        until(ask(server), State.UNCHANGED)
        broken.refresh_from_db()
        assert broken.broken_at is None
    picture = ServerPicture.objects.get(server=server)
    assert (picture.failures, picture.failing_since) == (0, None)


def test_a_report_that_looks_whole_and_is_not_releases_nobody(of: Enterprise, mended: Sandbox) -> None:
    server = connect(of, mended, "osaka")
    until(run_of(server), State.PUBLISHED)
    before = live(server), licenses(of), of_edition(of)
    for kind, (arguments, keys) in HELD.items():
        mended.post_control("break", host="osaka", kind=kind, **arguments)
        run = until(ask(server), State.HELD)
        assert keys <= {hold["key"] for hold in run.holds}, (kind, run.holds)
        assert (live(server), licenses(of), of_edition(of)) == before
        mended.post_control("repair", host="osaka")
        until(ask(server), State.UNCHANGED)
        until(run, State.SUPERSEDED)


def got_over(sandbox: Sandbox, server: Server, run: SyncRun) -> None:
    """The trouble ends, and Sync now brings the waiting run forward."""
    sandbox.post_control("repair", host="osaka")
    assert ask(server).pk == run.pk
    until(run, State.UNCHANGED)


def of_edition(of: Enterprise) -> int:
    return Enterprise.objects.get(pk=of.pk).edition


def test_a_worker_asked_to_stop_finishes_its_run(of: Enterprise, mended: Sandbox, stack: Stack) -> None:
    """SIGTERM, as systemd, compose and an upgrade send it: the report is read to its end, and another goes on."""
    mended.post_control("break", host="osaka", kind="slow", value=0.5)
    with (
        stack.worker_held(),
        worker(stack.folder, stack.environment, "stopped") as child,
    ):
        child.await_words("ready.")
        server = connect(of, mended, "osaka")
        run = until(run_of(server), State.RUNNING, sweeping=True)
        child.process.terminate()
        assert child.process.wait(30) == 0, child.log.read_text()
        run.refresh_from_db()
        assert (run.state, run.attempt, run.takeovers) == (State.PUBLISHED, 1, 0), child.log.read_text()
        left = lost(server)
    assert left.state == State.QUEUED
    sweep.sweep()
    until(left, *SyncRun.GOOD)
