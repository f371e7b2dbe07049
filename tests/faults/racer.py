"""Publishes one side of an enterprise again and again, as fast as it can, in a process of its own."""

from __future__ import annotations

import json
import logging
import random
import time
from pathlib import Path

from django.db import connections

from ghconnect.models import Enterprise, Server
from licensing.models import SyncRun
from tests.faults.console import ringing
from tests.integration.engine import drive

PEOPLE = range(1, 31)


def race(slug: str, host: str, seconds: float, seed: int, told: Path) -> None:
    """Publish other pictures of a server ("" is the cloud side) for so long; the last one is told in a file.

    Nobody needs to hear its bells: it performs its own runs.
    """
    connections.close_all()
    logging.disable(logging.WARNING)
    with ringing("redis://127.0.0.1:1/0"):
        of = Enterprise.objects.get(slug=slug)
        server = of.servers.get(host=host) if host else None
        dice, end, done = random.Random(seed), time.monotonic() + seconds, 0  # noqa: S311 (which people, no secret)
        here: list[int] = []
        while time.monotonic() < end or not done:
            here = sorted(set(PEOPLE) - set(dice.sample(PEOPLE, dice.randint(0, 8))))
            publish(of, server, here, dice)
            done += 1
    told.write_text(json.dumps({"published": done, "last": here}))


def publish(of: Enterprise, server: Server | None, here: list[int], dice: random.Random) -> None:
    """Bring in one picture; GitHub's rows join some of the accounts, and know all addresses."""
    if server is not None:
        run = drive.read_server(server, [drive.account(n, f"p{n}@x.example") for n in here])
        while run.state == SyncRun.State.HELD:
            # What it would release changed while it was confirmed: GitHub's side published. Confirm that too.
            run = drive.confirm(run)
        return
    hosts = [each.host for each in of.servers.order_by("pk")]
    rows = []
    for n in here:
        ids, email = [f"{host}:{n}" for host in hosts], f"p{n}@x.example"
        joined = dice.sample(ids, dice.randint(0, 2))
        rows.append(drive.row(f"p{n}", joined, [email], github_com_verified_domain_emails=(email,)))
    drive.read_cloud(of, rows)
