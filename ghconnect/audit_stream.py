"""Carries audit lines to a collector: a file, syslog, or an HTTPS address of the operator's own choice."""

from __future__ import annotations

import json
import logging.handlers
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from ghconnect.github import transport
from ghconnect.outgoing import OperatorSession

PATIENCE = 10.0  # seconds
# Facility "log audit" (13), severity "informational" (6).
PRIORITY = 13 * 8 + 6
# Longer than this no datagram arrives anywhere.
DATAGRAM = 60_000


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
            told = _syslog(line)
            sending.sendto(told if len(told) <= DATAGRAM else _syslog(_short(line)), (host, port))


def _short(line: str) -> str:
    """The event without its details: one that is too long must not stop all that wait behind it."""
    return json.dumps({**json.loads(line), "data": {"left_out": len(line)}}, ensure_ascii=False)


def _tcp(parts: SplitResult, lines: list[str]) -> None:
    with socket.create_connection((parts.hostname or "", parts.port or 601), timeout=PATIENCE) as sending:
        _frames(sending, lines)


def _tls(parts: SplitResult, lines: list[str]) -> None:
    """RFC 5425, with the console's own CA bundle beside the public roots."""
    host, trusting = parts.hostname or "", transport.trust(settings.GHCONNECT_CA_BUNDLE)
    with (
        socket.create_connection((host, parts.port or 6514), timeout=PATIENCE) as plain,
        trusting.wrap_socket(plain, server_hostname=host) as sending,
    ):
        _frames(sending, lines)
        # Closed at once, with the peer's session tickets unread, what is still on its way would be thrown away.
        with suppress(ssl.SSLError, TimeoutError):
            sending.unwrap()


def _frames(sending: socket.socket, lines: list[str]) -> None:
    for line in lines:
        told = _syslog(line)
        sending.sendall(b"%d %s" % (len(told), told))  # RFC 6587, octet counting


def _syslog(line: str) -> bytes:
    """RFC 5424, without what the line says itself."""
    return f"<{PRIORITY}>1 - {socket.gethostname()} ghconnect - audit - {line}".encode()


def _http(parts: SplitResult, lines: list[str]) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    if settings.GHCONNECT_AUDIT_STREAM_TOKEN:
        headers["Authorization"] = f"Bearer {settings.GHCONNECT_AUDIT_STREAM_TOKEN}"
    body = "".join(f"{line}\n" for line in lines).encode()
    with OperatorSession() as session:
        answer = session.post(parts.geturl(), data=body, headers=headers)
    if not answer.ok or answer.is_redirect:
        raise OSError(f"the collector answered {answer.status_code}")


WAYS: dict[str, Callable[[SplitResult, list[str]], None]] = {
    "file": _file,
    "syslog": _udp,
    "syslog+tcp": _tcp,
    "syslog+tls": _tls,
    "https": _http,
    "http": _http,
}
