"""Searches of consumed licenses under a name: save one, open, rename or delete it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Role
from licensing.models import SavedView
from licensing.usecases import saved_views as deeds

from .frame import subtabs

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@reader
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """List one's own views and the shared ones; `?query=` of the list's address is what can be saved."""
    if request.method == "POST":
        return _answer(request)
    enterprise = request.place.enterprise
    views = deeds.visible(enterprise, request.user)
    query = deeds.kept(request.GET.urlencode())
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request, under="consumed"),
        "views": [(view, url(request, view), _may(request, view)) for view in views],
        "query": query,
        "typed": request.GET.get("q", ""),
        "may_save": request.place.role != Role.AUDITOR,
    }
    return render(request, "licensing/saved_views.html", context)


def url(request: PlacedRequest, view: SavedView) -> str:
    """Return the address of what it finds."""
    return f"{reverse('consumed', kwargs={'slug': request.place.enterprise.slug})}?{view.query}"


def _may(request: PlacedRequest, view: SavedView) -> bool:
    """One's own anybody changes who may change anything; shared ones are the owners'."""
    if view.user_id is None:
        return request.place.is_owner
    return request.place.role != Role.AUDITOR


def _answer(request: PlacedRequest) -> HttpResponseBase:
    try:
        if request.POST.get("deed") == "save":
            _save(request)
        else:
            _change(request)
    except deeds.Refused:
        messages.error(request, _("Not saved: it needs a search, and a name that no other view has."))
    return redirect("saved_views", slug=request.place.enterprise.slug)


def _save(request: PlacedRequest) -> None:
    shared = request.place.is_owner and "shared" in request.POST
    name, query = request.POST.get("name", ""), request.POST.get("query", "")
    deeds.save(enterprise=request.place.enterprise, name=name, query=query, shared=shared, by=request.user)
    messages.success(request, _("Saved. It is in the menu “Saved views” of the list."))


def _change(request: PlacedRequest) -> None:
    number = request.POST.get("saved", "")
    mine = deeds.visible(request.place.enterprise, request.user)
    view = mine.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    if view is None or not _may(request, view):
        raise Http404
    if request.POST.get("deed") == "delete":
        deeds.delete(view=view, by=request.user)
        messages.success(request, _("Deleted."))
    else:
        deeds.rename(view=view, name=request.POST.get("name", ""), by=request.user)
        messages.success(request, _("Renamed."))
