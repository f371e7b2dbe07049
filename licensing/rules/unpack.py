"""Files that come compressed: gzip is unpacked while it arrives, in bounded memory and to a bounded size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from .bad_file import TRUNCATED, BadFile

MAGIC = b"\x1f\x8b"
PIECE = 1 << 16
# A list of users shrinks to a fifth or a tenth. What unpacks to so many times its size, beyond the first
# megabyte, was made to fill this machine.
MOST_RATIO, RATIO_FROM = 100, 1 << 20


class TooLarge(Exception):
    """The file, unpacked, is larger than `limit` bytes; it is not read further."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


def unpacked(chunks: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """The bytes of a file, unpacked if they are gzip by their beginning. Raises BadFile, TooLarge."""
    chunks, head = iter(chunks), b""
    while len(head) < len(MAGIC) and (chunk := next(chunks, None)) is not None:
        head += chunk
    whole, size = chain([head], chunks), 0
    for piece in _gunzip(whole) if head.startswith(MAGIC) else whole:
        size += len(piece)
        if size > limit:
            raise TooLarge(limit)
        yield piece


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member after the other, as `cat a.gz b.gz` and parallel packers make them."""
    member, packed, plain = _member(), 0, 0
    for chunk in chunks:
        packed, rest = packed + len(chunk), chunk
        while rest := rest.lstrip(b"\0") if member.eof else rest:  # zeros may fill up behind a member
            member = _member() if member.eof else member
            for piece in _pieces(member, rest):
                plain += len(piece)
                if plain > RATIO_FROM and plain > packed * MOST_RATIO:
                    raise BadFile("too_compressed")
                yield piece
            rest = member.unused_data
    if not member.eof:
        raise BadFile(TRUNCATED)


def _pieces(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What `data` unpacks to, never more than a piece at a time."""
    try:
        while piece := member.decompress(data, PIECE):
            yield piece
            data = b"" if member.eof else member.unconsumed_tail
    except zlib.error:
        raise BadFile("bad_gzip") from None


def _member() -> zlib._Decompress:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
