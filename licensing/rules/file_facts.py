"""What a file says of its server, not of people: our JSON and the genuine export (reference §6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from . import fields
from .json_text import JsonText

# Only labels of the export are public, not its keys or their nesting: compared without case and punctuation.
EXPORT_LABELS = {"features", "hostname", "httponly", "license", "publickey", "serverid", "version"}
_DATES = {"observedat", "exportedat", "generatedat", "createdat", "date", "timestamp"}


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """Host, server id and version as the file gives them, "" where it does not, and the time it is of."""

    host: str = ""
    server_id: str = ""
    version: str = ""
    at: datetime | None = None


def export_facts(chunks: Iterable[bytes]) -> ExportFacts:
    """The facts of a JSON file of any length; its users, encrypted or not, are read past. Raises BadFile."""
    found: dict[str, str] = {}
    for label, value in _pairs(JsonText(chunks)):
        found.setdefault(label, value)
    at = next((found[label] for label in sorted(_DATES & found.keys())), "")
    return ExportFacts(
        host=found.get("hostname", ""),
        server_id=found.get("serverid", ""),
        version=found.get("version", ""),
        at=_moment(at),
    )


def label_of(key: str) -> str:
    """A key as its label: "server_id", "serverId" and "Server ID" are one."""
    return re.sub("[^a-z0-9]", "", key.lower())


def _pairs(text: JsonText) -> Iterator[tuple[str, str]]:
    """Labels and texts of an object and of the objects in it."""
    for key in text.keys():  # noqa: SIM118
        label = label_of(key)
        if text.peek() == "{":
            yield from _pairs(text)
        elif text.peek() == '"' and label in {"hostname", "serverid", "version", *_DATES}:
            yield label, str(text.value())
        else:
            text.skip()


def _moment(value: str) -> datetime | None:
    try:
        return fields.moment(value)
    except ValueError:
        return None
