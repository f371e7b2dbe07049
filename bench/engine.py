"""What is measured: the console's own use cases, as doors and workers call them, without broker and network."""

from __future__ import annotations

import uuid

from django.core.management import call_command

from bench import databases
from bench.world import World, chunks, cloud_lines
from ghconnect import clock
from ghconnect.models import Enterprise, Server, ServerName
from licensing.models import SyncRun
from licensing.usecases import chunks as kept
from licensing.usecases import cloud, runs, sync, upload

GOOD = {SyncRun.State.PUBLISHED, SyncRun.State.UNCHANGED}


def make(worlds: list[World]) -> None:
    """Make the database in use: enterprises of `worlds`; all but the last are read whole, of the last GitHub's rows."""
    databases.create()
    call_command("migrate", verbosity=0)
    for world in worlds:
        add(world)
        read_cloud(world)
        if world is not worlds[-1]:
            read_server(world, world.report())
    databases.settle()


def add(world: World) -> None:
    """Add the enterprise of a world and its server, whose files are uploaded."""
    enterprise = Enterprise.objects.create(slug=world.prefix, name=world.prefix, contract="volume")
    server = Server.objects.create(enterprise=enterprise, host=world.host, way_in="upload")
    ServerName.objects.get_or_create(server=server, host=world.host, defaults={"from_at": None})


def read_server(world: World, report: bytes) -> SyncRun:
    """Take a report in by the upload door and perform its run."""
    server = Server.objects.select_related("enterprise").get(host=world.host)
    got = upload.receive(server=server, body=chunks(report), file_name="all_users.csv", by=None)
    return _perform(got.run)


def read_cloud(world: World) -> SyncRun:
    """Perform a run over GitHub's rows and identities, as if they had just been read."""
    run = cloud_run(world, cloud_lines(world), len(world.rows()))
    return _perform(run)


def cloud_run(world: World, lines: list[bytes], rows: int) -> SyncRun:
    """A queued run whose fetch is over."""
    enterprise = Enterprise.objects.get(slug=world.prefix)
    run = runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL)
    arrived = uuid.uuid4()
    kept.write(iter(lines), upload=arrived)
    kept.attach(run, arrived)
    counts = {"consumed": rows, "purchased": rows, "identities": "read"}
    now = clock.now(enterprise)
    SyncRun.objects.filter(pk=run.pk).update(
        fetch_complete=True, fetched=rows, counts=counts, observed_at=now, age_known=True
    )
    cloud.state_count(enterprise, rows, rows)
    return run


def _perform(run: SyncRun) -> SyncRun:
    done = sync.perform(run_id=run.pk)
    if done is None or done.state not in GOOD:
        raise RuntimeError(f"{done} ended {done and done.state}: {done and (done.error_key, done.holds)}")
    return done
