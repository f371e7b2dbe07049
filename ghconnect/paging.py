"""Pages of a list by cursor: previous and next, no counts; the last page costs what the first does."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs

from django.db.models import DateTimeField, IntegerField, Model, Q, QuerySet
from django.http import HttpRequest

T = TypeVar("T")
M = TypeVar("M", bound=Model)
Value = str | int | datetime
SIZE = 50
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page; the addresses keep the rest of the query and are "" where there is no such page."""

    rows: list[T]
    previous_url: str
    next_url: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind these values in reading order (`back` False), or before them."""

    values: tuple[Value, ...]
    back: bool = False


# Gives up to so many rows from a cursor, nearest first.
Fetch = Callable[[Cursor | None, int], list[T]]


def of(request: HttpRequest, rows: QuerySet[M], *fields: str, size: int = SIZE) -> Page[M]:
    """Return the page of `rows` that the query names, in the order of `fields` (all "-" or none).

    The last field must tell rows apart. A cursor that is not one of ours leads to the first page.
    """
    return assemble(
        request,
        lambda cursor, limit: list(select(rows, fields, cursor)[:limit]),
        lambda row: tuple(getattr(row, field.lstrip("-")) for field in fields),
        size=size,
        kinds=[_kind(rows, field.lstrip("-")) for field in fields],
    )


def assemble(
    request: HttpRequest,
    fetch: Fetch[T],
    key: Callable[[T], tuple[Value, ...]],
    *,
    kinds: Sequence[type],
    size: int = SIZE,
) -> Page[T]:
    """Build a page from any source: `fetch` gives up to `limit` rows from a cursor, nearest first.

    `key` gives a row's cursor values, of the types `kinds`.
    """
    cursor = _read(request.GET, kinds)
    found = fetch(cursor, size + 1)
    more, rows = len(found) > size, found[:size]
    back = cursor is not None and cursor.back
    if back:
        rows.reverse()
    if not rows:
        return Page([], "", "")
    before = more if back else cursor is not None
    after = True if back else more
    return Page(
        rows,
        _url(request, "before", key(rows[0])) if before else "",
        _url(request, "after", key(rows[-1])) if after else "",
    )


def select(rows: QuerySet[M], fields: Sequence[str], cursor: Cursor | None) -> QuerySet[M]:
    """Return `rows` from the cursor on, nearest first."""
    falling = fields[0].startswith("-") != (cursor is not None and cursor.back)
    names = [field.lstrip("-") for field in fields]
    rows = rows.order_by(*(f"-{name}" if falling else name for name in names))
    return rows if cursor is None else rows.filter(_beyond(names, cursor.values, falling=falling))


def _beyond(names: Sequence[str], values: Sequence[Value], *, falling: bool) -> Q:
    """(a, b) > (x, y), said so that an index of (a, b) is walked from the cursor on."""
    test = "lt" if falling else "gt"
    if len(names) == 1:
        return Q(**{f"{names[0]}__{test}": values[0]})
    further = Q(**{f"{names[0]}__{test}": values[0]}) | _beyond(names[1:], values[1:], falling=falling)
    return Q(**{f"{names[0]}__{test}e": values[0]}) & further


def cursor_of(url: str) -> dict[str, str]:
    """Return the cursor in an address of a page: {"after": …} or {"before": …}, {} where there is none."""
    query = parse_qs(url.partition("?")[2])
    return {name: query[name][0] for name in ("after", "before") if query.get(name)}


def _kind(rows: QuerySet[M], name: str) -> type:
    field = rows.model._meta.get_field(name)
    if isinstance(field, DateTimeField):
        return datetime
    return int if isinstance(field, IntegerField) else str


def _read(query: Mapping[str, Any], kinds: Sequence[type]) -> Cursor | None:
    """An address can be written by anybody: what does not fit is no cursor."""
    for name in ("after", "before"):
        try:
            values = json.loads(base64.urlsafe_b64decode(str(query.get(name, ""))))
            if isinstance(values, list) and len(values) == len(kinds):
                return Cursor(tuple(map(_value, values, kinds)), back=name == "before")
        except (ValueError, binascii.Error):
            continue
    return None


def _value(value: object, kind: type) -> Value:
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return value
    if isinstance(value, str) and not UNSTORABLE.search(value) and kind is not int:
        return value if kind is str else _moment(value)
    raise ValueError(value)


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(value)
    return found


def _url(request: HttpRequest, name: str, values: tuple[Value, ...]) -> str:
    query = request.GET.copy()
    for old in ("after", "before"):
        query.pop(old, None)
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat)
    query[name] = base64.urlsafe_b64encode(text.encode()).decode()
    return f"?{query.urlencode()}"
