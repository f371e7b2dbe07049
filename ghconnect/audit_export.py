"""The audit log as CSV and JSON, streamed in the order of the events, memory does not grow with them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO

from ghconnect.models import AuditEvent
from ghconnect.models.audit import AuditEventQuerySet

BATCH = 1000
COLUMNS = (
    *("id", "@timestamp", "created_at", "action", "actor", "actor_ip"),
    *("business", "subject", "request_id"),
)
# What spreadsheets take for a formula (OWASP, CSV injection); subjects are names that people gave.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_json(events: AuditEventQuerySet, slug: str) -> Iterator[str]:
    """Yield one JSON array with the field names of GitHub's audit log; a file without its end was cut off."""
    begin = "[\n"
    for event in _walk(events):
        yield begin + json.dumps(event.facts(slug), ensure_ascii=False)
        begin = ",\n"
    yield "[]\n" if begin == "[\n" else "\n]\n"


def as_csv(events: AuditEventQuerySet, slug: str) -> Iterator[str]:
    """Yield a header, a line per event, and at the end how many they are."""
    yield _line([*COLUMNS, "data"])
    count = 0
    for event in _walk(events):
        facts = event.facts(slug)
        yield _line([*(facts[name] for name in COLUMNS), json.dumps(facts["data"], ensure_ascii=False)])
        count += 1
    yield _line([f"# {count} events"])


def _walk(events: AuditEventQuerySet) -> Iterator[AuditEvent]:
    after = 0
    while found := list(events.filter(pk__gt=after).order_by("pk")[:BATCH]):
        yield from found
        after = found[-1].pk


def _line(cells: list[object]) -> str:
    text = StringIO()
    csv.writer(text).writerow(
        f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells
    )
    return text.getvalue()
