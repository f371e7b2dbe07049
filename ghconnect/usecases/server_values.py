"""What a server's row may hold, and what a token and its checks leave in it."""

from __future__ import annotations

from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from ghconnect.github import tokens, transport
from ghconnect.models import Server
from ghconnect.seal import seal

from . import checks

TOKEN_GONE: dict[str, Any] = {
    "token": "",
    "token_login": "",
    "token_kind": "",
    "token_scopes": None,
    "token_replaced_at": None,
}


class BadValue(Exception):
    """A value Server settings cannot hold; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def of_token(token: str, found: checks.Examined) -> dict[str, Any]:
    """What a token leaves in the row, sealed; no token empties it."""
    if not token:
        return TOKEN_GONE
    facts = found.token
    return {
        "token": seal(token),
        "token_login": facts.login if facts else "",
        "token_kind": tokens.kind(token),
        "token_scopes": list(facts.scopes) if facts and facts.scopes is not None else None,
        "token_replaced_at": timezone.now(),
    }


def token_facts(row: Server) -> dict[str, Any]:
    """What an event may say of a server's token."""
    return {
        "token": row.token_kind if row.token else "none",
        "token_login": row.token_login,
        "token_scopes": row.token_scopes or [],
    }


def of_checks(found: checks.Examined) -> dict[str, Any]:
    """What a check leaves in the row; facts it did not learn keep their last value."""
    now = timezone.now()
    columns: dict[str, Any] = {
        "checks": checks.stored(found.checks),
        "checked_at": now if found.checks else None,
    }
    if found.meta:
        columns["version"] = found.meta.installed_version[:32]
    if found.license:
        columns |= {
            "license_seats": found.license.seats,
            "license_unlimited": found.license.seats is None,
            "license_seats_used": found.license.seats_used,
            "license_days_left": found.license.days_until_expiration,
            "license_read_at": now,
        }
    return columns


def valid(**values: object) -> None:
    """Raise BadValue for the first value that cannot be."""
    tests = {
        "way_in": lambda value: value in Server.WayIn.values,
        "managed_by": lambda value: value in Server.ManagedBy.values,
        "quiet_from": _is_hour,
        "quiet_to": _is_hour,
        "ca_bundle": _is_bundle,
        "web_url": _is_web_url,
    }
    for name, value in values.items():
        if name not in tests or not tests[name](value):
            raise BadValue(name)


def _is_hour(value: object) -> bool:
    """None, or a time of day in the enterprise's own zone."""
    return value is None or (isinstance(value, time) and value.tzinfo is None)


def _is_bundle(value: object) -> bool:
    if value == "":
        return True
    try:
        transport.trust(str(value))
    except (OSError, ValueError):
        return False
    return "PRIVATE KEY" not in str(value)


def _is_web_url(value: object) -> bool:
    try:
        parts = urlsplit(str(value))
    except ValueError:
        return False
    return value == "" or (
        parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    )
