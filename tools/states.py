"""States of a console of our own that no press of the sandbox leads to: rows, and processes with other settings."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# As the operator sets them while working on the console.
OTHER = {"paused": {"GHCONNECT_PAUSE_SYNCS": "1"}, "maintained": {"GHCONNECT_MAINTENANCE": "1"}}


def day_one(folder: str) -> None:
    """Add an enterprise of the sandbox's owner with nothing in it: no token, no server."""
    _shell(folder, "from tools import rows; rows.day_one()")


def rows(folder: str) -> dict[str, Any]:
    """Insert what tools/rows.py makes; return its `places`, and `sessions` by login for the `cookie` of that name."""
    told: dict[str, Any] = json.loads(_shell(folder, "from tools import rows; rows.make()"))
    return told


def _shell(folder: str, words: str) -> str:
    command = (sys.executable, "manage.py", "shell", "--no-imports", "--command", words)
    known = {**os.environ, "GHCONNECT_VAR": folder}
    return subprocess.run(command, cwd=ROOT, env=known, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def web(folder: str, port: int, settings: Mapping[str, str]) -> Iterator[str]:
    """Serve the same console again with other settings; gives its address."""
    command = (sys.executable, "-m", "gunicorn", "ghconnect.wsgi", "--no-control-socket", "--threads", "4")
    known = {**os.environ, "GHCONNECT_VAR": folder, **settings}
    url, quiet = f"http://127.0.0.1:{port}", ("--log-level", "warning", "--bind", f"127.0.0.1:{port}")
    process = subprocess.Popen((*command, *quiet), cwd=ROOT, env=known, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and not _listens(port):
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
