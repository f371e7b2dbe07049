"""What a page holds, as a crawler needs it: title, headings, ids, links, forms, references."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

# Attributes that name other elements of the page by their ids, and one that names a dialog of it.
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "popovertarget", "data-dialog")


@dataclass
class Form:
    """A form: where it leads and how."""

    action: str
    method: str


@dataclass
class Page:
    """A parsed page."""

    title: str = ""
    headings: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    references: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page, self._open, self._hidden = Page(), "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if (tag == "h1" or (tag == "title" and not self.page.title)) and not self._open:
            self._open = tag
            if tag == "h1":
                self.page.headings.append("")
        elif self._open == "h1" and tag == "span" and "Label" in given.get("class", "").split():
            self._hidden += 1  # a state beside the heading is not part of its name
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "form":
            self.page.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        if "id" in given:
            self.page.ids.append(given["id"])
        for name in REFERENCES:
            self.page.references.update(given.get(name, "").split())

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""
        elif self._hidden and tag == "span":
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._open == "title":
            self.page.title += data
        elif self._open == "h1" and not self._hidden:
            self.page.headings[-1] += data


def read(html: str) -> Page:
    """Parse a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.headings = [" ".join(text.split()) for text in reader.page.headings]
    reader.page.title = " ".join(reader.page.title.split())
    return reader.page
