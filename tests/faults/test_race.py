"""Two servers of one enterprise and its cloud side publish at once, over the same people, thousands of times."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from django.db import connection, connections

from ghconnect.models import Enterprise
from licensing.models import Account, CloudAccount, SyncRun
from licensing.usecases import recount
from tests.faults import promise, racer, tally
from tests.faults.console import Console
from tests.integration.engine import drive

pytestmark = pytest.mark.timeout(900)
# PostgreSQL makes scratch tables for each publication, which takes it longer than SQLite.
SECONDS = tally.times(1, 240 if connection.vendor == "sqlite" else 480)


def test_two_servers_and_the_cloud_publish_at_once(console: Console, tmp_path: Path) -> None:
    """Three processes: what stands in the end is each one's last picture, matched as if it were matched afresh."""
    of = drive.enterprise()
    hosts = ("ghe-a.example.com", "ghe-b.example.com")
    servers = [drive.server(of, host) for host in hosts]
    told = {host: tmp_path / (host or "cloud") for host in (*hosts, "")}
    console.stop("beat-1")  # else a worker would be quicker than who asked
    connections.close_all()
    forked = multiprocessing.get_context("fork")
    racers = [
        forked.Process(target=racer.race, args=(of.slug, host, SECONDS, seed, file))
        for seed, (host, file) in enumerate(told.items())
    ]
    for process in racers:
        process.start()
    for process in racers:
        process.join(SECONDS + 120)
    console.start_beat("beat-1")
    assert [process.exitcode for process in racers] == [0, 0, 0]
    last = {host: json.loads(file.read_text()) for host, file in told.items()}
    line = tally.line("two servers and the cloud publish at once")
    line.add(
        tried=sum(each["published"] for each in last.values()),
        doubled=promise.doubled(of),
        stuck=promise.stuck(of),
        lost=SyncRun.objects.filter(enterprise=of, state="failed").count(),
        wrong=off(
            of, {server.host: set(last[server.host]["last"]) for server in servers}, set(last[""]["last"])
        ),
    )
    assert not line.broken, line


def off(of: Enterprise, servers: dict[str, set[int]], cloud: set[int]) -> int:
    """Count accounts that are not those of the last picture, people counted wrongly, and matches of the past."""
    live = Account.objects.filter(enterprise=of, ended_edition=None)
    count = sum(
        len(here ^ set(live.filter(server__host=host).values_list("remote_user_id", flat=True)))
        for host, here in servers.items()
    )
    logins = CloudAccount.objects.filter(enterprise=of, ended_edition=None).values_list("login", flat=True)
    count += len({f"p{n}" for n in cloud} ^ set(logins))
    expected: int = drive.totals(of)["expected"]
    count += abs(expected - len(set().union(cloud, *servers.values())))
    drive.assert_sound(of)
    before = drive.partition(of), drive.bridge(of)
    recount.everything(enterprise=of, cause="rules")
    return count + (before != (drive.partition(of), drive.bridge(of)))
