"""GitHub Connect of the enterprise: the list of all servers, this console's clock beside GitHub's."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect.access import PlacedRequest, reader
from licensing import bridge, clocks, health


@reader
@require_safe
def fleet(request: PlacedRequest) -> HttpResponseBase:
    """List all servers, and those GitHub knows and this console does not."""
    enterprise = request.place.enterprise
    servers = clocks.of(enterprise)
    strips = health.strips(each.server for each in servers)
    context = {
        "servers": servers,
        "strips": strips,
        "unknown": clocks.known_to_github_only(enterprise),
        "times": bridge.of(enterprise, changes=False),
    }
    return render(request, "licensing/fleet.html", context)
