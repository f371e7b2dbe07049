"""Plain pages: a frame, tables and forms. Everything that is put in is escaped unless it is a Markup."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from starlette.responses import HTMLResponse, Response

STYLE = """
:root { color-scheme: light dark; --line: #8888; --note: #c70; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 68rem; padding: 1rem; }
nav, .muted { opacity: .8; font-size: .9em; }
nav a { margin-right: .8rem; }
h1 { font-size: 1.5rem; margin: .6rem 0; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
form { display: inline-flex; flex-wrap: wrap; gap: .4rem; margin: .2rem .6rem .2rem 0; align-items: center; }
input, select, button { font: inherit; padding: .15rem .4rem; }
.pretend { border: 1px dashed var(--note); padding: .3rem .6rem; }
.count { font-size: 2rem; font-weight: 600; }
"""
PRETEND = "Pretend GitHub. octo-corp, its servers and its people do not exist; they run on this machine."


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as HTML; None is a dash."""
    if isinstance(value, Markup):
        return value
    return Markup("–" if value is None else escape(str(value)))


def join(*parts: object) -> Markup:
    """Parts one after the other."""
    return Markup("".join(text(part) for part in parts))


def tag(name: str, /, *parts: object, **attributes: object) -> Markup:
    """An element; `class_` and `for_` are written without the underscore, None leaves an attribute out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{shown}>{join(*parts)}</{name}>")


def link(href: str, words: object) -> Markup:
    """A link."""
    return tag("a", words, href=href)


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> Markup:
    """A table with a head."""
    body = join(*(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("table", tag("thead", tag("tr", *(tag("th", cell) for cell in head))), tag("tbody", body))


def field(label: str, name: str, value: str = "", **attributes: object) -> Markup:
    """A labelled text field."""
    attributes = {"name": name, "value": value, **attributes}
    shown = "".join(f' {key}="{escape(str(each))}"' for key, each in attributes.items())
    return tag("label", label, " ", Markup(f"<input{shown}>"))


def choice(label: str, name: str, options: Mapping[str, str], chosen: str = "") -> Markup:
    """A labelled select: value → words."""
    shown = (
        tag("option", words, value=value, selected="selected" if value == chosen else None)
        for value, words in options.items()
    )
    return tag("label", label, " ", tag("select", *shown, name=name))


def hidden(**values: object) -> Markup:
    """Hidden fields."""
    return join(
        *(
            Markup(f'<input type="hidden" name="{name}" value="{escape(str(value))}">')
            for name, value in values.items()
        )
    )


def button(action: str, words: str, *fields: object, back: str, **values: object) -> Markup:
    """A form with one button; afterwards the browser is sent to `back`."""
    return tag(
        "form", hidden(back=back, **values), *fields, tag("button", words), method="post", action=action
    )


def page(
    title: str, *parts: object, navigation: Iterable[tuple[str, str]] = (), status: int = 200
) -> Response:
    """A whole page."""
    links = join(
        *(
            link(href, words)
            for href, words in [("/", "Control page"), ("/ghec", "octo-corp at GHEC"), *navigation]
        )
    )
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"{title} · pretend GitHub"), Markup('<link rel="stylesheet" href="/style.css">'),
        Markup('<link rel="icon" href="data:,">'),
    )  # fmt: skip
    body = join(tag("p", PRETEND, class_="pretend"), tag("nav", links), tag("main", tag("h1", title), *parts))
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>', status
    )


def ago(seconds: int) -> str:
    """An age in words."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now" if seconds >= 0 else "in the future"
