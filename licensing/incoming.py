"""Files on their way in: read straight from the socket, never whole, never on a disk (ENGINEERING §14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any, Protocol, cast

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import FIELD, FILE, ChunkIter, LazyStream, MultiPartParserError, Parser
from django.utils.datastructures import MultiValueDict

from licensing.rules.bad_file import TRUNCATED, BadFile

CHUNK = 1 << 16
FIELD_BYTES = 10_000
FIELDS = 20


class Readable(Protocol):
    """What a request's body can do."""

    def read(self, size: int, /) -> bytes: ...


class Counted:
    """A body that tells how much of it was read."""

    def __init__(self, body: Readable) -> None:
        self.body, self.count = body, 0

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        data = self.body.read(size)
        self.count += len(data)
        return data


class IncomingFile(UploadedFile):
    """A file that is still being sent: can be read once, from its beginning to its end."""

    def __init__(self, name: str, part: LazyStream, rest: LazyStream, body: Counted, length: int) -> None:
        # Its own size is not told; the request's is never less.
        super().__init__(name=name.replace("\\", "/"), size=length)
        self._part, self._rest, self._body, self._length = part, rest, body, length

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield it as it comes. Raises BadFile when the request ends before the length it announced."""
        # The part itself would be closed with this generator, and a closed one can't be drained.
        yield from map(bytes, self._part)
        self.drain()
        if self._body.count < self._length:
            raise BadFile(TRUNCATED)

    def drain(self) -> None:
        """Read past what is left: a browser that is still sending does not listen to an answer."""
        for _ in (*self._part, *self._rest):
            pass

    def close(self) -> None:
        """Nothing is open."""


class Incoming(FileUploadHandler):
    """Gives the fields that stand before the file, and the file unread; what stands behind it is not looked at.

    So the token against forgery, which the page puts first, is checked before a byte of the file is read.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Mapping[str, Any],  # noqa: N803 (Django's name)
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]]:
        """Parse up to the first file."""
        body = Counted(input_data)
        stream = LazyStream(ChunkIter(cast("IO[bytes]", body), CHUNK))
        fields, files = QueryDict(mutable=True, encoding=encoding), MultiValueDict[str, Any]()
        for number, (kind, meta, part) in enumerate(Parser(stream, boundary)):
            if number >= FIELDS:
                raise MultiPartParserError("Too many fields.")
            if kind not in {FIELD, FILE}:
                continue
            told: Mapping[str, Any] = meta["content-disposition"][1]
            name = _text(told.get("name", b""))
            if kind == FILE:
                file_name = _text(told["filename"])
                files[name] = IncomingFile(file_name, part, stream, body, content_length)
                break
            fields.appendlist(name, _text(part.read(FIELD_BYTES)))
        return fields, files

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never called: the input is handled above."""

    def file_complete(self, file_size: int) -> None:
        """Never called: the input is handled above."""


def _text(value: bytes) -> str:
    return value.decode(errors="replace").replace("\0", "")
