"""JSON that arrives in chunks: one value at a time, in bounded memory, with the line of what is wrong."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator

from .bad_file import TRUNCATED, BadFile
from .lines import without_mark

LONGEST_VALUE = 1 << 20
FILL = 1 << 16
# Nothing that is read here lies deeper; a file that does is none of ours, and would exhaust the stack.
DEEPEST = 50

_SPACE = re.compile(r"[ \t\n\r]*")
_INSIDE = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_decode = json.JSONDecoder().raw_decode


class JsonText:
    """The text of chunks of UTF-8, of which only what is being read is kept. Methods raise BadFile."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = without_mark(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._line, self._last_line, self._depth = "", 0, 1, 1, 0

    @property
    def line(self) -> int:
        """The line that is being read, from 1."""
        return self._line + self._text.count("\n", 0, self._at)

    def peek(self) -> str:
        """The next character that is not space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> bool:
        """Whether the next character is the expected one, which is then read."""
        found = self.peek() == expected
        self._at += found
        return found

    def expect(self, expected: str) -> None:
        """Read the character that must come."""
        if not self.take(expected):
            raise self._bad(ended=self.peek() == "")

    def value(self) -> object:
        """Read one value of at most 1 MiB."""
        self.peek()
        while True:
            try:
                found, end = _decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                if len(self._text) - self._at > LONGEST_VALUE or not self._more():
                    raise self._bad(ended=self._cut(error)) from None
            else:
                if end < len(self._text) or not self._more():  # a number may go on in the next chunk
                    self._at = end
                    return found

    def skip(self) -> None:
        """Read past a value of any length; only one that is no text or list must be short."""
        if self.take('"'):
            self._skip_text()
        elif self.peek() == "[":
            for _ in self.items():
                self.skip()
        else:
            self.value()

    def keys(self) -> Iterator[str]:
        """The keys of an object; the caller reads each value before it asks for the next key."""
        self._go_in("{")
        while not self.take("}"):
            key = self.value()
            if not isinstance(key, str):
                raise self._bad(ended=False)
            self.expect(":")
            yield key
            self._go_on("}")
        self._depth -= 1

    def items(self) -> Iterator[None]:
        """One turn for each item of a list, which the caller reads."""
        self._go_in("[")
        while not self.take("]"):
            yield
            self._go_on("]")
        self._depth -= 1

    def _go_in(self, start: str) -> None:
        self.expect(start)
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._bad(ended=False)

    def _go_on(self, end: str) -> None:
        if self.take(","):
            if self.peek() == end:
                raise self._bad(ended=False)
        elif self.peek() != end:
            raise self._bad(ended=self.peek() == "")

    def _skip_text(self) -> None:
        while True:
            self._at = _INSIDE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._text[self._at : self._at + 1] == '"':
                self._at += 1
                return
            if not self._more():
                raise self._bad(ended=True)

    def _more(self) -> bool:
        """Read on; what was read before is let go."""
        self._line, self._text, self._at = self.line, self._text[self._at :], 0
        parts, size = [self._text], 0
        for chunk in self._chunks:
            parts.append(self._decoded(chunk))
            size += len(chunk)
            if size >= FILL:
                break
        else:
            parts.append(self._decoded(b"", final=True))
        self._text = "".join(parts)
        return size > 0

    def _decoded(self, chunk: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            line = self._last_line + error.object.count(b"\n", 0, error.start)
            raise BadFile(TRUNCATED if final else "not_utf8", line) from None
        self._last_line += text.count("\n")
        return text

    def _cut(self, error: Exception) -> bool:
        """Whether the text ended before the value did."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text.rstrip())

    def _bad(self, *, ended: bool) -> BadFile:
        return BadFile(TRUNCATED if ended else "not_json", self.line)
