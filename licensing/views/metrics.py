"""How the console does, for Prometheus and its like; closed to strangers."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghconnect.access import public
from ghconnect.middleware import client_address
from licensing import metrics


@public
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Return the metrics to whoever brings the token or calls from an allowed network; nobody else finds them."""
    if not (_has_token(request) or _is_near(request)):
        raise Http404
    return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _has_token(request: HttpRequest) -> bool:
    token = settings.GHCONNECT_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def _is_near(request: HttpRequest) -> bool:
    """Whether the caller itself is in an allowed network: a proxy nobody told us about makes everybody near."""
    if "X-Forwarded-For" in request.headers and not settings.SECURE_PROXY_SSL_HEADER:
        return False
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in network for network in settings.GHCONNECT_METRICS_NETWORKS)
