"""Projected rows of a run, kept as gzip chunks in the database (ENGINEERING §14).

Raw bytes never reach a disk: what arrives here holds the read fields only. Each chunk is its own short transaction.
"""

from __future__ import annotations

import gzip
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from licensing.models import RunChunk, SyncRun

# Projected rows compress about five times; so many bytes before compression stay under 1 MiB after it.
PLAIN_BYTES = 3 * 1024 * 1024
# A fifth more bytes than level 5 in a third of its time.
LEVEL = 1


class DamagedChunk(Exception):
    """A chunk in the database is not what was written there."""


class Tally:
    """Counts the bytes that pass and hashes them."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    def bytes(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """Yield `body` unchanged."""
        for chunk in body:
            self.size += len(chunk)
            self._hash.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """The hash of all bytes so far, in hex."""
        return self._hash.hexdigest()


def keep(blocks: list[bytes], number: int, upload: uuid.UUID, run: SyncRun | None = None) -> None:
    """Keep one chunk of whole lines."""
    data = gzip.compress(b"".join(blocks), compresslevel=LEVEL, mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    RunChunk.objects.create(run=run, upload=upload, number=number, data=data, sha256=digest)


def write(blocks: Iterable[bytes], *, upload: uuid.UUID) -> None:
    """Keep `blocks` of whole lines under `upload`.

    A run takes them over by `attach` when they are whole, so that half of something is never a run's, and a
    worker that lost its run adds nothing to what another fetched.
    """
    number, size, buffer = 0, 0, list[bytes]()
    for block in blocks:
        buffer.append(block)
        size += len(block)
        if size >= PLAIN_BYTES:
            keep(buffer, number, upload)
            number, size, buffer = number + 1, 0, []
    if buffer:
        keep(buffer, number, upload)


def read(run: SyncRun) -> Iterator[bytes]:
    """Yield a run's chunks in order, each whole lines; raises DamagedChunk when one is not what was written."""
    numbers = RunChunk.objects.filter(run=run).order_by("number").values_list("pk", flat=True)
    for pk in list(numbers):
        chunk = RunChunk.objects.get(pk=pk)
        data = bytes(chunk.data)
        if hashlib.sha256(data).hexdigest() != chunk.sha256:
            raise DamagedChunk(f"{run}, chunk {chunk.number}")
        yield gzip.decompress(data)


def lines(run: SyncRun) -> Iterator[bytes]:
    """Yield a run's lines in order."""
    for block in read(run):
        yield from block.splitlines()


def attach(run: SyncRun, upload: uuid.UUID) -> None:
    """Give the chunks of a finished upload to its run."""
    RunChunk.objects.filter(upload=upload, run=None).update(run=run)


@contextmanager
def arriving() -> Iterator[uuid.UUID]:
    """Give what arrives in the block an upload's id; it is forgotten unless a run took it over."""
    upload = uuid.uuid4()
    try:
        yield upload
    finally:
        forget(upload)


def forget(upload: uuid.UUID) -> None:
    """Delete the chunks of an upload that became no run."""
    RunChunk.objects.filter(upload=upload, run=None).delete()


def drop(run: SyncRun, *, but: uuid.UUID | None = None) -> None:
    """Delete what the run fetched, all but one upload: what an earlier attempt left, or half of something."""
    kept = RunChunk.objects.filter(run=run)
    (kept.exclude(upload=but) if but else kept).delete()
