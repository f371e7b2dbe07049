"""A broker that is away keeps nobody waiting: it is asked once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from pytest_django import Settings

from ghconnect import limits, queue


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[int]]]:
    """A Redis that hangs up on everybody; yields its URL and who called."""
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def serve() -> None:
            while True:
                try:
                    connection, (_, port) = server.accept()
                except OSError:
                    return
                calls.append(port)
                connection.close()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", calls
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_task_is_rung_for_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with hanging_up() as (url, calls):
        settings.REDIS_URL = url
        queue._ring("licensing.perform_sync", {"run_id": 1})
        assert len(calls) == 1
    assert "the dispatcher will send licensing.perform_sync {'run_id': 1} again" in caplog.text


def test_a_try_is_asked_for_once(settings: Settings) -> None:
    with hanging_up() as (url, calls):
        settings.REDIS_URL = url
        assert limits.Limit("test", 1, 60).wait("mona") == 0
        assert len(calls) == 1
