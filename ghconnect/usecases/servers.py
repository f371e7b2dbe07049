"""Servers of an enterprise: add, check, change, and remove one."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ghconnect import clock, features
from ghconnect.github import tokens
from ghconnect.models import Connection, Enterprise, Server, ServerName, User
from ghconnect.records import Check
from ghconnect.seal import SealBroken, unseal

from . import audit, checks, connect, hosts, server_values
from .connect import locked
from .hosts import BadHost
from .server_values import BadValue

__all__ = [
    "AlreadyAdded",
    "BadHost",
    "BadToken",
    "BadValue",
    "TokenRefused",
    "add",
    "ask_to_remove",
    "change",
    "check",
    "delete_token",
    "remove",
    "rename",
    "replace_token",
    "valid_new",
]


class AlreadyAdded(Exception):
    """This enterprise has a server of that host here."""


class BadToken(Exception):
    """Not a token at all."""


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
    valid_new(
        enterprise=enterprise, host=host, token=token, way_in=way_in, ca_bundle=ca_bundle, web_url=web_url
    )
    pulled = way_in == Server.WayIn.PULL
    found = checks.examine_server(host, token, ca_bundle) if pulled else checks.Examined([])
    values = {"host": host, "way_in": way_in, "ca_bundle": ca_bundle, "web_url": web_url}
    return _insert(enterprise, by, found, token, **values)


def valid_new(*, enterprise: Enterprise, host: str, token: str, **values: object) -> None:
    """Raise what `add` would raise before it calls anybody; `host` is a whole host name."""
    server_values.valid(**values)
    if token and not tokens.usable(token):
        raise BadToken
    if Server.objects.filter(enterprise=enterprise, host=host).exists():
        raise AlreadyAdded


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
                **server_values.of_token(token, found),
                **server_values.of_checks(found),
            )
    except IntegrityError:
        raise AlreadyAdded from None
    ServerName.objects.create(server=server, host=server.host)
    after = {"host": server.host, "way_in": server.way_in, **server_values.token_facts(server)}
    audit.record("server.add", by=by, enterprise=enterprise, subject=server.host, after=after)
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
        _write(row, **server_values.of_checks(found))
        told = checks.outcome(found.checks)
        audit.record("server.check", by=by, enterprise=row.enterprise, subject=row.host, checks=told)
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
        before = server_values.token_facts(row)
        _write(row, **server_values.of_token(token, found), **server_values.of_checks(found))
        _token("replace", row, before, by)
        _mended(row, by)
    return row


@transaction.atomic
def delete_token(*, server: Server, by: User | None) -> Server:
    """Delete the server's token here; at the server it stays valid until it is revoked there."""
    row = locked(server)
    before = server_values.token_facts(row)
    _write(row, **server_values.TOKEN_GONE)
    _token("delete", row, before, by)
    return row


def _token(verb: str, row: Server, before: dict[str, Any], by: User | None) -> None:
    """Note what is known of a token that came or went; never the token."""
    told = {"before": before, "after": server_values.token_facts(row)}
    audit.record(f"server.token_{verb}", by=by, enterprise=row.enterprise, subject=row.host, **told)


@transaction.atomic
def change(*, server: Server, by: User | None, **values: object) -> Server:
    """Change CA bundle, way in, quiet hours, how accounts are managed, or web address; raises BadValue."""
    server_values.valid(**values)
    row = locked(server)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if ("quiet_from" in values or "quiet_to" in values) and (
        (values.get("quiet_from", row.quiet_from) is None) != (values.get("quiet_to", row.quiet_to) is None)
    ):
        raise BadValue("quiet_to")
    if changed:
        told = audit.differing(row, changed)
        _write(row, **changed)
        audit.record("server.change", by=by, enterprise=row.enterprise, subject=row.host, **told)
    return row


@transaction.atomic
def rename(*, server: Server, host: str, by: User | None) -> Server:
    """Give the server its new host name; the old one stays known. Raises AlreadyAdded, BadHost.

    Its token is deleted: it was given for the old name, and must not be sent wherever an owner points the new one.
    """
    new, row = hosts.of_server(host), locked(server)
    now = clock.now(row.enterprise)
    if new == row.host:
        return row
    if Server.objects.filter(enterprise=row.enterprise, host=new).exists():
        raise AlreadyAdded
    old, token = row.host, server_values.token_facts(row)
    row.names.filter(host=old, to_at=None).update(to_at=now)
    ServerName.objects.create(server=row, host=new, from_at=now)
    _write(row, host=new, checks=[], checked_at=None, **server_values.TOKEN_GONE)
    told = {"before": {"host": old, **token}, "after": {"host": new, **server_values.token_facts(row)}}
    audit.record("server.rename", by=by, enterprise=row.enterprise, subject=new, **told)
    return row


@transaction.atomic
def ask_to_remove(*, server: Server, by: User | None) -> Server:
    """Disconnect the server at once and let it be removed: whoever counts its accounts does that, and it goes.

    Asking again lets them try again.
    """
    row = locked(server)
    if row.leaving_at is not None:
        features.server_leaving(server=row, by=by)
        return row
    if Connection.objects.filter(server=row).exists():
        connect.disable(server=row, by=by)
    _write(row, leaving_at=timezone.now())
    audit.record("server.ask_to_remove", by=by, enterprise=row.enterprise, subject=row.host)
    features.server_leaving(server=row, by=by)
    return row


@transaction.atomic
def remove(*, server: Server, by: User | None) -> None:
    """Remove the server and everything of it here; GitHub goes on counting its users."""
    # What follows counts the enterprise again under its lock, which is taken before a server's everywhere.
    Enterprise.objects.select_for_update(no_key=True).get(pk=server.enterprise_id)
    row = locked(server)
    features.server_removed(server=row, by=by)
    connection = Connection.objects.filter(server=row).first()
    if connection is not None:
        connection.features.all().delete()
        connection.delete()
    enterprise, host = row.enterprise, row.host
    before = {"host": host, "way_in": row.way_in, "connected": connection is not None}
    row.delete()
    audit.record("server.remove", by=by, enterprise=enterprise, subject=host, before=before)


def _mended(row: Server, by: User | None) -> None:
    """Clear a broken connection, and let every feature go on at once."""
    connect.mark_mended(server=row)
    features.token_replaced(server=row, by=by)


def _write(row: Server, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
