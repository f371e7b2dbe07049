"""Counted twice: licenses that could probably be avoided, as a page and as CSV. A list, never subtracted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect import clock, paging
from ghconnect.access import PlacedRequest, overseer
from ghconnect.paging import Cursor
from licensing import avoidable, counted_twice, exports
from licensing.rules.avoidable import Candidate

from .consumed_files import MARK
from .frame import subtabs

COLUMNS = (
    "who",
    "login",
    "servers",
    "reason",
    "what_to_do",
    "who_does_it",
    "email_now",
    "email_to_make_primary",
    "licenses",
    "cost_a_year",
    "currency",
    "state",
    "message",
)


@overseer
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show candidates with their fix, then fixes under way and those GitHub has confirmed."""
    enterprise = request.place.enterprise
    found = avoidable.of(enterprise)
    shown = _page(request, _sorted(found.candidates))
    items = counted_twice.items(enterprise, [one for _place, one in shown.rows], sender=sender(request))
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "found": found,
        "sum": counted_twice.sum_words(found),
        "page": shown,
        "items": list(items),
        "under_way": counted_twice.under_way(enterprise),
        "closed": counted_twice.closed(enterprise),
    }
    return render(request, "licensing/counted_twice.html", context)


def sender(request: PlacedRequest) -> str:
    """Who signs the message."""
    return request.user.name or request.user.login


def _sorted(found: list[Candidate]) -> list[Candidate]:
    """Most licenses first; those that end by themselves last."""
    return sorted(found, key=lambda one: (one.temporary, -len(one.extra)))


def _page(request: PlacedRequest, found: list[Candidate]) -> paging.Page[tuple[int, Candidate]]:
    rows = list(enumerate(found))

    def fetch(cursor: Cursor | None, limit: int) -> list[tuple[int, Candidate]]:
        if cursor is None:
            return rows[:limit]
        at = max(0, int(str(cursor.values[0])))
        return rows[:at][::-1][:limit] if cursor.back else rows[at + 1 :][:limit]

    return paging.assemble(request, fetch, lambda row: (row[0],), kinds=(int,))


@overseer
@require_safe
def as_csv(request: PlacedRequest) -> HttpResponseBase:
    """Stream all of it, for a mail merge; no cell is taken for a formula."""
    enterprise = request.place.enterprise
    name = f"counted-twice-{enterprise.slug}-{clock.now(enterprise):%Y-%m-%d}.csv"
    items = counted_twice.items(
        enterprise, _sorted(avoidable.of(enterprise).candidates), sender=sender(request)
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_lines(items), content_type="text/csv; charset=utf-8", headers=headers)


def _lines(items: Iterator[counted_twice.Item]) -> Iterator[str]:
    yield MARK + ",".join(COLUMNS) + "\r\n"
    for item in items:
        text = StringIO()
        csv.writer(text).writerow([exports.safe(value) for value in _cells(item)])
        yield text.getvalue()


def _cells(item: counted_twice.Item) -> list[str]:
    cost = "" if item.cents_a_year is None else f"{item.cents_a_year / 100:.2f}"
    message = item.messages[0][1] if item.messages else ""
    return [
        item.who,
        item.login,
        item.host,
        item.cause,
        item.fix,
        item.actor,
        item.before,
        item.after,
        str(item.licenses),
        cost,
        item.currency if cost else "",
        item.state,
        message,
    ]
