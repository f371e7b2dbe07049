"""The real stack of a test session: one database file, one broker, one worker, one web server."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import override_settings

from ghconnect.settings import parse_resolve, read_ca_bundle
from tests.support.environment import HOST, free_port
from tests.support.processes import Child, running

if TYPE_CHECKING:
    from tests.support.sandbox import Sandbox


@dataclass
class Stack:
    """Where the stack listens, and its processes by name."""

    folder: Path
    url: str
    database_url: str
    environment: dict[str, str]
    processes: dict[str, Child] = field(default_factory=dict)

    def log(self, name: str) -> str:
        """Return what a process has said."""
        return self.processes[name].log.read_text()

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """Hold the worker still for a while, at a moment when it writes nothing: others can.

        Whoever has the lock of all writing stops it; so it is not stopped with that lock, and everybody left waiting.
        """
        from ghconnect.models import Enterprise

        with ExitStack() as held:
            with transaction.atomic():
                list(Enterprise.objects.select_for_update())
                held.enter_context(self.processes["worker"].held())
            yield


def keep_pristine(folder: Path) -> None:
    """Put a copy of the database, just migrated, aside for the stack."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(folder / "stack.sqlite3")])
        return
    name = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}_stack" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}_stack" TEMPLATE "{name}"')


def let_tests_empty_tables() -> None:
    """Let a test that commits empty its tables afterwards: the audit log's triggers refuse that to everybody else."""
    ops, flush = connection.ops, connection.ops.sql_flush

    def sql_flush(style: Any, tables: Any, **options: Any) -> list[str]:
        kept = [table for table in tables if table != "ghconnect_auditheads"]  # `migrate` made its row
        before, after = _guards(kept)
        return [*before, *flush(style, kept, **options), *after]

    ops.sql_flush = sql_flush  # type: ignore[method-assign]


def _guards(tables: list[str]) -> tuple[list[str], list[str]]:
    """How triggers are taken away, and put back as they are."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        return [f"DROP TRIGGER {name}" for name, _ in triggers], [sql for _, sql in triggers]
    guarded = [table for table in tables if table.startswith("ghconnect_audit")]
    before, after = (
        [f"ALTER TABLE {table} {word} TRIGGER USER" for table in guarded] for word in ("DISABLE", "ENABLE")
    )
    return before, after


def pristine_url(folder: Path) -> str:
    """Return the DATABASE_URL of the copy put aside."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{folder / 'stack.sqlite3'}"
    name = connection.settings_dict["NAME"]
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}_stack"))


@contextmanager
def own_database(folder: Path, name: str) -> Iterator[None]:
    """Let this process use a database of its own, just migrated, while the context lasts; before any stack runs."""
    if connection.vendor == "sqlite":
        path = folder / f"{name}.sqlite3"
        shutil.copyfile(folder / "stack.sqlite3", path)
        with pointing_at(f"sqlite:///{path}"):
            yield
        return
    base = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{base}_{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{base}_{name}" TEMPLATE "{base}_stack"')
    with pointing_at(urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{base}_{name}"))):
        yield


@contextmanager
def pointing_at(database_url: str) -> Iterator[None]:
    """Let this process' connections use another database of the same kind."""
    name = urlsplit(database_url).path.removeprefix("/")  # a file's path keeps its own slash
    before = {each.alias: each.settings_dict["NAME"] for each in connections.all()}
    switch(dict.fromkeys(before, name))
    try:
        yield
    finally:
        switch(before)


def switch(names: dict[str, str]) -> None:
    """Close every connection and give it the database it shall open next."""
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


@contextmanager
def serving(folder: Path, sandbox: "Sandbox") -> Iterator[Stack]:
    """Run a worker and a web server on the database put aside while the context lasts."""
    port, database_url = free_port(), pristine_url(folder)
    known = {
        "DATABASE_URL": database_url,
        "GHCONNECT_RESOLVE": sandbox.resolve,
        "GHCONNECT_CA_BUNDLE": str(sandbox.ca),
        "GHCONNECT_SANDBOX_URL": sandbox.pages_url,
    }
    stack = Stack(folder, f"http://{HOST}:{port}", database_url, known)
    with ExitStack() as closing:
        stack.processes["worker"] = closing.enter_context(worker(folder, known))
        stack.processes["web"] = closing.enter_context(web(folder, known, port))
        stack.processes["web"].await_port(port)
        stack.processes["worker"].await_words("ready.")
        closing.enter_context(pointing_at(database_url))
        closing.enter_context(knowing(sandbox))
        yield stack


def knowing(sandbox: "Sandbox") -> override_settings:
    """Let this process find pretend GitHub as the stack's processes do."""
    return override_settings(
        GHCONNECT_RESOLVE=parse_resolve(sandbox.resolve.split(",")),
        GHCONNECT_CA_BUNDLE=read_ca_bundle(str(sandbox.ca)),
        GHCONNECT_SANDBOX_URL=sandbox.pages_url,
    )


def worker(folder: Path, environment: dict[str, str], name: str = "worker") -> Any:
    """Return the context of a Celery worker with two processes, as the Procfile starts it."""
    command = (
        "celery --quiet -A ghconnect worker --loglevel INFO --concurrency 2 --without-gossip --without-mingle"
    )
    return running(name, *command.split(), "--hostname", f"{name}@%h", folder=folder, environment=environment)


def web(folder: Path, environment: dict[str, str], port: int, name: str = "web") -> Any:
    """Return the context of a web server, as the Procfile starts it."""
    command = f"gunicorn ghconnect.wsgi --bind {HOST}:{port} --workers 1 --threads 8"
    return running(name, *command.split(), folder=folder, environment=environment)


def eventually(holds: Callable[[], Any], *, within: float = 20.0, what: str = "") -> Any:
    """Wait until a condition is true and return its value; fails with words after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what or holds}")
        time.sleep(0.05)
    return value


def broker_port() -> int:
    """Return the port of the session's broker, which the settings name."""
    port: int | None = urlsplit(settings.REDIS_URL).port
    assert port is not None
    return port
