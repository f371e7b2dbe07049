"""The OpenAPI document: what is said of the whole, and what ninja does not know of our errors."""

from __future__ import annotations

import re
from typing import Any

TAGS = [
    {"name": "github", "description": "What GitHub's own clients speak: change the base URL to /api/v3."},
    {"name": "console", "description": "What the pages of this console can do."},
]
DESCRIPTION = """\
Two doors, one kind of token.

`/api/v3` answers as GitHub does: Link paging, `{message, documentation_url, status}`, 404 for what is not yours,
ETags that cost nothing. `/api/console/v1` is this console's own: cursors (`after`), problem details (RFC 9457).

Send a token as `Authorization: Bearer ghct_…`, `token ghct_…`, or as the password of basic authentication. Owners make
tokens under Settings, Tokens. Each operation names the scope it needs.
"""
PROBLEM = "application/problem+json"


def of(api: Any) -> dict[str, Any]:
    """Return the document; errors of the console's own doors are problem details."""
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="api/"))
    for path, operations in found["paths"].items():
        for operation in operations.values():
            if not path.startswith("/api/v3"):
                _problems(operation["responses"])
            _examples(operation)
            operation["summary"] = _first(operation["description"])
    return found


def _problems(responses: dict[Any, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and "application/json" in content:
            content[PROBLEM] = content.pop("application/json")


def _examples(operation: dict[str, Any]) -> None:
    """Put an operation's `x-example` where the document wants it: in its answer."""
    example = operation.pop("x-example", None)
    if example is not None:
        operation["responses"][200]["content"]["application/json"]["example"] = example


def _first(words: str) -> str:
    """The first clause of a description, as its heading."""
    return re.split(r"[.:;]\s|\.$", words, maxsplit=1)[0].replace("`", "")
