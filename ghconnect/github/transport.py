"""One TLS connection to GitHub or a server: address checked, certificate checked, always ending in time."""

from __future__ import annotations

import math
import socket
import ssl
import time
from contextvars import ContextVar
from typing import Any

import certifi
import requests
from cryptography import x509
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ghconnect.github.addresses import AddressRefusedError, Egress

# When the request that runs now must have ended, in `time.monotonic()`. Time-outs of sockets count from one
# byte to the next; against a peer that sends a byte now and then only this helps.
deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


class NotReadingError(Exception):
    """A request that could change something; there is no way to send it."""


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket that gives up reading at the deadline of its request."""

    deadline: float = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read as ever, but never past the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The read operation timed out")
        if left < (self.gettimeout() or math.inf):
            self.settimeout(left)
        return super().recv_into(*args, **kwargs)


class TrustContext(ssl.SSLContext):
    """Public roots and the server's own CA; a connection that ends without TLS's goodbye is an error.

    Without the goodbye nobody can tell a body that has no declared length from one that was cut off.
    """

    sslsocket_class = DeadlineSocket

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Wrap, and let a ragged end be seen."""
        return super().wrap_socket(sock, *args, **{**kwargs, "suppress_ragged_eofs": False})


def trust(ca_bundle: str = "") -> TrustContext:
    """A context that trusts certifi's roots and, if given, the CA certificates of a PEM text."""
    context = TrustContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python before 3.11.4 takes a cut-off connection for TLS's goodbye (gh-95494); OpenSSL before 3 has no such option.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.load_verify_locations(certifi.where())
    if ca_bundle:
        context.load_verify_locations(cadata=ca_bundle)
    return context


def connect(egress: Egress, host: str, port: int, timeout: float) -> socket.socket:
    """Connect to a checked address of the host; raises OSError, gaierror or AddressRefusedError."""
    addresses = egress.addresses(host, port)
    end = min(time.monotonic() + timeout, deadline.get())
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return _connect_one(address, max(0.1, (end - time.monotonic()) / left))
        except OSError:
            if left == 1:
                raise
    raise OSError(f"{host} has no address")


def _connect_one(address: tuple[str, int], timeout: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def issuer(egress: Egress, host: str, port: int, timeout: float = 5.0) -> str:
    """Who signed the certificate that was just refused, "" when it cannot be read; nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        plain = connect(egress, host, port, timeout)
        with plain, context.wrap_socket(plain, server_hostname=host) as sock:
            certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError, AddressRefusedError):
        return ""
    names = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME) or list(certificate.issuer)
    return str(names[0].value)[:100] if names else ""


class CheckedConnection(HTTPSConnection):
    """A connection that goes only where `egress` lets it, or to the operator's proxy."""

    egress: Egress

    def _new_conn(self) -> socket.socket:
        if self.proxy is not None:
            return super()._new_conn()
        # Errors go up as they are: `errors.from_exception` tells them apart better than urllib3's wrapping.
        sock = connect(self.egress, self._dns_host, self.port, float(self.timeout or 10.0))
        sock.settimeout(self.timeout)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request; its answer must have been read by the deadline."""
        if isinstance(self.sock, DeadlineSocket):
            self.sock.deadline = deadline.get()
        super().request(*args, **kwargs)


class ReadOnlyAdapter(HTTPAdapter):
    """The only door to the network: https; GET, or POST to GraphQL (whose document was checked before)."""

    def __init__(self, egress: Egress, context: ssl.SSLContext) -> None:
        connection = type("Connection", (CheckedConnection,), {"egress": egress})
        self._pools = {
            "http": HTTPConnectionPool,
            "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": connection}),
        }
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Pools of checked connections."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Pools of connections through the proxy; the certificate checked is still the host's."""
        manager = super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Host alone: trust is the context's, not an argument's."""
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {}

    def cert_verify(self, *args: Any) -> None:
        """Trust is the context's; nothing may loosen it."""

    def close(self) -> None:
        """Close pooled connections now; urllib3 waits until nobody, not even a traceback, holds a pool."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in list(manager.pools.keys()):
                manager.pools[key].close()
        super().close()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send what reads; refuse everything else."""
        reads = request.method == "GET" or (
            request.method == "POST" and request.path_url.endswith("/graphql")
        )
        if not reads or not str(request.url).startswith("https://"):
            raise NotReadingError(f"not a reading request: {request.method}")
        return super().send(request, *args, **kwargs)
