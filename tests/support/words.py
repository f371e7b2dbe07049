"""What a page says and in which language: text and the attributes people read or hear, with the `lang` around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

SAID = ("title", "aria-label", "placeholder", "data-label", "alt", "data-copied")
# The language of what is no language: scripts, field names, files.
VERBATIM = "zxx"
VOID = {"meta", "link", "input", "br", "hr", "img", "path", "rect", "wbr", "source", "col"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = [("", "")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        lang = given.get("lang", VERBATIM if tag in ("code", "pre") else self._open[-1][1])
        self.said += [(lang, given[name]) for name in SAID if given.get(name)]
        if tag not in VOID:
            self._open.append((tag, lang))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.said += [(self._open[-1][1], given[name]) for name in SAID if given.get(name)]

    def handle_endtag(self, tag: str) -> None:
        places = [at for at, (name, _lang) in enumerate(self._open) if name == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.said.append((self._open[-1][1], " ".join(data.split())))


def of(html: str) -> Iterator[tuple[str, str]]:
    """Yield (language, words) of everything a page says."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    yield from reader.said


def has_english(said: str) -> bool:
    """Tell whether there is a row of three English words."""
    return bool(re.search(r"\b[A-Za-z]{2,}(?: [a-z]{2,}){2,}\b", said))


def has_japanese(said: str) -> bool:
    """Tell whether there is any letter of Japanese."""
    return bool(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", said))
