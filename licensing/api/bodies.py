"""The body of a request as it comes in: in pieces, never whole, and never waited for without end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.core.handlers.wsgi import WSGIRequest

from licensing.rules.bad_file import TRUNCATED, BadFile

PIECE = 1 << 16
# Seconds without a byte after which a sender is taken for gone, so that it does not keep a thread of ours.
PATIENCE = 60.0
# What is read of a refused body, so that its sender hears the answer: a client that still sends may not listen.
DRAIN_BYTES, DRAIN_SECONDS = 64 << 20, 20.0


class NoLength(Exception):
    """The request tells neither its length nor that it comes in chunks."""


class Body:
    """What a request brings; `length` is what it announced, None for one that comes in chunks."""

    def __init__(self, request: WSGIRequest) -> None:
        told = request.META.get("CONTENT_LENGTH") or ""
        self.length = int(told) if told.isascii() and told.isdigit() else None
        self._read: Any = request.read
        if self.length is None:
            # Django reads such a body as empty; a server that knows where chunks end says so.
            if not request.META.get("wsgi.input_terminated") or "HTTP_TRANSFER_ENCODING" not in request.META:
                raise NoLength
            self._read = request.META["wsgi.input"].read
        self._count, self._ended = 0, False
        self._socket = request.META.get("gunicorn.socket")

    def pieces(self) -> Iterator[bytes]:
        """Yield it as it comes. Raises BadFile when it ends before its end."""
        while piece := self._piece():
            yield piece
        if self.length is not None and self._count < self.length:
            raise BadFile(TRUNCATED)

    def drain(self) -> None:
        """Read past what is left of it, within bounds."""
        most, until = self._count + DRAIN_BYTES, time.monotonic() + DRAIN_SECONDS
        try:
            while self._count < most and time.monotonic() < until and self._piece():
                pass
        except BadFile:
            return

    def _piece(self) -> bytes:
        if self._ended:
            return b""
        before = self._patience(PATIENCE)
        try:
            piece: bytes = self._read(PIECE)
        except Exception:  # the web server's own errors of a broken body have no base in common
            self._ended = True
            raise BadFile(TRUNCATED) from None
        finally:
            self._patience(before)
        self._count += len(piece)
        self._ended = not piece
        return piece

    def _patience(self, seconds: float | None) -> float | None:
        """Set how long the socket waits, where the web server shows it; returns how long it did."""
        if self._socket is None:
            return None
        before: float | None = self._socket.gettimeout()
        self._socket.settimeout(seconds)
        return before
