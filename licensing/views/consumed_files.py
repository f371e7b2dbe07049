"""Consumed licenses as files: CSV, JSON and XLSX of whatever the page lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect import clock
from ghconnect.access import PlacedRequest, reader
from licensing import bridge, exports, workbook

from . import history
from .consumed import asked_of, unknown_words
from .history import MARK

__all__ = ["MARK", "consumed_csv", "consumed_json", "consumed_xlsx"]


@reader
@require_safe
def consumed_csv(request: PlacedRequest) -> HttpResponseBase:
    """Stream the list as CSV (reference §5.2)."""
    return _stream(request, exports.as_csv, "csv", "text/csv; charset=utf-8", MARK)


@reader
@require_safe
def consumed_xlsx(request: PlacedRequest) -> HttpResponseBase:
    """Stream the list as a workbook."""
    return _stream(request, workbook.as_xlsx, "xlsx", workbook.CONTENT_TYPE, "")


@reader
@require_safe
def consumed_json(request: PlacedRequest) -> HttpResponseBase:
    """Stream the list as JSON (reference §5.3)."""
    return _stream(request, exports.as_json, "json", "application/json", "")


def _stream(
    request: PlacedRequest,
    write: Callable[[exports.Export], Iterator[str | bytes]],
    ending: str,
    content_type: str,
    mark: str,
) -> HttpResponseBase:
    """A file is never of another list than was asked for: with a word nobody knows there is none."""
    if request.GET.get("as_of"):
        return _of_a_day(request, ending)
    enterprise = request.place.enterprise
    asked = asked_of(request, by_github=bridge.of(enterprise, changes=False).by_github)
    if asked.query.unknown:
        return HttpResponse(unknown_words(asked.query), status=400, content_type="text/plain; charset=utf-8")
    export = exports.Export(enterprise, asked.view, asked.query, asked.typed)
    name = export.file_name(ending, clock.now(enterprise))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_marked(mark, write(export)), content_type=content_type, headers=headers)


def _of_a_day(request: PlacedRequest, ending: str) -> HttpResponseBase:
    """The list of a past day: whole, and with that day's totals; only what was stored then can be told of it."""
    if ending in history.ENDINGS and not request.GET.get("q") and not request.GET.get("view"):
        return history.stream(request, ending)
    words = _("Of a past day there is the whole list alone, as CSV and JSON: leave out q and view.")
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def _marked(mark: str, parts: Iterator[str | bytes]) -> Iterator[str | bytes]:
    if mark:
        yield mark
    yield from parts
