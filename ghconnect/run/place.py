"""The folder and the ports of a run: one run a folder, ports that are free, passwords made once."""

import fcntl
import json
import os
import secrets
import socket
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ghconnect.run.words import _

HOST = "127.0.0.1"
# Variable of `make run` → port, unless told otherwise.
PORTS = {"PORT": 8000, "PAGES_PORT": 8001, "MACHINE_PORT": 9443, "BROKER_PORT": 6390}
FIRST = "amber birch cedar cherry clover copper coral fern hazel linden maple mint olive plum sage warm"
SECOND = "badger beaver falcon finch gecko heron ibis koala lemur marten otter puffin raven robin seal wren"


def words() -> str:
    """Make a password that can be read out and typed: two words and two digits."""
    return f"{secrets.choice(FIRST.split())}-{secrets.choice(SECOND.split())}-{secrets.randbelow(90) + 10}"


def passwords(path: Path, logins: tuple[str, ...]) -> dict[str, str]:
    """Return login → password, made at the first start and kept for the owner's eyes alone."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({login: words() for login in logins}, file)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold the folder for this run; ends the program with a sentence when another run holds it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(_("ghconnect already runs from this folder. End it with Ctrl-C where it was started."))
        yield


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def check_ports(ports: Mapping[str, int]) -> None:
    """End the program with a sentence and a way out when a port (name → number) is taken or asked for twice."""
    numbers = list(ports.values())
    taken = [name for name, port in ports.items() if not is_free(port)]
    twice = [name for at, (name, port) in enumerate(ports.items()) if port in numbers[:at]]
    if not taken and not twice:
        return
    wanted = dict(ports)
    for name in dict.fromkeys([*taken, *twice]):
        wanted[name] = next_free(ports[name], wanted.values())
    # All of it in one command: whoever follows one hint shall not meet the next.
    command = " ".join(f"{name}={port}" for name, port in wanted.items() if port != PORTS.get(name))
    listed = ", ".join(str(port) for port in dict.fromkeys(ports[name] for name in taken or twice))
    sys.exit(trouble(len(taken)).format(port=listed, command=command))


def next_free(port: int, others: Collection[int]) -> int:
    """Return a free port that looks like this one and is none of the others."""
    return next(other for other in range(port + 10, 65_536, 10) if other not in others and is_free(other))


def trouble(taken: int) -> str:
    """Say what is wrong with so many taken ports, none of them taken when one is asked for twice."""
    if not taken:
        return _("Port {port} is asked for twice. Try: make run {command}")
    if taken > 1:
        return _("Ports {port} are in use by other programs. Try: make run {command}")
    return _("Port {port} is in use by another program. Try: make run {command}")
