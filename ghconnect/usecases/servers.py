"""Servers of an enterprise: add, check, change, and remove one."""

from __future__ import annotations

from datetime import time
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone

from ghconnect import features
from ghconnect.github import tokens, transport
from ghconnect.models import Connection, Enterprise, Server, ServerName, User
from ghconnect.records import Check
from ghconnect.seal import SealBroken, seal, unseal

from . import audit, checks, connect, hosts
from .connect import locked
from .hosts import BadHost

__all__ = [
    "AlreadyAdded",
    "BadHost",
    "BadToken",
    "BadValue",
    "TokenRefused",
    "add",
    "change",
    "check",
    "delete_token",
    "remove",
    "rename",
    "replace_token",
]
CHANGEABLE = {"ca_bundle", "way_in", "quiet_from", "quiet_to", "managed_by", "web_url"}
TOKEN_GONE: dict[str, Any] = {
    "token": "",
    "token_login": "",
    "token_kind": "",
    "token_scopes": None,
    "token_replaced_at": None,
}


class AlreadyAdded(Exception):
    """This enterprise has a server of that host here."""


class BadToken(Exception):
    """Not a token at all."""


class BadValue(Exception):
    """A value Server settings cannot hold; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TokenRefused(Exception):
    """The server refused the new token; the old one stays. `checks` say why."""

    def __init__(self, found: list[Check]) -> None:
        super().__init__("the token was refused")
        self.checks = found


def add(
    *,
    enterprise: Enterprise,
    host: str,
    way_in: str,
    token: str | None = None,
    ca_bundle: str = "",
    web_url: str = "",
    by: User | None,
) -> Server:
    """Add a server; a pulled one is checked first, and what the checks say is kept with it, good or bad.

    Raises AlreadyAdded, BadHost, BadToken, BadValue.
    """
    host, token = hosts.of_server(host), (token or "").strip()
    _valid(way_in=way_in, ca_bundle=ca_bundle, web_url=web_url)
    if token and not tokens.usable(token):
        raise BadToken
    if Server.objects.filter(enterprise=enterprise, host=host).exists():
        raise AlreadyAdded
    pulled = way_in == Server.WayIn.PULL
    found = checks.examine_server(host, token, ca_bundle) if pulled else checks.Examined([])
    values = {"host": host, "way_in": way_in, "ca_bundle": ca_bundle, "web_url": web_url}
    return _insert(enterprise, by, found, token, **values)


@transaction.atomic
def _insert(
    enterprise: Enterprise, by: User | None, found: checks.Examined, token: str, **values: Any
) -> Server:
    try:
        with transaction.atomic():
            server = Server.objects.create(
                enterprise=enterprise,
                created_by=by,
                **values,
                **_token_columns(token, found),
                **_checked_columns(found),
            )
    except IntegrityError:
        raise AlreadyAdded from None
    ServerName.objects.create(server=server, host=server.host)
    audit.record("server.add", by=by, enterprise=enterprise, subject=server.host, way_in=server.way_in)
    return server


def check(*, server: Server, by: User | None) -> Server:
    """Check the server as it is set up and keep the answers; one that answers again is no longer broken."""
    try:
        token = unseal(server.token)
    except SealBroken as error:
        found = checks.Examined([Check("kind", False, error.key, {"host": server.host})])
    else:
        found = checks.examine_server(server.host, token, server.ca_bundle)
    with transaction.atomic():
        row = locked(server)
        _write(row, **_checked_columns(found))
        audit.record("server.check", by=by, enterprise=row.enterprise, subject=row.host)
        if (
            found.passed("users_report")
            and Connection.objects.filter(server=row).exclude(broken_at=None).exists()
        ):
            _mended(row, by)
    return row


def replace_token(*, server: Server, token: str, by: User | None) -> Server:
    """Check a token and seal it in place of the old one; a broken connection is whole and syncs at once.

    A token the server refuses never replaces one that may work; while nobody answers it is taken on trust.
    Raises BadToken, TokenRefused.
    """
    token = token.strip()
    if not tokens.usable(token):
        raise BadToken
    found = checks.examine_server(server.host, token, server.ca_bundle)
    if found.failed("kind", "identity", "role", "users_report"):
        raise TokenRefused(found.checks)
    with transaction.atomic():
        row = locked(server)
        _write(row, **_token_columns(token, found), **_checked_columns(found))
        audit.record("server.token_replace", by=by, enterprise=row.enterprise, subject=row.host)
        _mended(row, by)
    return row


@transaction.atomic
def delete_token(*, server: Server, by: User) -> Server:
    """Delete the server's token here; at the server it stays valid until it is revoked there."""
    row = locked(server)
    _write(row, **TOKEN_GONE)
    audit.record("server.token_delete", by=by, enterprise=row.enterprise, subject=row.host)
    return row


@transaction.atomic
def change(*, server: Server, by: User, **values: object) -> Server:
    """Change CA bundle, way in, quiet hours, how accounts are managed, or web address; raises BadValue."""
    _valid(**values)
    row = locked(server)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if ("quiet_from" in values or "quiet_to" in values) and (
        (values.get("quiet_from", row.quiet_from) is None) != (values.get("quiet_to", row.quiet_to) is None)
    ):
        raise BadValue("quiet_to")
    if changed:
        _write(row, **changed)
        fields = sorted(changed)
        audit.record("server.change", by=by, enterprise=row.enterprise, subject=row.host, fields=fields)
    return row


@transaction.atomic
def rename(*, server: Server, host: str, by: User) -> Server:
    """Give the server its new host name; the old one stays known. Raises AlreadyAdded, BadHost."""
    new, row, now = hosts.of_server(host), locked(server), timezone.now()
    if new == row.host:
        return row
    if Server.objects.filter(enterprise=row.enterprise, host=new).exists():
        raise AlreadyAdded
    old = row.host
    row.names.filter(host=old, to_at=None).update(to_at=now)
    ServerName.objects.create(server=row, host=new, from_at=now)
    _write(row, host=new, checks=[], checked_at=None)
    audit.record("server.rename", by=by, enterprise=row.enterprise, subject=new, old=old)
    return row


@transaction.atomic
def remove(*, server: Server, by: User) -> None:
    """Remove the server and everything of it here; GitHub goes on counting its users."""
    row = locked(server)
    features.server_removed(server=row, by=by)
    connection = Connection.objects.filter(server=row).first()
    if connection is not None:
        connection.features.all().delete()
        connection.delete()
    enterprise, host = row.enterprise, row.host
    row.delete()
    audit.record("server.remove", by=by, enterprise=enterprise, subject=host)


def _mended(row: Server, by: User | None) -> None:
    """Clear a broken connection, and let every feature go on at once."""
    connect.mark_mended(server=row)
    features.token_replaced(server=row, by=by)


def _token_columns(token: str, found: checks.Examined) -> dict[str, Any]:
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


def _checked_columns(found: checks.Examined) -> dict[str, Any]:
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


def _valid(**values: object) -> None:
    """Raise BadValue for the first value that cannot be."""
    tests = {
        "way_in": lambda value: value in Server.WayIn.values,
        "managed_by": lambda value: value in Server.ManagedBy.values,
        "quiet_from": lambda value: value is None or isinstance(value, time),
        "quiet_to": lambda value: value is None or isinstance(value, time),
        "ca_bundle": _is_bundle,
        "web_url": _is_web_url,
    }
    for name, value in values.items():
        if name not in tests or not tests[name](value):
            raise BadValue(name)


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


def _write(row: Server, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
