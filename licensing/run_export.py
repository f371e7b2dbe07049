"""What one run changed, as CSV: whose each account is and was, with the reason."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from licensing.models import RunChange, SyncRun

from . import diffs, exports
from .license_records import batches

BATCH = 500
COLUMNS = (
    "change",
    "server",
    "id",
    "login",
    "email",
    "email_before",
    "person",
    "person_before",
    "what",
    "reason",
    "license",
    "person_id",
    "person_before_id",
)


def file_name(run: SyncRun) -> str:
    """Return `license-sync-octo-corp-ghe-tokyo-12.csv`; of a reading of GitHub's report, `github` for the server."""
    subject = run.server.short_name if run.server else "github"
    return f"license-sync-{run.enterprise.slug}-{subject}-{run.number}.csv"


def lines(run: SyncRun) -> Iterator[str]:
    """Yield a header and a line per change, in memory that does not grow with them."""
    yield "\N{ZERO WIDTH NO-BREAK SPACE}" + ",".join(COLUMNS) + "\r\n"
    rows = RunChange.objects.filter(run=run).order_by("kind", "id").iterator(BATCH)
    for some in batches(rows, BATCH):
        text = StringIO()
        writer = csv.writer(text)
        for row, change in zip(some, diffs.changed(run, some), strict=True):
            writer.writerow([exports.safe(cell) for cell in _cells(row, change)])
        yield text.getvalue()


def _cells(row: RunChange, change: diffs.Changed) -> list[str]:
    account = change.account
    return [
        row.kind,
        account.server.host if account else "",
        str(account.remote_user_id) if account else "",
        change.login,
        account.email if account else "",
        change.was,
        change.person.name if change.person else "",
        change.before.name if change.before else "",
        change.what,
        row.reason,
        {1: "added", -1: "released"}.get(row.license, ""),
        str(change.person.pk) if change.person else "",
        str(change.before.pk) if change.before else "",
    ]
