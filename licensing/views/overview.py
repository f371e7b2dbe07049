"""The first page of an enterprise: the number, what needs somebody, and the servers with their two clocks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ghconnect.access import PlacedRequest, owner, reader
from ghconnect.models import Enterprise
from ghconnect.queue import send
from ghconnect.templatetags.ghconnect_ui import number
from licensing import attention, bridge, clocks, counted_twice, progress, stores
from licensing.models import CloudPicture, SyncRun
from licensing.usecases import runs

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
    items = attention.shown(enterprise, servers, owner=request.place.is_owner)
    shown = len(items) if "all" in request.GET else SHOWN
    metered = enterprise.contract == Enterprise.Contract.METERED
    context = {
        "bridge": numbers,
        "metered": metered,
        "avoidable": counted_twice.summary(enterprise),
        "bar_words": bar_words(numbers, metered=metered),
        "attention": items[:shown],
        "attention_count": len(items),
        "attention_more": len(items[shown:]),
        "servers": servers,
        "unknown": unknown,
        "reading": bool(enterprise.token) and not numbers.by_github,
        "rows_at": rows_at(enterprise),
        "outgrown": stores.outgrown(),
        "sqlite_accounts": stores.SQLITE_ACCOUNTS,
        "cloud": progress.under_way(SyncRun.objects.filter(enterprise=enterprise, server=None)),
    }
    return render(request, "licensing/overview.html", context)


@owner
@require_POST
def refresh(request: PlacedRequest) -> HttpResponseBase:
    """Ask for GitHub's license report now, and for when it last synced each server."""
    enterprise = request.place.enterprise
    if enterprise.token:
        send("licensing.watch_github", enterprise_id=enterprise.pk)
        runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL, by=request.user)
    else:
        messages.error(request, _("There is no token of the account on GitHub. Add one."))
    return redirect("overview", slug=enterprise.slug)


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
