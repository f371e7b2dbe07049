"""Our own JSON, for this console only: a server's accounts with the field names of GitHub's GraphQL API.

Either one object, or one object a line (NDJSON) with the facts of the file as an optional first line:

    {"hostName": "ghe.example.com", "serverId": "...", "version": "3.19.2",
     "observedAt": "2026-11-24T06:00:00Z", "totalCount": 1,
     "users": [
       {"remoteUserId": 17, "login": "jdoe", "isSiteAdmin": false,
        "emails": [{"email": "jane@octo-corp.example", "isPrimary": true}],
        "suspended": false, "dormant": false, "neverActive": false,
        "remoteCreatedAt": "2024-01-02T03:04:05Z"}]}

Facts of the file are read where they stand before the first account: `hostName` must be the server's, and
`observedAt` says of when the file is. Of an account `remoteUserId`, `login`, `emails` and `suspended` are required;
a field left out keeps its last value. Of the file nothing is required; with `totalCount` a file that was cut at a
line's end is found out. Other fields are dropped while reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from ghconnect.records import ServerAccount

from . import fields
from .bad_file import TRUNCATED, BadFile
from .file_facts import ExportFacts
from .json_text import JsonText

Read = Callable[[object], object]
ID = "remoteUserId"
USERS = "users"
TOTAL = "totalCount"
OBSERVED = "observedAt"
FACTS = ("hostName", "serverId", "version", OBSERVED)


def read_json(chunks: Iterable[bytes]) -> Iterator[ServerAccount]:
    """Accounts of one object with `users`, in its order. Raises BadFile."""
    text, reader = JsonText(chunks), _Reader()
    for key in text.keys():  # noqa: SIM118
        if key == USERS:
            reader.listed = True
            for _ in text.items():
                yield reader.account(text.value(), text)
        elif key == TOTAL:
            reader.total = text.value()
        else:
            text.skip()
    if not reader.listed:
        raise BadFile("missing_column", text.line, USERS)
    if text.peek():
        raise BadFile("not_json", text.line)
    reader.finish(text)


def read_ndjson(chunks: Iterable[bytes]) -> Iterator[ServerAccount]:
    """Accounts of one object a line; the first line may be facts of the file. Raises BadFile."""
    text, reader = JsonText(chunks), _Reader()
    first = text.value()
    if isinstance(first, dict) and ID not in first:
        reader.total = first.get(TOTAL)
    else:
        yield reader.account(first, text)
    while text.peek():
        yield reader.account(text.value(), text)
    reader.finish(text)


def head_facts(head: bytes) -> ExportFacts:
    """What a file says of its server and its time before its first account. Raises BadFile for a wrong time."""
    text, found = JsonText([head.decode(errors="replace").encode()]), dict[str, str]()
    line = 1
    with suppress(BadFile):  # the head may end anywhere
        for key in text.keys():  # noqa: SIM118
            if key in {USERS, ID}:
                break
            if key in FACTS and text.peek() == '"':
                line, found[key] = text.line, str(text.value())
            else:
                text.skip()
    try:
        at = fields.moment(found.get(OBSERVED, ""))
    except ValueError as error:
        raise BadFile(str(error), line, OBSERVED) from None
    host, server_id, version = (found.get(name, "") for name in FACTS[:3])
    return ExportFacts(host=host, server_id=server_id, version=version, at=at)


class _Reader:
    """Accounts of one file: counted, and none twice."""

    def __init__(self) -> None:
        self.total: object = None
        self.listed = False
        self._found = 0
        self._seen = fields.SeenIds()

    def account(self, item: object, text: JsonText) -> ServerAccount:
        """The account an object describes; the line of an error is that of the object's end."""
        if not isinstance(item, dict):
            raise BadFile("not_object", text.line, USERS)
        values = [_field(item, name, read, text) for name, read in READ.items()]
        account = ServerAccount(*values)  # type: ignore[arg-type]
        if not self._seen.add(account.remote_user_id):
            raise BadFile("duplicate_id", text.line, ID, value=account.remote_user_id)
        self._found += 1
        return account

    def finish(self, text: JsonText) -> None:
        """A file that says how many it holds, and holds another number, was cut off."""
        if self.total is not None and self.total != self._found:
            raise BadFile(TRUNCATED, text.line, TOTAL)


def _field(item: dict[str, object], name: str, read: Read, text: JsonText) -> object:
    if name not in item:
        if name in REQUIRED:
            raise BadFile("missing_column", text.line, name)
        return None
    try:
        return read(item[name])
    except ValueError as error:
        raise BadFile(str(error), text.line, name) from None


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not_number")
    return fields.number(str(value))


def _text(value: object) -> str:
    """Text that can be stored: JSON can escape what UTF-8 cannot hold."""
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("not_text")
    return value


def _primary(value: object) -> str:
    """The primary one of `emails`, "" without one; the others are dropped."""
    if not isinstance(value, list):
        raise ValueError("not_emails")
    if not all(isinstance(one, dict) and isinstance(one.get("isPrimary"), bool) for one in value):
        raise ValueError("not_emails")
    primary = [one.get("email") for one in value if one["isPrimary"]]
    if len(primary) > 1:
        raise ValueError("two_primary_emails")
    return fields.email(_text(primary[0])) if primary else ""


def _boolean(value: object) -> bool:
    return fields.boolean(str(value))


def _moment(value: object) -> datetime | None:
    return None if value is None else fields.moment(_text(value))


# In the order of records.ServerAccount.
READ: dict[str, Read] = {
    ID: _number,
    "login": lambda value: fields.name(_text(value)),
    "emails": _primary,
    "suspended": _boolean,
    "isSiteAdmin": _boolean,
    "dormant": _boolean,
    "neverActive": _boolean,
    "remoteCreatedAt": _moment,
}
REQUIRED = {ID, "login", "emails", "suspended"}
