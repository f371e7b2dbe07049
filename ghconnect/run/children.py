"""Child processes with prefixed logs: started in order, watched, and ended with all they started."""

import contextlib
import ctypes
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from types import FrameType

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from ghconnect.run.words import _

GRACE = 5.0  # seconds between the polite signal and the last one
STDOUT = 1
PAUSE = 2.0  # seconds until a child that ended by itself is started again, as the units of production wait
QUICK = 30.0  # a child that ends within so many seconds of its start ended quickly
LIVES = 5  # so many quick ends one after another end the whole: it can't run here
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


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


def die_with_parent() -> None:
    """Ask Linux to end this new process when its parent is killed outright, which no handler sees."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process, the leader of its own group, and the thread that reads what it says."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str]) -> None:
        self.name, self.command, self.environment = name, command, environment
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            "exec " + command,
            shell=True,  # the Procfile's lines are a shell's
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def read(self, lines: "queue.Queue[Message]", colour: str) -> None:
        """Pass on its output, line by line, from a thread."""
        self.colour = colour
        self.reader = threading.Thread(target=self.pass_on, args=(lines, colour), daemon=True)
        self.reader.start()

    def pass_on(self, lines: "queue.Queue[Message]", colour: str) -> None:
        """Read its output to the end."""
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                lines.put(Message("line", line, datetime.now(), self.name, colour))  # noqa: DTZ005 (a terminal's)

    def end_group(self) -> None:
        """End for good whatever is left of it and of what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join(timeout=1)


class Children:
    """The processes of one run. Each leads a group of its own, so that a signal reaches nobody else.

    Those in `lasting` are started again when they end by themselves, as a service manager does.
    """

    def __init__(self, lasting: Collection[str] = ()) -> None:
        self.lasting = lasting
        self.quick: Counter[str] = Counter()  # quick ends one after another, by name
        self.resting: list[tuple[float, Child]] = []  # when to start it again, and what ended
        self.printer = Printer(Output(), width=len("sandbox"))
        self.lines: queue.Queue[Message] = queue.Queue()
        self.colours: Iterator[str] = get_colours()
        self.running: dict[str, Child] = {}  # in the order of their start
        self.signals: list[int] = []
        self.audience = select.poll()
        self.listen()

    def listen(self) -> None:
        """Note Ctrl-C, a polite end, and the terminal's closing (unless started by `nohup`)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.note)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            # Make keeps its terminal's hang-up to itself and waits, so that a window closed is seen here.
            self.audience.register(STDOUT, 0)

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Remember a signal until the next look at it; nothing is torn in the middle."""
        self.signals.append(number)

    def start(self, name: str, command: str, environment: Mapping[str, str], colour: str = "") -> None:
        """Start a shell command line; its output is shown line by line behind its name."""
        self.running[name] = Child(name, command, environment)
        self.running[name].read(self.lines, colour or next(self.colours))

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
            if self.audience.poll(0):
                self.signals.append(signal.SIGHUP)
            if self.signals:
                raise Interrupted(self.signals[0])
            self.show(wait=0.1)
            for child in self.ended():
                self.rest(child)
            self.start_rested()

    def rest(self, child: Child) -> None:
        """Let a lasting child start again soon. Raises ChildStopped for another, and for one that keeps ending."""
        code = child.process.returncode
        quickly = time.monotonic() - child.started < QUICK
        self.quick[child.name] = self.quick[child.name] + 1 if quickly else 0
        if child.name not in self.lasting or self.quick[child.name] >= LIVES:
            raise ChildStopped(child.name, code)
        words = _("{name} stopped by itself (exit code {code}); it starts again in {seconds} seconds.")
        self.say(words.format(name=child.name, code=code, seconds=round(PAUSE)))
        self.resting.append((time.monotonic() + PAUSE, child))

    def start_rested(self) -> None:
        """Start again whatever has rested, in its colour."""
        while self.resting and self.resting[0][0] <= time.monotonic():
            child = self.resting.pop(0)[1]
            self.start(child.name, child.command, child.environment, child.colour)

    def show(self, wait: float) -> None:
        """Print the lines that have come, waiting at most so many seconds for the first."""
        with contextlib.suppress(queue.Empty):
            self.printer.write(self.lines.get(timeout=wait))
            while True:
                self.printer.write(self.lines.get_nowait())

    def ended(self) -> Iterator[Child]:
        """Yield children that have ended, each with its last lines shown and nothing of it left behind."""
        for child in list(self.running.values()):
            if child.process.poll() is not None:
                self.forget(child)
                yield child

    def forget(self, child: Child) -> None:
        """Let go of a child for good."""
        child.end_group()
        del self.running[child.name]
        self.show(wait=0.01)

    def stop(self, *names: str) -> None:
        """End these children: politely, and for good after a grace or at a second signal."""
        wanted = [self.running[name] for name in names if name in self.running]
        for child in wanted:
            child.process.terminate()
        deadline = time.monotonic() + GRACE
        while any(child.process.poll() is None for child in wanted):
            self.show(wait=0.05)
            if time.monotonic() > deadline or len(self.signals) > 1:
                break
        for child in wanted:
            self.forget(child)

    def say(self, text: str) -> None:
        """Print a text of our own, without a prefix."""
        print(text, file=self.printer.output, flush=True)
