"""What every page knows of where it is and who looks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from . import clock, tabs
from .models import Enterprise, Role

# The switchers list so many; the pages behind them list all.
SWITCHER_LIMIT = 50


def place(request: HttpRequest) -> dict[str, Any]:
    """Return enterprise, server, role and tabs of `request.place`, and what the switchers offer.

    Pages without a place (sign-in, errors) get None and empty lists. Nothing is queried until shown.
    """
    where = getattr(request, "place", None)
    user = getattr(request, "user", None)
    mine = Enterprise.objects.of(user) if user and user.is_authenticated else Enterprise.objects.none()
    enterprise = where.enterprise if where else None
    return {
        "enterprise": enterprise,
        "server": where.server if where else None,
        "role": where.role if where else "",
        "is_owner": bool(where and where.is_owner),
        "sees_all": bool(where and where.sees_all),
        "role_label": Role(where.role).label if where else "",
        "passwords": settings.GHCONNECT_LOCAL_PASSWORDS,
        "tabs": tabs.bar(where, request.path) if where else [],
        "my_enterprises": mine[:SWITCHER_LIMIT],
        "servers": enterprise.servers.order_by("host")[:SWITCHER_LIMIT] if enterprise else [],
        "now": clock.now(enterprise),
        "syncs_paused": settings.GHCONNECT_PAUSE_SYNCS,
        "sandbox_url": settings.GHCONNECT_SANDBOX_URL,
    }
