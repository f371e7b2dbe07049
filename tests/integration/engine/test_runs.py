"""The life of a run: asked for once, had by one worker, fenced by its attempt (ENGINEERING §2-4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from ghconnect.models import AuditEvent, Enterprise, Server, User
from ghconnect.records import ServerAccount
from ghconnect.usecases import connect, features, servers
from licensing.models import RunChunk, ServerPicture, StagedAccount, SyncRun
from licensing.rules import formats
from licensing.usecases import chunks, publish, runs, sync, upload
from licensing.usecases.runs import LostRun
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State, Step, Trigger = SyncRun.State, SyncRun.Step, SyncRun.Trigger
HOST = "ghe-a.example.com"
PEOPLE = [drive.account(n, f"u{n}@x.example") for n in range(1, 9)]


@pytest.fixture
def of() -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    return drive.pulled(of, HOST)


@pytest.fixture
def queued(server: Server) -> SyncRun:
    """The first run, which enabling asked for."""
    return SyncRun.objects.get(server=server)


def ask(server: Server, **facts: Any) -> SyncRun:
    return runs.request(subject=server, trigger=Trigger.MANUAL, **facts)


def claim(run: SyncRun) -> SyncRun:
    found = runs.claim(run.pk)
    assert found is not None
    return found


def put(run: SyncRun, **values: Any) -> None:
    SyncRun.objects.filter(pk=run.pk).update(**values)


def worker_dies(run: SyncRun) -> None:
    put(run, lease_until=timezone.now() - timedelta(seconds=1))


def state(run: SyncRun) -> str:
    run.refresh_from_db()
    return run.state


# --- asking ------------------------------------------------------------------------------------------------


def test_asking_twice_gives_one_run(server: Server, queued: SyncRun) -> None:
    assert [ask(server).pk, ask(server).pk] == [queued.pk, queued.pk]
    assert SyncRun.objects.count() == 1
    assert AuditEvent.objects.filter(action="license_sync.request").count() == 1


def test_whoever_asks_while_the_run_fetches_joins_it(server: Server, queued: SyncRun) -> None:
    active = claim(queued)
    assert ask(server).pk == active.pk
    runs.save(active, step=Step.FETCH)
    assert ask(server).pk == active.pk


@pytest.mark.parametrize("step", [Step.STAGE, Step.COMPARE, Step.GUARD, Step.PUBLISH])
def test_whoever_asks_later_gets_one_successor(server: Server, queued: SyncRun, step: str) -> None:
    active = claim(queued)
    runs.save(active, step=step)
    after = ask(server)
    assert (after.pk != active.pk, after.state, after.number) == (True, State.QUEUED, 2)
    assert ask(server).pk == after.pk


def test_sync_now_brings_a_waiting_run_forward(server: Server, queued: SyncRun) -> None:
    active = claim(queued)
    runs.save(active, step=Step.FETCH)
    runs.wait(active, timedelta(hours=6), "timeout", {})
    assert runs.sendable() == []
    assert ask(server).pk == active.pk
    assert runs.sendable() == [active.pk]
    assert claim(active).attempt == 2


def test_sync_now_brings_a_run_forward_that_waits_with_all_fetched(server: Server, queued: SyncRun) -> None:
    """It cannot be joined, and what is queued behind it cannot begin before it is over."""
    active = claim(queued)
    runs.save(active, step=Step.PUBLISH)
    runs.wait(active, timedelta(hours=6), "store", {})
    after = ask(server)
    assert after.pk != active.pk
    assert runs.sendable() == [active.pk]
    put(active, resume_at=timezone.now() + timedelta(hours=6))
    assert ask(server).pk == after.pk
    assert runs.sendable() == [active.pk]


def test_the_weekly_dispatcher_does_not_hurry_a_run_that_waits(server: Server, queued: SyncRun) -> None:
    active = claim(queued)
    runs.save(active, step=Step.FETCH)
    runs.wait(active, timedelta(hours=6), "timeout", {})
    runs.request(subject=server, trigger=Trigger.WEEKLY, period="2026-11-24T01:00:00Z")
    assert runs.sendable() == []


def test_a_period_has_one_run_whoever_asked_first(server: Server, queued: SyncRun) -> None:
    first = runs.request(subject=server, trigger=Trigger.WEEKLY, period="2026-11-24T01:00:00Z")
    assert first.pk == queued.pk
    put(first, state=State.FAILED)
    again = runs.request(subject=server, trigger=Trigger.WEEKLY, period="2026-11-24T01:00:00Z")
    assert again.pk == first.pk
    assert runs.request(subject=server, trigger=Trigger.WEEKLY, period="2026-12-01T01:00:00Z").pk != first.pk


# --- what the database refuses by itself -------------------------------------------------------------------


def clones(run: SyncRun, **facts: Any) -> Callable[[], Any]:
    values = {"enterprise": run.enterprise, "server": run.server, "number": 99, "trigger": "manual"}
    return lambda: SyncRun.objects.create(requested_at=timezone.now(), **{**values, **facts})


@pytest.mark.parametrize("cloud", [False, True], ids=["server", "cloud"])
@pytest.mark.parametrize(
    ("held_by", "refused"),
    [
        ({"state": "running"}, {"state": "running"}),
        ({"state": "running"}, {"state": "waiting"}),
        ({"state": "waiting", "way": "upload", "sha256": "a"}, {"state": "running"}),
        ({"state": "queued"}, {"state": "queued"}),
        ({"state": "published", "period": "p"}, {"state": "queued", "period": "p"}),
        ({"state": "cancelled"}, {"state": "cancelled", "number": 1}),
    ],
    ids=["active", "waiting", "active file", "queued", "period", "number"],
)
def test_the_database_refuses_a_second(
    server: Server, queued: SyncRun, held_by: dict[str, Any], refused: dict[str, Any], cloud: bool
) -> None:
    put(queued, **held_by, **({"server": None} if cloud else {}))
    queued.refresh_from_db()
    with pytest.raises(IntegrityError), transaction.atomic():
        clones(queued, **refused)()


@pytest.mark.parametrize("open_state", ["queued", "running", "waiting"])
def test_the_database_refuses_content_that_is_open_already(
    server: Server, queued: SyncRun, open_state: str
) -> None:
    put(queued, state=open_state, way="upload", sha256="abc")
    with pytest.raises(IntegrityError), transaction.atomic():
        clones(queued, way="push", sha256="abc")()
    put(queued, state="published")
    clones(queued, way="push", sha256="abc")()


def test_servers_do_not_stand_in_each_others_way(of: Enterprise, server: Server, queued: SyncRun) -> None:
    other = SyncRun.objects.get(server=drive.pulled(of, "ghe-b.example.com"))
    cloud = runs.request(subject=of, trigger=Trigger.DAILY)
    assert [claim(run).state for run in (queued, other, cloud)] == [State.RUNNING] * 3


# --- claiming ----------------------------------------------------------------------------------------------


def test_a_run_that_is_had_cannot_be_claimed(queued: SyncRun) -> None:
    assert claim(queued).attempt == 1
    assert runs.claim(queued.pk) is None
    assert state(queued) == State.RUNNING
    assert queued.attempt == 1


def test_a_queued_run_waits_for_the_active_one(server: Server, queued: SyncRun) -> None:
    active = claim(queued)
    runs.save(active, step=Step.STAGE)
    after = ask(server)
    assert runs.claim(after.pk) is None
    assert state(after) == State.QUEUED
    runs.fail(active, "internal", {})
    assert claim(after).attempt == 1


@pytest.mark.parametrize(
    "over",
    [s for s in State.values if s not in ("queued", "running", "waiting")],
)
def test_what_is_over_is_never_claimed(queued: SyncRun, over: str) -> None:
    put(queued, state=over, lease_until=timezone.now() - timedelta(hours=1), resume_at=timezone.now())
    assert runs.claim(queued.pk) is None
    assert runs.sendable() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left", ["queued", "waiting", "running"])
def test_of_many_that_claim_one_wins(server: Server, queued: SyncRun, left: str) -> None:
    past = timezone.now() - timedelta(seconds=5)
    put(queued, state=left, lease_until=past, resume_at=past)
    won = at_once(6, lambda: runs.claim(queued.pk))
    assert sum(run is not None for run in won) == 1
    queued.refresh_from_db()
    assert (queued.attempt, queued.takeovers) == (1, int(left == "running"))


def at_once(n: int, deed: Callable[[], Any]) -> list[Any]:
    """Do it in threads that begin together, each with its own connection."""
    start, found = threading.Barrier(n), []

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
    return found


def test_a_waiting_run_goes_on_when_it_is_due_and_not_before(queued: SyncRun) -> None:
    runs.wait(claim(queued), timedelta(hours=1), "timeout", {"host": HOST})
    assert (runs.claim(queued.pk), runs.sendable()) == (None, [])
    assert (state(queued), queued.error_key, queued.failures) == (State.WAITING, "timeout", 1)
    put(queued, resume_at=timezone.now() - timedelta(seconds=1))
    assert runs.sendable() == [queued.pk]
    again = claim(queued)
    assert (again.attempt, again.takeovers, again.error_key, again.resume_at) == (2, 0, "", None)


# --- leases and the fence ----------------------------------------------------------------------------------


def test_an_expired_lease_is_taken_over(queued: SyncRun) -> None:
    old = claim(queued)
    assert (runs.claim(queued.pk), runs.sendable()) == (None, [])
    worker_dies(old)
    assert runs.sendable() == [queued.pk]
    new = claim(queued)
    assert (new.attempt, new.takeovers) == (old.attempt + 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_the_lease(queued: SyncRun, settings: Any) -> None:
    """Whoever works longer than a lease is not taken over, also when its connection is cut; when it stops it is."""
    settings.GHCONNECT_LEASE_SECONDS = 1
    run = claim(queued)
    with runs.heartbeat(run):
        for number in range(8):
            time.sleep(0.2)
            if number == 1:
                cut_other_connections()
            assert runs.claim(queued.pk) is None
    time.sleep(1.1)
    assert claim(queued).attempt == 2


def cut_other_connections() -> None:
    """As a proxy or a restart does; SQLite has none to cut."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


WRITES: dict[str, Callable[[SyncRun], object]] = {
    "progress": lambda run: runs.save(run, fetched=7),
    "wait": lambda run: runs.wait(run, timedelta(hours=1), "timeout", {}),
    "fail": lambda run: runs.fail(run, "internal", {}),
    "hold": lambda run: runs.hold(run, [{"key": "empty", "params": {}}], {}),
    "settle": lambda run: publish.settle(run, State.PUBLISHED),
    "publish": lambda run: publish.server(run),
    "trouble": lambda run: sync._trouble(run, "internal", {}, permanent=False),
    "permanent": lambda run: sync._trouble(run, "internal", {}, permanent=True),
}


@pytest.mark.parametrize("taken", ["taken over", "cancelled"])
@pytest.mark.parametrize("write", WRITES)
def test_the_old_attempt_writes_nothing(queued: SyncRun, write: str, taken: str) -> None:
    """Whatever it does: nothing of it stays, also of what it did before the fence."""
    old = claim(drive.fetched(queued, PEOPLE))
    sync._stage(old)
    if taken == "cancelled":
        runs.cancel_open(queued.server or queued.enterprise)
    else:
        worker_dies(old)
        claim(queued)
    before = (drive.everything(), SyncRun.objects.filter(pk=queued.pk).values().get())
    try:
        WRITES[write](old)
    except LostRun:
        pass
    else:
        assert write in ("trouble", "permanent")  # these say so in the log
    assert (drive.everything(), SyncRun.objects.filter(pk=queued.pk).values().get()) == before


def test_a_publication_that_lost_its_run_is_rolled_back_whole(of: Enterprise, queued: SyncRun) -> None:
    """The lease ends between the lock and the last statement, after all accounts, persons and seats were written."""
    drive.read_cloud(of, [drive.row("ann", [f"{HOST}:1"], ["u1@x.example"])])
    old = claim(drive.fetched(queued, PEOPLE))
    sync._stage(old)
    SyncRun.objects.filter(pk=old.pk).update(attempt=old.attempt + 1)
    before = drive.everything()
    with pytest.raises(LostRun):
        publish.server(old)
    assert drive.everything() == before
    assert not ServerPicture.objects.exclude(last_success=None).exists()


def test_the_takeover_goes_on_from_what_was_fetched(queued: SyncRun) -> None:
    old = claim(drive.fetched(queued, PEOPLE))
    sync._stage(old)
    worker_dies(old)
    done = sync.perform(run_id=queued.pk)
    assert done is not None
    assert (done.state, done.attempt, done.counts["added"]) == (State.PUBLISHED, 2, len(PEOPLE))


def test_a_worker_thought_dead_does_not_mix_its_chunks_in(queued: SyncRun) -> None:
    """It wakes up in the middle of its fetch, after another has fetched everything anew."""
    old = claim(queued)
    runs.save(old, step=Step.FETCH)

    def body() -> Iterator[bytes]:
        yield drive.report(PEOPLE[:2])
        worker_dies(old)
        new = claim(queued)
        sync._keep_report(new, iter([drive.report(PEOPLE)]), None)
        yield b""

    with pytest.raises(LostRun):
        sync._keep_report(old, body(), None)
    kept = list(formats.read_projection(chunks.read(queued)))
    assert [one.remote_user_id for one in kept] == [one.remote_user_id for one in PEOPLE]
    assert RunChunk.objects.count() == 1


def test_a_worker_thought_dead_does_not_drop_what_another_staged(queued: SyncRun) -> None:
    old = claim(drive.fetched(queued, PEOPLE))
    worker_dies(old)
    new = claim(queued)
    sync._stage(new)
    with pytest.raises(LostRun):
        sync._stage(old)
    assert list(StagedAccount.objects.values_list("attempt").distinct()) == [(new.attempt,)]
    assert StagedAccount.objects.count() == len(PEOPLE)


# --- giving up ---------------------------------------------------------------------------------------------


def test_after_five_takeovers_the_run_is_failed_for_good(queued: SyncRun) -> None:
    for n in range(5):
        run = claim(queued)
        assert run.takeovers == n
        worker_dies(run)
    assert runs.claim(queued.pk) is None
    assert (state(queued), queued.error_key, queued.error_params) == (
        State.FAILED,
        "worker_died",
        {"n": "5"},
    )
    assert (runs.claim(queued.pk), runs.sendable()) == (None, [])
    picture = ServerPicture.objects.get()
    assert (picture.failures, picture.last_success) == (1, None)


def test_a_failure_of_its_own_ends_the_streak_of_takeovers(queued: SyncRun) -> None:
    """Five takeovers *without having failed by itself* end a run."""
    for _ in range(4):
        worker_dies(claim(queued))
    runs.wait(claim(queued), timedelta(seconds=-1), "timeout", {})
    worker_dies(claim(queued))
    assert claim(queued).takeovers == 1


def test_a_run_whose_server_is_removed_meanwhile_just_ends(
    server: Server, queued: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive.fetched(queued, PEOPLE)
    mona = User.objects.create_user("mona@x.example", "mona")
    drive.at_point(monkeypatch, "guard:after", lambda: servers.remove(server=server, by=mona))
    assert sync.perform(run_id=queued.pk) is None
    assert not SyncRun.objects.exists()
    assert not ServerPicture.objects.exists()


# --- the switch --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", ["disabled", "disconnected"])
def test_switching_off_cancels_what_is_open(server: Server, queued: SyncRun, off: str) -> None:
    active = claim(queued)
    runs.save(active, step=Step.PUBLISH)
    after = ask(server)
    file = upload.receive(server=server, body=[drive.report(PEOPLE)], file_name="all_users.csv", by=None).run
    if off == "disabled":
        features.switch(server=server, key=runs.KEY, enabled=False, by=None)
    else:
        connect.disable(server=server, by=None)
    assert [state(run) for run in (active, after, file)] == [State.CANCELLED, State.CANCELLED, State.QUEUED]
    with pytest.raises(LostRun):
        runs.save(active, fetched=1)
    assert runs.sendable() == [file.pk]


def test_a_waiting_run_is_cancelled_too(server: Server, queued: SyncRun) -> None:
    runs.wait(claim(queued), timedelta(hours=1), "timeout", {})
    features.switch(server=server, key=runs.KEY, enabled=False, by=None)
    assert state(queued) == State.CANCELLED


# --- files -------------------------------------------------------------------------------------------------


def file(server: Server, accounts: list[ServerAccount], **facts: Any) -> upload.Received:
    return upload.receive(
        server=server, body=[drive.report(accounts)], file_name="all_users.csv", by=None, **facts
    )


@pytest.mark.parametrize("meanwhile", ["queued", "running", "waiting"])
def test_the_same_content_joins_the_run_that_is_open(server: Server, queued: SyncRun, meanwhile: str) -> None:
    first = file(server, PEOPLE)
    put(first.run, state=meanwhile)
    again = file(server, PEOPLE)
    assert (first.made, again.made, again.run.pk) == (True, False, first.run.pk)
    assert set(RunChunk.objects.values_list("run_id", flat=True)) == {first.run.pk}


def test_another_file_queues_and_takes_the_place_of_an_older_one(server: Server, queued: SyncRun) -> None:
    active = file(server, PEOPLE[:1]).run
    put(active, state=State.RUNNING)
    older = file(server, PEOPLE[:2]).run
    newer = file(server, PEOPLE[:3]).run
    assert [state(run) for run in (active, older, newer, queued)] == [
        State.RUNNING,
        State.SUPERSEDED,
        State.QUEUED,
        State.QUEUED,
    ]


def test_a_file_joins_no_pull_and_a_pull_no_file(of: Enterprise, server: Server, queued: SyncRun) -> None:
    made = file(server, PEOPLE).run
    assert made.pk != queued.pk
    assert ask(server).pk == queued.pk
    put(queued, state=State.PUBLISHED)
    assert ask(server).pk not in (made.pk, queued.pk)
