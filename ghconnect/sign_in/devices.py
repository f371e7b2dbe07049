"""Browsers an account has signed in from, so that a stranger's wrong tries do not lock its owner out.

Whoever guesses has no such cookie: their tries count against the account for all unknown browsers together, while each
known browser has a count of its own (OWASP, "device cookies"). A new browser meanwhile has passkeys, the identity
provider, or a new password by mail.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from ghconnect.models import User

SALT = "ghconnect.known-browser"
AGE = 365 * 24 * 3600
MOST = 10  # accounts of one browser


def named(typed: str) -> User | None:
    """Return whom a typed name or email means."""
    return (
        User.objects.filter(Q(email=typed) | Q(login=typed)).first() if typed and "\0" not in typed else None
    )


def known_by(request: HttpRequest, user: User) -> str:
    """Return the browser's id if the account knows it, else ""."""
    return _read(request).get(str(user.pk), "")


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Give the browser a cookie by which this account knows it again."""
    known = {**_read(request)}
    known.setdefault(str(user.pk), secrets.token_urlsafe(9))
    kept = dict(list(known.items())[-MOST:])
    response.set_cookie(
        _cookie(),
        signing.dumps(kept, salt=SALT),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie() -> str:
    return f"{str(settings.SESSION_COOKIE_NAME).removesuffix('_session')}_browser"


def _read(request: HttpRequest) -> dict[str, str]:
    try:
        kept = signing.loads(request.COOKIES.get(_cookie(), ""), salt=SALT, max_age=AGE)
    except signing.BadSignature:
        return {}
    return kept if isinstance(kept, dict) else {}
