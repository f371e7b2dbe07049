"""Named points at which a test can kill or stop the process; nothing without the setting."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from django.conf import settings


def at(point: str) -> None:
    """Do what GHCONNECT_FAULTS asks at `point`: `kill=POINT`, `sleep=POINT@SECONDS` or `raise=POINT`, by commas.

    `crash` kills the whole process group: the worker with all its processes. `@FILE` reads the faults from a file
    at each point, and whoever comes to the point first takes the file away and does it: once, at a running worker.
    """
    asked: str = settings.GHCONNECT_FAULTS
    if not asked:
        return
    file = Path(asked[1:]) if asked.startswith("@") else None
    for fault in _asked(file, asked):
        deed, _, rest = fault.partition("=")
        name, _, seconds = rest.partition("@")
        if name == point and _mine(file):
            _do(deed, seconds)


def _asked(file: Path | None, asked: str) -> list[str]:
    try:
        return (file.read_text().strip() if file else asked).split(",")
    except FileNotFoundError:
        return []


def _mine(file: Path | None) -> bool:
    """Whether this process is the one that does it; without a file everybody does."""
    try:
        if file:
            file.unlink()
    except FileNotFoundError:
        return False
    return True


def _do(deed: str, seconds: str) -> None:
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "crash":
        os.killpg(0, signal.SIGKILL)
    if deed == "sleep":
        time.sleep(float(seconds or 5))
    if deed == "raise":
        raise RuntimeError("a fault asked for by GHCONNECT_FAULTS")
