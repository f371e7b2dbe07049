"""Receivers of alerts on loopback: a web server that answers as told, and a mail server that keeps what it gets."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .environment import HOST


@dataclass
class Received:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body read as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Webhook:
    """A receiver of webhooks. `answers` are given one after another, the last for ever: (status, headers)."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(200, {})])
    received: list[Received] = field(default_factory=list)


@dataclass
class Mailbox:
    """What a mail server took; while `refusing`, it turns every mail away for now."""

    port: int = 0
    refusing: bool = False
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def web(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    """Run a receiver of webhooks, of https where it is told what to speak."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, headers = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            hook.received.append(Received(self.path, {"method": "GET"}, b""))
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    receiver = ThreadingHTTPServer((HOST, port), Handler)
    if tls is not None:
        receiver.socket = tls.wrap_socket(receiver.socket, server_side=True)
    with _serving(receiver) as server:
        hook.url = f"{'https' if tls else 'http'}://{HOST}:{server.server_address[1]}/hook?room=7"
        yield hook


@contextmanager
def mail(port: int = 0) -> Iterator[Mailbox]:
    """Run a mail server that speaks as much SMTP as it takes to keep a mail."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 sink")
            while line := self.rfile.readline():
                verb = line[:4].upper().strip()
                if verb == b"QUIT":
                    return self.say("221 bye")
                if verb == b"DATA":
                    self.say("354 go on")
                    self.keep()
                else:
                    self.say("451 not now" if box.refusing and verb == b"MAIL" else "250 sink")
            return None

        def keep(self) -> None:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b"."))
            box.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
            self.say("250 kept")

    server = socketserver.ThreadingTCPServer((HOST, port), Handler, bind_and_activate=False)
    server.allow_reuse_address = server.daemon_threads = True
    server.server_bind()
    server.server_activate()
    with _serving(server):
        box.port = server.server_address[1]
        yield box


@contextmanager
def _serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
