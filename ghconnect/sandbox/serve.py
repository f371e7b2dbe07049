"""Runs both sides in one process: https for machines, http for people; ends at once when told to."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK = "127.0.0.1"


class Protocol(H11Protocol):
    """Hands the transport to the application, so that it can drop a connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class Side(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; OSError when the port is taken."""
    # Named as TCP, or asyncio leaves Nagle's delay on, and every small answer waits 40 ms.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((LOOPBACK, port))
    found.listen()
    return found


def side(app: ASGIApp, certificate: tuple[Path, Path] | None = None) -> Side:
    """A server of an application, with TLS when there is a (certificate, key)."""
    config = uvicorn.Config(
        app, http=Protocol, ws="none", lifespan="off", log_level="critical", access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=30,
        ssl_certfile=certificate[0] if certificate else None, ssl_keyfile=certificate[1] if certificate else None,
    )  # fmt: skip
    return Side(config)


async def run(sides: list[tuple[Side, socket.socket]], ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once both answer."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _end, [server for server, _ in sides])
    tasks = [asyncio.create_task(server.serve([listener])) for server, listener in sides]
    await asyncio.gather(*(server.answers.wait() for server, _ in sides))
    ready()
    await asyncio.gather(*tasks)


def _end(servers: list[Side]) -> None:
    """Open connections are not waited for."""
    for server in servers:
        server.should_exit = server.force_exit = True
