"""Twenty servers waiting at once: one worker process, then two, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench import databases
from bench.measure import Row, Table
from bench.world import World, chunks, world
from ghconnect.models import Enterprise, Server, ServerName
from licensing.models import SyncRun
from licensing.usecases import upload

SERVERS = 20


def measure(table: Table, store: str, size: int) -> None:
    """Measure servers of four enterprises, then of one: there they publish one after the other."""
    for owners, target in ((4, "two workers ≥ 1.3 × as fast"), (1, "printed")):
        one, _ = _taken(owners, size, workers=1)
        two, share = _taken(owners, size, workers=2)
        told = f"{one / two:.2f} × as fast; {share:.0%} of the workers' time under the enterprise's lock"
        what = f"{SERVERS} servers × {size:,} of {owners} enterprise(s): two workers against one"
        table.add(Row(store, what, two, one, target, told))


def _taken(owners: int, size: int, workers: int) -> tuple[float, float]:
    with databases.copied("fleet") as name:
        runs = _queue(owners, size)
        began = time.perf_counter()
        done = [start(name, runs[at::workers]) for at in range(workers)]
        if any(process.wait() for process in done):
            raise RuntimeError("a worker ended with an error")
        took = time.perf_counter() - began
        publishing = sum(run.seconds.get("publish", 0) for run in SyncRun.objects.filter(pk__in=runs))
        return took, publishing / (took * workers)


def _queue(owners: int, size: int) -> list[int]:
    """Add the servers and let their reports arrive; returns runs that wait."""
    found = []
    for at in range(SERVERS):
        of = world(f"fleet{at}", size)
        server = _server(of, f"fleet{at % owners}")
        got = upload.receive(server=server, body=chunks(of.report()), file_name="all_users.csv", by=None)
        found.append(got.run.pk)
    return found


def _server(of: World, slug: str) -> Server:
    enterprise, _ = Enterprise.objects.get_or_create(slug=slug, defaults={"name": slug, "contract": "volume"})
    server = Server.objects.create(enterprise=enterprise, host=of.host, way_in="upload")
    ServerName.objects.get_or_create(server=server, host=of.host, defaults={"from_at": None})
    return server


def start(name: str, runs: list[int]) -> subprocess.Popen[bytes]:
    """Start a process that performs these runs on the database."""
    command = [sys.executable, "-m", "bench.worker", *map(str, runs)]
    return subprocess.Popen(command, env={**os.environ, "DATABASE_URL": databases.url(name)})
