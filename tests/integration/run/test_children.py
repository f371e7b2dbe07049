"""The processes of `make run`: started in order, ended together, and nothing else with them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import pytest

from ghconnect.run.children import Children, ChildStopped, Interrupted
from tests.support.processes import ROOT
from tests.support.stack import eventually

SLEEP = "sleep 60"
STUBBORN = "trap '' TERM; echo up; while :; do sleep 1; done"


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    """Children whose signals this test's process would note; the test's own handlers come back afterwards."""
    monkeypatch.setattr("ghconnect.run.children.signal.signal", lambda *_: None)
    return Children()


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def up(children: Children, capsys: pytest.CaptureFixture[str]) -> Callable[[], bool]:
    """Return a condition that holds once a child has said `up`."""
    seen = ""

    def look() -> bool:
        nonlocal seen
        seen += capsys.readouterr().out
        return "up" in seen

    return look


def test_output_is_prefixed_with_the_name(children: Children, capsys: pytest.CaptureFixture[str]) -> None:
    children.finish("seed", "echo hello", os.environ)
    assert capsys.readouterr().out.rstrip().endswith("seed    | hello")


def test_a_command_that_fails_is_told(children: Children) -> None:
    with pytest.raises(ChildStopped) as told:
        children.finish("migrate", "sh -c 'exit 3'", os.environ)
    assert (told.value.name, told.value.code) == ("migrate", 3)


def test_another_child_that_dies_during_a_command_is_told(children: Children) -> None:
    children.start("worker", "sh -c 'exit 4'", os.environ)
    with pytest.raises(ChildStopped) as told:
        children.finish("seed", SLEEP, os.environ)
    assert told.value.name == "worker"
    children.stop("seed")


def test_stop_ends_children_and_what_they_started(children: Children, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    children.start("web", f"sh -c 'sleep 60 & echo $! > {note}; wait'", os.environ)
    web = children.running["web"].process.pid
    grandchild = int(eventually(lambda: note.exists() and note.read_text().strip()))
    children.stop("web")
    assert children.running == {}
    eventually(lambda: not alive(web) and not alive(grandchild), within=2)


def test_a_death_is_told_though_its_offspring_still_speaks(children: Children) -> None:
    children.start("worker", "sh -c 'sleep 60 & exit 5'", os.environ)
    with pytest.raises(ChildStopped) as told:
        children.watch(until=lambda: False)
    assert told.value.code == 5


def test_stop_ends_nothing_else(children: Children) -> None:
    children.start("web", SLEEP, os.environ)
    children.start("broker", SLEEP, os.environ)
    children.stop("web")
    assert alive(children.running["broker"].process.pid)
    children.stop("broker")


@pytest.mark.parametrize("noted", [[], [signal.SIGINT, signal.SIGINT]])
def test_a_stubborn_child_is_ended_after_a_grace_or_at_a_second_signal(
    children: Children, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, noted: list[int]
) -> None:
    monkeypatch.setattr("ghconnect.run.children.GRACE", 60.0 if noted else 0.5)
    children.start("worker", f"sh -c {quote(STUBBORN)}", os.environ)
    children.watch(until=up(children, capsys))
    children.signals.extend(noted)
    begun = time.monotonic()
    children.stop("worker")
    assert children.running == {}
    assert time.monotonic() - begun < 5


def test_a_signal_ends_the_watch(children: Children) -> None:
    children.note(signal.SIGTERM, None)
    with pytest.raises(Interrupted) as told:
        children.watch(until=lambda: False)
    assert told.value.number == signal.SIGTERM


def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "child"
    program = (
        "import os, time; from ghconnect.run.children import Children; children = Children();"
        f"children.start('web', 'sh -c \"echo $$ > {note}; exec sleep 60\"', os.environ); time.sleep(60)"
    )
    with running_program(program) as parent:
        child = int(eventually(lambda: note.exists() and note.read_text().strip()))
        parent.kill()
        eventually(lambda: not alive(child), within=5)


@contextmanager
def running_program(program: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as process:
        yield process
        process.kill()
