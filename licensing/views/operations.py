"""How the install does, for its operator."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghconnect.access import operator
from licensing import operations


@operator
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show processes, what waits, and which servers fail since when; no people and no numbers of licenses."""
    context = {
        "parts": operations.parts(),
        "waiting": operations.waiting(),
        "streaks": operations.streaks(),
    }
    return render(request, "licensing/operations.html", context)
