"""Renewal: what a renewal is talked about with, to print, and as a pack of files."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect import clock
from ghconnect.access import PlacedRequest, reader
from licensing import counted_twice, renewal

from .frame import subtabs


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show it."""
    told = renewal.of(request.place.enterprise)
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "told": told,
        "bridge": told.numbers,
        "method": renewal.method(),
        "avoidable": counted_twice.sum_of(request.place.enterprise, told.avoidable) if told.avoidable else "",
    }
    return render(request, "licensing/renewal.html", context)


@reader
@require_safe
def pack(request: PlacedRequest) -> HttpResponseBase:
    """Send the same as files, in a ZIP with a manifest of hashes."""
    enterprise = request.place.enterprise
    name = f"renewal-{enterprise.slug}-{clock.now(enterprise):%Y-%m-%d}.zip"
    answer = StreamingHttpResponse(renewal.pack(enterprise), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
