"""GitHub's own syncs of a server: what GitHub said, when, and the rhythm learnt from it."""

from __future__ import annotations

import csv

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect import clock
from ghconnect.access import PlacedRequest, reader
from ghconnect.views.here import server_of
from licensing import clocks, exports, github_history
from licensing.rules import states


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show the history of one server, newest first."""
    server = server_of(request)
    both = clocks.one(server)
    synced = both.github.at if both.github.key.startswith(("synced", "uploaded")) else None
    context = {
        "clocks": both,
        "usual": github_history.days(both.cadence),
        "learnt": both.cadence != states.WEEK,
        "late_from": synced + both.cadence + states.DAY if synced else None,
        "page": github_history.page(request, server),
        "tab": "license",
    }
    return render(request, "licensing/github_syncs.html", context)


@reader
@require_safe
def as_csv(request: PlacedRequest) -> HttpResponseBase:
    """Give the whole history; times in UTC."""
    server = server_of(request)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{server.short_name}-github-syncs-{clock.now(server.enterprise):%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(answer).writerows(
        [exports.safe(cell) if isinstance(cell, str) else cell for cell in row]
        for row in github_history.lines(server)
    )
    return answer
