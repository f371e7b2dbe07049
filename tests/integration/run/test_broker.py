"""The broker of a laptop is a real server: on loopback, and it keeps what it was given."""

import subprocess
import sys
from pathlib import Path

import redis

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
