"""The first page of an enterprise: the number, what needs somebody, and the servers with their two clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import attention, bridge, clocks
from licensing.models import CloudPicture

SHOWN = 5


@reader
@require_safe
def overview(request: PlacedRequest) -> HttpResponseBase:
    """Show the overview, or on day one what to do first."""
    enterprise = request.place.enterprise
    servers, unknown = clocks.of(enterprise), clocks.known_to_github_only(enterprise)
    numbers = bridge.of(enterprise)
    if not servers and not enterprise.token and not numbers.edition:
        return render(request, "licensing/day_one.html")
    items = attention.of(enterprise, servers, unknown, numbers, owner=request.place.is_owner)
    shown = len(items) if "all" in request.GET else SHOWN
    metered = enterprise.contract == Enterprise.Contract.METERED
    context = {
        "bridge": numbers,
        "metered": metered,
        "bar_words": bar_words(numbers, metered=metered),
        "attention": items[:shown],
        "attention_count": len(items),
        "attention_more": len(items[shown:]),
        "servers": servers,
        "unknown": unknown,
        "reading": bool(enterprise.token) and not numbers.by_github,
        "rows_at": rows_at(enterprise),
    }
    return render(request, "licensing/overview.html", context)


def bar_words(numbers: bridge.BridgeView, *, metered: bool) -> str:
    """Say what the bar shows."""
    if numbers.purchased is not None and not metered:
        words = _("{n} of {m} licenses consumed")
        return words.format(n=number(numbers.headline), m=number(numbers.purchased))
    words = ngettext("{n} license consumed", "{n} licenses consumed", numbers.headline)
    return words.format(n=number(numbers.headline))


def rows_at(enterprise: Enterprise) -> datetime | None:
    """Return the time of GitHub's list of people where it is older than its count: then both are said."""
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    if cloud is None or cloud.counted_at is None or cloud.rows_at is None:
        return None
    return cloud.rows_at if cloud.counted_at - cloud.rows_at > timedelta(hours=1) else None
