"""How long people wait at the console while its largest run publishes, against an idle console."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from django.test import Client

from bench import databases, workers
from bench.measure import Row, Table
from bench.world import World, chunks
from ghconnect.models import Enterprise, Membership, Role, Server, User
from licensing.models import SyncRun
from licensing.usecases import runs, upload

IDLE = 60
PASSWORD = "stall-otter-41"


def measure(table: Table, world: World, store: str, other: World) -> None:
    """Measure on a copy of the database in use: `world`'s server is read for the first time meanwhile."""
    with databases.copied("stall") as name:
        server = Server.objects.select_related("enterprise").get(host=world.host)
        got = upload.receive(server=server, body=chunks(world.report()), file_name="all_users.csv", by=None)
        doors = _doors(other)
        next(doors)  # the first of each compiles templates
        idle = sorted(waited for _ in range(IDLE) for waited in next(doors))
        worker = workers.start(name, [got.run.pk])
        busy = list[float]()
        while worker.poll() is None:
            busy += next(doors)
        if worker.wait():
            raise RuntimeError("the worker ended with an error")
        calm, worst = _p99(idle), _p99(sorted(busy))
        told = f"{len(busy)} doors meanwhile, worst {max(busy):.2f} s, none refused"
        target = "≤ floor + 0.25 s" if store != "SQLite" else "≤ 3 s"
        what = f"p99 of sign-in, Sync now, a page while {len(world.accounts):,} accounts publish"
        table.add(Row(store, what, worst, calm, target, told))


def _doors(of: World) -> Iterator[list[float]]:
    """Yield the seconds of a sign-in, a page, and a "Sync now" of another enterprise, again and again."""
    enterprise = Enterprise.objects.get(slug=of.prefix)
    server = Server.objects.get(host=of.host)
    owner = User.objects.create_user("stall@bench.example", "stall", password=PASSWORD)
    Membership.objects.create(user=owner, enterprise=enterprise, role=Role.OWNER)
    page = f"/enterprises/{enterprise.slug}/licensing/consumed"
    while True:
        yield _visit(owner, page, server)
        time.sleep(0.02)


def _visit(owner: User, page: str, server: Server) -> list[float]:
    client = Client()
    return [
        _waited(lambda: client.force_login(owner)),
        _waited(lambda: _good(client, page)),
        _waited(lambda: _ask(server, owner)),
    ]


def _good(client: Client, page: str) -> None:
    answer = client.get(page)
    if answer.status_code != 200:
        raise RuntimeError(f"{page} answered {answer.status_code}")


def _ask(server: Server, owner: User) -> None:
    """Ask for a sync where the gate is shut: it locks the server and reads the gate, as a request does."""
    try:
        runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL, by=owner)
    except runs.GateClosed:
        return


def _waited(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def _p99(values: list[float]) -> float:
    return values[min(len(values) - 1, int(len(values) * 0.99))]
