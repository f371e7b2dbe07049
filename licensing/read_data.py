"""What is read of a report, column by column, and what is kept of one that was read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.db.models.functions import Length

from licensing.models import RunChunk, SyncRun
from licensing.rules.csv_report import COLUMNS
from licensing.rules.fields import FIELDS
from licensing.rules.projection import read_projection
from licensing.usecases import chunks

SAMPLE = 3
# A report as GitHub documents it (reference §6.3), with made-up values.
EXAMPLE = (
    ("created_at", "2024-02-29 09:30:00 UTC"),
    ("id", "17"),
    ("login", "jdoe"),
    ("email", "jane@octo-corp.example"),
    ("role", "user"),
    ("suspended?", "false"),
    ("last_logged_ip", "10.0.4.7"),
    ("repos", "12"),
    ("ssh_keys", "2"),
    ("org_memberships", "3"),
    ("dormant?", "false"),
    ("last_active", "2026-11-20 16:05:12 UTC"),
    ("raw_login", '{"id":17}'),
    ("2fa_enabled?", "true"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report with a made-up value; `field` is what is kept of it, "" for nothing."""

    name: str
    example: str
    field: str
    kept: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of the report of a run: rows of it, compressed size, and until when; no chunks: nothing any more."""

    rows: list[str]
    chunks: int
    size: int
    until: datetime | None


def columns() -> list[Column]:
    """Return the columns of a report in its order."""
    by_name = {name: field for field, (names, _read) in COLUMNS.items() for name in names}
    return [
        Column(name, value, by_name.get(name, ""), _kept(by_name.get(name, ""), value))
        for name, value in EXAMPLE
    ]


def _kept(field: str, value: str) -> str:
    """The value as it is kept: of two columns only a yes or no."""
    if field in ("never_active", "site_admin"):
        return "false"
    return value if field else ""


def kept(run: SyncRun) -> Kept:
    """Return what is kept of a run's report, the first rows of it as they are kept."""
    found = RunChunk.objects.filter(run=run).aggregate(
        n=Count("pk"), size=Sum(Length("data")), at=Min("created_at")
    )
    until = found["at"] + timedelta(days=settings.GHCONNECT_KEEP_PAYLOADS_DAYS) if found["at"] else None
    rows = _rows(run) if found["n"] else []
    return Kept(rows, found["n"], found["size"] or 0, until)


def _rows(run: SyncRun) -> list[str]:
    """The first rows as text, those of a server below the names of the fields."""
    if run.server_id is None:
        return [
            json.dumps(json.loads(line), ensure_ascii=False) for line in islice(chunks.lines(run), SAMPLE)
        ]
    accounts = list(islice(read_projection(chunks.read(run)), SAMPLE))
    return [",".join(FIELDS), *(",".join(_said(getattr(one, name)) for name in FIELDS) for one in accounts)]


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
