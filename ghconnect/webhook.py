"""POSTs one alert to a webhook that an owner named: the only place that sends, and never to GitHub or a server.

The address is checked as for all outgoing HTTP (`github.addresses`), redirects are refused, and of the answer only
its status is read.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from ghconnect.github import transport
from ghconnect.github.addresses import AddressRefusedError, Egress
from ghconnect.github.errors import GitHubError, from_exception

CONNECT, ALL = 10.0, 30.0
GITHUB = ("github.com", "ghe.com", "githubusercontent.com", "github.localhost")
MAX_URL = 2000


class BadTarget(Exception):
    """No place alerts may be sent to; `key` has words among problems."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Taken:
    """What the receiver answered: any status, and how long it asked to wait."""

    status: int
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        """Whether the alert was taken."""
        return 200 <= self.status < 300


def target(url: str, refused: frozenset[str]) -> SplitResult:
    """Take a webhook's URL apart; raises BadTarget `webhook_url` or `webhook_github`.

    `refused` are hosts this console reads. http is let through here, and refused on connecting unless every address
    of the host is in the operator's allowed networks.
    """
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower().rstrip("."), parts.port
        host.encode("ascii")
    except (ValueError, UnicodeError):
        raise BadTarget("webhook_url") from None
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL
    if not (host and plain and parts.scheme in ("https", "http")) or "@" in parts.netloc:
        raise BadTarget("webhook_url")
    if host in refused or any(host == known or host.endswith(f".{known}") for known in GITHUB):
        raise BadTarget("webhook_github")
    return parts


def sign(body: bytes, secret: str) -> str:
    """Return the value of `X-Hub-Signature-256`, as GitHub signs its own webhooks (reference §13)."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    egress: Egress,
    refused: frozenset[str] = frozenset(),
    ca_bundle: str = "",
) -> Taken:
    """POST `body`; ends within 30 s. Raises BadTarget, and GitHubError for what stands between."""
    parts = target(url, refused)
    host = parts.hostname or ""
    try:
        with _connection(parts, egress, ca_bundle) as connection:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            return Taken(answer.status, _wait(answer.getheader("Retry-After")))
    except (OSError, http.client.HTTPException, UnicodeError, AddressRefusedError) as error:
        raise from_exception(error, host, CONNECT) from None


@contextmanager
def _connection(parts: SplitResult, egress: Egress, ca_bundle: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to a checked address, cut off when its time is over."""
    connection = _connected(parts, egress, ca_bundle)
    connection.sock.settimeout(CONNECT)
    clock = threading.Timer(ALL, _cut, [connection.sock])
    clock.daemon = True
    clock.start()
    try:
        yield connection
    finally:
        clock.cancel()
        connection.close()


def _connected(parts: SplitResult, egress: Egress, ca_bundle: str) -> http.client.HTTPConnection:
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    if not secure:
        _check_plain(egress, host, port)
    context = transport.trust(ca_bundle) if secure else None
    proxy = urlsplit(egress.proxy_for(host, port) if secure else "")
    if context and proxy.hostname:
        egress.check_behind_proxy(host, port)
        return _through(proxy.hostname, proxy.port or 80, host, port, context)
    sock = transport.connect(egress, host, port, CONNECT)
    if context is None:
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        return connection
    # The class of https, so that its usual port is left out of the Host header.
    connection = http.client.HTTPSConnection(host, port, context=context)
    connection.sock = context.wrap_socket(sock, server_hostname=host)
    return connection


def _through(
    proxy: str, proxy_port: int, host: str, port: int, context: ssl.SSLContext
) -> http.client.HTTPConnection:
    """A connection through the operator's proxy; the certificate checked is still the host's."""
    connection = http.client.HTTPSConnection(proxy, proxy_port, timeout=CONNECT, context=context)
    connection.set_tunnel(host, port)
    try:
        connection.connect()
    except (ssl.SSLError, TimeoutError):
        raise  # of the receiver, behind the proxy
    except OSError:
        raise GitHubError("proxy", {"host": host}) from None
    return connection


def _check_plain(egress: Egress, host: str, port: int) -> None:
    """Without TLS alerts stay within networks that the operator has named."""
    for ip, _ in egress.addresses(host, port):
        if not egress.allows(ip):
            raise GitHubError("webhook_plain", {"host": host})


def _cut(sock: socket.socket | ssl.SSLSocket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _wait(text: str | None) -> timedelta | None:
    return timedelta(seconds=int(text)) if text and text.isdecimal() and len(text) < 8 else None
