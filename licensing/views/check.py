"""Check an address: would it cost a license? One, or a pasted list."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest, only_asks, reader
from ghconnect.models import Enterprise
from licensing import address_list
from licensing.forms.check import CheckForm
from licensing.models import CloudPicture

from .frame import subtabs


@reader
@require_http_methods(["GET", "HEAD", "POST"])
@only_asks
def page(request: PlacedRequest) -> HttpResponseBase:
    """Answer for each address; nothing is kept or changed."""
    enterprise = request.place.enterprise
    form = CheckForm(request.POST if request.method == "POST" else None)
    found = address_list.answers(enterprise, form.found()) if form.is_bound and form.is_valid() else []
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "form": form,
        "answers": found,
        "new": sum(answer.licenses for answer in found),
        "metered": enterprise.contract == Enterprise.Contract.METERED,
        "managed": CloudPicture.managed(enterprise),
    }
    return render(request, "licensing/check.html", context, status=400 if form.errors else 200)
