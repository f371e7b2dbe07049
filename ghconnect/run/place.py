"""The folder and the ports of a run: one run a folder, ports that are free, passwords made once."""

import fcntl
import json
import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ghconnect.run.words import _

HOST = "127.0.0.1"
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
    """End the program with a sentence and a way out when a port (name → number) is taken."""
    for name, port in ports.items():
        if not is_free(port):
            other = next(number for number in range(port + 10, 65_536, 10) if is_free(number))
            advice = _("Port {port} is in use by another program. Try: make run {name}={other}")
            sys.exit(advice.format(port=port, name=name, other=other))
