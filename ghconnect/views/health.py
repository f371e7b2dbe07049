"""For load balancers and supervisors: is the process alive, and can it serve."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghconnect import readiness
from ghconnect.access import public


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when database, migrations and broker are as they must be, else 503; says which, never why.

    Worker and dispatcher are told, and count too where `?all=1` asks: for whoever watches, not for a load balancer.
    """
    found = {name: test() for name, test in readiness.TESTS.items()}
    beside = {name: found["broker"] and test() for name, test in readiness.BESIDES.items()}
    words = {name: "ok" if ok else "failed" for name, ok in (found | beside).items()}
    if settings.GHCONNECT_PAUSE_SYNCS:
        words["syncs"] = "paused"
    good = all(found.values()) and ("all" not in request.GET or all(beside.values()))
    return JsonResponse(words, status=200 if good else 503)
