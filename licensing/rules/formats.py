"""The formats of files that are read: which one a file is, what it knows, and its accounts one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ghconnect.records import ServerAccount

from . import fields, other_files
from .bad_file import ENCRYPTED, BadFile
from .csv_report import STATUS, header_of, read_csv
from .file_facts import EXPORT_LABELS, ExportFacts, export_facts, label_of
from .json_text import JsonText
from .json_usage import ID, USERS, head_facts, read_json, read_ndjson
from .lines import without_mark
from .projection import projected, read_projection, write_projection

__all__ = [
    "FORMATS",
    "HEAD",
    "BadFile",
    "ExportFacts",
    "Format",
    "export_facts",
    "facts",
    "projected",
    "read",
    "read_projection",
    "recognise",
    "write_projection",
]

# As many bytes of a file's beginning are enough to recognise it.
HEAD = 1 << 16

# Columns of the site-admin reports, which the output of ghe-user-csv does not have.
REPORT = {"dormant?", "last_active"}
# Reports with the same columns that list only some of the users.
PARTIAL = ("active_users", "dormant_users", "suspended_users")


@dataclass(frozen=True, slots=True)
class Format:
    """`fields` are those of records.ServerAccount it knows; `whole`: whoever it does not list is gone."""

    key: str
    fields: frozenset[str]
    whole: bool


ALL = frozenset(fields.FIELDS)
FORMATS = {
    one.key: one
    for one in (
        Format("all_users_csv", ALL, True),
        Format("ghe_user_csv", frozenset({*fields.REQUIRED, "site_admin", "created_at"}), True),
        Format("console_json", ALL, True),
        Format("console_ndjson", ALL, True),
        Format("license_export", frozenset(), False),
    )
}
READERS: dict[str, Callable[[Iterable[bytes]], Iterator[ServerAccount]]] = {
    "all_users_csv": read_csv,
    "ghe_user_csv": read_csv,
    "console_json": read_json,
    "console_ndjson": read_ndjson,
}


def read(format: Format, chunks: Iterable[bytes]) -> Iterator[ServerAccount]:
    """The accounts of a file in its order, in bounded memory. Raises BadFile, at the latest at its end."""
    if format.key not in READERS:
        raise BadFile(ENCRYPTED)
    return READERS[format.key](chunks)


def facts(format: Format, head: bytes) -> ExportFacts:
    """What a file says of its server and its time; a report in CSV says nothing. Raises BadFile."""
    return head_facts(head) if format.key in {"console_json", "console_ndjson"} else ExportFacts()


def recognise(first_bytes: bytes, name: str = "") -> Format:
    """The format of a file by its first HEAD bytes; its name tells only which report. Raises BadFile."""
    head = b"".join(without_mark([first_bytes]))
    if not head.strip():
        raise BadFile("empty_file")
    if head.lstrip()[:1] == b"{":
        return FORMATS[_json(head)]
    if problem := other_files.by_bytes(first_bytes, name):
        raise BadFile(problem)
    header = header_of(head.split(b"\n")[0].decode(errors="replace").strip())
    if problem := other_files.by_header(header):
        raise BadFile(problem, 1)
    if not header & {"id", "login", "email"}:
        raise BadFile("unknown_format", 1)
    if "id" not in header and header & {STATUS, "ssh_keys"} and not header & REPORT:
        raise BadFile("no_ids", 1)
    if name.lower().replace("\\", "/").split("/")[-1].startswith(PARTIAL):
        raise BadFile("partial_list")
    return FORMATS["all_users_csv" if header & REPORT else "ghe_user_csv"]


def _json(head: bytes) -> str:
    """An export names its facts by labels we know; ours holds accounts, listed in it or one a line."""
    keys, users = _first_keys(head)
    if other_files.by_keys(keys) == "license_report":
        raise BadFile("license_report")
    if users == "list":
        return "console_json"
    if ID in keys:
        return "console_ndjson"
    if users or len({label_of(key) for key in keys} & EXPORT_LABELS) >= 3:
        return "license_export"
    raise BadFile(other_files.by_keys(keys) or "unknown_format", 1)


def _first_keys(head: bytes) -> tuple[set[str], str]:
    """The keys of the first objects, up to an account or `users`, and whether that is a list of objects."""
    text, keys = JsonText([head.decode(errors="replace").encode()]), set[str]()
    with suppress(BadFile):  # the head may end anywhere
        while text.peek() and ID not in keys:
            for key in text.keys():  # noqa: SIM118
                keys.add(key)
                if key == USERS:
                    return keys, "list" if text.take("[") and text.peek() in {"{", "]", ""} else "other"
                text.skip()
    return keys, ""
