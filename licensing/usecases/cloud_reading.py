"""One read of GitHub's side that goes on where it stopped: after a pause, or after its worker's death.

What was read is kept as chunks of the run, page by page, with the place of the next page beside them, in one
transaction and through the fence: a worker that lost its run adds nothing. At 5,000 requests an hour a large
enterprise takes several hours' windows; each page is asked for about once.

**What makes a continued reading complete.** The report is pages of a list that may shift between two requests, and a
pause is only a longer time between them. So the page that was kept last is asked for once more: while it has the same
rows in the same order, nothing before it came or went alone. Together with what holds for every reading (the totals of
each page are those of the first, no row comes twice, the last page is that of `rel=last`) it is whole. A continued
reading of which any of this is not so has *moved*, and the rule for drifting reads stands: it may add and change, and
what it lacks goes only if the next read lacks it too (ENGINEERING §17). Lists of GraphQL are asked by cursor: the next
page begins behind the last entry, wherever that stands by now.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ghconnect import faults
from ghconnect.records import LicensePage, LicenseRow
from licensing.models import SyncRun
from licensing.rules.managed import Tally

from . import chunks, runs

# So many pages are kept together; a worker that is killed loses fewer.
TOGETHER = 25
# After so long without a page a report is another one: read it from its start.
TOO_OLD = timedelta(hours=24)
# What took longer moves again while it is read again.
LONG = timedelta(hours=1)
ROW = b'["row"'
NOT_KEPT = ("keys", "managed")


@dataclass(slots=True)
class Reading:
    """What one read of the report found so far.

    `first` are GitHub's consumed and purchased on page 1, `newest` those of the page read last. The next page is the
    one after `at` of `part`; `border` is the hash of the keys of the report's page that was read last. `told` is what
    was noted beside the lines, `again` how often it was read before.
    """

    upload: str
    began: str
    kept_at: str = ""
    again: int = 0
    part: str = "report"
    at: Any = None
    border: str = ""
    pieces: int = 0
    first: list[int] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)
    pages: int = 0
    last: int = 1
    moved: bool = False
    told: dict[str, Any] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    managed: Tally = field(default_factory=Tally)

    def note(self, page: LicensePage) -> None:
        """Take in the next page of the report."""
        keys = [row_key(row) for row in page.rows]
        self._totals(page)
        self.moved |= len(set(keys)) < len(keys) or not self.keys.isdisjoint(keys)
        self.take(page.rows)
        self.border, self.pages = _hash(keys), page.number

    def meet(self, page: LicensePage) -> list[LicenseRow]:
        """Compare the page kept last with how it is now; returns rows of it that were not read before."""
        self._totals(page)
        self.moved |= _hash([row_key(row) for row in page.rows]) != self.border
        new = [row for row in page.rows if row_key(row) not in self.keys]
        self.take(new)
        return new

    def _totals(self, page: LicensePage) -> None:
        totals = [page.total_seats_consumed, page.total_seats_purchased]
        self.first = self.first or totals
        self.moved |= totals != self.first
        self.newest = totals
        self.last = max(self.last, page.last)

    def take(self, rows: Iterable[LicenseRow]) -> None:
        """Count rows as read."""
        for row in rows:
            self.keys.add(row_key(row))
            self.managed.note(row)

    @property
    def count(self) -> list[int]:
        """GitHub's count, consumed and purchased: of page 1, unless that was long ago."""
        return self.newest if self.is_long else self.first

    @property
    def is_long(self) -> bool:
        """Whether it took so long that reading it again is no help."""
        return timezone.now() - datetime.fromisoformat(self.began) > LONG


def new(again: int = 0) -> Reading:
    """Begin at the first page."""
    return Reading(upload=str(uuid.uuid4()), began=timezone.now().isoformat(), again=again)


def of(run: SyncRun) -> Reading:
    """Return the run's reading as it was kept, else a new one."""
    if run.reading is None:
        return new()
    kept = Reading(**run.reading)
    if timezone.now() - datetime.fromisoformat(kept.kept_at) > TOO_OLD:
        return new(kept.again)
    for line in chunks.lines(run):
        if line.startswith(ROW):
            kept.take([record(json.loads(line)[1])])
    return kept


class Keeper:
    """Gathers what a reading brings, and keeps it with the place of the next page."""

    def __init__(self, run: SyncRun, reading: Reading) -> None:
        self.run, self.reading = run, reading
        self._lines: list[bytes] = []
        self._pages = 0

    def add(self, lines: Iterable[bytes], part: str, at: Any) -> None:
        """Take one page's lines; `at` is where the part goes on after it."""
        self._lines += lines
        self.reading.part, self.reading.at = part, at
        self._pages += 1
        if self._pages >= TOGETHER or sum(map(len, self._lines)) >= chunks.PLAIN_BYTES:
            self.keep()

    def keep(self) -> None:
        """Keep what came since; raises LostRun. A run that gets on has not failed, nor killed its worker."""
        if not self._pages:
            return
        with transaction.atomic():
            self.write()
            runs.save(self.run, reading=self._kept(), failures=0, takeovers=0)
            chunks.drop(self.run, but=uuid.UUID(self.reading.upload))
        faults.at("fetch:kept")
        self._lines, self._pages = [], 0

    def write(self) -> None:
        """Write the chunk of what came since; called in the transaction that says what it is part of."""
        if self._lines:
            upload = uuid.UUID(self.reading.upload)
            chunks.keep(self._lines, self.reading.pieces, upload, run=self.run)
            self.reading.pieces += 1

    def _kept(self) -> dict[str, Any]:
        self.reading.kept_at = timezone.now().isoformat()
        names = (each.name for each in fields(Reading) if each.name not in NOT_KEPT)
        return {name: getattr(self.reading, name) for name in names}


def row_key(row: LicenseRow) -> str:
    """What tells one row from the others: the cloud login, else its `host:id` set, else all that it says."""
    if row.github_com_login:
        return row.github_com_login.lower()
    ids = sorted(value.lower() for value in row.enterprise_server_user_ids)
    key = " ".join(ids) or json.dumps(asdict(row), sort_keys=True)
    return f"#{key}" if ids and len(key) < 390 else f"#{hashlib.sha256(key.encode()).hexdigest()}"


def record(facts: dict[str, Any]) -> LicenseRow:
    """Return a row from the JSON of its fields."""
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in facts.items()}
    return LicenseRow(**values)


def _hash(keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()
