"""Child processes with prefixed logs: started in order, watched, and ended with all they started."""

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

from honcho.colour import get_colours
from honcho.printer import Message, Printer
from honcho.process import Process

GRACE = 5.0  # seconds between the polite signal and the last one


class ChildStopped(Exception):
    """A child that was to go on has ended by itself, or a command has failed: its name and exit code."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(name, code)
        self.name, self.code = name, code


class Interrupted(Exception):
    """Somebody asked the run to end: the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Output:
    """Standard output that outlives its terminal: what can't be shown any more is dropped."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()

    def isatty(self) -> bool:
        return sys.stdout.isatty()


class Children:
    """The processes of one run. Each leads a group of its own, so that a signal reaches nobody else."""

    def __init__(self) -> None:
        self.printer = Printer(Output(), width=len("sandbox"))
        self.events: queue.Queue[Message] = queue.Queue()
        self.colours: Iterator[str] = get_colours()
        self.running: dict[str, int] = {}  # name → process id, in the order of their start
        self.signals: list[int] = []
        self.listen()

    def listen(self) -> None:
        """Note Ctrl-C, a polite end, and the terminal's closing (unless started by `nohup`)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.note)

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Remember a signal until the next look at it; nothing is torn in the middle."""
        self.signals.append(number)

    def start(self, name: str, command: str, environment: Mapping[str, str]) -> None:
        """Start a shell command line; its output is shown line by line behind its name."""
        process = Process("exec " + command, name=name, colour=next(self.colours), env=dict(environment))
        threading.Thread(target=process.run, args=(self.events,), daemon=True).start()
        while name not in self.running:
            self.take()

    def finish(self, name: str, command: str, environment: Mapping[str, str]) -> None:
        """Run a command to its end. Raises ChildStopped when it fails or another child ends meanwhile."""
        self.start(name, command, environment)
        try:
            self.watch(until=lambda: False)
        except ChildStopped as stopped:
            if stopped.name != name or stopped.code:
                raise

    def watch(self, until: Callable[[], bool]) -> None:
        """Show what children say until the condition holds. Raises ChildStopped and Interrupted."""
        while not until():
            if self.signals:
                raise Interrupted(self.signals[0])
            self.take()

    def take(self) -> None:
        """Take one event of a child, if there is one soon. Raises ChildStopped."""
        try:
            event = self.events.get(timeout=0.1)
        except queue.Empty:
            return
        if event.type == "line":
            self.printer.write(event)
        elif event.type == "start":
            self.running[event.name] = event.data["pid"]
        elif event.name in self.running:
            end_group(self.running.pop(event.name))
            raise ChildStopped(event.name, event.data["returncode"])

    def stop(self, *names: str) -> None:
        """End these children: politely, and for good after a grace or at a second signal."""
        wanted = [name for name in names if name in self.running]
        for name in wanted:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.running[name], signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while self.running.keys() & wanted and time.monotonic() < deadline and len(self.signals) < 2:
            with contextlib.suppress(ChildStopped):
                self.take()
        for name in self.running.keys() & wanted:
            end_group(self.running.pop(name))

    def say(self, text: str) -> None:
        """Print a text of our own, without a prefix."""
        print(text, file=self.printer.output, flush=True)


def end_group(process_id: int) -> None:
    """End for good whatever is left of a child and of what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)
