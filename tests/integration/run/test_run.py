"""`make run` as a newcomer meets it: started twice, ended, and nothing left behind."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.support.environment import free_port
from tests.support.processes import Child, listens, running

BLOCK = re.compile(
    r"""
ghconnect is ready at  (?P<console>http://127\.0\.0\.1:\d+)

  sign in as    mona   \(enterprise owner\)     password: (?P<mona>[a-z]+-[a-z]+-\d\d)
                finn   \(billing manager\)      password: (?P<finn>[a-z]+-[a-z]+-\d\d)

  pretend GitHub        http://127\.0\.0\.1:\d+   \(octo-corp: 236 licenses, 6 servers; press buttons there\)
  start here            (?P=console)/tour      five minutes
  your own GitHub       (?P=console)/enterprises/new   needs one token, read:enterprise

  everything is on this machine; nothing is sent to GitHub\.   Ctrl-C stops all of it\.
"""
)
NAMES = ("port", "pages-port", "machine-port", "broker-port")


def start_and_end(folder: Path, number: signal.Signals) -> re.Match[str]:
    """Run it until the block is there, end it by a signal, and return the block."""
    ports = {name: free_port() for name in NAMES}
    options = [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    name = f"run-{number.name}"
    command = ("ghconnect.run", "--var", str(folder / "var"), *options)
    with running(name, *command, folder=folder, environment={"LANG": "en_US.UTF-8", "LC_ALL": ""}) as run:
        run.await_words("Ctrl-C stops all of it.", within=100)
        found = BLOCK.search(run.log.read_text())
        assert found, run.log.read_text()[-2000:]
        assert found["console"].endswith(f":{ports['port']}")
        assert len(of_this_run(folder)) > len(("supervisor", "broker", "sandbox", "web", "worker", "beat"))
        run.process.send_signal(number)
        assert run.process.wait(30) == 0
    assert of_this_run(folder) == []
    assert not any(map(listens, ports.values()))
    return found


def of_this_run(folder: Path) -> list[str]:
    """Return the processes that were told of this run's folder."""
    told = f"{folder / 'var'}".encode()
    return [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if told in read(path)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes() + (path.parent / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.timeout(250)
def test_it_starts_ends_and_starts_again_with_the_same_data(tmp_path: Path) -> None:
    first = start_and_end(tmp_path, signal.SIGINT)
    kept = (tmp_path / "var" / "ghconnect.sqlite3").stat().st_ino
    again = start_and_end(tmp_path, signal.SIGTERM)
    assert "Loading the first estate." in first.string
    assert "Loading" not in again.string
    assert "Everything of last time is still here." in again.string
    assert (again["mona"], again["finn"]) == (first["mona"], first["finn"])
    assert (tmp_path / "var" / "ghconnect.sqlite3").stat().st_ino == kept


@pytest.mark.timeout(150)
def test_a_child_that_dies_is_said_and_ends_the_rest(tmp_path: Path) -> None:
    ports = {name: free_port() for name in NAMES}
    options = [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    with running("run", "ghconnect.run", "--var", str(tmp_path / "var"), *options, folder=tmp_path) as run:
        run.await_words("sandbox ready", within=60)
        kill_one(run, tmp_path, b"ghconnect.sandbox")
        assert run.process.wait(30) == 1
    assert "sandbox stopped by itself (exit code -9); everything else ends too." in run.log.read_text()
    assert of_this_run(tmp_path) == []


def kill_one(run: Child, folder: Path, words: bytes) -> None:
    """Kill the one process of this run whose command line says so."""
    number = next(
        int(each)
        for each in of_this_run(folder)
        if words in Path(f"/proc/{each}/cmdline").read_bytes() and int(each) != run.process.pid
    )
    os.kill(number, signal.SIGKILL)
