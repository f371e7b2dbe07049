"""Enterprise licensing: the bridge, what is purchased, and what GitHub says of each server."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from licensing import billing, bridge, counted_twice, instances, trends
from licensing.models import CloudPicture

from .frame import subtabs
from .trends import licenses


@reader
@require_safe
def licensing(request: PlacedRequest) -> HttpResponseBase:
    """Show the summary; of a past day its history."""
    enterprise = request.place.enterprise
    if day := request.GET.get("as_of"):
        return redirect(f"{reverse('history', kwargs={'slug': enterprise.slug})}?{urlencode({'as_of': day})}")
    numbers = bridge.of(enterprise)
    metered = enterprise.contract == Enterprise.Contract.METERED
    return render(
        request,
        "licensing/summary.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request),
            "bridge": numbers,
            "metered": metered,
            "avoidable": counted_twice.summary(enterprise),
            "billable": billing.billable(enterprise) if metered else None,
            "instances": instances.of(enterprise),
            "picture": licenses(enterprise, trends.span(enterprise, trends.USUAL)),
            "cloud": CloudPicture.objects.filter(enterprise=enterprise).first(),
        },
    )
