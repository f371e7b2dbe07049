"""The environment of a test session: a folder and a port of its own, set before Django reads its settings."""

import atexit
import os
import shutil
import socket
import tempfile
from pathlib import Path

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def prepare() -> Path:
    """Point the settings at a fresh folder and at this session's own broker; return the folder.

    DATABASE_URL stays as it was given, so that the same tests run on PostgreSQL; GHCONNECT_TEST_BROKER is an empty
    Redis to use instead of our own.
    """
    folder = Path(tempfile.mkdtemp(prefix="ghconnect-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="ghconnect.settings",
        GHCONNECT_VAR=str(folder),
        REDIS_URL=os.environ.get("GHCONNECT_TEST_BROKER") or f"redis://{HOST}:{free_port()}/0",
        DEBUG="False",
        LOG_LEVEL="WARNING",
        GHCONNECT_ALLOWED_NETWORKS="127.0.0.0/8",
    )
    return folder
