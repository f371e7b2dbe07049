"""Staged rows are of people: they go with their run, however it ends; a held one keeps them, to be looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from ghconnect.models import Server, User
from ghconnect.usecases import connect
from licensing.models import StagedAccount, SyncRun
from licensing.usecases import held, publish, runs, sync
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State = SyncRun.State
PEOPLE = [drive.account(n, f"u{n}@x.example") for n in range(1, 41)]


@pytest.fixture
def server() -> Server:
    """A server this console reads, with a picture of forty accounts and a queued run that would take six."""
    made = drive.pulled(drive.enterprise(), "ghe-a.example.com")
    drive.read_server(made, PEOPLE)
    drive.fetched(SyncRun.objects.get(server=made, way="pull"), PEOPLE[6:])
    return made


@pytest.fixture
def run(server: Server) -> SyncRun:
    return SyncRun.objects.get(server=server, way="pull")


def staged(run: SyncRun) -> int:
    return StagedAccount.objects.filter(run_id=run.pk).count()


def hold(run: SyncRun) -> SyncRun:
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert (done.state, staged(done)) == (State.HELD, 34)
    return done


def discard(run: SyncRun) -> None:
    held.discard(run=hold(run), by=User.objects.create_user("mona@x.example", "mona"))


def supersede(run: SyncRun) -> None:
    assert run.server is not None
    drive.read_server(hold(run).server or run.server, [*PEOPLE, drive.account(41)])


def wait(run: SyncRun) -> SyncRun:
    """Stage the rows, then meet trouble."""
    claimed = runs.claim(run.pk)
    assert claimed is not None
    sync._stage(claimed)
    runs.save(claimed, failures=sync.TRIES - 2)
    sync._trouble(claimed, "store", {}, permanent=False)
    assert (SyncRun.objects.get(pk=run.pk).state, staged(run)) == (State.WAITING, 34)
    return claimed


def disconnect(run: SyncRun) -> None:
    wait(run)
    assert run.server is not None
    connect.disable(server=run.server, by=None)


def test_a_store_that_failed_is_tried_at_once_and_then_later(run: SyncRun) -> None:
    """It is back soon after a restart: nobody waits longer than a lease for that."""
    for shortest, longest in ((1, 3), (25, 130)):
        claimed = runs.claim(run.pk)
        assert claimed is not None
        sync._trouble(claimed, "store", {}, permanent=False)
        claimed.refresh_from_db()
        assert claimed.resume_at is not None
        pause = (claimed.resume_at - timezone.now()).total_seconds()
        assert shortest < pause < longest, pause
        SyncRun.objects.filter(pk=run.pk).update(resume_at="2020-01-01T00:00Z")


def fail(run: SyncRun) -> None:
    wait(run)
    SyncRun.objects.filter(pk=run.pk).update(resume_at="2020-01-01T00:00Z")
    claimed = runs.claim(run.pk)
    assert claimed is not None
    sync._trouble(claimed, "store", {}, permanent=False)


def disconnect_while_it_works(run: SyncRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker finds its run cancelled, with all that it staged."""
    assert run.server is not None
    server = run.server
    drive.at_point(monkeypatch, "stage:after", lambda: connect.disable(server=server, by=None))
    sync.perform(run_id=run.pk)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (discard, State.DISCARDED),
        (supersede, State.SUPERSEDED),
        (disconnect, State.CANCELLED),
        (fail, State.FAILED),
    ],
)
def test_nothing_stays_staged_of_a_run_that_is_over(
    run: SyncRun, end: Callable[[SyncRun], None], state: str
) -> None:
    end(run)
    run.refresh_from_db()
    assert (run.state, staged(run)) == (state, 0)


def test_nothing_stays_staged_of_a_run_that_was_cancelled_under_its_worker(
    run: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    disconnect_while_it_works(run, monkeypatch)
    run.refresh_from_db()
    assert (run.state, staged(run)) == (State.CANCELLED, 0)


def test_nothing_stays_staged_where_the_gate_closed_before_publishing(
    run: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "gate_is_open", lambda run, server: False)
    SyncRun.objects.filter(pk=run.pk).update(way="push")
    drive.fetched(run, PEOPLE)
    sync.perform(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, staged(run)) == (State.CANCELLED, 0)
