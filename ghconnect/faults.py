"""Named points at which a test can kill or stop the process; nothing without the setting."""

from __future__ import annotations

import os
import signal
import time

from django.conf import settings


def at(point: str) -> None:
    """Do what GHCONNECT_FAULTS asks at `point`: `kill=POINT`, `sleep=POINT@SECONDS` or `raise=POINT`, by commas."""
    if not settings.GHCONNECT_FAULTS:
        return
    for fault in settings.GHCONNECT_FAULTS.split(","):
        deed, _, rest = fault.partition("=")
        name, _, seconds = rest.partition("@")
        if name == point:
            _do(deed, seconds)


def _do(deed: str, seconds: str) -> None:
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "sleep":
        time.sleep(float(seconds or 5))
    if deed == "raise":
        raise RuntimeError("a fault asked for by GHCONNECT_FAULTS")
