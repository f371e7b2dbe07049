"""A peer on loopback that speaks TLS and then says, byte for byte, whatever a test wants."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ghconnect.github.addresses import Egress
from ghconnect.github.http import GitHubSession, Timeouts

HOST = "ghe.octo.example"
LOOPBACK = (ip_network("127.0.0.0/8"),)
QUICK = Timeouts(connect=2.0, read=1.0, answer=3.0, download=3.0)


class Authority:
    """A certificate authority of one test session."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(self._name, self._name, self._key.public_key(), timedelta(days=1))
        self._certificate = built.add_extension(x509.BasicConstraints(True, None), critical=True).sign(
            self._key, hashes.SHA256()
        )
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, folder: Path, host: str, life: timedelta = timedelta(days=1)) -> Path:
        """Write a certificate for a host and its key into one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        signed = _builder(subject, self._name, key.public_key(), life).add_extension(names, critical=False)
        path = folder / f"{host}-{life.days}.pem"
        path.write_bytes(
            signed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(days=3)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), start, start + timedelta(days=3) + life
    )


Say = Callable[[ssl.SSLSocket], None]


@dataclass
class Peer:
    """Where the peer listens and what it was sent, one entry for each request."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def egress(self) -> Egress:
        """An egress that finds the peer under `HOST`."""
        return Egress(resolve={(HOST, 443): ("127.0.0.1", self.port)}, allowed_networks=LOOPBACK)

    def session(self, authority: Authority, timeouts: Timeouts = QUICK) -> GitHubSession:
        """A session that trusts the peer."""
        return GitHubSession(self.egress, ca_bundle=authority.pem, timeouts=timeouts)


@contextmanager
def speaking(certificate: Path, say: Say, *, highest: ssl.TLSVersion | None = None) -> Iterator[Peer]:
    """Run a peer that answers each request with `say`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if highest is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, highest
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        peer, ended = Peer(listener.getsockname()[1]), threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, context, peer, say, ended), daemon=True)
        thread.start()
        try:
            yield peer
        finally:
            ended.set()
            thread.join(10)


def _serve(
    listener: socket.socket, context: ssl.SSLContext, peer: Peer, say: Say, ended: threading.Event
) -> None:
    while not ended.is_set():
        try:
            plain, _ = listener.accept()
        except TimeoutError:
            continue
        peer.connections += 1
        with plain:
            plain.settimeout(5)
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    _talk(connection, peer, say)
            except OSError:
                continue


def _talk(connection: ssl.SSLSocket, peer: Peer, say: Say) -> None:
    """Read requests until the caller leaves; a `say` that closes the connection ends it too."""
    while request := _read(connection):
        peer.requests.append(request)
        say(connection)


def _read(connection: ssl.SSLSocket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (piece := connection.recv(65536)):
            return b""
        head += piece
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(head.split(b"\r\n\r\n", 1)[1]) < length:
        head += connection.recv(65536)
    return head


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer as bytes; `length` is what Content-Length claims, the body's own by default."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def cut(connection: ssl.SSLSocket) -> None:
    """End the connection without TLS's goodbye, as a lost line does."""
    socket.socket(fileno=connection.detach()).close()


def goodbye(connection: ssl.SSLSocket) -> None:
    """End the connection as TLS says it."""
    with suppress(OSError):
        connection.unwrap()
    connection.close()


def sending(sent: bytes) -> Say:
    """Say the same to every request."""
    return lambda connection: connection.sendall(sent)


@contextmanager
def tunnel(target: int | None) -> Iterator[tuple[int, list[bytes]]]:
    """Run a proxy of one connection to a port, or one that refuses; gives its port and requests."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_proxy, args=(listener, target, asked), daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join(10)


def _proxy(listener: socket.socket, target: int | None, asked: list[bytes]) -> None:
    near, _ = listener.accept()
    with near:
        asked.append(near.recv(65536))
        if target is None:
            near.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", target)) as far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
