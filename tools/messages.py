#!/usr/bin/env python3
"""Messages for translation, without GNU gettext: extract, keep locale/ja up to date, compile.

    python tools/messages.py           update django.po and .mo in locale/ja, list what is untranslated
    python tools/messages.py --check   change nothing; exit 1 if a message is untranslated or the .mo is old

A new message takes its Japanese from locale/ja/glossary.po, if the same English stands there ({host} and
%(host)s count as the same). Everything else is written by hand into django.po; then run this again.
"""

from __future__ import annotations

import ast
import io
import pathlib
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

HOME = pathlib.Path(__file__).resolve().parent.parent
PO = HOME / "locale/ja/LC_MESSAGES/django.po"
MO = PO.with_suffix(".mo")
GLOSSARY = HOME / "locale/ja/glossary.po"
# The sandbox is another system and speaks English.
PYTHON, LEFT_OUT = ("ghconnect", "licensing"), ("ghconnect/sandbox/", "/migrations/")
TEMPLATES = ("templates",)
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
METHODS = {"get", "post", "put", "patch", "delete"}
HEADER = "Japanese words of ghconnect. Kept by tools/messages.py; translations are written by hand."
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


def main(arguments: list[str]) -> int:
    """Update or check; print what is missing, one line each."""
    if "--check" not in arguments:
        PO.write_bytes(as_po(merged(glossary())))
        MO.write_bytes(as_mo(PO.read_bytes()))
    catalog = merged({})
    problems = [*missing(catalog), *broken(catalog)]
    if MO.read_bytes() != as_mo(PO.read_bytes()):
        problems.append(f"{MO.name} is not what {PO.name} compiles to: run `make messages`")
    print("\n".join([*problems, f"{len(catalog)} messages, {len(problems)} problems"]))
    return 1 if problems and "--check" in arguments else 0


def merged(words: dict[str, str]) -> Catalog:
    """Return the messages of the sources with their Japanese of django.po, else of `words`."""
    kept = _read(PO)
    catalog = Catalog(locale="ja", header_comment=f"# {HEADER}", fuzzy=False)
    for path, line, text, context in extracted():
        catalog.add(text, locations=[(path, line)], context=context)
    for message in catalog:
        if not message.id:
            continue
        known = kept.get(_singular(message.id), message.context)
        written = _first(known.string) if known else ""
        message.string = _same_shape(message, written or from_glossary(message, words))
        message.flags = (message.flags - {"fuzzy"}) | ((known.flags & {"fuzzy"}) if known else set())
    return catalog


def missing(catalog: Catalog) -> list[str]:
    """Return the messages without a translation, or with one that is marked as a guess."""
    return [
        f"untranslated: {_singular(message.id)!r}"
        for message in catalog
        if message.id and (message.fuzzy or not _first(message.string))
    ]


def broken(catalog: Catalog) -> list[str]:
    """Return the translations that name another parameter than the English does."""
    return [
        f"other parameters: {message.id!r}"
        for message in catalog
        if message.id
        and _first(message.string)
        and not _parameters(_first(message.string)) <= _parameters("".join(_forms(message.id)))
    ]


def as_po(catalog: Catalog) -> bytes:
    """Return the .po text: sorted, without dates and line numbers, so that changes are small."""
    out = io.BytesIO()
    write_po(out, catalog, width=110, sort_output=True, include_lineno=False, omit_header=True)
    head = (
        f'# {HEADER}\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Language: ja\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def as_mo(po: bytes) -> bytes:
    """Return what a .po text compiles to: the same bytes on any day, without what is untranslated."""
    catalog, out = read_po(io.BytesIO(po), locale="ja"), io.BytesIO()
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    for message in catalog:
        message.string = message.string if _first(message.string) else ""
    write_mo(out, catalog)
    return out.getvalue()


def glossary() -> dict[str, str]:
    """Return English → Japanese, parameters written as {name}."""
    return {_braces(_singular(word.id)): _braces(_first(word.string)) for word in _read(GLOSSARY) if word.id}


def from_glossary(message: Message, words: dict[str, str]) -> str:
    """Return the glossary's Japanese with the message's own kind of parameters, "" if it has none."""
    for english in reversed(_forms(message.id)):
        found = words.get(_braces(english))
        if found:
            return re.sub(r"\{(\w+)\}", r"%(\1)s", found) if "%(" in english else found
    return ""


def extracted() -> Iterator[tuple[str, int, Any, str | None]]:
    """Yield (path, line, text or (singular, plural), context) of each message in the sources."""
    for path in sorted(_sources()):
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # Django turns a template into calls of gettext; indents would confuse Python's tokenizer.
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        name = str(path.relative_to(HOME))
        yield from ((name, line, words, None) for line, words in operations(path, text))
        for line, found, _comments, context in extract_python(
            "python", io.BytesIO(text.encode()), KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield name, line, found, context


def operations(path: pathlib.Path, text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, words) of each operation and parameter (`Said`) of the API, which its page shows in both."""
    if path.suffix != ".py" or path.parent.name != "api":
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and any(map(_routes, node.decorator_list)):
            yield node.lineno, ast.get_docstring(node) or ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said":
            yield node.lineno, str(ast.literal_eval(node.args[0]))


def _routes(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in METHODS


def _sources() -> Iterator[pathlib.Path]:
    for root in PYTHON:
        for path in (HOME / root).rglob("*.py"):
            if not any(part in path.as_posix() for part in LEFT_OUT):
                yield path
    for root in TEMPLATES:
        yield from (path for path in (HOME / root).rglob("*") if path.suffix in {".html", ".txt"})


def _read(path: pathlib.Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="ja")
    with path.open("rb") as file:
        return read_po(file, locale="ja")


def _same_shape(message: Message, string: Any) -> Any:
    """Return a translation as the message wants it: one text, or a tuple of one text for plurals."""
    text = _first(string)
    return (text,) if isinstance(message.id, tuple) else text


def _first(string: Any) -> str:
    return (string[0] if isinstance(string, tuple | list) else string) or ""


def _singular(text: Any) -> str:
    return str(_forms(text)[0])


def _forms(text: Any) -> list[str]:
    return list(text) if isinstance(text, tuple | list) else [text]


def _braces(text: str) -> str:
    return re.sub(r"%\((\w+)\)[sd]", r"{\1}", text)


def _parameters(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
