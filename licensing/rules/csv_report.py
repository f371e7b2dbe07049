"""User reports of a server as CSV: `all_users.csv`, and what `ghe-user-csv` prints (reference §6.2, §6.3)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from ghconnect.records import ServerAccount

from . import fields
from .bad_file import TRUNCATED, BadFile
from .lines import lines

Row = list[str]
Column = tuple[int, Callable[[str], object]]

# What `ghe-user-csv` calls the column that says whether an account is suspended, in words of its own.
STATUS = "suspension_status"
# By field: the names its column may have, and how it is read. Other columns are dropped here.
COLUMNS: dict[str, tuple[tuple[str, ...], Callable[[str], object]]] = {
    "remote_user_id": (("id",), fields.number),
    "login": (("login",), fields.name),
    "email": (("email",), fields.email),
    "suspended": (("suspended?", "suspended", STATUS), fields.boolean),
    "site_admin": (("role",), fields.admin),
    "dormant": (("dormant?", "dormant"), fields.boolean),
    "never_active": (("last_active",), lambda value: not value.strip()),
    "created_at": (("created_at", "creation_date"), fields.moment),
}


def read_csv(chunks: Iterable[bytes]) -> Iterator[ServerAccount]:
    """Accounts of a report, in its order, each with the columns that are read. Raises BadFile."""
    rows = _rows(chunks)
    line, header = next(rows, (1, []))
    columns = _columns(header)
    seen = fields.SeenIds()
    for line, row in rows:
        if len(row) != len(header):
            raise _wrong_length(rows, line, header, row)
        try:
            account = ServerAccount(*[read(row[at]) for at, read in columns])  # type: ignore[arg-type]
        except ValueError:
            raise _wrong_value(line, header, row, columns) from None
        if not seen.add(account.remote_user_id):
            raise BadFile("duplicate_id", line, header[columns[0][0]], value=account.remote_user_id)
        yield account


def header_of(text: str) -> set[str]:
    """The column names of a first line."""
    return {_plain(name.strip('"')) for name in text.split(_divider(text))}


def _divider(header: str) -> str:
    """What divides the columns: spreadsheets of some languages save semicolons or tabs for commas."""
    return max(",;\t", key=header.count)


def _rows(chunks: Iterable[bytes]) -> Iterator[tuple[int, Row]]:
    """Rows that are not blank, each with the number of its last line."""
    text = lines(chunks)
    header = next(text, "")
    reader = csv.reader(chain([header], text), strict=True, delimiter=_divider(header))
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise BadFile(_problem(str(error)), reader.line_num) from None


def _problem(error: str) -> str:
    if "unexpected end" in error:
        return TRUNCATED
    return "line_too_long" if "field larger" in error else "bad_quotes"


def _plain(name: str) -> str:
    return name.strip().lower()


def _columns(header: Row) -> list[Column]:
    """Where each field is found; a field without a column is not known."""
    names = [_plain(name) for name in header]
    found: list[Column] = []
    for field, (aliases, read) in COLUMNS.items():
        places = [at for at, name in enumerate(names) if name in aliases]
        if len(places) > 1:
            raise BadFile("duplicate_column", 1, aliases[0])
        if not places and field in fields.REQUIRED:
            raise BadFile("missing_column", 1, aliases[0])
        at = places[0] if places else None
        is_status = at is not None and names[at] == STATUS
        found.append((0, _unknown) if at is None else (at, fields.suspended if is_status else read))
    return found


def _unknown(_value: str) -> None:
    return None


def _wrong_length(rows: Iterator[tuple[int, Row]], line: int, header: Row, row: Row) -> BadFile:
    """A short row at the very end is a report that was cut off."""
    if len(row) < len(header) and next(rows, None) is None:
        return BadFile(TRUNCATED, line)
    return BadFile("wrong_columns", line, expected=len(header), got=len(row))


def _wrong_value(line: int, header: Row, row: Row, columns: list[Column]) -> BadFile:
    for at, read in columns:
        try:
            read(row[at])
        except ValueError as error:
            return BadFile(str(error), line, header[at])
    raise AssertionError("the row can be read")
