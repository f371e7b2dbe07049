"""Consumed licenses as GitHub gives them away, CSV (reference §5.2) and JSON (reference §5.3), with our columns beside.

Streamed from one moment of the database, in memory that does not grow with the people. Every file says at its
end how many licenses it holds: one without that line was cut off.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from licensing.models.bulk.snapshot import snapshot

from . import bridge, licenses
from .license_records import BATCH, COLUMNS, GITHUB_FIELDS, Export, Record, batches, iso, records

__all__ = ["COLUMNS", "FORMULA", "GITHUB_FIELDS", "Export", "as_csv", "as_json", "iso", "safe"]

# What spreadsheets take for a formula, also in the wide forms of East Asian keyboards (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BEGINS = frozenset(FORMULA)  # one look for the first character instead of eleven


def as_csv(export: Export) -> Iterator[str]:
    """Yield the CSV: a header, a line per license, and at the end a line with the count and both times."""
    writer = csv.writer(lines := _Lines())
    writer.writerow(header for _, header in COLUMNS)
    names, count = [name for name, _ in COLUMNS], 0
    with snapshot():
        view = bridge.of(export.enterprise)
        for batch in batches(records(export), BATCH):
            writer.writerows([_cell(record[name]) if name else "" for name in names] for record in batch)
            count += len(batch)
            yield lines.take()
    writer.writerow([_last_line(export, view, count), *[""] * (len(COLUMNS) - 1)])
    yield lines.take()


def as_json(export: Export) -> Iterator[str]:
    """Yield the JSON of GitHub's `consumed-licenses`, with `console` at its head and `users_listed` at its end."""
    count = 0
    with snapshot():
        yield (
            json.dumps(_head(export, bridge.of(export.enterprise)), ensure_ascii=False)[:-1] + ', "users": ['
        )
        for batch in batches(records(export), BATCH):
            text = ",\n".join(json.dumps(record, ensure_ascii=False) for record in batch)
            yield (",\n" if count else "\n") + text
            count += len(batch)
    yield f'\n], "users_listed": {count}}}\n'


def csv_text(table: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield any table of texts as CSV, safe as the license report is."""
    writer = csv.writer(lines := _Lines())
    for row in table:
        writer.writerow([safe(cell) for cell in row])
        yield lines.take()


class _Lines:
    """Collects what a csv writer writes until it is taken."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def write(self, text: str) -> None:
        self._text.append(text)

    def take(self) -> str:
        text, self._text = "".join(self._text), []
        return text


def _cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in _BEGINS else value
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe(",".join(value)) if isinstance(value, list) else value


def safe(text: str) -> str:
    """Put ' before what a spreadsheet would take for a formula."""
    return f"'{text}" if text[:1] in _BEGINS else text


def _last_line(export: Export, view: bridge.BridgeView, count: int) -> str:
    told = facts(export, view)
    asof = told.pop("as_of")
    said = told | {"github_as_of": asof["github"], "console_as_of": asof["console"]}
    of = "people without a license" if export.view == licenses.FREE else "licenses"
    return f"# {count} {of}; " + "; ".join(f"{name}={value}" for name, value in said.items() if value != "")


def _head(export: Export, view: bridge.BridgeView) -> Record:
    return {
        "total_seats_consumed": view.counted,
        "total_seats_purchased": view.purchased,
        "console": facts(export, view),
    }


def facts(export: Export, view: bridge.BridgeView) -> Record:
    """Return what the licenses are of: enterprise, view, edition, the counts beside each other, and both times."""
    return {
        "enterprise": export.enterprise.slug,
        "view": export.view,
        "query": export.typed,
        "edition": view.edition,
        "counted_by_github": "" if view.counted is None else view.counted,
        "expected": view.expected,
        "not_explained": view.unexplained,
        "as_of": {"github": iso(view.counted_at), "console": iso(view.console_at)},
    }
