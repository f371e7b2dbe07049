"""Carries audit lines to a collector: a file, syslog, or an HTTPS address of the operator's own choice."""

from __future__ import annotations

import logging.handlers
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import requests
from django.conf import settings

PATIENCE = 10.0  # seconds
# Facility "log audit" (13), severity "informational" (6).
PRIORITY = 13 * 8 + 6


def deliver(url: str, lines: list[str]) -> None:
    """Hand over JSON lines; raises OSError (requests' errors are of it) where they were not taken."""
    parts = urlsplit(url)
    WAYS[parts.scheme](parts, lines)


def _file(parts: SplitResult, lines: list[str]) -> None:
    with Path(parts.path).open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


def _udp(parts: SplitResult, lines: list[str]) -> None:
    host, port = parts.hostname or "", parts.port or logging.handlers.SYSLOG_UDP_PORT
    family = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][0]
    with socket.socket(family, socket.SOCK_DGRAM) as sending:
        for line in lines:
            sending.sendto(_syslog(line), (host, port))


def _tcp(parts: SplitResult, lines: list[str]) -> None:
    address = (parts.hostname or "", parts.port or 601)
    with socket.create_connection(address, timeout=PATIENCE) as sending:
        for line in lines:
            told = _syslog(line)
            sending.sendall(b"%d %s" % (len(told), told))  # RFC 6587, octet counting


def _syslog(line: str) -> bytes:
    """RFC 5424, without what the line says itself."""
    return f"<{PRIORITY}>1 - {socket.gethostname()} ghconnect - audit - {line}".encode()


def _https(parts: SplitResult, lines: list[str]) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    if settings.GHCONNECT_AUDIT_STREAM_TOKEN:
        headers["Authorization"] = f"Bearer {settings.GHCONNECT_AUDIT_STREAM_TOKEN}"
    body = "".join(f"{line}\n" for line in lines).encode()
    answer = requests.post(
        parts.geturl(), data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
    )
    if not answer.ok or answer.is_redirect:
        raise OSError(f"the collector answered {answer.status_code}")


WAYS: dict[str, Callable[[SplitResult, list[str]], None]] = {
    "file": _file,
    "syslog": _udp,
    "syslog+tcp": _tcp,
    "https": _https,
}
