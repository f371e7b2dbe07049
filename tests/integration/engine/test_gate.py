"""The gate at every door, in every state, also while somebody throws the switch (ENGINEERING §13)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from ghconnect.models import ConnectedFeature, Connection, Enterprise, Server, User
from ghconnect.usecases import connect, features
from licensing.models import DueSync, SyncRun
from licensing.usecases import held, runs, schedule, sync, upload
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
State, Trigger = SyncRun.State, SyncRun.Trigger
HOST = "ghe-a.example.com"
FILE = drive.report([drive.account(1, "a@x.example")])


# --- states ------------------------------------------------------------------------------------------------


def off(server: Server) -> None:
    pass


def on(server: Server) -> None:
    connect.enable(server=server, by=None)


def enabled(server: Server) -> None:
    on(server)
    features.switch(server=server, key=runs.KEY, enabled=True, by=None)
    SyncRun.objects.all().delete()  # the first run, which enabling asks for


def disabled_again(server: Server) -> None:
    enabled(server)
    features.switch(server=server, key=runs.KEY, enabled=False, by=None)


def disconnected_again(server: Server) -> None:
    enabled(server)
    connect.disable(server=server, by=None)


# --- doors -------------------------------------------------------------------------------------------------


def weekly(server: Server) -> str:
    """What is due is looked up by a row; one that should not be there opens nothing."""
    past = timezone.now() - timedelta(minutes=1)
    facts = {"enterprise": server.enterprise, "anchor": past - timedelta(days=7), "at": past, "period": "p"}
    DueSync.objects.update_or_create(server=server, defaults=facts)
    schedule.dispatch()
    return ""


def sync_now(server: Server) -> str:
    try:
        runs.request(subject=server, trigger=Trigger.MANUAL)
    except runs.GateClosed as closed:
        return closed.reason
    return ""


def new_token(server: Server) -> str:
    schedule.on_token_replaced(server=server, by=None)
    return ""


def command(server: Server) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sync_licenses", server.host, stdout=io.StringIO(), stderr=err)
    told = err.getvalue()
    assert ended.value.code == int(bool(told))
    words = {"GitHub Connect is not enabled": "connect_off", "license sync is Disabled": "sync_disabled"}
    return next((reason for text, reason in words.items() if text in told), told)


def file(server: Server) -> str:
    upload.receive(server=server, body=[FILE], file_name="all_users.csv", by=None)
    return ""


States = Callable[[Server], None]
Doors = Callable[[Server], str]
STATES: tuple[States, ...] = (off, on, enabled, disabled_again, disconnected_again)
CLOSED: dict[States, str] = {
    off: "connect_off",
    on: "sync_disabled",
    disabled_again: "sync_disabled",
    disconnected_again: "connect_off",
}
SILENT: tuple[Doors, ...] = (weekly, new_token)
TABLE: list[tuple[Doors, States, str | None]] = [
    (door, state, None if state is enabled or door is file else "" if door in SILENT else CLOSED[state])
    for door in (weekly, sync_now, new_token, command, file)
    for state in STATES
]


@pytest.fixture
def server(db: None) -> Server:
    return Server.objects.create(enterprise=drive.enterprise(), host=HOST, way_in="pull")


@pytest.mark.parametrize(
    ("door", "state", "refused"), TABLE, ids=[f"{d.__name__}-{s.__name__}" for d, s, _ in TABLE]
)
def test_each_door_in_each_state(server: Server, door: Doors, state: States, refused: str | None) -> None:
    """`refused` is the reason that is given, None where the door is open."""
    state(server)
    server.refresh_from_db()
    SyncRun.objects.all().delete()
    assert door(server) == (refused or "")
    assert SyncRun.objects.filter(server=server, state=State.QUEUED).count() == (refused is None)


# --- the switch thrown in between --------------------------------------------------------------------------


def disable(server: Server) -> None:
    features.switch(server=server, key=runs.KEY, enabled=False, by=None)


def disconnect(server: Server) -> None:
    connect.disable(server=server, by=None)


def off_and_on(server: Server) -> None:
    """Another run is asked for by that; this one is not the owner's wish any more."""
    disable(server)
    features.switch(server=server, key=runs.KEY, enabled=True, by=None)


def feature_row_goes(server: Server) -> None:
    """Whoever took the row away without a word: publish reads the gate for itself."""
    ConnectedFeature.objects.filter(connection__server=server).delete()


SWITCHES: tuple[Callable[[Server], None], ...] = (disable, disconnect, off_and_on, feature_row_goes)
POINTS = ("stage:after", "compare:after", "guard:after", "publish:before")


@pytest.mark.parametrize("throw", SWITCHES)
@pytest.mark.parametrize("point", POINTS)
def test_the_switch_thrown_while_a_worker_works(
    server: Server, throw: Callable[[Server], None], point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enabled(server)
    run = drive.fetched(
        runs.request(subject=server, trigger=Trigger.MANUAL), [drive.account(1, "a@x.example")]
    )
    drive.at_point(monkeypatch, point, lambda: throw(server))
    before = numbers()
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert (done.state, done.edition) == (State.CANCELLED, None)
    assert done.finished_at is not None
    assert numbers() == before


@pytest.mark.parametrize("throw", SWITCHES[:3])
def test_the_switch_thrown_before_a_worker_comes(server: Server, throw: Callable[[Server], None]) -> None:
    enabled(server)
    run = runs.request(subject=server, trigger=Trigger.MANUAL)
    throw(server)
    assert sync.perform(run_id=run.pk) is None
    run.refresh_from_db()
    assert run.state == State.CANCELLED


@pytest.mark.parametrize("throw", SWITCHES)
def test_a_file_is_published_whatever_the_switch(
    server: Server, throw: Callable[[Server], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    enabled(server)
    run = upload.receive(server=server, body=[FILE], file_name="all_users.csv", by=None).run
    drive.at_point(monkeypatch, "guard:after", lambda: throw(server))
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert done.state == State.PUBLISHED


def test_a_held_run_is_not_published_once_the_switch_is_off(server: Server) -> None:
    enabled(server)
    people = [drive.account(n) for n in range(1, 21)]
    drive.read_server(server, people)
    pulled = drive.fetched(runs.request(subject=server, trigger=Trigger.MANUAL), people[10:])
    run = sync.perform(run_id=pulled.pk)
    assert run is not None
    assert run.state == State.HELD
    held.publish(run=run, by=User.objects.create_user("m@x.example", "m"), removes=10)
    disable(server)  # before a worker comes to it
    done = sync.perform(run_id=run.pk)
    assert done is None or done.state == State.CANCELLED
    done = SyncRun.objects.get(pk=run.pk)
    assert done.state == State.CANCELLED
    assert drive.totals(server.enterprise)["expected"] == 20


def numbers() -> object:
    found = drive.everything()
    names = ("Account", "Person", "Seat", "Match", "Edition", "BridgeItem", "RunChange", "ServerPicture")
    return {name: found[name] for name in names}


# --- what follows from the switch --------------------------------------------------------------------------


def test_disabled_and_cancelled_commit_together(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last word of it fails, none of it happened."""
    enabled(server)
    run = runs.request(subject=server, trigger=Trigger.MANUAL)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("ghconnect.usecases.audit.record", fail)
    with pytest.raises(RuntimeError):
        disable(server)
    run.refresh_from_db()
    assert (run.state, DueSync.objects.count(), ConnectedFeature.objects.count()) == (State.QUEUED, 1, 1)


def test_a_broken_connection_keeps_its_features_and_goes_on_trying(server: Server) -> None:
    enabled(server)
    connect.mark_broken(server=server, key="unauthorized", params={})
    assert weekly(server) == ""
    assert SyncRun.objects.filter(server=server, trigger=Trigger.WEEKLY).count() == 1


# --- what the database refuses by itself -------------------------------------------------------------------


def test_no_feature_without_a_connection(server: Server) -> None:
    """By constraint, without any code of ours: not made, and not left behind."""
    enabled(server)
    made = Connection.objects.get(server=server)
    for nobody in (None, 987654321):
        refused_by_itself("UPDATE ghconnect_connectedfeature SET connection_id = %s", nobody)
    refused_by_itself("DELETE FROM ghconnect_connection WHERE id = %s", made.pk)
    with pytest.raises(ProtectedError):
        made.delete()
    assert ConnectedFeature.objects.filter(connection=made).count() == 1


@transaction.atomic
def execute(sql: str, value: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
    connection.check_constraints()


def refused_by_itself(sql: str, value: int | None) -> None:
    with pytest.raises(IntegrityError):
        execute(sql, value)


def test_a_feature_is_enabled_once(server: Server) -> None:
    enabled(server)
    made = Connection.objects.get(server=server)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConnectedFeature.objects.create(connection=made, key=runs.KEY, by_login="x", at=timezone.now())
    with pytest.raises(connect.AlreadyConnected):
        connect.enable(server=server, by=None)


def test_the_cloud_side_has_no_switch(db: None) -> None:
    of: Enterprise = drive.enterprise()
    assert runs.request(subject=of, trigger=Trigger.DAILY).state == State.QUEUED
