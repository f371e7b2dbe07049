"""Visual Studio subscriptions as GitHub has them, and where an owner changes how they are matched (reference §4.4)."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, reader
from licensing import cloud_told
from licensing.models import LicenseRow

from .frame import subtabs


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """List subscribers with whoever GitHub matched; nothing is changed here."""
    enterprise = request.place.enterprise
    found = paging.of(request, cloud_told.subscriptions(enterprise), "value", "id")
    rows = LicenseRow.objects.filter(
        enterprise=enterprise, row_key__in=[fact.login_key for fact in found.rows if fact.login_key]
    )
    by_login = {row.row_key.lower(): row for row in rows}
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request, under="consumed"),
        "page": found,
        "lines": [(fact, cloud_told.note(fact), by_login.get(fact.login_key)) for fact in found.rows],
        "source": cloud_told.source(enterprise, "visual_studio"),
    }
    return render(request, "licensing/visual_studio.html", context)
