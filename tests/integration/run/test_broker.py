"""The broker of a laptop is a real server: on loopback, and it keeps what it was given."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis
from celery import current_app
from kombu import Connection, Consumer, Producer, Queue

from ghconnect.doorbell import Transport
from ghconnect.run.place import HOST
from tests.support.environment import free_port
from tests.support.processes import ROOT, running


def test_a_task_survives_a_crash_of_the_broker(tmp_path: Path) -> None:
    port = free_port()
    command = ("ghconnect.broker", "--dir", str(tmp_path / "data"), "--port", str(port))
    with running("broker", *command, folder=tmp_path) as broker, redis.Redis(HOST, port) as client:
        broker.await_port(port)
        client.lpush("ghconnect", "a task")
        client.waitaof(1, 0, 5000)
        broker.kill()
    with running("again", *command, folder=tmp_path) as broker, redis.Redis(HOST, port) as client:
        broker.await_port(port)
        assert client.brpop(["ghconnect"], timeout=1) == (b"ghconnect", b"a task")
        assert client.eval("return redis.call('incr', KEYS[1])", 1, "counted") == 1
        assert client.config_get("bind") == {"bind": HOST}


def test_a_worker_lets_go_of_a_broker_that_died(tmp_path: Path) -> None:
    """With what it had taken and not begun, over more than one channel: closing the others is not the end of it."""
    port = free_port()
    command = ("ghconnect.broker", "--dir", str(tmp_path / "data"), "--port", str(port))
    transport, taken = current_app.conf.broker_transport, []
    with running("broker", *command, folder=tmp_path) as broker:
        broker.await_port(port)
        connection = Connection(f"redis://{HOST}:{port}/0", transport=transport)
        channels: list[Any] = [connection.channel() for _ in range(3)]
        for number, channel in enumerate(channels):
            queue = Queue(f"queue-{number}", channel=channel)
            Consumer(channel, [queue], callbacks=[lambda body, _: taken.append(body)]).consume()
            Producer(channel).publish("a task", exchange="", routing_key=queue.name)
        while len(taken) < len(channels):
            connection.drain_events(timeout=5)
        broker.kill()
        # As a worker does that lost its connection: it ignores what its transport calls an error of connections.
        connection.collect()
        for channel in channels:
            with suppress(*Transport.connection_errors):
                channel.close()


def test_help_names_its_options() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ghconnect.broker", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--dir" in told.stdout
    assert "--port" in told.stdout
