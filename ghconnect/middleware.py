"""What every request passes: an id, headers that limit the page, the viewer's language and zone."""

from __future__ import annotations

import re
import uuid
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from . import away
from .request_facts import request_facts

GetResponse = Callable[[HttpRequest], HttpResponse]

# No inline script or style anywhere, nothing from another host. Django's SecurityMiddleware adds the opener
# and referrer policies, nosniff and HSTS.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages hold people's addresses: no shared cache and no disk keeps them. Static files bring their own.
    "Cache-Control": "private, no-store",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
}
HEALTH = ("/health/live", "/health/ready", "/healthz", "/readyz", "/metrics")
REQUEST_ID = re.compile(r"[\w.:-]{8,64}", re.ASCII)
ADDRESS = re.compile(r"[\w.:%\[\]-]{2,64}", re.ASCII)


def client_address(request: HttpRequest) -> str:
    """Return who calls: behind a proxy the last address it was told, since a client can write all others itself."""
    sent = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    address = sent.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    return address if ADDRESS.fullmatch(address) else ""


class RequestIdMiddleware:
    """Gives each request an id, a proxy's own if it sent one; audit events and the response carry it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_facts.set((request_id, client_address(request)))
        try:
            response = self.get_response(request)
        finally:
            request_facts.reset(token)
        response.headers["X-Request-Id"] = request_id
        return response


class SecurityHeadersMiddleware:
    """Adds the headers above; a view may set its own narrower value."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class MaintenanceMiddleware:
    """Answers 503 while an operator works on the console (`GHCONNECT_MAINTENANCE`); health is still told."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.GHCONNECT_MAINTENANCE or request.path_info in HEALTH:
            return self.get_response(request)
        return unavailable(request, maintenance=True)


def unavailable(request: HttpRequest, *, maintenance: bool) -> HttpResponse:
    """Say that the console is away for a while: on purpose, or since its database does not answer."""
    if away.for_programs(request):
        words = _("This console is being maintained"), _("This console cannot reach its database")
        return away.answer(request, 503, words[not maintenance], {"Retry-After": "120"})
    body = render_to_string("503.html", {"maintenance": maintenance})
    return HttpResponse(body, status=503, headers={"Retry-After": "120"})


class ViewerMiddleware:
    """Shows pages in the language and zone of whoever is signed in; the browser's language decides else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language() or user.language
        with timezone.override(_zone(user.time_zone if user.is_authenticated else "")):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return a zone by name; None, the default zone, for "" and for one this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
