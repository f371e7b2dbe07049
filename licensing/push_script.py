"""What an owner pastes on a server so that it sends its file: a script, and the line that starts it each week."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

SOURCE = Path(__file__).with_name("push.sh")
NAME = "ghconnect-push.sh"
# Of these neither a host name nor an address has others, so nothing needs quoting.
PLAIN = re.compile(r"[\w.:/\[\]-]+", re.ASCII)


def script(*, console: str, host: str) -> str:
    """Return the script for one server; it holds no secret. `console` is an address without a path."""
    return (
        SOURCE.read_text().replace("@CONSOLE@", _plain(console.rstrip("/"))).replace("@HOST@", _plain(host))
    )


def cron(host: str) -> str:
    """Return the line for cron: at night, at a moment that is the server's own, so that not all come at once."""
    spread = zlib.crc32(host.encode())
    return f"{spread % 60} {1 + spread // 60 % 5} * * {spread // 300 % 7} sh $HOME/{NAME} >/dev/null"


def _plain(text: str) -> str:
    if not PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} cannot stand in a script")
    return text
