"""The compact form in which the read fields of a file are kept: CSV of them alone, one line an account.

The address stands there with its key, and all values as a database takes them, so that staging decides nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from ghconnect.records import ServerAccount

from .lines import lines
from .normalise import email_key

BLOCK = 1 << 18
COLUMNS = 9
_WRITTEN = {True: "1", False: "0", None: ""}
_READ = {written: value for value, written in _WRITTEN.items()}


def write_projection(accounts: Iterable[ServerAccount]) -> Iterator[bytes]:
    """Whole lines in blocks of about 256 KiB."""
    block = io.StringIO()
    write = csv.writer(block, lineterminator="\r\n").writerow
    for account in accounts:
        write(_values(account))
        if block.tell() >= BLOCK:
            yield block.getvalue().encode()
            block.seek(0)
            block.truncate()
    if block.tell():
        yield block.getvalue().encode()


def projected(chunks: Iterable[bytes]) -> Iterator[list[str]]:
    """The columns that were written, as text, wherever the bytes are divided; "" is what the source does not know.

    They are: id, login, email, its key, site admin, suspended, dormant, never active ("1" or "0"), created at (UTC).
    """
    for row in csv.reader(lines(chunks)):
        yield row if len(row) == COLUMNS else _earlier(row)


def _earlier(row: list[str]) -> list[str]:
    """A line of the form without key, in which reports were kept before: they stay for as long as they are kept."""
    one, login, email, suspended, admin, dormant, never, created = row
    return [one, login, email, email_key(email), admin, suspended, dormant, never, created.replace("T", " ")]


def read_projection(chunks: Iterable[bytes]) -> Iterator[ServerAccount]:
    """The accounts that were written, wherever the bytes are divided."""
    for one, login, email, _key, admin, suspended, dormant, never, created in projected(chunks):
        yield ServerAccount(
            int(one),
            login,
            email,
            suspended == "1",
            _READ[admin],
            _READ[dormant],
            _READ[never],
            datetime.fromisoformat(created) if created else None,
        )


def _values(account: ServerAccount) -> tuple[int | str, ...]:
    return (
        account.remote_user_id,
        account.login,
        account.email,
        email_key(account.email),
        _WRITTEN[account.site_admin],
        _WRITTEN[account.suspended],
        _WRITTEN[account.dormant],
        _WRITTEN[account.never_active],
        account.created_at.isoformat(" ") if account.created_at else "",
    )
