"""License history: who held a license on any past day, with the totals of that day."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, reader
from licensing import as_of

from .frame import subtabs

# Excel takes a CSV for UTF-8 only when it begins so.
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
ENDINGS = ("csv", "json")


def _shown(request: PlacedRequest) -> as_of.Day:
    enterprise = request.place.enterprise
    text = request.GET.get("as_of", "") or request.GET.get("date", "")
    return as_of.of(enterprise, as_of.read_day(enterprise, text))


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show the totals of a day and a page of the people who held a license then."""
    enterprise, shown = request.place.enterprise, _shown(request)
    found = None
    if shown.edition:
        found = paging.of(request, as_of.people(enterprise, shown.edition), "sort", "id")
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "shown": shown,
        "page": found,
        "holders": as_of.holders(shown.edition, found.rows) if shown.edition and found else [],
    }
    return render(request, "licensing/history.html", context)


@reader
@require_safe
def export(request: PlacedRequest, ending: str) -> HttpResponseBase:
    """Stream the same as CSV or JSON."""
    if ending not in ENDINGS:
        raise Http404
    return stream(request, ending)


def stream(request: PlacedRequest, ending: str) -> HttpResponseBase:
    """Give the list of the day that is asked for away as CSV or JSON."""
    enterprise, shown = request.place.enterprise, _shown(request)
    write, kind = (as_of.as_csv, "text/csv") if ending == "csv" else (as_of.as_json, "application/json")
    lines = write(enterprise, shown)
    answer = StreamingHttpResponse(
        _marked(lines) if ending == "csv" else lines, content_type=f"{kind}; charset=utf-8"
    )
    name = f"consumed-licenses-{enterprise.slug}-{shown.day.isoformat()}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _marked(lines: Iterator[str]) -> Iterator[str]:
    yield MARK
    yield from lines
