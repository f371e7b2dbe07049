"""Locks are taken in one order, enterprise before server: no deed can deadlock with a publication (ENGINEERING §4)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from ghconnect.models import Enterprise, Server, User
from ghconnect.usecases import connect, enterprises, features, servers
from licensing.models import SyncRun
from licensing.usecases import github_status, held, recount, runs, schedule, sync, upload
from tests.integration.engine import drive

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer and no order"),
]
HOST = "ghe-a.example.com"
PEOPLE = [drive.account(n, f"u{n}@x.example") for n in range(1, 21)]


def mona() -> User:
    return User.objects.get_or_create(login="mona", defaults={"email": "mona@x.example"})[0]


def publish_held(server: Server) -> None:
    held.publish(run=SyncRun.objects.get(state="held"), by=mona(), removes=10)


def perform(server: Server) -> None:
    sync.perform(run_id=SyncRun.objects.get(state="queued").pk)


def file(server: Server) -> None:
    upload.receive(server=server, body=[drive.report(PEOPLE)], file_name="all_users.csv", by=None)


DEEDS: dict[str, Callable[[Server], object]] = {
    "disable": lambda s: features.switch(server=s, key=runs.KEY, enabled=False, by=None),
    "disconnect": lambda s: connect.disable(server=s, by=None),
    "broken": lambda s: connect.mark_broken(server=s, key="unauthorized", params={}),
    "sync now": lambda s: runs.request(subject=s, trigger=SyncRun.Trigger.MANUAL),
    "refresh": lambda s: runs.request(subject=s.enterprise, trigger=SyncRun.Trigger.MANUAL),
    "dispatch": lambda s: schedule.dispatch(now=s.due.at),
    "file": file,
    "publish": perform,
    "held": publish_held,
    "change": lambda s: servers.change(server=s, by=mona(), managed_by="ldap"),
    "rename": lambda s: servers.rename(server=s, host="ghe-new.example.com", by=mona()),
    "remove": lambda s: servers.remove(server=s, by=mona()),
    "contract": lambda s: enterprises.set_contract(
        enterprise=s.enterprise, contract="metered", renews_on=None, by=mona()
    ),
    "recount": lambda s: recount.everything(enterprise=s.enterprise, cause="test"),
    "github's sync": lambda s: github_status.keep(enterprise=s.enterprise, found=[]),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_no_deed_holds_the_server_while_it_waits_for_the_enterprise(deed: Callable[[Server], object]) -> None:
    server = drive.pulled(drive.enterprise(), HOST)
    drive.read_server(server, PEOPLE)
    first = drive.fetched(SyncRun.objects.get(state="queued"), PEOPLE[10:])
    if deed is publish_held:
        sync.perform(run_id=first.pk)
    failed: list[Exception] = []
    doing = threading.Thread(target=lambda: alone(deed, server, failed))
    with transaction.atomic():
        Enterprise.objects.select_for_update(no_key=True).get(pk=server.enterprise_id)
        doing.start()
        doing.join(1)
        # What a publication does next; it would wait for the deed, which waits for it.
        if Server.objects.filter(pk=server.pk).exists():
            Server.objects.select_for_update(no_key=True, nowait=True).get(pk=server.pk)
    doing.join(20)
    assert (doing.is_alive(), failed) == (False, [])


def alone(deed: Callable[[Server], object], server: Server, failed: list[Exception]) -> None:
    try:
        deed(Server.objects.select_related("enterprise").get(pk=server.pk))
    except Exception as error:
        failed.append(error)
    finally:
        connections.close_all()
