"""Reads the settings of sign-in; imports nothing of ours, since settings.py calls it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

ROLES = ("owner", "billing_manager", "auditor")
MAPPED = re.compile(r"(?P<slug>[\w-]+):(?P<role>\w+)=(?P<group>.+)")
# (enterprise slug, role, group)
Mapped = tuple[str, str, str]


def parse_roles(items: list[str]) -> tuple[Mapped, ...]:
    """Read `SLUG:ROLE=GROUP` entries: who is in the group has the role in the enterprise."""
    found = []
    for item in items:
        match = MAPPED.fullmatch(item.strip())
        if match is None or match["role"] not in ROLES:
            raise ImproperlyConfigured(
                f"GHCONNECT_GROUP_ROLES: {item!r} is not SLUG:ROLE=GROUP with one of the roles "
                f"{', '.join(ROLES)}; for instance octo-corp:owner=ghconnect-owners."
            )
        found.append((match["slug"], match["role"], match["group"].strip()))
    return tuple(found)


def oidc(values: Mapping[str, str]) -> dict[str, Any]:
    """The OpenID Connect provider as allauth wants it; nothing without an issuer."""
    if not values["issuer"]:
        return {}
    missing = [name for name in ("client_id", "secret") if not values[name]]
    if missing:
        raise ImproperlyConfigured(
            "GHCONNECT_OIDC_ISSUER is set: set GHCONNECT_OIDC_CLIENT_ID and GHCONNECT_OIDC_CLIENT_SECRET too."
        )
    scope = ["openid", "profile", "email", *values["scope"].split()]
    app = {
        "provider_id": "sso",
        "name": values["name"],
        "client_id": values["client_id"],
        "secret": values["secret"],
        "settings": {"server_url": values["issuer"].rstrip("/"), "scope": scope, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True, "SCOPE": scope}}


def github(client_id: str, secret: str) -> dict[str, Any]:
    """Sign in with GitHub (an OAuth app of GitHub.com, SUBDOMAIN.ghe.com or a GHES host); nothing without an app."""
    if not client_id:
        return {}
    if not secret:
        raise ImproperlyConfigured(
            "GHCONNECT_GITHUB_CLIENT_ID is set: set GHCONNECT_GITHUB_CLIENT_SECRET too."
        )
    app = {"client_id": client_id, "secret": secret, "key": ""}
    return {"github": {"APPS": [app], "SCOPE": ["read:user", "user:email", "read:enterprise"]}}


def check_ways(*, passwords: bool, others: bool) -> None:
    """Refuse a console into which nobody can sign in."""
    if not passwords and not others:
        raise ImproperlyConfigured(
            "GHCONNECT_LOCAL_PASSWORDS is off and no other way to sign in is set. Set GHCONNECT_OIDC_ISSUER, "
            "GHCONNECT_GITHUB_CLIENT_ID, GHCONNECT_SAML_METADATA_URL or GHCONNECT_TRUSTED_HEADER, or leave "
            "passwords on."
        )


def check_header(header: str, proxies: object) -> str:
    """Refuse a trusted header that anybody could send; returns the key under which WSGI has it."""
    if header and not proxies:
        raise ImproperlyConfigured(
            "GHCONNECT_TRUSTED_HEADER is set, but no proxy is trusted: list the proxy's addresses in "
            "GHCONNECT_TRUSTED_PROXIES, for instance 10.0.0.5/32."
        )
    return "HTTP_" + header.upper().replace("-", "_") if header else ""
