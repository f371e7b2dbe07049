"""A console to break: its own database, broker, workers, beats and pretend GitHub, each a real process."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import current_app
from django.db import connection
from django.test.utils import override_settings
from kombu import pools

from ghconnect.models import Connection, Enterprise, Server
from ghconnect.seal import seal
from licensing.models import SyncRun
from licensing.usecases import runs
from tests.integration.engine import drive
from tests.support import stack as stacks
from tests.support.environment import HOST, free_port
from tests.support.processes import Child, running
from tests.support.sandbox import Sandbox

LEASE, SWEEP, DISPATCH = 2, 0.5, 1.0  # seconds
# Within a lease, and what a busy machine takes to look and to work.
RECOVERY = LEASE + SWEEP + 12
CELERY = "celery --quiet -A ghconnect"
WORKER = f"{CELERY} worker --loglevel INFO --concurrency 2 --without-gossip --without-mingle"


@dataclass
class Console:
    """Its processes by name, and what pretend GitHub knows."""

    folder: Path
    sandbox: Sandbox
    environment: dict[str, str]
    port: int
    children: dict[str, tuple[ExitStack, Child]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> Child:
        """Start a process; it lives until it is stopped or killed."""
        closing = ExitStack()
        child = closing.enter_context(
            running(name, *command, folder=self.folder, environment=self.environment)
        )
        self.children[name] = (closing, child)
        return child

    def stop(self, name: str, *, kill: bool = False) -> None:
        """End a process, as an operator would or as a crash would."""
        closing, child = self.children.pop(name)
        if kill:
            child.kill()
        closing.close()

    def close(self) -> None:
        """End everything."""
        for name in list(self.children):
            self.stop(name, kill=True)

    # --- its processes

    def start_broker(self, *, empty: bool = False) -> None:
        """Start the broker with the data it had, or with none."""
        data = self.folder / "broker"
        if empty:
            shutil.rmtree(data, ignore_errors=True)
        child = self.start("broker", "ghconnect.broker", "--dir", str(data), "--port", str(self.port))
        child.await_port(self.port)

    def start_worker(self, name: str) -> Child:
        """Start a worker with two processes."""
        (self.folder / f"{name}.log").unlink(missing_ok=True)
        return self.start(name, *WORKER.split(), "--hostname", f"{name}@%h")

    def start_beat(self, name: str) -> Child:
        """Start a beat with a schedule file of its own, as on a machine of its own."""
        schedule = str(self.folder / f"{name}.schedule")
        return self.start(name, *CELERY.split(), "beat", "--loglevel", "WARNING", "--schedule", schedule)

    def await_workers(self) -> None:
        """Wait until all workers take tasks."""
        for name, (_, child) in self.children.items():
            if name.startswith("worker"):
                child.await_words("ready.")

    def revive(self) -> int:
        """Start again what has died, as a service manager does; returns how many."""
        dead = [name for name, (_, child) in self.children.items() if child.process.poll() is not None]
        for name in dead:
            self.stop(name, kill=True)
            (self.start_beat if name.startswith("beat") else self.start_worker)(name)
        return len(dead)

    # --- faults

    @property
    def fault(self) -> Path:
        """The file that says what happens at which point, once."""
        return self.folder / "fault"

    def arm(self, fault: str) -> None:
        """Let the first worker that comes to a point do it: `kill=POINT`, `crash=POINT`."""
        made = self.fault.with_suffix(".new")
        made.write_text(fault)
        made.replace(self.fault)

    def struck(self, within: float = 20) -> None:
        """Wait until it happened."""
        stacks.eventually(lambda: not self.fault.exists(), within=within, what=f"{self.fault} is met")

    # --- the world

    def accounts(self, short: str) -> dict[int, tuple[str, bool]]:
        """Return (key of the address, whether it consumes) by id of a server's accounts, as pretend GitHub has them."""
        path = self.sandbox.folder / "world.sqlite"
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
            rows = db.execute(
                "SELECT a.id, a.key, NOT a.suspended AND a.login <> 'scim-admin' FROM account a "
                "JOIN server s ON s.id = a.server WHERE s.short = ?",
                (short,),
            ).fetchall()
        return {number: (key, bool(uses)) for number, key, uses in rows}

    def licenses(self, *shorts: str) -> int:
        """Count people of these servers by definition: those with one address are one."""
        people = set[str]()
        for short in shorts:
            known = self.accounts(short).items()
            people |= {key or f"{short}:{number}" for number, (key, uses) in known if uses}
        return len(people)

    def served(self, short: str) -> int:
        """Count how often a server's report was asked for."""
        counts: dict[str, int] = self.sandbox.get("/served.json")
        return counts.get(f"{self.sandbox.server(short)['host']}/stafftools/reports/all_users.csv", 0)

    def connect(self, of: Enterprise, short: str, *, enabled: bool = True) -> Server:
        """Add a server with its token, connected; enabled means that its first run is queued."""
        facts = self.sandbox.server(short)
        token = {"token": seal(facts["token"]), "token_login": "", "server_id": facts["server_id"]}
        return drive.pulled(of, facts["host"], enabled=enabled, **token)


def enterprise_with_token(console: Console) -> Enterprise:
    """Make the sandbox's enterprise with its token; there can be one."""
    facts = console.sandbox.world["enterprise"]
    return Enterprise.objects.create(
        slug=facts["slug"],
        host=facts["host"],
        name=facts["slug"],
        contract="volume",
        token=seal(facts["token"]),
        sandbox=True,
    )


def give_back(of: Enterprise) -> None:
    """Let the next one have the name of pretend GitHub's enterprise; nothing of this one is due any more."""
    of.dues.all().delete()
    Enterprise.objects.filter(pk=of.pk).update(slug=f"over-{of.pk}", sandbox=False, clock_offset=0, token="")


def enable_quietly(server: Server) -> None:
    """Enable license sync without the first run that follows from the switch."""
    made = Connection.objects.get(server=server)
    made.features.create(key=runs.KEY, by_login="test", at=made.at)


def ask(server: Server) -> SyncRun:
    """Press "Sync now"."""
    return runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)


@contextmanager
def serving(folder: Path) -> Iterator[Console]:
    """Run it on this process' database while the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with Sandbox(folder / "sandbox") as sandbox, stacks.knowing(sandbox):
        url = f"redis://{HOST}:{port}/0"
        console = Console(folder, sandbox, {}, port)
        console.environment |= known(sandbox, url, console.fault)
        try:
            console.start_broker()
            for name in ("worker-1", "worker-2"):
                console.start_worker(name)
            console.start_beat("beat-1")
            with ringing(url):
                console.await_workers()
                yield console
        finally:
            console.close()


def known(sandbox: Sandbox, redis_url: str, fault: Path) -> dict[str, str]:
    """Return the environment of its processes."""
    return {
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "GHCONNECT_RESOLVE": sandbox.resolve,
        "GHCONNECT_CA_BUNDLE": str(sandbox.ca),
        "GHCONNECT_SANDBOX_URL": sandbox.pages_url,
        "GHCONNECT_LEASE_SECONDS": str(LEASE),
        "GHCONNECT_SWEEP_SECONDS": str(SWEEP),
        "GHCONNECT_DISPATCH_SECONDS": str(DISPATCH),
        "GHCONNECT_FAULTS": f"@{fault}",
    }


def database_url() -> str:
    """Return the DATABASE_URL of this process' connection."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    s = connection.settings_dict
    return f"postgres://{s['USER']}:{s['PASSWORD']}@{s['HOST']}:{s['PORT']}/{name}"


@contextmanager
def ringing(redis_url: str) -> Iterator[None]:
    """Let this process ring that broker while the context lasts."""
    before = current_app.conf.broker_url
    _ring_at(redis_url)
    try:
        with override_settings(REDIS_URL=redis_url):
            yield
    finally:
        _ring_at(before)


def _ring_at(url: str) -> None:
    app: Any = current_app
    # A pool that is closed stays so wherever it is shared; the next one is made anew.
    pools.reset()
    app.conf.broker_url = url
    app._pool = app.amqp._producer_pool = None
