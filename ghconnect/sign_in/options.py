"""Reads the settings of sign-in and of the audit log; imports nothing of ours, since settings.py calls it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


def saml(entity_id: str, sso_url: str, certificate: str, name: str) -> dict[str, Any]:
    """The SAML identity provider; nothing without an entity ID. `certificate` is a path of a PEM file.

    Assertions must be signed, answer a request of ours and have a NameID; weak algorithms are refused.
    """
    if not entity_id:
        return {}
    if find_spec("onelogin") is None:
        raise ImproperlyConfigured(
            "GHCONNECT_SAML_ENTITY_ID is set: install the extra with "
            "pip install --require-hashes -r requirements-saml.txt"
        )
    if not sso_url or not certificate:
        raise ImproperlyConfigured(
            "GHCONNECT_SAML_ENTITY_ID is set: set GHCONNECT_SAML_SSO_URL and GHCONNECT_SAML_CERTIFICATE too."
        )
    try:
        pem = Path(certificate).read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"GHCONNECT_SAML_CERTIFICATE: {certificate} cannot be read ({error})."
        ) from error
    strict = {
        "strict": True,
        "want_assertion_signed": True,
        "want_name_id": True,
        "reject_idp_initiated_sso": True,
        "reject_deprecated_algorithm": True,
    }
    app = {
        "client_id": "sso",
        "name": name,
        # What the company's own provider says of an address is taken for verified.
        "settings": {
            "idp": {"entity_id": entity_id, "sso_url": sso_url, "x509cert": pem},
            "advanced": strict,
            "verified_email": True,
        },
    }
    return {"saml": {"APPS": [app]}}


def check_ways(*, passwords: bool, others: bool) -> None:
    """Refuse a console into which nobody can sign in."""
    if not passwords and not others:
        raise ImproperlyConfigured(
            "GHCONNECT_LOCAL_PASSWORDS is off and no other way to sign in is set. Set GHCONNECT_OIDC_ISSUER, "
            "GHCONNECT_GITHUB_CLIENT_ID, GHCONNECT_SAML_ENTITY_ID or GHCONNECT_TRUSTED_HEADER, or leave "
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


STREAMS = ("file", "syslog", "syslog+tcp", "syslog+tls", "https", "http")


def check_stream(url: str) -> None:
    """Refuse a collector that is none, or to which events and a token would travel unencrypted."""
    parts = urlsplit(url)
    if url and (parts.scheme not in STREAMS or not (parts.hostname or parts.scheme == "file")):
        raise ImproperlyConfigured(
            "GHCONNECT_AUDIT_STREAM: write file:///path, syslog://host:514, syslog+tcp://host:601, "
            "syslog+tls://host:6514 or https://host/path."
        )
    if parts.scheme == "http" and not _here(parts.hostname or ""):
        raise ImproperlyConfigured(
            "GHCONNECT_AUDIT_STREAM: without TLS events stay on this machine (http://127.0.0.1:8080/path). "
            "Write https://host/path."
        )


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
