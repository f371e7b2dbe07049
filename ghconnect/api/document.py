"""The OpenAPI document: what is said of the whole, and what ninja does not know of our answers."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.utils.translation import gettext_noop as _

# The document speaks English; the page of it says the same in the reader's language (`reference`).
TAGS = [
    {"name": "github", "description": _("What GitHub's own clients speak: change the base URL to /api/v3.")},
    {"name": "console", "description": _("What the pages of this console can do.")},
]
WORDS = (
    _("Two doors, one kind of token."),
    _(
        "`/api/v3` answers as GitHub does: Link paging, `{message, documentation_url, status}`, 404 for what is not"
        " yours, ETags that cost nothing. `/api/console/v1` is this console's own: cursors (`after`), problem details"
        " (RFC 9457)."
    ),
    _(
        "Send a token as `Authorization: Bearer ghct_…`, `token ghct_…`, or as the password of basic authentication."
        " Owners make tokens under Settings, Access tokens. Each operation names the scope it needs."
    ),
    _(
        "Whatever is read has an `ETag`: send it as `If-None-Match` and hear 304, which costs nothing of your hour. A"
        " change that names it as `If-Match` is made only while nobody else has changed the thing: 412 otherwise."
    ),
)
DESCRIPTION = "\n\n".join(WORDS)
JSON, PROBLEM = "application/json", "application/problem+json"
# An answer of each operation, by its id, which a test holds to the schema; whoever adds doors adds theirs.
EXAMPLES: dict[str, Any] = {}


@cache
def of(api: Any) -> dict[str, Any]:
    """Return the document, made once: it is that of the release, so nobody changes it.

    Errors of the console's own doors are problem details.
    """
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix="api/"))
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/api/v3"):
                _problems(operation["responses"])
            _words(operation)
            _conditions(operation, method)
            _files(operation)
            _example(operation)
            operation["summary"] = first_clause(operation["description"])
    return found


def _problems(responses: dict[Any, Any]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and JSON in content:
            content[PROBLEM] = content.pop(JSON)


def _words(operation: dict[str, Any]) -> None:
    """Put the words of a parameter where the document wants them."""
    for parameter in operation.get("parameters", []):
        if words := parameter["schema"].pop("description", ""):
            parameter["description"] = words


def _files(operation: dict[str, Any]) -> None:
    """Name the media types of an operation that gives a file (`x-content`)."""
    for kind in operation.pop("x-content", ()):
        schema = {} if kind == JSON else {"type": "string"}
        operation["responses"][200].setdefault("content", {})[kind] = {"schema": schema}


def _conditions(operation: dict[str, Any], method: str) -> None:
    """Tell where an entity tag may be sent: with what is read as JSON, and with a change that takes one."""
    if method == "get" and JSON in operation["responses"][200].get("content", {}):
        operation["responses"][304] = {"description": "Not Modified"}
        _header(operation, "If-None-Match", _("The ETag of what you have; 304 while it is still so."))
    if 412 in operation["responses"]:
        _header(operation, "If-Match", _("The ETag of what you read; 412 when it has changed since."))


def _header(operation: dict[str, Any], name: str, words: str) -> None:
    told = {"in": "header", "name": name, "required": False, "description": words}
    operation.setdefault("parameters", []).append({**told, "schema": {"type": "string"}})


def _example(operation: dict[str, Any]) -> None:
    """Put an operation's example into its first good answer that is JSON."""
    for status, response in operation["responses"].items():
        if status < 300 and JSON in response.get("content", {}) and operation["operationId"] in EXAMPLES:
            response["content"][JSON]["example"] = EXAMPLES[operation["operationId"]]
            return


def first_clause(words: str) -> str:
    """The first clause of a description, as its heading; in Japanese the first sentence."""
    return re.split("。" if "。" in words else r"[.:;]\s|\.$", words, maxsplit=1)[0].replace("`", "")
