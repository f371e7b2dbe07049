"""Bytes that arrive in chunks, as lines of text in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from .bad_file import TRUNCATED, BadFile

MAX_LINE = 1 << 20


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    r"""Lines with their \n, in UTF-8 with or without its mark; the last one must end as the others do.

    Raises BadFile for other encodings, NUL, lines over 1 MiB, and an end in the middle of a line.
    """
    number = 1
    for block in _whole_lines(without_mark(chunks)):
        text = _decode(block, number)
        for line in text.split("\n")[:-1]:
            yield line + "\n"
        number += text.count("\n")


def without_mark(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes without a byte order mark of UTF-8 at their beginning."""
    chunks, head = iter(chunks), b""
    while len(head) < len(codecs.BOM_UTF8) and (chunk := next(chunks, None)) is not None:
        head += chunk
    yield head.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest, number = b"", 1
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            number += chunk.count(b"\n", 0, end)
        rest = chunk[end:] if end else rest + chunk
        if len(rest) > MAX_LINE:
            raise BadFile("line_too_long", number)
    if rest:
        raise BadFile(TRUNCATED, number)


def _decode(block: bytes, number: int) -> str:
    if (nul := block.find(b"\0")) >= 0:
        raise BadFile("nul", number + block.count(b"\n", 0, nul))
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        raise BadFile("not_utf8", number + block.count(b"\n", 0, error.start)) from None
