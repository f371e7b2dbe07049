"""gzip is unpacked while it arrives: whole, bounded, and never taken for whole when it was cut."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.bad_file import BadFile
from licensing.rules.unpack import MOST_RATIO, TooLarge, unpacked

LINES = b"".join(b"%d,u%d,u%d@octo.example\n" % (n, n * 7919 % 10007, n) for n in range(30_000))
NO_LIMIT = 1 << 40


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def whole(data: bytes, size: int = 977, limit: int = NO_LIMIT) -> bytes:
    return b"".join(unpacked(pieces(data, size), limit=limit))


@given(st.binary(max_size=4000), st.integers(1, 300), st.integers(1, 9))
def test_what_was_packed_comes_out_wherever_it_is_divided(data: bytes, size: int, level: int) -> None:
    assert whole(gzip.compress(data, level), size) == data
    assert whole(gzip.compress(data) + gzip.compress(data) + b"\0" * 40, size) == data + data
    if not data.startswith(b"\x1f\x8b"):
        assert whole(data, size) == data


def test_a_large_file_comes_out_whole() -> None:
    for size in (977, 1 << 16, 1 << 22):
        assert whole(gzip.compress(LINES), size) == LINES


@pytest.mark.parametrize("left", [3, 12, 5000, -9, -1])
def test_a_cut_one_is_never_whole(left: int) -> None:
    with pytest.raises(BadFile) as cut:
        whole(gzip.compress(LINES)[:left])
    assert cut.value.key == "truncated"


def test_what_follows_or_only_begins_as_gzip_is_an_error() -> None:
    for bad in (gzip.compress(LINES) + b"id,login", b"\x1f\x8b" + b"x" * 40):
        with pytest.raises(BadFile) as wrong:
            whole(bad)
        assert wrong.value.problem == "bad_gzip"
    damaged = bytearray(gzip.compress(LINES))
    damaged[-6] ^= 1  # the checksum
    with pytest.raises(BadFile):
        whole(bytes(damaged))


def bomb(megabytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(megabytes):
        yield packer.compress(bytes(1 << 20))
    yield packer.flush()


def test_a_bomb_is_found_by_its_ratio_before_it_fills_anything() -> None:
    packed = b"".join(bomb(300))
    assert 300 * 2**20 / len(packed) > MOST_RATIO
    sizes: list[int] = []
    tracemalloc.start()
    with pytest.raises(BadFile) as wrong:
        # One chunk may hold the whole bomb; what comes out is bounded by what came in.
        sizes.extend(map(len, unpacked(iter([packed]), limit=NO_LIMIT)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert wrong.value.problem == "too_compressed"
    assert sum(sizes) <= len(packed) * MOST_RATIO
    assert peak < 4 << 20


def test_the_limit_is_of_what_comes_out() -> None:
    packed = gzip.compress(LINES)
    assert whole(packed, limit=len(LINES)) == LINES
    for data in (packed, LINES):
        with pytest.raises(TooLarge) as large:
            whole(data, limit=len(LINES) - 1)
        assert large.value.limit == len(LINES) - 1
