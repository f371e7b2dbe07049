"""A proxy in front that has signed somebody in and names them in a header; believed from listed addresses alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse

from ghconnect.models import User
from ghconnect.usecases import sign_in

from . import devices, sessions
from .second_factor import ELSEWHERE

WAY = "trusted proxy"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class TrustedProxyMiddleware:
    """Signs in whom the proxy names, and out whom it names no more. Off unless an operator names the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.GHCONNECT_TRUSTED_HEADER:
            _follow(request)
        return self.get_response(request)


def _follow(request: HttpRequest) -> None:
    """Make the session that of the person the proxy names."""
    user = _named(request)
    if ELSEWHERE in request.session and (user is None or request.session[ELSEWHERE] != user.pk):
        logout(request)
    if user is not None and request.user != user:
        login(request, user, backend=BACKEND)
        request.session[ELSEWHERE] = user.pk
        sessions.track(request)
        sign_in.signed_in(user=user, way=WAY)


def _named(request: HttpRequest) -> User | None:
    """Return the active person in the header, None from any other address than the proxy's; refusals are noted."""
    told = request.META.get(settings.GHCONNECT_TRUSTED_HEADER, "").strip().lower()
    if not told:
        return None
    believed = _from_proxy(request.META.get("REMOTE_ADDR", ""))
    user = devices.named(told) if believed else None
    if user is not None and user.is_active:
        return user
    # Of many in an hour a few are noted; who was named from elsewhere is not believed, so not said either.
    reason = "not_the_proxy" if not believed else "suspended" if user else "unknown"
    sign_in.failed(user=user, way=WAY, reason=reason)
    return None


def _from_proxy(address: str) -> bool:
    """Whether the peer of the connection, not what it says of others, is a listed proxy."""
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A listener on [::] sees IPv4 peers so.
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in network for network in settings.GHCONNECT_TRUSTED_PROXIES)
