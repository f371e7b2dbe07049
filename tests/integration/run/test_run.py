"""`make run` as a newcomer meets it: started twice, ended, and nothing left behind."""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
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


@contextmanager
def started(folder: Path, name: str) -> Iterator[tuple[Child, dict[str, int]]]:
    """Run it on ports of its own; yields the run and the ports by name."""
    ports = {name: free_port() for name in NAMES}
    options = [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    command = ("ghconnect.run", "--var", str(folder / "var"), *options)
    with running(name, *command, folder=folder, environment={"LANG": "en_US.UTF-8", "LC_ALL": ""}) as run:
        yield run, ports


def ready(run: Child, folder: Path, port: int) -> re.Match[str]:
    """Wait until the block is there, and return it."""
    run.await_words("Ctrl-C stops all of it.", within=100)
    found = BLOCK.search(run.log.read_text())
    assert found, run.log.read_text()[-2000:]
    assert found["console"].endswith(f":{port}")
    assert len(of_this_run(folder)) > len(("supervisor", "broker", "sandbox", "web", "worker", "beat"))
    return found


def assert_over(run: Child, folder: Path, ports: dict[str, int], *, code: int) -> None:
    """It ends by itself, and nothing of it is left."""
    assert run.process.wait(30) == code
    assert of_this_run(folder) == []
    assert not any(map(listens, ports.values()))


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
    with started(tmp_path, "first") as (run, ports):
        first = ready(run, tmp_path, ports["port"])
        run.process.send_signal(signal.SIGINT)
        assert_over(run, tmp_path, ports, code=0)
    kept = database(tmp_path).stat().st_ino
    with started(tmp_path, "again") as (run, ports):
        again = ready(run, tmp_path, ports["port"])
        assert database(tmp_path).stat().st_ino == kept
        with closing(sqlite3.connect(database(tmp_path))) as rows:
            assert rows.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
        children_that_die_start_again_or_end_the_rest(run, tmp_path, ports)
    assert "Loading the first estate." in first.string
    assert "Loading" not in again.string
    assert "Everything of last time is still here." in again.string
    assert (again["mona"], again["finn"]) == (first["mona"], first["finn"])


def database(folder: Path) -> Path:
    return folder / "var" / "ghconnect.sqlite3"


def children_that_die_start_again_or_end_the_rest(run: Child, folder: Path, ports: dict[str, int]) -> None:
    """Broker and worker start again, as a service manager would start them; without pretend GitHub all ends."""
    os.kill(broker(ports["broker-port"]), signal.SIGKILL)
    run.await_words("broker stopped by itself (exit code -9); it starts again in 2 seconds.")
    run.await_true(lambda: listens(ports["broker-port"]))
    (before,) = workers(folder)
    os.kill(before, signal.SIGKILL)
    run.await_words("worker stopped by itself (exit code -9); it starts again in 2 seconds.")
    run.await_true(lambda: bool(workers(folder)) and workers(folder) != [before])
    kill_one(run, folder, b"ghconnect.sandbox")
    assert_over(run, folder, ports, code=1)
    assert "sandbox stopped by itself (exit code -9); everything else ends too." in run.log.read_text()


def test_it_may_be_ended_while_it_starts(tmp_path: Path) -> None:
    """Politely, as a service manager does, before its database is made."""
    with started(tmp_path, "early") as (run, ports):
        run.await_words("sandbox ready", within=60)
        run.process.send_signal(signal.SIGTERM)
        assert_over(run, tmp_path, ports, code=0)


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
