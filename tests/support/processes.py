"""Child processes of a test session: started on loopback, awaited by a port, ended for certain."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ghconnect.run.children import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
START = 30.0  # seconds a process may take until it answers
GRACE = 10.0  # seconds it may take to end


class Child:
    """A running process and the file its output goes to."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    def await_port(self, port: int) -> None:
        """Wait until something listens; fails with the process' own last lines."""
        self.await_true(lambda: listens(port))

    def await_words(self, words: str, within: float = START) -> None:
        """Wait until it has said so; fails with its last lines."""
        self.await_true(lambda: words in self.log.read_text(), within)

    def await_true(self, holds: Callable[[], bool], within: float = START) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.log.stem} did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would, with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the process and its own processes still for a while."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it as an operator would; for good when it does not listen."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        self.kill()


@contextmanager
def running(
    name: str, *command: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Run `python -m …` while the context lasts; its output goes to `<folder>/<name>.log`."""
    settings = {"PYTHONUNBUFFERED": "1", **(environment or {})}
    with program(name, sys.executable, "-m", *command, folder=folder, environment=settings) as child:
        yield child


@contextmanager
def program(
    name: str,
    *command: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[Child]:
    """Run any program so, as another user (a uid) where that is asked and may be."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT if user is None else folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=None if user is None else pwd.getpwuid(user).pw_gid,
            extra_groups=None if user is None else [],
            preexec_fn=die_with_parent,
        )
    child = Child(process, log)
    try:
        yield child
    finally:
        child.stop()


def listens(port: int) -> bool:
    """Tell whether a server on this machine takes connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
