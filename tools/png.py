"""Writes a PNG again as small as it gets: pages are flat, so few colours and no filter compress best."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY_OUT, OPAQUE = 6, 2  # colour types: with alpha, without
PALETTE = 256
NEAR = 48  # squared distance of two colours that look alike


def smaller(data: bytes) -> bytes:
    """Return the picture with at most 256 colours: those of letters' edges become their nearest neighbours."""
    width, height, pixels = _pixels(data)
    counts = Counter(pixels)
    kept = _palette(counts)
    index = {colour: at for at, colour in enumerate(kept)}
    for colour in counts.keys() - index.keys():
        index[colour] = min(range(len(kept)), key=lambda at: _distance(colour, kept[at]))
    lines = (pixels[row * width : (row + 1) * width] for row in range(height))
    body = b"".join(b"\0" + bytes(index[colour] for colour in line) for line in lines)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", b"".join(kept)), (b"IDAT", zlib.compress(body, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _palette(counts: Counter[bytes]) -> list[bytes]:
    """Choose the commonest colours that differ to the eye, so that a rare red is not crowded out by many greys."""
    kept: list[bytes] = []
    for colour, _ in counts.most_common():
        if len(kept) < PALETTE and all(_distance(colour, other) >= NEAR for other in kept):
            kept.append(colour)
    return kept


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _pixels(data: bytes) -> tuple[int, int, list[bytes]]:
    """Return width, height and the colours of a browser's picture: 8 bits each, not interlaced."""
    chunks = list(_chunks(data))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    assert depth == 8, depth
    size = {OPAQUE: 3, GREY_OUT: 4}[kind]
    raw = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
    stride, before, pixels = width * size, bytearray(width * size), []
    for row in range(height):
        start = row * (stride + 1)
        line = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, size)
        pixels += [bytes(line[at : at + 3]) for at in range(0, stride, size)]
        before = line
    return width, height, pixels


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, data[at + 8 : at + 8 + length]
        at += length + 12


def _unfiltered(kind: int, line: bytearray, before: bytearray, size: int) -> bytearray:
    """Undo a line's filter (PNG specification §9.2)."""
    for at in range(len(line)) if kind else ():
        left, up = (line[at - size] if at >= size else 0), before[at]
        corner = before[at - size] if at >= size else 0
        line[at] = (line[at] + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]) & 255
    return line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
