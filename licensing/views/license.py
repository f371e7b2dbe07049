"""License page of a server: its licenses, its sync, and the door to "Sync now"."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ghconnect import clock
from ghconnect.access import Place, PlacedRequest, owner, reader
from ghconnect.models import Server
from ghconnect.templatetags import ghconnect_ui as ui
from licensing import bridge, clocks, health, looking, progress, showing
from licensing.models import SyncRun
from licensing.usecases import runs

RECENT = 6


@reader
@require_safe
def server_license(request: PlacedRequest) -> HttpResponseBase:
    """Show the licenses of a server, its sync and the last runs."""
    return render(request, "licensing/license.html", _page(request))


@reader
@require_safe
def server_progress(request: PlacedRequest) -> HttpResponseBase:
    """Give the sync section again for a page that watches a run; everything it changes, when that is over."""
    context = _moving(request)
    if context["progress"] is None:
        context = _page(request)
    return render(request, "licensing/_license_progress.html", context)


@owner
@require_POST
def server_sync_now(request: PlacedRequest) -> HttpResponseBase:
    """Ask for a sync, or for the one under way; the gate may refuse."""
    server = _server(request.place)
    if server.way_in != Server.WayIn.PULL:
        messages.error(request, _("This console does not read this server. Add its file instead."))
    else:
        try:
            runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL, by=request.user)
        except runs.GateClosed as closed:
            messages.error(request, refusal(closed.reason))
    return redirect("server_license", slug=request.place.enterprise.slug, host=server.host)


def refusal(reason: str) -> str:
    """Say why the gate is closed, by `GateClosed.reason`."""
    if reason == "connect_off":
        return _("Enable GitHub Connect first.")
    return _("Set license sync to Enabled first.")


def _server(place: Place) -> Server:
    assert place.server is not None
    return place.server


def _moving(request: PlacedRequest) -> dict[str, Any]:
    """What the sync section needs while a run is under way: asked for every second or two, so no more than that."""
    place = request.place
    server = _server(place)
    both = clocks.one(server)
    url = reverse("server_progress", kwargs={"slug": place.enterprise.slug, "host": server.host})
    under_way = progress.under_way(SyncRun.objects.filter(server=server))
    return {
        "clocks": both,
        "progress": under_way,
        "control": _control(place, both),
        "look": looking.again(request, url, under_way),
    }


def _page(request: PlacedRequest) -> dict[str, Any]:
    place = request.place
    server, now = _server(place), clock.now(place.enterprise)
    moving = _moving(request)
    both = moving["clocks"]
    return {
        **moving,
        "facts": _sync_facts(both, now),
        "data_at": clocks.data_of(both.picture),
        "own": _own_license(server, now),
        "total": bridge.of(place.enterprise, changes=False),
        "strip": health.strips([server])[server.pk],
        "recent": [showing.line(run) for run in _recent(server)],
    }


def _recent(server: Server) -> list[SyncRun]:
    rows = SyncRun.objects.filter(server=server).select_related("server", "enterprise")
    return list(rows.order_by("-number")[:RECENT])


def _control(place: Place, both: clocks.Clocks) -> dict[str, Any]:
    """Say what stands for "Sync now": the button, or why it cannot be pressed, or the way to add a file."""
    if both.server.way_in != Server.WayIn.PULL:
        return {"upload": True, "push": both.server.way_in == Server.WayIn.PUSH}
    if not both.connected:
        return {"refused": refusal("connect_off")}
    if not both.enabled:
        return {"refused": refusal("sync_disabled")}
    return {"busy": both.open is not None and both.open.state != SyncRun.State.WAITING}


def _sync_facts(both: clocks.Clocks, now: datetime) -> list[tuple[str, str]]:
    picture, due = both.picture, getattr(both.server, "due", None)
    pairs = [
        (_("Last contact"), ui.ago(picture.last_contact if picture else None, now)),
        (_("Last success"), ui.ago(picture.last_success if picture else None, now)),
    ]
    if both.server.way_in == Server.WayIn.PULL:
        at = due.at if due else None
        pairs.append((_("Next automatic sync"), ui.about(at) if at and at > now else ui.moment(at)))
    return pairs


def _own_license(server: Server, now: datetime) -> dict[str, Any]:
    """What the server says of the license installed on it; `ends` where it told."""
    if server.license_read_at is None:
        return {}
    left = server.license_days_left
    ends = server.license_read_at + timedelta(days=left) if left is not None else None
    return {"ends": ends, "over": ends is not None and ends < now}
