"""Servers that are pulled, and runs as far as a worker has come with them: made by the deeds that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from ghconnect.records import ServerAccount, ServerSyncStatus
from ghconnect.usecases import connect, features
from licensing.models import SyncRun
from licensing.usecases import github_status, runs
from tests.integration.engine import drive

KEY = "license_usage_sync"


def pulled(of: Enterprise, host: str, *, enabled: bool = True) -> Server:
    """Make a server this console reads, connected, its sync Enabled unless said; without the first run it asks for."""
    server = Server.objects.create(enterprise=of, host=host, way_in="pull", version="3.19.2")
    connect.enable(server=server, by=None)
    if enabled:
        features.switch(server=server, key=KEY, enabled=True, by=None)
        SyncRun.objects.filter(server=server).delete()
    return server


def requested(server: Server) -> SyncRun:
    """Ask for a run, which waits for a worker."""
    return runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)


def working(server: Server, step: str = "", **values: Any) -> SyncRun:
    """Let a worker take a run and come to `step`."""
    run = runs.claim(requested(server).pk)
    assert run is not None
    if step:
        runs.save(run, step=step, **values)
    return run


def failed(server: Server, key: str = "unauthorized") -> SyncRun:
    """Let a run fail for good."""
    run = working(server, "fetch")
    runs.fail(run, key, {"host": server.host})
    run.refresh_from_db()
    return run


def picture(server: Server, accounts: Iterable[ServerAccount]) -> SyncRun:
    """Publish a picture of the server, whatever its way in."""
    return drive.read_server(server, accounts)


def held(server: Server, *, left: int = 3, of: int = 20) -> SyncRun:
    """Publish `of` accounts, then hold a report of only `left`."""
    people = [drive.account(n, f"u{n:02}@octo.example", f"u{n:02}") for n in range(1, of + 1)]
    drive.read_server(server, people)
    run = drive.read_server(server, people[:left], publish=False)
    assert run.state == SyncRun.State.HELD
    return run


def at_github(of: Enterprise, *hosts: str, **facts: Any) -> None:
    """Let GitHub report its own sync of these servers."""
    facts = {"date": timezone.now(), "status": "success", "error": "", **facts}
    github_status.keep(enterprise=of, found=[ServerSyncStatus(f"id-{host}", host, **facts) for host in hosts])


def text(client: Client, url: str) -> str:
    """What a page says."""
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return str(answer.getvalue().decode())


def queries(what: Callable[[], object]) -> int:
    """How many queries it takes."""
    with CaptureQueriesContext(
        connection,
    ) as caught:
        what()
    return len(caught)
