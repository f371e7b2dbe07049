"""Where somebody is signed in: noted now and then, since a row for every page would be a write for every page."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

log = logging.getLogger(__name__)
EVERY = 600  # seconds
TRACKED = "ghconnect_listed"


class ActivityMiddleware:
    """Keeps "last seen" of a session within ten minutes of the truth."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        try:
            _seen(request)
        except DatabaseError:
            log.warning("the session's last activity was not noted: the database is busy")
        return response


def _seen(request: HttpRequest) -> None:
    key = request.session.session_key
    if not key or TRACKED not in request.session or not request.user.is_authenticated:
        return
    if not cache.add(f"seen:{hashlib.sha256(key.encode()).hexdigest()}", 1, EVERY):
        return
    facts = {"last_seen_at": timezone.now(), "ip": get_adapter(request).get_client_ip(request)}
    UserSession.objects.filter(session_key=key).update(**facts)


def track(request: HttpRequest) -> None:
    """List this session, which somebody has just begun."""
    request.session[TRACKED] = True
    UserSession.objects.create_from_request(request)
