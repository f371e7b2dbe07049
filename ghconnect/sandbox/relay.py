"""What GraphQL resolvers share: the caller, errors with a type, pages by cursor."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ghconnect.sandbox.tokens import Caller
from ghconnect.sandbox.world import Connection, Row

MOST = 100
Node = dict[str, Any]
Given = Mapping[str, Any]
Total = Callable[[], int]
Rows = Callable[[str, int], list[Row]]


@dataclass(frozen=True, slots=True)
class Context:
    """What resolvers share: one moment of the world, the caller, and its rate limit."""

    db: Connection
    who: Caller
    limit: Mapping[str, int]


class Denied(Exception):
    """An error with GitHub's `type`: NOT_FOUND, INSUFFICIENT_SCOPES, FORBIDDEN."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def need(context: Context, scope: str) -> None:
    """Raises Denied without the scope, in GitHub's words."""
    if not context.who.may(scope):
        granted = [name.strip() for name in context.who.scopes.split(",") if name.strip()]
        raise Denied(
            "INSUFFICIENT_SCOPES",
            "Your token has not been granted the required scopes to execute this query. The field requires one of the"
            f" following scopes: ['{scope}'], but your token has only been granted the: {granted} scopes.",
        )


def connection(given: Given, total: Total, rows: Rows, node: Callable[[Row], Any], place: str = "id") -> Node:
    """A page of a list in the order of column `place`; `rows(after, limit)` reads it. Forwards only."""
    first = _bounded(given.get("first"))
    found = rows(_opened(given.get("after")), first + 1)
    page = found[:first]
    info = {
        "hasNextPage": len(found) > first,
        "hasPreviousPage": bool(given.get("after")),
        "startCursor": _cursor(page[0][place]) if page else None,
        "endCursor": _cursor(page[-1][place]) if page else None,
    }
    return {"nodes": [node(row) for row in page], "pageInfo": info, "totalCount": lambda info: total()}


def _bounded(first: int | None) -> int:
    if first is None:
        words = "You must provide a `first` value to page through this list."
        raise Denied("MISSING_PAGINATION_BOUNDARIES", words)
    if not 0 < first <= MOST:
        words = f"Requesting {first} records exceeds the `first` limit of {MOST} records."
        raise Denied("EXCESSIVE_PAGINATION", words)
    return first


def by_id(db: Connection, query: str, *values: object) -> Rows:
    """Reads the rows of a query that ends in `id > ? ORDER BY id LIMIT ?`."""

    def rows(after: str, limit: int) -> list[Row]:
        return db.execute(query, (*values, int(after or 0), limit)).fetchall()

    return rows


def _cursor(place: object) -> str:
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def _opened(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        return base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied(
            "INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor."
        ) from None
