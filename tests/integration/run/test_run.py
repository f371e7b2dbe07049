"""`make run` as a newcomer meets it: started twice, ended, and nothing left behind."""

import os
import re
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ghconnect.run import children
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
    with closing(sqlite3.connect(tmp_path / "var" / "ghconnect.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM django_session").fetchone() == (0,)


@pytest.mark.timeout(150)
def test_a_child_that_dies_is_said_and_starts_again_or_ends_the_rest(tmp_path: Path) -> None:
    ports = {name: free_port() for name in NAMES}
    options = [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    with running("run", "ghconnect.run", "--var", str(tmp_path / "var"), *options, folder=tmp_path) as run:
        run.await_words("sandbox ready", within=60)
        os.kill(broker(ports["broker-port"]), signal.SIGKILL)
        run.await_words("broker stopped by itself (exit code -9); it starts again in 2 seconds.")
        run.await_true(lambda: listens(ports["broker-port"]))
        run.await_true(lambda: bool(workers(tmp_path)), within=60)
        (before,) = workers(tmp_path)
        os.kill(before, signal.SIGKILL)
        run.await_words("worker stopped by itself (exit code -9); it starts again in 2 seconds.")
        run.await_true(lambda: bool(workers(tmp_path)) and workers(tmp_path) != [before])
        kill_one(run, tmp_path, b"ghconnect.sandbox")
        assert run.process.wait(30) == 1
    assert "sandbox stopped by itself (exit code -9); everything else ends too." in run.log.read_text()
    assert of_this_run(tmp_path) == []


def broker(port: int) -> int:
    """Return the broker on this port; it writes its own title over its command line and environment."""
    title = f"127.0.0.1:{port}".encode()
    found = (path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if title in read(path))
    return next(int(path.name) for path in found if b"valkey" in (path / "comm").read_bytes())


def workers(folder: Path) -> list[int]:
    """Return the worker that was started, without the processes it made."""
    return [int(each) for each in of_this_run(folder) if is_worker(int(each))]


def is_worker(number: int) -> bool:
    """Tell whether a process is a worker and leads its group."""
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        return b"celery" in words and b"worker" in words and os.getpgid(number) == number
    except OSError:
        return False


def test_a_child_that_keeps_ending_ends_the_whole(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(children, "PAUSE", 0.01)
    monkeypatch.setattr(children.Children, "listen", lambda _: None)
    run = children.Children(lasting=["worker"])
    run.start("worker", "sh -c 'echo here; exit 3'", {"PATH": os.defpath})
    with pytest.raises(children.ChildStopped) as stopped:
        run.watch(until=lambda: False)
    assert (stopped.value.name, stopped.value.code) == ("worker", 3)
    assert capfd.readouterr().out.count("starts again") == children.LIVES - 1


def kill_one(run: Child, folder: Path, words: bytes) -> None:
    """Kill the one process of this run whose command line says so."""
    number = next(
        int(each)
        for each in of_this_run(folder)
        if words in Path(f"/proc/{each}/cmdline").read_bytes() and int(each) != run.process.pid
    )
    os.kill(number, signal.SIGKILL)
