"""The body of an answer as bounded chunks: unpacked here, so that its end and its size can be trusted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from urllib3.response import BaseHTTPResponse

CHUNK = 64 * 1024
RATIO = 200  # gzip packs a real report about 10 to 1, the densest text about 1000 to 1
RATIO_FREE = 1024 * 1024  # below this much no ratio is asked for


class TooLargeError(Exception):
    """A body is larger than its limit, or unpacks to absurdly more than was sent."""


class CutOffError(Exception):
    """A body ended before its end."""


class UnknownCodingError(Exception):
    """A body is packed in a way that was not asked for."""


def chunks(raw: BaseHTTPResponse, limit: int) -> Iterator[bytes]:
    """The body in pieces of at most `CHUNK` bytes unpacked, at most `limit` bytes in all.

    Raises TooLargeError, CutOffError, UnknownCodingError, and what urllib3 and the socket raise.
    """
    coding = raw.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip"):
        raise UnknownCodingError(coding)
    total = 0
    for piece in _unpacked(raw) if coding == "gzip" else _plain(raw):
        total += len(piece)
        if total > limit or (coding == "gzip" and total > RATIO_FREE + RATIO * raw.tell()):
            raise TooLargeError
        yield piece


def _plain(raw: BaseHTTPResponse) -> Iterator[bytes]:
    while piece := raw.read(CHUNK, decode_content=False):
        yield piece


def _unpacked(raw: BaseHTTPResponse) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for packed in _plain(raw):
        while packed:
            if unpacker.eof:  # gzip members may follow one another
                unpacker = zlib.decompressobj(wbits=31)
            if piece := _step(unpacker, packed):
                yield piece
            packed = unpacker.unconsumed_tail or unpacker.unused_data
    if not unpacker.eof and raw.tell():
        raise CutOffError


def _step(unpacker: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return unpacker.decompress(packed, CHUNK)
    except zlib.error as error:
        raise UnknownCodingError("gzip") from error
